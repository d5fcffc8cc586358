//! Orders on the wire, as the marketplace has them.

use counterfoil_domain::order::{Order, OrderLine};
use counterfoil_domain::period::Period;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Day, MoneyView, Time};

/// Half-open: the end is the first day after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Period)]
pub struct PeriodView {
    pub start: Day,
    pub end: Day,
}

impl From<Period> for PeriodView {
    fn from(period: Period) -> Self {
        Self { start: period.start().into(), end: period.end().into() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = OrderLine)]
pub struct OrderLineView {
    pub id: String,
    /// The fee, or what the marketplace calls it.
    pub kind: String,
    pub product_code: Option<String>,
    pub product_name: Option<String>,
    pub description: String,
    pub quantity: String,
    pub unit_price: MoneyView,
    pub unit_cost: Option<MoneyView>,
    pub amount: MoneyView,
    pub service_period: Option<PeriodView>,
    /// ISO 8601 duration.
    pub billing_cycle: Option<String>,
}

impl OrderLineView {
    pub(crate) fn of(order: &Order, line: &OrderLine) -> Self {
        Self {
            id: line.id.to_string(),
            kind: line.kind.name().to_owned(),
            product_code: line.product.as_ref().map(|product| product.code.clone()),
            product_name: line.product.as_ref().map(|product| product.name.clone()),
            description: line.description.clone(),
            quantity: line.quantity.normalize().to_string(),
            unit_price: order.money(line.unit_price).into(),
            unit_cost: line.unit_cost.map(|cost| order.money(cost).into()),
            amount: order.money(line.amount).into(),
            service_period: line.service_period.map(Into::into),
            billing_cycle: line.cycle.map(|cycle| cycle.iso()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderView {
    pub marketplace: String,
    pub id: String,
    pub number: String,
    pub kind: String,
    pub status: String,
    pub customer: String,
    pub subscription: Option<String>,
    pub created_at: Time,
    pub provisioned_at: Option<Time>,
    pub effective_on: Day,
    pub billing_model: String,
    pub total: Option<MoneyView>,
    pub revision: String,
    pub lines: Vec<OrderLineView>,
}

impl From<&Order> for OrderView {
    fn from(order: &Order) -> Self {
        Self {
            marketplace: order.key.marketplace.to_string(),
            id: order.key.order.to_string(),
            number: order.number.clone(),
            kind: order.kind().name().to_owned(),
            status: order.status.name().to_owned(),
            customer: order.customer.to_string(),
            subscription: order.subscription.as_ref().map(ToString::to_string),
            created_at: order.created_at.into(),
            provisioned_at: order.provisioned_at.map(Into::into),
            effective_on: order.effective_on().into(),
            billing_model: order.billing_model.name().to_owned(),
            total: order.total.map(|total| order.money(total).into()),
            revision: order.revision().to_string(),
            lines: order.lines.iter().map(|line| OrderLineView::of(order, line)).collect(),
        }
    }
}
