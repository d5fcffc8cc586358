//! The Xero target's requests and the simulated Xero's answers, against Xero's own description (the strict subset, whose
//! schemas say what is required and know no other names).

use std::collections::BTreeSet;

use counterfoil_sim::Exchange;
use serde_json::{Value, json};

use crate::description::{Description, Draft, file};
use crate::everything::logs;

/// A custom connection belongs to one organisation and names no tenant.
const EXEMPT: [&str; 1] = ["xero-tenant-id"];

fn description() -> Option<Description> {
    let text = std::fs::read_to_string(file("xero/accounting.strict-subset.json")?).unwrap();
    Some(Description::new(serde_json::from_str(&text).unwrap(), Draft::Four))
}

/// Signing in is not a part of the accounting interface.
fn accounting(log: &[Exchange]) -> impl Iterator<Item = &Exchange> {
    log.iter().filter(|one| one.path != "/connect/token")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_and_answer_is_what_xero_describes() {
    let Some(mut description) = description() else { return };
    let logs = logs().await;
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for exchange in accounting(&logs.xero) {
        let (name, problems) = description.check(exchange, "", &EXEMPT);
        wrong.extend(problems.into_iter().map(|problem| format!("{problem}\n  sent: {}", exchange.body)));
        if exchange.method != "GET" {
            let key = exchange.request_headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("idempotency-key"));
            assert!(key.is_some_and(|(_, key)| (1..=128).contains(&key.len())), "{name} without a good key: {key:?}");
        }
        seen.insert(name.replace("/api.xro/2.0", ""));
    }
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
    for operation in [
        "GET /Organisation",
        "GET /Contacts",
        "PUT /Contacts",
        "GET /Items",
        "PUT /Items",
        "GET /Accounts",
        "GET /TaxRates",
        "GET /Invoices",
        "PUT /Invoices",
        "GET /CreditNotes",
        "PUT /CreditNotes",
    ] {
        assert!(seen.contains(operation), "the run made no {operation}: {seen:?}");
    }
    assert!(logs.documents > 10, "{} documents", logs.documents);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_call_is_noticed() {
    let Some(mut description) = description() else { return };
    let log = &logs().await.xero;
    let good = log.iter().find(|one| one.method == "PUT" && one.path.ends_with("/Invoices")).unwrap();
    assert_eq!(description.check(good, "", &EXEMPT).1, Vec::<String>::new());
    let body = |change: &dyn Fn(&mut Value)| {
        let mut body: Value = serde_json::from_str(&good.body).unwrap();
        change(&mut body["Invoices"][0]);
        Exchange { body: body.to_string(), ..good.clone() }
    };
    let answer = |change: &dyn Fn(&mut Value)| {
        let mut answer: Value = serde_json::from_str(&good.response_body).unwrap();
        change(&mut answer["Invoices"][0]);
        Exchange { response_body: answer.to_string(), ..good.clone() }
    };
    let wrong = [
        ("a field that Xero has not", body(&|invoice| invoice["Colour"] = json!("blue"))),
        ("a line's amount as text", body(&|invoice| invoice["LineItems"][0]["UnitAmount"] = json!("12.00"))),
        ("a line with a field that Xero has not", body(&|invoice| invoice["LineItems"][0]["Unit"] = json!(1))),
        ("no type", body(&|invoice| drop(invoice.as_object_mut().unwrap().remove("Type")))),
        ("no contact", body(&|invoice| drop(invoice.as_object_mut().unwrap().remove("Contact")))),
        ("a type that is none", body(&|invoice| invoice["Type"] = json!("SALE"))),
        ("a status that is none", body(&|invoice| invoice["Status"] = json!("BOOKED"))),
        ("no JSON", Exchange { body: good.body.replace('}', ""), ..good.clone() }),
        ("a parameter that is none", Exchange { query: "unitdecimals=4".to_owned(), ..good.clone() }),
        ("a method that is none", Exchange { method: "PATCH".to_owned(), ..good.clone() }),
        ("a path that is none", Exchange { path: "/api.xro/2.0/Invoice".to_owned(), ..good.clone() }),
        ("an answer that is none", Exchange { status: 418, ..good.clone() }),
        ("an answer with a word for a number", answer(&|invoice| invoice["Total"] = json!("much"))),
        ("an answer whose lines are no list", answer(&|invoice| invoice["LineItems"] = json!("none"))),
    ];
    for (what, exchange) in wrong {
        let (_, problems) = description.check(&exchange, "", &EXEMPT);
        assert!(!problems.is_empty(), "nobody noticed {what}");
    }
    assert!(!description.fits("InvoicesWrite", &json!({ "Invoices": [{}] })));
}
