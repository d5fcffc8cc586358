//! Every kind of order, on agreements that prorate or not, invoiced or not, by every setting: the golden table `placing.txt`.
//! `UPDATE_GOLDEN=1 cargo test -p counterfoil-connectwise` writes it anew; read the difference before you keep it.

use counterfoil_sdk::{Job, Line, Plan, Target};

use super::book::{Book, known, ten};
use super::{day, delta, job, line, period, prorated, set, told};
use crate::ConnectWise;

const GOLDEN: &str = include_str!("placing.txt");
const NOVEMBER: (&str, &str) = ("2026-11-01", "2026-12-01");

/// One plan, change by change.
pub(crate) fn shown(plan: &Plan) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        let field =
            |name: &str| change.fields.iter().find(|field| field.name == name).and_then(|field| field.after.clone());
        let action = format!("{:?}", change.action).to_lowercase();
        let target = change.target.as_deref().unwrap_or("new");
        let first = field("effectiveDate").unwrap_or_default();
        let last = field("cancelledDate").unwrap_or_else(|| "…".into());
        text.push_str(&format!("        {action} {target} {first}–{last}"));
        for line in &change.lines {
            let says =
                |name: &str| line.attributes.get(name).map(|value| format!(" {name} {value}")).unwrap_or_default();
            text.push_str(&format!(
                ": {} × {} = {}, bills {}{}{}{}{}{} covers [{}]",
                line.quantity,
                line.unit_price.normalize(),
                line.amount.normalize(),
                line.bills.normalize(),
                says("standing"),
                says("standing-of"),
                says("quantity-before"),
                says("price-from"),
                says("service"),
                line.covers.join(" ")
            ));
        }
        if change.lines.is_empty()
            && let Some(quantity) = field("quantity")
        {
            text.push_str(&format!(": quantity {quantity}"));
        }
        if let Some(until) = change.attributes.get("writes-into-invoiced") {
            text.push_str(&format!(", into what is invoiced up to {until}"));
        }
        text.push('\n');
    }
    for omission in &plan.left_out {
        text.push_str(&format!("        left out {}: {}\n", omission.line, omission.why));
    }
    for note in &plan.notes {
        text.push_str(&format!("        note: {note}\n"));
    }
    if text.is_empty() { "        nothing\n".to_owned() } else { text }
}

/// How the host prices a recurring line of eighteen, or of what a change says, from the 16th on.
fn rest(line: Line, prorates: bool, invoiced: bool, is_sale: bool) -> Line {
    let full = line.quantity * line.unit_price;
    if prorates && is_sale && !invoiced {
        return Line { amount: full, ..prorated(line, &full.to_string(), "30/30", "target-prorates", NOVEMBER) };
    }
    let half = full / counterfoil_sdk::Decimal::TWO;
    Line { amount: half, ..prorated(line, &full.to_string(), "15/30", "prorated", NOVEMBER) }
}

type Case = (&'static str, fn(bool, bool) -> Job, fn() -> Book);

fn empty() -> Book {
    Book::default()
}

fn has_ten() -> Book {
    Book::default().with(known(345))
}

/// The former addition begins with the next period: an order before this one made it.
fn has_next() -> Book {
    let mut row = known(345);
    row["effectiveDate"] = "2026-12-01T00:00:00Z".into();
    Book::default().with(row)
}

fn on_first(mut job: Job) -> Job {
    job.order.effective_on = day("2026-11-01");
    job
}

fn change_of(quantity: &str, prorates: bool, invoiced: bool) -> Job {
    let fee = if quantity.starts_with('-') { "resource-downgrade" } else { "resource-recurring" };
    job("change", vec![delta(rest(line("r", fee, quantity, "33", "0"), prorates, invoiced, false))])
}

fn reconcile(lines: Vec<Line>) -> Job {
    let mut job = job("reconcile", lines);
    job.order.attributes.set("reconcile-period", "2026-11-01/2026-12-01");
    job
}

const CASES: &[Case] = &[
    (
        "sale inside a period, with setup",
        |prorates, invoiced| {
            let setup = line("s", "resource-setup", "18", "5", "90");
            job("sales", vec![rest(line("r", "resource-recurring", "18", "33", "0"), prorates, invoiced, true), setup])
        },
        empty,
    ),
    ("sale on the first day", |_, _| on_first(job("sales", vec![line("r", "plan-recurring", "1", "50", "50")])), empty),
    (
        "sale on the first day, with a discount",
        |_, _| on_first(job("sales", vec![line("r", "plan-recurring", "1", "50", "45")])),
        empty,
    ),
    ("upgrade inside a period", |prorates, invoiced| change_of("2", prorates, invoiced), has_ten),
    ("downgrade inside a period", |prorates, invoiced| change_of("-2", prorates, invoiced), has_ten),
    ("downgrade to nothing", |prorates, invoiced| change_of("-10", prorates, invoiced), has_ten),
    (
        "upgrade on the first day",
        |_, _| on_first(job("change", vec![delta(line("r", "resource-recurring", "2", "33", "66"))])),
        has_ten,
    ),
    (
        "downgrade to nothing on the first day",
        |_, _| on_first(job("change", vec![delta(line("r", "resource-downgrade", "-10", "33", "-330"))])),
        has_ten,
    ),
    ("second upgrade of the period", |prorates, invoiced| change_of("2", prorates, invoiced), has_next),
    (
        "more of one, fewer of the same",
        |prorates, invoiced| {
            let more = delta(rest(line("r", "resource-recurring", "3", "33", "0"), prorates, invoiced, false));
            let fewer = delta(rest(line("f", "resource-downgrade", "-1", "33", "0"), prorates, invoiced, false));
            job("change", vec![more, fewer])
        },
        has_ten,
    ),
    (
        "total from the renewal on",
        |_, _| {
            let mut total = line("r", "resource-recurring", "7", "35", "0");
            total.attributes.set("quantity-is", "total");
            total.service_period = Some(period("2026-12-01", "2027-01-01"));
            job("change", vec![total])
        },
        has_ten,
    ),
    (
        "cancellation with fee and refund",
        |_, _| {
            let fee = line("c", "cancellation-fee", "1", "25", "25");
            job("cancellation", vec![fee, line("b", "resource-recurring-refund", "10", "-16.5", "-165")])
        },
        has_ten,
    ),
    (
        "usage of October",
        |_, _| {
            let usage = Line {
                service_period: Some(period("2026-10-01", "2026-11-01")),
                ..line("u", "resource-overuse", "1234.5678", "0.0123", "15.19")
            };
            on_first(job("billing", vec![usage]))
        },
        has_ten,
    ),
    (
        "snapshot",
        |prorates, invoiced| {
            let whole = line("0", "resource-recurring", "18", "33", "594");
            let whole = if prorates && !invoiced { rest(whole, true, false, true) } else { whole };
            job("initial", vec![whole])
        },
        empty,
    ),
    ("reconcile: same", |_, _| reconcile(vec![line("0", "resource-recurring", "10", "33", "330")]), has_ten),
    ("reconcile: missing", |_, _| reconcile(vec![line("0", "resource-recurring", "10", "33", "330")]), empty),
    ("reconcile: different", |_, _| reconcile(vec![line("0", "resource-recurring", "12", "34", "408")]), has_ten),
    ("reconcile: extra", |_, _| reconcile(vec![]), has_ten),
    (
        "upgrade of what was made by hand",
        |prorates, invoiced| change_of("2", prorates, invoiced),
        || Book::default().with(ten(345)),
    ),
];

#[test]
fn every_order_becomes_the_additions_of_the_table() {
    let mut table = String::from(
        "Which additions an order becomes. The agreement bills each month from the first; orders count from 16 November 2026,\n\
         or from the first where they say so. Days are the first and the last that are billed.\n",
    );
    for (name, job, book) in CASES {
        table.push_str(&format!("\n{name}\n"));
        let is_change = job(false, false).order.kind == "change";
        for prorates in [false, true] {
            for until in ["2026-11-01", "2026-12-01"] {
                for when in ["next-period", "as-dated"] {
                    for changes in if is_change { &["replace", "quantity"][..] } else { &["replace"] } {
                        let invoiced = until == "2026-12-01";
                        let job = told(job(prorates, invoiced), "invoiced-until", until);
                        let job = told(job, "prorate", &prorates.to_string());
                        let job = set(set(job, "when_invoiced", when), "changes", changes);
                        let plan = ConnectWise.plan(&mut book().remote(), &[job]).remove(0).unwrap();
                        let flag = if prorates { "prorates" } else { "does not prorate" };
                        table.push_str(&format!("    {flag}, invoiced up to {until}, {when}, {changes}\n"));
                        table.push_str(&shown(&plan));
                    }
                }
            }
        }
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/documents/tests/placing.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &table).unwrap();
    } else if table != GOLDEN {
        let mut lines = table.lines().zip(GOLDEN.lines());
        panic!("the table is another one, first here: {:?}", lines.find(|(now, kept)| now != kept));
    }
}
