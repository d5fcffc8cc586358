//! Initial tasks: a snapshot of an active subscription at the first integration. Recurring lines only, no
//! setup, no proration, whatever the billing model.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::connection::PriceChoice;
use crate::id::{LineId, MarketplaceId, OrderId};
use crate::job::PriceSource;
use crate::judge::{Billable, Judgement, Law, links};
use crate::market::{Subscription, SubscriptionStatus};
use crate::money::Currency;
use crate::order::{Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType};
use crate::scenario::PriceWhy;
use crate::task::{Need, Verdict};

/// The row's name on the task.
pub const SCENARIO: &str = "initial snapshot";

/// The snapshot as an order, so that everything behind treats it alike.
pub fn order(
    marketplace: &MarketplaceId,
    subscription: &Subscription,
    fallback: Currency,
    now: DateTime<Utc>,
) -> Order {
    let cycle = subscription.cycle;
    let lines: Vec<OrderLine> = subscription
        .lines
        .iter()
        .enumerate()
        .map(|(index, line)| OrderLine {
            id: LineId::new(index.to_string()),
            kind: LineKind::Fee(Fee::ResourceRecurring),
            product: Some(line.product.clone()),
            description: line.product.name.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            unit_cost: line.unit_cost,
            amount: line.amount.unwrap_or_else(|| line.quantity.checked_mul(line.unit_price).unwrap_or(Decimal::ZERO)),
            service_period: None,
            cycle,
        })
        .collect();
    let created_at = subscription.created_at.unwrap_or(now);
    Order {
        key: OrderKey { marketplace: marketplace.clone(), order: OrderId::new(format!("initial:{}", subscription.id)) },
        number: format!("SUB-{}", subscription.id),
        order_type: OrderType::Sales,
        status: OrderStatus::Completed,
        customer: subscription.customer.clone(),
        subscription: Some(subscription.id.clone()),
        created_at,
        // What it bills begins with the snapshot, however old the subscription is.
        provisioned_at: Some(now),
        billing_model: subscription.billing_model,
        currency: subscription.currency.unwrap_or(fallback),
        total: Some(lines.iter().map(|line| line.amount).sum()),
        lines,
        on_renewal: false,
        vendor_rated: false,
    }
}

/// Every line recurs, and the connection's price source counts.
pub fn judge<'a>(order: &'a Order, law: Law<'_>) -> Judgement<'a> {
    let (price, why) = match law.rules.price_source {
        PriceChoice::Marketplace => (PriceSource::Order, PriceWhy::ChosenMarketplace),
        PriceChoice::Target => (PriceSource::Catalogue, PriceWhy::ChosenTarget),
    };
    let lines: Vec<Billable<'_>> = order
        .lines
        .iter()
        .filter(|line| !line.amount.is_zero())
        .map(|line| Billable { line, fee: Fee::ResourceRecurring, row: SCENARIO.to_owned(), price, why })
        .collect();
    let verdict = if lines.is_empty() {
        let why = "the marketplace gives no priced lines for this subscription".to_owned();
        Verdict::Pending(vec![Need::Decision { why }])
    } else {
        links(order, &lines, law)
    };
    Judgement { verdict, lines, notes: Vec::new(), scenario: SCENARIO.to_owned() }
}

/// Active subscriptions that no sales order of the first window stands for.
pub fn due<'a>(subscriptions: &'a [Subscription], represented: &BTreeSet<&str>) -> Vec<&'a Subscription> {
    subscriptions
        .iter()
        .filter(|s| s.status == SubscriptionStatus::Active && !represented.contains(s.id.as_str()))
        .collect()
}
