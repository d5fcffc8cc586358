//! Owns: one line of a statement, with both prices and the days it is for.

use chrono::NaiveDate;
use rust_decimal::{Decimal, RoundingStrategy};

use super::life::Meter;
use super::month::Month;
use super::motion::Motion;
use crate::world::Currency;

/// Why a line is there. The numbers are this simulator's: no public source has the vendor's.
///
/// A `cycleFee` is a whole period; `cycleInstanceProrate` is part of one because quantity or price changed inside it;
/// `newPurchase` and `renew` begin a term; `addQuantity` and `removeQuantity` change an upfront term from a day to its end
/// (the latter negative); `cancelImmediate` takes back what was charged for days after a cancellation inside the window;
/// `customerCredit` and `adjustment` come later for a period already billed; `oneTime` recurs never; `usage` is metered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Charge {
    NewPurchase,
    CycleFee,
    CycleInstanceProrate,
    Renew,
    AddQuantity,
    RemoveQuantity,
    CancelImmediate,
    CustomerCredit,
    Adjustment,
    OneTime,
    Usage,
}

impl Charge {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NewPurchase => "newPurchase",
            Self::CycleFee => "cycleFee",
            Self::CycleInstanceProrate => "cycleInstanceProrate",
            Self::Renew => "renew",
            Self::AddQuantity => "addQuantity",
            Self::RemoveQuantity => "removeQuantity",
            Self::CancelImmediate => "cancelImmediate",
            Self::CustomerCredit => "customerCredit",
            Self::Adjustment => "adjustment",
            Self::OneTime => "oneTime",
            Self::Usage => "usage",
        }
    }

    #[must_use]
    pub fn code(self) -> u32 {
        match self {
            Self::NewPurchase => 1,
            Self::CycleFee => 2,
            Self::CycleInstanceProrate => 3,
            Self::Renew => 4,
            Self::AddQuantity => 5,
            Self::RemoveQuantity => 6,
            Self::CancelImmediate => 7,
            Self::CustomerCredit => 8,
            Self::Adjustment => 9,
            Self::OneTime => 10,
            Self::Usage => 11,
        }
    }
}

/// So many days of so many: what part of its period a line bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub days: i64,
    pub of: i64,
}

impl Share {
    pub const WHOLE: Self = Self { days: 1, of: 1 };

    /// Of an amount; multiplied before it is divided, not rounded.
    #[must_use]
    pub fn of(self, amount: Decimal) -> Decimal {
        amount * Decimal::from(self.days) / Decimal::from(self.of.max(1))
    }

    /// As it is printed, with four digits: not enough to compute the amount from.
    #[must_use]
    pub fn ratio(self) -> Decimal {
        self.of(Decimal::ONE).round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero).normalize()
    }
}

/// One line. Its period is what the vendor prints: the last day is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The month it is billed in, which is not always the month it is for.
    pub month: Month,
    /// None on what the distributor charges the reseller itself.
    pub tenant: Option<u32>,
    /// The subscription's number in this world.
    pub subscription: Option<u32>,
    pub part_number: String,
    pub title: String,
    pub motion: Motion,
    pub charge: Charge,
    pub start: NaiveDate,
    pub end: NaiveDate,
    pub quantity: Decimal,
    pub share: Share,
    pub unit_cost: Decimal,
    pub cost: Decimal,
    pub unit_retail: Decimal,
    pub retail: Decimal,
    pub currency: Currency,
    pub meter: Option<Meter>,
}

impl Record {
    /// Amounts from prices, quantity and share: to the cent, except metered ones, which keep eight digits.
    pub(crate) fn priced(mut self) -> Self {
        let amount = |unit: Decimal| {
            let exact = self.share.of(unit * self.quantity);
            match self.charge {
                Charge::Usage => exact.round_dp_with_strategy(8, RoundingStrategy::MidpointAwayFromZero).normalize(),
                _ => self.currency.round(exact),
            }
        };
        let (cost, retail) = (amount(self.unit_cost), amount(self.unit_retail));
        self.cost = cost;
        self.retail = retail;
        self
    }
}
