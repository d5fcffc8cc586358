//! What an answer of the catalog API means, and what the lack of one does.

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::id::{CatalogVersion, ResellerId};
use counterfoil_domain::ports::{CatalogError, Outcome, ReplaceError, SendError};
use counterfoil_domain::wire::Response;
use serde::Deserialize;

/// Where a 429 does not say how long.
const WAIT: Duration = Duration::seconds(30);
const MOST_TEXT: usize = 200;

/// Of one reseller's catalog: that it is not there means that the reseller is not.
pub(super) fn of_reseller(
    sent: Result<Response, SendError>,
    id: &ResellerId,
    place: &str,
    now: DateTime<Utc>,
) -> Result<Response, CatalogError> {
    match sent {
        Ok(response) if response.status == 404 => Err(CatalogError::NoReseller(id.clone())),
        sent => read(sent, place, now),
    }
}

pub(super) fn read(
    sent: Result<Response, SendError>,
    place: &str,
    now: DateTime<Utc>,
) -> Result<Response, CatalogError> {
    let response = sent.map_err(|error| unsent(error, now))?;
    if (200..=299).contains(&response.status) {
        return Ok(response);
    }
    Err(refused(&response, place, now))
}

pub(super) fn replaced(
    sent: Result<Response, SendError>,
    id: &ResellerId,
    place: &str,
    now: DateTime<Utc>,
) -> Result<CatalogVersion, ReplaceError> {
    let response = match sent {
        Ok(response) => response,
        Err(error) if error.outcome() == Outcome::Uncertain => return Err(ReplaceError::Uncertain(error.to_string())),
        Err(error) => return Err(ReplaceError::NotWritten(unsent(error, now))),
    };
    match response.status {
        // Written; where the new version is not told, it is looked up like a lost answer.
        200..=299 => version(&response, place).map_err(|error| ReplaceError::Uncertain(error.to_string())),
        412 => Err(ReplaceError::Moved),
        404 => Err(ReplaceError::NotWritten(CatalogError::NoReseller(id.clone()))),
        // The server failed, before or after it wrote; or a time ran out on the way.
        408 | 500..=599 => Err(ReplaceError::Uncertain(said(&response))),
        _ => Err(ReplaceError::NotWritten(refused(&response, place, now))),
    }
}

pub(super) fn version(response: &Response, place: &str) -> Result<CatalogVersion, CatalogError> {
    let tag = response.header("ETag").map(str::trim).filter(|tag| !tag.is_empty());
    let missing = || CatalogError::Malformed {
        place: place.to_owned(),
        problem: "the answer has no ETag, so nobody could tell whether it changed meanwhile".to_owned(),
    };
    tag.map(CatalogVersion::from).ok_or_else(missing)
}

fn unsent(error: SendError, now: DateTime<Utc>) -> CatalogError {
    match error {
        SendError::OverBudget { until, .. } => CatalogError::Throttled { until: until.max(now) },
        SendError::SignIn { message, needs_person: true } => CatalogError::SignIn(message),
        SendError::Refused(refusal) => {
            let remedy = refusal.remedy.map(|remedy| format!("; {remedy}")).unwrap_or_default();
            CatalogError::Refused(format!("the request was not sent: {}{remedy}", refusal.message))
        }
        other => CatalogError::Unreachable(other.to_string()),
    }
}

fn refused(response: &Response, place: &str, now: DateTime<Utc>) -> CatalogError {
    match response.status {
        401 | 403 => CatalogError::SignIn(said(response)),
        404 => CatalogError::Refused(format!("{place} is not there: {}", said(response))),
        429 => CatalogError::Throttled { until: now + retry_after(response, now) },
        408 | 425 | 500..=599 => CatalogError::Unreachable(said(response)),
        _ => CatalogError::Refused(said(response)),
    }
}

/// Seconds, or a date.
fn retry_after(response: &Response, now: DateTime<Utc>) -> Duration {
    let told = response.header("Retry-After").map(str::trim).and_then(|text| {
        let seconds = text.parse::<u32>().ok().map(|seconds| Duration::seconds(seconds.into()));
        seconds.or_else(|| Some(DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc) - now))
    });
    told.unwrap_or(WAIT).max(Duration::zero())
}

/// Status, and the owner's own words where it is a problem document.
fn said(response: &Response) -> String {
    #[derive(Deserialize)]
    struct Problem {
        title: Option<String>,
        detail: Option<String>,
    }
    let problem: Option<Problem> = serde_json::from_slice(&response.body).ok();
    let words = problem.and_then(|problem| problem.detail.or(problem.title)).unwrap_or_default();
    let words: String = words.chars().filter(|c| !c.is_control()).take(MOST_TEXT).collect();
    let colon = if words.is_empty() { "" } else { ": " };
    format!("it answered {}{colon}{words}", response.status)
}

/// An id as one path segment.
pub(super) fn segment(id: &str) -> String {
    let mut text = String::new();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
