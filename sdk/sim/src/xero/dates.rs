//! Owns Xero's ways of writing a time; does not own which zone an organisation lives in.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

use super::json::Json;

/// `/Date(1551747281053+0000)/`: the milliseconds are the instant, the offset is decoration.
pub(crate) fn instant(at: DateTime<Utc>) -> Json {
    Json::Text(format!("/Date({}+0000)/", at.timestamp_millis()))
}

pub(crate) fn instant_string(at: DateTime<Utc>) -> Json {
    Json::Text(at.format("%Y-%m-%dT%H:%M:%S").to_string())
}

/// The envelope's spelling, without an offset.
pub(crate) fn bare_instant(at: DateTime<Utc>) -> Json {
    Json::Text(format!("/Date({})/", at.timestamp_millis()))
}

/// A date-only field: midnight UTC, whatever the organisation's zone.
pub(crate) fn day(date: NaiveDate) -> Json {
    instant(date.and_time(NaiveTime::MIN).and_utc())
}

pub(crate) fn day_string(date: NaiveDate) -> Json {
    Json::Text(date.format("%Y-%m-%dT00:00:00").to_string())
}

/// Reads `2026-11-01`, `2026-11-01T00:00:00` and `/Date(ms+0000)/`.
pub(crate) fn parse_day(text: &str) -> Option<NaiveDate> {
    if let Some(inner) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) {
        let digits = inner.split(['+']).next().unwrap_or_default();
        return Some(DateTime::from_timestamp_millis(digits.parse().ok()?)?.date_naive());
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .or_else(|_| NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), "%Y-%m-%dT%H:%M:%S").map(|at| at.date()))
        .ok()
}

/// `If-Modified-Since`: UTC without a zone, as Xero really takes it.
pub(crate) fn parse_since(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), "%Y-%m-%dT%H:%M:%S%.f")
        .map(|at| at.and_utc())
        .or_else(|_| DateTime::parse_from_rfc2822(text).map(|at| at.with_timezone(&Utc)))
        .ok()
}
