//! Owns: what is on an order of each kind, and what it does to its subscription.

use chrono::{Duration, NaiveDate, NaiveTime};
use rust_decimal::Decimal;

use super::dates::{Interval, back};
use super::events::{Event, Kind};
use super::lines::{Bill, Slice, total};
use super::model::{Order, OrderedProduct, Subscription, World};
use super::wire::{BillingModel, FeeKind, OrderStatus, OrderType, PlacementType, SubscriptionStatus};

/// What the composer settled beside the lines.
#[derive(Debug, Clone, Copy, Default)]
struct Settled {
    /// The subscribed quantity of the changed product once the order completes.
    becomes: Option<(usize, i64)>,
    /// The marketplace shows neither details nor products.
    bare: bool,
    /// A change for the renewal takes effect then.
    effective_on: Option<NaiveDate>,
}

impl World {
    /// Makes the order of an event, files it and lets it take effect. Gives its index.
    pub(crate) fn compose(&mut self, event: Event, delta: Option<i64>) -> usize {
        let event = self.scheduled(event);
        let subscription = &self.subscriptions[event.subscription];
        let mut bill = Bill {
            currency: self.currency,
            products: &self.products,
            plan: &self.plans[subscription.plan],
            subscription,
            rng: &mut self.rng,
            lines: Vec::new(),
        };
        let day = event.provisioned.unwrap_or_else(|| event.at.date_naive().max(subscription.created));
        let settled = fill(&mut bill, event, day, delta);
        let po_number = bill.rng.chance(1, 3).then(|| format!("PO-{:05}", bill.rng.below(90_000)));
        let lines = bill.lines;
        let serial = self.orders.len();
        let mut order = Order {
            id: (2_000_001 + serial).to_string(),
            number: format!("{}{:06}", event.kind.prefix(), 1_001 + serial),
            order_type: order_type(event.kind),
            customer_id: subscription.customer_id.clone(),
            subscription_id: (event.kind != Kind::Payment).then(|| subscription.id.clone()),
            po_number,
            created: event.at,
            provisioned: event.provisioned.map(|day| provisioned_at(event, day)),
            status: event.status,
            currency: self.currency,
            total: total(&lines),
            billing_model: subscription.billing_model,
            scheduled_on_renewal: event.kind == Kind::ChangeOnRenewal,
            products: ordered(event.kind, subscription, &lines),
            lines,
        };
        if settled.bare {
            order.lines.clear();
            order.products.clear();
        }
        let date = event.at.date_naive();
        let subscription = &mut self.subscriptions[event.subscription];
        if event.status == OrderStatus::Completed {
            take_effect(subscription, event.kind, settled, date);
        }
        self.file_order(order);
        serial
    }

    /// A change for the renewal is done when the renewal is past, whatever else was planned.
    fn scheduled(&self, event: Event) -> Event {
        if event.kind != Kind::ChangeOnRenewal {
            return event;
        }
        let renewal = self.subscriptions[event.subscription].subscription_interval(event.at.date_naive()).end;
        let (status, provisioned) = match event.status {
            OrderStatus::Completed | OrderStatus::Processing if renewal < self.today => {
                (OrderStatus::Completed, Some(renewal))
            }
            OrderStatus::Completed => (OrderStatus::Processing, None),
            other => (other, None),
        };
        Event { status, provisioned, ..event }
    }
}

fn order_type(kind: Kind) -> OrderType {
    match kind {
        Kind::Sale => OrderType::Sales,
        Kind::Upgrade | Kind::Downgrade | Kind::ChangeOnRenewal | Kind::PlanSwitch => OrderType::Change,
        Kind::CancelRefund | Kind::CancelFee => OrderType::Cancellation,
        Kind::Renewal => OrderType::Renewal,
        Kind::Migration => OrderType::Migration,
        Kind::Billing | Kind::Resource | Kind::Payment => OrderType::Unknown,
    }
}

fn fill(bill: &mut Bill<'_>, event: Event, day: NaiveDate, delta: Option<i64>) -> Settled {
    let whole = bill.subscription.billing_interval(day);
    let rest = Slice::rest_of(whole, day);
    let mut settled = Settled::default();
    match event.kind {
        Kind::Sale => sale(bill, day, rest),
        Kind::Upgrade | Kind::Downgrade => settled.becomes = change(bill, event.kind, rest, delta),
        Kind::ChangeOnRenewal => {
            let renewal = bill.subscription.subscription_interval(event.at.date_naive()).end;
            settled.effective_on = Some(renewal);
            settled.becomes = on_renewal(bill, renewal, delta);
        }
        Kind::PlanSwitch => switch(bill, rest),
        Kind::CancelRefund => {
            refund(bill, day, rest);
            settled.bare = event.bare;
        }
        Kind::CancelFee => bill.plan_fee(FeeKind::Cancellation, Some(bill.plan.cancellation_fee), Slice::ONCE),
        Kind::Renewal | Kind::Migration => {
            bill.recurring(FeeKind::Recurring, Slice::all_of(event.about.unwrap_or(whole)));
            settled.bare = event.kind == Kind::Renewal;
        }
        Kind::Billing => billing(bill, event.about.unwrap_or(whole)),
        Kind::Payment => {
            let paid = Decimal::new(bill.rng.between(1_000, 90_000), 2);
            let paid = bill.currency.round(paid);
            bill.add(FeeKind::Payment, None, Decimal::ONE, paid, Slice::ONCE);
        }
        Kind::Resource => {}
    }
    bill.free_line_if_empty();
    settled
}

fn sale(bill: &mut Bill<'_>, day: NaiveDate, rest: Slice) {
    bill.setups();
    match bill.subscription.billing_model {
        BillingModel::BeforeBillingPeriod => bill.recurring(FeeKind::Recurring, rest),
        BillingModel::BeforeSubscriptionPeriod => {
            let period = bill.subscription.subscription_interval(day);
            let months = bill.subscription.subscription_period.months();
            let times = months / bill.subscription.billing_period.months().max(1);
            let slice = Slice { period: Some(period), whole: None, times: times.max(1) };
            bill.recurring(FeeKind::Recurring, slice);
        }
        BillingModel::AfterBillingPeriod | BillingModel::ExternalRating => {}
    }
    bill.haggle();
}

/// Seats more or less, from that day to the end of the billing period.
fn change(bill: &mut Bill<'_>, kind: Kind, rest: Slice, delta: Option<i64>) -> Option<(usize, i64)> {
    let held = bill.subscription.products.first()?;
    let product = &bill.products[held.product];
    let wanted = match (delta, kind) {
        (Some(delta), _) => delta,
        (None, Kind::Downgrade) if held.quantity > 1 => -bill.rng.between(1, (held.quantity - 1).min(5)),
        _ => bill.rng.between(1, 8),
    };
    let prepaid = bill.subscription.billing_model == BillingModel::BeforeBillingPeriod;
    if wanted > 0
        && let Some(setup) = product.setup
    {
        bill.add(FeeKind::Setup, Some(held.product), wanted.into(), setup.price, Slice::ONCE);
    }
    let unit = product.recurring.filter(|_| prepaid).map_or(Decimal::ZERO, |price| price.price);
    let fee = if wanted < 0 { FeeKind::Downgrade } else { FeeKind::Recurring };
    bill.add(fee, Some(held.product), wanted.into(), unit, rest);
    Some((held.product, (held.quantity + wanted).max(0)))
}

/// The line's quantity is the whole target, not the difference.
fn on_renewal(bill: &mut Bill<'_>, renewal: NaiveDate, delta: Option<i64>) -> Option<(usize, i64)> {
    let held = bill.subscription.products.first()?;
    let difference = delta.unwrap_or_else(|| bill.rng.between(-4, 6));
    let target = (held.quantity + difference).max(1);
    let period = bill.subscription.billing_interval(renewal);
    let unit = bill.products[held.product].recurring.map_or(Decimal::ZERO, |price| price.price);
    bill.add(FeeKind::Recurring, Some(held.product), target.into(), unit, Slice::all_of(period));
    Some((held.product, target))
}

/// A fee kind that no target supports.
fn switch(bill: &mut Bill<'_>, rest: Slice) {
    if let Some(held) = bill.subscription.products.first() {
        let unit = bill.products[held.product].recurring.map_or(Decimal::ONE, |price| price.price);
        bill.add(FeeKind::Switch, Some(held.product), held.quantity.into(), unit, rest);
    }
}

fn refund(bill: &mut Bill<'_>, day: NaiveDate, rest: Slice) {
    if bill.subscription.billing_model == BillingModel::BeforeBillingPeriod {
        bill.recurring(FeeKind::RecurringRefund, rest);
        let unsettled = bill.rng.chance(1, 4);
        bill.plan_fee(FeeKind::SetupRefund, bill.plan.setup.filter(|_| unsettled).map(|setup| -setup), Slice::ONCE);
    }
    let so_far = Interval { start: bill.subscription.billing_interval(day).start, end: day };
    if so_far.days() > 0 {
        bill.overuse(so_far);
    }
}

fn billing(bill: &mut Bill<'_>, period: Interval) {
    let past = bill.subscription.billing_interval(back(period.start, 1));
    match bill.subscription.billing_model {
        BillingModel::BeforeBillingPeriod => bill.recurring(FeeKind::Recurring, Slice::all_of(period)),
        BillingModel::AfterBillingPeriod => {
            bill.recurring(FeeKind::Recurring, Slice::all_of(past));
            if bill.rng.chance(1, 5) {
                let from = back(past.end, u64::try_from(bill.rng.between(3, 12)).unwrap_or(3));
                bill.recurring(FeeKind::RecurringRefund, Slice::rest_of(past, from));
            }
            bill.overuse(past);
        }
        BillingModel::ExternalRating | BillingModel::BeforeSubscriptionPeriod => bill.overuse(past),
    }
}

fn ordered(kind: Kind, of: &Subscription, lines: &[super::model::Line]) -> Vec<OrderedProduct> {
    let placement = match kind {
        Kind::Sale => PlacementType::Create,
        Kind::Upgrade | Kind::Downgrade | Kind::ChangeOnRenewal | Kind::Resource => PlacementType::Upgrade,
        Kind::PlanSwitch => PlacementType::ChangePlanPeriod,
        Kind::CancelRefund | Kind::CancelFee => PlacementType::Cancel,
        Kind::Renewal => PlacementType::Renew,
        Kind::Migration => PlacementType::Migration,
        Kind::Billing if of.billing_model == BillingModel::ExternalRating => PlacementType::VendorRatedData,
        Kind::Billing | Kind::Payment => PlacementType::BillingSubscription,
    };
    let mut seen: Vec<OrderedProduct> = Vec::new();
    for line in lines {
        if let Some(product) = line.product
            && !seen.iter().any(|other| other.product == product)
        {
            seen.push(OrderedProduct { product, quantity: line.quantity, placement });
        }
    }
    seen
}

/// Some minutes after the order, or in the morning of the day it was done.
fn provisioned_at(event: Event, day: NaiveDate) -> chrono::DateTime<chrono::Utc> {
    if day <= event.at.date_naive() {
        return event.at + Duration::minutes(11);
    }
    day.and_time(NaiveTime::from_hms_opt(6, 30, 0).unwrap_or(NaiveTime::MIN)).and_utc()
}

fn take_effect(subscription: &mut Subscription, kind: Kind, settled: Settled, date: NaiveDate) {
    if let Some((product, quantity)) = settled.becomes
        && let Some(held) = subscription.products.iter_mut().find(|held| held.product == product)
    {
        held.quantity = quantity;
    }
    if kind == Kind::CancelRefund {
        subscription.status = SubscriptionStatus::Terminated;
        subscription.ended = Some(date);
    }
    let touched = settled.effective_on.unwrap_or(date).max(subscription.created);
    subscription.last_modified = subscription.last_modified.max(touched);
}
