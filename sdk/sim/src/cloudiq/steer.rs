//! Owns: `/_sim/switches`, `/_sim/statements`, `/_sim/oracle` and `/_sim/violations`, by which another process makes things
//! happen here. Does not own the control endpoints every simulator has (`control`).

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::config::Switches;
use super::state::{Memory, Shop};
use crate::statements::{NoSuchStatement, Reissue, oracle};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReissueOrder {
    reissue: u32,
    how: Reissue,
}

pub(super) fn router(shop: Shop) -> Router {
    Router::new()
        .route("/_sim/switches", post(throw).get(switches))
        .route("/_sim/statements", post(reissue).get(all))
        .route("/_sim/oracle", get(expectation))
        .route("/_sim/violations", get(violations))
        .with_state(shop)
}

async fn throw(State(shop): State<Shop>, Json(switches): Json<Switches>) -> Json<Value> {
    shop.lock().switches = switches;
    Json(json!(shop.lock().switches))
}

async fn switches(State(shop): State<Shop>) -> Json<Value> {
    Json(json!(shop.lock().switches))
}

async fn reissue(State(shop): State<Shop>, Json(order): Json<ReissueOrder>) -> Response {
    let now = shop.clock.now();
    match shop.lock().world.reissue(order.reissue, order.how, now) {
        Ok(id) => Json(json!({ "id": id })).into_response(),
        Err(NoSuchStatement(id)) => (StatusCode::NOT_FOUND, format!("no statement {id} is in force")).into_response(),
    }
}

async fn all(State(shop): State<Shop>) -> Json<Value> {
    Json(shop.lock().world.statements_json())
}

async fn expectation(State(shop): State<Shop>) -> Json<Value> {
    Json(oracle::as_json(&shop.lock().world))
}

async fn violations(State(shop): State<Shop>) -> Json<Value> {
    Json(json!(shop.lock().violations))
}

/// What `/_sim/state` shows.
pub(super) fn view(memory: &Memory) -> Value {
    let world = &memory.world;
    json!({
        "tenants": world.tenants().len(),
        "subscriptions": world.subscriptions().len(),
        "statements": world.statements().len(),
        "products": world.products().len(),
        "violations": memory.violations,
        "switches": memory.switches,
    })
}
