//! Owns: the marketplace's error answers. Their body is not in its specification; clients in the wild expect this one.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    NoKey,
    NotSignedIn(&'static str),
    TooMany { retry_after: Option<i64> },
    BadRequest(String),
    NotFound { what: &'static str, id: String },
    Conflict(String),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, code, message, details) = match &self {
            Self::NoKey => (
                StatusCode::UNAUTHORIZED,
                "SubscriptionKeyInvalid",
                "Access denied due to missing or invalid subscription key.".to_owned(),
                String::new(),
            ),
            Self::NotSignedIn(why) => {
                (StatusCode::UNAUTHORIZED, "Unauthorized", "Authorization failed.".to_owned(), (*why).to_owned())
            }
            Self::TooMany { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                "RateLimitExceeded",
                "Rate limit is exceeded. Try again later.".to_owned(),
                String::new(),
            ),
            Self::BadRequest(details) => {
                (StatusCode::BAD_REQUEST, "ValidationError", "The request is invalid.".to_owned(), details.clone())
            }
            Self::NotFound { what, id } => {
                (StatusCode::NOT_FOUND, "NotFound", format!("The {what} is not found."), format!("{what} {id}"))
            }
            Self::Conflict(details) => {
                (StatusCode::CONFLICT, "Conflict", "The request conflicts.".to_owned(), details.clone())
            }
        };
        let body = Json(json!({ "code": code, "message": message, "details": details }));
        let mut response = (status, body).into_response();
        if let Self::TooMany { retry_after: Some(seconds) } = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
