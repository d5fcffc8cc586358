//! The scenario table to the cent: each row's order goes through check, plan, confirmation and the component into agreements
//! that prorate and that do not, invoiced already and not yet, once with the marketplace's prices and once with
//! ConnectWise's. What ConnectWise invoices must be what the rows' own arithmetic says; what was written, with all that it
//! carries, stands in the golden files for people. After a wanted change: `UPDATE_GOLDEN=1 cargo test -p counterfoil --test
//! connectwise table`, and read the difference.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use counterfoil_domain::connection::{HostRules, PriceChoice};
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::order::OrderType;
use counterfoil_domain::period::Cycle;
use rust_decimal::Decimal;

use crate::books::{Addition, Terms};
use crate::desk::{Desk, Setup};
use crate::page;
use crate::rows::{AGREED, Case, FEE_ITEMS, Onto, PRODUCTS, SOLD, cases, shown};
use crate::shelf::{Draft, Shelf, amount, costing, customer, day, line, morning, period, subscription};

/// A desk where the customer, every product and every fee is linked, checked once while nothing was sold.
pub(crate) async fn desk(setup: Setup) -> (Arc<Shelf>, Desk, i64) {
    let shelf = Arc::new(Shelf::default());
    shelf.put_customer(customer("c0", "Green Lane Dental"));
    let mut desk = Desk::open(Arc::clone(&shelf) as Arc<_>, setup).await;
    let company = desk.company("Green Lane Dental");
    desk.link(LinkKind::Party, "c0", (company, "Green Lane Dental")).await;
    for (code, name, price, cost, metered) in PRODUCTS {
        shelf.put_product((code, name), metered);
        let id = desk.item(code, name, (amount(price), amount(cost)));
        desk.link(LinkKind::Item, code, (id, name)).await;
    }
    for (fee, price) in FEE_ITEMS {
        let id = desk.item(fee.name(), fee.name(), (amount(price), Decimal::ZERO));
        desk.link(LinkKind::Fee, fee.name(), (id, fee.name())).await;
    }
    desk.check().await;
    (shelf, desk, company)
}

/// One order on one agreement.
struct Sheet<'a> {
    case: &'a Case,
    onto: Onto,
    agreement: i64,
    number: String,
    before: Vec<Addition>,
}

/// Puts the subscription and its agreement up, and what was sold of it before.
async fn sheet<'a>(shelf: &Shelf, desk: &Desk, company: i64, case: &'a Case, onto: Onto) -> Sheet<'a> {
    let number = case.number(onto);
    let id = format!("sub-{number}");
    let mut of = subscription(&id, "c0", Cycle::Months(1), day("2026-10-01"));
    of.billing_model = case.model;
    shelf.put_subscription(of);
    let terms = Terms { prorates: onto.prorates, ..Terms::monthly("2026-10-01") };
    let agreement = desk.agreement(company, &format!("Cloud {number}"), terms);
    desk.link(LinkKind::Container, &id, (agreement, "Cloud")).await;
    if case.follows {
        let lines = SOLD.iter().map(|(fee, of, quantity, unit, cost, ..)| {
            let of = of.map(|of| (PRODUCTS[of].0, PRODUCTS[of].1));
            let comes_to = amount(quantity) * amount(unit);
            costing(line(*fee, of, quantity, unit, &comes_to.to_string()), cost.unwrap())
        });
        let mut sale = Draft::new(&format!("S{number}"), OrderType::Sales, &id, day("2026-10-01"), lines.collect());
        sale.period = Some(period("2026-10-01", "2026-11-01"));
        shelf.put(sale);
    }
    Sheet { case, onto, agreement, number, before: Vec::new() }
}

/// A desk with all sheets, where every order is synchronized on its day and the months are invoiced.
async fn worked(cases: &[Case], choice: PriceChoice) -> (Desk, Vec<Sheet<'_>>) {
    let rules = HostRules { price_source: choice, most_change: None, ..HostRules::default() };
    let (shelf, mut desk, company) = desk(Setup { rules, ..Setup::at(morning(day("2026-09-30"))) }).await;
    let mut sheets = Vec::new();
    for case in cases {
        for onto in case.onto() {
            sheets.push(sheet(&shelf, &desk, company, case, onto).await);
        }
    }
    desk.until(day("2026-10-01"));
    desk.bill().await;
    for sheet in sheets.iter().filter(|sheet| sheet.case.follows) {
        if choice == PriceChoice::Target {
            desk.reprice(sheet.agreement, "SEAT-STD", amount(AGREED));
        }
        desk.invoice(sheet.agreement, "2026-10-01");
    }
    for on in [1, 16, 30] {
        desk.until(day(&format!("2026-11-{on:02}")));
        for sheet in sheets.iter_mut().filter(|sheet| sheet.case.on == on) {
            if sheet.onto.invoiced {
                desk.invoice(sheet.agreement, sheet.case.months()[0]);
            }
            sheet.before = desk.additions(sheet.agreement);
            shelf.put(sheet.case.draft(&sheet.number, &format!("sub-{}", sheet.number)));
        }
        desk.bill().await;
    }
    (desk, sheets)
}

/// What was written and invoiced for one order, held against the oracle. Gives its part of the page.
async fn part(desk: &Desk, sheet: &Sheet<'_>, choice: PriceChoice) -> String {
    let Sheet { case, onto, .. } = sheet;
    let task = desk.task(&sheet.number).await;
    let what = format!("{} on {} with {choice}'s prices", case.name, onto.words());
    assert_eq!((task.state.name(), task.scenario.as_str()), ("synced", case.scenario), "{what}: {task:#?}");
    let sealed = desk.sealed(&task).await;
    let after = desk.additions(sheet.agreement);
    for month in case.months() {
        desk.invoice(sheet.agreement, month);
    }
    let bills = desk.bills(sheet.agreement, case.months());
    let whose = if choice == PriceChoice::Marketplace { "the marketplace's" } else { "ConnectWise's" };
    let mut text = format!("\n\nOn {}, with {whose} prices\n\n", onto.words());
    write!(text, "{}{}{}", page::additions(&sheet.before, &after), page::said(&sealed), page::invoiced(&bills))
        .unwrap();
    let totals: Vec<String> = bills.iter().map(|bill| crate::books::money(bill.total)).collect();
    assert_eq!(totals, case.expected(choice, *onto).map(shown), "{what}:\n{text}");
    // What was invoiced stays: no second run finds anything more to bill.
    for month in case.months() {
        desk.invoice(sheet.agreement, month);
    }
    assert_eq!(desk.bills(sheet.agreement, case.months()), bills, "{what}: invoiced twice");
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn table_each_row_becomes_its_additions_and_is_invoiced_to_the_cent() {
    let cases = cases();
    let mut pages: Vec<String> =
        cases.iter().map(|case| page::ordered(case, &case.draft("order", "subscription"))).collect();
    for choice in [PriceChoice::Marketplace, PriceChoice::Target] {
        let (desk, sheets) = worked(&cases, choice).await;
        for sheet in &sheets {
            let at = cases.iter().position(|case| case.name == sheet.case.name).unwrap();
            pages[at].push_str(&part(&desk, sheet, choice).await);
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/connectwise/golden");
    for (case, page) in cases.iter().zip(&pages) {
        let path = folder.join(format!("{}.txt", case.name));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, page).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(&golden, page, "{}.txt. If the change is wanted, run with UPDATE_GOLDEN=1", case.name);
    }
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, cases.len(), "a golden file that no row makes");
}

/// No row of the card is without an order above.
#[test]
fn table_every_row_of_the_card_has_an_order() {
    let card = include_str!("../../plugins/connectwise/plugin.toml");
    let card = counterfoil_runtime::manifest::parse(card).unwrap();
    for row in &card.scenarios {
        for model in &row.models {
            let has = |case: &Case| case.scenario == row.name && case.model == *model;
            assert!(cases().iter().any(has), "{} under {model}", row.name);
        }
        for fee in row.fees.iter().map(|(fee, _)| *fee) {
            let has = |case: &Case| case.scenario == row.name && case.lines.iter().any(|line| line.0 == fee);
            assert!(cases().iter().any(has), "{} of {}", fee.name(), row.name);
        }
    }
}
