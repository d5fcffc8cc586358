//! Dates as the marketplace writes them, and periods hidden in free text. Only ISO order is read: day and month are
//! never guessed.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use counterfoil_domain::period::Period;

/// Years outside are placeholders ("0001-01-01"), not dates.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2999;

/// A moment. Without a zone it is UTC, without a time of day it is midnight.
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let date = day(text)?;
    let rest = text.get(10..)?;
    if rest.is_empty() {
        return Some(date.and_time(NaiveTime::MIN).and_utc());
    }
    let time = rest.strip_prefix(['T', 't', ' '])?;
    let (time, utc) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, true),
        None => (time, false),
    };
    let zoned = format!("{date}T{time}");
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(naive) = NaiveDateTime::parse_from_str(&zoned, format) {
            return Some(naive.and_utc());
        }
        if !utc && let Ok(moment) = DateTime::parse_from_str(&zoned, &format!("{format}%#z")) {
            return Some(moment.with_timezone(&Utc));
        }
    }
    None
}

/// A calendar day as written: the zone of a moment does not move it.
pub(crate) fn day(text: &str) -> Option<NaiveDate> {
    let date = iso_at(text.trim(), 0)?;
    match text.trim().get(10..)?.chars().next() {
        None | Some('T' | 't' | ' ') => Some(date),
        _ => None,
    }
}

fn iso_at(text: &str, at: usize) -> Option<NaiveDate> {
    let bytes = text.as_bytes().get(at..at + 10)?;
    let shaped = bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
    if !shaped {
        return None;
    }
    let date = NaiveDate::parse_from_str(text.get(at..at + 10)?, "%Y-%m-%d").ok()?;
    YEARS.contains(&date.year()).then_some(date)
}

/// "… from 2026-09-18 through 2026-10-17": both days included, so the period ends on the day after. Nothing where the
/// text tells no period, tells several, or tells one that runs backwards.
pub(super) fn period_in(text: &str) -> Option<Period> {
    let dates = dates_in(text);
    let mut found: Option<Period> = None;
    for pair in dates.windows(2) {
        let [(_, first_end, first), (second_start, _, last)] = pair else { continue };
        let between = text.get(*first_end..*second_start)?.trim().to_ascii_lowercase();
        if !matches!(between.as_str(), "through" | "thru" | "to" | "-" | "–" | "—" | "..") {
            continue;
        }
        let period = Period::new(*first, last.checked_add_days(Days::new(1))?).ok()?;
        if found.is_some_and(|known| known != period) {
            return None;
        }
        found = Some(period);
    }
    found
}

/// Plain dates with where they stand; digits that are part of something longer (a part number, a time) are none.
fn dates_in(text: &str) -> Vec<(usize, usize, NaiveDate)> {
    let bytes = text.as_bytes();
    let joins = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_' || b == b'/' || b == b':';
    let mut dates = Vec::new();
    let mut at = 0;
    while at + 10 <= bytes.len() {
        let alone_before = at == 0 || !joins(bytes[at - 1]);
        let alone_after = bytes.get(at + 10).is_none_or(|b| !joins(*b));
        match iso_at(text, at).filter(|_| alone_before && alone_after) {
            Some(date) => {
                dates.push((at, at + 10, date));
                at += 10;
            }
            None => at += 1,
        }
    }
    dates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let table: &[(&str, Option<&str>)] = &[
            ("2021-10-14T17:46:10Z", Some("2021-10-14T17:46:10+00:00")),
            ("2021-10-14T17:46:10.123Z", Some("2021-10-14T17:46:10.123+00:00")),
            ("2021-10-14T17:46:10", Some("2021-10-14T17:46:10+00:00")),
            ("2021-10-14 17:46:10", Some("2021-10-14T17:46:10+00:00")),
            ("2021-10-14T17:46", Some("2021-10-14T17:46:00+00:00")),
            ("2021-10-14T17:46Z", Some("2021-10-14T17:46:00+00:00")),
            ("2021-10-14T23:30:00-02:00", Some("2021-10-15T01:30:00+00:00")),
            ("2021-10-14T01:30:00+0200", Some("2021-10-13T23:30:00+00:00")),
            ("2021-10-14T01:30:00.5+02", Some("2021-10-13T23:30:00.500+00:00")),
            ("2021-10-14", Some("2021-10-14T00:00:00+00:00")),
            ("14.10.2021", None),
            ("10/14/2021", None),
            ("2021-13-01", None),
            ("2021-02-30T00:00:00Z", None),
            ("0001-01-01T00:00:00", None),
            ("2021-10-14T25:00:00Z", None),
            ("2021-10-14x", None),
            ("1634233570000", None),
            ("", None),
            ("2021-10-1é", None),
        ];
        for (text, expected) in table {
            assert_eq!(instant(text).map(|at| at.to_rfc3339()).as_deref(), *expected, "{text}");
        }
        assert_eq!(day("2026-09-18T00:00:00+02:00").map(|d| d.to_string()).as_deref(), Some("2026-09-18"));
    }

    #[test]
    fn periods_in_text() {
        let table: &[(&str, Option<&str>)] = &[
            (
                "Microsoft 365 Business Premium Recurring (1 Month(s) term) from 2026-09-18 through 2026-10-17",
                Some("[2026-09-18, 2026-10-18)"),
            ),
            ("2026-09-18 - 2026-10-17", Some("[2026-09-18, 2026-10-18)")),
            ("(2026-09-18 – 2026-10-17)", Some("[2026-09-18, 2026-10-18)")),
            ("Term 2026-09-18 to 2026-10-17.", Some("[2026-09-18, 2026-10-18)")),
            ("FROM 2026-02-28 THROUGH 2026-02-28", Some("[2026-02-28, 2026-03-01)")),
            ("from 2026-12-31 through 2026-12-31", Some("[2026-12-31, 2027-01-01)")),
            ("SKU-2024-01-01 Recurring from 2026-09-18 through 2026-10-17", Some("[2026-09-18, 2026-10-18)")),
            ("Größe ü from 2026-09-18 through 2026-10-17 ü", Some("[2026-09-18, 2026-10-18)")),
            ("2026-01-01 - 2026-01-31 (2026-01-01 - 2026-01-31)", Some("[2026-01-01, 2026-02-01)")),
            ("2026-01-01 - 2026-01-31, 2026-03-01 - 2026-03-31", None),
            ("from 2026-10-17 through 2026-09-18", None),
            ("from 18.09.2026 through 17.10.2026", None),
            ("from 09/18/2026 through 10/17/2026", None),
            ("from 2026-09-18T00:00:00Z through 2026-10-18T00:00:00Z", None),
            ("from 2026-09-18", None),
            ("starts 2026-09-18, renews 2026-10-18", None),
            ("from 2026-09-31 through 2026-10-17", None),
            ("Setup", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(period_in(text).map(|p| format!("{p:?}")).as_deref(), *expected, "{text}");
        }
    }
}
