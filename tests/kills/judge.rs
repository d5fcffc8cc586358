//! The end of a story: the service runs in peace until everything rests, and the books are held against the orders.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rust_decimal::Decimal;
use serde_json::Value;

use crate::kinds::Kind;
use crate::shop::Shop;
use crate::tally::Tally;

/// Two looks, each after the settling time, of what was lost last and then once more in the next batch.
const PATIENCE: Duration = Duration::from_secs(240);

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn rests(kind: Kind, state: &str) -> bool {
    matches!(state, "synced" | "ignored") || kind == Kind::C && state == "uncertain"
}

/// Starts the service on calm targets; whatever waits for somebody's yes gets it. Ends with the service at rest.
pub(crate) async fn settle(shop: &mut Shop) -> Tally {
    shop.ledgers.values().for_each(crate::ledger::Ledger::calm);
    let mut tally = Tally { slowest_ready: shop.house.begin().await, ..Tally::default() };
    shop.keeps_its_word().await.unwrap();
    for kind in shop.ledgers.keys() {
        let checked = shop.check(*kind).await.unwrap();
        assert_eq!(checked["state"], "done", "{checked}");
    }
    let begun = Instant::now();
    loop {
        let mut waiting = Vec::new();
        for kind in shop.ledgers.keys() {
            tally.parked += again(shop, *kind).await;
            // Nothing heals this: what stands there twice is a person's, for ever.
            let twice: Vec<_> =
                shop.ledgers[kind].booked().into_iter().filter(|(_, copies)| copies.len() > 1).collect();
            assert!(twice.is_empty(), "{kind:?} has duplicates: {twice:?}");
            let page = shop.house.get(&format!("/v1/tasks?connection={}&limit=1", kind.connection())).await.unwrap();
            let open = page["totals"].as_array().unwrap().iter().filter(|row| !rests(*kind, text(row, "name")));
            waiting.extend(open.map(|row| format!("{} {row}", kind.name())));
        }
        if waiting.is_empty() {
            return tally;
        }
        assert!(begun.elapsed() < PATIENCE, "these never come to rest: {waiting:#?}\n{}", shop.house.log());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Ready, planned and parked ones go on. How many were parked.
async fn again(shop: &Shop, kind: Kind) -> u64 {
    let parked = shop.house.tasks(&kind.connection(), "parked").await.unwrap();
    for task in &parked {
        let code = task["failure"]["code"].as_str().unwrap();
        assert!(matches!(code, "poison" | "lost-too-often"), "parked for no reason of this test: {task}");
    }
    let ids: Vec<String> = parked.iter().map(|task| task["id"].as_str().unwrap().to_owned()).collect();
    let count = ids.len() as u64;
    if !ids.is_empty() {
        shop.plan(kind, Some(ids)).await.unwrap();
    }
    if !shop.house.tasks(&kind.connection(), "ready").await.unwrap().is_empty() {
        shop.plan(kind, None).await.unwrap();
    }
    // Not waited for: what is uncertain takes its time.
    shop.confirm(kind).await.unwrap();
    count
}

/// Every order, in every connection: there once and for its amount, or in nobody's books and told so.
pub(crate) async fn judged(shop: &mut Shop) -> Tally {
    let mut tally = Tally::default();
    let sold: BTreeMap<String, Decimal> = shop
        .market
        .with_world(|world| world.orders().iter().map(|order| (order.number.clone(), order.total)).collect());
    let may_be_ignored = shop.may_be_ignored.lock().unwrap().clone();
    for (kind, ledger) in &shop.ledgers {
        let (booked, arrived) = (ledger.booked(), ledger.arrived());
        assert!(booked.keys().all(|number| sold.contains_key(number)), "{booked:?} was never sold");
        let tasks = shop.house.tasks(&kind.connection(), "").await.unwrap();
        assert_eq!(tasks.len(), sold.len(), "{kind:?}: a task for each order");
        for task in &tasks {
            let (number, state) = (text(task, "number"), text(task, "state"));
            let copies = booked.get(number).map_or(&[][..], Vec::as_slice);
            let what = format!("{kind:?} {number} is {state} and stands {copies:?} in the books");
            assert!(copies.iter().all(|amount| *amount == sold[number]), "{what}, {} was sold", sold[number]);
            tally.documents += copies.len() as u64;
            tally.duplicates += copies.len().saturating_sub(1) as u64;
            tally.problems.extend((copies.len() > 1).then(|| what.clone()));
            let sends = arrived.get(number).copied().unwrap_or_default();
            match (state, *kind) {
                ("ignored", _) => {
                    assert!(
                        may_be_ignored.contains(text(task, "id")) && sends == 0,
                        "{what}, taken out by nobody or sent"
                    );
                }
                ("uncertain", Kind::C) => tally.left_to_person += 1,
                _ if copies.is_empty() => {
                    tally.lost += 1;
                    tally.problems.push(what.clone());
                }
                _ => assert_eq!(state, "synced", "{what}"),
            }
            if *kind == Kind::C {
                tally.sent_twice_by_itself += u64::from(sends > 1);
                assert!(sends <= 1, "{what}, sent {sends} times by itself");
            }
        }
        tally.faults += ledger.faults();
    }
    shop.keeps_its_word().await.unwrap();
    shop.holds(&shop.promises).await.unwrap();
    for run in &shop.promises.runs {
        shop.house.over(run).await.unwrap();
    }
    tally.promises = shop.promises.count() as u64;
    tally
}

/// Told to stop at rest, it stops in order; its file and its audit log are whole.
pub(crate) async fn closed(shop: &Shop) {
    shop.house.signal("TERM");
    let (took, how) = shop.house.ends_within(Duration::from_secs(10)).await;
    assert_eq!(how.code(), Some(0), "after {took:?}: {}", shop.house.log());
    let store = shop.house.store();
    assert!(store.integrity().await.unwrap().is_good());
    assert_eq!(store.verify_audit().await.unwrap().first_bad, None);
}

/// All three: peace, the books, a clean end.
pub(crate) async fn end(mut shop: Shop) -> Tally {
    let mut tally = settle(&mut shop).await;
    tally.add(judged(&mut shop).await);
    closed(&shop).await;
    assert!(tally.problems.is_empty(), "{tally}");
    tally
}
