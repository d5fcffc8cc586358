//! How long a person wants something ignored, and what that comes to for an order. Owns the resolving and its refusals;
//! bringing back is the engine's business.

use chrono::NaiveDate;

use crate::market::Subscription;
use crate::order::Order;
use crate::period::Cycle;
use crate::print::{bills, print};
use crate::service::{Anchor, billing_period};
use crate::task::Until;

/// As somebody says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    Day(NaiveDate),
    NextPeriod,
    Change,
}

/// It cannot be told when that would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    #[error("{0} is not after today ({1}); it must be a day after today")]
    Past(NaiveDate, NaiveDate),
    #[error(
        "the order of {0} is not known any more, so that nothing tells its period or what it bills; give a day instead"
    )]
    NoOrder(String),
    #[error(
        "no line of order {order} states its period, and {why}; when the next period starts is not known. Give a day instead"
    )]
    NoPeriod { order: String, why: String },
    #[error(
        "order {0} is of no subscription, so that no later order can bill the same again; give a day, or ignore it for good"
    )]
    NoSubscription(String),
}

/// `number` is the task's, for when its order is not there.
pub fn resolve(
    wish: Wish,
    number: &str,
    order: Option<&Order>,
    subscription: Option<&Subscription>,
    today: NaiveDate,
) -> Result<Until, Untold> {
    if let Wish::Day(day) = wish {
        return if day > today { Ok(Until::Day(day)) } else { Err(Untold::Past(day, today)) };
    }
    let order = order.ok_or_else(|| Untold::NoOrder(number.to_owned()))?;
    match wish {
        Wish::Change if order.subscription.is_none() => Err(Untold::NoSubscription(order.number.clone())),
        Wish::Change => Ok(Until::Change { print: print(order) }),
        _ => next_period(order, subscription, today).map(|starts| Until::NextPeriod { starts }),
    }
}

/// The first day of the billing period after the one that is under way: by the lines where they tell, else by the
/// subscription.
fn next_period(order: &Order, subscription: Option<&Subscription>, today: NaiveDate) -> Result<NaiveDate, Untold> {
    let told =
        order.lines.iter().filter(|line| bills(line)).filter_map(|line| Some((line.service_period?, line.cycle)));
    let by_lines = told
        .filter_map(|(period, cycle)| {
            if period.end() > today {
                return Some(period.end());
            }
            // Billed in arrears: the period of the order is over, and where it ended the next began.
            let cycle = cycle.or_else(|| subscription.and_then(|s| s.cycle))?;
            after_today(cycle, period.end(), today)
        })
        .min();
    if let Some(starts) = by_lines {
        return Ok(starts);
    }
    let untold = |why: String| Untold::NoPeriod { order: order.number.clone(), why };
    let Some(subscription) = subscription else { return Err(untold("its subscription is not known".to_owned())) };
    let line_cycle = || order.lines.iter().find_map(|line| line.cycle);
    let Some(cycle) = subscription.cycle.or_else(line_cycle) else {
        return Err(untold(format!("subscription {} names no billing cycle", subscription.name)));
    };
    let anchor =
        Anchor { started_on: subscription.created_at.map(|at| at.date_naive()), renews_on: subscription.renews_on };
    let period = billing_period(cycle, anchor, today).filter(|period| period.end() > today);
    period
        .map(|period| period.end())
        .ok_or_else(|| untold(format!("subscription {} names no day to count from", subscription.name)))
}

fn after_today(cycle: Cycle, anchor: NaiveDate, today: NaiveDate) -> Option<NaiveDate> {
    Some(cycle.period_containing(today, anchor)?.end())
}
