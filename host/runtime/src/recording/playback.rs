//! Playing back: the recorded jobs to a component, the recorded answers to whatever it asks. Nothing leaves the machine. Owns
//! which answer fits a request, and what is told of requests that have none.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::EffectKey;
use counterfoil_domain::plan::Plan;
use counterfoil_domain::ports::{CallError, Exchange, LogLevel, ManualClock, Pending};
use counterfoil_domain::wire::{Request, Response};

use super::{Answered, Exchanged, Planned, Recording, planned, redact};
use crate::component::Package;
use crate::sandbox::{CallReport, LoadError, Sandbox, SandboxError};

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("{0}")]
    Sandbox(#[from] SandboxError),
    #[error("the component cannot be loaded: {0}")]
    Load(#[from] LoadError),
    #[error("the recording is of the plugin {recorded}, and this component is {given}")]
    OtherPlugin { recorded: String, given: String },
    #[error("what was played back cannot be compared: {0}")]
    Compare(#[from] serde_json::Error),
}

/// What came of it this time.
#[derive(Debug)]
pub struct Replayed {
    pub answers: Result<Vec<Result<Plan, Failure>>, CallError>,
    /// Log, what it printed, time and memory.
    pub report: Option<CallReport>,
    /// "GET /invoices?after=2": asked now, and not in the recording.
    pub asked_in_vain: Vec<String>,
    /// In the recording, and not asked now.
    pub not_asked: Vec<String>,
    /// Whether every job came to exactly what it came to then.
    pub same: bool,
}

/// # Errors
/// When the component is another plugin's or cannot be loaded. What it does wrong is in the answer.
pub async fn replay(recording: &Recording, package: &Package) -> Result<Replayed, ReplayError> {
    let (recorded, given) = (recording.origin.plugin.clone(), package.card.id.to_string());
    if recorded != given {
        return Err(ReplayError::OtherPlugin { recorded, given });
    }
    let clock = Arc::new(ManualClock::at(recording.origin.at));
    let target = Sandbox::new(1, clock)?.load(package).await?;
    let played = Arc::new(Playback::of(&recording.calls));
    let answers = target.plan_again(Arc::clone(&played) as Arc<dyn Exchange>, recording.jobs.clone()).await;
    let now = match &answers {
        Ok(answers) => Ok(answers.iter().cloned().map(planned).collect::<Vec<Planned>>()),
        Err(error) => Err(error.to_string()),
    };
    let same = serde_json::to_value(&now)? == serde_json::to_value(&recording.outcome)?;
    let (asked_in_vain, not_asked) = played.left();
    Ok(Replayed { answers, report: target.recent_calls().pop(), asked_in_vain, not_asked, same })
}

/// "GET /invoices?after=2"; parameters in any order are the same question.
fn question(method: &str, path: &str, query: &[(String, String)]) -> String {
    let mut query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    query.sort();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{method} {path}{mark}{}", query.join("&"))
}

#[derive(Debug, Default)]
struct Answers {
    recorded: Vec<Answered>,
    given: usize,
}

#[derive(Debug)]
struct Playback {
    answers: Mutex<BTreeMap<String, Answers>>,
    in_vain: Mutex<Vec<String>>,
}

impl Playback {
    fn of(calls: &[Exchanged]) -> Self {
        let mut answers: BTreeMap<String, Answers> = BTreeMap::new();
        for call in calls {
            let asked = question(&call.method, &call.path, &call.query);
            answers.entry(asked).or_default().recorded.push(call.answer.clone());
        }
        Self { answers: Mutex::new(answers), in_vain: Mutex::default() }
    }

    fn answer(&self, request: &Request) -> Result<Response, Failure> {
        let asked = question(&request.method, &request.path, &redact::headers(&request.query));
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let known = answers.get_mut(&asked).and_then(|known| {
            // Asked more often than then: the last answer stands.
            let at = known.given.min(known.recorded.len().saturating_sub(1));
            known.given += 1;
            known.recorded.get(at).cloned()
        });
        match known {
            Some(Answered::Response { status, headers, body }) => {
                Ok(Response { status, headers, body: body.bytes(), replayed: true })
            }
            Some(Answered::Failure { class, code, message }) => {
                Err(Failure::new(FailureClass::parse(&class).unwrap_or(FailureClass::Internal), &code, message))
            }
            None => {
                let message = format!("{asked} is not in the recording. Nothing was sent.");
                self.in_vain.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
                Err(Failure::new(FailureClass::Transient, "not-recorded", message))
            }
        }
    }

    fn left(&self) -> (Vec<String>, Vec<String>) {
        let in_vain = std::mem::take(&mut *self.in_vain.lock().unwrap_or_else(PoisonError::into_inner));
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let unasked = answers.iter().filter(|(_, known)| known.given == 0).map(|(asked, _)| asked.clone());
        (in_vain, unasked.collect())
    }
}

impl Exchange for Playback {
    fn read(&self, request: Request) -> Pending<'_, Result<Response, Failure>> {
        let answer = self.answer(&request);
        Box::pin(async move { answer })
    }

    fn write(&self, _: EffectKey, request: Request) -> Pending<'_, Result<Response, Failure>> {
        let message =
            format!("{} {} was refused: nothing may be written while planning.", request.method, request.path);
        Box::pin(async move { Err(Failure::new(FailureClass::Forbidden, "write-while-planning", message)) })
    }

    /// The call's report has the lines.
    fn log(&self, _: LogLevel, _: &str, _: &[(String, String)]) {}
}

#[cfg(test)]
mod tests {
    use super::super::Body;
    use super::*;

    fn call(path: &str, query: &[(&str, &str)], status: u16) -> Exchanged {
        Exchanged {
            operation: "list".into(),
            method: "GET".into(),
            path: path.into(),
            query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            headers: vec![],
            body: Body::of(b""),
            answer: Answered::Response { status, headers: vec![], body: Body::of(b"\xff\x00") },
        }
    }

    fn ask(played: &Playback, path: &str, query: &[(&str, &str)]) -> Result<u16, String> {
        let Exchanged { operation, method, path, query, headers, .. } = call(path, query, 0);
        let request = Request { operation, method, path, query, headers, body: vec![] };
        played.answer(&request).map(|answer| answer.status).map_err(|failure| failure.code)
    }

    #[test]
    fn each_question_has_its_answers_in_their_order_and_the_last_one_stands() {
        let both = [("a", "1"), ("b", "2")];
        let played = Playback::of(&[call("/x", &both, 429), call("/y", &[], 404), call("/x", &both, 200)]);
        let asked: Vec<_> = (0..3).map(|_| ask(&played, "/x", &[("b", "2"), ("a", "1")])).collect();
        assert_eq!(asked, [Ok(429), Ok(200), Ok(200)]);
        assert_eq!(ask(&played, "/x", &[("a", "1")]), Err("not-recorded".to_owned()));
        assert_eq!(played.left(), (vec!["GET /x?a=1".to_owned()], vec!["GET /y".to_owned()]));
    }

    #[test]
    fn bodies_come_back_byte_by_byte() {
        for bytes in [&b""[..], b"{\"total\": 1.10}", b"\xff\x00\xfe"] {
            let text = serde_json::to_string(&Body::of(bytes)).unwrap();
            assert_eq!(serde_json::from_str::<Body>(&text).unwrap().bytes(), bytes);
        }
    }
}
