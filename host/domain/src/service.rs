//! The service period of a line, and the billing period it falls in: from the line where it tells, else from the
//! subscription. Reads no text of a line; whoever decodes a source has done so.

use std::fmt;

use chrono::NaiveDate;

use crate::order::named;
use crate::period::{Cycle, Period};

named! {
    /// Who told the period.
    Source {
        Line = "line",
        Subscription = "subscription",
        Nobody = "none",
    }
}

impl Source {
    /// For people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Line => "The period is the one that the order's line states.",
            Self::Subscription => {
                "The line states no period; it is the subscription's billing period that contains the effective day."
            }
            Self::Nobody => {
                "Neither the line nor the subscription tells the period, so it is left out and nothing is prorated."
            }
        }
    }
}

/// The days of a subscription that its billing periods are counted from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Anchor {
    /// When it was provisioned, else created.
    pub started_on: Option<NaiveDate>,
    pub renews_on: Option<NaiveDate>,
}

impl Anchor {
    /// The one day to count from. The renewal counts, because periods may have been moved since the start; but a
    /// renewal on 28 February of what started on a 31st says less than the start does. A statement day is the
    /// account's, so the subscription's own start tells nothing of it.
    fn day(self, cycle: Cycle) -> Option<NaiveDate> {
        match (cycle, self.started_on, self.renews_on) {
            (Cycle::StatementDay, _, renews) => renews,
            (_, Some(started), Some(renews)) => {
                let on_grid = cycle.period_containing(renews, started).is_some_and(|period| period.start() == renews);
                Some(if on_grid { started } else { renews })
            }
            (_, started, renews) => renews.or(started),
        }
    }
}

/// The subscription's whole billing period that contains the day.
pub fn billing_period(cycle: Cycle, anchor: Anchor, day: NaiveDate) -> Option<Period> {
    cycle.period_containing(day, anchor.day(cycle)?)
}

/// What `told` is where the line or its text told one; else by the subscription.
pub fn service_period(
    told: Option<Period>,
    cycle: Option<Cycle>,
    anchor: Anchor,
    effective_on: NaiveDate,
) -> (Option<Period>, Source) {
    if told.is_some() {
        return (told, Source::Line);
    }
    match cycle.and_then(|cycle| billing_period(cycle, anchor, effective_on)) {
        Some(period) => (Some(period), Source::Subscription),
        None => (None, Source::Nobody),
    }
}
