//! Owns: what completing an open order does to its amounts and to its subscription.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::prelude::ToPrimitive;

use super::evolve::WorldError;
use super::lines::{Slice, price, total};
use super::model::{Order, Subscription, World};
use super::money::Currency;
use super::wire::{FeeKind, OrderStatus, OrderType, SubscriptionStatus};

impl World {
    /// Completes an order: it is provisioned at that time, and amounts of partial periods are computed anew from that
    /// day, in the billing period the day falls in. An order that is complete already stays as it is.
    ///
    /// # Errors
    /// If there is no such order.
    pub fn complete_order(&mut self, number: &str, at: DateTime<Utc>) -> Result<(), WorldError> {
        let missing = || WorldError::NoSuchOrder(number.to_owned());
        let index = *self.number_index.get(number).ok_or_else(missing)?;
        let order = &mut self.orders[index];
        if order.status == OrderStatus::Completed {
            return Ok(());
        }
        order.status = OrderStatus::Completed;
        order.provisioned = Some(at);
        let of = order.subscription_id.as_ref().and_then(|id| self.subscription_index.get(id));
        if let Some(subscription) = of.map(|index| &mut self.subscriptions[*index]) {
            let day = at.date_naive();
            start(subscription, order, day);
            reprice(subscription, order, day, self.currency);
            settle(subscription, order, day);
        }
        Ok(())
    }
}

/// A subscription's periods are counted from the day it was provisioned.
fn start(subscription: &mut Subscription, order: &Order, day: NaiveDate) {
    if order.order_type == OrderType::Sales && subscription.status == SubscriptionStatus::Pending {
        subscription.status = SubscriptionStatus::Active;
        subscription.created = day;
    }
}

fn reprice(subscription: &Subscription, order: &mut Order, day: NaiveDate, currency: Currency) {
    let moves = matches!(order.order_type, OrderType::Sales | OrderType::Change | OrderType::Cancellation);
    if !moves || order.scheduled_on_renewal || order.lines.is_empty() {
        return;
    }
    for line in order.lines.iter_mut().filter(|line| line.fee != FeeKind::Overuse && line.period.is_some()) {
        if line.whole.is_some() {
            let slice = Slice::rest_of(subscription.billing_interval(day), day);
            (line.period, line.whole) = (slice.period, slice.whole);
        } else {
            line.period = Some(subscription.subscription_interval(day));
        }
        price(line, currency);
    }
    order.total = total(&order.lines);
}

fn settle(subscription: &mut Subscription, order: &Order, day: NaiveDate) {
    match order.order_type {
        OrderType::Cancellation if order.number.starts_with("CL") => {
            subscription.status = SubscriptionStatus::Terminated;
            subscription.ended = Some(day);
        }
        OrderType::Change => {
            let seats = order.lines.iter().filter(|line| matches!(line.fee, FeeKind::Recurring | FeeKind::Downgrade));
            for line in seats {
                let held = subscription.products.iter_mut().find(|held| Some(held.product) == line.product);
                if let (Some(held), Some(count)) = (held, line.quantity.to_i64()) {
                    held.quantity = if order.scheduled_on_renewal { count } else { (held.quantity + count).max(0) };
                }
            }
        }
        _ => {}
    }
    subscription.last_modified = subscription.last_modified.max(day);
}
