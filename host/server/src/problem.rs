//! Problems as RFC 9457 has them, with what a caller needs to know about money: whether anything was
//! written, and whether asking again can help. Every refusal of this server is one of these.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use counterfoil_domain::failure::FailureClass;
use counterfoil_domain::ports::{CallError, CommitError, StoreError, VaultError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

tokio::task_local! {
    /// The id of the request that is being answered.
    pub(crate) static REQUEST_ID: String;
}

/// How problems are answered to programs.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! codes {
    ($($member:ident = $text:literal, $status:ident, $title:literal, $retriable:literal;)+) => {
        /// Stable names of problems, with their status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($member),+ }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$member),+];

            pub fn name(self) -> &'static str {
                match self { $(Self::$member => $text),+ }
            }

            pub fn status(self) -> StatusCode {
                match self { $(Self::$member => StatusCode::$status),+ }
            }

            fn title(self) -> &'static str {
                match self { $(Self::$member => $title),+ }
            }

            fn retriable(self) -> bool {
                match self { $(Self::$member => $retriable),+ }
            }
        }
    };
}

codes! {
    BadRequest = "bad-request", BAD_REQUEST, "The request cannot be read", false;
    SignInNeeded = "sign-in-needed", UNAUTHORIZED, "Sign in first", false;
    NotAllowed = "not-allowed", FORBIDDEN, "Your role does not allow this", false;
    CrossSite = "cross-site", FORBIDDEN, "The request did not come from this site's own pages", false;
    NotFound = "not-found", NOT_FOUND, "There is no such thing", false;
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "This address does not take that method", false;
    TaskState = "task-state", CONFLICT, "The task's state does not allow this", false;
    ConnectionPaused = "connection-paused", CONFLICT, "The connection is not enabled", false;
    NotChecked = "not-checked-yet", CONFLICT, "The connection has not been checked yet", false;
    PlanAltered = "plan-altered", CONFLICT, "A stored plan does not match its digest", false;
    PlanNeedsPerson = "plan-needs-person", CONFLICT, "Somebody must accept what the checker found", false;
    PluginWider = "plugin-wider", CONFLICT, "The plugin asks for more than the active version", false;
    PluginProbe = "plugin-probe-failed", CONFLICT, "The plugin does not work with a connection", false;
    PluginBusy = "plugin-busy", CONFLICT, "Work is under way that the plugin would send elsewhere", true;
    PluginNoFormer = "plugin-no-former", CONFLICT, "There is no former version", false;
    ProgramOff = "program-off", CONFLICT, "The program is switched off", false;
    ChangedMeanwhile = "changed-meanwhile", CONFLICT, "Somebody else changed it first", true;
    LastAdmin = "last-admin", CONFLICT, "There must be an administrator", false;
    Unsupported = "unsupported", CONFLICT, "The target cannot do that", false;
    CatalogBusy = "catalog-busy", CONFLICT, "Another run works on these catalogs", true;
    CatalogState = "catalog-state", CONFLICT, "The run's state does not allow this", false;
    CatalogStale = "catalog-stale", PRECONDITION_FAILED, "The catalogs were synchronized since", false;
    TooEarly = "too-early", CONFLICT, "It is too early to decide that", true;
    DecisionStale = "decision-stale", PRECONDITION_FAILED, "What was decided about is not what is uncertain now", false;
    PlanStale = "plan-stale", PRECONDITION_FAILED, "The plan is no longer what the task would do", false;
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "The request is too large", false;
    NotJson = "not-json", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON", false;
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "Something in the request is not right", false;
    SetupInvalid = "setup-invalid", UNPROCESSABLE_ENTITY, "The setup document has problems", false;
    PluginRefused = "plugin-refused", UNPROCESSABLE_ENTITY, "The plugin cannot be taken in", false;
    PluginUntrusted = "plugin-untrusted", UNPROCESSABLE_ENTITY, "Nobody who is trusted answers for the plugin", false;
    PlanUnknown = "plan-unknown", UNPROCESSABLE_ENTITY, "There is no plan with that digest", false;
    PlanBlocked = "plan-blocked", UNPROCESSABLE_ENTITY, "The checker does not let this plan be sent", false;
    KeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The Idempotency-Key was used for another request", false;
    TargetRefused = "target-refused", UNPROCESSABLE_ENTITY, "The target refused", false;
    TargetThrottled = "target-throttled", TOO_MANY_REQUESTS, "The target asks to wait", true;
    TargetSignIn = "target-sign-in", BAD_GATEWAY, "The target does not accept the connection's credentials", false;
    TargetUnavailable = "target-unavailable", BAD_GATEWAY, "The target did not answer as it should", true;
    TargetUncertain = "target-uncertain", BAD_GATEWAY, "It is not known whether the target did it", false;
    Internal = "internal", INTERNAL_SERVER_ERROR, "Counterfoil made a mistake", false;
    StoreBusy = "store-busy", SERVICE_UNAVAILABLE, "The store is busy", true;
    StoreUnavailable = "store-unavailable", SERVICE_UNAVAILABLE, "The store cannot be used", true;
}

/// Whether the request has written something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Outcome)]
pub enum OutcomeWord {
    None,
    Committed,
    Uncertain,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fault {
    /// JSON pointer into the request.
    pub pointer: String,
    pub detail: String,
    pub code: String,
}

impl Fault {
    pub fn new(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into(), code: code.to_owned() }
    }
}

/// An RFC 9457 problem, as it is on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// What happened, what it means for the money, what to do.
    pub detail: String,
    pub code: String,
    pub request_id: String,
    /// Asking the same again may succeed.
    pub retriable: bool,
    pub outcome: OutcomeWord,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
}

/// A problem on its way out. Boxed, so that what goes well stays small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem(Box<ProblemBody>);

impl Problem {
    /// The three sentences are asked for one by one, so that none is forgotten.
    pub(crate) fn new(code: Code, happened: impl AsRef<str>, money: &str, act: impl AsRef<str>) -> Self {
        Self(Box::new(ProblemBody {
            kind: format!("urn:counterfoil:problem:{}", code.name()),
            title: code.title().to_owned(),
            status: code.status().as_u16(),
            detail: detail(happened.as_ref(), money, act.as_ref()),
            code: code.name().to_owned(),
            request_id: REQUEST_ID.try_with(Clone::clone).unwrap_or_default(),
            retriable: code.retriable(),
            outcome: OutcomeWord::None,
            errors: Vec::new(),
            retry_after_seconds: None,
        }))
    }

    /// As it was answered once.
    pub(crate) fn of(body: ProblemBody) -> Self {
        Self(Box::new(body))
    }

    pub(crate) fn body(&self) -> &ProblemBody {
        &self.0
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    #[must_use]
    pub(crate) fn with(mut self, errors: Vec<Fault>) -> Self {
        self.0.errors = errors;
        self
    }

    #[must_use]
    pub(crate) fn outcome(mut self, outcome: OutcomeWord) -> Self {
        self.0.outcome = outcome;
        self
    }

    #[must_use]
    pub(crate) fn after(mut self, seconds: u64) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }

    pub(crate) fn not_found(what: &str, id: &str) -> Self {
        Self::new(
            Code::NotFound,
            format!("There is no {what} \"{id}\"."),
            "Nothing was changed.",
            "Check the id; lists show the ones that exist.",
        )
    }

    /// One thing is wrong at one place.
    pub(crate) fn invalid(pointer: &str, code: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let place = pointer.trim_start_matches('/');
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        let end = if detail.ends_with(['.', '?', '!']) { "" } else { "." };
        Self::new(
            Code::Invalid,
            format!("{place}{detail}{end}"),
            "Nothing was changed.",
            "Correct it and send the request again.",
        )
        .with(vec![Fault::new(pointer, code, detail)])
    }

    pub(crate) fn internal(happened: &str) -> Self {
        Self::new(
            Code::Internal,
            happened,
            "Confirmed work is kept and goes on by itself; whether this request was kept is not known.",
            "Look at the runs before you repeat it, and report the request id.",
        )
        .outcome(OutcomeWord::Uncertain)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.0.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"counterfoil\""));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let kept = "Nothing was changed.";
        match error {
            StoreError::Busy => {
                Self::new(Code::StoreBusy, "The store is busy.", kept, "Try again in a few seconds.").after(2)
            }
            StoreError::Unavailable(why) => {
                tracing::error!(%why, "the store cannot be used");
                Self::new(
                    Code::StoreUnavailable,
                    "The store cannot be used.",
                    kept,
                    "Check the disk, then run `counterfoil doctor`.",
                )
                .after(30)
            }
            StoreError::Corrupt { what, problem } => {
                tracing::error!(what, %problem, "a stored thing cannot be read");
                Self::new(
                    Code::Internal,
                    format!("A stored {what} cannot be read."),
                    kept,
                    "Restore the last backup or report the request id.",
                )
            }
        }
    }
}

impl From<CommitError> for Problem {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => error.into(),
            CommitError::Conflict { task, .. } => Self::new(
                Code::ChangedMeanwhile,
                format!("Task {task} was changed by somebody else at the same moment."),
                "Nothing was changed by this request.",
                "Read it again and decide again.",
            ),
            CommitError::AlreadyRunning(run) => Self::new(
                Code::ChangedMeanwhile,
                format!("Run {run} is already doing that."),
                "Nothing was started twice.",
                "Follow that run.",
            ),
            CommitError::KnownEffect(key) => {
                tracing::error!(%key, "the server wrote an effect");
                Self::internal("The journal knows that write already.")
            }
        }
    }
}

impl From<VaultError> for Problem {
    fn from(error: VaultError) -> Self {
        tracing::error!(%error, "the vault");
        let what = match &error {
            VaultError::WrongKey { .. } => "A stored secret cannot be opened with this master key.",
            VaultError::Unavailable(_) => "The place where secrets rest cannot be used.",
        };
        Self::new(
            Code::StoreUnavailable,
            what,
            "Nothing was changed.",
            "Start the server with the master key that sealed the secrets, or set them again.",
        )
    }
}

/// What a target said of the money already is not said twice.
fn detail(happened: &str, money: &str, act: &str) -> String {
    if happened.contains(money) { format!("{happened} {act}") } else { format!("{happened} {money} {act}") }
}

/// A read that a target refused or did not answer: nothing can have been written.
pub(crate) fn of_read(error: CallError) -> Problem {
    of_call(error, OutcomeWord::None)
}

/// A write: where the answer is lost, the outcome is uncertain.
pub(crate) fn of_write(error: CallError) -> Problem {
    of_call(error, OutcomeWord::Uncertain)
}

fn of_call(error: CallError, if_lost: OutcomeWord) -> Problem {
    let said = error.to_string();
    let said = format!("{}.", said.trim_end_matches('.'));
    let nothing = "Nothing was written.";
    let failure = match error {
        CallError::Failed(failure) => failure,
        CallError::Trap { .. } | CallError::Timeout { .. } | CallError::Memory { .. } | CallError::Nonsense(_) => {
            return lost(&said, if_lost);
        }
    };
    match failure.class {
        FailureClass::Rejected | FailureClass::Conflict | FailureClass::NotFound | FailureClass::Unsupported => {
            Problem::new(Code::TargetRefused, said, nothing, "Correct what it names and try again.")
                .with(vec![Fault::new("", &failure.code, failure.message)])
        }
        // Which rule refused it, and the line that would allow it, stand in what was said.
        FailureClass::Forbidden => Problem::new(
            Code::TargetRefused,
            said,
            nothing,
            "Widen the rights of the connection's account, or what the plugin's card allows.",
        )
        .with(vec![Fault::new("", &failure.code, failure.message)]),
        FailureClass::Auth => Problem::new(
            Code::TargetSignIn,
            said,
            nothing,
            "Set the connection's secrets again or widen their rights, then test it.",
        ),
        FailureClass::Throttled => Problem::new(Code::TargetThrottled, said, nothing, "Try again later.")
            .after(failure.retry_after.map_or(60, |wait| wait.as_secs().max(1))),
        FailureClass::Transient => Problem::new(Code::TargetUnavailable, said, nothing, "Try again in a minute."),
        FailureClass::UnknownOutcome | FailureClass::Internal => lost(&said, if_lost),
    }
}

fn lost(said: &str, if_lost: OutcomeWord) -> Problem {
    if if_lost == OutcomeWord::Uncertain {
        Problem::new(
            Code::TargetUncertain,
            said,
            "It may or may not be there; it is not sent again by itself.",
            "Search the target for it before you create it once more.",
        )
        .outcome(OutcomeWord::Uncertain)
    } else {
        Problem::new(
            Code::TargetUnavailable,
            said,
            "Nothing was written.",
            "Try again; if it stays so, look at the plugin.",
        )
    }
}
