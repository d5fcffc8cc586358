//! Owns `POST /_sim/switches`: the vendor's misbehaviour, set from another process. What is not said is off.

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use chrono::Duration;
use serde::Deserialize;

use super::config::{Lie, Offline, Switches};
use super::world::XeroState;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchOrder {
    offline: Option<OfflineOrder>,
    #[serde(default)]
    ignore_idempotency: bool,
    list_lag_seconds: Option<i64>,
    lie: Option<LieOrder>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OfflineOrder {
    Maintenance,
    Organisation,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LieOrder {
    StoresButSaysError(u16),
    SaysOkButStoresNothing,
    StoresOtherAmount,
    FailsInside,
}

impl From<SwitchOrder> for Switches {
    fn from(order: SwitchOrder) -> Self {
        Self {
            offline: order.offline.map(|offline| match offline {
                OfflineOrder::Maintenance => Offline::Maintenance,
                OfflineOrder::Organisation => Offline::Organisation,
            }),
            ignore_idempotency: order.ignore_idempotency,
            list_lag: order.list_lag_seconds.map(Duration::seconds),
            lie: order.lie.map(|lie| match lie {
                LieOrder::StoresButSaysError(status) => Lie::StoresButSaysError(status),
                LieOrder::SaysOkButStoresNothing => Lie::SaysOkButStoresNothing,
                LieOrder::StoresOtherAmount => Lie::StoresOtherAmount,
                LieOrder::FailsInside => Lie::FailsInside,
            }),
        }
    }
}

pub(crate) fn router(state: XeroState) -> Router {
    Router::new().route("/_sim/switches", post(set)).with_state(state)
}

async fn set(State(state): State<XeroState>, Json(order): Json<SwitchOrder>) -> StatusCode {
    state.switch(|switches| *switches = order.into());
    StatusCode::NO_CONTENT
}
