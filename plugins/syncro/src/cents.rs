//! Cents: Syncro keeps prices of lines as whole hundredths.
//!
//! Owns the ways between them and decimals. None rounds without being asked to.

use counterfoil_sdk::{Decimal, decimal};

/// Decimals of a quantity that Syncro is known to keep.
const QUANTITY_PLACES: u32 = 2;

/// A number that is whole.
pub(crate) fn whole(number: Decimal) -> Option<i64> {
    let short = number.normalize();
    (short.scale() == 0).then(|| i64::try_from(short.mantissa()).ok()).flatten()
}

/// The cents of an amount, where it is a whole number of them.
pub(crate) fn of(amount: Decimal) -> Option<i64> {
    whole(decimal::product(amount, Decimal::ONE_HUNDRED)?)
}

/// The amount of so many cents.
pub(crate) fn amount(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

/// What a line of a quantity at a price comes to, rounded once to the cent.
pub(crate) fn extended(quantity: Decimal, cents: i64) -> Decimal {
    let mut sum = decimal::round(decimal::product(quantity, amount(cents)).unwrap_or_default(), 2);
    sum.rescale(2);
    sum
}

/// A quantity and a price as a line has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Priced {
    pub(crate) quantity: Decimal,
    pub(crate) cents: i64,
    /// One piece at the amount, because quantity and price do not give it in cents.
    pub(crate) is_lump: bool,
}

/// How an amount is put on a line: quantity × price where that gives it exactly, else one piece. None: finer than a cent.
pub(crate) fn priced(quantity: Decimal, price: Decimal, amount: Decimal) -> Option<Priced> {
    let split = of(price).filter(|_| quantity.is_sign_positive() && quantity.normalize().scale() <= QUANTITY_PLACES);
    let fits = |cents: &i64| decimal::product(quantity, self::amount(*cents)) == Some(amount.normalize());
    match split.filter(fits) {
        Some(cents) if !quantity.is_zero() => Some(Priced { quantity: quantity.normalize(), cents, is_lump: false }),
        _ => Some(Priced { quantity: Decimal::ONE, cents: of(amount)?, is_lump: true }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_line_bills_the_amount_and_nothing_else() {
        for (quantity, price, amount, want) in [
            ("10", "7.80", "78.00", Some(("10", 780, false))),
            ("2.5", "4.00", "10", Some(("2.5", 400, false))),
            ("10", "7.80", "77.99", Some(("1", 7799, true))),
            ("3", "0.0333", "0.10", Some(("1", 10, true))),
            ("0.125", "8.00", "1.00", Some(("1", 100, true))),
            ("-2", "10.00", "-20.00", Some(("1", -2000, true))),
            ("2", "-10.00", "-20.00", Some(("2", -1000, false))),
            ("0", "10.00", "0", Some(("1", 0, true))),
            ("1", "0.005", "0.005", None),
        ] {
            let got = priced(d(quantity), d(price), d(amount));
            let got = got.map(|got| (got.quantity.to_string(), got.cents, got.is_lump));
            let want = want.map(|(quantity, cents, lump): (&str, i64, bool)| (quantity.to_owned(), cents, lump));
            assert_eq!(got, want, "{quantity} × {price} = {amount}");
            if let Some((quantity, cents, _)) = got {
                assert_eq!(extended(d(&quantity), cents), d(amount));
            }
        }
        assert_eq!((of(d("7.805")), of(d("-7.80")), extended(d("9.99"), 1)), (None, Some(-780), d("0.10")));
    }
}
