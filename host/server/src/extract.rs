//! What comes in: JSON bodies, queries and path parts whose refusals are problems, not plain text.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, OptionalFromRequest, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::{Code, Problem};

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

fn body_problem(rejection: &JsonRejection) -> Problem {
    let kept = "Nothing was changed.";
    let (code, act) = match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => (Code::TooLarge, "Send at most 2 MiB."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (Code::NotJson, "Send it with Content-Type: application/json."),
        StatusCode::UNPROCESSABLE_ENTITY => {
            (Code::Invalid, "Correct the named field; /v1/openapi.json describes them all.")
        }
        _ => (Code::BadRequest, "Send well-formed JSON."),
    };
    let text = rejection.body_text();
    Problem::new(code, format!("{}.", text.trim_end_matches('.')), kept, act)
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match <Json<T> as FromRequest<S>>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(rejection) => Err(body_problem(&rejection)),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Problem> {
        match <Json<T> as OptionalFromRequest<S>>::from_request(request, state).await {
            Ok(value) => Ok(value.map(|Json(value)| Self(value))),
            Err(rejection) => Err(body_problem(&rejection)),
        }
    }
}

/// The query string.
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => Err(Problem::new(
                Code::BadRequest,
                format!("{}.", rejection.body_text().trim_end_matches('.')),
                "Nothing was changed.",
                "Correct the query; /v1/openapi.json describes it.",
            )),
        }
    }
}

/// The id in the path.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(unreadable_id()),
        }
    }
}

/// Two ids in the path.
pub(crate) struct Two(pub(crate) String, pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Two {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<(String, String)>::from_request_parts(parts, state).await {
            Ok(Path((first, second))) => Ok(Self(first, second)),
            Err(_) => Err(unreadable_id()),
        }
    }
}

fn unreadable_id() -> Problem {
    Problem::new(
        Code::NotFound,
        "The id in the address cannot be read.",
        "Nothing was changed.",
        "Percent-encode it as UTF-8; lists show the ids that exist.",
    )
}

/// Several ids in the path, as a tuple.
pub(crate) struct Ids<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Ids<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(ids)) => Ok(Self(ids)),
            Err(_) => Err(unreadable_id()),
        }
    }
}
