//! The simulator's answers against the vendor's own schema. Where that schema is kept is told by `COUNTERFOIL_SPECS`.

use std::io::Write as _;
use std::path::PathBuf;

use counterfoil_sim::xero::XeroState;
use serde_json::{Value, json};

use crate::support::{bench, invoices};

/// Written past the test harness, which would keep it to itself.
fn skipped(why: &str) {
    let told = format!("SKIPPED, answers are not held against the vendor's schema: {why}\n");
    std::io::stderr().write_all(told.as_bytes()).unwrap();
}

fn vendor_schema() -> Option<Value> {
    let Some(folder) = std::env::var_os("COUNTERFOIL_SPECS") else {
        skipped("COUNTERFOIL_SPECS is not set");
        return None;
    };
    let file = PathBuf::from(folder).join("xero/accounting.strict-subset.json");
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(cause) => {
            skipped(&format!("{}: {cause}", file.display()));
            None
        }
    }
}

fn validator(spec: &Value, name: &str) -> jsonschema::Validator {
    let schema = json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "$ref": format!("#/components/schemas/{name}"), "components": spec["components"],
    });
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

fn stock(state: &XeroState) {
    state.enable_currency("USD");
    state.add_tracking_category("Vendor", &["Acme", "Other"]);
    state.add_item("SEAT", "Seat", rust_decimal::Decimal::from(12), "200");
}

#[tokio::test]
async fn answers_have_the_vendors_shape() {
    let Some(spec) = vendor_schema() else {
        return;
    };
    let bench = bench().await;
    stock(&bench.xero.state());
    let line = json!({"Description": "d", "Quantity": 1.5, "UnitAmount": 0.1648, "ItemCode": "SEAT", "AccountCode": "200",
        "Tracking": [{"Name": "Vendor", "Option": "Acme"}]});
    let rich = bench
        .invoice(json!({"InvoiceNumber": "R", "Status": "AUTHORISED", "Reference": "r", "LineItems": [line],
        "Url": "https://app.example/1", "CurrencyCode": "USD"}));
    let bad = bench.invoice(json!({"CurrencyCode": "EUR"}));
    let contact = json!({"Contacts": [{"Name": "P", "Phones": [{"PhoneType": "MOBILE", "PhoneNumber": "1"}],
        "PaymentTerms": {"Sales": {"Day": 10, "Type": "DAYSAFTERBILLMONTH"}}}]});
    let note = json!({"CreditNotes": [bench.credit_note(json!({"CurrencyCode": "USD"}))]});
    let writes = [
        ("Invoices", "PUT", "Invoices?summarizeErrors=false&unitdp=4", invoices([rich, bad.clone()]), 200),
        ("Error", "PUT", "Invoices", invoices([bad]), 400),
        ("Error", "PUT", "Invoices", json!({}), 400),
        ("Contacts", "POST", "Contacts", contact.clone(), 200),
        ("Contacts", "PUT", "Contacts?summarizeErrors=false", contact, 200),
        ("Items", "PUT", "Items", json!({"Items": [{"Code": "N", "Name": "n"}]}), 200),
        ("CreditNotes", "PUT", "CreditNotes", note, 200),
        ("HistoryRecords", "PUT", "Invoices/R/History", json!({"HistoryRecords": [{"Details": "x"}]}), 200),
    ];
    let mut checked = 0;
    let mut hold = |name: &str, path: &str, reply: &Value| {
        let problems: Vec<String> = validator(&spec, name)
            .iter_errors(reply)
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{path}: {problems:?}");
        checked += 1;
    };
    for (name, method, path, body, status) in writes {
        let reply = bench.client.send(method, path, &body).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text);
        hold(name, path, &reply.json());
    }
    let invoice = bench.xero.state().invoices()[0].id.clone();
    let allocation = json!({"Allocations": [{"Invoice": {"InvoiceID": invoice}, "Amount": 0.1, "Date": "2026-11-05"}]});
    let reply = bench.client.send("PUT", "CreditNotes/CN-0001/Allocations", &allocation).await;
    hold("Allocations", "Allocations", &reply.json());
    for (name, path) in [
        ("Invoices", "Invoices"),
        ("Invoices", "Invoices?page=1&unitdp=4"),
        ("Invoices", "Invoices/R"),
        ("CreditNotes", "CreditNotes?page=1"),
        ("Contacts", "Contacts?page=1"),
        ("Items", "Items?unitdp=4"),
        ("Accounts", "Accounts"),
        ("TaxRates", "TaxRates"),
        ("Currencies", "Currencies"),
        ("Organisations", "Organisation"),
        ("TrackingCategories", "TrackingCategories"),
        ("BrandingThemes", "BrandingThemes"),
        ("HistoryRecords", "Invoices/R/History"),
    ] {
        let reply = bench.client.get(path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        hold(name, path, &reply.json());
    }
    assert_eq!(checked, 22);
    assert!(!validator(&spec, "Invoices").is_valid(&json!({"Invoices": [{"Type": "SALE"}]})), "the check can fail");
}
