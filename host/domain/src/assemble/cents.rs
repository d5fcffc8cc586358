//! Coins that get lost, or are found, when each line of a statement's order is rounded by itself: customer, motion and month
//! are the statement's to the cent. Owns on which lines they fall.

use rust_decimal::Decimal;

use crate::job::{Billing, JobLine, PriceSource};
use crate::money::{Currency, Money, Rounding};
use crate::order::OrderLine;

/// `sources` are the order's lines, in the order of `lines`; `before` is what earlier issues came to. Lines that a person or a
/// catalogue priced are as they are.
pub(super) fn settle(
    lines: &mut [JobLine],
    sources: &[&OrderLine],
    before: Decimal,
    currency: Currency,
    rounding: Rounding,
) {
    let digits = currency.minor_units();
    let by_order = |line: &JobLine| line.price_source == PriceSource::Order && line.billing == Billing::Billable;
    let mut off: Vec<(usize, Decimal)> = Vec::new();
    let (mut exact, mut rounded) = (Decimal::ZERO, Decimal::ZERO);
    for (place, (line, source)) in lines.iter().zip(sources).enumerate().filter(|(_, (line, _))| by_order(line)) {
        off.push((place, source.amount - line.amount));
        exact += source.amount;
        rounded += line.amount;
    }
    let due = rounding.apply(before + exact, digits) - rounding.apply(before, digits) - rounded;
    let coin = Decimal::new(if due.is_sign_negative() { -1 } else { 1 }, digits);
    // Those that lost most by their rounding get it back first.
    off.sort_by_key(|(place, off)| (if due.is_sign_negative() { *off } else { -*off }, *place));
    let mut left = due;
    for (place, _) in off {
        if left.is_zero() {
            break;
        }
        let Some(line) = lines.get_mut(place) else { continue };
        line.amount += coin;
        left -= coin;
        line.arithmetic = format!(
            "{}; with {} so that the order's lines come to their exact sum, rounded once",
            line.arithmetic,
            Money::new(coin, currency)
        );
    }
}
