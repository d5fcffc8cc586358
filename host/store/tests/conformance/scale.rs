//! The numbers to design for, at full size. Slow to fill, so run by name:
//! `cargo test -p counterfoil-store -- --ignored --nocapture million`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use counterfoil_domain::id::{CustomerId, OrderId, SubscriptionId, TaskId};
use counterfoil_domain::order::OrderStatus;
use counterfoil_domain::ports::{OrderStore as _, PageRequest, Store as _, TaskFilter, TaskStore as _, Write};
use counterfoil_domain::task::{IgnoreReason, Ignored, Subject, Task, TaskState, Until};
use counterfoil_store::SqliteStore;

use crate::samples;

const MILLION: u64 = 1_000_000;
const CHUNK: u64 = 10_000;

fn task(n: u64) -> Task {
    let ignored = |reason| {
        let (text, by) = ("because".to_owned(), "rules".into());
        // A few come back, over the coming year.
        let until = (n % 1_000 == 5).then(|| Until::Day(samples::day(n / 1_000 % 365)));
        TaskState::Ignored(Ignored { reason, text, by, at: samples::at(n), until })
    };
    let state = match n % 100 {
        0 => TaskState::Ready,
        1 if n % 10_000 == 1 => TaskState::Parked { failure: samples::failure() },
        2..12 => ignored(IgnoreReason::ZeroAmount),
        12..20 => ignored(IgnoreReason::UnsupportedOrderType),
        _ => TaskState::Synced { plan: "p".into() },
    };
    let mut task = Task {
        id: TaskId::new(format!("task_{:026x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15))),
        connection: samples::connection_id(n % 4),
        customer: CustomerId::new(format!("c{}", n % 50_000)),
        customer_name: format!("Customer number {}", n % 50_000),
        subscription: Some(SubscriptionId::new(format!("s{}", n % 200_000))),
        observed_at: samples::at(n / 1000),
        ..samples::task(n % 1000, state)
    };
    task.number = format!("SO{n:07}");
    if let Subject::Order { key, .. } = &mut task.subject {
        key.order = OrderId::new(format!("o{n}"));
    }
    task
}

fn put_order(n: u64) -> Write {
    let status = if n.is_multiple_of(500) { OrderStatus::Processing } else { OrderStatus::Completed };
    Write::PutOrder { order: samples::order(n, status), fingerprint: format!("{n:032x}"), observed_at: samples::at(n) }
}

async fn fill(store: &SqliteStore) {
    let began = Instant::now();
    for start in (0..MILLION).step_by(usize::try_from(CHUNK).unwrap()) {
        let writes = (start..start + CHUNK).flat_map(|n| [put_order(n), Write::InsertTask(task(n))]).collect();
        store.commit(writes).await.unwrap();
    }
    println!("filled in {:?}", began.elapsed());
}

fn p95(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() * 95 / 100]
}

#[tokio::test]
#[ignore = "fills a gigabyte or more"]
async fn a_million_tasks_are_listed_quickly() {
    let file = crate::in_file();
    let store = &file.store;
    fill(store).await;
    let states = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let none = TaskFilter::default;
    let filters = [
        ("all", none()),
        ("one connection", TaskFilter { connection: Some(samples::connection_id(1)), ..none() }),
        ("ready", TaskFilter { states: states(&["ready"]), ..none() }),
        ("parked", TaskFilter { states: states(&["parked"]), ..none() }),
        ("open states", TaskFilter { states: states(&["ready", "parked", "pending", "planned"]), ..none() }),
        ("ignored", TaskFilter { states: states(&["ignored"]), ..none() }),
        ("reason", TaskFilter { ignore_reason: Some("zero-amount".to_owned()), ..none() }),
        ("coming back", TaskFilter { back_by: Some(samples::day(3)), ..none() }),
        (
            "coming back here",
            TaskFilter { connection: Some(samples::connection_id(1)), back_by: Some(samples::day(90)), ..none() },
        ),
        ("customer", TaskFilter { customer: Some("c77".into()), states: states(&["synced"]), ..none() }),
        ("text in ready", TaskFilter { text: Some("so05".to_owned()), states: states(&["ready"]), ..none() }),
    ];
    for (name, filter) in filters {
        let mut times = Vec::new();
        for n in 0..40_u64 {
            // From all over the list, not only from its beginning.
            let after = (n > 0).then(|| (samples::at(n * 25), TaskId::from("task_8")));
            let began = Instant::now();
            store.tasks(filter.clone(), PageRequest { after, limit: 50 }).await.unwrap();
            times.push(began.elapsed());
        }
        let p95 = p95(times);
        println!("{name}: p95 {p95:?}");
        assert!(p95 < Duration::from_millis(50), "{name}: {p95:?}");
    }
    let began = Instant::now();
    let totals = store.totals(None).await.unwrap();
    assert_eq!(totals.iter().map(|total| total.count).sum::<u64>(), MILLION);
    assert_eq!(store.order_count(&samples::marketplace_id()).await.unwrap(), MILLION);
    println!("totals and count: {:?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_millis(20));

    let began = Instant::now();
    let ids = (0..CHUNK).map(|n| OrderId::new(format!("o{}", n * 97))).collect();
    assert_eq!(store.known_orders(&samples::marketplace_id(), ids).await.unwrap().len(), 10_000);
    println!("10,000 known orders: {:?}", began.elapsed());
    let began = Instant::now();
    let writes = (MILLION..MILLION + CHUNK).flat_map(|n| [put_order(n), Write::InsertTask(task(n))]).collect();
    store.commit(writes).await.unwrap();
    println!("10,000 new orders and tasks: {:?}", began.elapsed());
    let began = Instant::now();
    let rare = TaskFilter { text: Some("so0999999".to_owned()), ..none() };
    assert_eq!(store.tasks(rare, PageRequest { after: None, limit: 50 }).await.unwrap().len(), 1);
    println!("rare text without a state: {:?}", began.elapsed());
}
