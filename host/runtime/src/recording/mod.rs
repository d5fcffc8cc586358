//! Plan calls on file: what a plugin was asked, what it asked and was told, what came of it; to be played back without a
//! network. Owns the format; `tape` records, `playback` plays. A recording holds customers' data and never a secret.

mod playback;
mod redact;
mod tape;

use chrono::{DateTime, Utc};
use counterfoil_domain::failure::Failure;
use counterfoil_domain::job::Job;
use counterfoil_domain::plan::Plan;
use counterfoil_domain::wire::{Request, Response};
use serde::{Deserialize, Serialize};

pub use playback::{ReplayError, Replayed, replay};
pub use tape::Tape;

use crate::convert;
use crate::sandbox::bindings::counterfoil::target::types::Failure as RawFailure;
use crate::sandbox::bindings::exports::counterfoil::target::documents::{Job as RawJob, Proposal};

const FORMAT: u32 = 1;
/// Bytes of one recording's file that are read.
pub const MOST_BYTES: u64 = 32 * 1024 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error("it is no recording: {0}")]
    Shape(#[from] serde_json::Error),
    #[error("it is a recording of format {0}, and this version reads {FORMAT}. Play it with the version that made it")]
    Format(u32),
}

/// Where and when a plan call was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub run: String,
    pub connection: String,
    pub plugin: String,
    pub version: String,
    pub digest: String,
    /// The guest's clock stood here.
    #[serde(with = "instant")]
    pub at: DateTime<Utc>,
}

/// "2026-11-22T08:00:00+00:00".
mod instant {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&at.to_rfc3339())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(given: D) -> Result<DateTime<Utc>, D::Error> {
        let text = String::deserialize(given)?;
        DateTime::parse_from_rfc3339(&text).map(|at| at.to_utc()).map_err(D::Error::custom)
    }
}

/// One plan call.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Recording {
    format: u32,
    pub origin: Origin,
    jobs: Vec<RawJob>,
    calls: Vec<Exchanged>,
    /// Calls that had no room.
    left_out: usize,
    /// What it came to then; a failure of the whole call is a text.
    outcome: Result<Vec<Planned>, String>,
}

/// What one job came to, as the contract words it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Planned {
    Plan(Box<Proposal>),
    Failure(RawFailure),
}

/// A request and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Exchanged {
    operation: String,
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Body,
    answer: Answered,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answered {
    Response { status: u16, headers: Vec<(String, String)>, body: Body },
    Failure { class: String, code: String, message: String },
}

/// Readable where it is text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Body {
    Text(String),
    Base64(String),
}

impl Body {
    fn of(bytes: &[u8]) -> Self {
        use base64::Engine as _;
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Base64(base64::engine::general_purpose::STANDARD.encode(bytes)),
        }
    }

    /// What cannot be decoded was written by nobody of ours, and is empty.
    fn bytes(&self) -> Vec<u8> {
        use base64::Engine as _;
        match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Base64(text) => base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default(),
        }
    }
}

impl Exchanged {
    fn of(request: &Request, answer: &Result<Response, Failure>) -> Self {
        let answer = match answer {
            Ok(response) => Answered::Response {
                status: response.status,
                headers: redact::headers(&response.headers),
                body: Body::of(&redact::body(&response.body)),
            },
            Err(failure) => Answered::Failure {
                class: failure.class.name().to_owned(),
                code: failure.code.clone(),
                message: failure.message.clone(),
            },
        };
        Self {
            operation: request.operation.clone(),
            method: request.method.clone(),
            path: request.path.clone(),
            query: redact::headers(&request.query),
            headers: redact::headers(&request.headers),
            body: Body::of(&redact::body(&request.body)),
            answer,
        }
    }

    fn bytes(&self) -> usize {
        let answer = match &self.answer {
            Answered::Response { body, .. } => body.bytes().len(),
            Answered::Failure { message, .. } => message.len(),
        };
        answer + self.body.bytes().len()
    }
}

impl Recording {
    /// A job that the contract cannot carry was never asked, and is left out.
    fn of(origin: Origin, jobs: Vec<Job>, (calls, left_out): (Vec<Exchanged>, usize)) -> Self {
        let jobs = jobs.into_iter().filter_map(|job| convert::raw_job(job).ok()).collect();
        Self { format: FORMAT, origin, jobs, calls, left_out, outcome: Ok(Vec::new()) }
    }

    /// # Errors
    /// When the text is no recording of this format.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        #[derive(Deserialize)]
        struct Formatted {
            format: u32,
        }
        let formatted: Formatted = serde_json::from_str(text)?;
        if formatted.format != FORMAT {
            return Err(RecordingError::Format(formatted.format));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// # Errors
    /// When it cannot be written as JSON, which is a defect.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    pub fn jobs(&self) -> usize {
        self.jobs.len()
    }

    pub fn calls(&self) -> usize {
        self.calls.len()
    }

    pub fn left_out(&self) -> usize {
        self.left_out
    }
}

fn planned(answer: Result<Plan, Failure>) -> Planned {
    let made = answer.and_then(|plan| convert::raw_plan(plan, Vec::new()));
    made.map_or_else(|failure| Planned::Failure(convert::raw_failure(failure)), |plan| Planned::Plan(Box::new(plan)))
}
