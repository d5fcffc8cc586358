//! What a line comes to, with its arithmetic. Multiply first, round once, to the smallest coin.

use rust_decimal::Decimal;

use crate::id::Actor;
use crate::money::{Currency, Money, Rounding};
use crate::order::OrderLine;
use crate::period::{Cycle, Period};
use crate::proration::ProrationError;
use crate::scenario::PriceWhy;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    pub unit_price: Decimal,
    pub amount: Decimal,
    pub arithmetic: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    #[error("the item linked to {product} has no price in the target's catalogue")]
    NoCataloguePrice { product: String },
    #[error("a catalogue price counts for {product}, but it is linked to no item")]
    NoItem { product: String },
    #[error("quantity × price is larger than can be counted exactly")]
    Overflow,
    #[error(transparent)]
    Proration(#[from] ProrationError),
}

/// The order's price: the extended price, never quantity × unit price, which knows nothing of discounts
/// and of what the marketplace prorated.
pub fn from_order(line: &OrderLine, currency: Currency, rounding: Rounding, why: PriceWhy) -> Priced {
    let amount = rounding.apply(line.amount, currency.minor_units());
    let full = line.quantity.checked_mul(line.unit_price).map(|full| rounding.apply(full, currency.minor_units()));
    let money = Money::new(amount, currency);
    let quantity = line.quantity.normalize();
    let arithmetic = if full == Some(amount) {
        format!("{quantity} × {} = {money}, price from the order: {why}", plain(line.unit_price))
    } else {
        format!(
            "{money}, the line's own total in the order ({quantity} × {} before discount or proration): {why}",
            plain(line.unit_price)
        )
    };
    Priced { unit_price: line.unit_price, amount, arithmetic }
}

/// The catalogue's price: quantity × the item's price, not prorated, with the sign of what the order bills.
pub fn from_catalogue(
    line: &OrderLine,
    price: Option<Decimal>,
    currency: Currency,
    rounding: Rounding,
) -> Result<Priced, PriceError> {
    let product = line.product.as_ref().map_or_else(|| line.description.clone(), |p| p.name.clone());
    let price = price.ok_or(PriceError::NoCataloguePrice { product })?;
    let quantity = line.quantity.abs();
    let exact = quantity.checked_mul(price).ok_or(PriceError::Overflow)?;
    let size = rounding.apply(exact, currency.minor_units());
    let negative = line.amount.is_sign_negative();
    let amount = if negative { -size } else { size };
    // A refund of a positive quantity: the price carries the sign, so that quantity × price stays the amount.
    let price = if line.quantity.is_sign_negative() == negative { price } else { -price };
    let arithmetic = format!(
        "{} × {} = {}, price from the target's catalogue: {}",
        line.quantity.normalize(),
        plain(price),
        Money::new(amount, currency),
        PriceWhy::ChosenTarget
    );
    Ok(Priced { unit_price: price, amount, arithmetic })
}

/// Whether the line bills less (or more) than one whole period: judged by the line where it tells.
pub fn is_partial(period: Option<Period>, cycle: Option<Cycle>) -> bool {
    match (period, cycle) {
        (Some(period), Some(cycle)) => {
            // Billed on the 31st, a whole period may begin on the 30th: then its end tells, not its start.
            let begins = cycle.period_from(period.start()).is_some_and(|whole| whole == period);
            let ends = cycle.period_to(period.end()).is_some_and(|whole| whole == period);
            !begins && !ends
        }
        _ => false,
    }
}

/// What a person set on a line, in words: "quantity", "price", "quantity and price", "line".
#[derive(Debug, Clone, Copy)]
pub struct SetBy<'a> {
    pub what: &'a str,
    pub by: &'a Actor,
    /// What the order says that the line comes to, which does not count any more; none for a line of nobody's order.
    pub instead_of: Option<Decimal>,
}

impl SetBy<'_> {
    pub fn told(&self, currency: Currency) -> String {
        let instead = self.instead_of.map(|was| {
            format!("; the order's own total of {} for it does not count any more", Money::new(was, currency))
        });
        format!("{} set by {}{}", self.what, self.by, instead.unwrap_or_default())
    }
}

/// A person's quantity or price: quantity × unit price, rounded once.
pub fn from_person(
    line: &OrderLine,
    set: SetBy<'_>,
    currency: Currency,
    rounding: Rounding,
) -> Result<Priced, PriceError> {
    let exact = line.quantity.checked_mul(line.unit_price).ok_or(PriceError::Overflow)?;
    let amount = rounding.apply(exact, currency.minor_units());
    let rounded = if amount == exact { String::new() } else { format!(", {}", rounding.phrase()) };
    let arithmetic = format!(
        "{} × {} = {}{rounded}, {}",
        line.quantity.normalize(),
        plain(line.unit_price),
        Money::new(amount, currency),
        set.told(currency)
    );
    Ok(Priced { unit_price: line.unit_price, amount, arithmetic })
}

fn plain(price: Decimal) -> String {
    let mut price = price.normalize();
    if price.scale() < 2 {
        price.rescale(2);
    }
    price.to_string()
}
