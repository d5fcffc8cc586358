//! Who is let in, to what, and how often.

use chrono::Duration;
use counterfoil_sim::SimClock;
use counterfoil_sim::syncro::{
    Customer, Frequency, Lacking, Permission, RateWindow, Schedule, SyncroConfig, SyncroSim, Token, ViolationKind,
};
use serde_json::json;

use crate::support::{Client, bench, bench_with, day, noon};

#[tokio::test]
async fn only_known_tokens_are_let_in() {
    let bench = bench().await;
    for (token, status) in [(Some("token"), 200), (Some("other"), 401), (None, 401)] {
        let reply = bench.client.with(token).get("/settings").await;
        assert_eq!(reply.status, status, "{token:?}");
    }
    let refused = bench.client.with(None).get("/settings").await;
    assert_eq!(refused.json(), json!({"error": "Not authenticated"}));
    assert_eq!(bench.kinds(), []);
    assert_eq!(bench.client.with(None).get("/settings?api_key=token").await.status, 200, "the old way works");
    let kept = bench.state().violations_of(ViolationKind::KeyInAddress);
    assert!(kept.len() == 1 && !format!("{kept:?}").contains("api_key=token"));
    bench.state().set_tokens(vec![Token::full("new")]);
    assert_eq!(bench.client.get("/me").await.status, 401);
    assert_eq!(bench.client.with(Some("new")).get("/me").await.status, 200);
    let log = format!("{:?}", bench.syncro.log().entries());
    assert!(!log.contains("Bearer"), "no token in the log");
}

#[tokio::test]
async fn each_route_needs_its_permission() {
    let bench = bench().await;
    let line = bench.added(&json!({})).await["id"].clone();
    let invoice = bench.state().add_invoice(bench.customer, "1", day("2026-11-01"));
    let (customer, schedule, product) = (bench.customer, bench.schedule, bench.product);
    let table = [
        ("GET", "/customers".to_owned(), Permission::CustomersList),
        ("GET", "/customers/autocomplete".to_owned(), Permission::CustomersList),
        ("GET", format!("/customers/{customer}"), Permission::CustomersView),
        ("POST", "/customers".to_owned(), Permission::CustomersCreate),
        ("GET", "/products".to_owned(), Permission::ProductsList),
        ("GET", "/products/barcode".to_owned(), Permission::ProductsList),
        ("GET", format!("/products/{product}"), Permission::ProductsList),
        ("POST", "/products".to_owned(), Permission::ProductsCreate),
        ("PUT", format!("/products/{product}"), Permission::ProductsEdit),
        ("GET", "/schedules".to_owned(), Permission::RecurringList),
        ("GET", format!("/schedules/{schedule}"), Permission::RecurringList),
        ("POST", "/schedules".to_owned(), Permission::RecurringNew),
        ("PUT", format!("/schedules/{schedule}"), Permission::RecurringEdit),
        ("POST", format!("/schedules/{schedule}/add_line_item"), Permission::RecurringEdit),
        ("PUT", format!("/schedules/{schedule}/line_items/{line}"), Permission::RecurringEdit),
        ("POST", format!("/schedules/{schedule}/remove_line_item"), Permission::RecurringEdit),
        ("GET", "/invoices".to_owned(), Permission::InvoicesList),
        ("GET", format!("/invoices/{invoice}"), Permission::InvoicesView),
        ("POST", "/invoices".to_owned(), Permission::InvoicesCreate),
        ("PUT", format!("/invoices/{invoice}"), Permission::InvoicesEdit),
        ("POST", format!("/invoices/{invoice}/line_items"), Permission::InvoicesEdit),
        ("GET", "/line_items".to_owned(), Permission::GlobalAdmin),
        ("DELETE", format!("/schedules/{schedule}"), Permission::RecurringDelete),
    ];
    for (method, path, permission) in table {
        let others: Vec<Permission> = Permission::ALL.into_iter().filter(|one| *one != permission).collect();
        bench.state().set_tokens(vec![Token::with("others", &others), Token::with("it", &[permission])]);
        let refused = bench.client.with(Some("others")).send(method, &path, &json!({})).await;
        assert_eq!(refused.status, 403, "{method} {path}");
        assert!(refused.json()["message"].is_string());
        let status = bench.client.with(Some("it")).send(method, &path, &json!({})).await.status;
        assert!(!matches!(status, 401 | 403), "{method} {path}: {status}");
    }
}

#[tokio::test]
async fn some_tokens_are_not_told_what_they_do_not_see() {
    let bench = bench().await;
    let state = bench.state();
    let other = state.add_customer(Customer::business("Zeta"));
    let hers = state.add_schedule(Schedule::of(other, "Hers", Frequency::Monthly, day("2026-12-01")));
    let half = Token { only_customers: Some(vec![other]), ..Token::full("half") };
    let none = Token::with("none", &[Permission::RecurringEdit]);
    state.set_tokens(vec![Token::full("token"), half, none]);
    let half = bench.client.with(Some("half"));
    assert_eq!(half.get("/customers").await.ids("customers"), [other]);
    assert_eq!(half.get("/schedules").await.ids("schedules"), [hers]);
    assert_eq!(half.get(&format!("/schedules/{}", bench.schedule)).await.status, 404);
    assert_eq!(half.send("POST", &bench.add_path(), &bench.body()).await.status, 404);
    assert_eq!(half.get("/customers/autocomplete?query=acme").await.ids("customers"), [0; 0]);
    let none = bench.client.with(Some("none"));
    assert_eq!(none.get("/products").await.status, 403);
    state.switch(|switches| switches.lacking = Lacking::Silent);
    assert_eq!(none.get("/products").await.ids("products"), [0; 0]);
    assert_eq!(none.get(&format!("/products/{}", bench.product)).await.status, 403);
}

#[tokio::test]
async fn one_address_has_one_budget_for_all_its_tenants() {
    let clock = SimClock::fixed(noon());
    let budget = RateWindow::vendor(clock.clone());
    let config = || SyncroConfig { budget: Some(budget.clone()), ..SyncroConfig::default() };
    let first = bench_with(config()).await;
    let second = SyncroSim::new(config(), clock.clone()).start(None).await.unwrap();
    let other = Client::new(second.base_url());
    for turn in 0..90 {
        assert_eq!(first.client.get("/settings").await.status, 200, "{turn}");
        assert_eq!(other.get("/settings").await.status, 200, "{turn}");
    }
    for client in [&first.client, &other] {
        let refused = client.get("/settings").await;
        assert_eq!(refused.status, 429);
        assert!(refused.headers.get("Retry-After").is_none(), "it does not tell when");
        assert!(
            refused.text.contains("180 requests") && serde_json::from_str::<serde_json::Value>(&refused.text).is_err()
        );
    }
    assert_eq!((budget.refused(), budget.most()), (2, 180));
    clock.advance(Duration::seconds(59));
    assert_eq!(first.client.get("/settings").await.status, 429);
    clock.advance(Duration::seconds(1));
    assert_eq!(other.get("/settings").await.status, 200);
    // By address: whoever asks, and whatever he has to show.
    let small = RateWindow::new(1, Duration::seconds(60), clock);
    first.state().set_budget(Some(small));
    assert_eq!(first.client.with(None).get("/settings").await.status, 401);
    assert_eq!(first.client.get("/settings").await.status, 429);
}

#[tokio::test]
async fn the_account_tells_its_symbol_and_no_currency() {
    let bench = bench_with(SyncroConfig { utc_offset_minutes: 330, ..SyncroConfig::default() }).await;
    bench.state().set_currency_symbol("€");
    let settings = bench.client.get("/settings").await.json();
    assert_eq!(
        (&settings["locale"]["currency_symbol"], &settings["locale"]["time_offset"]),
        (&json!("€"), &json!("+05:30"))
    );
    assert!(!settings.to_string().contains("EUR"));
    assert_eq!(bench.client.get("/me").await.json()["subdomain"], json!("acme"));
}
