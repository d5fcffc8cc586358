//! What is noticed about a statement that changes nothing of what is billed: sums that do not agree, prices that changed on
//! the way. Owns the sentences.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::closing::{Group, key, may_go_on};
use super::take::{CONTROL_TOTAL, PRICE_CHANGE, Problem, UNREADABLE};
use super::{Record, Statement};
use crate::money::{Currency, Money, Rounding};

/// Nobody knows what the rest comes to, so nothing of it is billed.
pub(super) fn unreadable(statement: &Statement) -> Problem {
    let head = &statement.head;
    let first = statement.unreadable.first();
    let which = first.map(|of| format!(": {}: {}", of.place, of.problem)).unwrap_or_default();
    let records = match statement.unreadable.len() {
        1 => "one record".to_owned(),
        several => format!("{several} records"),
    };
    Problem {
        code: UNREADABLE,
        subject: head.id.clone(),
        message: format!(
            "{records} of statement {} ({}, {}) could not be read{which}. Nothing of the statement is billed until all of it can be; it is read again with the next check",
            head.id, head.stream_name, head.period
        ),
    }
}

/// What the source says that the records come to, at the distributor's prices, against what they do come to.
pub(super) fn total(statement: &Statement) -> Option<Problem> {
    let head = &statement.head;
    let said = head.total?;
    let records = || statement.records.iter();
    let sum: Decimal = records().filter(|record| record.currency == head.currency).map(|record| record.cost).sum();
    // Metered records are finer than a coin; what they come to together is not.
    let rounded = |amount| Rounding::default().apply(amount, head.currency.minor_units());
    let differs = rounded(said) - rounded(sum);
    if differs.is_zero() {
        return None;
    }
    let money = |amount| Money::new(amount, head.currency);
    let others = records().filter(|record| record.currency != head.currency).count();
    let foreign = if others == 0 { String::new() } else { format!(" ({others} more are in another currency)") };
    Some(Problem {
        code: CONTROL_TOTAL,
        subject: head.id.clone(),
        message: format!(
            "the source says that statement {} ({}, {}) comes to {}, and its records come to {}{foreign}: {} apart. What the records say is billed; ask the distributor which of both holds",
            head.id,
            head.stream_name,
            head.period,
            money(said),
            money(sum),
            money(differs)
        ),
    })
}

/// Prices that changed while a period was charged for. The money is right; people wonder about it.
pub(super) fn price_changes(statement: &Statement) -> Vec<Problem> {
    let mut keys: BTreeMap<(Group, String), Vec<&Record>> = BTreeMap::new();
    for record in statement.records.iter().filter(|record| may_go_on(record)) {
        keys.entry((Group::of(record), key(record))).or_default().push(record);
    }
    let mut problems = Vec::new();
    let start = |record: &Record| record.charge_period.unwrap_or(statement.head.period).start();
    for ((group, _), mut records) in keys {
        records.sort_by_key(|record| start(record));
        for pair in records.windows(2) {
            let [was, is] = pair else { continue };
            let prices = [("unit price", was.unit_price, is.unit_price), ("unit cost", was.unit_cost, is.unit_cost)];
            for (what, from, to) in prices.into_iter().filter(|(_, from, to)| from != to) {
                problems.push(Problem {
                    code: PRICE_CHANGE,
                    subject: statement.head.id.clone(),
                    message: format!(
                        "{what} of {} for {} changed from {} to {} on {}",
                        is.product.name,
                        is.customer_name,
                        price(from, group.currency),
                        price(to, group.currency),
                        start(is)
                    ),
                });
            }
        }
    }
    problems
}

fn price(unit: Decimal, currency: Currency) -> Money {
    Money::new(unit, currency)
}
