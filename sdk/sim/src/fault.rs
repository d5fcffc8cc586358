//! Owns what goes wrong between a client and a simulated vendor; does not own what the vendor itself does wrong
//! (lies, lag, cached errors: those are switches of each vendor).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{self, Body};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::host::Line;

/// Which requests go wrong, and how: the first `skip` matching ones pass, the next `times` are hit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Any method when absent.
    pub method: Option<String>,
    /// Matched against path and query (`/path?query`); empty matches everything.
    pub path_contains: String,
    pub skip: u32,
    pub times: u32,
    pub kind: FaultKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// Connection closed before the handler runs.
    LoseBefore,
    /// The connection is closed while the handler runs: the vendor commits, and nobody can say whether it did before.
    LoseDuring,
    /// The handler runs (the vendor commits), then the connection is closed without an answer.
    LoseAfter,
    /// The handler runs, then the connection is reset: the client sees an error, not an end.
    Reset,
    /// The handler runs; the head and half of the body arrive, then the connection is closed.
    HalfBody,
    /// This answer; the handler does not run.
    Status { code: u16, headers: Vec<(String, String)>, body: String },
    /// The handler runs (the vendor commits), but this is the answer.
    StatusAfterCommit { code: u16, body: String },
    /// The handler runs at once, its answer comes late: a client that gives up has committed.
    Slow(Duration),
    /// The handler runs; its answer comes a byte at a time, with this pause before each (slow-loris).
    Drip(Duration),
    /// The connection is closed at once; the handler runs after the delay.
    LateCommit(Duration),
    /// The handler runs; the answer is 200 with JSON that cannot be read.
    Malformed,
    /// The handler runs; every list in its answer is empty.
    EmptyList,
}

/// A request that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub kind: FaultKind,
}

#[derive(Debug, Default)]
struct Plan {
    faults: Vec<Fault>,
    hits: Vec<Hit>,
}

/// The faults in force; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    plan: Arc<Mutex<Plan>>,
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn inject(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// Forgets the faults; what was hit stays known.
    pub fn clear(&self) {
        self.lock().faults.clear();
    }

    /// The requests hit so far, in order.
    #[must_use]
    pub fn hits(&self) -> Vec<Hit> {
        self.lock().hits.clone()
    }

    /// Puts the faults in front of a vendor's routes.
    pub fn apply(&self, router: Router) -> Router {
        router.layer(middleware::from_fn_with_state(self.clone(), faulted))
    }

    /// The first fault due for this request; counting and deciding are one step, so parallel requests share a budget.
    fn due(&self, method: &str, target: &str) -> Option<FaultKind> {
        let mut plan = self.lock();
        let fault = plan.faults.iter_mut().find(|fault| fault.concerns(method, target))?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.times -= 1;
        let kind = fault.kind.clone();
        plan.hits.push(Hit { method: method.to_owned(), target: target.to_owned(), kind: kind.clone() });
        Some(kind)
    }
}

impl Fault {
    /// A fault for the next matching request.
    #[must_use]
    pub fn once(method: &str, path_contains: &str, kind: FaultKind) -> Self {
        Self { method: Some(method.to_owned()), path_contains: path_contains.to_owned(), skip: 0, times: 1, kind }
    }

    fn concerns(&self, method: &str, target: &str) -> bool {
        self.times > 0
            && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && target.contains(&self.path_contains)
    }
}

async fn faulted(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let Some(kind) = faults.due(request.method().as_str(), &target) else {
        return next.run(request).await;
    };
    let line = request.extensions().get::<ConnectInfo<Line>>().map(|info| info.0.clone());
    match kind {
        FaultKind::LoseBefore => lost(line),
        FaultKind::LoseDuring => {
            // A task of its own, as below.
            tokio::spawn(next.run(request));
            lost(line)
        }
        FaultKind::LoseAfter => {
            handled(request, next).await;
            lost(line)
        }
        FaultKind::Reset => {
            handled(request, next).await;
            line.iter().for_each(Line::reset);
            lost(line)
        }
        FaultKind::Drip(pause) => {
            let (parts, bytes) = handled(request, next).await;
            line.iter().for_each(|line| line.drip(pause));
            Response::from_parts(parts, Body::from(bytes))
        }
        FaultKind::HalfBody => {
            let (parts, bytes) = handled(request, next).await;
            if let Some(line) = line {
                line.cut_after_body(bytes.len() / 2);
            }
            Response::from_parts(parts, Body::from(bytes))
        }
        FaultKind::Status { code, headers, body } => said(code, &headers, body),
        FaultKind::StatusAfterCommit { code, body } => {
            handled(request, next).await;
            said(code, &[], body)
        }
        FaultKind::Slow(delay) => {
            let (parts, bytes) = handled(request, next).await;
            tokio::time::sleep(delay).await;
            Response::from_parts(parts, Body::from(bytes))
        }
        FaultKind::LateCommit(delay) => {
            // A task of its own: the connection's end must not take the commit with it.
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                next.run(request).await
            });
            lost(line)
        }
        FaultKind::Malformed => {
            let (parts, bytes) = handled(request, next).await;
            malformed(parts.headers, &bytes)
        }
        FaultKind::EmptyList => {
            let (parts, bytes) = handled(request, next).await;
            emptied(parts.status, parts.headers, &bytes)
        }
    }
}

type Answer = (axum::http::response::Parts, body::Bytes);

async fn handled(request: Request, next: Next) -> Answer {
    let (parts, body) = next.run(request).await.into_parts();
    // Simulated answers are in memory; reading one cannot fail.
    let bytes = body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    (parts, bytes)
}

/// Breaks the connection. The answer is for routers used without a connection, and never reaches a client.
fn lost(line: Option<Line>) -> Response {
    if let Some(line) = line {
        line.cut();
    }
    (StatusCode::BAD_GATEWAY, "the simulator lost this answer").into_response()
}

fn said(code: u16, headers: &[(String, String)], body: String) -> Response {
    let mut response = body.into_response();
    *response.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn json_answer(status: StatusCode, mut headers: HeaderMap, body: impl Into<Body>) -> Response {
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn malformed(headers: HeaderMap, bytes: &[u8]) -> Response {
    let mut broken = bytes[..bytes.len() / 2].to_vec();
    broken.extend_from_slice(b"\",{");
    json_answer(StatusCode::OK, headers, broken)
}

fn emptied(status: StatusCode, mut headers: HeaderMap, bytes: &[u8]) -> Response {
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else {
        return json_answer(status, headers, bytes.to_vec());
    };
    match &mut value {
        Value::Array(list) => list.clear(),
        Value::Object(fields) => fields.values_mut().filter_map(Value::as_array_mut).for_each(Vec::clear),
        _ => {}
    }
    if headers.contains_key(header::CONTENT_RANGE) {
        headers.insert(header::CONTENT_RANGE, HeaderValue::from_static("items 0-0/0"));
    }
    json_answer(status, headers, value.to_string())
}
