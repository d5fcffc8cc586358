//! What nobody asked for, from outside: a check that the schedule makes, and the sync that follows it.

use std::time::{Duration, Instant};

use counterfoil_server::wire::{NoticePage, RunPage, TaskView};
use counterfoil_sim::world::OrderStatus;
use reqwest::Method;
use serde_json::json;

use crate::bench::{Bench, SEATS, XERO, ago, customer, xero_plugin};
use crate::shop::nothing_sold;

const PATIENCE: Duration = Duration::from_secs(30);

async fn in_state(bench: &Bench, state: &str, number: &str) -> TaskView {
    let begun = Instant::now();
    loop {
        let tasks = bench.tasks(XERO, "").await;
        if let Some(task) = tasks.iter().find(|task| task.number == number && task.state == state) {
            return task.clone();
        }
        assert!(begun.elapsed() < PATIENCE, "{number} does not become {state}: {tasks:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduled_check_is_followed_by_the_sync_of_what_may_go_and_nothing_else() {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    let id = bench.market.with_world(|world| customer(world));
    let first = bench.sell(SEATS, 3, ago(60), OrderStatus::Completed);
    // Never checked: the schedule checks at once. The customer is not switched on, and was not even known before.
    bench.connect(json!({ "check_every_minutes": 60, "auto_sync": { "on": true, "kinds": ["sales"] } })).await;
    let task = in_state(&bench, "ready", &first).await;
    let runs: RunPage = bench.api.get("/v1/runs").await;
    assert_eq!(runs.runs.iter().filter(|run| run.kind == "check" && run.asked_by == "schedule").count(), 1);

    let switch = json!({ "customer": id, "on": true });
    let path = format!("/v1/connections/{XERO}/auto-sync");
    let (status, answer) = bench.api.call(Method::PUT, &path, Some(&switch)).await;
    assert_eq!((status, answer["on"].as_bool()), (200, Some(true)), "{answer}");
    let goes: serde_json::Value = bench.api.get(&format!("/v1/tasks/{}/auto-sync", task.id)).await;
    assert_eq!(goes["goes"], true, "{goes}");
    bench.check(XERO).await;
    let synced = in_state(&bench, "synced", &first).await;
    assert_eq!(synced.id, task.id);
    let runs: RunPage = bench.api.get("/v1/runs").await;
    let by_itself = |kind: &str| runs.runs.iter().filter(|run| run.kind == kind && run.asked_by == "auto-sync").count();
    assert_eq!((by_itself("plan"), by_itself("sync")), (1, 1));
    assert_eq!(bench.books.state().documents().len(), 1);
    let told: NoticePage = bench.api.get("/v1/notices?level=all").await;
    assert!(told.notices.iter().any(|notice| notice.kind == "synced" && notice.number.as_ref() == Some(&first)));
    bench.stop().await;
}
