//! What an agreement charges in twelve months against what the marketplace charged, for changes on every day of a month:
//! prorated by the host or by ConnectWise, before the invoice or after it, by either way of changing.

use counterfoil_sdk::serde_json::json;
use counterfoil_sdk::{Date, Decimal, Job, Line, Period, Target, decimal};

use super::book::Book;
use super::{day, delta, job, line, prorated, set, told};
use crate::ConnectWise;
use crate::calendar::{Calendar, Cycle};

/// A subscription's life: signed quantities by day; the last one ends it.
#[derive(Debug, Clone, Copy)]
struct Way {
    prorates: bool,
    /// Orders are written after the invoice of their period, else before it.
    late: bool,
    changes: &'static str,
    anchor: &'static str,
}

fn rest(line: Line, period: Period, effective: Date, way: Way, is_sale: bool) -> Line {
    let full = line.quantity * line.unit_price;
    let days = |from: Date| period.end().epoch_days() - from.epoch_days();
    let (left, all) = (days(effective), days(period.start()));
    let of = (period.start().to_string(), period.end().to_string());
    if left == all {
        return Line { amount: full, ..line };
    }
    if way.prorates && is_sale && !way.late {
        let line = prorated(line, &full.to_string(), &format!("{all}/{all}"), "target-prorates", (&of.0, &of.1));
        return Line { amount: full, ..line };
    }
    let amount = decimal::round(full * Decimal::from(left) / Decimal::from(all), 2);
    Line { amount, ..prorated(line, &full.to_string(), &format!("{left}/{all}"), "prorated", (&of.0, &of.1)) }
}

fn order(number: usize, kind: &str, effective: Date, lines: Vec<Line>, way: Way, until: Date) -> Job {
    let mut job = told(job(kind, lines), "invoiced-until", &until.to_string());
    job = told(told(job, "prorate", &way.prorates.to_string()), "period-anchor", way.anchor);
    job = set(job, "changes", way.changes);
    job.id = format!("t{number}");
    job.order.id = format!("o{number}");
    job.order.effective_on = effective;
    job.marker = format!("SO{number} cf:task{number:04}");
    job
}

/// What one subscription was charged by the agreement in a year, and what the marketplace charged.
fn lived(first: u8, way: Way) -> (Decimal, Decimal) {
    let book = Book::default();
    let calendar = Calendar { anchor: day(way.anchor), cycle: Cycle::Months(1) };
    let price: Decimal = "33.07".parse().unwrap();
    let on = |month: u8, day: u8| (1..=day).rev().find_map(|day| Date::new(2026, month, day)).unwrap();
    // A sale, two changes in one period, one to fewer, one on a period's first day, and one more.
    let events = [
        (on(1, first), 18),
        (on(3, first), 2),
        (on(3, first.saturating_add(2)), 3),
        (on(5, first), -4),
        (calendar.containing(on(7, first)).unwrap().start(), 5),
        (on(9, first), -1),
    ];
    let (mut bought, mut charged, mut quantity) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    let year_end = calendar.containing(on(12, 31)).unwrap().start();
    let mut now = calendar.containing(on(1, 1)).unwrap();
    let mut number = 0;
    while now.start() <= year_end {
        let of_now = events.iter().filter(|(day, _)| now.start() <= *day && *day < now.end());
        // The marketplace charges the period in advance, and what is ordered inside it at once.
        bought += quantity * price;
        if way.late {
            charged += book.invoice("12", now, way.prorates);
        }
        for (effective, count) in of_now {
            number += 1;
            let count = Decimal::from(*count);
            let is_sale = number == 1;
            let fee = if count.is_sign_negative() { "resource-downgrade" } else { "resource-recurring" };
            let text = (count.to_string(), price.to_string());
            let line = rest(line("r", fee, &text.0, &text.1, "0"), now, *effective, way, is_sale);
            let share = Decimal::from(now.end().epoch_days() - effective.epoch_days());
            let days = Decimal::from(now.end().epoch_days() - now.start().epoch_days());
            bought += decimal::round(count * price * share / days, 2);
            quantity += count;
            let (kind, line) = if is_sale { ("sales", line) } else { ("change", delta(line)) };
            let until = if way.late { now.end() } else { now.start() };
            let order = order(number, kind, *effective, vec![line], way, until);
            let mut remote = book.remote();
            let plan = ConnectWise
                .plan(&mut remote, &[order])
                .remove(0)
                .unwrap_or_else(|failure| panic!("{way:?} {first}: {failure}"));
            ConnectWise.apply(&mut remote, &[plan]).remove(0).unwrap();
        }
        if !way.late {
            charged += book.invoice("12", now, way.prorates);
        }
        now = calendar.containing(now.end()).unwrap();
    }
    if way.late {
        // The last period's own orders go onto the invoice after it; so does that period itself, which was charged above.
        let next = book.invoice("12", now, way.prorates);
        charged += next - decimal::round(quantity * price, 2);
    }
    (charged, bought)
}

#[test]
fn a_year_comes_to_what_the_marketplace_charged_whatever_the_day() {
    for anchor in ["2026-01-01", "2025-12-31", "2025-12-15"] {
        for (prorates, late) in [(false, false), (false, true), (true, false), (true, true)] {
            for changes in ["replace", "quantity"] {
                for first in 1..=31 {
                    let way = Way { prorates, late, changes, anchor };
                    let (charged, bought) = lived(first, way);
                    assert_eq!(charged, bought, "{way:?}, from the {first}");
                }
            }
        }
    }
}

#[test]
fn what_ends_with_its_subscription_is_charged_no_more() {
    let way = Way { prorates: false, late: false, changes: "replace", anchor: "2026-01-01" };
    for (late, last) in [(false, "2026-03-31"), (true, "2026-03-31")] {
        let book = Book::default();
        let until = day(if late { "2026-04-01" } else { "2026-03-01" });
        let sale = rest(
            line("r", "resource-recurring", "3", "10", "0"),
            super::period("2026-01-01", "2026-02-01"),
            day("2026-01-01"),
            way,
            true,
        );
        let fee = line("c", "cancellation-fee", "1", "5", "5");
        let orders = [
            order(1, "sales", day("2026-01-01"), vec![sale], way, day("2026-01-01")),
            order(2, "cancellation", day("2026-03-10"), vec![fee], way, until),
        ];
        for order in orders {
            let mut remote = book.remote();
            let plan = ConnectWise.plan(&mut remote, &[order]).remove(0).unwrap();
            ConnectWise.apply(&mut remote, &[plan]).remove(0).unwrap();
        }
        let standing = book.rows("12").into_iter().find(|row| row["quantity"] == 3).unwrap();
        assert_eq!(standing["cancelledDate"], json!(format!("{last}T00:00:00Z")));
        let april = book.invoice("12", super::period("2026-04-01", "2026-05-01"), false);
        assert_eq!(april, Decimal::from(if late { 5 } else { 0 }));
        assert_eq!(book.invoice("12", super::period("2026-05-01", "2026-06-01"), false), Decimal::ZERO);
    }
}
