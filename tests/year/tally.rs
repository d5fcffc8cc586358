//! The accounts at a month's end: the source's own, in whole coins, against the tasks and against the books.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use counterfoil_domain::money::Money;
use counterfoil_domain::order::{OrderStatus, OrderType};
use counterfoil_domain::task::{Subject, Task};
use rust_decimal::Decimal;

use super::books::Books;
use super::life::{Life, Told, start, window};
use super::source::{coins, currency, customer_id, subscription_id};

/// Customer, currency, month of creation.
type Bucket = (String, String, (i32, u32));

fn bucket(customer: &str, currency: &str, created: DateTime<Utc>) -> Bucket {
    (customer.to_owned(), currency.to_owned(), (created.year(), created.month()))
}

/// What the source says must be somewhere: by order number, what it comes to now.
pub(crate) fn due(
    life: &Life,
    now: DateTime<Utc>,
    filled: Option<(NaiveDate, NaiveDate)>,
) -> BTreeMap<&str, (&Told, i64)> {
    let wanted = |told: &Told| {
        let counted = told.created < window() && told.at(start()).is_some_and(|version| version.status.is_final());
        let asked = filled.is_some_and(|(from, to)| (from..=to).contains(&told.created.date_naive()));
        !counted || asked
    };
    let all = life.orders.iter().filter(|told| wanted(told));
    all.filter_map(|told| Some((told.number.as_str(), (told, told.at(now)?.total)))).collect()
}

/// Subscriptions that were active when the year began, and no sale of the month before stands for them.
pub(crate) fn snapshots(life: &Life) -> BTreeMap<usize, i64> {
    let sold: BTreeSet<usize> = life
        .orders
        .iter()
        .filter(|told| told.kind == OrderType::Sales && told.created >= window())
        .filter(|told| told.at(start()).is_some_and(|version| version.status == OrderStatus::Completed))
        .map(|told| told.subscription)
        .collect();
    let active = |number: &usize| {
        let one = &life.subscriptions[*number];
        one.created <= start() && one.ended.is_none_or(|day| day > start().date_naive()) && !sold.contains(number)
    };
    let all = (0..life.subscriptions.len()).filter(active);
    all.map(|number| (number, life.subscriptions[number].at_start * life.subscriptions[number].price)).collect()
}

/// What stands in the books for each order or snapshot, by its number. Twice the same document is a double bill.
fn booked(books: &Books) -> BTreeMap<String, Money> {
    let mut all: BTreeMap<String, Money> = BTreeMap::new();
    for (key, written) in books.0.lock().unwrap().iter() {
        let [(number, money)] = &written[..] else { panic!("{key} was written {} times", written.len()) };
        let sum = all.entry(number.clone()).or_insert(Money::zero(money.currency));
        *sum = sum.plus(*money).unwrap();
    }
    all
}

fn sum(into: &mut BTreeMap<Bucket, Decimal>, bucket: Bucket, amount: Decimal) {
    *into.entry(bucket).or_default() += amount;
}

/// Compares all three, order by order and then customer by customer and month by month.
pub(crate) fn balance(
    life: &Life,
    tasks: &[Task],
    books: &Books,
    now: DateTime<Utc>,
    filled: Option<(NaiveDate, NaiveDate)>,
) {
    let booked = booked(books);
    let mut source: BTreeMap<Bucket, Decimal> = BTreeMap::new();
    let mut expected: BTreeMap<String, usize> = BTreeMap::new();
    for (number, (told, total)) in due(life, now, filled) {
        let code = life.currency(told.subscription);
        let customer = customer_id(life.subscriptions[told.subscription].customer);
        let at = || bucket(customer.as_str(), code, told.created);
        let total = coins(total, currency(code));
        sum(&mut source, at(), total);
        // What was billed before the source thought better of it stays billed; the new word waits beside it.
        let before = booked.get(number).map(|money| money.amount).filter(|amount| *amount != total);
        expected.insert(number.to_owned(), 1 + usize::from(before.is_some()));
        sum(&mut source, at(), before.unwrap_or_default());
    }
    for (number, total) in snapshots(life) {
        let one = &life.subscriptions[number];
        let code = life.currency(number);
        let at = bucket(customer_id(one.customer).as_str(), code, one.created);
        sum(&mut source, at, coins(total, currency(code)));
        expected.insert(format!("SUB-{}", subscription_id(number)), 1);
    }

    let mut ours: BTreeMap<Bucket, Decimal> = BTreeMap::new();
    let mut there: BTreeMap<String, usize> = BTreeMap::new();
    let mut synced: BTreeMap<&str, Decimal> = BTreeMap::new();
    for task in tasks.iter().filter(|task| task.state.account() != "superseded") {
        *there.entry(task.number.clone()).or_default() += 1;
        let at = bucket(task.customer.as_str(), task.amount.currency.code(), task.created_at);
        sum(&mut ours, at, task.amount.amount);
        if task.state.name() == "synced" {
            assert_eq!(synced.insert(&task.number, task.amount.amount), None, "{} is synchronized twice", task.number);
        }
        let is_order = matches!(task.subject, Subject::Order { .. });
        assert_ne!(is_order, task.number.starts_with("SUB-"), "{task:?}");
    }
    let of = |number: &String| (number.clone(), there.get(number).copied(), expected.get(number).copied());
    let differ: Vec<_> = there.keys().chain(expected.keys()).map(of).filter(|(_, there, due)| there != due).collect();
    assert!(differ.is_empty(), "at {now}: (order, how often it is there, how often it must be) {differ:?}");
    for (bucket, amount) in &source {
        assert_eq!(ours.get(bucket), Some(amount), "at {now}: {bucket:?}");
    }
    assert_eq!(ours.len(), source.len(), "at {now}: a customer or month that the source does not know");
    let written: BTreeMap<&str, Decimal> =
        booked.iter().map(|(number, money)| (number.as_str(), money.amount)).collect();
    assert_eq!(synced, written, "at {now}: what is synchronized is what stands in the books");
}
