//! Owns: what each call is answered, and in which order it is looked at: who asks, what is asked for, whether it was asked
//! before, whether the condition still holds.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::CatalogSim;
use super::answer::{held, page, problem, written};
use super::state::{Refused, Served};

const FORMAT: &str = "counterfoil-catalog/1";
const MOST_ROWS: usize = 500;

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    limit: Option<usize>,
    /// A cursor of this API; what is in it is nobody else's business.
    after: Option<String>,
}

pub(super) async fn provider(State(sim): State<CatalogSim>, headers: HeaderMap) -> Response {
    let shop = sim.lock();
    if !shop.admits(token(&headers)) {
        return signed_out();
    }
    let provider = shop.provider();
    held(StatusCode::OK, &provider.catalog, &provider.version)
}

pub(super) async fn list(State(sim): State<CatalogSim>, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    let shop = sim.lock();
    if !shop.admits(token(&headers)) {
        return signed_out();
    }
    let limit = asked.limit.unwrap_or(100);
    if !(1..=MOST_ROWS).contains(&limit) {
        return problem(StatusCode::BAD_REQUEST, "limit is a number from 1 to 500");
    }
    let from = match asked.after.as_deref().map(|cursor| cursor.strip_prefix("row-").and_then(|row| row.parse().ok())) {
        None => 0,
        Some(Some(from)) => from,
        Some(None) => return problem(StatusCode::BAD_REQUEST, "after is not a cursor of this list"),
    };
    let rows: Vec<Value> = shop.served().iter().skip(from).take(limit).map(row).collect();
    let end = from.saturating_add(rows.len());
    let mut body = json!({"resellers": rows});
    if end < shop.served().len() {
        body["next"] = json!(format!("row-{end}"));
    }
    page(&body)
}

fn row(served: &Served) -> Value {
    let mut row = json!({"reseller": served.reseller, "template": served.template});
    if let Some(upstream) = &served.upstream {
        row["upstream"] = json!(upstream);
    }
    row
}

pub(super) async fn one(State(sim): State<CatalogSim>, Path(reseller): Path<String>, headers: HeaderMap) -> Response {
    let shop = sim.lock();
    if !shop.admits(token(&headers)) {
        return signed_out();
    }
    match shop.held(&reseller) {
        Some(found) => held(StatusCode::OK, &found.catalog, &found.version),
        None => unknown(&reseller),
    }
}

pub(super) async fn replace(
    State(sim): State<CatalogSim>,
    Path(reseller): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut shop = sim.lock();
    if !shop.admits(token(&headers)) {
        return signed_out();
    }
    let catalog = match read(&reseller, &body) {
        Ok(catalog) => catalog,
        Err(detail) => return problem(StatusCode::UNPROCESSABLE_ENTITY, detail),
    };
    let key = text(&headers, "idempotency-key");
    // The condition of a request that was done cannot hold any more: its key comes first.
    if let Some(repeated) = key.and_then(|key| shop.repeated(&reseller, key, &body)) {
        return said(&reseller, repeated);
    }
    let Some(condition) = text(&headers, header::IF_MATCH.as_str()) else {
        return problem(StatusCode::PRECONDITION_REQUIRED, "say with If-Match which version is replaced");
    };
    let done = shop.replace(&reseller, condition, key, (catalog, &body));
    said(&reseller, done)
}

fn said(reseller: &str, done: Result<String, Refused>) -> Response {
    match done {
        Ok(version) => written(&version),
        Err(Refused::Unknown) => unknown(reseller),
        Err(Refused::Moved) => problem(StatusCode::PRECONDITION_FAILED, "the catalog was changed since it was read"),
        Err(Refused::KeyOfAnother) => {
            problem(StatusCode::UNPROCESSABLE_ENTITY, "this Idempotency-Key was used for another request")
        }
    }
}

/// As much as a shop must see to keep it; what else is in it is the description's to say.
fn read(reseller: &str, body: &[u8]) -> Result<Value, &'static str> {
    let Ok(catalog) = serde_json::from_slice::<Value>(body) else { return Err("the catalog is not JSON") };
    if catalog["format"] != FORMAT {
        return Err("the catalog is not in the format counterfoil-catalog/1");
    }
    if catalog["reseller"] != reseller {
        return Err("the catalog is of another reseller");
    }
    Ok(catalog)
}

fn token(headers: &HeaderMap) -> Option<&str> {
    text(headers, header::AUTHORIZATION.as_str())?.strip_prefix("Bearer ")
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn signed_out() -> Response {
    problem(StatusCode::UNAUTHORIZED, "the token is missing or wrong")
}

fn unknown(reseller: &str) -> Response {
    problem(StatusCode::NOT_FOUND, &format!("there is no reseller \"{reseller}\""))
}
