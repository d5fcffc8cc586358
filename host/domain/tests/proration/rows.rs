//! The rows S1.8 to S1.11 of the list of behaviours, and the sentences that people read, with numbers worked out by
//! hand.

use counterfoil_domain::job::PriceSource;
use counterfoil_domain::proration::{Method, ProrationError, Terms, Why, prorate};
use rust_decimal::Decimal;

use super::row::Row;

fn amount(row: &Row) -> String {
    prorate(row.whole(), &row.terms()).unwrap().price.amount.plain()
}

#[test]
fn s1_8_prorated_amounts_are_calculated_only_for_marketplace_prices() {
    for (source, expected) in [("order", "376.20"), ("catalogue", "594.00"), ("person", "594.00")] {
        let row = Row { source: source.into(), ..Row::default() };
        assert_eq!(amount(&row), expected, "{source}");
        let prorated = prorate(row.whole(), &row.terms()).unwrap();
        assert_eq!(prorated.by_us(), row.terms().source == PriceSource::Order, "{source}");
        assert_eq!(prorated.by_us(), !prorated.why.sentence().contains("only marketplace prices are prorated"));
    }
}

#[test]
fn s1_9_prorated_when_the_effective_date_is_not_the_periods_first_day() {
    for method in ["elapsed-days", "day-number"] {
        let row = Row { method: method.into(), effective: "2026-11-01".into(), ..Row::default() };
        let first = prorate(row.whole(), &row.terms()).unwrap();
        assert_eq!((first.why, first.price.amount), (Why::StartsWithPeriod, first.price.full));
        for day in 2..=30 {
            let row = Row { effective: format!("2026-11-{day:02}"), ..row.clone() };
            let later = prorate(row.whole(), &row.terms()).unwrap();
            assert_eq!(later.why, Why::Prorated, "{method} {day}");
            assert!(later.price.amount.amount < later.price.full.amount, "{method} {day}");
        }
    }
}

/// method, effective day of November, quantity, unit price -> price
const BY_HAND: &str = "
elapsed-days 02 1  30.00 -> 29.00
elapsed-days 16 1  30.00 -> 15.00
elapsed-days 30 1  30.00 -> 1.00
elapsed-days 12 18 33.00 -> 376.20
elapsed-days 21 1  10.00 -> 3.33
elapsed-days 11 1  10.00 -> 6.67
day-number   02 1  30.00 -> 28.00
day-number   16 1  30.00 -> 14.00
day-number   30 1  30.00 -> 0.00
day-number   12 18 33.00 -> 356.40
";

fn by_hand(of: fn(&Row) -> String, put: fn(&mut Row, &str)) {
    for line in BY_HAND.lines().filter(|line| !line.is_empty()) {
        let (given, expected) = line.split_once("->").unwrap();
        let cells: Vec<&str> = given.split_whitespace().collect();
        let mut row = Row {
            method: cells[0].into(),
            effective: format!("2026-11-{}", cells[1]),
            quantity: cells[2].into(),
            ..Row::default()
        };
        put(&mut row, cells[3]);
        assert_eq!(of(&row), expected.trim(), "{line}");
    }
}

#[test]
fn s1_10_the_prorated_price_is_by_the_formula() {
    by_hand(amount, |row, price| row.unit_price = price.into());
}

#[test]
fn s1_11_the_prorated_cost_is_by_the_formula() {
    let cost = |row: &Row| prorate(row.whole(), &row.terms()).unwrap().cost.unwrap().amount.plain();
    by_hand(cost, |row, cost| row.unit_cost = cost.into());
}

#[test]
fn s1_11_without_a_cost_none_is_made_up() {
    let row = Row { unit_cost: "-".into(), ..Row::default() };
    assert_eq!(prorate(row.whole(), &row.terms()).unwrap().cost, None);
}

#[test]
fn the_arithmetic_is_spelled_out() {
    let told = |row: &Row| prorate(row.whole(), &row.terms()).unwrap().price.arithmetic;
    let row = Row::default();
    assert_eq!(told(&row), "18 × 33.00 USD × 19/30 days = 376.20 USD, elapsed-days, rounded half up");
    let even = Row { rounding: "half-even".into(), method: "day-number".into(), ..row.clone() };
    assert_eq!(told(&even), "18 × 33.00 USD × 18/30 days = 356.40 USD, day-number, rounded half even");
    let first = Row { effective: "2026-11-01".into(), ..row.clone() };
    assert_eq!(told(&first), "18 × 33.00 USD = 594.00 USD, in full");
    let fine = Row { quantity: "0.50".into(), unit_price: "0.333".into(), ..first };
    assert_eq!(told(&fine), "0.5 × 0.333 USD = 0.17 USD, in full, rounded half up");
    let after = Row { effective: "2026-12-01".into(), currency: "JPY".into(), unit_price: "33".into(), ..row.clone() };
    assert_eq!(told(&after), "18 × 33 JPY × 0/30 days = 0 JPY");
    let cost = prorate(row.whole(), &row.terms()).unwrap().cost.unwrap().arithmetic;
    assert_eq!(cost, "18 × 27.50 USD × 19/30 days = 313.50 USD, elapsed-days, rounded half up");
}

#[test]
fn one_side_prorates_whatever_the_method() {
    for method in Method::ALL {
        let terms = Terms { method: *method, target_prorates: true, ..Row::default().terms() };
        let sent = prorate(Row::default().whole(), &terms).unwrap();
        assert_eq!((sent.why, sent.method), (Why::TargetProrates, Method::TargetNative), "{method}");
        assert_eq!(sent.price.amount, sent.price.full, "{method}");
        assert!(sent.why.sentence().contains("target-native"));
    }
}

#[test]
fn every_reason_has_a_sentence_of_its_own() {
    let mut sentences: Vec<&str> = Why::ALL.iter().map(|why| why.sentence()).collect();
    sentences.sort_unstable();
    sentences.dedup();
    assert_eq!(sentences.len(), Why::ALL.len());
    assert!(sentences.iter().all(|sentence| sentence.ends_with('.') && !sentence.contains("  ")), "{sentences:?}");
}

/// quantity, unit price, billed -> prorated
const SIGNS: &str = "
 18  33.00  376.20 ->  376.20
 18  33.00 -376.20 -> -376.20
-18  33.00 -376.20 -> -376.20
 18 -33.00  376.20 ->  376.20
-18  33.00  376.20 ->  376.20
 18  33.00  0      ->  376.20
";

#[test]
fn a_refund_keeps_the_sign_of_what_the_order_bills() {
    for line in SIGNS.lines().filter(|line| !line.is_empty()) {
        let (given, expected) = line.split_once("->").unwrap();
        let cells: Vec<&str> = given.split_whitespace().collect();
        let row = Row { quantity: cells[0].into(), unit_price: cells[1].into(), ..Row::default() };
        let prorated = prorate(row.whole().signed_like(cells[2].parse().unwrap()), &row.terms()).unwrap();
        assert_eq!(prorated.price.amount.plain(), expected.trim(), "{line}");
    }
}

#[test]
fn what_cannot_be_counted_is_refused_with_the_price_in_it() {
    let row = Row { quantity: Decimal::MAX.to_string(), unit_price: "33".into(), ..Row::default() };
    let error = prorate(row.whole(), &row.terms()).unwrap_err();
    assert!(matches!(error, ProrationError::Overflow { unit_price, .. } if unit_price == Decimal::from(33)));
    assert!(error.to_string().contains("× 33 USD"), "{error}");
}

#[test]
fn a_product_that_a_decimal_cannot_hold_is_rounded_once() {
    let (quantity, price) = ("0.3333333333333333333333333333", "0.03");
    // A decimal cuts the last digits off and has 0.01, of which half is a tie; the true half is a little less.
    assert_eq!(quantity.parse::<Decimal>().unwrap() * price.parse::<Decimal>().unwrap(), "0.01".parse().unwrap());
    let row =
        Row { quantity: quantity.into(), unit_price: price.into(), effective: "2026-11-16".into(), ..Row::default() };
    assert_eq!(amount(&row), "0.00");
}
