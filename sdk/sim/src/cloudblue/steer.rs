//! Owns: `/_sim/orders`, `/_sim/switches` and `/_sim/oracle`, by which another process makes things happen here.
//! Does not own the control endpoints every simulator has (`control`).

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::config::Switches;
use super::failure::Failure;
use super::state::{Memory, Tenant};
use crate::world::{Draft, Kind, NewSale, OrderStatus, World, WorldError, oracle};

/// What another process can make happen to orders.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Wish {
    NewSale {
        customer_id: Option<String>,
        mpn: Option<String>,
        #[serde(default = "one")]
        quantity: i64,
        #[serde(default)]
        status: StatusName,
        #[serde(default, deserialize_with = "instant")]
        at: Option<DateTime<Utc>>,
    },
    AddOrder {
        kind: KindName,
        subscription_id: String,
        delta: Option<i64>,
        #[serde(default)]
        status: StatusName,
        #[serde(default, deserialize_with = "instant")]
        at: Option<DateTime<Utc>>,
    },
    Complete {
        number: String,
        #[serde(default, deserialize_with = "instant")]
        at: Option<DateTime<Utc>>,
    },
    SetStatus {
        number: String,
        status: StatusName,
    },
    /// Puts the total off by so many of the smallest coin, leaving the lines alone.
    ShiftTotal {
        number: String,
        coins: i64,
    },
}

fn one() -> i64 {
    1
}

fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text: Option<String> = Option::deserialize(from)?;
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StatusName {
    Submitted,
    Processing,
    Error,
    #[default]
    Completed,
    Cancelled,
}

impl From<StatusName> for OrderStatus {
    fn from(name: StatusName) -> Self {
        match name {
            StatusName::Submitted => Self::Submitted,
            StatusName::Processing => Self::Processing,
            StatusName::Error => Self::Error,
            StatusName::Completed => Self::Completed,
            StatusName::Cancelled => Self::Cancelled,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KindName {
    Upgrade,
    Downgrade,
    ChangeOnRenewal,
    PlanSwitch,
    CancelRefund,
    CancelFee,
    Renewal,
    Migration,
    Billing,
    Resource,
    Payment,
}

impl From<KindName> for Kind {
    fn from(name: KindName) -> Self {
        match name {
            KindName::Upgrade => Self::Upgrade,
            KindName::Downgrade => Self::Downgrade,
            KindName::ChangeOnRenewal => Self::ChangeOnRenewal,
            KindName::PlanSwitch => Self::PlanSwitch,
            KindName::CancelRefund => Self::CancelRefund,
            KindName::CancelFee => Self::CancelFee,
            KindName::Renewal => Self::Renewal,
            KindName::Migration => Self::Migration,
            KindName::Billing => Self::Billing,
            KindName::Resource => Self::Resource,
            KindName::Payment => Self::Payment,
        }
    }
}

impl From<WorldError> for Failure {
    fn from(error: WorldError) -> Self {
        match error {
            WorldError::NoSuchOrder(id) => Self::NotFound { what: "order", id },
            WorldError::NoSuchSubscription(id) => Self::NotFound { what: "subscription", id },
            WorldError::NoSuchCustomer(id) => Self::NotFound { what: "customer", id },
            WorldError::NotSold(id) => Self::NotFound { what: "product", id },
            WorldError::Taken(name) => Self::Conflict(name),
        }
    }
}

pub(super) fn router(tenant: Tenant) -> Router {
    Router::new()
        .route("/_sim/orders", post(wish).get(all))
        .route("/_sim/switches", post(throw).get(switches))
        .route("/_sim/oracle", get(expectation))
        .with_state(tenant)
}

async fn wish(State(tenant): State<Tenant>, Json(wish): Json<Wish>) -> Result<Json<Value>, Failure> {
    let now = tenant.clock.now();
    let memory = &mut *tenant.lock();
    let number = grant(&mut memory.world, wish, now)?;
    let order = memory.world.order_numbered(&number).ok_or(WorldError::NoSuchOrder(number))?;
    Ok(Json(memory.world.order_json(order)))
}

fn grant(world: &mut World, wish: Wish, now: DateTime<Utc>) -> Result<String, WorldError> {
    match wish {
        Wish::NewSale { customer_id, mpn, quantity, status, at } => {
            world.new_sale(&NewSale { customer_id, mpn, quantity, at: at.unwrap_or(now), status: status.into() })
        }
        Wish::AddOrder { kind, subscription_id, delta, status, at } => world.add_order(&Draft {
            kind: kind.into(),
            subscription_id,
            at: at.unwrap_or(now),
            status: status.into(),
            delta,
        }),
        Wish::Complete { number, at } => world.complete_order(&number, at.unwrap_or(now)).map(|()| number),
        Wish::SetStatus { number, status } => {
            world.revise_order(&number, |order| order.status = status.into()).map(|()| number)
        }
        Wish::ShiftTotal { number, coins } => {
            let shift = world.currency().smallest() * Decimal::from(coins);
            world.revise_order(&number, |order| order.total += shift).map(|()| number)
        }
    }
}

async fn all(State(tenant): State<Tenant>) -> Json<Value> {
    let memory = tenant.lock();
    let orders: Vec<Value> = memory.world.newest_first().map(|order| memory.world.order_json(order)).collect();
    Json(json!({ "data": orders }))
}

async fn throw(State(tenant): State<Tenant>, Json(switches): Json<Switches>) -> Json<Value> {
    tenant.lock().switches = switches;
    Json(json!(tenant.lock().switches))
}

async fn switches(State(tenant): State<Tenant>) -> Json<Value> {
    Json(json!(tenant.lock().switches))
}

async fn expectation(State(tenant): State<Tenant>) -> Json<Value> {
    let now = tenant.clock.now();
    let run = oracle::first_run(&tenant.lock().world, now);
    let sales: Vec<Value> = run
        .sales
        .iter()
        .map(|sale| {
            json!({
                "orderNumber": sale.number,
                "customerId": sale.customer_id,
                "total": { "currency": sale.currency, "amount": sale.total.to_string() },
                "lines": sale.lines,
            })
        })
        .collect();
    Json(json!({
        "sales": sales,
        "salesTotal": run.sales_total().to_string(),
        "initialSubscriptions": run.initial,
        "notFinal": run.not_final,
        "outsideWindow": run.outside_window,
        "otherRecent": run.other_recent,
    }))
}

/// What `/_sim/state` shows.
pub(super) fn view(memory: &Memory) -> Value {
    let world = &memory.world;
    json!({
        "customers": world.customers().len(),
        "products": world.products().len(),
        "plans": world.plans().len(),
        "subscriptions": world.subscriptions().len(),
        "orders": world.orders().len(),
        "today": world.today().to_string(),
        "switches": memory.switches,
    })
}
