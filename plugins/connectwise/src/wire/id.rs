//! Record ids and references to records.

use std::fmt;

use counterfoil_sdk::serde::de::Error as _;
use counterfoil_sdk::serde::{Deserialize, Deserializer, Serialize};

/// A record's id: a positive 32-bit integer. It is all that ever stands in a path, and it needs no quotes in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", transparent)]
pub(crate) struct Id(i32);

impl Id {
    /// The id that a text is, if it is one: digits, without a sign or a leading zero.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        digits.then(|| text.parse().ok().map(Self)).flatten()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = i32::deserialize(deserializer)?;
        if id > 0 { Ok(Self(id)) } else { Err(D::Error::custom("an id is not positive")) }
    }
}

/// A reference as it is sent: references are replaced whole, by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct IdOnly {
    pub(crate) id: Id,
}

/// A reference as it is shown. An empty one may be null, missing, or have the id 0.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct Reference {
    #[serde(default)]
    id: Option<i64>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) identifier: Option<String>,
}

impl Reference {
    /// The id, where there is one.
    pub(crate) fn id(&self) -> Option<Id> {
        self.id.and_then(|id| i32::try_from(id).ok()).filter(|id| *id > 0).map(Id)
    }
}

#[cfg(test)]
mod tests {
    use super::Id;

    #[test]
    fn only_a_plain_positive_integer_is_an_id() {
        for (text, want) in [("42", true), ("2147483647", true)] {
            assert_eq!(Id::parse(text).map(|id| id.to_string()).as_deref() == Some(text), want, "{text}");
        }
        for text in ["", "0", "-1", "+1", "01", "4 2", "42/..", "2147483648", "１２", "1e3", "x"] {
            assert_eq!(Id::parse(text), None, "{text}");
        }
    }
}
