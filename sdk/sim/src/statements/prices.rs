//! Owns: what things cost on a day: by product, motion and currency, and what is on the price list.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::model::{Product, ProductKind, StatementWorld};
use super::motion::Motion;
use crate::world::Currency;

/// One offer of the price list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPrice {
    pub part_number: String,
    pub name: String,
    pub publisher: String,
    pub motion: Motion,
    pub currency: Currency,
    /// What the reseller pays.
    pub cost: Decimal,
    /// What the publisher recommends to ask for it.
    pub retail: Decimal,
}

/// Percent of the cost that the recommended price is.
const RECOMMENDED: u32 = 125;

impl ProductKind {
    /// How it can be bought.
    #[must_use]
    pub fn motions(self) -> &'static [Motion] {
        match self {
            Self::Licence => &[
                Motion::MonthlyMonthly,
                Motion::AnnualMonthly,
                Motion::AnnualUpfront,
                Motion::TriennialMonthly,
                Motion::TriennialUpfront,
            ],
            Self::AzurePlan => &[Motion::Usage],
            Self::Reservation => &[Motion::Reservation],
            Self::SavingsPlan => &[Motion::SavingsPlan],
            Self::Perpetual => &[Motion::SoftwarePerpetual],
            Self::Saas => &[Motion::MarketplaceSaas],
            Self::Service => &[Motion::OtherOneTime],
        }
    }
}

/// What the reseller pays for one period of the motion, to the cent.
pub(super) fn cost(product: &Product, motion: Motion, currency: Currency, on: NaiveDate) -> Decimal {
    let changed = product.changes.iter().rev().find(|(from, _)| *from <= on).map_or(100, |(_, percent)| *percent);
    // Hundredths of the base price in the annual motion.
    let factor = match motion {
        Motion::MonthlyMonthly => 120,
        Motion::AnnualUpfront => 1_200,
        Motion::TriennialMonthly => 95,
        Motion::TriennialUpfront => 3_420,
        Motion::Unknown => 2_400,
        _ => 100,
    };
    let rate = match currency.code() {
        "EUR" => 92,
        "GBP" => 79,
        _ => 100,
    };
    let exact = Decimal::new(product.base, 2) * Decimal::from(factor) * Decimal::from(rate) * Decimal::from(changed);
    currency.round(exact / Decimal::from(1_000_000))
}

/// With so many percent on top, to the cent.
pub(super) fn marked_up(cost: Decimal, percent: u32, currency: Currency) -> Decimal {
    currency.round(cost * Decimal::from(100 + percent) / Decimal::from(100))
}

impl StatementWorld {
    /// The price list of a day: every listed product in each motion it is sold in.
    #[must_use]
    pub fn price_list(&self, currency: Currency, on: NaiveDate) -> Vec<ListPrice> {
        let listed = self.products().iter().filter(|product| product.listed);
        let offers = listed.flat_map(|product| product.kind.motions().iter().map(move |motion| (product, *motion)));
        offers
            .map(|(product, motion)| {
                let cost = cost(product, motion, currency, on);
                ListPrice {
                    part_number: product.part_number.clone(),
                    name: product.name.clone(),
                    publisher: product.publisher.clone(),
                    motion,
                    currency,
                    cost,
                    retail: marked_up(cost, RECOMMENDED - 100, currency),
                }
            })
            .collect()
    }
}
