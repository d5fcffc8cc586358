//! S0.1 to S0.4: which tasks a check makes.

use std::collections::BTreeSet;

use chrono::{Months, Utc};
use counterfoil_sim::world::{Kind, OrderStatus, World, WorldSpec, oracle};
use serde_json::json;

use crate::bench::{Bench, SEATS, XERO, ago, xero_plugin};
use crate::shop::{BACKUP, nothing_sold};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_1_the_first_check_makes_a_task_for_every_active_subscription() {
    let now = Utc::now();
    let world = World::generate(&WorldSpec::new(3, now.date_naive()));
    let due = oracle::first_run(&world, now);
    let active: BTreeSet<String> =
        world.subscriptions().iter().filter(|one| one.status.as_str() == "active").map(|one| one.id.clone()).collect();
    let bench = Bench::start(world, &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;

    let tasks = bench.tasks(XERO, "").await;
    let initial: BTreeSet<String> =
        tasks.iter().filter(|task| task.kind == "initial").filter_map(|task| task.subscription.clone()).collect();
    assert_eq!(initial, due.initial.iter().cloned().collect());
    let represented: BTreeSet<String> = tasks
        .iter()
        .filter(|task| task.kind == "initial" || task.kind == "sales")
        .filter_map(|task| task.subscription.clone())
        .collect();
    assert!(active.len() > 20 && active.is_subset(&represented), "{:?}", active.difference(&represented));
    // A sale of the last month stands for its subscription, setup fees included, and with its own money.
    for sale in &due.sales {
        let task = tasks.iter().find(|task| task.number == sale.number).unwrap();
        assert_eq!(task.amount.amount.parse(), Ok(sale.total), "{task:?}");
        assert_ne!(task.state, "ignored", "{task:?}");
        assert!(!initial.contains(&sale.subscription_id), "{} is billed twice", sale.number);
    }
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_2_a_new_subscription_and_a_change_of_one_each_give_a_task() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    assert_eq!(bench.tasks(XERO, "").await, []);

    let sale = bench.sell(SEATS, 3, ago(9), OrderStatus::Completed);
    assert_eq!(bench.check(XERO).await.counts["tasks-new"], 1);
    let change = bench.order(Kind::Upgrade, &sale, Some(2), ago(5));
    let cancellation = bench.order(Kind::CancelRefund, &sale, None, ago(2));
    assert_eq!(bench.check(XERO).await.counts["tasks-new"], 2);

    let tasks = bench.tasks(XERO, "").await;
    let seen: BTreeSet<(&str, &str, &str)> =
        tasks.iter().map(|task| (task.number.as_str(), task.kind.as_str(), task.state.as_str())).collect();
    let expected = BTreeSet::from([
        (sale.as_str(), "sales", "ready"),
        (change.as_str(), "change", "ready"),
        (cancellation.as_str(), "cancellation", "ready"),
    ]);
    assert_eq!(seen, expected);
    for number in [&sale, &change, &cancellation] {
        let task = bench.task(XERO, number).await.task;
        assert_eq!(task.amount.amount.parse(), Ok(bench.comes_to(number)), "{number}");
    }
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_3_check_changes_adds_a_task_for_a_new_subscription() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    let sale = bench.sell(BACKUP, 4, ago(5), OrderStatus::Completed);
    // Only a check looks: planning does not read the marketplace.
    bench.plan(XERO).await;
    assert_eq!(bench.tasks(XERO, "").await, []);
    bench.check(XERO).await;
    assert_eq!(bench.task(XERO, &sale).await.task.state, "ready");
    // A second look at the same order is no second task.
    let again = bench.check(XERO).await;
    assert_eq!(again.counts.get("tasks-new"), None, "{again:?}");
    assert_eq!(bench.tasks(XERO, "").await.len(), 1);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_3_a_second_start_finds_the_check_that_is_running() {
    let world = World::generate(&WorldSpec::new(5, Utc::now().date_naive()));
    let bench = Bench::start(world, &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    let path = format!("/v1/connections/{XERO}/check");
    let nothing = json!({});
    let (first, second) = tokio::join!(bench.api.post(&path, &nothing), bench.api.post(&path, &nothing));
    assert_eq!(first["id"], second["id"]);
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_4_without_tasks_orders_of_the_last_month_are_processed() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    let edge = Utc::now().checked_sub_months(Months::new(1)).unwrap();
    let hour = chrono::Duration::hours(1);
    let inside = bench.sell(SEATS, 1, edge + hour, OrderStatus::Completed);
    let outside = bench.sell(SEATS, 2, edge - hour, OrderStatus::Completed);
    let ended = bench.sell(SEATS, 3, edge - hour * 48, OrderStatus::Completed);
    bench.order(Kind::CancelRefund, &ended, None, edge - hour * 2);
    bench.connect(json!({})).await;
    let run = bench.check(XERO).await;

    assert_eq!(run.counts["orders-seen"], 4);
    assert_eq!(run.counts["orders-before-window"], 3, "counted, not listed");
    let tasks = bench.tasks(XERO, "").await;
    let seen: BTreeSet<(&str, String)> =
        tasks.iter().map(|task| (task.kind.as_str(), task.subscription.clone().unwrap())).collect();
    let subscription = |sale: &str| bench.marketplace_order(sale).subscription_id.unwrap();
    // The older sale's subscription is active: its snapshot stands for it. What ended before is nobody's task.
    assert_eq!(seen, BTreeSet::from([("sales", subscription(&inside)), ("initial", subscription(&outside))]));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_4_with_tasks_only_what_came_after_the_last_one_is_read() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    let old = bench.sell(SEATS, 1, ago(60 * 24 * 20), OrderStatus::Completed);
    let last = bench.sell(SEATS, 1, ago(30), OrderStatus::Completed);
    bench.connect(json!({})).await;
    bench.check(XERO).await;
    bench.market.log().clear();

    let sale = bench.sell(SEATS, 1, ago(1), OrderStatus::Completed);
    let run = bench.check(XERO).await;
    assert_eq!((run.counts["tasks-new"], run.counts["orders-seen"]), (1, 2), "{run:?}");
    assert_eq!(bench.task(XERO, &sale).await.task.state, "ready");
    // Asked for: what was created since the last order seen, and two days before it for safety.
    let from = bench.marketplace_order(&last).created - chrono::Duration::hours(48);
    let asked: Vec<String> = bench
        .market
        .log()
        .entries()
        .iter()
        .filter(|one| one.path.ends_with("/orders"))
        .map(|one| one.query.clone())
        .collect();
    let day_and_hour = from.format("creationTimeFrom=%Y-%m-%dT%H").to_string();
    assert!(asked.iter().any(|query| query.replace("%3A", ":").contains(&day_and_hour)), "{asked:?}");
    let read = bench.market.log().entries();
    let (old, last) = (bench.marketplace_order(&old).id, bench.marketplace_order(&last).id);
    assert!(read.iter().all(|one| !one.path.ends_with(&old) && !one.path.ends_with(&last)), "nothing is read twice");
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s0_4_older_orders_are_read_for_the_days_that_somebody_asks_for() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    let days_ago = |days: i64| ago(60 * 24 * days);
    let ended = bench.sell(SEATS, 3, days_ago(70), OrderStatus::Completed);
    let credit = bench.order(Kind::CancelRefund, &ended, None, days_ago(65));
    let active = bench.sell(SEATS, 2, days_ago(66), OrderStatus::Completed);
    let outside = bench.sell(SEATS, 5, days_ago(90), OrderStatus::Completed);
    bench.connect(json!({})).await;
    let path = format!("/v1/connections/{XERO}/check");
    let day = |days: i64| days_ago(days).date_naive().to_string();
    let days = json!({ "from": day(70), "to": day(60) });
    let (status, refused) = bench.api.call(reqwest::Method::POST, &path, Some(&days)).await;
    assert_eq!((status, &refused["code"]), (409, &json!("not-checked-yet")), "{refused}");

    bench.check(XERO).await;
    let before = bench.tasks(XERO, "").await;
    assert!(before.iter().all(|task| task.kind == "initial"), "{before:#?}");
    let run = bench.api.run(&path, &days).await;
    assert_eq!((run.kind.as_str(), run.state.as_str(), run.counts["tasks-new"]), ("backfill", "done", 3), "{run:#?}");
    // What ended before the first check is billed by its own orders; the snapshot stands for what was active.
    assert_eq!(bench.task(XERO, &ended).await.task.state, "ready");
    assert_eq!(bench.task(XERO, &credit).await.task.state, "ready");
    let covered = bench.task(XERO, &active).await.task.ignored.unwrap();
    assert_eq!(covered.reason, "covered-by-initial-task");
    let tasks = bench.tasks(XERO, "").await;
    assert_eq!(tasks.len(), before.len() + 3);
    assert!(tasks.iter().all(|task| task.number != outside), "the days are those that were asked for");
    // Once more makes nothing new, and the next check goes on from where the last one stood.
    assert_eq!(bench.api.run(&path, &days).await.counts.get("tasks-new"), None);
    assert_eq!(bench.check(XERO).await.counts.get("tasks-new"), None);
    bench.stop().await;
}
