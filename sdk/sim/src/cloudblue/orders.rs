//! Owns: `/orders`: newest first, thin rows, one at a time in full.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use super::auth::Caller;
use super::failure::Failure;
use super::query::Params;
use super::state::{Memory, Tenant};
use super::traps;
use crate::world::{NewSale, Order, OrderStatus};

struct Filter<'a> {
    customer: Option<&'a str>,
    subscription: Option<&'a str>,
    number: Option<&'a str>,
    status: Option<OrderStatus>,
    status_code: Option<&'a str>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    visible_until: Option<DateTime<Utc>>,
}

impl<'a> Filter<'a> {
    fn read(params: &'a Params, memory: &Memory, now: DateTime<Utc>) -> Result<Self, Failure> {
        // Dates are parsed even where they are ignored: a wrong one is refused everywhere.
        let (from, to) = (params.instant("creationTimeFrom")?, params.instant("creationTimeTo")?);
        let heard = |at: Option<DateTime<Utc>>| at.filter(|_| !memory.switches.ignore_date_filters);
        Ok(Self {
            customer: params.text("customerId"),
            subscription: params.text("subscriptionId"),
            number: params.text("orderNumber"),
            status: params.word("status", OrderStatus::parse)?,
            status_code: params.text("statusCode"),
            from: heard(from),
            to: heard(to),
            visible_until: visible_until(memory, now),
        })
    }

    fn takes(&self, order: &Order) -> bool {
        self.customer.is_none_or(|id| order.customer_id == id)
            && self.subscription.is_none_or(|id| order.subscription_id.as_deref() == Some(id))
            && self.number.is_none_or(|number| order.number == number)
            && self.status.is_none_or(|status| order.status == status)
            && self.status_code.is_none_or(|code| order.status.code() == code)
            && self.from.is_none_or(|from| order.created >= from)
            && self.to.is_none_or(|to| order.created <= to)
            && self.visible_until.is_none_or(|until| order.created <= until)
    }
}

/// Orders created after this are not to be seen yet.
fn visible_until(memory: &Memory, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let hours = memory.switches.visible_after_hours;
    (hours > 0).then(|| now - Duration::hours(hours))
}

pub(super) async fn list(
    _: Caller,
    State(tenant): State<Tenant>,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Json<Value>, Failure> {
    let params = Params(query);
    let now = tenant.clock.now();
    let memory = &mut *tenant.lock();
    let filter = Filter::read(&params, memory, now)?;
    let page = params.page()?;
    let (orders, total) = page.cut(memory.world.newest_first().filter(|order| filter.takes(order)));
    let rows = orders.into_iter().map(|order| {
        let mut row = memory.world.order_row_json(order);
        traps::order(&memory.switches, &order.id, &mut row);
        row
    });
    let answer = traps::list(&memory.switches, page, rows.collect(), total);
    arrive(memory, now);
    Ok(Json(answer))
}

/// Someone buys something between this page and the next.
fn arrive(memory: &mut Memory, now: DateTime<Utc>) {
    if memory.switches.arrivals_while_paging == 0 {
        return;
    }
    memory.switches.arrivals_while_paging -= 1;
    let sale = NewSale { customer_id: None, mpn: None, quantity: 1, at: now, status: OrderStatus::Completed };
    let sold = memory.world.new_sale(&sale);
    debug_assert!(sold.is_ok(), "any customer can buy the first plan");
}

pub(super) async fn one(
    _: Caller,
    State(tenant): State<Tenant>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    let now = tenant.clock.now();
    let memory = tenant.lock();
    let until = visible_until(&memory, now);
    let found = memory.world.order(&id).filter(|order| until.is_none_or(|until| order.created <= until));
    let order = found.ok_or_else(|| Failure::NotFound { what: "order", id: id.clone() })?;
    let mut full = memory.world.order_json(order);
    traps::order(&memory.switches, &order.id, &mut full);
    Ok(Json(full))
}
