//! What nobody wants done is done, and kept with its call.

use counterfoil_sim::syncro::ViolationKind;
use serde_json::{Value, json};

use crate::support::{bench, own};

#[tokio::test]
async fn each_act_is_kept_with_its_call() {
    let bench = bench().await;
    let theirs = bench.state().add_line(bench.schedule, own());
    let mine = bench.added(&json!({"one_time_charge": true})).await["id"].clone();
    let invoice = bench.state().add_invoice(bench.customer, "1", crate::support::day("2026-11-01"));
    let remove = format!("/schedules/{}/remove_line_item", bench.schedule);
    let all = json!({"name": "x", "quantity": 1, "taxable": true, "one_time_charge": false});
    let table: [(&str, String, Value, &[ViolationKind]); 13] = [
        ("GET", "/schedules".to_owned(), json!({}), &[]),
        ("POST", bench.add_path(), bench.body(), &[]),
        ("PUT", bench.line_path(&mine), bench.body(), &[]),
        (
            "PUT",
            bench.line_path(&mine),
            json!({"name": "x", "quantity": 1, "one_time_charge": false}),
            &[ViolationKind::FlagByOmission],
        ),
        ("PUT", bench.line_path(&json!(theirs)), all.clone(), &[ViolationKind::ForeignLine]),
        ("PUT", bench.line_path(&json!(theirs)), json!({}), &[ViolationKind::ForeignLine]),
        ("POST", remove.clone(), json!({"line_item_id": theirs}), &[ViolationKind::ForeignLine]),
        ("POST", remove, json!({"line_item_id": mine}), &[]),
        ("POST", "/payments".to_owned(), json!({"amount": 5}), &[ViolationKind::PaymentOrEmail]),
        ("GET", format!("/customers/{}/payment_profiles", bench.customer), json!({}), &[ViolationKind::PaymentOrEmail]),
        ("POST", format!("/invoices/{invoice}/email"), json!({}), &[ViolationKind::PaymentOrEmail]),
        ("DELETE", format!("/invoices/{invoice}"), json!({}), &[ViolationKind::Delete]),
        ("DELETE", "/contracts/1".to_owned(), json!({}), &[ViolationKind::Delete]),
    ];
    let mut kept = 0;
    for (method, path, body, kinds) in table {
        let reply = bench.client.send(method, &path, &body).await;
        let all = bench.state().violations();
        let new: Vec<ViolationKind> = all[kept..].iter().map(|one| one.kind).collect();
        assert_eq!(new, kinds, "{method} {path} {body}");
        for one in &all[kept..] {
            let exchange = &one.exchange;
            assert_eq!(
                (exchange.method.as_str(), exchange.path.strip_prefix("/api/v1")),
                (method, Some(path.as_str()))
            );
            assert_eq!((&exchange.body, exchange.status), (&body.to_string(), reply.status));
            assert!(!one.what.is_empty());
        }
        kept = all.len();
    }
}

#[tokio::test]
async fn a_line_that_was_handed_over_may_be_written() {
    let bench = bench().await;
    let line = bench.state().add_line(bench.schedule, own());
    assert!(bench.state().hand_over(line) && !bench.state().hand_over(1));
    let sent =
        json!({"name": "Support", "quantity": 3, "retail_cents": 1_500, "taxable": true, "one_time_charge": false});
    bench.client.send("PUT", &bench.line_path(&json!(line)), &sent).await.one("schedule_line_item");
    assert_eq!((bench.kinds(), bench.state().all_lines()[0].amount_cents()), (vec![], 4_500));
}

#[tokio::test]
async fn tried_is_as_bad_as_done() {
    let bench = bench().await;
    let path = format!("/schedules/{}", bench.schedule);
    let stranger = bench.client.with(Some("nobody"));
    let reply = stranger.try_call("DELETE", &path, None).await.unwrap();
    assert_eq!((reply.status, bench.state().schedules().len()), (401, 1));
    assert_eq!(bench.kinds(), [ViolationKind::Delete]);
}
