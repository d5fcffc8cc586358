//! Owns: Cloud-iQ's lists and errors as they are written.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::config::Switches;
use crate::statements::door::{self, Asked, BadValue, Json, Shape, Spent, object};

const PAGE_SIZE: u32 = 50;
const PAGE_SIZE_MOST: u32 = 1_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    NotSignedIn,
    OnlyReading,
    TooMany(Spent),
    Bad(BadValue),
    Missing(&'static str),
    NotFound(String),
}

impl From<BadValue> for Failure {
    fn from(value: BadValue) -> Self {
        Self::Bad(value)
    }
}

impl Failure {
    pub(super) fn answer(self, shape: Shape) -> Response {
        let invalid = |field: &str, message: String| {
            object([
                ("ErrorCode", "InvalidValue".into()),
                ("Message", message.into()),
                ("Parameters", object([("Field", field.into())])),
            ])
        };
        let (status, code, message, inner) = match &self {
            Self::NotSignedIn => {
                (StatusCode::UNAUTHORIZED, "Unauthorized", "Authorization has been denied for this request.", None)
            }
            Self::OnlyReading => (StatusCode::FORBIDDEN, "Forbidden", "This simulator may only be read.", None),
            Self::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "Too many requests.", None),
            Self::Bad(bad) => {
                let inner = invalid(&bad.name, format!("The value '{}' is not valid.", bad.value));
                (StatusCode::BAD_REQUEST, "ValidationFailed", "The request is invalid.", Some(inner))
            }
            Self::Missing(name) => {
                let inner = invalid(name, format!("The {name} field is required."));
                (StatusCode::BAD_REQUEST, "ValidationFailed", "The request is invalid.", Some(inner))
            }
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "NotFound", "The entity was not found.", None),
        };
        let parameters = match &self {
            Self::NotFound(what) => object([("Entity", what.as_str().into())]),
            _ => object([]),
        };
        let body = object([
            ("ErrorCode", code.into()),
            ("Message", message.into()),
            ("Parameters", parameters),
            ("ObjectErrors", Json::List(inner.into_iter().collect())),
        ]);
        let mut response = door::json(status, &shape.put(body));
        if let Self::TooMany(Spent(Some(seconds))) = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The page that was asked for, or what the server makes of it.
pub(super) fn list(asked: &Asked, switches: &Switches, rows: Vec<Json>) -> Result<Json, Failure> {
    let number = asked.number("Page")?.unwrap_or(1);
    let size = asked.number("PageSize")?.unwrap_or(PAGE_SIZE);
    if size == 0 {
        return Err(Failure::Bad(BadValue { name: "PageSize".to_owned(), value: "0".to_owned() }));
    }
    let most = if switches.page_size_most == 0 { PAGE_SIZE_MOST } else { switches.page_size_most };
    let (rows, total) = door::page(rows, if switches.ignore_page { 1 } else { number }, size, most);
    let total = if switches.total_hits_of_page { rows.len() } else { total };
    if switches.bare_arrays {
        return Ok(Json::List(rows));
    }
    let total = i64::try_from(total).unwrap_or(i64::MAX);
    Ok(object([("Items", Json::List(rows)), ("TotalHits", Json::whole(total))]))
}
