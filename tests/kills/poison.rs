//! One order that takes the service down whenever it is sent: whoever starts it again and again ends with that one parked
//! and everything else billed.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::judge;
use crate::kinds::Kind;
use crate::shop::Shop;

const ORDERS: usize = 8;
/// Thrice in hand, each time looked for twice before it is sent again.
const PATIENCE: Duration = Duration::from_secs(180);
const KINDS: [Kind; 2] = [Kind::A, Kind::B];

/// Started again as often as it dies, until nothing is open. How often it died.
async fn supervised(shop: &mut Shop) -> u32 {
    let (begun, mut deaths) = (Instant::now(), 0);
    loop {
        if !shop.house.victim.is_alive() {
            shop.house.killed();
            deaths += 1;
            shop.house.spawn();
            if shop.house.ready().await.is_err() {
                continue;
            }
        }
        let mut open = Vec::new();
        for kind in KINDS {
            // Whoever was not heard says it again.
            let _gone = shop.confirm(kind).await;
            let Ok(tasks) = shop.house.tasks(&kind.connection(), "").await else {
                open.push("dead".to_owned());
                continue;
            };
            let ended = |task: &&Value| !matches!(task["state"].as_str().unwrap(), "synced" | "parked");
            open.extend(tasks.iter().filter(ended).map(|task| format!("{} {}", task["number"], task["state"])));
        }
        if open.is_empty() && shop.house.victim.is_alive() {
            return deaths;
        }
        assert!(begun.elapsed() < PATIENCE, "after {deaths} deaths: {open:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_kills_the_service_is_parked_alone() {
    let mut shop = Shop::open(&KINDS, Duration::from_millis(1_500)).await;
    let numbers = shop.prepare(ORDERS).await;
    let poison = numbers[3].clone();
    for kind in KINDS {
        shop.ledgers[&kind].lethal(Some(format!("{poison} ")));
        // The process may be gone before it has answered.
        let _gone = shop.confirm(kind).await;
    }
    let deaths = supervised(&mut shop).await;
    println!("{deaths} deaths");
    assert!((3..=12).contains(&deaths), "three with it alone in hand, and some in company before: {deaths}");
    for kind in KINDS {
        let tasks = shop.house.tasks(&kind.connection(), "").await.unwrap();
        for task in &tasks {
            let (state, code) = if task["number"] == poison.as_str() {
                ("parked", Value::from("poison"))
            } else {
                ("synced", Value::Null)
            };
            assert_eq!((&task["state"], &task["failure"]["code"]), (&Value::from(state), &code), "{kind:?} {task}");
        }
        assert_eq!(shop.ledgers[&kind].booked().get(&poison), None, "it was never carried out");
    }
    // Mended, it goes out like any other.
    shop.house.victim.strike();
    shop.house.killed();
    let tally = judge::end(shop).await;
    assert_eq!((tally.documents, tally.parked), (2 * ORDERS as u64, 2), "{tally}");
}
