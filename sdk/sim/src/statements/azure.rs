//! Owns: a month of metered use of one Azure subscription, at prices far below a cent.

use rust_decimal::{Decimal, RoundingStrategy};

use super::life::{Extra, Meter};
use super::month::Month;
use super::record::Charge;
use crate::world::Prng;

type Row = (&'static str, &'static str, &'static str, &'static str, &'static str, i64, u32, i64);

/// Id, name, category, subcategory, unit, price and its digits, and the most that is used in a month.
const METERS: [Row; 5] = [
    ("6a1e2c5f-0001-4c58-9d3c-2f6a3c1b0a01", "D4s v5", "Virtual Machines", "Dsv5 Series", "1 Hour", 20_736, 5, 744),
    (
        "6a1e2c5f-0002-4c58-9d3c-2f6a3c1b0a02",
        "Hot LRS Data Stored",
        "Storage",
        "Tiered Block Blob",
        "1 GB/Month",
        184,
        4,
        3_000,
    ),
    (
        "6a1e2c5f-0003-4c58-9d3c-2f6a3c1b0a03",
        "Read Operations",
        "Storage",
        "Tiered Block Blob",
        "10K",
        4_321,
        6,
        90_000,
    ),
    (
        "6a1e2c5f-0004-4c58-9d3c-2f6a3c1b0a04",
        "Standard Data Transfer Out",
        "Bandwidth",
        "Inter-Region",
        "1 GB",
        87,
        3,
        800,
    ),
    ("6a1e2c5f-0005-4c58-9d3c-2f6a3c1b0a05", "Executions", "Functions", "Consumption", "10", 2, 7, 4_000_000),
];

/// Two to five meters; each has its own row, and the last is never a whole number of anything.
pub(super) fn used_in(month: Month, markup: u32, prng: &mut Prng) -> Vec<Extra> {
    let count = usize::try_from(prng.between(2, 5)).unwrap_or(2);
    let first = prng.index(METERS.len());
    (0..count)
        .map(|turn| {
            let (id, name, category, subcategory, unit, price, digits, most) = METERS[(first + turn) % METERS.len()];
            let unit_cost = Decimal::new(price, digits);
            let quantity = Decimal::new(prng.between(1, most * 10_000), 4).normalize();
            Extra {
                billed: month,
                charge: Charge::Usage,
                title: None,
                start: month.first(),
                end: month.last(),
                quantity,
                unit_cost,
                unit_retail: marked_up(unit_cost, markup),
                meter: Some(Meter {
                    id: id.to_owned(),
                    name: name.to_owned(),
                    category: category.to_owned(),
                    subcategory: subcategory.to_owned(),
                    unit: unit.to_owned(),
                }),
            }
        })
        .collect()
}

/// To eight digits: a cent would swallow the price.
pub(super) fn marked_up(unit: Decimal, percent: u32) -> Decimal {
    let exact = unit * Decimal::from(100 + percent) / Decimal::from(100);
    exact.round_dp_with_strategy(8, RoundingStrategy::MidpointAwayFromZero).normalize()
}
