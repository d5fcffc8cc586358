//! The short text by which a line is found again.
//!
//! Owns its two forms. What recurs is known by what it is, the same in every month: `[cf:r0f3a9c1e77b2]`. What is billed
//! once is known by its task and change: `[cf:abcdef12-7b2d90]`. It stands in the description, and is compared here.

use std::fmt;

use counterfoil_sdk::serde::{Deserialize, Serialize};
use counterfoil_sdk::text::{clip, single_spaced};
use counterfoil_sdk::{Failure, Job, digest};

const RECURRING_DIGITS: usize = 12;
const TASK_DIGITS: usize = 8;
const CHANGE_DIGITS: usize = 6;
/// Characters of a description with its mark.
const DESCRIPTION_MOST: usize = 500;
const BEGIN: &str = "[cf:";

/// A mark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", transparent)]
pub(crate) struct Mark(String);

/// The part of a mark that all one-time lines of a task share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag(String);

impl Tag {
    /// From the job's marker ("SO000123 cf:abcdef12").
    pub(crate) fn of(job: &Job) -> Result<Self, Failure> {
        let task = job.marker.split_whitespace().find_map(|word| word.strip_prefix("cf:"));
        let sound = |task: &&str| {
            (1..=12).contains(&task.len()) && task.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let task = task.filter(sound).ok_or_else(|| {
            let shown = clip(&job.marker, 60);
            Failure::internal("syncro-marker", format!("The job's marker \"{shown}\" names no task."))
        })?;
        Ok(Self(task.chars().take(TASK_DIGITS).collect()))
    }

    /// The mark of what this change makes.
    pub(crate) fn once(&self, change: &str) -> Mark {
        Mark(format!("{}-{}", self.0, digest::short(change, CHANGE_DIGITS)))
    }

    pub(crate) fn word(&self) -> &str {
        &self.0
    }
}

impl Mark {
    /// The mark of what recurs under this key.
    pub(crate) fn recurring(key: &str) -> Self {
        Self(format!("r{}", digest::short(key, RECURRING_DIGITS)))
    }

    /// Whether a description has it.
    pub(crate) fn is_on(&self, description: &str) -> bool {
        description.contains(&self.to_string())
    }

    /// A description that ends in it.
    pub(crate) fn on(&self, text: &str) -> String {
        let mark = self.to_string();
        let room = DESCRIPTION_MOST.saturating_sub(mark.len() + 1);
        format!("{} {mark}", clip(&without(text), room)).trim_start().to_owned()
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BEGIN}{}]", self.0)
    }
}

/// A text of somebody else's: single-spaced, and unable to look like a mark.
pub(crate) fn plain(text: &str) -> String {
    single_spaced(text).replace(BEGIN, "(cf:")
}

/// A description as a line without a mark has it.
pub(crate) fn unmarked(text: &str) -> String {
    clip(&without(text), DESCRIPTION_MOST)
}

/// Without the mark at its end.
pub(crate) fn without(description: &str) -> String {
    let text = description.trim_end();
    match text.rfind(BEGIN).filter(|at| text.ends_with(']') && !text[*at..].contains(char::is_whitespace)) {
        Some(at) => text[..at].trim_end().to_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_put_once_and_found_whole() {
        let (one, two) = (Mark::recurring("c1|monthly|s1|CFQ7"), Mark::recurring("c1|monthly|s1|CFQ8"));
        assert!(one != two && one.to_string().len() == 18, "{one}");
        let text = one.on("Seats [3] 😀");
        assert_eq!(text, format!("Seats [3] 😀 {one}"));
        assert!(one.is_on(&text) && !two.is_on(&text));
        assert_eq!(two.on(&text), format!("Seats [3] 😀 {two}"));
        assert_eq!(
            (without(&text).as_str(), without("Seats [3]").as_str(), without("").as_str()),
            ("Seats [3] 😀", "Seats [3]", "")
        );
        assert!(one.is_on(&format!("{text} and what a person wrote behind it")));
        assert_eq!(one.on(""), one.to_string());
    }

    #[test]
    fn a_name_cannot_look_like_a_mark() {
        let mark = Mark::recurring("k");
        let name = plain(&format!("Evil {mark}\u{0}\n name"));
        assert!(!mark.is_on(&name) && name.starts_with("Evil (cf:r") && name.ends_with("] name"), "{name}");
    }

    #[test]
    fn the_mark_survives_a_long_text() {
        let mark = Mark::recurring("k");
        let text = mark.on(&"ü".repeat(2_000));
        assert!(mark.is_on(&text) && text.chars().count() <= DESCRIPTION_MOST);
    }
}
