//! Initial tasks: a snapshot of an active subscription at the first integration. Recurring lines only, no
//! setup, no proration, whatever the billing model.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::connection::{HostRules, PriceChoice};
use crate::id::{ConnectionId, LineId, MarketplaceId, OrderId, SubscriptionId};
use crate::job::PriceSource;
use crate::judge::{Billable, Judgement, Law, excluded, links, offered};
use crate::market::{Subscription, SubscriptionStatus};
use crate::money::Currency;
use crate::order::{BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType};
use crate::rule::Seen;
use crate::scenario::PriceWhy;
use crate::task::{Need, Verdict};

/// The row's name on the task.
pub const SCENARIO: &str = "initial snapshot";

/// Where a connection's snapshot is kept: what the subscription becomes later must not change it.
pub fn key(marketplace: &MarketplaceId, connection: &ConnectionId, subscription: &SubscriptionId) -> OrderKey {
    let order = OrderId::new(format!("initial:{connection}:{subscription}"));
    OrderKey { marketplace: marketplace.clone(), order }
}

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
        statement: None,
    }
}

/// Every line recurs, and the connection's price source counts.
pub fn judge<'a>(order: &'a Order, law: Law<'_>) -> Judgement<'a> {
    if let Some(excluded) = excluded(Seen { order, is_snapshot: true }, law) {
        return excluded;
    }
    let (price, why) = match law.rules.price_source {
        PriceChoice::Marketplace => (PriceSource::Order, PriceWhy::ChosenMarketplace),
        PriceChoice::Target => (PriceSource::Catalogue, PriceWhy::ChosenTarget),
    };
    let lines: Vec<Billable<'_>> = order
        .lines
        .iter()
        .filter(|line| !line.amount.is_zero())
        .map(|line| Billable {
            line,
            fee: Fee::ResourceRecurring,
            row: SCENARIO.to_owned(),
            price,
            why,
            prorate: false,
        })
        .collect();
    let verdict = if lines.is_empty() {
        let why = "the marketplace gives no priced lines for this subscription".to_owned();
        Verdict::Pending(vec![Need::Decision { why }])
    } else {
        links(order, &lines, law)
    };
    offered(order, Judgement { verdict, lines, notes: Vec::new(), scenario: SCENARIO.to_owned() }, law)
}

/// What a snapshot has to do with an order of its subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    None,
    Whole,
    /// Some of its lines and not others: a person decides, because an order is never billed in part.
    Part,
}

/// Whether the snapshot taken `at` stands for a completed order. `watched`: the order was seen after that and was not
/// final yet, so without a provisioning date it took effect later.
pub fn covers(at: DateTime<Utc>, order: &Order, watched: bool, rules: &HostRules) -> Cover {
    match order.kind() {
        // A migration says more about itself.
        OrderType::Migration => Cover::None,
        OrderType::Billing => covers_billing(at, order, rules),
        _ => {
            let effective = match order.provisioned_at {
                // A day without a time is its midnight; what was ordered after the snapshot is never in it.
                Some(provisioned) => provisioned.max(order.created_at),
                None if watched => return Cover::None,
                None => order.created_at,
            };
            if effective <= at { Cover::Whole } else { Cover::None }
        }
    }
}

/// Past usage is in no snapshot. The default model's monthly order is, where the connection bills it at all: for periods
/// that began with or before the snapshot.
fn covers_billing(at: DateTime<Utc>, order: &Order, rules: &HostRules) -> Cover {
    if !rules.recurring_before_period || order.billing_model != BillingModel::BeforeBillingPeriod {
        return Cover::None;
    }
    let bills = |line: &&OrderLine| !line.amount.is_zero() && !matches!(line.kind, LineKind::NotBillable(_));
    let billing: Vec<&OrderLine> = order.lines.iter().filter(bills).collect();
    match billing.iter().filter(|line| is_inside(at, order, line)).count() {
        0 => Cover::None,
        all if all == billing.len() => Cover::Whole,
        _ => Cover::Part,
    }
}

/// Whether the snapshot bills this line of a billing order already.
pub fn is_inside(at: DateTime<Utc>, order: &Order, line: &OrderLine) -> bool {
    let begins = line.service_period.map_or_else(|| order.effective_on(), |period| period.start());
    matches!(&line.kind, LineKind::Fee(fee) if fee.recurs()) && begins <= at.date_naive()
}

/// Active subscriptions that no sales order of the first window stands for.
pub fn due<'a>(subscriptions: &'a [Subscription], represented: &BTreeSet<&str>) -> Vec<&'a Subscription> {
    subscriptions
        .iter()
        .filter(|s| s.status == SubscriptionStatus::Active && !represented.contains(s.id.as_str()))
        .collect()
}
