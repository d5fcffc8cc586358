//! Splitting and rounding, to the smallest coin of currencies with 0, 2 and 3 decimals.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use counterfoil_domain::money::{Currency, Money, Rounding, allocate};
use proptest::prelude::*;
use rust_decimal::Decimal;

fn money(text: &str) -> Money {
    let (amount, currency) = text.split_once(' ').unwrap();
    Money::new(amount.parse().unwrap(), Currency::parse(currency).unwrap())
}

/// total | weights -> parts
const SPLITS: &str = "
10.00 USD | 1 1 1     -> 3.34 3.33 3.33
-10.00 USD | 1 1 1    -> -3.34 -3.33 -3.33
7 JPY     | 1 1 1     -> 3 2 2
-7 JPY    | 1 1 1     -> -3 -2 -2
0.010 KWD | 1 2 3 4   -> 0.001 0.002 0.003 0.004
1.00 EUR  | 0 0       -> 1.00 0.00
0.01 EUR  | 1 1 1     -> 0.01 0.00 0.00
100.00 USD | 30 70    -> 30.00 70.00
5.00 USD  | -1 -1     -> 2.50 2.50
";

#[test]
fn splits_are_as_the_table_says() {
    for row in SPLITS.lines().filter(|row| !row.trim().is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let (total, weights) = given.split_once('|').unwrap();
        let weights: Vec<Decimal> = weights.split_whitespace().map(|w| w.parse().unwrap()).collect();
        let expected: Vec<Decimal> = expected.split_whitespace().map(|w| w.parse().unwrap()).collect();
        let parts: Vec<Decimal> =
            allocate(money(total.trim()), &weights).unwrap().iter().map(|part| part.amount).collect();
        assert_eq!(parts, expected, "{row}");
    }
}

/// amount | currency -> half away from zero | half even
const ROUNDED: &str = "
2.005 | USD -> 2.01 | 2.00
-2.005 | USD -> -2.01 | -2.00
2.5 | JPY -> 3 | 2
0.0005 | KWD -> 0.001 | 0.000
1.004999 | EUR -> 1.00 | 1.00
";

#[test]
fn rounding_is_by_name() {
    for row in ROUNDED.lines().filter(|row| !row.trim().is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let (amount, currency) = given.split_once('|').unwrap();
        let (away, even) = expected.split_once('|').unwrap();
        let given = money(&format!("{} {}", amount.trim(), currency.trim()));
        assert_eq!(given.rounded(Rounding::HalfAwayFromZero).amount, away.trim().parse().unwrap(), "{row}");
        assert_eq!(given.rounded(Rounding::HalfEven).amount, even.trim().parse().unwrap(), "{row}");
    }
}

#[test]
fn amounts_in_two_currencies_are_not_added() {
    assert!(money("1.00 USD").plus(money("1.00 EUR")).is_err());
}

#[test]
fn people_read_the_currencys_digits() {
    for (given, shown) in
        [("41.8 USD", "41.80 USD"), ("7 JPY", "7 JPY"), ("1.5 KWD", "1.500 KWD"), ("0.1234 USD", "0.1234 USD")]
    {
        assert_eq!(money(given).to_string(), shown);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn parts_add_up_and_mirror(cents in -1_000_000_000_000i64..1_000_000_000_000, weights in prop::collection::vec(-1_000_000i64..1_000_000, 1..20), digits in 0usize..3) {
        let currency = Currency::parse(["JPY", "USD", "KWD"][digits]).unwrap();
        let total = Money::new(Decimal::new(cents, currency.minor_units()), currency);
        let weights: Vec<Decimal> = weights.into_iter().map(|w| Decimal::new(w, 2)).collect();
        let parts = allocate(total, &weights).unwrap();
        let sum: Decimal = parts.iter().map(|part| part.amount).sum();
        prop_assert_eq!(sum, total.amount);
        let mirrored = allocate(Money::new(-total.amount, currency), &weights).unwrap();
        for (part, mirror) in parts.iter().zip(&mirrored) {
            prop_assert_eq!(part.amount, -mirror.amount);
            prop_assert!(part.amount.scale() <= currency.minor_units() || part.amount.normalize().scale() <= currency.minor_units());
        }
    }
}
