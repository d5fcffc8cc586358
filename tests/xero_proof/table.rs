//! The scenario table to the cent: each row's order goes through check, plan, confirmation and the component into Xero, once
//! with the marketplace's prices and once with Xero's. What stands in the books must be what the rows' own arithmetic says,
//! and what the golden files say. After a wanted change: `UPDATE_GOLDEN=1 cargo test -p counterfoil --test xero_proof
//! table`, and read the difference.

use std::path::Path;
use std::sync::Arc;

use counterfoil_domain::connection::{HostRules, PriceChoice};
use counterfoil_domain::link::LinkKind;
use counterfoil_sim::xero::{Document, DocumentKind};
use rust_decimal::Decimal;

use crate::desk::{Desk, Setup};
use crate::rows::{Case, FEE_ITEMS, Sums, cases};
use crate::shelf::{PRODUCTS, Shelf, amount, customer_name};
use crate::statement;

/// A desk where the first customer, every product and every fee is linked, checked once.
pub(crate) async fn desk(setup: Setup) -> (Arc<Shelf>, Desk) {
    let shelf = Arc::new(Shelf::default());
    let mut desk = Desk::open(Arc::clone(&shelf) as Arc<_>, setup).await;
    desk.customer("c0", &customer_name(0)).await;
    for (code, name, price, _) in PRODUCTS {
        desk.item(LinkKind::Item, code, name, amount(price)).await;
    }
    for (fee, price) in FEE_ITEMS {
        desk.item(LinkKind::Fee, fee.name(), fee.name(), amount(price)).await;
    }
    desk.check().await;
    (shelf, desk)
}

fn coins(amount: Decimal) -> i128 {
    let coins = amount * Decimal::ONE_HUNDRED;
    assert!(coins.is_integer(), "{amount} is no whole coin");
    coins.normalize().mantissa()
}

fn sums(document: &Document) -> Sums {
    let mut lines: Vec<i128> = document.lines.iter().map(|line| coins(line.line_amount)).collect();
    lines.sort_unstable();
    assert_eq!(document.sub_total + document.total_tax, document.total);
    Sums { lines, net: coins(document.sub_total), tax: coins(document.total_tax) }
}

/// What the books hold for an order, against the oracle. Gives the page for people.
async fn holds(desk: &Desk, case: &Case, choice: PriceChoice) -> String {
    let task = desk.task(case.number).await;
    assert_eq!((task.state.name(), task.scenario.as_str()), ("synced", case.scenario), "{}: {task:#?}", case.name);
    let documents = desk.documents(case.number);
    let of = |kind: DocumentKind| {
        let mut of = documents.iter().filter(|document| document.kind == kind);
        let one = of.next().map(sums);
        assert!(of.next().is_none(), "{}: two of a kind", case.name);
        one
    };
    let there = [of(DocumentKind::Invoice), of(DocumentKind::CreditNote)];
    assert_eq!(there, case.expected(choice), "{} with {choice}'s prices: {documents:#?}", case.name);
    // Read back, and seen to agree with what was confirmed.
    let receipt = desk.store.receipt(task.state.plan().unwrap()).await.unwrap().unwrap();
    let (_, seen) = receipt.observed.unwrap();
    let shown: i128 = seen.documents.iter().map(|document| coins(document.total.amount)).sum();
    let net = |sums: &Option<Sums>| sums.as_ref().map_or(0, |sums| sums.net);
    assert_eq!(shown, net(&there[0]) - net(&there[1]), "{}: {seen:#?}", case.name);
    let whose = if choice == PriceChoice::Marketplace { "the marketplace's" } else { "Xero's" };
    format!("\n\nWith {whose} prices\n{}", statement::booked(documents))
}

/// The golden page says what the oracle says, whoever wrote it last.
fn agrees(case: &Case, page: &str) {
    let money = |coins: i128| format!("{}.{:02}", coins / 100, coins % 100);
    let mut documents = 0;
    for (choice, part) in
        [PriceChoice::Marketplace, PriceChoice::Target].into_iter().zip(page.split("\n\nWith ").skip(1))
    {
        for sums in case.expected(choice).into_iter().flatten() {
            let said =
                format!("net {}   tax {}   total {}\n", money(sums.net), money(sums.tax), money(sums.net + sums.tax));
            assert!(part.contains(&said), "{}.txt, {choice}: it must say \"{}\"", case.name, said.trim());
            documents += 1;
        }
    }
    assert_eq!(page.matches("\n  net ").count(), documents, "{}.txt: documents too many or too few", case.name);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn table_each_row_becomes_its_documents_to_the_cent() {
    let cases = cases();
    let mut pages: Vec<String> = cases.iter().map(|case| statement::ordered(&case.draft())).collect();
    for choice in [PriceChoice::Marketplace, PriceChoice::Target] {
        let rules = HostRules { price_source: choice, ..HostRules::default() };
        let (shelf, mut desk) = desk(Setup { rules, ..Setup::default() }).await;
        cases.iter().for_each(|case| shelf.put(case.draft()));
        desk.bill().await;
        for (case, page) in cases.iter().zip(&mut pages) {
            page.push_str(&holds(&desk, case, choice).await);
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/xero_proof/golden");
    for (case, page) in cases.iter().zip(&pages) {
        let path = folder.join(format!("{}.txt", case.name));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, page).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        agrees(case, &golden);
        assert_eq!(&golden, page, "{}.txt. If the change is wanted, run with UPDATE_GOLDEN=1", case.name);
    }
    let files = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, cases.len(), "a golden file that no row makes");
}

/// No row of the card is without an order above.
#[test]
fn table_every_row_of_the_card_has_an_order() {
    let card = include_str!("../../plugins/xero/plugin.toml");
    let card = counterfoil_runtime::manifest::parse(card).unwrap();
    for row in &card.scenarios {
        for fee in row.fees.iter().map(|(fee, _)| *fee) {
            for model in &row.models {
                let has = |case: &Case| {
                    case.scenario == row.name && case.model == *model && case.lines.iter().any(|line| line.0 == fee)
                };
                assert!(cases().iter().any(has), "{}: {fee} under {model}", row.name);
            }
        }
    }
}
