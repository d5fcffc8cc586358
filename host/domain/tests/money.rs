//! Splitting and rounding, to the smallest coin of currencies with 0, 2 and 3 decimals.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use counterfoil_domain::money::{Currency, Money, Rounding, allocate};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
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

#[test]
fn what_is_finer_than_a_coin_stays_with_the_first_part() {
    let parts = allocate(money("-10.005 USD"), &[Decimal::ONE; 3]).unwrap();
    assert_eq!(parts, [money("-3.345 USD"), money("-3.33 USD"), money("-3.33 USD")]);
    assert_eq!(allocate(money("7 JPY"), &[]), Ok(Vec::new()));
}

#[test]
fn weights_too_fine_for_a_decimals_product_are_split_exactly() {
    // total × weight has 40 digits.
    let third: Decimal = "0.3333333333333333333333333333".parse().unwrap();
    let parts = allocate(money("10000000000.01 USD"), &[third, third, third]).unwrap();
    assert_eq!(parts, [money("3333333333.34 USD"), money("3333333333.34 USD"), money("3333333333.33 USD")]);
    let all = Money::new(Decimal::MAX, Currency::parse("USD").unwrap());
    assert_eq!(allocate(all, &[Decimal::ONE]), Ok(vec![all]));
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 100_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

/// Every decimal there is.
fn any_decimal() -> impl Strategy<Value = Decimal> {
    (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>(), 0u32..=28)
        .prop_map(|(low, middle, high, negative, scale)| Decimal::from_parts(low, middle, high, negative, scale))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn parts_add_up_mirror_and_are_near_their_share(
        cents in -1_000_000_000_000i64..1_000_000_000_000,
        weights in prop::collection::vec(-1_000_000i64..1_000_000, 1..8),
        code in prop::sample::select(vec!["JPY", "USD", "KWD", "CLF"]),
    ) {
        let currency = Currency::parse(code).unwrap();
        let digits = currency.minor_units();
        let total = Money::new(Decimal::new(cents, digits), currency);
        let sizes: Vec<Decimal> = weights.iter().map(|weight| Decimal::new(*weight, 2)).collect();
        let parts = allocate(total, &sizes).unwrap();
        let mirrored = allocate(Money::new(-total.amount, currency), &sizes).unwrap();
        let coins: Vec<i128> = parts
            .iter()
            .map(|part| {
                assert!(part.amount.scale() <= digits);
                part.amount.mantissa() * 10i128.pow(digits - part.amount.scale())
            })
            .collect();
        prop_assert_eq!(coins.iter().sum::<i128>(), i128::from(cents));
        for (part, mirror) in parts.iter().zip(&mirrored) {
            prop_assert_eq!(part.amount, -mirror.amount);
        }
        // |part − total × weight / sum| < 1 coin, without dividing.
        let sum: i128 = weights.iter().map(|weight| i128::from(weight.abs())).sum();
        for (coins, weight) in coins.iter().zip(&weights) {
            let off = coins * sum - i128::from(cents) * i128::from(weight.abs());
            prop_assert!(sum == 0 || off.abs() < sum, "{coins} coins for {weight} of {sum}");
        }
    }

    #[test]
    fn a_split_is_exact_or_refused(
        total in any_decimal(),
        weights in prop::collection::vec(any_decimal(), 0..4),
        code in prop::sample::select(vec!["JPY", "USD", "KWD", "CLF"]),
    ) {
        let total = Money::new(total, Currency::parse(code).unwrap());
        if let Ok(parts) = allocate(total, &weights) {
            prop_assert_eq!(parts.len(), weights.len());
            // In whole units of the 28th decimal, in two halves because one number does not hold them.
            let unit = 10i128.pow(14);
            let halves = |amount: Decimal| {
                let power = 10i128.pow(28 - amount.scale());
                let (high, low) = (amount.mantissa() / unit, amount.mantissa() % unit);
                (high.checked_mul(power), low.checked_mul(power))
            };
            let mut sum = (Some(0i128), Some(0i128));
            for part in &parts {
                let (high, low) = halves(part.amount);
                sum = (sum.0.zip(high).and_then(|(a, b)| a.checked_add(b)), sum.1.zip(low).and_then(|(a, b)| a.checked_add(b)));
            }
            if let (false, Some(high), Some(low), (Some(whole), Some(rest))) = (parts.is_empty(), sum.0, sum.1, halves(total.amount)) {
                // Equal as a number, however the halves carried.
                let (high, low) = (high - whole, low - rest);
                prop_assert_eq!(low % unit, 0);
                prop_assert_eq!(high + low / unit, 0);
            }
        }
    }

    #[test]
    fn no_amount_panics(a in any_decimal(), b in any_decimal(), one in "[A-Z]{3}", other in "[A-Z]{3}") {
        let (one, other) = (Currency::parse(&one).unwrap(), Currency::parse(&other).unwrap());
        let (a, b) = (Money::new(a, one), Money::new(b, other));
        prop_assert_eq!(a.plus(b).is_err(), one != other || a.amount.checked_add(b.amount).is_none());
        let b = Money::new(b.amount, one);
        if let (Ok(sum), Ok(difference)) = (a.plus(b), a.minus(b)) {
            prop_assert_eq!(sum.plus(difference).is_ok(), sum.amount.checked_add(difference.amount).is_some());
        }
        for rounding in [Rounding::HalfAwayFromZero, Rounding::HalfEven] {
            let rounded = a.rounded(rounding);
            prop_assert!(rounded.amount.scale() <= one.minor_units().max(a.amount.scale()));
            let coin = Decimal::new(1, one.minor_units());
            if let Some(off) = rounded.amount.checked_sub(a.amount) {
                prop_assert!(off.abs() * Decimal::TWO <= coin, "{off}");
            }
            prop_assert!(!rounded.plain().is_empty());
        }
        prop_assert!(a.plain().parse::<Decimal>().is_ok());
    }
}
