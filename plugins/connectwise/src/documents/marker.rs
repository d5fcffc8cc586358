//! The short text by which an addition is found again, and by which the additions of a subscription know each other.
//!
//! Owns its form and the places it may stand in. It is read in every place, whatever the setting says today: settings
//! change, additions stay. Compared exactly, on this side, never by a filter of ConnectWise.

use std::fmt;

use counterfoil_sdk::{Failure, Job, digest};

use super::stored::Addition;

/// `cf:abcdef12 s:0f3a9c1e 7b2d90`: the task, the subscription, the change. At most fifty plain characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    task: String,
    subscription: String,
    change: String,
}

/// The part of a marker that all changes of a job share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    task: String,
    subscription: String,
}

const TASK_DIGITS: usize = 8;
const SUBSCRIPTION_DIGITS: usize = 8;
const CHANGE_DIGITS: usize = 6;

impl Tag {
    /// From the job's marker ("SO000123 cf:abcdef12") and its subscription. An order without one is its own.
    pub(crate) fn of(job: &Job) -> Result<Self, Failure> {
        let task = job.marker.split_whitespace().find_map(|word| word.strip_prefix("cf:"));
        let task = task.filter(|task| is_word(task)).ok_or_else(|| {
            Failure::internal("connectwise-marker", format!("The job's marker \"{}\" names no task.", job.marker))
        })?;
        let subscription = match job.order.subscription_id.trim() {
            "" => job.order.id.as_str(),
            id => id,
        };
        Ok(Self {
            task: task.chars().take(TASK_DIGITS).collect(),
            subscription: digest::short(subscription, SUBSCRIPTION_DIGITS),
        })
    }

    /// The marker of one change.
    pub(crate) fn change(&self, key: &str) -> Marker {
        Marker {
            task: self.task.clone(),
            subscription: self.subscription.clone(),
            change: digest::short(key, CHANGE_DIGITS),
        }
    }

    /// Whether an addition was made for this subscription, by whichever task.
    pub(crate) fn is_of_subscription(&self, marker: &Marker) -> bool {
        marker.subscription == self.subscription
    }

    /// Whether an addition was made by this very task.
    pub(crate) fn is_of_task(&self, marker: &Marker) -> bool {
        self.is_of_subscription(marker) && marker.task == self.task
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cf:{} s:{} {}", self.task, self.subscription, self.change)
    }
}

impl Marker {
    /// Reads a text that is a marker and nothing else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Invisible characters that people paste stand at the ends; they are part of no marker.
        let mut words =
            text.split(|c: char| c.is_whitespace() || "\u{feff}\u{200b}".contains(c)).filter(|w| !w.is_empty());
        let task = words.next()?.strip_prefix("cf:")?;
        let subscription = words.next()?.strip_prefix("s:")?;
        let change = words.next()?;
        let sound = words.next().is_none()
            && is_word(task)
            && is_hex(subscription, SUBSCRIPTION_DIGITS)
            && is_hex(change, CHANGE_DIGITS);
        sound.then(|| Self { task: task.to_owned(), subscription: subscription.to_owned(), change: change.to_owned() })
    }

    /// The marker that an addition carries, wherever it stands.
    pub(crate) fn on(addition: &Addition) -> Option<Self> {
        let serial = addition.serial_number.as_deref();
        let fields = addition.custom_texts();
        let suffix = addition.invoice_description.as_deref().and_then(suffix);
        serial.into_iter().chain(fields).chain(suffix).find_map(Self::parse)
    }

    /// Whether the other is of another task of the same subscription.
    pub(crate) fn is_followed_by(&self, other: &Self) -> bool {
        self.subscription == other.subscription && self.task != other.task
    }

    /// A description that ends in it.
    pub(crate) fn suffixed(&self, description: &str) -> String {
        format!("{} [{self}]", unsuffixed(description)).trim_start().to_owned()
    }

    /// Room that the suffix takes.
    pub(crate) fn suffix_len(&self) -> usize {
        self.to_string().len() + 3
    }
}

/// What stands in the brackets at the end of a description.
fn suffix(description: &str) -> Option<&str> {
    let text = description.trim_end_matches(|c: char| c.is_whitespace() || "\u{feff}\u{200b}".contains(c));
    let (_, inside) = text.strip_suffix(']')?.rsplit_once('[')?;
    Some(inside)
}

/// A description without the marker at its end.
pub(crate) fn unsuffixed(description: &str) -> &str {
    match suffix(description).and_then(Marker::parse) {
        Some(_) => description.rsplit_once('[').map_or(description, |(text, _)| text.trim_end()),
        None => description,
    }
}

fn is_word(text: &str) -> bool {
    (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "cf:abcdef12 s:0f3a9c1e 7b2d90";

    #[test]
    fn only_a_whole_marker_is_one() {
        assert_eq!(Marker::parse(TEXT).unwrap().to_string(), TEXT);
        assert!(TEXT.len() <= 50);
        for same in ["  cf:abcdef12  s:0f3a9c1e 7b2d90 ", "\u{feff}cf:abcdef12 s:0f3a9c1e 7b2d90\u{200b}"] {
            assert_eq!(Marker::parse(same).unwrap().to_string(), TEXT);
        }
        for bad in [
            "",
            "SN-12345",
            "cf:abcdef12",
            "cf:abcdef12 s:0f3a9c1e",
            "cf:abcdef12 s:0f3a9c1e 7b2d9",
            "cf:abcdef12 s:0f3a9c1 7b2d900",
            "cf:abcdef12 s:0f3a9c1e 7b2d90 x",
            "x cf:abcdef12 s:0f3a9c1e 7b2d90",
            "cf:abc*ef12 s:0f3a9c1e 7b2d90",
            "cf: s:0f3a9c1e 7b2d90",
        ] {
            assert_eq!(Marker::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn it_is_found_in_every_place_and_never_in_the_middle_of_a_text() {
        let bare = Addition::ten("7");
        for (addition, found) in [
            (bare.clone().having("serialNumber", TEXT), true),
            (bare.clone().having("invoiceDescription", &format!("Seats [3] 🚀 [{TEXT}] ")), true),
            (bare.clone().having("invoiceDescription", &format!("Seats [{TEXT}] and more")), false),
            (bare.clone().having("invoiceDescription", TEXT), false),
            (bare.clone().having("serialNumber", "SN"), false),
            (bare, false),
        ] {
            assert_eq!(Marker::on(&addition).is_some(), found, "{addition:?}");
        }
    }

    #[test]
    fn a_suffix_is_put_once() {
        let marker = Marker::parse(TEXT).unwrap();
        let once = marker.suffixed("Seats [3]");
        assert_eq!(once, format!("Seats [3] [{TEXT}]"));
        let other = Marker::parse("cf:abcdef12 s:0f3a9c1e 000000").unwrap();
        assert_eq!(other.suffixed(&once), format!("Seats [3] [{other}]"));
        assert_eq!(
            (unsuffixed(&once), unsuffixed("Seats [3]"), marker.suffixed("")),
            ("Seats [3]", "Seats [3]", format!("[{TEXT}]"))
        );
        assert_eq!(once.chars().count(), "Seats [3]".len() + marker.suffix_len());
    }
}
