//! Owns: what happens to a subscription: when it begins, how many at which price from when on, when it ends.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::month::{Month, months_after};
use super::motion::{Motion, Schedule};
use super::record::Charge;

/// From a day on: so many, at these prices for one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub on: NaiveDate,
    pub quantity: i64,
    pub unit_cost: Decimal,
    pub unit_retail: Decimal,
}

/// How a subscription ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// The first day without it.
    pub on: NaiveDate,
    /// Inside the seven days in which what was charged for later days is taken back.
    pub in_window: bool,
}

/// What a metered line measures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    pub id: String,
    pub name: String,
    pub category: String,
    pub subcategory: String,
    pub unit: String,
}

/// A line that no schedule makes: usage, a credit or an adjustment for an earlier period, something sold once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    pub billed: Month,
    pub charge: Charge,
    /// Replaces the product's name.
    pub title: Option<String>,
    pub start: NaiveDate,
    /// The last day of it.
    pub end: NaiveDate,
    pub quantity: Decimal,
    pub unit_cost: Decimal,
    pub unit_retail: Decimal,
    pub meter: Option<Meter>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: u32,
    pub guid: String,
    /// The tenant's number; none for what the distributor charges the reseller itself.
    pub tenant: Option<u32>,
    /// Index into the world's products.
    pub product: usize,
    pub motion: Motion,
    pub start: NaiveDate,
    /// In order of their days; the first is on the first day.
    pub steps: Vec<Step>,
    pub ending: Option<Ending>,
    pub extras: Vec<Extra>,
}

impl Subscription {
    #[must_use]
    pub fn active_on(&self, day: NaiveDate) -> bool {
        self.start <= day && self.ending.is_none_or(|ending| day < ending.on)
    }

    /// What is in force on a day, whether or not it has ended by then.
    #[must_use]
    pub fn step_on(&self, day: NaiveDate) -> Option<&Step> {
        self.steps.iter().rev().find(|step| step.on <= day)
    }

    /// The term that has this day in it: its first day and the first day after it.
    #[must_use]
    pub fn term_on(&self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        let months = self.motion.term_months();
        let mut index = 0;
        while months_after(self.start, (index + 1) * months) <= day && index < 600 {
            index += 1;
        }
        (months_after(self.start, index * months), months_after(self.start, (index + 1) * months))
    }

    /// Quantity and price that stand at a month's end, if the month's statement bills the subscription for its last day.
    /// Upfront terms are billed in the months in which they begin or change; what is no licence never stands.
    #[must_use]
    pub fn closing(&self, month: Month) -> Option<&Step> {
        let day = month.last();
        if !self.active_on(day) {
            return None;
        }
        let billed = match self.motion.schedule() {
            Schedule::Monthly => true,
            Schedule::Noted => false,
            Schedule::Upfront(_) if self.motion == Motion::Reservation => false,
            Schedule::Upfront(_) => {
                month.holds(self.term_on(day).0) || self.steps.iter().any(|step| month.holds(step.on))
            }
        };
        billed.then(|| self.step_on(day)).flatten()
    }
}
