//! An amount as quantity × unit price, to the coin.
//!
//! Owns the form. ConnectWise multiplies the two itself and its accounting batches round unit prices to cents, so what is
//! billed once has a unit price in whole coins, or is one piece at the whole amount.

use counterfoil_sdk::{Currency, Decimal, decimal};

/// Places of a quantity that is worth keeping.
const QUANTITY_PLACES: u32 = 4;

/// Quantity and unit price whose product is the amount. The unit price carries the sign: a refund's is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exactly {
    pub(crate) quantity: Decimal,
    pub(crate) unit_price: Decimal,
    /// The order's own quantity could not be kept.
    pub(crate) is_one_piece: bool,
}

/// The order's quantity where the amount divides into whole coins, else one piece.
pub(crate) fn represent(quantity: Decimal, amount: Decimal, currency: Currency) -> Exactly {
    let places = currency.minor_units();
    let quantity = decimal::exact_at(quantity.abs(), QUANTITY_PLACES).filter(|quantity| !quantity.is_zero());
    let unit = quantity.and_then(|quantity| Some((quantity, decimal::quotient(amount, quantity, places)?)));
    match unit {
        Some((quantity, unit_price)) => Exactly { quantity, unit_price, is_one_piece: false },
        None => Exactly { quantity: Decimal::ONE, unit_price: amount.normalize(), is_one_piece: true },
    }
}

/// What a period of an addition comes to. None: more than can be counted.
pub(crate) fn extended(quantity: Decimal, unit_price: Decimal, currency: Currency) -> Option<Decimal> {
    decimal::product(quantity, unit_price).map(|exact| decimal::round(exact, currency.minor_units()).normalize())
}

/// Cost of one, where the line's whole cost is known.
pub(crate) fn unit_cost(cost: Option<Decimal>, quantity: Decimal) -> Option<Decimal> {
    let each = cost?.checked_div(quantity)?;
    Some(decimal::round(each, QUANTITY_PLACES).normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_the_amount_to_the_coin() {
        for (quantity, amount, currency, want) in [
            ("18", "376.20", "USD", "18 × 20.9"),
            ("-2", "-33.00", "USD", "2 × -16.5"),
            ("2", "-33.00", "USD", "2 × -16.5"),
            ("3", "10.00", "USD", "1 × 10 one piece"),
            ("7", "-0.01", "USD", "1 × -0.01 one piece"),
            ("2.5", "10.00", "USD", "2.5 × 4"),
            ("0.33333", "10.00", "USD", "1 × 10 one piece"),
            ("0", "10.00", "USD", "1 × 10 one piece"),
            ("3", "1000", "JPY", "1 × 1000 one piece"),
            ("4", "1000", "JPY", "4 × 250"),
            ("8", "1.000", "KWD", "8 × 0.125"),
        ] {
            let (amount, currency) = (amount.parse().unwrap(), Currency::parse(currency).unwrap());
            let exactly = represent(quantity.parse().unwrap(), amount, currency);
            let piece = if exactly.is_one_piece { " one piece" } else { "" };
            assert_eq!(format!("{} × {}{piece}", exactly.quantity, exactly.unit_price), want);
            assert_eq!(decimal::product(exactly.quantity, exactly.unit_price), Some(amount));
        }
    }

    #[test]
    fn what_recurs_is_rounded_once() {
        let usd = Currency::parse("USD").unwrap();
        for (quantity, price, want) in [("12", "33", "396"), ("3", "5.2456", "15.74"), ("1", "0.005", "0.01")] {
            assert_eq!(extended(quantity.parse().unwrap(), price.parse().unwrap(), usd), Some(want.parse().unwrap()));
        }
        assert_eq!(unit_cost(Some("-10".parse().unwrap()), "3".parse().unwrap()), Some("-3.3333".parse().unwrap()));
        assert_eq!(unit_cost(None, Decimal::ONE), None);
    }
}
