//! Pages, and what is told about them.

use chrono::Duration;
use counterfoil_sim::syncro::{Customer, Frequency, Meta, Schedule, SyncroState};
use serde_json::{Value, json};

use crate::support::{Bench, bench, day, product};

/// Sixty of each, with what the bench has.
fn fill(state: &SyncroState, bench: &Bench) {
    for turn in 1..60 {
        state.add_product(product(&format!("PC_{turn}")));
        state.add_customer(Customer::business(&format!("Customer {turn}")));
        state.add_schedule(Schedule::of(bench.customer, &format!("S{turn}"), Frequency::Monthly, day("2026-12-01")));
        state.add_invoice(bench.customer, &turn.to_string(), day("2026-11-01"));
    }
    state.add_invoice(bench.customer, "60", day("2026-11-01"));
}

#[tokio::test]
async fn pages_hold_twenty_five_and_end_with_an_empty_one() {
    let bench = bench().await;
    fill(&bench.state(), &bench);
    for list in ["products", "customers", "schedules", "invoices"] {
        let mut seen = Vec::new();
        for (page, size) in [(1, 25), (2, 25), (3, 10), (4, 0), (9_999, 0)] {
            let ids = bench.client.get(&format!("/{list}?page={page}")).await.ids(list);
            assert_eq!(ids.len(), size, "{list} {page}");
            seen.extend(ids);
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!((seen.len(), sorted.len()), (60, 60), "{list}: each once");
        for odd in ["0", "-1", "x", ""] {
            let ids = bench.client.get(&format!("/{list}?page={odd}")).await.ids(list);
            assert_eq!(ids, seen[..25], "{list} {odd}");
        }
    }
}

#[tokio::test]
async fn meta_is_what_each_list_makes_of_it() {
    let full = |size: i64| json!({"total_pages": 3, "total_entries": 60, "per_page": size, "page": 2});
    let partly = json!({"total_pages": 3, "page": 2});
    let table: [(Meta, [(&str, Value); 4]); 4] = [
        (
            Meta::AsSampled,
            [
                ("products", Value::Null),
                ("schedules", Value::Null),
                ("invoices", partly.clone()),
                ("customers", full(100)),
            ],
        ),
        (Meta::Missing, ["products", "schedules", "invoices", "customers"].map(|list| (list, Value::Null))),
        (Meta::Partly, ["products", "schedules", "invoices", "customers"].map(|list| (list, partly.clone()))),
        (
            Meta::Full,
            [("products", full(25)), ("schedules", full(25)), ("invoices", full(25)), ("customers", full(100))],
        ),
    ];
    let bench = bench().await;
    fill(&bench.state(), &bench);
    for (meta, lists) in table {
        bench.state().switch(|switches| switches.meta = meta);
        for (list, wanted) in lists {
            let answer = bench.client.get(&format!("/{list}?page=2")).await.json();
            assert_eq!(answer["meta"], wanted, "{meta:?} {list}");
            assert_eq!(answer[list].as_array().unwrap().len(), 25);
        }
    }
}

#[tokio::test]
async fn newest_first_moves_the_pages_while_they_are_read() {
    let bench = bench().await;
    fill(&bench.state(), &bench);
    bench.state().switch(|switches| switches.newest_first = true);
    let first = bench.client.get("/products?page=1").await.ids("products");
    bench.state().add_product(product("PC_LATE"));
    let second = bench.client.get("/products?page=2").await.ids("products");
    assert!(first.is_sorted_by(|one, next| one > next));
    assert_eq!(first.last(), second.first(), "one is seen twice");
}

#[tokio::test]
async fn lists_lag_and_reading_by_id_does_not() {
    let bench = bench().await;
    bench.state().switch(|switches| switches.list_lag_seconds = 60);
    let path = format!("/products/{}", bench.product);
    assert_eq!(bench.client.get("/products").await.ids("products"), [0; 0]);
    assert_eq!(bench.client.get(&path).await.status, 200);
    bench.syncro.clock().advance(Duration::seconds(60));
    assert_eq!(bench.client.get("/products").await.ids("products"), [bench.product]);
    assert_eq!(bench.client.get("/customers").await.ids("customers"), [bench.customer]);
}

#[tokio::test]
async fn lists_are_filtered_by_what_they_know() {
    let bench = bench().await;
    let state = bench.state();
    let closed = state.add_customer(Customer { disabled: true, ..Customer::business("Acme Old") });
    let other = state.add_customer(Customer { email: Some("x@zeta.example".to_owned()), ..Customer::business("Zeta") });
    let hers = state.add_schedule(Schedule::of(other, "Hers", Frequency::Annually, day("2027-01-01")));
    let bill = state.add_invoice(other, "77", day("2026-11-01"));
    state.add_invoice(bench.customer, "78", day("2026-11-02"));
    state.pay(bill);
    let acme = bench.customer;
    for (path, list, wanted) in [
        ("/customers", "customers", vec![acme, other]),
        ("/customers?include_disabled=true", "customers", vec![acme, closed, other]),
        ("/customers?query=ACME", "customers", vec![acme]),
        ("/customers?query=zeta.example", "customers", vec![other]),
        ("/customers?business_name=acme&include_disabled=true", "customers", vec![acme, closed]),
        ("/customers/autocomplete?query=ze", "customers", vec![other]),
        ("/customers/autocomplete?query=old", "customers", vec![]),
        ("/invoices?paid=true", "invoices", vec![bill]),
        ("/invoices?unpaid=true", "invoices", vec![bill + 1]),
        // There is no such filter.
        ("/invoices?customer_id=1", "invoices", vec![bill, bill + 1]),
        ("/invoices?since_updated_at=2026-11-16", "invoices", vec![]),
    ] {
        assert_eq!(bench.client.get(path).await.ids(list), wanted, "{path}");
    }
    for (customer, wanted) in [(acme, bench.schedule), (other, hers)] {
        assert_eq!(bench.client.get(&format!("/schedules?customer_id={customer}")).await.ids("schedules"), [wanted]);
    }
    assert_eq!(bench.client.get("/schedules").await.ids("schedules"), [bench.schedule, hers]);
    let ids = bench.client.get(&format!("/customers?id[]={other}&id[]={acme}&not_id[]={acme}")).await.ids("customers");
    assert_eq!(ids, [other]);
}
