//! Reading documents: filters, pages, places, lag.

use chrono::Duration;
use counterfoil_sim::xero::DocumentKind;
use serde_json::{Value, json};

use crate::support::{Bench, bench};

async fn stocked() -> Bench {
    let bench = bench().await;
    bench.xero.state().add_contact("Other Ltd", None);
    for (number, reference, status) in
        [("A-1", "SO1", "DRAFT"), ("A-2", "so1", "AUTHORISED"), ("A-3", "SO2", "AUTHORISED")]
    {
        bench.created(json!({"InvoiceNumber": number, "Reference": reference, "Status": status})).await;
    }
    bench.created_note(json!({"Reference": "SO1"})).await;
    bench
}

fn names(reply: &Value) -> Vec<String> {
    let (list, name) = match reply.get("Invoices") {
        Some(list) => (list, "InvoiceNumber"),
        None => (&reply["CreditNotes"], "CreditNoteNumber"),
    };
    list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn filters() {
    let bench = stocked().await;
    let contact = &bench.contact;
    let third = bench.xero.state().invoices()[2].id.clone();
    let table = [
        ("Invoices?page=1".to_owned(), vec!["A-1", "A-2", "A-3"]),
        ("Invoices?InvoiceNumbers=A-1,A-3,nope&page=1".to_owned(), vec!["A-1", "A-3"]),
        (format!("Invoices?IDs={third}"), vec!["A-3"]),
        ("Invoices?Statuses=AUTHORISED,VOIDED".to_owned(), vec!["A-2", "A-3"]),
        (format!("Invoices?ContactIDs={contact}&Statuses=DRAFT"), vec!["A-1"]),
        // Text is compared without case: the caller must look again.
        (
            "Invoices?where=Type%3D%3D%22ACCREC%22%20AND%20Reference%3D%3D%22SO1%22&page=1".to_owned(),
            vec!["A-1", "A-2"],
        ),
        ("Invoices?where=Reference%3D%3D%22SO1%22%26%26Status%3D%3D%22DRAFT%22".to_owned(), vec!["A-1"]),
        (format!("Invoices?where=Contact.ContactID%3D%3Dguid(%22{contact}%22)"), vec!["A-1", "A-2", "A-3"]),
        ("Invoices?where=InvoiceNumber%3D%3D%22A-2%22".to_owned(), vec!["A-2"]),
        ("Invoices?where=AmountDue%3E0%20AND%20Date%3E%3DDateTime(2026,11,02)".to_owned(), vec![]),
        ("Invoices?searchTerm=so2".to_owned(), vec!["A-3"]),
        ("Invoices?page=2&pageSize=2".to_owned(), vec!["A-3"]),
        ("CreditNotes?where=Reference%3D%3D%22SO1%22&page=1".to_owned(), vec!["CN-0001"]),
        // The credit note list does not know this filter, and says nothing.
        ("CreditNotes?IDs=nope".to_owned(), vec!["CN-0001"]),
    ];
    for (path, wanted) in table {
        let reply = bench.client.get(&path).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text);
        assert_eq!(names(&reply.json()), wanted, "{path}");
    }
    for (path, status) in [
        (format!("Invoices?IDs={}", vec![third.as_str(); 51].join(",")), 414),
        (format!("Invoices?IDs={}", vec![third.as_str(); 50].join(",")), 200),
        // What counts is the length of the address: of short numbers many more fit.
        (format!("Invoices?InvoiceNumbers={}", vec!["SO000123"; 200].join(",")), 200),
        (format!("Invoices?InvoiceNumbers={}", vec!["SO000123"; 210].join(",")), 414),
        ("Invoices?where=Type%3D%22ACCREC".to_owned(), 400),
        ("Invoices?where=Nothing%3D%3D1".to_owned(), 400),
        ("Invoices?page=x".to_owned(), 400),
        ("Invoices/nope".to_owned(), 404),
    ] {
        assert_eq!(bench.client.get(&path).await.status, status, "{path}");
    }
    let parse = bench.client.get("Invoices?where=Type").await;
    assert_eq!(parse.json()["Type"], "QueryParseException");
}

#[tokio::test]
async fn lists_without_a_page_have_no_lines() {
    let bench = stocked().await;
    for (path, lines, pagination) in
        [("Invoices", 0, false), ("Invoices?page=1", 1, true), ("Invoices/A-1", 1, false), ("CreditNotes", 0, false)]
    {
        let reply = bench.client.get(path).await.json();
        let list = reply.get("Invoices").or(reply.get("CreditNotes")).unwrap();
        assert_eq!(list[0]["LineItems"].as_array().unwrap().len(), lines, "{path}");
        assert_eq!(reply.get("pagination").is_some(), pagination, "{path}");
    }
    let wide = bench.client.get("Invoices?page=1&pageSize=5000").await.json();
    assert_eq!(wide["pagination"], json!({"page": 1, "pageSize": 1000, "pageCount": 1, "itemCount": 3}));
}

#[tokio::test]
async fn unit_prices_are_read_in_two_places_unless_asked() {
    let bench = bench().await;
    let line = json!({"Description": "d", "Quantity": 100, "UnitAmount": 0.1648, "AccountCode": "200"});
    bench.created(json!({"InvoiceNumber": "U", "LineItems": [line]})).await;
    for (path, wanted) in [
        ("Invoices/U", "\"UnitAmount\":0.16,"),
        ("Invoices/U?unitdp=4", "\"UnitAmount\":0.1648,"),
        ("Invoices?page=1&unitdp=4", "\"UnitAmount\":0.1648,"),
        ("Invoices?page=1", "\"UnitAmount\":0.16,"),
    ] {
        let reply = bench.client.get(path).await;
        assert!(reply.text.contains(wanted), "{path}: {}", reply.text);
        assert!(reply.text.contains("\"LineAmount\":16.48"), "{path}");
    }
}

#[tokio::test]
async fn dates_are_spelled_both_ways() {
    let bench = bench().await;
    bench.created(json!({"InvoiceNumber": "D"})).await;
    let reply = bench.client.get("Invoices/D").await.json();
    let invoice = &reply["Invoices"][0];
    assert_eq!(invoice["Date"], "/Date(1793491200000+0000)/");
    assert_eq!(invoice["DateString"], "2026-11-01T00:00:00");
    assert_eq!(invoice["UpdatedDateUTC"], "/Date(1794744000000+0000)/");
    assert_eq!(invoice["UpdatedDateUTCString"], "2026-11-15T12:00:00");
    assert_eq!(reply["DateTimeUTC"], "/Date(1794744000000)/");
}

#[tokio::test]
async fn modified_since() {
    let bench = stocked().await;
    bench.xero.clock().advance(Duration::minutes(5));
    assert!(bench.xero.state().edit_document(DocumentKind::Invoice, "A-2", |document| document.url = None));
    let response = bench.client.http.get(format!("{}/Invoices", bench.client.base)).bearer_auth(&bench.client.token);
    let response = response
        .header("Accept", "application/json")
        .header("If-Modified-Since", "2026-11-15T12:05:00")
        .send()
        .await
        .unwrap();
    let reply: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(names(&reply), ["A-2"]);
}

#[tokio::test]
async fn a_lagging_list_does_not_know_the_youngest() {
    let bench = bench().await;
    bench.xero.state().switch(|switches| switches.list_lag = Some(Duration::seconds(30)));
    bench.created(json!({"InvoiceNumber": "L"})).await;
    let listed = || async { names(&bench.client.get("Invoices?InvoiceNumbers=L").await.json()).len() };
    assert_eq!((listed().await, bench.client.get("Invoices/L").await.status), (0, 200));
    bench.xero.clock().advance(Duration::seconds(30));
    assert_eq!(listed().await, 1);
}
