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
    let mut description = serde_json::from_str(&text).unwrap();
    close(&mut description);
    Some(Description::new(description, Draft::Four))
}

/// The subset has schemas for writing, which say what is required and know no other names, but lets these two operations
/// take what is read. They are given such schemas too: an invoice that is changed says which, and its whole line set; an
/// allocation says how much of what and when.
fn close(description: &mut Value) {
    let writable = |schema: &Value, required: Value| {
        let mut schema = schema.clone();
        schema["properties"].as_object_mut().unwrap().retain(|_, field| field["readOnly"] != json!(true));
        schema["required"] = required;
        schema["additionalProperties"] = json!(false);
        schema
    };
    let list = |name: &str, of: Value| {
        json!({ "type": "object", "required": [name], "additionalProperties": false,
            "properties": { name: { "type": "array", "minItems": 1, "maxItems": 50, "items": of } } })
    };
    let schemas = &description["components"]["schemas"];
    let invoice = writable(&schemas["InvoiceWrite"], json!(["InvoiceID", "LineItems"]));
    let mut allocation = writable(&schemas["Allocation"], json!(["Amount", "Invoice", "Date"]));
    allocation["properties"]["Invoice"] = writable(&schemas["InvoiceRef"], json!(["InvoiceID"]));
    allocation["properties"]["Date"] = schemas["InvoiceWrite"]["properties"]["Date"].clone();
    let written = [
        ("/api.xro/2.0/Invoices/{InvoiceID}", "post", list("Invoices", invoice)),
        ("/api.xro/2.0/CreditNotes/{CreditNoteID}/Allocations", "put", list("Allocations", allocation)),
    ];
    for (path, method, schema) in written {
        let content = &mut description["paths"][path][method]["requestBody"]["content"]["application/json"];
        assert!(content["schema"].is_object(), "{path}");
        content["schema"] = schema;
    }
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
        "POST /Invoices/{InvoiceID}",
        "GET /CreditNotes",
        "PUT /CreditNotes",
        "PUT /CreditNotes/{CreditNoteID}/Allocations",
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
    let body = |change: &dyn Fn(&mut Value)| sent(good, &|body| change(&mut body["Invoices"][0]));
    let answer = |change: &dyn Fn(&mut Value)| answered(good, &|answer| change(&mut answer["Invoices"][0]));
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

/// A call with another body.
fn sent(good: &Exchange, change: &dyn Fn(&mut Value)) -> Exchange {
    let mut body: Value = serde_json::from_str(&good.body).unwrap();
    change(&mut body);
    Exchange { body: body.to_string(), ..good.clone() }
}

/// A call with another answer.
fn answered(good: &Exchange, change: &dyn Fn(&mut Value)) -> Exchange {
    let mut answer: Value = serde_json::from_str(&good.response_body).unwrap();
    change(&mut answer);
    Exchange { response_body: answer.to_string(), ..good.clone() }
}

fn remove(value: &mut Value, field: &str) {
    assert!(value.as_object_mut().unwrap().remove(field).is_some(), "there is no {field}: {value}");
}

type Row<'a> = (&'a str, &'a dyn Fn(&mut Value));

/// The writes of these lists: what is sent, and what is answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_change_of_an_invoice_or_allocation_is_noticed() {
    let Some(mut description) = description() else { return };
    let log = &logs().await.xero;
    let lines: [Row<'_>; 8] = [
        ("no invoice's id", &|body| remove(&mut body["Invoices"][0], "InvoiceID")),
        ("an id that is none", &|body| body["Invoices"][0]["InvoiceID"] = json!("INV-1")),
        ("a total, which is read only", &|body| body["Invoices"][0]["Total"] = json!(1)),
        ("a status that is none", &|body| body["Invoices"][0]["Status"] = json!("BOOKED")),
        ("no lines, which deletes all", &|body| body["Invoices"][0]["LineItems"] = json!([])),
        ("a kept line's id that is none", &|body| body["Invoices"][0]["LineItems"][0]["LineItemID"] = json!("1")),
        ("a kept line with a field that Xero has not", &|body| body["Invoices"][0]["LineItems"][0]["Id"] = json!("1")),
        ("an added line's amount as text", &|body| body["Invoices"][0]["LineItems"][2]["UnitAmount"] = json!("12.00")),
    ];
    let given: [Row<'_>; 8] = [
        ("an amount as text", &|body| body["Allocations"][0]["Amount"] = json!("8.63")),
        ("no amount", &|body| remove(&mut body["Allocations"][0], "Amount")),
        ("no date", &|body| remove(&mut body["Allocations"][0], "Date")),
        ("a date of another shape", &|body| body["Allocations"][0]["Date"] = json!("31/12/2026")),
        ("no invoice", &|body| remove(&mut body["Allocations"][0], "Invoice")),
        ("an invoice by its number", &|body| body["Allocations"][0]["Invoice"] = json!({ "InvoiceNumber": "INV-1" })),
        ("a field that Xero has not", &|body| body["Allocations"][0]["Currency"] = json!("USD")),
        ("nothing to allocate", &|body| body["Allocations"] = json!([])),
    ];
    let answers: [&[Row<'_>]; 2] = [
        &[
            ("a total with a word for a number", &|answer| answer["Invoices"][0]["Total"] = json!("much")),
            ("a line that is none", &|answer| answer["Invoices"][0]["LineItems"][0] = json!("none")),
        ],
        &[
            ("an allocation's amount in words", &|answer| answer["Allocations"][0]["Amount"] = json!("much")),
            ("an allocation to nothing", &|answer| remove(&mut answer["Allocations"][0], "Invoice")),
        ],
    ];
    let places = [("POST", "/Invoices/"), ("PUT", "/Allocations")];
    for (((method, path), wrong), wrong_answers) in places.into_iter().zip([&lines, &given]).zip(answers) {
        let good = log.iter().find(|one| one.method == method && one.path.contains(path)).unwrap();
        assert_eq!(description.check(good, "", &EXEMPT).1, Vec::<String>::new());
        let rows = wrong.iter().map(|(what, change)| (what, sent(good, change)));
        for (what, exchange) in rows.chain(wrong_answers.iter().map(|(what, change)| (what, answered(good, change)))) {
            let (_, problems) = description.check(&exchange, "", &EXEMPT);
            assert!(!problems.is_empty(), "nobody noticed {what}");
        }
    }
}
