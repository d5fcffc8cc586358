//! Owns the control endpoints that tests in other processes drive a simulator by; does not own any vendor path.
//!
//! `POST /_sim/faults` (one fault or a list) · `DELETE /_sim/faults` · `GET /_sim/state` · `GET /_sim/log` ·
//! `POST /_sim/clock {"advance_seconds": n}`. No authentication: a simulator listens on loopback only.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::SimClock;
use crate::exchange_log::ExchangeLog;
use crate::fault::{Fault, FaultKind, Faults, Hit};

/// What a simulator shows of itself.
pub type StateView = Arc<dyn Fn() -> Value + Send + Sync>;

#[derive(Clone)]
struct Control {
    faults: Faults,
    log: ExchangeLog,
    clock: SimClock,
    view: StateView,
}

/// The control routes of one simulator; merge them after faults and log were applied to the vendor's routes.
pub fn router(faults: Faults, log: ExchangeLog, clock: SimClock, view: StateView) -> Router {
    Router::new()
        .route("/_sim/faults", post(inject).get(hits).delete(clear))
        .route("/_sim/state", get(state))
        .route("/_sim/log", get(entries))
        .route("/_sim/clock", post(advance).get(now))
        .with_state(Control { faults, log, clock, view })
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum FaultOrders {
    One(FaultOrder),
    Many(Vec<FaultOrder>),
}

#[derive(Debug, Deserialize)]
struct FaultOrder {
    method: Option<String>,
    #[serde(default)]
    path_contains: String,
    #[serde(default)]
    skip: u32,
    #[serde(default = "one")]
    times: u32,
    #[serde(flatten)]
    kind: KindOrder,
}

fn one() -> u32 {
    1
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum KindOrder {
    LoseBefore,
    LoseDuring,
    LoseAfter,
    Reset,
    HalfBody,
    Status {
        code: u16,
        #[serde(default)]
        headers: Vec<(String, String)>,
        #[serde(default)]
        body: String,
    },
    StatusAfterCommit {
        code: u16,
        #[serde(default)]
        body: String,
    },
    Slow {
        milliseconds: u64,
    },
    Drip {
        milliseconds: u64,
    },
    LateCommit {
        milliseconds: u64,
    },
    Malformed,
    EmptyList,
}

impl From<FaultOrder> for Fault {
    fn from(order: FaultOrder) -> Self {
        let kind = match order.kind {
            KindOrder::LoseBefore => FaultKind::LoseBefore,
            KindOrder::LoseDuring => FaultKind::LoseDuring,
            KindOrder::LoseAfter => FaultKind::LoseAfter,
            KindOrder::Reset => FaultKind::Reset,
            KindOrder::HalfBody => FaultKind::HalfBody,
            KindOrder::Status { code, headers, body } => FaultKind::Status { code, headers, body },
            KindOrder::StatusAfterCommit { code, body } => FaultKind::StatusAfterCommit { code, body },
            KindOrder::Slow { milliseconds } => FaultKind::Slow(Duration::from_millis(milliseconds)),
            KindOrder::Drip { milliseconds } => FaultKind::Drip(Duration::from_millis(milliseconds)),
            KindOrder::LateCommit { milliseconds } => FaultKind::LateCommit(Duration::from_millis(milliseconds)),
            KindOrder::Malformed => FaultKind::Malformed,
            KindOrder::EmptyList => FaultKind::EmptyList,
        };
        Fault { method: order.method, path_contains: order.path_contains, skip: order.skip, times: order.times, kind }
    }
}

async fn inject(State(control): State<Control>, Json(orders): Json<FaultOrders>) -> StatusCode {
    let orders = match orders {
        FaultOrders::One(order) => vec![order],
        FaultOrders::Many(orders) => orders,
    };
    orders.into_iter().for_each(|order| control.faults.inject(order.into()));
    StatusCode::NO_CONTENT
}

async fn clear(State(control): State<Control>) -> StatusCode {
    control.faults.clear();
    StatusCode::NO_CONTENT
}

async fn hits(State(control): State<Control>) -> Json<Value> {
    let shown = |hit: Hit| json!({"method": hit.method, "target": hit.target, "kind": format!("{:?}", hit.kind)});
    Json(control.faults.hits().into_iter().map(shown).collect())
}

async fn state(State(control): State<Control>) -> Json<Value> {
    Json((control.view)())
}

async fn entries(State(control): State<Control>) -> Json<Value> {
    Json(json!(control.log.entries()))
}

#[derive(Debug, Deserialize)]
struct ClockOrder {
    advance_seconds: i64,
}

async fn advance(State(control): State<Control>, Json(order): Json<ClockOrder>) -> Json<Value> {
    control.clock.advance(chrono::Duration::seconds(order.advance_seconds));
    reading(&control.clock)
}

async fn now(State(control): State<Control>) -> Json<Value> {
    reading(&control.clock)
}

fn reading(clock: &SimClock) -> Json<Value> {
    Json(json!({"now": clock.now().to_rfc3339()}))
}
