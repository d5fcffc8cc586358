//! Filters that cannot be broken out of.
//!
//! Owns how a condition is written. ConnectWise documents no way to escape a quote, so a text stands in a condition only
//! when each of its characters is known to be harmless; for any other text there is no condition, and the caller reads a
//! wider list and compares here. Field names are the plugin's own. Every row that is found is compared again anyway:
//! ConnectWise ignores case, and `*` matches anything.

use std::fmt;

use crate::wire::Id;

/// One condition, or several joined ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition(String);

/// Longer texts are looked for on this side.
const TEXT_MOST: usize = 80;
/// In an address, at worst.
const PART_MOST: usize = 120;
/// So many ids keep an address short, however long they are.
const IDS_MOST: usize = 90;

impl Condition {
    /// A reference or id is this one.
    pub(crate) fn id(field: &'static str, id: Id) -> Self {
        Self(format!("{field} = {id}"))
    }

    /// It is one of these, in pieces that fit an address.
    pub(crate) fn any_of(field: &'static str, ids: &[Id]) -> Vec<Self> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let list = |chunk: &[Id]| chunk.iter().map(Id::to_string).collect::<Vec<_>>().join(",");
        ids.chunks(IDS_MOST).map(|chunk| Self(format!("{field} in ({})", list(chunk)))).collect()
    }

    /// A flag is set or not.
    pub(crate) fn flag(field: &'static str, value: bool) -> Self {
        Self(format!("{field} = {}", if value { "True" } else { "False" }))
    }

    /// A text is this one, for whatever ConnectWise takes for equal; none for a text that is not harmless.
    pub(crate) fn equals(field: &'static str, value: &str) -> Option<Self> {
        is_harmless(value).then(|| Self(format!("{field} = \"{value}\"")))
    }

    /// A text has this part; none for a text that is not harmless.
    pub(crate) fn contains(field: &'static str, value: &str) -> Option<Self> {
        is_harmless(value).then(|| Self(format!("{field} contains \"{value}\"")))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(format!("{} and {}", self.grouped(), other.grouped()))
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(format!("{} or {}", self.0, other.0))
    }

    /// Any of them; none for none.
    pub(crate) fn either(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        all.into_iter().reduce(Self::or)
    }

    fn grouped(&self) -> String {
        if self.0.contains(" or ") { format!("({})", self.0) } else { self.0.clone() }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_harmless_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | '&' | '(' | ')' | '/' | ':' | '+' | '@' | '#')
}

/// Whether a text may stand between quotes in a condition.
pub(crate) fn is_harmless(value: &str) -> bool {
    let short = value.chars().count() <= TEXT_MOST && encoded(value) <= TEXT_MOST * 6;
    !value.trim().is_empty() && short && value.chars().all(is_harmless_char)
}

/// How long it is in an address, at worst.
fn encoded(value: &str) -> usize {
    value.len() * 3
}

/// The longest harmless part of a text, to narrow a list by that is then compared here; none when it is too short to.
pub(crate) fn longest_part(value: &str) -> Option<&str> {
    let parts = value.split(|c| !is_harmless_char(c)).map(str::trim);
    let longest = parts.max_by_key(|part| part.chars().count())?;
    // Its beginning is enough to narrow by, and several fields are asked for it in one address.
    let end = longest.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| end * 3 <= PART_MOST).last()?;
    longest.get(..end).map(str::trim).filter(|part| part.chars().count() >= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 18] = [
        "\"",
        "'",
        "Acme\" or id > 0 or name = \"",
        "O'Neill",
        "a\\",
        "50% off",
        "A*",
        "[2020-01-01]",
        "a]b",
        "a\nb",
        "\u{0}",
        "\u{feff}Acme",
        "Ac\u{200b}me",
        "Acme 😀",
        "“quoted”",
        "a;b",
        "",
        "   ",
    ];

    #[test]
    fn what_is_not_harmless_makes_no_condition() {
        for text in HOSTILE {
            assert_eq!(Condition::equals("name", text), None, "{text:?}");
            assert_eq!(Condition::contains("name", text), None, "{text:?}");
        }
        assert_eq!(Condition::equals("name", &"x".repeat(300)), None);
        for text in ["Acme Ltd", "Müller & Söhne (Köln)", "CFQ7TTC0LH18:0001", "a+b@c.test #1", "日本 株式会社"]
        {
            assert_eq!(Condition::equals("name", text).unwrap().to_string(), format!("name = \"{text}\""));
        }
    }

    #[test]
    fn a_part_narrows_where_the_whole_is_not_harmless() {
        for (text, want) in [
            ("O'Neill Brothers", Some("Neill Brothers")),
            ("😀", None),
            ("A*", None),
            ("\"\"x\"\"", None),
            ("Acme\" or id > 0", Some("or id")),
            ("12345678901234567890123456789012345678901234567890", Some("1234567890123456789012345678901234567890")),
            ("50% off", Some("off")),
        ] {
            assert_eq!(longest_part(text), want, "{text}");
            assert!(longest_part(text).is_none_or(is_harmless));
        }
    }

    #[test]
    fn joined_conditions_mean_what_they_say() {
        let id = |text: &str| Id::parse(text).unwrap();
        let name = Condition::contains("name", "a or b").unwrap();
        let either = Condition::either([name, Condition::id("id", id("7"))]).unwrap();
        assert_eq!(
            Condition::flag("deletedFlag", false).and(either).to_string(),
            "deletedFlag = False and (name contains \"a or b\" or id = 7)"
        );
        assert_eq!(Condition::any_of("id", &[id("3"), id("1"), id("3")])[0].to_string(), "id in (1,3)");
        let many: Vec<Id> = (0..200).map(|n| id(&(2_147_483_000 + n).to_string())).collect();
        let pieces = Condition::any_of("id", &many);
        assert_eq!(pieces.len(), 3);
        assert!(pieces.iter().all(|piece| counterfoil_sdk::encode::query(&piece.to_string()).len() < 1_300));
    }
}
