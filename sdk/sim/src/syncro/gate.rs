//! Owns the way of a call from HTTP to the records and back: budget, sign-in, body, work, and what of it nobody wants done.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{self, Body};
use axum::extract::{Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::answer::{Answer, Refusal};
use super::config::Token;
use super::json::{Json, object};
use super::listing::Call;
use super::params::Params;
use super::tenant::Tenant;
use super::watch::{Violation, ViolationKind, is_payment_or_email};
use super::{customers, invoices, products, schedules, settings};
use crate::exchange_log::Exchange;

const BODY_CAP: usize = 4_000_000;
const BASE: &str = "/api/v1/";
const HIDDEN: &str = "…";

pub(crate) type Shared = Arc<Mutex<Tenant>>;

pub(crate) fn lock(tenant: &Shared) -> MutexGuard<'_, Tenant> {
    tenant.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whatever was asked, outside the control paths.
pub(crate) async fn any(State(tenant): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = body::to_bytes(body, BODY_CAP).await else {
        return respond(Answer::empty(413));
    };
    let body = String::from_utf8_lossy(&bytes);
    let mut tenant = lock(&tenant);
    tenant.noticed.clear();
    if tenant.config.switches.runs_by_itself {
        let day = tenant.ran_until();
        tenant.run_schedules(day);
    }
    let answer = answered(&mut tenant, &parts, &body).unwrap_or_else(|refused| refused);
    keep(&mut tenant, &parts, &body, &answer);
    respond(answer)
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    response
}

/// What was noticed, each with the call and its answer.
fn keep(tenant: &mut Tenant, parts: &Parts, body: &str, answer: &Answer) {
    let noticed = std::mem::take(&mut tenant.noticed);
    if noticed.is_empty() {
        return;
    }
    let query = parts.uri.query().unwrap_or_default();
    let query = if query.contains("api_key") { HIDDEN } else { query };
    let exchange = Exchange {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: query.to_owned(),
        request_headers: Vec::new(),
        body: body.to_owned(),
        status: answer.status,
        response_body: answer.body.clone(),
    };
    let kept = noticed.into_iter().map(|(kind, what)| Violation { kind, what, exchange: exchange.clone() });
    tenant.violations.extend(kept);
}

fn answered(tenant: &mut Tenant, parts: &Parts, body: &str) -> Result<Answer, Answer> {
    let method = parts.method.as_str();
    let path: Vec<&str> = parts
        .uri
        .path()
        .strip_prefix(BASE)
        .ok_or_else(|| Answer::from(Refusal::NoRoute))?
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|_| Answer::from(Refusal::NotJson))?.0;
    // Tried is as bad as done.
    if method == "DELETE" {
        tenant.notice(ViolationKind::Delete, parts.uri.path());
    }
    if is_payment_or_email(&path) {
        tenant.notice(ViolationKind::PaymentOrEmail, format!("{method} {}", parts.uri.path()));
    }
    // By address, before anybody is known.
    if tenant.config.budget.as_ref().is_some_and(|budget| !budget.admits()) {
        return Err(Answer::too_many());
    }
    let caller = signed_in(tenant, parts, &query)?;
    let params = read(method, parts, body)?;
    let call = Call { method, path: &path, query: &query, params, caller };
    match path.first().copied() {
        _ if is_payment_or_email(&path) => Ok(Answer::ok(&object([("success", Json::Bool(true))]))),
        Some("customers") => customers::serve(tenant, &call),
        Some("products") => products::serve(tenant, &call),
        Some("schedules") => schedules::serve(tenant, &call),
        Some("invoices" | "line_items") => invoices::serve(tenant, &call),
        Some("settings" | "me") => settings::serve(tenant, &call),
        _ => Err(Refusal::NoRoute.into()),
    }
}

/// By header, or by the old parameter, which still works.
fn signed_in(tenant: &mut Tenant, parts: &Parts, query: &[(String, String)]) -> Result<Token, Answer> {
    let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = given.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
    let in_address = query.iter().find(|(name, _)| name == "api_key").map(|(_, key)| key.as_str());
    if in_address.is_some() {
        tenant.notice(ViolationKind::KeyInAddress, parts.uri.path());
    }
    let secret = bearer.or(in_address);
    let known = tenant.config.tokens.iter().find(|token| Some(token.secret.as_str()) == secret);
    known.cloned().ok_or_else(|| Refusal::NotSignedIn.into())
}

/// A body that does not say that it is JSON is not read at all.
fn read(method: &str, parts: &Parts, body: &str) -> Result<Params, Answer> {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !matches!(method, "POST" | "PUT" | "PATCH") || !kind.contains("json") || body.trim().is_empty() {
        return Ok(Params::new(object([])));
    }
    Json::parse(body).map(Params::new).map_err(|_| Refusal::NotJson.into())
}
