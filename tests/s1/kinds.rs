//! S1.1 and S1.2: what a task shows, and what its order type means.

use counterfoil_server::wire::TaskPage;
use counterfoil_sim::world::{Kind, OrderStatus};
use serde_json::json;

use crate::bench::{Bench, SEATS, XERO, ago, customer, xero_plugin};
use crate::shop::{SERVER, nothing_sold};

/// A new subscription, a change of it and its end, and a bill for what another one used. Number and kind of each.
async fn sold(bench: &Bench) -> [(String, &'static str); 4] {
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    let sale = bench.sell(SEATS, 3, ago(60), OrderStatus::Completed);
    let change = bench.order(Kind::Upgrade, &sale, Some(2), ago(30));
    let end = bench.order(Kind::CancelRefund, &sale, None, ago(5));
    let server = bench.sell(SERVER, 3, ago(60), OrderStatus::Completed);
    let bill = bench.order(Kind::Billing, &server, None, ago(5));
    bench.check(XERO).await;
    [(sale, "sales"), (change, "change"), (end, "cancellation"), (bill, "billing")]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_1_check_changes_updates_the_list_and_a_task_shows_customer_number_and_order_type() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    let id = bench.market.with_world(|world| customer(world));
    let name = bench.market.with_world(|world| world.customers()[0].name.clone());
    let orders = sold(&bench).await;
    for (number, kind) in &orders {
        let page: TaskPage = bench.api.get(&format!("/v1/tasks?connection={XERO}&text={number}")).await;
        let shown: Vec<_> =
            page.tasks.iter().map(|t| (t.customer_name.as_str(), t.number.as_str(), t.kind.as_str())).collect();
        assert_eq!(shown, [(name.as_str(), number.as_str(), *kind)]);
        assert_eq!(page.tasks[0].customer, id);
    }
    // Sync Changes opens it: the same, with its order.
    let opened = bench.task(XERO, &orders[1].0).await;
    assert_eq!((opened.task.customer_name, opened.task.number), (name, orders[1].0.clone()));
    assert!(!opened.order.unwrap().lines.is_empty());
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s1_2_each_order_type_says_in_words_what_it_means() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    let orders = sold(&bench).await;
    let words: [(&str, &[&str]); 4] = [
        ("sales", &["Sales order", "new subscription"]),
        ("change", &["Change order", "existing subscription", "upgraded or downgraded"]),
        ("cancellation", &["Cancellation order", "ended"]),
        ("billing", &["Billing order", "existing usage-based subscription"]),
    ];
    let listed = bench.tasks(XERO, "").await;
    for (number, kind) in &orders {
        let (_, words) = words.iter().find(|(of, _)| of == kind).unwrap();
        let shown = bench.task(XERO, number).await.task;
        let row = listed.iter().find(|task| task.number == *number).unwrap();
        assert_eq!(row.kind_text, shown.kind_text);
        assert!(words.iter().all(|word| shown.kind_text.contains(word)), "{kind}: {}", shown.kind_text);
    }
    bench.stop().await;
}
