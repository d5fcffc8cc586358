//! The world that both statement marketplaces bill: worked out by hand, by the day, and by its oracle.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod by_day;
mod by_hand;
mod random;
mod reissue;

use chrono::NaiveDate;
use counterfoil_sim::statements::Month;
use rust_decimal::Decimal;

pub(crate) fn month(text: &str) -> Month {
    Month::of(day(&format!("{text}-01")))
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}
