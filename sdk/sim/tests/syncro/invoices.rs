//! Invoices that the API makes: what their bodies are worth, what a 200 is worth.

use counterfoil_sim::syncro::{Taken, ViolationKind};
use serde_json::{Value, json};

use crate::support::{Bench, bench, day, dec, patched};

async fn made(bench: &Bench, number: &str) -> i64 {
    let body = json!({"customer_id": bench.customer, "number": number, "date": "2026-11-15",
        "note": "first", "po_number": "PO", "line_items": [{"item": "Lost", "price": 5, "quantity": 1}]});
    bench.client.send("POST", "/invoices", &body).await.one("invoice")["id"].as_i64().unwrap()
}

#[tokio::test]
async fn lines_in_the_body_of_an_invoice_are_lost() {
    let bench = bench().await;
    let id = made(&bench, "A-1").await;
    let invoice = bench.client.get(&format!("/invoices/{id}")).await.one("invoice");
    assert_eq!((&invoice["line_items"], &invoice["total"]), (&json!([]), &json!("0.0")));
    assert_eq!(invoice["customer"]["business_then_name"], json!("Acme Ltd"));
    assert!(invoice.get("schedule_id").is_none());
}

#[tokio::test]
async fn lines_are_filled_from_the_product() {
    let bench = bench().await;
    let id = made(&bench, "A-1").await;
    let product = bench.product;
    let table = [
        (
            json!({"product_id": product, "quantity": 3}),
            json!({"item": "PC_SEAT", "name": "Seats", "price": "7.8",
            "cost": "6.1", "quantity": "3.0", "taxable": true}),
        ),
        (
            json!({"product_id": product, "price": 1.005, "taxable": false}),
            json!({"price": "1.005", "quantity": "1.0",
            "taxable": false}),
        ),
        (json!({"item": "Visit", "price": "10"}), json!({"item": "Visit", "name": "", "price": "10.0", "cost": "0.0"})),
        (json!({"item": "Half", "price": 9.99, "quantity": 2, "discount_percent": 50}), json!({"quantity": "2.0"})),
    ];
    for (body, wanted) in table {
        let line = bench.client.send("POST", &format!("/invoices/{id}/line_items"), &body).await.one("line_item");
        for (name, value) in wanted.as_object().unwrap() {
            assert_eq!(&line[name], value, "{body} {name}");
        }
    }
    let invoice = &bench.state().invoices()[0];
    let cents: Vec<i64> = invoice.lines.iter().map(counterfoil_sim::syncro::InvoiceLine::amount_cents).collect();
    assert_eq!((cents, invoice.total_cents()), (vec![2_340, 101, 1_000, 999], 4_440), "each line rounded once");
    let shown = bench.client.get(&format!("/invoices/{id}")).await.one("invoice");
    assert_eq!((&shown["total"], &shown["subtotal"]), (&json!("44.4"), &json!("44.4")));
    let refused = bench.client.send("POST", &format!("/invoices/{id}/line_items"), &json!({"quantity": 1})).await;
    assert_eq!((refused.status, &refused.json()["message"]), (422, &json!(["Item can't be blank"])));
}

#[tokio::test]
async fn a_put_empties_what_it_does_not_say() {
    let bench = bench().await;
    let id = made(&bench, "A-1").await;
    let lines = format!("/invoices/{id}/line_items");
    let sent = json!({"item": "Visit", "price": 9, "taxable": false, "position": 3});
    let line = bench.client.send("POST", &lines, &sent).await.one("line_item")["id"].clone();
    let answer = bench.client.send("PUT", &format!("/invoices/{id}"), &json!({"note": "second"})).await.one("invoice");
    assert_eq!(
        (&answer["note"], &answer["po_number"], &answer["number"]),
        (&json!("second"), &Value::Null, &json!("A-1"))
    );
    let answer = bench.client.send("PUT", &format!("{lines}/{line}"), &json!({"item": "Visit"})).await.one("line_item");
    let wanted = json!({"price": "0.0", "quantity": "1.0", "taxable": true, "position": 0, "name": ""});
    wanted.as_object().unwrap().iter().for_each(|(name, value)| assert_eq!(&answer[name], value, "{name}"));
    assert_eq!(bench.kinds(), [ViolationKind::FlagByOmission]);
}

#[tokio::test]
async fn a_200_for_a_paid_invoice_means_nothing() {
    let bench = bench().await;
    let id = made(&bench, "A-1").await;
    let lines = format!("/invoices/{id}/line_items");
    let line = bench.client.send("POST", &lines, &json!({"item": "Visit", "price": 9})).await.one("line_item");
    bench.state().pay(id);
    let before = bench.state().invoices();
    let one = format!("{lines}/{}", line["id"]);
    for (method, path) in [
        ("PUT", one.as_str()),
        ("POST", lines.as_str()),
        ("PUT", &format!("/invoices/{id}")),
        ("DELETE", one.as_str()),
        ("DELETE", &format!("/invoices/{id}")),
        ("DELETE", "/invoices/1"),
    ] {
        let reply = bench.client.send(method, path, &json!({"item": "Other", "price": 1, "note": "n"})).await;
        assert_eq!(reply.status, 200, "{method} {path}");
        assert_eq!(bench.state().invoices(), before, "{method} {path}");
    }
}

#[tokio::test]
async fn numbers_repeat_and_are_taken_for_ids() {
    let bench = bench().await;
    let first = made(&bench, "A-1").await;
    let second = made(&bench, "A-1").await;
    assert_ne!(first, second);
    let read = async |asked: &str| bench.client.get(&format!("/invoices/{asked}")).await.one("invoice")["id"].clone();
    assert_eq!(read("A-1").await, json!(first), "the oldest of its number");
    bench.state().switch(|switches| switches.duplicate_number = Taken::Refused);
    let again = json!({"customer_id": bench.customer, "number": "A-1", "date": "2026-11-15"});
    let reply = bench.client.send("POST", "/invoices", &again).await;
    assert_eq!((reply.status, reply.json()), (422, json!({"errors": {"number": ["has already been taken"]}})));
    let liar = made(&bench, &first.to_string()).await;
    assert_eq!(read(&first.to_string()).await, json!(first));
    bench.state().switch(|switches| switches.number_before_id = true);
    assert_eq!(read(&first.to_string()).await, json!(liar));
    for (patch, field) in
        [(json!({"customer_id": 1}), "customer"), (json!({"number": null}), "number"), (json!({"date": "x"}), "date")]
    {
        let reply = bench
            .client
            .send("POST", "/invoices", &patched(patched(again.clone(), &json!({"number": "B"})), &patch))
            .await;
        assert_eq!((reply.status, reply.json()), (422, json!({"errors": {field: ["can't be blank"]}})), "{patch}");
    }
}

#[tokio::test]
async fn a_persons_invoice_is_not_the_apis_to_change() {
    let bench = bench().await;
    let id = bench.state().add_invoice(bench.customer, "H-1", day("2026-11-01"));
    let line = bench.state().add_invoice_line(id, "Visit", dec("2"), dec("10.5")).unwrap();
    assert_eq!(bench.state().invoices()[0].total_cents(), 2_100);
    let one = format!("/invoices/{id}/line_items/{line}");
    for (turn, (method, path)) in
        [("PUT", one.as_str()), ("PUT", &format!("/invoices/{id}")), ("DELETE", one.as_str())].into_iter().enumerate()
    {
        bench.client.send(method, path, &json!({"item": "Mine", "taxable": true})).await;
        assert_eq!(bench.state().violations_of(ViolationKind::ForeignLine).len(), turn + 1, "{method} {path}");
    }
}
