//! S0.5 and S0.6: what is not synchronized, and taking that back.

use chrono::Utc;
use counterfoil_server::wire::TaskPage;
use counterfoil_sim::world::{Kind, OrderStatus};
use reqwest::Method;
use serde_json::{Value, json};

use crate::bench::{Bench, SEATS, XERO, ago, xero_plugin};
use crate::shop::{FIREWALL, SERVER, nothing_sold};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_5_ignored_tasks_show_reason_date_and_time() {
    let begun = Utc::now();
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    let sale = bench.sell(SEATS, 2, ago(50), OrderStatus::Completed);
    let unpaid = bench.sell(SEATS, 2, ago(40), OrderStatus::Processing);
    let firewall = bench.sell(FIREWALL, 1, ago(30), OrderStatus::Completed);
    let renewal = bench.order(Kind::Renewal, &sale, None, ago(20));
    let switch = bench.order(Kind::PlanSwitch, &sale, None, ago(10));
    bench.check(XERO).await;

    let page: TaskPage = bench.api.get(&format!("/v1/tasks?connection={XERO}&state=ignored")).await;
    let expected = [
        (&unpaid, "not-final", "processing"),
        (&firewall, "unsupported-billing-model", "before-subscription-period"),
        (&renewal, "unsupported-order-type", "renewal"),
        (&switch, "unsupported-fee", "switch"),
    ];
    assert_eq!(page.tasks.len(), expected.len(), "{page:#?}");
    for (number, reason, named) in expected {
        let task = page.tasks.iter().find(|task| task.number == *number).unwrap();
        let ignored = task.ignored.as_ref().unwrap();
        assert_eq!(ignored.reason, reason, "{ignored:?}");
        assert!(ignored.text.contains(named), "{}", ignored.text);
        assert!(begun <= ignored.at.0 && ignored.at.0 <= Utc::now(), "{ignored:?}");
        assert_eq!(ignored.by, "rules");
        // What is ignored shows its money.
        let total = bench.marketplace_order(number).total;
        assert_eq!(task.amount.amount.parse(), Ok(total), "{task:?}");
    }
    let total = page.totals.iter().find(|total| total.name == "ignored").unwrap();
    assert_eq!(total.count, 4);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_6_tasks_are_unignored_one_by_one_and_in_bulk() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    let sales: Vec<String> = (0..5).map(|n| bench.sell(SEATS, n + 1, ago(50 - n), OrderStatus::Completed)).collect();
    let unsupported = bench.sell(SERVER, 1, ago(5), OrderStatus::Completed);
    bench.check(XERO).await;
    let mut ids = Vec::new();
    for number in &sales {
        let id = bench.task(XERO, number).await.task.id;
        let body = json!({ "text": "billed by hand in October" });
        bench.api.post(&format!("/v1/tasks/{id}/ignore"), &body).await;
        ids.push(id);
    }
    let state = |number: String| {
        let bench = &bench;
        async move { bench.task(XERO, &number).await.task }
    };
    let ignored = state(sales[0].clone()).await.ignored.unwrap();
    assert_eq!((ignored.reason.as_str(), ignored.by.as_str()), ("by-person", "admin"));
    assert_eq!(bench.plan(XERO).await.counts.get("planned"), None, "what is ignored is not planned");

    // One; two by id; the rest by filter. Nobody's consent is taken twice.
    bench.api.post(&format!("/v1/tasks/{}/unignore", ids[0]), &json!({})).await;
    let two: Value = bench.api.post("/v1/tasks/unignore", &json!({ "tasks": [ids[1], ids[2]] })).await;
    assert_eq!(two["unignored"], 2);
    let filter = json!({ "filter": { "connection": XERO, "reason": "by-person" } });
    let rest = bench.api.post("/v1/tasks/unignore", &filter).await;
    assert_eq!(rest["unignored"], 2);
    let (status, _) = bench.api.call(Method::POST, &format!("/v1/tasks/{}/unignore", ids[0]), Some(&json!({}))).await;
    assert!(status >= 400, "it is not ignored any more");
    // The rules are evaluated again: these are ready and can be planned.
    assert_eq!(bench.plan(XERO).await.counts["planned"], 5);
    for number in &sales {
        assert_eq!(state(number.clone()).await.state, "planned");
    }

    // What the rules ignored, they ignore again, with the same reason.
    let id = state(unsupported.clone()).await.id;
    bench.api.post(&format!("/v1/tasks/{id}/unignore"), &json!({})).await;
    bench.plan(XERO).await;
    let again = state(unsupported).await;
    assert_eq!(again.state, "ignored");
    assert_eq!(again.ignored.unwrap().reason, "unsupported-billing-model");
    bench.stop().await;
}
