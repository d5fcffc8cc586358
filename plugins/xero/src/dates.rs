//! Xero's dates, read in one place.
//!
//! Owns the form `/Date(1551747281053+0000)/`: milliseconds since 1970 in UTC, where the offset, if any, is decoration.
//! A date without a time is midnight UTC, so the day is read from UTC and never moved to a time zone.

use counterfoil_sdk::{Date, Failure};

const DAY_MS: i64 = 86_400_000;

/// The day of "/Date(…)/", "2026-11-01T00:00:00" or "2026-11-01".
pub(crate) fn day(text: &str) -> Result<Date, Failure> {
    let Some(inner) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) else {
        return Date::parse_prefix(text);
    };
    // A sign at the start belongs to the number; one after it begins the offset.
    let end = inner.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-')).map_or(inner.len(), |(at, _)| at);
    Some(&inner[..end])
        .filter(|digits| !digits.starts_with('+'))
        .and_then(|digits| digits.parse::<i64>().ok())
        .and_then(|ms| Date::from_epoch_days(ms.div_euclid(DAY_MS)))
        .ok_or_else(|| Failure::internal("xero-date", format!("Xero sent \"{text}\" as a date, which cannot be read.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_gives_its_utc_day() {
        for (text, want) in [
            ("/Date(1551747281053+0000)/", "2019-03-05"),
            ("/Date(1552327126164)/", "2019-03-11"),
            ("/Date(1793491200000+0000)/", "2026-11-01"),
            ("/Date(1793491200000+1300)/", "2026-11-01"),
            ("/Date(1793577599999-0500)/", "2026-11-01"),
            ("/Date(0)/", "1970-01-01"),
            ("/Date(-1+0000)/", "1969-12-31"),
            ("/Date(-86400000)/", "1969-12-31"),
            ("2026-11-01T00:00:00", "2026-11-01"),
            ("2026-11-01", "2026-11-01"),
        ] {
            assert_eq!(day(text).unwrap().to_string(), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_a_failure() {
        for text in [
            "",
            "/Date()/",
            "/Date(+0000)/",
            "/Date(abc)/",
            "/Date(é)/",
            "/Date(99999999999999999999)/",
            "/Date(1551747281053",
            "31-Jul-2013",
        ] {
            assert!(day(text).is_err(), "{text}");
        }
    }
}
