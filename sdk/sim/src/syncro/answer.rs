//! Owns the shapes Syncro answers in, errors above all: no two kinds of records have the same. Does not own why something
//! is refused.

use super::json::{Json, object, texts};
use crate::fault::FaultKind;

const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const TOO_MANY: &str = "Rate limit exceeded. 180 requests per minute are allowed per IP address.\n";
const NO_PAGE: &str =
    "<!DOCTYPE html><html><head><title>The page you were looking for doesn't exist (404)</title></head></html>";
const BAD_GATEWAY: &str =
    "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>";
const SERVER_ERROR: &str =
    "<!DOCTYPE html><html><head><title>We're sorry, but something went wrong (500)</title></head></html>";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn ok(body: &Json) -> Self {
        Self::json(200, body)
    }

    pub(crate) fn json(status: u16, body: &Json) -> Self {
        Self { status, content_type: JSON, body: body.print() }
    }

    /// `{"product": {…}}`
    pub(crate) fn wrapped(name: &str, record: Json) -> Self {
        Self::ok(&object([(name, record)]))
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, content_type: JSON, body: String::new() }
    }

    pub(crate) fn too_many() -> Self {
        Self { status: 429, content_type: TEXT, body: TOO_MANY.to_owned() }
    }
}

/// Why a call was refused, in the shape of its kind of record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Schedules and their lines: `{"error":["Name can't be blank"]}`.
    Errors(Vec<String>),
    /// Products and customers: `{"success":false,"message":[…],"params":{…}}`.
    Unsuccessful {
        message: Vec<String>,
        params: Json,
    },
    /// Product SKUs, 400: `{"message":["Vendor is blank"]}`.
    Message(Vec<String>),
    /// Invoices: `{"errors":{"number":["can't be blank"]}}`.
    Nested(Vec<(&'static str, String)>),
    /// 404 without a body.
    Gone,
    NotSignedIn,
    NotAllowed,
    NotJson,
    NoRoute,
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Errors(errors) => Self::json(422, &object([("error", texts(&errors))])),
            Refusal::Unsuccessful { message, params } => Self::json(
                422,
                &object([("success", Json::Bool(false)), ("message", texts(&message)), ("params", params)]),
            ),
            Refusal::Message(message) => Self::json(400, &object([("message", texts(&message))])),
            Refusal::Nested(errors) => {
                let fields = errors.into_iter().map(|(field, error)| (field.to_owned(), texts(&[error]))).collect();
                Self::json(422, &object([("errors", Json::Object(fields))]))
            }
            Refusal::Gone => Self::empty(404),
            Refusal::NotSignedIn => Self::json(401, &object([("error", Json::text("Not authenticated"))])),
            Refusal::NotAllowed => {
                Self::json(403, &object([("message", Json::text("You are not authorized to perform this action."))]))
            }
            Refusal::NotJson => {
                Self::json(400, &object([("status", Json::whole(400)), ("error", Json::text("Bad Request"))]))
            }
            Refusal::NoRoute => Self { status: 404, content_type: HTML, body: NO_PAGE.to_owned() },
        }
    }
}

/// What the real one says on its bad days, to put into a `Fault`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// 429, in text, and no `Retry-After`.
    TooMany,
    BadGateway,
    ServerError,
    /// 200 and a word that is not JSON.
    Disabled,
    EmptyNotFound,
    /// 200 and `null`.
    Null,
    /// 422 of schedules.
    ErrorList,
    /// 422 of products and customers.
    Unsuccessful,
    /// 400 of product SKUs.
    MessageList,
    /// 422 of contracts: one string, beside the record.
    RecordErrors,
    /// 422 with an object.
    NestedErrors,
    /// 200, and nothing was done.
    SaysDone,
    Forbidden,
    Unauthorized,
}

impl Mood {
    pub const ALL: [Self; 14] = [
        Self::TooMany,
        Self::BadGateway,
        Self::ServerError,
        Self::Disabled,
        Self::EmptyNotFound,
        Self::Null,
        Self::ErrorList,
        Self::Unsuccessful,
        Self::MessageList,
        Self::RecordErrors,
        Self::NestedErrors,
        Self::SaysDone,
        Self::Forbidden,
        Self::Unauthorized,
    ];

    /// The answer in place of the vendor's work.
    #[must_use]
    pub fn instead(self) -> FaultKind {
        let answer = self.answer();
        let headers = vec![("Content-Type".to_owned(), answer.content_type.to_owned())];
        FaultKind::Status { code: answer.status, headers, body: answer.body }
    }

    /// The answer after the vendor's work was done.
    #[must_use]
    pub fn after_commit(self) -> FaultKind {
        let answer = self.answer();
        FaultKind::StatusAfterCommit { code: answer.status, body: answer.body }
    }

    fn answer(self) -> Answer {
        let html = |status, body: &str| Answer { status, content_type: HTML, body: body.to_owned() };
        let blank = || "Name can't be blank".to_owned();
        match self {
            Self::TooMany => Answer::too_many(),
            Self::BadGateway => html(502, BAD_GATEWAY),
            Self::ServerError => html(500, SERVER_ERROR),
            Self::Disabled => Answer { status: 200, content_type: TEXT, body: "Disabled".to_owned() },
            Self::EmptyNotFound => Refusal::Gone.into(),
            Self::Null => Answer::ok(&Json::Null),
            Self::ErrorList => Refusal::Errors(vec![blank()]).into(),
            Self::Unsuccessful => Refusal::Unsuccessful { message: vec![blank()], params: object([]) }.into(),
            Self::MessageList => Refusal::Message(vec!["Vendor is blank".to_owned()]).into(),
            Self::RecordErrors => {
                let record = object([("id", Json::Null), ("name", Json::text(""))]);
                Answer::json(422, &object([("record", record), ("errors", Json::text("Customer can't be blank"))]))
            }
            Self::NestedErrors => Refusal::Nested(vec![("name", "can't be blank".to_owned())]).into(),
            Self::SaysDone => Answer::ok(&object([("success", Json::Bool(true))])),
            Self::Forbidden => Refusal::NotAllowed.into(),
            Self::Unauthorized => Refusal::NotSignedIn.into(),
        }
    }
}
