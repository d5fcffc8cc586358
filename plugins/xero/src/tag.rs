//! The tag at the end of each line that may stand on an invoice with other orders' lines: "[SO000123 cf:1a2b3c4d]".
//!
//! Owns its form, and what it tells: which order a line bills. It is made from the order alone, without its revision, so
//! that a later revision of a billed order meets the first one's lines and a person decides.

use counterfoil_sdk::{Decimal, Failure, decimal, digest, text};

use crate::wire;

const MARK: &str = "cf:";
const DIGITS: usize = 8;
/// Begins the key of a change that bills by tagged lines; the order's id and revision follow.
const KEY: &str = "lines:";

/// A tag as it was read from a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    /// The order's number, for people.
    pub(crate) number: &'a str,
    /// What makes it unique: see [`token`].
    pub(crate) token: &'a str,
}

/// The unique part of an order's tag.
pub(crate) fn token(order: &str) -> String {
    format!("{MARK}{}", digest::short(order, DIGITS))
}

/// The key of the change whose lines carry the order's tag.
pub(crate) fn key(order: &str, revision: &str) -> String {
    format!("{KEY}{order}:{revision}")
}

/// The tag of the lines that a change made; none for a change that has a document of its own.
pub(crate) fn of_key(key: &str) -> Option<String> {
    let (order, _) = key.strip_prefix(KEY)?.rsplit_once(':')?;
    Some(token(order))
}

/// The tag as a line carries it, with the blank before it.
pub(crate) fn suffix(number: &str, token: &str) -> String {
    let number: String = text::single_spaced(number).chars().filter(|c| !matches!(c, '[' | ']')).collect();
    format!(" [{number} {token}]")
}

/// The tag at the end of a line's text.
pub(crate) fn read(description: &str) -> Option<Tag<'_>> {
    let inner = description.trim_end().strip_suffix(']')?;
    let (_, tag) = inner.rsplit_once('[')?;
    let (number, token) = tag.rsplit_once(' ')?;
    let digits = token.strip_prefix(MARK)?;
    let hex = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then_some(Tag { number, token })
}

/// The lines that carry this tag.
pub(crate) fn lines<'a>(document: &'a wire::Document, token: &str) -> Vec<&'a wire::LineItem> {
    document.line_items.iter().flatten().filter(|line| tag_of(line).is_some_and(|tag| tag.token == token)).collect()
}

/// A line's tag.
pub(crate) fn tag_of(line: &wire::LineItem) -> Option<Tag<'_>> {
    line.description.as_deref().and_then(read)
}

/// What lines come to, net; none where there are none.
pub(crate) fn sum(lines: &[&wire::LineItem]) -> Result<Option<Decimal>, Failure> {
    if lines.is_empty() {
        return Ok(None);
    }
    let amounts = lines.iter().map(|line| line.line_amount.map_or(Decimal::ZERO, |amount| amount.0));
    decimal::sum(amounts)
        .map(Some)
        .ok_or_else(|| Failure::internal("xero-total", "The lines of an invoice come to more than can be counted."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_where_it_is_one() {
        let token = token("id-SO1");
        for (text, want) in [
            (format!("Seats{}", suffix("SO1", &token)), Some("SO1")),
            (format!("Seats [old]{} ", suffix("SO 1", &token)), Some("SO 1")),
            (format!("Seats{}", suffix("[S]O1", &token)), Some("SO1")),
            (format!("Seats{} and more", suffix("SO1", &token)), None),
            ("Seats [SO1 cf:123]".to_owned(), None),
            ("Seats [SO1 cf:1234567g]".to_owned(), None),
            ("Seats [SO1]".to_owned(), None),
            ("Seats".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(read(&text).map(|tag| tag.number), want, "{text}");
            assert!(read(&text).is_none_or(|tag| tag.token == token));
        }
    }

    #[test]
    fn a_revision_has_the_tag_of_its_order() {
        assert_eq!(of_key(&key("id:SO1", "r1")), of_key(&key("id:SO1", "r2")));
        assert_ne!(of_key(&key("id:SO1", "r1")), of_key(&key("id:SO2", "r1")));
        assert_eq!(of_key("invoice:id-SO1:r1"), None);
    }
}
