//! Names and codes that want to be more than names. The simulated ConnectWise takes a stray quote for the end of a text and
//! the rest for a condition: whoever writes names into conditions finds records that nobody asked for. Nothing is found
//! that does not have the text, nothing that has it is missed, and no wrong record is linked.

use counterfoil_domain::link::{LinkKind, LinkState};
use counterfoil_domain::order::{Fee, OrderType};
use counterfoil_domain::period::Cycle;
use counterfoil_sim::connectwise::{CwConfig, StrayQuote};
use rust_decimal::Decimal;

use crate::books::Terms;
use crate::desk::Setup;
use crate::shelf::{Draft, customer, day, line, subscription};
use crate::stand::{Stand, setup};

/// What stands in the marketplace and in searches.
fn hostile() -> Vec<String> {
    let mut all: Vec<String> = [
        "\" or 1=1",
        "' or deletedFlag=false",
        "x\" or id > 0 or name = \"",
        "x' or name like '*' or name = '",
        "Acme\") or (id > 0",
        "*",
        "A*",
        "%",
        "Ac%me",
        "[2020-01-01T00:00:00Z]",
        "]]>[",
        "\\",
        "\\\" or id > 0",
        "a\nb",
        "a\u{0}b",
        "Acme\u{feff}",
        "\u{feff}Acme",
        "Ac\u{200b}me",
        "Acme 🚀",
        "🚀🚀",
        "O'Neill & Söhne \"Ltd\"",
        "null",
        "True",
        "1021",
        "company/id = 1",
        "and",
        "?page=2&pageSize=1",
        "#",
        "../../system/info",
    ]
    .map(str::to_owned)
    .to_vec();
    all.push("n".repeat(300));
    all.push("\"".repeat(300));
    all.push(format!("{}\" or id > 0", "日".repeat(120)));
    all
}

fn injecting() -> Setup {
    let mut books = CwConfig::default();
    books.switches.stray_quote = StrayQuote::Injects;
    Setup { books, ..setup() }
}

/// As a person reads it: without what nobody sees, single-spaced, in one case.
fn seen(text: &str) -> String {
    let visible = text.chars().filter(|c| !"\u{feff}\u{200b}".contains(*c));
    let visible: String = visible.map(|c| if c.is_control() { ' ' } else { c }).collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_searches_find_what_has_the_text_and_nothing_else() {
    let stand = Stand::open(injecting()).await;
    // ConnectWise takes fifty characters for a company's name and sixty for a product's.
    // It makes blanks of line ends; what nobody sees stays, and at the ends of a text it hides nothing.
    let cut = |text: &str, most: usize| {
        text.replace(|c: char| c.is_control(), " ").replace('\u{200b}', "").chars().take(most).collect::<String>()
    };
    let mut companies = vec!["Green Lane Dental".to_owned()];
    let mut items = vec!["Business seats".to_owned(), "Backup".to_owned(), "cancellation-fee".to_owned()];
    for (place, name) in hostile().iter().enumerate() {
        let company = cut(name, 45);
        stand.desk.company(&company);
        companies.push(company);
        let item = cut(name, 55);
        stand.desk.item(&format!("ITEM-{place}"), &item, (Decimal::ONE, Decimal::ONE));
        items.push(item);
    }
    for query in hostile() {
        for (kind, names) in [("party", &companies), ("item", &items)] {
            let found =
                stand.desk.search(kind, &query).await.unwrap_or_else(|error| panic!("{kind} {query:?}: {error}"));
            let wanted = seen(&query);
            for entity in &found {
                let texts = [&entity.name, &entity.code, &entity.id.to_string()];
                let fits = texts.iter().any(|text| seen(text).contains(&wanted))
                    || entity.attributes.iter().any(|(_, value)| seen(value).contains(&wanted));
                assert!(fits, "{kind} {query:?} finds {entity:?}");
            }
            for name in names.iter().filter(|name| seen(name).contains(&wanted) && !wanted.is_empty()) {
                assert!(
                    found.iter().any(|entity| seen(&entity.name) == seen(name)),
                    "{kind} {query:?} misses {name:?}: {found:?}"
                );
            }
        }
        let found = stand.desk.search("container", &query).await.unwrap();
        assert!(found.is_empty(), "container {query:?} finds {found:?}");
    }
    for one in stand.desk.books.log().entries() {
        assert_eq!(one.status, 200, "{one:?}");
        let target = format!("{}?{}", one.path, one.query);
        assert!(target.len() <= 2_000, "{target}");
    }
}

/// By themselves only unique, exact keys link; a name never does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_customers_and_products_are_linked_to_nothing_wrong() {
    let mut stand = Stand::open(injecting()).await;
    let names = hostile();
    for (place, name) in names.iter().enumerate() {
        stand.desk.company(&name.chars().take(45).collect::<String>());
        let (id, sub) = (format!("h{place}"), format!("hostile-{place}"));
        stand.shelf.put_customer(customer(&id, name));
        stand.shelf.put_product((name, name), false);
        stand.shelf.put_subscription(subscription(&sub, &id, Cycle::Months(1), day("2026-10-01")));
        let lines = vec![line(Fee::ResourceRecurring, Some((name, name)), "1", "10.00", "10.00")];
        stand.shelf.put(Draft::new(&format!("HO{place:06}"), OrderType::Sales, &sub, day("2026-10-01"), lines));
    }
    // One product's code is there, with nobody's quote in it.
    let right = stand.desk.item("A*", "Star", (Decimal::ONE, Decimal::ONE));
    stand.desk.item("ABC", "No star", (Decimal::ONE, Decimal::ONE));
    stand.desk.until(day("2026-10-01"));
    stand.desk.check().await;
    for link in stand.desk.store.links(&counterfoil_domain::id::ConnectionId::new("x"), None).await.unwrap() {
        let LinkState::Linked(target) = &link.state else { continue };
        if link.key.source == "A*" {
            assert_eq!(target.id.to_string(), right.to_string(), "{link:?}");
        } else {
            assert!(["c0", "SEAT-STD", "BACKUP-B", "cancellation-fee"].contains(&link.key.source.as_str()), "{link:?}");
        }
    }
}

/// Linked by hand, their orders are written with their texts, whole or cut, and each line is found again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_texts_are_written_as_texts() {
    let mut stand = Stand::open(injecting()).await;
    let names = hostile();
    let mut agreements = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let (id, sub) = (format!("h{place}"), format!("hostile-{place}"));
        let company = stand.desk.company(&format!("Company {place}"));
        stand.shelf.put_customer(customer(&id, name));
        stand.desk.link(LinkKind::Party, &id, (company, name)).await;
        let code = format!("CODE-{place}");
        stand.shelf.put_product((&code, name), false);
        let item = stand.desk.item(&code, &format!("Item {place}"), (Decimal::ONE, Decimal::ONE));
        stand.desk.link(LinkKind::Item, &code, (item, name)).await;
        let agreement = stand.desk.agreement(company, &format!("Agreement {place}"), Terms::monthly("2026-10-01"));
        let mut of = subscription(&sub, &id, Cycle::Months(1), day("2026-10-01"));
        of.name.clone_from(name);
        stand.shelf.put_subscription(of);
        stand.desk.link(LinkKind::Container, &sub, (agreement, "Agreement")).await;
        agreements.push(agreement);
        let lines = vec![line(Fee::ResourceRecurring, Some((&code, name)), "2", "10.00", "20.00")];
        stand.shelf.put(Draft::new(&format!("HO{place:06}"), OrderType::Sales, &sub, day("2026-10-01"), lines));
    }
    stand.desk.until(day("2026-10-01"));
    stand.desk.bill().await;
    for (agreement, name) in agreements.iter().zip(&names) {
        let there = stand.desk.additions(*agreement);
        assert_eq!(crate::stand::told(&there), ["2 × 10.00 from 2026-10-01"], "{name:?}");
        let text = seen(&there[0].text);
        assert!(text.contains(&seen(name).chars().take(40).collect::<String>()), "{name:?}: {text}");
    }
    // Read back and looked for once more, each is its own.
    let run = stand.reconcile_all(&[], crate::shelf::period("2026-10-01", "2026-11-01")).await;
    assert_eq!(run.state, counterfoil_domain::run::RunState::Done);
}
