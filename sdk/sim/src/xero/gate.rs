//! Owns the way of a call from HTTP to a resource and back, in Xero's order: offline, token, organisation, scope,
//! limits, idempotency, work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{self, Body, Bytes};
use axum::extract::{Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json as AxumJson};
use serde_json::{Value, json};

use super::answer::{self, Answer, Refusal};
use super::auth;
use super::call::{self, Call};
use super::config::{AppMode, Lie, Offline};
use super::dates;
use super::idempotency::{Fingerprint, Known};
use super::limits::Left;
use super::route;
use super::world::World;

/// The vendor's cap on one request.
const BODY_CAP: usize = 3_500_000;
const API: &str = "/api.xro/2.0/";

pub(crate) type Shared = Arc<Mutex<World>>;

fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    response
}

fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (said, value) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    said.eq_ignore_ascii_case(scheme).then_some(value)
}

pub(crate) async fn authorize(State(world): State<Shared>, Query(query): Query<Vec<(String, String)>>) -> Response {
    let mut world = lock(&world);
    let now = world.clock.now();
    let World { tokens, config, .. } = &mut *world;
    match tokens.authorize(config, &query, now) {
        Ok(back) => respond(Answer::text(302, "").with("Location", back)),
        Err(error) => respond(Answer::text(400, error)),
    }
}

pub(crate) async fn token(
    State(world): State<Shared>,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let mut world = lock(&world);
    let now = world.clock.now();
    let World { tokens, config, .. } = &mut *world;
    respond(tokens.grant(config, credentials(&headers, "Basic"), &form, now))
}

/// Tenantless: only the app's own limit is told, and not counted here.
pub(crate) async fn connections(State(world): State<Shared>, headers: HeaderMap) -> Response {
    let mut world = lock(&world);
    let now = world.clock.now();
    if let Err(answer) = world.tokens.check(credentials(&headers, "Bearer"), now) {
        return respond(answer);
    }
    let created = now.format("%Y-%m-%dT%H:%M:%S.0000000").to_string();
    let shown = world.orgs.iter().filter(|org| org.connected).enumerate().map(|(at, org)| {
        json!({
            "id": format!("c0ffee00-0000-4000-8000-{at:012}"),
            "authEventId": "a17e0000-0000-4000-8000-000000000001",
            "tenantId": org.config.tenant_id, "tenantType": "ORGANISATION", "tenantName": org.config.name,
            "createdDateUtc": created, "updatedDateUtc": created,
        })
    });
    let list: Value = shown.collect();
    let limits = world.config.limits;
    let left = world.counters.app_left(limits, now).to_string();
    ([("X-AppMinLimit-Remaining", left)], AxumJson(list)).into_response()
}

/// A counted call; leaving it frees its place, also when the caller hangs up.
struct Admitted {
    world: Shared,
    tenant: String,
    org: usize,
    left: Left,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        lock(&self.world).counters.leave(&self.tenant);
    }
}

pub(crate) async fn api(State(world): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(bytes) = body::to_bytes(body, BODY_CAP).await else {
        return respond(Answer::text(413, "The request is too large"));
    };
    let correlation = lock(&world).ids.guid();
    let answer = match admit(&world, &parts) {
        Err(refused) => refused,
        Ok(admitted) => {
            // The work is done at once; a caller that gives up waiting has still been served.
            let answer = spoken(&parts.headers, work(&admitted, &parts, bytes));
            let latency = lock(&world).config.latency;
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            admitted.left.stamp(answer)
        }
    };
    respond(answer.with("Xero-Correlation-Id", correlation))
}

/// JSON only for who asks for it by name: the vendor's own language is XML.
fn spoken(headers: &HeaderMap, answer: Answer) -> Answer {
    let json = |value: &HeaderValue| value.to_str().is_ok_and(|accept| accept.contains("json"));
    let asked = headers.get_all(header::ACCEPT).iter().any(json);
    if asked || answer.content_type != answer::JSON {
        return answer;
    }
    let body = format!("<Response><Status>{}</Status></Response>", answer.status);
    Answer { content_type: "text/xml; charset=utf-8", body, ..answer }
}

fn admit(shared: &Shared, parts: &Parts) -> Result<Admitted, Answer> {
    let mut world = lock(shared);
    let now = world.clock.now();
    match world.config.switches.offline {
        Some(Offline::Maintenance) => {
            return Err(Answer::text(503, "The Xero API is currently offline for maintenance"));
        }
        Some(Offline::Organisation) => {
            return Err(Answer::text(503, "The Organisation is Offline"));
        }
        None => {}
    }
    let scopes = world.tokens.check(credentials(&parts.headers, "Bearer"), now)?;
    let asked = parts.headers.get("xero-tenant-id").and_then(|value| value.to_str().ok()).filter(|id| !id.is_empty());
    let org = match (asked, &world.config.mode) {
        (None, AppMode::CustomConnection) => Some(0),
        (None, AppMode::AuthorizationCode { .. }) => None,
        (Some(id), _) => world.orgs.iter().position(|org| org.config.tenant_id.eq_ignore_ascii_case(id)),
    };
    let Some(org) = org.filter(|at| world.orgs.get(*at).is_some_and(|org| org.connected)) else {
        return Err(world.tokens.wrong_tenant());
    };
    let resource = parts.uri.path().strip_prefix(API).unwrap_or_default();
    let resource = resource.split('/').next().unwrap_or_default();
    if !auth::opens(&scopes, resource, parts.method == "GET") {
        return Err(world.tokens.insufficient_scope());
    }
    let World { config, counters, orgs, .. } = &mut *world;
    let tenant = orgs[org].config.tenant_id.clone();
    let left = counters.enter(&tenant, orgs[org].config.day_starts, config.limits, now)?;
    Ok(Admitted { world: Arc::clone(shared), tenant, org, left })
}

/// Idempotency around the work. The limits were counted before: a 429 is never remembered, a replay costs a call.
fn work(admitted: &Admitted, parts: &Parts, bytes: Bytes) -> Answer {
    let mut world = lock(&admitted.world);
    let now = world.clock.now();
    let writes = matches!(parts.method.as_str(), "PUT" | "POST" | "PATCH");
    let key = parts.headers.get("idempotency-key").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let key = key.filter(|_| writes && !world.config.switches.ignore_idempotency);
    let fingerprint =
        Fingerprint { method: parts.method.to_string(), target: parts.uri.to_string(), body: bytes.to_vec() };
    let World { config, keys, .. } = &mut *world;
    let known = key.as_deref().map(|key| keys.recall(key, &fingerprint, config.idempotency_lifetime, now));
    match known {
        Some(Known::Replay(answer) | Known::Refused(answer)) => return answer,
        Some(Known::No) | None => {}
    }
    let answer = match read(parts, &bytes, &world) {
        Ok(call) => execute(&mut world, admitted.org, &call),
        Err(refused) => refused,
    };
    if let Some(key) = key {
        world.keys.remember(&key, fingerprint, answer.clone(), now);
    }
    answer
}

fn read(parts: &Parts, bytes: &Bytes, world: &World) -> Result<Call, Answer> {
    if parts.uri.path_and_query().is_some_and(|address| !call::fits(address.as_str())) {
        return Err(Refusal::UrlTooLong.into());
    }
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map_err(|_| Answer::text(400, "The query cannot be read"))?
        .0;
    let path = parts.uri.path().strip_prefix(API).unwrap_or_default();
    let path = path.split('/').filter(|segment| !segment.is_empty()).map(decoded).collect();
    let since = parts.headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    let body = String::from_utf8(bytes.to_vec()).map_err(|_| Answer::text(400, "The body is not UTF-8"))?;
    Ok(Call {
        method: parts.method.to_string(),
        path,
        query,
        body,
        modified_since: since.and_then(dates::parse_since),
        now: world.clock.now(),
        list_lag: world.config.switches.list_lag,
        tamper: world.config.switches.lie == Some(Lie::StoresOtherAmount),
    })
}

fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or_default() * 16 + hex(*low).unwrap_or_default());
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Runs the call, truthfully or as the lie in force has it.
fn execute(world: &mut World, org: usize, call: &Call) -> Answer {
    let lie = world.config.switches.lie.filter(|_| call.method != "GET");
    let Some(org) = world.orgs.get_mut(org) else {
        return Answer::text(500, "The organisation is gone");
    };
    let unhandled = "An unhandled error with the Xero API occurred. Contact the Xero API team if problems persist.";
    match lie {
        None | Some(Lie::StoresOtherAmount) => route::run(org, call),
        Some(Lie::FailsInside) => Answer::text(500, unhandled),
        Some(Lie::SaysOkButStoresNothing) => {
            let before = org.clone();
            let answer = route::run(org, call);
            let ids = org.ids.clone();
            *org = before;
            // An id that was told is never told again for something else.
            org.ids = ids;
            answer
        }
        Some(Lie::StoresButSaysError(status)) => {
            route::run(org, call);
            match status {
                400 => Refusal::Validation(vec!["The document could not be saved".to_owned()]).into(),
                _ => Answer::text(status, unhandled),
            }
        }
    }
}
