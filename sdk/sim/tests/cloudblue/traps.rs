//! The traps of the real interface, each by its switch.

use std::collections::HashSet;

use chrono::Duration;
use counterfoil_sim::cloudblue::{Budget, CloudBlueConfig, RetryAfter};
use counterfoil_sim::world::{NewSale, OrderStatus};
use counterfoil_sim::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::http::{Session, client, noon, post, send, tenant};

const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

#[tokio::test]
async fn the_budget_runs_out_and_comes_back_with_the_next_window() {
    for (retry_after, says) in [
        (RetryAfter::Always, [true, true]),
        (RetryAfter::Never, [false, false]),
        (RetryAfter::EveryOther, [true, false]),
    ] {
        let budget = Some(Budget { calls: 4, window_seconds: 60, retry_after });
        let handle = tenant(CloudBlueConfig { budget, ..CloudBlueConfig::default() }).await;
        let session = Session::sign_in(&handle).await;
        for _ in 0..3 {
            assert_eq!(session.get("/orders").await.status, 200);
        }
        handle.clock().advance(Duration::seconds(20));
        for said in says {
            let refused = session.get("/orders").await;
            assert_eq!(refused.status, 429);
            assert_eq!(refused.body["code"], "RateLimitExceeded");
            let wait = refused.headers.get("retry-after").map(|value| value.to_str().unwrap());
            assert_eq!(wait, said.then_some("40"));
        }
        handle.clock().advance(Duration::seconds(40));
        assert_eq!(session.get("/orders").await.status, 200);
    }
}

#[tokio::test]
async fn date_filters_may_be_ignored() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    let path = "/orders?limit=500&creationTimeFrom=2026-03-10T00:00:00Z";
    assert!(session.get(path).await.total() < 100);
    handle.switch(|switches| switches.ignore_date_filters = true);
    assert_eq!(session.get(path).await.total(), 240);
}

#[tokio::test]
async fn orders_that_arrive_while_paging_shift_the_pages() {
    let handle = tenant(CloudBlueConfig::default()).await;
    handle.switch(|switches| switches.arrivals_while_paging = 2);
    let session = Session::sign_in(&handle).await;
    let mut ids: Vec<String> = Vec::new();
    for offset in (0..250).step_by(50) {
        let page = session.get(&format!("/orders?limit=50&offset={offset}")).await;
        ids.extend(page.rows().iter().map(|row| row["id"].as_str().unwrap().to_owned()));
    }
    let distinct: HashSet<_> = ids.iter().collect();
    assert_eq!(handle.with_world(|world| world.orders().len()), 242);
    assert_eq!((ids.len(), distinct.len()), (242, 240), "two rows are seen twice, the two new ones not at all");
}

#[tokio::test]
async fn rows_may_be_malformed_lists_empty_and_words_unknown() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    handle.switch(|switches| switches.malformed_every = 5);
    let page = session.get("/orders?limit=20").await;
    let sound = |row: &Value| row["id"].is_string() && row["total"]["amount"] != "twelve";
    let rotten: Vec<usize> = (0..20).filter(|at| !sound(&page.rows()[*at])).collect();
    assert_eq!(rotten, [4, 9, 14, 19]);
    handle.switch(|switches| *switches = Default::default());

    handle.switch(|switches| switches.unknown_words_every = 10);
    let page = session.get("/orders?limit=500").await;
    let odd: Vec<&Value> = page.rows().iter().filter(|row| row["type"] == "transferOfOwnership").collect();
    assert_eq!(odd.len(), 24);
    for row in odd {
        let full = session.get(&format!("/orders/{}", row["id"].as_str().unwrap())).await.body;
        assert_eq!(full["status"], "awaitingApproval");
        assert_eq!(full["billingModel"], "chargeOnGoodDays");
    }
    handle.switch(|switches| *switches = Default::default());

    handle.switch(|switches| switches.empty_lists = true);
    let page = session.get("/orders?limit=500").await;
    assert_eq!((page.rows().len(), page.total()), (0, 0));
}

#[tokio::test]
async fn an_order_may_become_visible_late() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    handle.switch(|switches| switches.visible_after_hours = 6);
    let sale = NewSale { customer_id: None, mpn: None, quantity: 2, at: noon(), status: OrderStatus::Completed };
    let number = handle.with_world(|world| world.new_sale(&sale)).unwrap();
    let id = handle.with_world(|world| world.order_numbered(&number).unwrap().id.clone());
    let path = format!("/orders?orderNumber={number}");
    assert_eq!(session.get(&path).await.total(), 0);
    assert_eq!(session.get(&format!("/orders/{id}")).await.status, 404);
    handle.clock().advance(Duration::hours(6));
    let session = Session::sign_in(&handle).await;
    let page = session.get(&path).await;
    assert_eq!(page.rows()[0]["creationDate"], "2026-03-17T12:00:00Z", "seen late, dated early");
    assert_eq!(session.get(&format!("/orders/{id}")).await.status, 200);
}

#[tokio::test]
async fn another_process_can_make_orders_happen() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    let url = format!("{}/_sim/orders", handle.origin());
    let wish = |wish: Value| {
        let url = url.clone();
        async move { post(&url, &JSON, wish.to_string()).await }
    };
    let sold = wish(json!({
        "do": "new_sale", "mpn": "CFQ7TTC0LCHC:0002-P1M", "quantity": 7, "at": "2026-03-16T08:00:00Z"
    }))
    .await;
    assert_eq!(sold.status, 200, "{}", sold.body);
    assert_eq!(sold.body["details"][0]["quantity"].to_string(), "7.0");
    let subscription = sold.body["subscriptionId"].clone();
    let order = json!({ "do": "add_order", "kind": "upgrade", "subscription_id": subscription, "delta": 3, "status": "processing" });
    let changed = wish(order).await;
    assert_eq!((&changed.body["type"], &changed.body["status"]), (&json!("change"), &json!("processing")));
    let number = changed.body["orderNumber"].clone();
    let done = wish(json!({ "do": "complete", "number": number, "at": "2026-03-20T08:00:00Z" })).await;
    assert_eq!(done.body["status"], "completed");
    assert_ne!(done.body["total"], changed.body["total"], "fewer days are left on completion");
    let path = format!("/orders/{}", changed.body["id"].as_str().unwrap());
    assert_eq!(session.get(&path).await.body, done.body);
    assert_eq!(
        wish(json!({ "do": "set_status", "number": number, "status": "cancelled" })).await.body["status"],
        "cancelled"
    );
    assert_eq!(wish(json!({ "do": "shift_total", "number": number, "coins": -1 })).await.status, 200);
    assert_eq!(wish(json!({ "do": "complete", "number": "SO0" })).await.status, 404);
    assert_eq!(wish(json!({ "do": "dance" })).await.status, 422);

    let switches = format!("{}/_sim/switches", handle.origin());
    assert_eq!(post(&switches, &JSON, json!({ "empty_lists": true }).to_string()).await.status, 200);
    assert_eq!(session.get("/customers").await.total(), 0);
    let oracle = send(client().get(format!("{}/_sim/oracle", handle.origin()))).await;
    assert!(oracle.body["sales"].as_array().is_some_and(|sales| sales.len() > 4), "{}", oracle.body);
    let state = send(client().get(format!("{}/_sim/state", handle.origin()))).await;
    assert_eq!(state.body["orders"], 242);
}

#[tokio::test]
async fn faults_lie_in_front_of_it() {
    let handle = tenant(CloudBlueConfig::default()).await;
    let session = Session::sign_in(&handle).await;
    let status = FaultKind::Status { code: 503, headers: Vec::new(), body: String::new() };
    handle.faults().inject(Fault::once("GET", "/orders", status));
    assert_eq!(session.get("/orders").await.status, 503);
    assert_eq!(session.get("/orders").await.status, 200);
}
