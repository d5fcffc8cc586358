//! Owns the record of what a vendor was asked and what it answered; does not own requests a fault kept from the vendor
//! (see `Faults::hits`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{self, Body};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Larger bodies than any vendor takes are refused before they are buffered.
const BODY_CAP: usize = 16 * 1024 * 1024;

/// One request a vendor's handler processed, with its answer (whether or not the answer arrived).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exchange {
    pub method: String,
    pub path: String,
    pub query: String,
    pub request_headers: Vec<(String, String)>,
    pub body: String,
    pub status: u16,
    pub response_body: String,
}

/// What one vendor was asked; clones share the same record.
#[derive(Debug, Clone, Default)]
pub struct ExchangeLog {
    entries: Arc<Mutex<Vec<Exchange>>>,
}

impl ExchangeLog {
    fn lock(&self) -> MutexGuard<'_, Vec<Exchange>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[must_use]
    pub fn entries(&self) -> Vec<Exchange> {
        self.lock().clone()
    }

    #[must_use]
    pub fn count(&self, pred: impl Fn(&Exchange) -> bool) -> usize {
        self.lock().iter().filter(|exchange| pred(exchange)).count()
    }

    pub fn record(&self, exchange: Exchange) {
        self.lock().push(exchange);
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Records every exchange of `router`. Put it inside `Faults::apply`, so that a committed write whose answer is
    /// lost is recorded all the same.
    pub fn apply(&self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self.clone(), recorded))
    }
}

async fn recorded(State(log): State<ExchangeLog>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = body::to_bytes(body, BODY_CAP).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let mut exchange = Exchange {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        request_headers: shown(&parts.headers),
        body: String::from_utf8_lossy(&bytes).into_owned(),
        status: 0,
        response_body: String::new(),
    };
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    let (parts, body) = response.into_parts();
    let Ok(bytes) = body::to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    exchange.status = parts.status.as_u16();
    exchange.response_body = String::from_utf8_lossy(&bytes).into_owned();
    log.record(exchange);
    Response::from_parts(parts, Body::from(bytes))
}

fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let secret = |name: &header::HeaderName| *name == header::AUTHORIZATION || *name == header::COOKIE;
    headers
        .iter()
        .map(|(name, value)| {
            let value =
                if secret(name) { "…".to_owned() } else { String::from_utf8_lossy(value.as_bytes()).into_owned() };
            (name.to_string(), value)
        })
        .collect()
}
