//! The account driven from another process, and the one a demonstration begins with.

use std::collections::BTreeMap;

use counterfoil_sim::SimClock;
use counterfoil_sim::syncro::{Invoice, SyncroConfig, SyncroSim, demo};
use serde_json::{Value, json};

use crate::support::{bench, day, noon, own};

#[tokio::test]
async fn other_processes_drive_it_by_control_paths() {
    let bench = bench().await;
    let root = bench.syncro.root_url();
    let post = async |path: &str, body: Value| {
        let request = bench.client.http.post(format!("{root}{path}")).header("Content-Type", "application/json");
        request.body(body.to_string()).send().await.unwrap().status().as_u16()
    };
    let read = async |path: &str| {
        let text = bench.client.http.get(format!("{root}{path}")).send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let line = bench.state().add_line(bench.schedule, own());
    let people = [
        (json!({"act": "rename_product", "product": bench.product, "name": "Ours"}), 204),
        (json!({"act": "price_product", "product": bench.product, "retail": "12.50", "cost": "9"}), 204),
        (json!({"act": "disable_product", "product": bench.product, "disabled": true}), 204),
        (
            json!({"act": "add_line", "schedule": bench.schedule, "name": "Visit", "quantity": "1.5", "retail_cents": 333}),
            204,
        ),
        (json!({"act": "add_line", "schedule": 1, "name": "Visit", "quantity": "1", "retail_cents": 1}), 404),
        (json!({"act": "change_line", "line": line, "quantity": "4", "retail_cents": 1_000}), 204),
        (json!({"act": "hand_over_line", "line": line}), 204),
        (json!({"act": "disable_customer", "customer": bench.customer, "disabled": true}), 204),
        (json!({"act": "pause_schedule", "schedule": bench.schedule, "paused": false}), 204),
        (json!({"act": "delete_line", "line": 1}), 404),
        (json!({"act": "price_product", "product": bench.product, "retail": "much", "cost": "9"}), 422),
        (json!({"act": "dance"}), 422),
    ];
    for (order, status) in people {
        assert_eq!(post("/_sim/people", order.clone()).await, status, "{order}");
    }
    for (path, body, status) in [
        ("/_sim/rules", json!({"one_time": "kept_at_zero"}), 204),
        ("/_sim/rules", json!({"one_time": "lost"}), 422),
        ("/_sim/run", json!({"up_to": "2026-12-01"}), 200),
        ("/_sim/run", json!({"up_to": "soon"}), 422),
        ("/_sim/run", json!({}), 200),
    ] {
        assert_eq!(post(path, body.clone()).await, status, "{path} {body}");
    }
    let shown = read("/_sim/state").await;
    assert_eq!(
        (&shown["products"][0]["name"], &shown["products"][0]["price_retail"]),
        (&json!("Ours"), &json!("12.50"))
    );
    assert_eq!(
        (&shown["customers"][0]["disabled"], &shown["schedules"][0]["next_run"]),
        (&json!(true), &json!("2027-01-01"))
    );
    assert_eq!(
        (&shown["invoices"][0]["total_cents"], &shown["invoices"][0]["number"]),
        (&json!(4_500), &json!("10001"))
    );
    assert_eq!(shown["schedules"][0]["lines"][0]["maker"], json!("api"));
    bench.client.send("DELETE", "/invoices/1", &json!({})).await;
    assert_eq!(read("/_sim/violations").await[0]["kind"], json!("delete"));
    assert_eq!(post("/_sim/switches", json!({"disabled_products_hidden": true})).await, 204);
    assert_eq!(bench.client.get("/products").await.ids("products"), [0; 0]);
    assert_eq!(post("/_sim/switches", json!({"hidden": true})).await, 422);
    assert_eq!(post("/_sim/budget", json!({"limit": 1})).await, 204);
    assert_eq!([bench.client.get("/me").await.status, bench.client.get("/me").await.status], [200, 429]);
    assert_eq!(post("/_sim/budget", json!({})).await, 204);
    assert_eq!(bench.client.get("/me").await.status, 200);
    let state = bench.state();
    bench.syncro.stop().await;
    assert!(bench.client.try_call("GET", "/me", None).await.is_err());
    assert_eq!(state.invoices()[0].date, day("2026-12-01"), "the books outlive the door");
}

#[tokio::test]
async fn the_demonstrations_account_bills_what_its_lines_say() {
    let sim = SyncroSim::new(SyncroConfig::default(), SimClock::fixed(noon()));
    let state = sim.state();
    let demo = demo(&state, day("2026-11-15"));
    assert_eq!((demo.customers.len(), demo.schedules.len()), (6, 8));
    assert_eq!((state.customers().len(), state.schedules().len()), (6, 8));
    // By recurring invoice, what its lines come to; the one-time visit counts once.
    let mut wanted: BTreeMap<i64, i64> = BTreeMap::new();
    for line in state.all_lines() {
        *wanted.entry(line.schedule).or_default() += line.amount_cents();
    }
    let mut billed: BTreeMap<i64, i64> = BTreeMap::new();
    for invoice in state.run_schedules(day("2027-01-31")) {
        let first = billed.entry(invoice.schedule.unwrap()).or_insert(invoice.total_cents());
        assert_eq!(*first, invoice.total_cents(), "each month the same");
    }
    assert_eq!(billed, wanted);
    assert_eq!(
        state.invoices().iter().map(Invoice::total_cents).sum::<i64>(),
        2 * (54_000 + 89_670) + 12_000 + 2 * 5_970
    );
    assert_eq!(state.dangers().len(), 2, "Cedar's card");
}
