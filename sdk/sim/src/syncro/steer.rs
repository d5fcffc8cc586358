//! Owns the account, driven from another process: `POST /_sim/switches`, `/_sim/rules`, `/_sim/run`, `/_sim/budget`,
//! `/_sim/people` (what somebody does by hand) and `GET /_sim/violations`. Does not own what any of it means.

use std::fmt::Display;
use std::str::FromStr;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use chrono::{Duration, NaiveDate};
use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::{Value, json};

use super::budget::RateWindow;
use super::config::{BillingRules, Switches};
use super::lines::Line;
use super::state::SyncroState;
use super::view;
use crate::clock::SimClock;

/// Written as text: "12.50", "2026-12-01".
#[derive(Debug)]
struct Said<T>(T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Said<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(D::Error::custom)
    }
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RunOrder {
    /// By the clock when absent.
    up_to: Option<Said<NaiveDate>>,
}

/// So many calls in so many seconds of real time.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct BudgetOrder {
    limit: Option<usize>,
    #[serde(default = "minute")]
    seconds: i64,
}

fn minute() -> i64 {
    60
}

/// What somebody does by hand.
#[derive(Debug, serde::Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
enum PeopleOrder {
    RenameProduct { product: i64, name: String },
    PriceProduct { product: i64, retail: Said<Decimal>, cost: Said<Decimal> },
    DisableProduct { product: i64, disabled: bool },
    DeleteProduct { product: i64 },
    AddLine { schedule: i64, name: String, quantity: Said<Decimal>, retail_cents: i64 },
    ChangeLine { line: i64, quantity: Said<Decimal>, retail_cents: i64 },
    DeleteLine { line: i64 },
    HandOverLine { line: i64 },
    PauseSchedule { schedule: i64, paused: bool },
    DeleteSchedule { schedule: i64 },
    DisableCustomer { customer: i64, disabled: bool },
    PayInvoice { invoice: i64 },
}

pub(crate) fn router(state: SyncroState) -> Router {
    Router::new()
        .route("/_sim/switches", post(switches))
        .route("/_sim/rules", post(rules))
        .route("/_sim/run", post(run))
        .route("/_sim/budget", post(budget))
        .route("/_sim/people", post(people))
        .route("/_sim/violations", get(violations))
        .with_state(state)
}

async fn switches(State(state): State<SyncroState>, Json(order): Json<Switches>) -> StatusCode {
    state.switch(|switches| *switches = order);
    StatusCode::NO_CONTENT
}

async fn rules(State(state): State<SyncroState>, Json(order): Json<BillingRules>) -> StatusCode {
    state.set_rules(order);
    StatusCode::NO_CONTENT
}

async fn run(State(state): State<SyncroState>, Json(order): Json<RunOrder>) -> Json<Value> {
    let made = order.up_to.map_or_else(|| state.run_due(), |day| state.run_schedules(day.0));
    Json(json!({"made": made.iter().map(|invoice| &invoice.number).collect::<Vec<_>>()}))
}

async fn budget(State(state): State<SyncroState>, Json(order): Json<BudgetOrder>) -> StatusCode {
    let window = |limit| RateWindow::new(limit, Duration::seconds(order.seconds), SimClock::wall());
    state.set_budget(order.limit.map(window));
    StatusCode::NO_CONTENT
}

/// 404 where what it is done to is not there.
async fn people(State(state): State<SyncroState>, Json(order): Json<PeopleOrder>) -> StatusCode {
    let is_done = match order {
        PeopleOrder::RenameProduct { product, name } => state.edit_product(product, |one| one.name = name),
        PeopleOrder::PriceProduct { product, retail, cost } => {
            state.edit_product(product, |one| (one.price_retail, one.price_cost) = (retail.0, cost.0))
        }
        PeopleOrder::DisableProduct { product, disabled } => state.edit_product(product, |one| one.disabled = disabled),
        PeopleOrder::DeleteProduct { product } => state.delete_product(product),
        PeopleOrder::AddLine { schedule, name, quantity, retail_cents } => {
            let is_there = state.schedule(schedule).is_some();
            if is_there {
                state.add_line(schedule, Line::named(&name, quantity.0, retail_cents, 0));
            }
            is_there
        }
        PeopleOrder::ChangeLine { line, quantity, retail_cents } => {
            state.edit_line(line, |one| (one.quantity, one.retail_cents) = (quantity.0, retail_cents))
        }
        PeopleOrder::DeleteLine { line } => state.delete_line(line),
        PeopleOrder::HandOverLine { line } => state.hand_over(line),
        PeopleOrder::PauseSchedule { schedule, paused } => state.edit_schedule(schedule, |one| one.paused = paused),
        PeopleOrder::DeleteSchedule { schedule } => state.delete_schedule(schedule),
        PeopleOrder::DisableCustomer { customer, disabled } => {
            state.edit_customer(customer, |one| one.disabled = disabled)
        }
        PeopleOrder::PayInvoice { invoice } => state.pay(invoice),
    };
    if is_done { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

async fn violations(State(state): State<SyncroState>) -> Json<Value> {
    Json(view::violations(&state))
}
