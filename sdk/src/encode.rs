//! Putting foreign text into paths and filters without letting it out of its place.
//!
//! Owns percent-encoding of path segments and quoting for filter languages. Query values need nothing: the host encodes
//! them, see [`Request::query`](crate::Request::query).

use crate::Failure;

/// One path segment, percent-encoded: everything but letters, digits and `- . _ ~`. "." and ".." are encoded too, so an
/// id can never climb.
///
/// ```
/// use counterfoil_sdk::encode::segment;
///
/// assert_eq!(segment("A/B 1"), "A%2FB%201");
/// assert_eq!(segment(".."), "%2E%2E");
/// ```
#[must_use]
pub fn segment(text: &str) -> String {
    let dots = !text.is_empty() && text.bytes().all(|byte| byte == b'.');
    percent(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') || (byte == b'.' && !dots))
}

/// One query name or value, percent-encoded, for targets that want a whole query string inside another value.
#[must_use]
pub fn query(text: &str) -> String {
    percent(text, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'.'))
}

fn percent(text: &str, plain: impl Fn(u8) -> bool) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

/// Text in double quotes for a filter expression (`Name=="…"`). Text that could end the quotes is refused rather than
/// escaped: the filter languages of billing systems do not agree on how, and a wrong guess would match the wrong record.
///
/// ```
/// use counterfoil_sdk::encode::quoted;
///
/// assert_eq!(quoted("SO000123").unwrap(), "\"SO000123\"");
/// assert!(quoted("x\" OR \"1\"==\"1").is_err());
/// ```
///
/// # Errors
/// A failure of class rejected when the text has quotes, a backslash or control characters.
pub fn quoted(text: &str) -> Result<String, Failure> {
    if text.chars().any(|c| matches!(c, '"' | '\\') || c.is_control()) {
        return Err(Failure::rejected(
            "sdk-filter-text",
            format!(
                "\"{}\" has quotes, a backslash or control characters and cannot be searched for.",
                crate::text::clip(text, 60)
            ),
        ));
    }
    Ok(format!("\"{text}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_segment() {
        for (text, want) in [
            ("", ""),
            ("abc-1_2~", "abc-1_2~"),
            ("a.b", "a.b"),
            (".", "%2E"),
            ("a?b#c", "a%3Fb%23c"),
            ("é", "%C3%A9"),
            ("%2F", "%252F"),
        ] {
            assert_eq!(segment(text), want);
        }
        assert_eq!(query("a=b&c d"), "a%3Db%26c%20d");
    }

    #[test]
    fn quotes_cannot_be_ended() {
        for text in ["a\"b", "a\\", "a\nb", "\u{0}"] {
            assert!(quoted(text).is_err(), "{text:?}");
        }
        assert_eq!(quoted("O'Neill & <Co>").unwrap(), "\"O'Neill & <Co>\"");
    }
}
