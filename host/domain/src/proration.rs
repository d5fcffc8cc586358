//! What the first, incomplete billing period is charged: price × days left / days of the period, once and by one side.
//! Owns the decision and its reason; which period and which price it is are `service` and `pricing`.
//!
//! Whoever has an amount that was prorated cannot have it prorated again, because only a quantity and a unit price
//! make a [`WholePeriod`]:
//!
//! ```
//! # use counterfoil_domain::{job::PriceSource, money::{Currency, Rounding}, period::Period};
//! # use counterfoil_domain::proration::{Method, Terms, WholePeriod, prorate};
//! # let day = |text: &str| text.parse().unwrap();
//! # let terms = Terms {
//! #     method: Method::ElapsedDays,
//! #     billing_period: Period::new(day("2026-11-01"), day("2026-12-01")).unwrap(),
//! #     effective_on: day("2026-11-12"),
//! #     currency: Currency::parse("USD").unwrap(),
//! #     rounding: Rounding::HalfAwayFromZero,
//! #     source: PriceSource::Order,
//! #     target_prorates: false,
//! #     recurs: true,
//! # };
//! let whole = WholePeriod::new("18".parse().unwrap(), "33".parse().unwrap(), None);
//! let prorated = prorate(whole, &terms).unwrap();
//! assert_eq!(
//!     prorated.price.arithmetic,
//!     "18 × 33.00 USD × 19/30 days = 376.20 USD, elapsed-days, rounded half up"
//! );
//! ```
//!
//! The same with what came out put in again does not compile, neither whole nor as an amount:
//!
//! ```compile_fail,E0308
//! # use counterfoil_domain::{job::PriceSource, money::{Currency, Rounding}, period::Period};
//! # use counterfoil_domain::proration::{Method, Terms, WholePeriod, prorate};
//! # let day = |text: &str| text.parse().unwrap();
//! # let terms = Terms {
//! #     method: Method::ElapsedDays,
//! #     billing_period: Period::new(day("2026-11-01"), day("2026-12-01")).unwrap(),
//! #     effective_on: day("2026-11-12"),
//! #     currency: Currency::parse("USD").unwrap(),
//! #     rounding: Rounding::HalfAwayFromZero,
//! #     source: PriceSource::Order,
//! #     target_prorates: false,
//! #     recurs: true,
//! # };
//! let whole = WholePeriod::new("18".parse().unwrap(), "33".parse().unwrap(), None);
//! let prorated = prorate(whole, &terms).unwrap();
//! let twice = prorate(prorated, &terms);
//! ```
//!
//! ```compile_fail,E0277
//! # use counterfoil_domain::proration::{Prorated, WholePeriod};
//! fn again(prorated: Prorated) -> WholePeriod {
//!     prorated.price.amount.into()
//! }
//! ```

mod exact;

use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::job::PriceSource;
use crate::money::{Currency, Money, MoneyError, Rounding};
use crate::order::named;
use crate::period::Period;

named! {
    /// How a connection prorates.
    #[derive(Default)]
    Method {
        /// The days from the period's first day to the effective one are not charged: the 16th of 30 pays 15/30.
        #[default]
        ElapsedDays = "elapsed-days",
        /// The printed formula read literally: the effective day's number within the period is subtracted, so that
        /// day itself is free. The 16th of 30 pays 14/30.
        DayNumber = "day-number",
        /// The target gets the full price and the true date.
        TargetNative = "target-native",
        None = "none",
    }
}

named! {
    /// Why an amount is what it is.
    Why {
        NotRecurring = "not-recurring",
        CataloguePrice = "catalogue-price",
        PersonsPrice = "persons-price",
        StartsWithPeriod = "starts-with-period",
        BeforePeriod = "before-period",
        AfterPeriod = "after-period",
        TargetProrates = "target-prorates",
        /// Left to the target, which does not do it: a person should know.
        NobodyProrates = "nobody-prorates",
        MethodNone = "method-none",
        Prorated = "prorated",
    }
}

impl Why {
    /// For people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NotRecurring => "Charged in full: the fee does not recur, so no period is cut short.",
            Self::CataloguePrice => {
                "Charged in full: the price is the target's catalogue price, and only marketplace prices are prorated."
            }
            Self::PersonsPrice => "Charged in full: somebody set this price, and only marketplace prices are prorated.",
            Self::StartsWithPeriod => "Charged in full: it starts on the first day of the billing period.",
            Self::BeforePeriod => "Charged in full: it started before this billing period.",
            Self::AfterPeriod => "Nothing is charged for this billing period: it starts after its last day.",
            Self::TargetProrates => {
                "Sent at the full price with the true date (target-native): the target prorates by itself, and never \
                 do both sides."
            }
            Self::NobodyProrates => {
                "Charged in full: the method leaves the proration to the target, which does not prorate here. Switch \
                 proration on there, or choose another method."
            }
            Self::MethodNone => "Charged in full: proration is switched off for this connection.",
            Self::Prorated => "Charged from the effective day to the end of the billing period.",
        }
    }
}

/// Quantity and prices for a whole billing period: the only thing that can be prorated. Never made from an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WholePeriod {
    quantity: Decimal,
    unit_price: Decimal,
    unit_cost: Option<Decimal>,
}

impl WholePeriod {
    pub fn new(quantity: Decimal, unit_price: Decimal, unit_cost: Option<Decimal>) -> Self {
        Self { quantity, unit_price, unit_cost }
    }

    /// With the sign of what the order bills: a refund may come as a positive quantity at a positive price.
    #[must_use]
    pub fn signed_like(self, billed: Decimal) -> Self {
        let negative = self.quantity.is_sign_negative() != self.unit_price.is_sign_negative();
        if billed.is_zero() || billed.is_sign_negative() == negative {
            return self;
        }
        Self { quantity: self.quantity, unit_price: -self.unit_price, unit_cost: self.unit_cost.map(|cost| -cost) }
    }
}

/// What decides, beside the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub method: Method,
    /// The whole period that the price is for.
    pub billing_period: Period,
    pub effective_on: NaiveDate,
    pub currency: Currency,
    pub rounding: Rounding,
    pub source: PriceSource,
    /// The container's own switch, such as an agreement's "prorate".
    pub target_prorates: bool,
    pub recurs: bool,
}

/// The part of a period that is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub left: u32,
    pub days: u32,
}

/// One amount with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// For the whole period, rounded.
    pub full: Money,
    /// What is charged, rounded once.
    pub amount: Money,
    /// "18 × 33.00 USD × 19/30 days = 376.20 USD, elapsed-days, rounded half up".
    pub arithmetic: String,
}

impl Charge {
    /// The part before the effective day: with the amount it is the full price, to the coin.
    pub fn before(&self) -> Result<Money, MoneyError> {
        self.full.minus(self.amount)
    }
}

/// What the billing period is charged, by whom it was worked out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prorated {
    pub why: Why,
    /// The method that acted: `none` where nobody prorates, `target-native` where the target does.
    pub method: Method,
    pub share: Share,
    pub price: Charge,
    pub cost: Option<Charge>,
    /// Where the target prorates: what will be left of the full price, if it counts days as we do.
    pub by_target: Option<Charge>,
}

impl Prorated {
    /// Whether the amount was prorated here: then the target must see nothing left to prorate.
    pub fn by_us(&self) -> bool {
        self.why == Why::Prorated
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProrationError {
    #[error(
        "{quantity} × {unit_price} {currency} is larger than can be counted exactly, so nothing is billed for it; \
         correct its quantity or its price in the marketplace"
    )]
    Overflow { quantity: Decimal, unit_price: Decimal, currency: Currency },
}

/// What `whole` is charged for the billing period in `terms`. Multiplies first, divides once, rounds once.
pub fn prorate(whole: WholePeriod, terms: &Terms) -> Result<Prorated, ProrationError> {
    let why = why(terms);
    let share = share(why, terms);
    let method = match why {
        Why::Prorated => terms.method,
        Why::TargetProrates => Method::TargetNative,
        _ => Method::None,
    };
    let charge = |unit: Decimal| charge(whole.quantity, unit, share, why, terms);
    let price = charge(whole.unit_price)?;
    let cost = whole.unit_cost.map(charge).transpose()?;
    let by_target = (why == Why::TargetProrates).then(|| by_days(whole, terms)).transpose()?;
    Ok(Prorated { why, method, share, price, cost, by_target })
}

/// What the days that are left come to, whoever prorates.
fn by_days(whole: WholePeriod, terms: &Terms) -> Result<Charge, ProrationError> {
    let terms = Terms { method: Method::ElapsedDays, ..*terms };
    charge(whole.quantity, whole.unit_price, share(Why::Prorated, &terms), Why::Prorated, &terms)
}

fn why(terms: &Terms) -> Why {
    let period = terms.billing_period;
    match terms.source {
        _ if !terms.recurs => Why::NotRecurring,
        PriceSource::Catalogue => Why::CataloguePrice,
        PriceSource::Person => Why::PersonsPrice,
        PriceSource::Order if terms.effective_on == period.start() => Why::StartsWithPeriod,
        PriceSource::Order if terms.effective_on < period.start() => Why::BeforePeriod,
        PriceSource::Order if terms.effective_on >= period.end() => Why::AfterPeriod,
        PriceSource::Order if terms.target_prorates => Why::TargetProrates,
        PriceSource::Order => match terms.method {
            Method::TargetNative => Why::NobodyProrates,
            Method::None => Why::MethodNone,
            Method::ElapsedDays | Method::DayNumber => Why::Prorated,
        },
    }
}

fn share(why: Why, terms: &Terms) -> Share {
    // Chrono knows half a million years: their days fit.
    let days = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    let period = terms.billing_period;
    let whole = days(period.days());
    let left = match (why, terms.method) {
        (Why::Prorated, Method::DayNumber) => days((period.last() - terms.effective_on).num_days()),
        (Why::Prorated, _) => days((period.end() - terms.effective_on).num_days()),
        (Why::AfterPeriod, _) => 0,
        _ => whole,
    };
    Share { left, days: whole }
}

fn charge(
    quantity: Decimal,
    unit_price: Decimal,
    share: Share,
    why: Why,
    terms: &Terms,
) -> Result<Charge, ProrationError> {
    let currency = terms.currency;
    let overflow = || ProrationError::Overflow { quantity, unit_price, currency };
    let part = |share| exact::part(quantity, unit_price, share, currency.minor_units(), terms.rounding);
    let (full, full_exact) = part(Share { left: share.days, days: share.days }).ok_or_else(overflow)?;
    let (amount, _) = part(share).ok_or_else(overflow)?;
    let full = Money::new(full, currency);
    let amount = Money::new(amount, currency);
    let product = format!("{} × {}", quantity.normalize(), Money::new(unit_price, currency));
    let Share { left, days } = share;
    let rounded = terms.rounding.phrase();
    let arithmetic = match why {
        Why::Prorated => format!("{product} × {left}/{days} days = {amount}, {}, {rounded}", terms.method),
        Why::AfterPeriod => format!("{product} × {left}/{days} days = {amount}"),
        _ if full_exact => format!("{product} = {amount}, in full"),
        _ => format!("{product} = {amount}, in full, {rounded}"),
    };
    Ok(Charge { full, amount, arithmetic })
}
