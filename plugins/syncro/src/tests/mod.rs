//! Tests of the target against an account in memory.
//!
//! Owns the builders: the account, a job, its lines, and what the host tells of a former task.

mod account;
mod applying;
mod directory;
mod errors;
mod invoicing;
mod locating;
mod months;
mod planning;
mod revising;
mod shop;

use counterfoil_sdk::{
    Attributes, Currency, Date, Decimal, Failure, Job, Line, Link, Order, Period, Plan, Receipt, Target,
};

use crate::Syncro;
use shop::Shop;

pub(crate) fn d(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn day(text: &str) -> Date {
    Date::parse(text).unwrap()
}

/// A line that recurs: so many of product 9 at a price, key "k1" or as told.
pub(crate) fn recurs(id: &str, key: &str, quantity: &str, price: &str) -> Line {
    let amount = counterfoil_sdk::decimal::round(d(quantity) * d(price), 2);
    let mut line = Line {
        description: "Business Basic 2026-10-01 to 2026-10-31".into(),
        product_code: "CFQ7:0001".into(),
        product_name: "Business Basic".into(),
        quantity: d(quantity),
        unit_price: d(price),
        unit_cost: Some(d("6.10")),
        amount,
        arithmetic: format!("{quantity} × {price} = {amount} USD"),
        item: Some("9".into()),
        attributes: Attributes::new().with("recurs", "monthly").with("recurs.key", key),
        ..Line::piece(id, "resource-recurring", amount)
    };
    if d(quantity).is_zero() {
        line.attributes.set("recurs.ended", "true");
    }
    line
}

/// A line that is billed once.
pub(crate) fn once(id: &str, fee: &str, amount: &str) -> Line {
    Line {
        description: "Adjustment".into(),
        item: Some("9".into()),
        service_period: Some(Period::new(day("2026-10-01"), day("2026-11-01")).unwrap()),
        ..Line::piece(id, fee, d(amount))
    }
}

/// A statement's order, of customer 42, on recurring invoice 5, on 15 November 2026.
pub(crate) fn job(order: &str, lines: Vec<Line>) -> Job {
    let total = lines.iter().map(|line| line.amount).sum();
    let link = |kind: &str, source: &str, target: &str| Link {
        kind: kind.into(),
        source_id: source.into(),
        target_id: target.into(),
        target_code: String::new(),
        target_name: format!("{kind} {target}"),
        attributes: Attributes::new(),
    };
    Job {
        id: format!("task-{order}"),
        order: Order {
            id: order.into(),
            number: format!("{order} monthly-monthly"),
            kind: "billing".into(),
            revision: "r1".into(),
            currency: Currency::parse("USD").unwrap(),
            billing_model: "after-billing-period".into(),
            billing_cycle: "P1M".into(),
            customer_id: "c1".into(),
            customer_name: "Acme".into(),
            subscription_id: "c1/monthly-monthly".into(),
            subscription_name: "Monthly".into(),
            created_on: day("2026-11-03"),
            effective_on: day("2026-11-01"),
            lines,
            total,
            attributes: Attributes::new(),
        },
        links: vec![
            link("party", "c1", "42"),
            link("container", "c1/monthly-monthly", "5"),
            link("item", "CFQ7:0001", "9"),
        ],
        settings: Attributes::new().with("currency", "USD").with("subdomain", "acme"),
        adjustments: Vec::new(),
        marker: format!("{order} cf:{}", counterfoil_sdk::digest::short(order, 8)),
        today: day("2026-11-15"),
        attributes: Attributes::new(),
    }
}

/// The same with a setting.
pub(crate) fn set(mut job: Job, name: &str, value: &str) -> Job {
    job.settings.set(name, value);
    job
}

/// What the host tells of former tasks: of each key the last receipt.
pub(crate) fn after(mut job: Job, receipts: &[Receipt]) -> Job {
    let mut last: std::collections::BTreeMap<String, counterfoil_sdk::ChangeReceipt> =
        std::collections::BTreeMap::new();
    for change in receipts.iter().flat_map(|receipt| &receipt.changes) {
        if let Some(key) = change.attributes.get("key") {
            last.insert(key.to_owned(), change.clone());
        }
    }
    for (place, (key, change)) in last.into_iter().enumerate() {
        let mut put = |name: &str, value: &str| job.attributes.set(format!("former.{}.{name}", place + 1), value);
        put("key", &key);
        put("reference", &change.reference);
        put("document", &change.document);
        for (name, value) in change.attributes.iter().filter(|(name, _)| *name != "key") {
            put(name, value);
        }
    }
    job
}

pub(crate) fn plan(shop: &Shop, job: &Job) -> Result<Plan, Failure> {
    let mut remote = shop.remote();
    let plan = Syncro.plan(&mut remote, std::slice::from_ref(job)).remove(0);
    assert_eq!(remote.writes().count(), 0, "a plan reads only");
    plan
}

pub(crate) fn apply(shop: &Shop, plan: &Plan) -> Result<Receipt, Failure> {
    Syncro.apply(&mut shop.remote(), std::slice::from_ref(plan)).remove(0)
}

/// Planned, held against what the host's checker asks, and applied.
pub(crate) fn bill(shop: &Shop, job: &Job) -> (Plan, Receipt) {
    let plan = plan(shop, job).unwrap();
    sound(&plan, job);
    let receipt = apply(shop, &plan).unwrap();
    let keys: Vec<&str> = receipt.changes.iter().map(|change| change.key.as_str()).collect();
    assert_eq!(keys, plan.changes.iter().map(|change| change.key.as_str()).collect::<Vec<_>>());
    (plan, receipt)
}

/// What the host will check: each line of the job once and for its amount, quantity × price, signs, keys.
pub(crate) fn sound(plan: &Plan, job: &Job) {
    let mut open: Vec<(&str, Decimal)> = job.order.lines.iter().map(|line| (line.id.as_str(), line.amount)).collect();
    let mut keys = std::collections::BTreeSet::new();
    for change in &plan.changes {
        assert!(keys.insert(&change.key), "{} twice", change.key);
        assert_eq!(change.action == counterfoil_sdk::Action::Create, change.target.is_none(), "{}", change.title);
        for line in &change.lines {
            assert_eq!(
                counterfoil_sdk::decimal::round(line.quantity * line.unit_price, 2),
                line.amount,
                "{}",
                change.title
            );
            let mut due = Decimal::ZERO;
            for id in &line.covers {
                let at = open.iter().position(|(open, _)| open == id).unwrap_or_else(|| panic!("{id} twice"));
                due += open.remove(at).1;
            }
            assert_eq!(due, line.bills, "{}", change.title);
            if let Some(of) = line.attributes.get("moves") {
                assert!(line.covers.is_empty());
                let standing = plan.changes.iter().find(|change| change.target.as_deref() == Some(of)).unwrap();
                let told = |name: &str| d(standing.lines[0].attributes.get(name).unwrap());
                let had = counterfoil_sdk::decimal::round(told("quantity-before") * told("unit-price-before"), 2);
                assert_eq!(had, line.amount);
            }
            if let Some(told) = line.attributes.get("ran-without-statement") {
                let (runs, each) = told.split_once(" × ").unwrap();
                assert_eq!(d(runs) * d(each), -line.amount);
            }
        }
    }
    for omission in &plan.left_out {
        open.retain(|(id, amount)| *id != omission.line || !amount.is_zero());
    }
    assert!(open.is_empty(), "{open:?} is in no change");
}

/// "create one-time-line 78.00", for tables.
pub(crate) fn told(plan: &Plan) -> Vec<String> {
    let line = |change: &counterfoil_sdk::Change| {
        let line = change.lines.first();
        let amount = line.map(|line| line.amount.to_string()).unwrap_or_default();
        format!("{:?} {} {amount}", change.action, change.document).trim().to_lowercase()
    };
    plan.changes.iter().map(line).collect()
}

/// Codes of the warnings of a plan.
pub(crate) fn warnings(plan: &Plan) -> Vec<String> {
    let mut all: Vec<String> = plan
        .changes
        .iter()
        .flat_map(|change| change.attributes.iter())
        .filter_map(|(name, _)| name.strip_prefix("warn.").map(str::to_owned))
        .collect();
    all.sort();
    all
}
