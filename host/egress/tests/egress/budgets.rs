//! Budgets at the door: concurrency, short waits inside, long ones handed back, 429 as an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use counterfoil_domain::card::{BudgetLimit, BudgetScope};
use counterfoil_domain::ports::{Call, Caller, Door as _, Outcome, SendError, WallClock};
use counterfoil_egress::{BudgetKeeper, BudgetSnapshot, ExchangeSink, HttpDoor};

use crate::support::{MemoryVault, door, read, route, serve};

fn limit(scope: BudgetScope, calls: u32, millis: u64) -> BudgetLimit {
    BudgetLimit { scope, calls, window: Duration::from_millis(millis), remaining_header: None }
}

#[tokio::test]
async fn no_more_calls_at_once_than_the_card_says() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now2, most2) = (Arc::clone(&now), Arc::clone(&most));
    let app = Router::new().route(
        "/things",
        get(move || async move {
            let count = now2.fetch_add(1, Ordering::SeqCst) + 1;
            most2.fetch_max(count, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            now2.fetch_sub(1, Ordering::SeqCst);
            "ok"
        }),
    );
    let mut route = route(&serve(app).await);
    route.budgets.concurrency = 5;
    let (door, _) = door(&MemoryVault::with(&[]), route);
    let door = Arc::new(door);
    let calls: Vec<_> = (0..60)
        .map(|_| {
            tokio::spawn({
                let door = Arc::clone(&door);
                async move { door.send(read("/things")).await }
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn short_waits_are_slept_and_long_ones_handed_back() {
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    let app = Router::new().route(
        "/things",
        get(move || async move {
            count.fetch_add(1, Ordering::SeqCst);
            "ok"
        }),
    );
    let base = serve(app).await;
    let mut short = route(&base);
    short.budgets.limits = vec![limit(BudgetScope::Connection, 3, 300)];
    let (door, _) = door(&MemoryVault::with(&[]), short.clone());
    let begun = Instant::now();
    for _ in 0..7 {
        door.send(read("/things")).await.unwrap();
    }
    assert!(begun.elapsed() >= Duration::from_millis(600), "{:?}", begun.elapsed());
    assert_eq!(heard.load(Ordering::SeqCst), 7);

    let mut long = short;
    long.budgets.limits = vec![limit(BudgetScope::Connection, 100, 300), limit(BudgetScope::App, 2, 60_000)];
    let (door, records) = crate::support::door(&MemoryVault::with(&[]), long.clone());
    for _ in 0..2 {
        door.send(read("/things")).await.unwrap();
    }
    let begun = Instant::now();
    let error = door.send(read("/things")).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_millis(100));
    assert!(
        matches!(&error, SendError::OverBudget { scope, until } if scope == "app" && *until > chrono::Utc::now() + chrono::Duration::seconds(50)),
        "{error:?}"
    );
    assert_eq!((error.outcome(), heard.load(Ordering::SeqCst)), (Outcome::NotSent, 9));
    assert_eq!(records.lock().unwrap().last().unwrap().outcome, "not-sent");

    // Another connection of the same app shares the budget; one of another app does not.
    for (id, app, opens) in [("b", "acme", false), ("c", "other", true)] {
        let caller = Caller::Connection(id.into());
        let mut other = long.clone();
        other.caller = caller.clone();
        other.app = app.to_owned();
        door.set_route(other);
        assert_eq!(door.send(Call { caller, ..read("/things") }).await.is_ok(), opens, "{id}");
    }

    // A new process goes on from what the former counted.
    let saved = door.snapshot().to_json().unwrap();
    let reborn = HttpDoor::new(MemoryVault::with(&[]), Arc::new(WallClock), ExchangeSink::none());
    reborn.restore(&BudgetSnapshot::from_json(&saved).unwrap());
    reborn.set_route(long);
    assert!(matches!(reborn.send(read("/things")).await.unwrap_err(), SendError::OverBudget { .. }));
}

#[tokio::test]
async fn a_429_is_an_answer_and_closes_the_door_for_a_while() {
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    let app = Router::new().route(
        "/things",
        get(move || async move {
            if count.fetch_add(1, Ordering::SeqCst) == 0 {
                (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "60")], "slow down")
            } else {
                (StatusCode::OK, [("x-echo", "")], "ok")
            }
        }),
    );
    let (door, _) = door(&MemoryVault::with(&[]), route(&serve(app).await));
    let first = door.send(read("/things")).await.unwrap();
    assert_eq!((first.status, first.header("Retry-After")), (429, Some("60")));
    for _ in 0..10 {
        assert!(matches!(door.send(read("/things")).await.unwrap_err(), SendError::OverBudget { .. }));
    }
    assert_eq!(heard.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn concurrent_429s_without_a_wait_are_backed_off_shortly() {
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    let app = Router::new().route(
        "/things",
        get(move || async move {
            if count.fetch_add(1, Ordering::SeqCst) == 0 {
                (StatusCode::TOO_MANY_REQUESTS, [("x-rate-limit-problem", "concurrent")], "")
            } else {
                (StatusCode::OK, [("x-echo", "")], "ok")
            }
        }),
    );
    let (door, _) = door(&MemoryVault::with(&[]), route(&serve(app).await));
    let begun = Instant::now();
    assert_eq!(door.send(read("/things")).await.unwrap().status, 429);
    assert_eq!(door.send(read("/things")).await.unwrap().status, 200);
    assert!(
        (Duration::from_millis(450)..Duration::from_millis(1500)).contains(&begun.elapsed()),
        "{:?}",
        begun.elapsed()
    );
}

/// A process that is killed at any moment: the next one never lets out what the target does not allow.
#[tokio::test]
async fn what_was_sent_is_on_disk_before_it_is_sent() {
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    let app = Router::new().route(
        "/things",
        get(move || async move {
            count.fetch_add(1, Ordering::SeqCst);
            "ok"
        }),
    );
    let mut route = route(&serve(app).await);
    route.budgets.limits = vec![limit(BudgetScope::Connection, 10, 600_000)];
    let disk = Arc::new(std::sync::Mutex::new(None::<String>));
    let saves = Arc::new(AtomicUsize::new(0));
    let keeper = || {
        let (disk, saves) = (Arc::clone(&disk), Arc::clone(&saves));
        BudgetKeeper::new(move |snapshot| {
            saves.fetch_add(1, Ordering::SeqCst);
            *disk.lock().unwrap() = Some(snapshot.to_json().unwrap());
            Ok(())
        })
    };
    let start = || {
        let door = HttpDoor::new(MemoryVault::with(&[]), Arc::new(WallClock), ExchangeSink::none()).keeping(keeper());
        if let Some(text) = disk.lock().unwrap().as_deref() {
            door.restore(&BudgetSnapshot::from_json(text).unwrap());
        }
        door.set_route(route.clone());
        door
    };
    // Killed after every third call: nothing of the former process gets to say goodbye.
    let mut lives = 0;
    loop {
        lives += 1;
        let door = start();
        let mut sent = 0;
        while sent < 3 && door.send(read("/things")).await.is_ok() {
            sent += 1;
        }
        if sent < 3 {
            break;
        }
    }
    let heard_by_kills = heard.load(Ordering::SeqCst);
    assert!((6..=10).contains(&heard_by_kills), "{heard_by_kills} in {lives} lives");

    // A good stop loses nothing, and nothing goes out after it.
    *disk.lock().unwrap() = None;
    heard.store(0, Ordering::SeqCst);
    for _ in 0..5 {
        let door = start();
        for _ in 0..2 {
            door.send(read("/things")).await.unwrap();
        }
        door.close().await.unwrap();
        assert!(matches!(door.send(read("/things")).await.unwrap_err(), SendError::OverBudget { .. }));
    }
    assert!(matches!(start().send(read("/things")).await.unwrap_err(), SendError::OverBudget { .. }));
    assert_eq!(heard.load(Ordering::SeqCst), 10, "all of them and not one more");

    // Nothing counted, nothing written.
    let door = start();
    door.keep_budgets().await.unwrap();
    let before = saves.load(Ordering::SeqCst);
    for _ in 0..10 {
        door.keep_budgets().await.unwrap();
    }
    assert_eq!(saves.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn a_disk_that_keeps_nothing_lets_nothing_out() {
    let heard = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&heard);
    let app = Router::new().route(
        "/things",
        get(move || async move {
            count.fetch_add(1, Ordering::SeqCst);
            "ok"
        }),
    );
    let mut route = route(&serve(app).await);
    route.budgets.limits = vec![limit(BudgetScope::Connection, 10, 60_000)];
    let is_full = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let asked = Arc::clone(&is_full);
    let keeper = BudgetKeeper::new(move |_| {
        if asked.load(Ordering::SeqCst) { Err("no space left on device".to_owned()) } else { Ok(()) }
    });
    let door = HttpDoor::new(MemoryVault::with(&[]), Arc::new(WallClock), ExchangeSink::none()).keeping(keeper);
    door.set_route(route);
    let error = door.send(read("/things")).await.unwrap_err();
    assert_eq!((error.outcome(), heard.load(Ordering::SeqCst)), (Outcome::NotSent, 0));
    assert!(error.to_string().contains("no space left on device"), "{error}");
    is_full.store(false, Ordering::SeqCst);
    assert_eq!(door.send(read("/things")).await.unwrap().status, 200);
}

/// A limit for everything behind one address is one count for all connections of a plugin, whatever host each goes to.
#[tokio::test]
async fn connections_to_different_hosts_share_what_one_address_may_do() {
    let heard = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
    let app = |count: &Arc<AtomicUsize>| {
        let count = Arc::clone(count);
        Router::new().route(
            "/things",
            get(move || async move {
                count.fetch_add(1, Ordering::SeqCst);
                "ok"
            }),
        )
    };
    let door = HttpDoor::new(MemoryVault::with(&[]), Arc::new(WallClock), ExchangeSink::none());
    for (name, plugin, count) in
        [("a", "plugin/syncro", &heard[0]), ("b", "plugin/syncro", &heard[1]), ("c", "plugin/other", &heard[1])]
    {
        let mut route = route(&serve(app(count)).await);
        route.caller = Caller::Connection(name.into());
        route.app = plugin.to_owned();
        route.budgets.limits = vec![limit(BudgetScope::EgressIp, 3, 60_000)];
        door.set_route(route);
    }
    let call = |name: &str| Call { caller: Caller::Connection(name.into()), ..read("/things") };
    for name in ["a", "b", "a"] {
        assert_eq!(door.send(call(name)).await.unwrap().status, 200);
    }
    let refused = door.send(call("b")).await.unwrap_err();
    assert!(matches!(refused, SendError::OverBudget { .. }), "{refused}");
    assert_eq!((heard[0].load(Ordering::SeqCst), heard[1].load(Ordering::SeqCst)), (2, 1));
    assert_eq!(door.send(call("c")).await.unwrap().status, 200, "another vendor counts for itself");
}
