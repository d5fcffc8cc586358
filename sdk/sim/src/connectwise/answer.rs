//! Owns the shapes ConnectWise answers in, errors above all; does not own why something is refused.

use super::json::Json;
use crate::fault::FaultKind;

pub(crate) const JSON: &str = "application/json; charset=utf-8";
const HTML_429: &str = "<html><head><title>429 Too Many Requests</title></head><body><center><h1>429 Too Many Requests\
                        </h1></center><hr><center>cloudflare</center></body></html>";
const TOO_MANY: &str =
    "{\"error\":\"ConnectWiseAPI\",\"message\":\"Too many requests. Please try again in 30 seconds.\"}";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Json) -> Self {
        Self { status, headers: Vec::new(), content_type: JSON, body: body.print() }
    }

    pub(crate) fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), content_type: "text/plain; charset=utf-8", body: body.into() }
    }

    fn html(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), content_type: "text/html", body: body.to_owned() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn cannot_route() -> Self {
        Self::text(400, "Cannot route. Codebase/company is invalid")
    }

    pub(crate) fn too_many(retry_after: Option<String>) -> Self {
        match retry_after {
            None => Self::html(429, HTML_429),
            Some(when) => Self { content_type: JSON, ..Self::text(429, TOO_MANY) }.with("Retry-After", when),
        }
    }
}

/// One entry of `errors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Nested {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) field: String,
}

impl Nested {
    pub(crate) fn new(code: &'static str, field: &str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: field.to_owned() }
    }

    pub(crate) fn required(field: &str) -> Self {
        Self::new("MissingRequiredField", field, format!("The {field} field is required."))
    }

    pub(crate) fn unknown(field: &str, id: &str) -> Self {
        Self::new("NotFound", field, format!("{field} {id} not found"))
    }
}

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 400 with everything that is wrong with the record.
    Invalid {
        resource: &'static str,
        errors: Vec<Nested>,
    },
    /// A member that the pinned model does not have.
    Member {
        member: String,
        type_name: &'static str,
    },
    /// A condition, order or list of fields that cannot be understood.
    Condition(String),
    EnumValue,
    NotFound(String),
    NoEndpoint,
    /// 500, and asking again does not help.
    Convert(String),
    Role,
    OutOfRange(String),
    Body(String),
    Method,
    MediaType,
    Version(String),
    UrlTooLong,
}

fn coded(status: u16, code: &str, message: impl Into<String>) -> Answer {
    Answer::json(status, &Json::object([("code", Json::text(code)), ("message", Json::text(message))]))
}

pub(crate) fn unauthorized() -> Answer {
    coded(401, "UserNotAuthenticated", "The credentials are not valid.")
}

pub(crate) fn no_client_id(status: u16) -> Answer {
    coded(status, "ClientId", "A valid clientId is required.")
}

pub(crate) fn ssl_required() -> Answer {
    let body = Json::Object(vec![
        ("code".to_owned(), Json::text("Security")),
        ("message".to_owned(), Json::text("SSL is required.")),
        ("errors".to_owned(), Json::Null),
    ]);
    Answer::json(403, &body)
}

fn invalid(resource: &str, errors: Vec<Nested>) -> Answer {
    let nested = errors.into_iter().map(|error| {
        Json::object([
            ("code", Json::text(error.code)),
            ("message", Json::text(error.message)),
            ("resource", Json::text(resource)),
            ("field", Json::text(error.field)),
        ])
    });
    let body = Json::object([
        ("code", Json::text("InvalidObject")),
        ("message", Json::text(format!("{resource} object is invalid"))),
        ("errors", Json::List(nested.collect())),
    ]);
    Answer::json(400, &body)
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid { resource, errors } => invalid(resource, errors),
            Refusal::Member { member, type_name } => coded(
                400,
                "InvalidObject",
                format!("Could not find member '{member}' on object of type '{type_name}'."),
            ),
            Refusal::Condition(message) => coded(400, "ApiFindCondition", message),
            Refusal::EnumValue => coded(400, "ApiFindCondition", "Enum value supplied was invalid"),
            Refusal::NotFound(message) => coded(404, "NotFound", message),
            Refusal::NoEndpoint => coded(404, "ConnectWiseApi", "The endpoint does not exist."),
            Refusal::Convert(message) => coded(500, "ConnectWiseApi", message),
            Refusal::Role => coded(403, "Unauthorized", "You do not have security permission to perform this action."),
            Refusal::OutOfRange(message) => coded(400, "OutOfRange", message),
            Refusal::Body(message) => coded(400, "InvalidObject", message),
            Refusal::Method => coded(405, "ConnectWiseApi", "The requested resource does not support this method."),
            Refusal::MediaType => coded(415, "ConnectWiseApi", "The media type of the body is not supported."),
            Refusal::Version(version) => coded(415, "ConnectWiseApi", format!("Version {version} is not supported.")),
            Refusal::UrlTooLong => {
                Answer::html(414, "<html><head><title>414 Request-URI Too Large</title></head></html>")
            }
        }
    }
}

/// What the real one says on its bad days, to put into a `Fault`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// 429 as the guide shows it, with this many seconds.
    TooMany(u32),
    TooManyMalformed,
    TooManyHtml,
    /// 500 that is worth another try.
    Timeout,
    PoolTimeout,
    /// 500 that is not.
    NotABoolean,
    CannotRoute,
    SslRequired,
    Conflict,
    BadGateway,
}

impl Mood {
    /// The answer in place of the vendor's work.
    #[must_use]
    pub fn instead(self) -> FaultKind {
        let (code, headers, body) = self.parts();
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        FaultKind::Status { code, headers, body: body.to_owned() }
    }

    /// The answer after the vendor's work was done.
    #[must_use]
    pub fn after_commit(self) -> FaultKind {
        let (code, _, body) = self.parts();
        FaultKind::StatusAfterCommit { code, body: body.to_owned() }
    }

    fn parts(self) -> (u16, Vec<(&'static str, String)>, &'static str) {
        let json = |more: Option<String>| {
            let mut headers = vec![("Content-Type", JSON.to_owned())];
            headers.extend(more.map(|value| ("Retry-After", value)));
            headers
        };
        let html = || vec![("Content-Type", "text/html".to_owned())];
        match self {
            Self::TooMany(seconds) => (429, json(Some(seconds.to_string())), TOO_MANY),
            Self::TooManyMalformed => (429, json(Some("soon".to_owned())), TOO_MANY),
            Self::TooManyHtml => (429, html(), HTML_429),
            Self::Timeout => (
                500,
                json(None),
                "{\"code\":\"ConnectWiseApi\",\"message\":\"A timeout has occured. Please try again.\"}",
            ),
            Self::PoolTimeout => (
                500,
                json(None),
                "{\"code\":\"ConnectWiseApi\",\"message\":\"Timeout expired. The timeout period elapsed prior to \
                 obtaining a connection from the pool.\"}",
            ),
            Self::NotABoolean => (
                500,
                json(None),
                "{\"code\":\"ConnectWiseApi\",\"message\":\"String was not recognized as a valid Boolean.\"}",
            ),
            Self::CannotRoute => {
                (400, vec![("Content-Type", "text/plain".to_owned())], "Cannot route. Codebase/company is invalid")
            }
            Self::SslRequired => {
                (403, json(None), "{\"code\":\"Security\",\"message\":\"SSL is required.\",\"errors\":null}")
            }
            Self::Conflict => {
                (409, json(None), "{\"code\":\"Conflict\",\"message\":\"Record possibly in use or another conflict\"}")
            }
            Self::BadGateway => (502, html(), "<html><head><title>502 Bad Gateway</title></head></html>"),
        }
    }
}
