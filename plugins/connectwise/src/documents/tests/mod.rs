//! Tests of planning, writing, looking and reading back, against an agreement in memory.
//!
//! Owns the builders: a job, its lines, and the agreement.

mod applying;
mod book;
mod days;
mod placing;
mod planning;
mod year;

use counterfoil_sdk::{Attributes, Currency, Date, Decimal, Job, Line, Link, Order, Period};

pub(crate) fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

pub(crate) fn period(start: &str, end: &str) -> Period {
    Period::new(day(start), day(end)).unwrap()
}

/// A line of product 1021.
pub(crate) fn line(id: &str, fee: &str, quantity: &str, price: &str, amount: &str) -> Line {
    Line {
        description: "Business Basic".into(),
        product_code: "CFQ7".into(),
        product_name: "Microsoft 365 Business Basic".into(),
        quantity: d(quantity),
        unit_price: d(price),
        unit_cost: Some(d("20")),
        amount: d(amount),
        arithmetic: format!("{quantity} × {price} = {amount} USD"),
        item: Some("1021".into()),
        attributes: Attributes::new().with("description-source", "order"),
        ..Line::piece(id, fee, d(amount))
    }
}

pub(crate) fn delta(mut line: Line) -> Line {
    line.attributes.set("quantity-is", "delta");
    line
}

/// As the host says that it prorated it.
pub(crate) fn prorated(mut line: Line, full: &str, days: &str, why: &str, of: (&str, &str)) -> Line {
    for (name, value) in [("full-price", full), ("proration-days", days), ("proration-why", why)] {
        line.attributes.set(name, value);
    }
    let method = if why == "prorated" { "elapsed-days" } else { "none" };
    line.attributes.set("proration-method", if why == "target-prorates" { "target-native" } else { method });
    line.attributes.set("proration-of", format!("{}/{}", of.0, of.1));
    line
}

/// An order that counts from 16 November 2026, on agreement 12, which is billed each month from the first.
pub(crate) fn job(kind: &str, lines: Vec<Line>) -> Job {
    let total = lines.iter().map(|line| line.amount).sum();
    let link = |kind: &str, source: &str, target: &str, attributes: Attributes| Link {
        kind: kind.into(),
        source_id: source.into(),
        target_id: target.into(),
        target_code: String::new(),
        target_name: format!("{kind} {target}"),
        attributes,
    };
    let agreement = Attributes::new()
        .with("party", "42")
        .with("prorate", "false")
        .with("status", "Active")
        .with("currency", "USD")
        .with("cycle", "P1M")
        .with("period-anchor", "2026-01-01");
    Job {
        id: "t1".into(),
        order: Order {
            id: "o1".into(),
            number: "SO000123".into(),
            kind: kind.into(),
            revision: "r1".into(),
            currency: Currency::parse("USD").unwrap(),
            billing_model: "before-billing-period".into(),
            billing_cycle: "P1M".into(),
            customer_id: "c1".into(),
            customer_name: "Acme".into(),
            subscription_id: "s1".into(),
            subscription_name: "Acme Business Basic".into(),
            created_on: day("2026-11-16"),
            effective_on: day("2026-11-16"),
            lines,
            total,
            attributes: Attributes::new(),
        },
        links: vec![
            link("party", "c1", "42", Attributes::new()),
            link("container", "s1", "12", agreement),
            link("item", "CFQ7", "1021", Attributes::new()),
        ],
        settings: Attributes::new(),
        adjustments: Vec::new(),
        marker: "SO000123 cf:abcdef12".into(),
        today: day("2026-11-22"),
        attributes: Attributes::new(),
    }
}

/// The same with an attribute of its agreement.
pub(crate) fn told(mut job: Job, name: &str, value: &str) -> Job {
    job.links[1].attributes.set(name, value);
    job
}

pub(crate) fn set(mut job: Job, name: &str, value: &str) -> Job {
    job.settings.set(name, value);
    job
}
