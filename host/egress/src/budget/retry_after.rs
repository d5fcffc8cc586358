//! How long to wait after a 429. Pure: headers, how often it happened in a row, and the time in; a moment out.

use chrono::{DateTime, Duration, NaiveDateTime, Utc};

/// What the header asks for. None when it asks for nothing usable (missing, negative, garbage).
pub(crate) fn asked_wait(value: Option<&str>, now: DateTime<Utc>) -> Option<Duration> {
    let text = value?.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if digits(whole) && (fraction.is_empty() || digits(fraction)) {
        // Too long for a number is still a wish for "very long".
        let seconds = whole.parse::<i64>().unwrap_or(i64::MAX).min(1_000_000_000);
        let more = i64::from(fraction.bytes().any(|byte| byte != b'0'));
        return Some(Duration::seconds(seconds + more));
    }
    let date = http_date(text)?;
    Some((date - now).max(Duration::zero()))
}

fn http_date(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(date) = DateTime::parse_from_rfc2822(text) {
        return Some(date.with_timezone(&Utc));
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|date| date.and_utc())
}

/// The longest wait that the other side can impose, whatever it asks for.
pub(crate) const CAP: Duration = Duration::hours(24);
/// A day's limit that does not say how long.
const UNTOLD_OF_DAY: Duration = Duration::hours(1);

/// `streak`: how many 429 came before this one without a success between them.
pub(crate) fn wait_after_429(
    problem: Option<&str>,
    retry_after: Option<&str>,
    streak: u32,
    now: DateTime<Utc>,
) -> Duration {
    let problem = problem.map(str::to_ascii_lowercase).unwrap_or_default();
    let of_day = problem.contains("day") || problem.contains("daily");
    // "0" and a date in the past are honoured as far as that goes: with our own back-off, or they would be a storm.
    match asked_wait(retry_after, now).filter(|wait| *wait > Duration::zero()) {
        Some(wait) => wait.min(CAP),
        None if of_day => UNTOLD_OF_DAY,
        None if problem.contains("concurrent") => doubling(Duration::milliseconds(500), streak, Duration::seconds(8)),
        None => doubling(Duration::seconds(1), streak, Duration::seconds(60)),
    }
}

fn doubling(first: Duration, streak: u32, cap: Duration) -> Duration {
    (first * (1_i32 << streak.min(10))).min(cap)
}
