//! Texts of people, compared and cut.
//!
//! Owns what counts as the same text: ConnectWise ignores case, and records have byte order marks, zero-width characters and
//! odd blanks in them that nobody sees.

use counterfoil_sdk::{Date, digest, text};

/// Characters that take no room: they are in names by accident.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{00ad}' | '\u{180e}')
}

/// Without what nobody sees, single-spaced.
pub(crate) fn clean(value: &str) -> String {
    let seen: String = value.chars().filter(|c| !is_invisible(*c)).collect();
    text::single_spaced(&seen)
}

fn folded(value: &str) -> String {
    clean(value).to_lowercase()
}

/// The same for everybody who reads them.
pub(crate) fn same(one: &str, other: &str) -> bool {
    folded(one) == folded(other)
}

/// Whether a text has this part; an empty part is in every text.
pub(crate) fn has(value: &str, part: &str) -> bool {
    folded(value).contains(&folded(part))
}

/// At most so many characters as ConnectWise counts them: one beyond the basic plane counts twice, and none is split.
pub(crate) fn cut(value: &str, most: usize) -> String {
    let mut room = most;
    let kept: String = value
        .chars()
        .take_while(|c| match room.checked_sub(c.len_utf16()) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        })
        .collect();
    kept.trim_end().to_owned()
}

/// Whether it is no longer than ConnectWise takes.
pub(crate) fn fits(value: &str, most: usize) -> bool {
    value.encode_utf16().count() <= most
}

/// Letters and digits of `readable`, with six digits of the hash of `unique`: at most `most` characters, always the same for
/// the same texts.
pub(crate) fn identifier(readable: &str, unique: &str, most: usize) -> String {
    let mut slug: String = readable.chars().filter(char::is_ascii_alphanumeric).collect();
    slug.truncate(most.saturating_sub(7));
    let hash = digest::short(unique, 6);
    if slug.is_empty() { format!("cf-{hash}") } else { format!("{slug}-{hash}") }
}

/// A text without the days that it ends with: "Seats Recurring (1 Month(s) term) from 2026-09-18 through 2026-10-17".
pub(crate) fn without_days(text: &str) -> &str {
    let day = |word: &str| Date::parse(word).is_ok();
    let mut words = text.rsplitn(5, ' ');
    match (words.next(), words.next(), words.next(), words.next(), words.next()) {
        (Some(last), Some("through" | "to"), Some(first), Some("from"), Some(before))
            if day(last) && day(first) && !before.trim().is_empty() =>
        {
            before.trim_end()
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_recurs_is_not_named_by_the_days_of_its_first_period() {
        for (text, want) in [
            (
                "Seats Recurring (1 Month(s) term) from 2026-09-18 through 2026-10-17",
                "Seats Recurring (1 Month(s) term)",
            ),
            ("Seats from 2026-09-18 to 2026-10-17", "Seats"),
            ("Seats", "Seats"),
            ("Seats from here to there", "Seats from here to there"),
            ("Seats from 2026-09-18 through 2026-10-17, prepaid", "Seats from 2026-09-18 through 2026-10-17, prepaid"),
            ("from 2026-09-18 through 2026-10-17", "from 2026-09-18 through 2026-10-17"),
            ("", ""),
        ] {
            assert_eq!(without_days(text), want);
        }
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        for (one, other, want) in [
            ("Acme Ltd", "acme  LTD ", true),
            ("\u{feff}Acme", "Acme", true),
            ("Ac\u{200b}me\u{ad}", "ACME", true),
            ("Acme\u{a0}Ltd", "Acme Ltd", true),
            ("ÄRZTE", "ärzte", true),
            ("Acme", "Acme 😀", false),
            ("A*", "Acme", false),
            ("Acme", "Acme Ltd", false),
        ] {
            assert_eq!(same(one, other), want, "{one} {other}");
        }
        assert!(has("Green Lane LLC", "lane") && has("x", "") && !has("Green Lane", "green-lane"));
    }

    #[test]
    fn nothing_is_cut_inside_a_letter() {
        for (value, most, want) in [
            ("Acme", 50, "Acme"),
            ("Acme Ltd", 5, "Acme"),
            ("ab😀c", 3, "ab"),
            ("ab😀c", 4, "ab😀"),
            ("é😀", 1, "é"),
            ("", 3, ""),
        ] {
            assert_eq!(cut(value, most), want);
            assert!(fits(want, most));
        }
        assert!(!fits("😀", 1));
    }

    #[test]
    fn identifiers_stay_and_differ() {
        let long = "The Very Long Name of a Company with Branches";
        let (one, two) = (identifier(long, "1000017", 25), identifier(long, "1000018", 25));
        assert_ne!(one, two);
        assert_eq!(one, identifier(long, "1000017", 25));
        assert!(one.len() <= 25 && one.starts_with("TheVeryLongNameofa-"), "{one}");
        assert!(identifier("日本", "x", 25).starts_with("cf-"));
    }
}
