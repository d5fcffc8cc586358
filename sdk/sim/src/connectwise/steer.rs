//! Owns `POST /_sim/switches`, `/_sim/rules`, `/_sim/codebase` and `/_sim/invoice`: the tenant, set from another process.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use serde::Deserialize;

use super::config::{BillingRules, Switches};
use super::state::CwState;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodebaseOrder {
    codebase: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InvoiceOrder {
    /// "2026-11-30".
    up_to: String,
    /// All agreements when absent.
    agreement: Option<i64>,
}

pub(crate) fn router(state: CwState) -> Router {
    Router::new()
        .route("/_sim/switches", post(switches))
        .route("/_sim/rules", post(rules))
        .route("/_sim/codebase", post(codebase))
        .route("/_sim/invoice", post(invoice))
        .with_state(state)
}

async fn switches(State(state): State<CwState>, Json(order): Json<Switches>) -> StatusCode {
    state.switch(|switches| *switches = order);
    StatusCode::NO_CONTENT
}

async fn rules(State(state): State<CwState>, Json(order): Json<BillingRules>) -> StatusCode {
    state.set_rules(order);
    StatusCode::NO_CONTENT
}

async fn codebase(State(state): State<CwState>, Json(order): Json<CodebaseOrder>) -> StatusCode {
    state.set_codebase(&order.codebase);
    StatusCode::NO_CONTENT
}

async fn invoice(State(state): State<CwState>, Json(order): Json<InvoiceOrder>) -> StatusCode {
    match order.up_to.parse() {
        Ok(day) => {
            let _made = match order.agreement {
                Some(agreement) => state.invoice_agreement(agreement, day),
                None => state.invoice_up_to(day),
            };
            StatusCode::NO_CONTENT
        }
        Err(_) => StatusCode::BAD_REQUEST,
    }
}
