//! S0.4 made safe: orders that show up late, share their time, complete later or are revised.

use std::collections::BTreeSet;

use counterfoil_sim::world::{Kind, OrderStatus};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::json;

use crate::bench::{Bench, SEATS, XERO, ago, xero_plugin};
use crate::shop::nothing_sold;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_4_an_order_that_is_visible_40_hours_after_its_creation_is_found() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    let first = bench.sell(SEATS, 1, ago(10), OrderStatus::Completed);
    bench.check(XERO).await;
    // Created long before what was seen last, and not to be seen until now.
    let late = bench.sell(SEATS, 2, ago(60 * 40), OrderStatus::Completed);
    bench.check(XERO).await;
    let later = bench.sell(SEATS, 3, ago(60 * 48), OrderStatus::Completed);
    bench.check(XERO).await;
    for number in [&first, &late, &later] {
        assert_eq!(bench.task(XERO, number).await.task.state, "ready", "{number}");
    }
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_4_orders_of_the_same_second_at_a_page_edge_are_all_found_once() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    let at = ago(30);
    let sale = bench.sell(SEATS, 1, at, OrderStatus::Completed);
    // More than a page, all of one instant; and somebody buys while the pages are read.
    let mut numbers: BTreeSet<String> = (0..503).map(|_| bench.order(Kind::Upgrade, &sale, Some(1), at)).collect();
    numbers.insert(sale);
    bench.market.switch(|switches| switches.arrivals_while_paging = 1);
    let run = bench.check(XERO).await;
    assert!(run.counts["orders-seen"] >= 504, "{run:?}");
    let arrived = bench.market.with_world(|world| world.orders().last().unwrap().number.clone());
    assert!(numbers.insert(arrived), "nobody bought anything");
    bench.check(XERO).await;

    let tasks = bench.tasks(XERO, "").await;
    let seen: BTreeSet<String> = tasks.iter().map(|task| task.number.clone()).collect();
    assert_eq!((tasks.len(), &seen), (numbers.len(), &numbers));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_4_an_order_that_completes_later_is_judged_then_whatever_its_age() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    let days = |days: i64| ago(60 * 24 * days);
    let open = [
        bench.sell(SEATS, 1, days(3), OrderStatus::Submitted),
        bench.sell(SEATS, 2, days(75), OrderStatus::Processing),
        bench.sell(SEATS, 3, days(20), OrderStatus::Error),
    ];
    bench.check(XERO).await;
    for number in &open {
        let ignored = bench.task(XERO, number).await.task.ignored.unwrap();
        assert_eq!(ignored.reason, "not-final", "{number}");
    }
    // Time goes by, and the cursor with it.
    bench.sell(SEATS, 9, ago(20), OrderStatus::Completed);
    bench.check(XERO).await;
    let done = ago(1);
    bench.market.with_world(|world| {
        for number in &open {
            world.complete_order(number, done).unwrap();
        }
    });
    bench.check(XERO).await;
    for number in &open {
        let task = bench.task(XERO, number).await.task;
        assert_eq!(task.state, "ready", "{task:?}");
        assert_eq!(task.amount.amount.parse(), Ok(bench.comes_to(number)), "amounts are those of the completed order");
    }
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_4_a_revision_before_sending_takes_the_place_of_the_first() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    let sale = bench.sell(SEATS, 4, ago(40), OrderStatus::Completed);
    bench.check(XERO).await;
    bench.plan(XERO).await;
    let first = bench.task(XERO, &sale).await.task;
    bench.revise(&sale, |order| {
        order.lines[0].quantity = Decimal::from(5);
        order.lines[0].extended = order.lines[0].unit_price * Decimal::from(5);
    });
    bench.check(XERO).await;
    let second = bench.task(XERO, &sale).await.task;
    assert_ne!(first.id, second.id);
    let former = bench.tasks(XERO, "superseded").await;
    assert_eq!(former.len(), 1);
    assert_eq!(former[0].superseded_by.as_ref(), Some(&second.id));
    // What was shown of the first revision cannot be confirmed any more.
    let body = json!({ "connection": XERO, "plans": [first.plan.unwrap()] });
    let (status, refusal) = bench.api.call(Method::POST, "/v1/syncs", Some(&body)).await;
    assert_eq!((status >= 400, refusal["code"].as_str()), (true, Some("plan-stale")), "{refusal}");
    assert_eq!(bench.books.state().documents().len(), 0);

    bench.plan(XERO).await;
    bench.sync(XERO).await;
    assert_eq!(bench.books.state().net_total(), bench.comes_to(&sale));
    assert_eq!(bench.books.state().documents().len(), 1);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_4_a_revision_after_sending_waits_for_a_decision() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    let sale = bench.sell(SEATS, 4, ago(40), OrderStatus::Completed);
    bench.check(XERO).await;
    bench.plan(XERO).await;
    bench.sync(XERO).await;
    let sent = bench.comes_to(&sale);
    assert_eq!(bench.books.state().net_total(), sent);
    bench.revise(&sale, |order| {
        order.lines[0].quantity = Decimal::from(7);
        order.lines[0].extended = order.lines[0].unit_price * Decimal::from(7);
    });
    bench.check(XERO).await;
    bench.plan(XERO).await;

    let tasks = bench.tasks(XERO, "").await;
    let states: BTreeSet<&str> = tasks.iter().map(|task| task.state.as_str()).collect();
    assert_eq!((tasks.len(), states), (2, BTreeSet::from(["synced", "pending"])));
    let waiting = tasks.iter().find(|task| task.state == "pending").unwrap();
    let why = format!("{:?}", waiting.needs);
    assert!(why.contains("revised") && why.contains(&sent.to_string()), "{why}");
    assert_eq!(bench.books.state().net_total(), sent, "nothing more is billed by itself");
    bench.stop().await;
}
