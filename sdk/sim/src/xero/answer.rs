//! Owns the shapes Xero answers in: envelopes, whole-request errors, per-element errors.
//!
//! Does not own why something is refused.

use chrono::{DateTime, Utc};

use super::dates;
use super::json::Json;

pub(crate) const JSON: &str = "application/json; charset=utf-8";
pub(crate) const ZERO_GUID: &str = "00000000-0000-0000-0000-000000000000";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &Json) -> Self {
        let content_type = JSON;
        Self { status, headers: Vec::new(), content_type, body: body.print() }
    }

    pub(crate) fn text(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), content_type: "text/plain; charset=utf-8", body: body.into() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Why a whole request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotFound,
    /// 14: an element that does not exist or has the wrong type.
    PostData(String),
    /// 17: nothing usable in the body.
    NoData(&'static str),
    /// 16: a `where` or page that cannot be read.
    Query(String),
    /// 10 with one message, for requests on a single thing.
    Validation(Vec<String>),
    UrlTooLong,
    NotImplemented,
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Answer::text(404, "The resource you're looking for cannot be found"),
            Refusal::PostData(why) => exception(14, "PostDataInvalidException", &why),
            Refusal::NoData(endpoint) => exception(
                17,
                "NoDataProcessedException",
                &format!(
                    "No data has been processed for this endpoint. This endpoint is expecting {endpoint} data to be \
                     specifed in the request body."
                ),
            ),
            Refusal::Query(why) => exception(16, "QueryParseException", &why),
            Refusal::Validation(errors) => {
                validation_exception(vec![Json::object([("ValidationErrors", messages(&errors))])])
            }
            Refusal::UrlTooLong => Answer {
                status: 414,
                headers: Vec::new(),
                content_type: "text/html",
                body: "<html><head><title>414 Request-URI Too Large</title></head></html>".to_owned(),
            },
            Refusal::NotImplemented => Answer::text(501, "The method is not implemented by this simulator"),
        }
    }
}

fn exception(number: i64, kind: &str, message: &str) -> Answer {
    let body = Json::object([("ErrorNumber", Json::whole(number)), ("Type", kind.into()), ("Message", message.into())]);
    Answer::json(400, &body)
}

pub(crate) fn validation_exception(elements: Vec<Json>) -> Answer {
    let body = Json::object([
        ("ErrorNumber", Json::whole(10)),
        ("Type", "ValidationException".into()),
        ("Message", "A validation exception occurred".into()),
        ("Elements", Json::List(elements)),
    ]);
    Answer::json(400, &body)
}

pub(crate) fn messages(errors: &[String]) -> Json {
    Json::List(errors.iter().map(|error| Json::object([("Message", error.into())])).collect())
}

/// Which slice of a list an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) number: usize,
    pub(crate) size: usize,
}

/// What an answer's envelope says beside its elements.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub(crate) id: String,
    pub(crate) now: DateTime<Utc>,
}

impl Envelope {
    pub(crate) fn list(&self, name: &str, elements: Vec<Json>) -> Answer {
        Answer::json(200, &self.wrap(name, elements, None))
    }

    /// Cuts the page out of all that matched.
    pub(crate) fn page<T>(&self, name: &str, all: Vec<T>, page: Option<Page>, show: impl Fn(T) -> Json) -> Answer {
        let Some(page) = page else {
            return self.list(name, all.into_iter().map(show).collect());
        };
        let count = all.len();
        let pages = count.div_ceil(page.size);
        let pagination = Json::object([
            ("page", Json::Number(page.number.into())),
            ("pageSize", Json::Number(page.size.into())),
            ("pageCount", Json::Number(pages.into())),
            ("itemCount", Json::Number(count.into())),
        ]);
        let skipped = page.number.saturating_sub(1).saturating_mul(page.size);
        let shown = all.into_iter().skip(skipped).take(page.size).map(show).collect();
        Answer::json(200, &self.wrap(name, shown, Some(pagination)))
    }

    fn wrap(&self, name: &str, elements: Vec<Json>, pagination: Option<Json>) -> Json {
        Json::object([
            ("Id", Json::text(&self.id)),
            ("Status", "OK".into()),
            ("ProviderName", "Counterfoil simulator".into()),
            ("DateTimeUTC", dates::bare_instant(self.now)),
            ("pagination", pagination.unwrap_or(Json::Null)),
            (name, Json::List(elements)),
        ])
    }
}

/// How one element of a batch ended. Elements are independent: a failed one never takes a good one back.
#[derive(Debug, Clone)]
pub(crate) enum Outcome {
    Saved(Json),
    Failed { echo: Json, errors: Vec<String> },
}

/// The names a collection goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Collection {
    pub(crate) name: &'static str,
    pub(crate) id: &'static str,
    pub(crate) flag: &'static str,
}

/// Summary mode: 400 with the failed elements only, the ids of the saved ones withheld. Otherwise 200 with all, in order.
pub(crate) fn batch(envelope: &Envelope, collection: Collection, outcomes: Vec<Outcome>, summarize: bool) -> Answer {
    let failed = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Failed { .. }));
    if summarize && failed {
        let elements = outcomes.into_iter().filter_map(|outcome| match outcome {
            Outcome::Saved(_) => None,
            Outcome::Failed { echo, errors } => Some(failure(collection, echo, &errors)),
        });
        return validation_exception(elements.collect());
    }
    let elements = outcomes.into_iter().map(|outcome| match outcome {
        Outcome::Saved(mut element) => {
            element.set("StatusAttributeString", "OK".into());
            element
        }
        Outcome::Failed { echo, errors } => failure(collection, echo, &errors),
    });
    envelope.list(collection.name, elements.collect())
}

fn failure(collection: Collection, echo: Json, errors: &[String]) -> Json {
    let mut element = Json::object([(collection.id, ZERO_GUID.into())]);
    if let Json::Object(fields) = echo {
        fields.into_iter().for_each(|(name, value)| element.set(&name, value));
    }
    element.set(collection.flag, true.into());
    element.set("StatusAttributeString", "ERROR".into());
    element.set("ValidationErrors", messages(errors));
    element
}
