//! What an answer, or the lack of one, means: a body, nothing there, try again, or give up.

use std::time::Duration;

use chrono::{DateTime, Utc};

use counterfoil_domain::ports::{SendError, SourceError};
use counterfoil_domain::wire::Response;

use crate::simple_api::{Record, clip};

/// The meaning of one try.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Try {
    Body(Vec<u8>),
    NotThere {
        message: String,
    },
    Failed(SourceError),
    /// Reads may always be asked again.
    Again(Again),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Again {
    /// How long the other side, or the budget, says to wait.
    pub(crate) wait: Option<Duration>,
    /// Whether it counts as a try; a used-up budget does not.
    pub(crate) counts: bool,
    pub(crate) reason: Reason,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    TooMany,
    Unreachable(String),
}

pub(crate) fn judge(result: Result<Response, SendError>, place: &str, now: DateTime<Utc>) -> Try {
    match result {
        Ok(response) => answered(response, place, now),
        Err(error) => unanswered(error, place, now),
    }
}

fn answered(response: Response, place: &str, now: DateTime<Utc>) -> Try {
    let status = response.status;
    let malformed = |problem| Try::Failed(SourceError::Malformed { place: place.to_owned(), problem });
    let told = retry_after(&response, now);
    match status {
        200..=299 => Try::Body(response.body),
        // Gateways answer a used-up quota with 403 and say when it is filled again.
        403 if told.is_some() => Try::Again(Again { wait: told, counts: true, reason: Reason::TooMany }),
        401 | 403 => Try::Failed(SourceError::SignIn(said(&response))),
        404 => Try::NotThere { message: said(&response) },
        429 => Try::Again(Again { wait: told, counts: true, reason: Reason::TooMany }),
        408 | 425 | 500..=599 => {
            let reason = Reason::Unreachable(said(&response));
            Try::Again(Again { wait: told, counts: true, reason })
        }
        _ => malformed(said(&response)),
    }
}

fn unanswered(error: SendError, place: &str, now: DateTime<Utc>) -> Try {
    let again = |message| Try::Again(Again { wait: None, counts: true, reason: Reason::Unreachable(message) });
    match error {
        SendError::OverBudget { until, .. } => {
            let wait = (until - now).to_std().unwrap_or(Duration::ZERO);
            Try::Again(Again { wait: Some(wait), counts: false, reason: Reason::TooMany })
        }
        SendError::SignIn { message, needs_person: true } => Try::Failed(SourceError::SignIn(message)),
        SendError::SignIn { message, needs_person: false } => again(format!("sign-in failed: {message}")),
        SendError::NoConnection { message } | SendError::AnswerLost { message } => again(message),
        SendError::Refused(refusal) => {
            let remedy = refusal.remedy.map(|remedy| format!("; {remedy}")).unwrap_or_default();
            let problem = format!("the request was refused before it was sent: {}{remedy}", refusal.message);
            Try::Failed(SourceError::Malformed { place: place.to_owned(), problem })
        }
        error @ SendError::TooLarge { .. } => {
            Try::Failed(SourceError::Malformed { place: place.to_owned(), problem: error.to_string() })
        }
    }
}

/// Seconds, or a date.
fn retry_after(response: &Response, now: DateTime<Utc>) -> Option<Duration> {
    let text = response.header("Retry-After")?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    Some((at.with_timezone(&Utc) - now).to_std().unwrap_or(Duration::ZERO))
}

/// Status, the API's own words where there are some, and what its support asks for.
fn said(response: &Response) -> String {
    let body = String::from_utf8_lossy(&response.body);
    let words = Record::read(&body, "").ok().and_then(|record| {
        let fields = ["code", "errorCode", "ErrorCode", "error", "message", "Message", "error_description"];
        let words: Vec<_> = fields.iter().filter_map(|name| record.text(name).ok().flatten()).collect();
        (!words.is_empty()).then(|| words.join(": "))
    });
    let words = words.map(|words| format!(": {}", clip(&words, 200))).unwrap_or_default();
    let trace = response.header("X-Correlation-ID").map(|id| format!(" (correlation id {})", clip(id, 64)));
    format!("it answered {}{words}{}", response.status, trace.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterfoil_domain::ports::Refusal;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Response { status, headers, body: body.as_bytes().to_vec(), replayed: false }
    }

    #[test]
    fn answers() {
        let now = "2026-11-21T10:00:00Z".parse().unwrap();
        let malformed =
            |problem: &str| Try::Failed(SourceError::Malformed { place: "order 7".into(), problem: problem.into() });
        let again = |wait: Option<u64>, counts, reason| {
            Try::Again(Again { wait: wait.map(Duration::from_secs), counts, reason })
        };
        let lost = |text: &str| Reason::Unreachable(text.to_owned());
        let table = [
            (Ok(response(200, &[], "{}")), Try::Body("{}".into())),
            (Ok(response(404, &[], "")), Try::NotThere { message: "it answered 404".into() }),
            (
                Ok(response(401, &[("x-correlation-id", "abc")], r#"{"code":"E1","message":"no\nway"}"#)),
                Try::Failed(SourceError::SignIn("it answered 401: E1: no way (correlation id abc)".into())),
            ),
            (Ok(response(403, &[], "<html>")), Try::Failed(SourceError::SignIn("it answered 403".into()))),
            (Ok(response(403, &[("Retry-After", "60")], "")), again(Some(60), true, Reason::TooMany)),
            (Ok(response(400, &[], r#"{"message":"one status only"}"#)), malformed("it answered 400: one status only")),
            (Ok(response(302, &[], "")), malformed("it answered 302")),
            (Ok(response(429, &[("retry-after", "7")], "")), again(Some(7), true, Reason::TooMany)),
            (
                Ok(response(429, &[("Retry-After", "Sat, 21 Nov 2026 10:00:09 GMT")], "")),
                again(Some(9), true, Reason::TooMany),
            ),
            (
                Ok(response(429, &[("Retry-After", "Sat, 21 Nov 2026 09:00:00 GMT")], "")),
                again(Some(0), true, Reason::TooMany),
            ),
            (Ok(response(429, &[("Retry-After", "soon")], "")), again(None, true, Reason::TooMany)),
            (Ok(response(503, &[], "")), again(None, true, lost("it answered 503"))),
            (
                Err(SendError::OverBudget {
                    scope: "connection".into(),
                    until: "2026-11-21T10:00:30Z".parse().unwrap(),
                }),
                again(Some(30), false, Reason::TooMany),
            ),
            (
                Err(SendError::SignIn { message: "wrong password".into(), needs_person: true }),
                Try::Failed(SourceError::SignIn("wrong password".into())),
            ),
            (
                Err(SendError::SignIn { message: "busy".into(), needs_person: false }),
                again(None, true, lost("sign-in failed: busy")),
            ),
            (Err(SendError::NoConnection { message: "reset".into() }), again(None, true, lost("reset"))),
            (Err(SendError::AnswerLost { message: "reset".into() }), again(None, true, lost("reset"))),
            (Err(SendError::TooLarge { limit: 9 }), malformed("the answer is larger than 9 bytes")),
            (
                Err(SendError::Refused(Refusal {
                    rule: "plain-http".into(),
                    message: "plain http is not allowed".into(),
                    remedy: Some("set plain_http = true".into()),
                })),
                malformed(
                    "the request was refused before it was sent: plain http is not allowed; set plain_http = true",
                ),
            ),
        ];
        for (result, expected) in table {
            let shown = format!("{result:?}");
            assert_eq!(judge(result, "order 7", now), expected, "{shown}");
        }
        let binary = Response { status: 200, headers: vec![], body: vec![0xff], replayed: false };
        assert_eq!(judge(Ok(binary), "order 7", now), Try::Body(vec![0xff]));
    }
}
