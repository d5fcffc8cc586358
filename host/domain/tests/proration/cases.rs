//! Which rows the golden tables have. What they come to is the oracle's business.

use chrono::{Days, NaiveDate};

use super::row::Row;

pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) rows: Vec<Row>,
}

const BOTH: [&str; 2] = ["elapsed-days", "day-number"];

pub(crate) fn tables() -> Vec<Table> {
    vec![
        Table {
            name: "months.txt",
            about: "Calendar months of 28, 29, 30 and 31 days: every day, the day before, the first day after.",
            rows: every_day(
                &["2026-02-01 2026-03-01", "2028-02-01 2028-03-01", "2026-04-01 2026-05-01", "2026-12-01 2027-01-01"],
                1,
            ),
        },
        Table {
            name: "shifted.txt",
            about: "Months that begin on another day than the first, also at the ends of short months.",
            rows: every_day(
                &[
                    "2026-01-15 2026-02-15",
                    "2026-01-31 2026-02-28",
                    "2026-02-28 2026-03-31",
                    "2028-02-29 2028-03-31",
                    "2026-04-30 2026-05-31",
                    "2026-12-24 2027-01-24",
                ],
                1,
            ),
        },
        Table {
            name: "long.txt",
            about: "Quarters and years, with and without a leap day: every eighth day, and the days at both ends.",
            rows: every_day(
                &[
                    "2026-01-01 2026-04-01",
                    "2026-04-01 2026-07-01",
                    "2026-07-01 2026-10-01",
                    "2028-01-01 2028-04-01",
                    "2026-01-01 2027-01-01",
                    "2028-01-01 2029-01-01",
                    "2027-03-15 2028-03-15",
                ],
                8,
            ),
        },
        Table { name: "amounts.txt", about: "Quantities, prices and currencies, both roundings.", rows: amounts() },
        Table {
            name: "refunds.txt",
            about: "Negative quantities and prices: the same amount with its sign.",
            rows: refunds(),
        },
        Table {
            name: "rules.txt",
            about: "Methods, sources of the price, kinds of fee, the target's own proration.",
            rows: rules(),
        },
        Table { name: "ties.txt", about: "Amounts exactly between two coins.", rows: ties() },
        Table { name: "days.txt", about: "Periods of a single day, of a week, and of 30 days.", rows: short() },
    ]
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Each period by both methods: every `step` days, and always the days around its ends.
fn every_day(periods: &[&str], step: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for period in periods {
        let (start, end) = period.split_once(' ').unwrap();
        let first = day(start) - Days::new(1);
        let all: Vec<NaiveDate> = first.iter_days().take_while(|day| *day <= end.parse().unwrap()).collect();
        let edge = |place: usize| place < 3 || place + 3 >= all.len();
        for method in BOTH {
            for (place, effective) in all.iter().enumerate() {
                if edge(place) || place % step == 0 {
                    rows.push(Row {
                        method: method.to_owned(),
                        start: start.to_owned(),
                        end: end.to_owned(),
                        effective: effective.to_string(),
                        ..Row::default()
                    });
                }
            }
        }
    }
    rows
}

fn amounts() -> Vec<Row> {
    let mut rows = Vec::new();
    for currency in ["USD", "JPY", "KWD", "CLF"] {
        for quantity in ["0.000001", "0.5", "1", "7", "33.333333", "1000000000", "999999999.999999"] {
            for (price, cost) in [
                ("0.01", "-"),
                ("33.00", "27.50"),
                ("12.3456789012", "0.0000000001"),
                ("99999.9999999999", "88888.8888888888"),
            ] {
                for (rounding, effective) in [
                    ("half-up", "2026-11-12"),
                    ("half-up", "2026-11-30"),
                    ("half-even", "2026-11-12"),
                    ("half-even", "2026-11-01"),
                ] {
                    rows.push(Row {
                        currency: currency.into(),
                        quantity: quantity.into(),
                        unit_price: price.into(),
                        unit_cost: cost.into(),
                        rounding: rounding.into(),
                        effective: effective.into(),
                        ..Row::default()
                    });
                }
            }
        }
    }
    rows
}

fn refunds() -> Vec<Row> {
    let mut rows = Vec::new();
    for currency in ["USD", "JPY", "KWD", "CLF"] {
        for (quantity, price, cost) in [
            ("-18", "33.00", "27.50"),
            ("18", "-33.00", "-27.50"),
            ("-18", "-33.00", "-27.50"),
            ("-0.333333", "10.005", "9.995"),
            ("-1000000000", "0.0000000001", "-"),
        ] {
            for method in BOTH {
                for effective in ["2026-10-31", "2026-11-01", "2026-11-02", "2026-11-16", "2026-11-30", "2026-12-01"] {
                    rows.push(Row {
                        method: method.into(),
                        currency: currency.into(),
                        quantity: quantity.into(),
                        unit_price: price.into(),
                        unit_cost: cost.into(),
                        effective: effective.into(),
                        ..Row::default()
                    });
                }
            }
        }
    }
    rows
}

fn rules() -> Vec<Row> {
    let mut rows = Vec::new();
    for method in ["elapsed-days", "day-number", "target-native", "none"] {
        for source in ["order", "catalogue", "person"] {
            for fee in ["recurring", "setup"] {
                for target in ["charges", "prorates"] {
                    for effective in [
                        "2026-10-31",
                        "2026-11-01",
                        "2026-11-02",
                        "2026-11-16",
                        "2026-11-30",
                        "2026-12-01",
                        "2027-01-05",
                    ] {
                        rows.push(Row {
                            method: method.into(),
                            source: source.into(),
                            fee: fee.into(),
                            target: target.into(),
                            effective: effective.into(),
                            ..Row::default()
                        });
                    }
                }
            }
        }
    }
    rows
}

/// Half of November, so that an odd number of coins lies between two.
fn ties() -> Vec<Row> {
    let mut rows = Vec::new();
    for (currency, prices) in [
        ("USD", ["0.01", "0.03", "0.05", "33.33", "0.010000001"]),
        ("JPY", ["1", "3", "5", "3333", "1.0000000001"]),
        ("KWD", ["0.001", "0.003", "0.005", "33.333", "0.0010000001"]),
        ("CLF", ["0.0001", "0.0003", "0.0005", "33.3333", "0.0001000001"]),
    ] {
        for price in prices {
            for quantity in ["1", "-1"] {
                for rounding in ["half-up", "half-even"] {
                    rows.push(Row {
                        currency: currency.into(),
                        quantity: quantity.into(),
                        unit_price: price.into(),
                        unit_cost: price.into(),
                        rounding: rounding.into(),
                        effective: "2026-11-16".into(),
                        ..Row::default()
                    });
                }
            }
        }
    }
    rows
}

fn short() -> Vec<Row> {
    let mut rows = every_day(&["2026-11-12 2026-11-13", "2026-11-09 2026-11-16", "2026-02-15 2026-03-17"], 1);
    rows.iter_mut().for_each(|row| row.unit_cost = "-".into());
    rows
}
