//! Owns: what a first Check Changes must come to, worked out from the exported answers alone.
//! Shares no arithmetic with the generator or any host: it reads strings, adds and compares.

use chrono::{DateTime, Months, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use super::model::World;

/// A sales order that must become a billable task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedSale {
    pub number: String,
    pub customer_id: String,
    pub subscription_id: String,
    pub currency: String,
    /// Sum of the lines' extended prices.
    pub total: Decimal,
    /// Lines that bill something.
    pub lines: usize,
}

/// How the orders and subscriptions divide on a first run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FirstRun {
    /// New sales of the last calendar month: completed, charged before the billing period, supported fees only.
    pub sales: Vec<ExpectedSale>,
    /// Active subscriptions that no final sales order of the last month stands for.
    pub initial: Vec<String>,
    /// Orders to be read again: neither completed nor cancelled, of whatever age.
    pub not_final: Vec<String>,
    /// Completed or cancelled orders older than one calendar month.
    pub outside_window: usize,
    /// Completed orders of the last month that are not in `sales`.
    pub other_recent: Vec<String>,
}

impl FirstRun {
    #[must_use]
    pub fn sales_total(&self) -> Decimal {
        self.sales.iter().map(|sale| sale.total).sum()
    }
}

/// The expectation for a world as it stands, read through its exported answers.
#[must_use]
pub fn first_run(world: &World, now: DateTime<Utc>) -> FirstRun {
    let orders: Vec<Value> = world.orders().iter().map(|order| world.order_json(order)).collect();
    let subscriptions: Vec<Value> = world.subscriptions().iter().map(|one| world.subscription_row_json(one)).collect();
    from_exports(&orders, &subscriptions, now)
}

/// The same from exported files: full orders and subscription rows.
#[must_use]
pub fn from_exports(orders: &[Value], subscriptions: &[Value], now: DateTime<Utc>) -> FirstRun {
    let since = now.checked_sub_months(Months::new(1)).unwrap_or(now);
    let mut out = FirstRun::default();
    let mut represented: Vec<&str> = Vec::new();
    for order in orders {
        let recent = instant(order, "creationDate").is_some_and(|created| created >= since);
        match (text(order, "status"), recent) {
            ("completed" | "cancelled", false) => out.outside_window += 1,
            ("completed", true) => {
                if text(order, "type") == "sales" {
                    represented.push(text(order, "subscriptionId"));
                }
                match sale(order) {
                    Some(sale) => out.sales.push(sale),
                    None => out.other_recent.push(text(order, "orderNumber").to_owned()),
                }
            }
            ("cancelled", true) => {}
            _ => out.not_final.push(text(order, "orderNumber").to_owned()),
        }
    }
    let active = subscriptions.iter().filter(|subscription| text(subscription, "status") == "active");
    out.initial = active.map(|one| text(one, "id")).filter(|id| !represented.contains(id)).map(str::to_owned).collect();
    out
}

fn sale(order: &Value) -> Option<ExpectedSale> {
    let fits = text(order, "type") == "sales" && text(order, "billingModel") == "chargeBeforeBillingPeriod";
    if !fits {
        return None;
    }
    let mut total = Decimal::ZERO;
    let mut lines = 0;
    for line in order.get("details")?.as_array()? {
        let extended = amount(line, "extendedPrice")?;
        match text(line, "type") {
            _ if extended.is_zero() => {}
            "payment" | "deposit" => {}
            "setup" | "recurring" => {
                total += extended;
                lines += 1;
            }
            _ => return None,
        }
    }
    (lines > 0).then(|| ExpectedSale {
        number: text(order, "orderNumber").to_owned(),
        customer_id: text(order, "customerId").to_owned(),
        subscription_id: text(order, "subscriptionId").to_owned(),
        currency: order.pointer("/total/currency").and_then(Value::as_str).unwrap_or_default().to_owned(),
        total,
        lines,
    })
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn amount(value: &Value, name: &str) -> Option<Decimal> {
    value.get(name)?.get("amount")?.as_str()?.parse().ok()
}

fn instant(value: &Value, name: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text(value, name)).ok().map(|at| at.with_timezone(&Utc))
}
