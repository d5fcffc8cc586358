//! Record ids.

use std::fmt;

use counterfoil_sdk::serde::{Deserialize, Serialize};

/// A record's id: a positive integer. It is all of a record that ever stands in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", transparent)]
pub(crate) struct Id(i64);

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

#[cfg(test)]
mod tests {
    use super::Id;

    #[test]
    fn only_a_plain_positive_integer_is_an_id() {
        for (text, want) in [("42", true), ("9223372036854775807", true)] {
            assert_eq!(Id::parse(text).map(|id| id.to_string()).as_deref() == Some(text), want, "{text}");
        }
        for text in ["", "0", "-1", "+1", "01", "4 2", "42/..", "9223372036854775808", "１２", "1e3", "x"] {
            assert_eq!(Id::parse(text), None, "{text}");
        }
    }
}
