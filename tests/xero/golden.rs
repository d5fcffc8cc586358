//! One order of each scenario under either policy for credits, as its documents stand in the books: `documents.txt`. After a
//! wanted change: `UPDATE_GOLDEN=1 cargo test -p counterfoil --test xero`, and read the difference.

use std::fmt::Write as _;

use counterfoil_sim::world::{FeeKind, Kind, OrderStatus};
use counterfoil_sim::xero::{Document, DocumentKind};
use rust_decimal::Decimal;
use serde_json::json;

use crate::bench::{Bench, ago, root};
use crate::helpers::bench;
use crate::shop::{AZURE, BACKUP, SERVER};

const PLAN: bool = false;
const RESOURCE: bool = true;

/// Fee, whether it is of a resource, quantity, unit price, and what the line bills.
type Row = (FeeKind, bool, &'static str, &'static str, &'static str);

struct Scenario {
    name: &'static str,
    sells: &'static str,
    /// Of the sale; none: the sale itself.
    then: Option<(Kind, Option<i64>)>,
    lines: &'static [Row],
}

const SCENARIOS: [Scenario; 6] = [
    Scenario {
        name: "new sale",
        sells: BACKUP,
        then: None,
        lines: &[
            (FeeKind::Setup, PLAN, "1", "99.00", "99.00"),
            (FeeKind::Setup, RESOURCE, "6", "15.00", "90.00"),
            (FeeKind::Recurring, PLAN, "1", "10.00", "6.33"),
            (FeeKind::Recurring, RESOURCE, "18", "33.00", "376.20"),
        ],
    },
    Scenario {
        name: "upgrade or downgrade, both",
        sells: BACKUP,
        then: Some((Kind::Upgrade, Some(3))),
        lines: &[
            (FeeKind::Setup, RESOURCE, "3", "15.00", "45.00"),
            (FeeKind::Recurring, RESOURCE, "3", "3.3333", "10.00"),
            (FeeKind::Downgrade, RESOURCE, "-2", "4.00", "-8.00"),
        ],
    },
    Scenario {
        name: "upgrade or downgrade, only back",
        sells: BACKUP,
        then: Some((Kind::Downgrade, Some(-2))),
        lines: &[(FeeKind::Downgrade, RESOURCE, "-2", "4.00", "-5.07")],
    },
    Scenario {
        name: "existing subscription",
        sells: SERVER,
        then: Some((Kind::Billing, None)),
        lines: &[
            (FeeKind::Recurring, PLAN, "1", "20.00", "20.00"),
            (FeeKind::Recurring, RESOURCE, "3", "12.50", "37.50"),
            (FeeKind::Overuse, RESOURCE, "2", "12.50", "25.00"),
            (FeeKind::RecurringRefund, RESOURCE, "1", "-12.50", "-4.17"),
        ],
    },
    Scenario {
        name: "cancellation",
        sells: BACKUP,
        then: Some((Kind::CancelRefund, None)),
        lines: &[
            (FeeKind::Cancellation, PLAN, "1", "75.00", "75.00"),
            (FeeKind::Overuse, RESOURCE, "1", "12.34", "12.34"),
            (FeeKind::RecurringRefund, RESOURCE, "4", "-30.00", "-100.00"),
            (FeeKind::SetupRefund, RESOURCE, "1", "-15.00", "-15.00"),
            (FeeKind::RecurringRefund, PLAN, "1", "-10.00", "-3.67"),
            (FeeKind::SetupRefund, PLAN, "1", "-99.00", "-99.00"),
        ],
    },
    Scenario {
        name: "resource usage",
        sells: AZURE,
        then: Some((Kind::Billing, None)),
        lines: &[
            (FeeKind::Overuse, RESOURCE, "1234.5678", "0.0123", "15.19"),
            (FeeKind::Recurring, RESOURCE, "1", "19.99", "19.99"),
        ],
    },
];

/// Puts the order into the marketplace with exactly these lines. Gives its number.
fn placed(bench: &Bench, scenario: &Scenario) -> String {
    let sale = bench.sell(scenario.sells, 6, ago(60), OrderStatus::Completed);
    let number = match scenario.then {
        None => sale,
        Some((kind, delta)) => bench.order(kind, &sale, delta, ago(5)),
    };
    bench.revise(&number, |order| {
        let like = order.lines.iter().find(|line| line.product.is_some()).unwrap().clone();
        order.lines.clear();
        for (fee, resource, quantity, unit, bills) in scenario.lines {
            let mut line = like.clone();
            line.product = line.product.filter(|_| *resource);
            (line.fee, line.period, line.description) = (*fee, None, format!("{fee:?}"));
            let [quantity, unit, bills] = [quantity, unit, bills].map(|text| text.parse::<Decimal>().unwrap());
            (line.quantity, line.unit_price, line.extended) = (quantity, unit, bills);
            order.lines.push(line);
        }
    });
    number
}

fn print(out: &mut String, document: &Document) {
    let kind = match document.kind {
        DocumentKind::Invoice => "invoice",
        DocumentKind::CreditNote => "credit note",
    };
    let Document { number, status, sub_total, total_tax, total, .. } = document;
    writeln!(out, "  {kind} {number}, {}: {sub_total} + tax {total_tax} = {total}", status.as_str()).unwrap();
    for line in &document.lines {
        let numbers = [line.quantity.unwrap(), line.unit_amount.unwrap()].map(|number| number.normalize());
        let [quantity, unit] = numbers;
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let (account, tax) = (text(&line.account_code), text(&line.tax_type));
        writeln!(out, "    {quantity} × {unit} = {} ({account}, {tax}) {}", line.line_amount, text(&line.description))
            .unwrap();
    }
}

/// Days are those of the run, and the order's number is the world's.
fn masked(text: &str, number: &str) -> String {
    let text = text.replace(number, "ORDER");
    let chars: Vec<char> = text.chars().collect();
    let is_day = |at: usize| {
        chars.get(at..at + 10).is_some_and(|ten| {
            ten.iter().enumerate().all(|(at, c)| if at == 4 || at == 7 { *c == '-' } else { c.is_ascii_digit() })
        })
    };
    let mut out = String::new();
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        match is_day(at) {
            true => out.push_str("DAY"),
            false => out.push(*c),
        }
        at += if is_day(at) { 10 } else { 1 };
    }
    out
}

async fn documents() -> String {
    let mut out = String::from("The documents of one order of each scenario, with credits split and netted\n");
    for policy in ["split", "net"] {
        let bench = bench(&json!({ "credits": policy })).await;
        // All in one batch: Xero allows sixty calls a minute, and the host keeps to it.
        let numbers: Vec<String> = SCENARIOS.iter().map(|scenario| placed(&bench, scenario)).collect();
        bench.check(crate::bench::XERO).await;
        bench.send().await;
        for (scenario, number) in SCENARIOS.iter().zip(&numbers) {
            let number = number.as_str();
            bench.until(number, "synced").await;
            writeln!(out, "\n{}, {policy}", scenario.name).unwrap();
            let mut sum = Decimal::ZERO;
            for document in bench.books.state().documents() {
                if document.reference.as_deref().is_some_and(|text| text.starts_with(number)) {
                    let mut page = String::new();
                    print(&mut page, &document);
                    out.push_str(&masked(&page, number));
                    let credit = document.kind == DocumentKind::CreditNote;
                    sum += if credit { -document.sub_total } else { document.sub_total };
                }
            }
            assert_eq!(sum, bench.comes_to(number), "{}, {policy}: the books and the order differ", scenario.name);
        }
        bench.stop().await;
    }
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_documents_of_every_scenario_are_as_the_table_shows() {
    let path = root().join("tests/xero/documents.txt");
    let made = documents().await;
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    let differ = kept.lines().zip(made.lines()).find(|(kept, made)| kept != made);
    assert!(kept == made, "documents.txt is not what is written; the first difference: {differ:?}");
    assert_eq!(
        made.lines().filter(|line| line.starts_with("    ")).count(),
        40,
        "every line stands under both policies"
    );
}
