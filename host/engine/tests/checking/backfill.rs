//! Days that a person chose: read however old, judged as always, without moving the cursor.

use chrono::Duration;
use counterfoil_domain::connection::HostRules;
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::order::{Order, OrderStatus, OrderType};
use counterfoil_domain::period::Period;
use counterfoil_domain::ports::Cursor;
use counterfoil_domain::run::{Run, RunKind, RunState};

use super::desk::Desk;
use super::market::{order, subscription};

async fn read(desk: &Desk, from: &str, before: &str) -> Run {
    let days = Period::new(from.parse().unwrap(), before.parse().unwrap()).unwrap();
    desk.run("x", RunKind::Backfill(days)).await
}

async fn cursor(desk: &Desk) -> Cursor {
    desk.store.cursor(&ConnectionId::new("x")).await.unwrap().unwrap()
}

#[tokio::test]
async fn before_the_first_check_it_is_refused() {
    let desk = Desk::open().await;
    desk.market.add(order("1", OrderType::Sales, "", "2026-03-10"));
    let run = read(&desk, "2026-03-01", "2026-04-01").await;
    assert_eq!(run.state, RunState::Failed);
    assert!(run.problems[0].message.contains("has not been checked yet"), "{:?}", run.problems);
    assert!(desk.tasks().await.is_empty());
    assert_eq!(desk.store.cursor(&ConnectionId::new("x")).await.unwrap(), None);
}

#[tokio::test]
async fn orders_of_the_days_are_judged_as_always_and_the_cursor_stays() {
    for deaf in [false, true] {
        let desk = Desk::open().await;
        desk.market.state.lock().unwrap().subscriptions = vec![subscription("s", 3)];
        desk.market.add(order("before", OrderType::Sales, "", "2026-02-28T23:59:59Z"));
        desk.market.add(order("first", OrderType::Sales, "", "2026-03-01"));
        desk.market.add(order("covered", OrderType::Change, "s", "2026-03-15"));
        desk.market.add(order("last", OrderType::Sales, "", "2026-03-31T23:59:59Z"));
        desk.market.add(order("after", OrderType::Sales, "", "2026-04-01"));
        let waiting = order("waiting", OrderType::Sales, "", "2026-03-20");
        desk.market.add(order("now", OrderType::Sales, "", "2026-11-20"));
        assert_eq!(desk.check().await.counted("orders-before-window"), 5);
        assert_eq!(desk.shown().await, ["N-now ready", "SUB-s ready"]);
        // It became visible only now, months late, and is not final.
        desk.market.add(Order { status: OrderStatus::Processing, ..waiting.clone() });
        let before = cursor(&desk).await;
        {
            let mut state = desk.market.state.lock().unwrap();
            (state.deaf, state.page, state.details_read) = (deaf, 2, 0);
        }

        let run = read(&desk, "2026-03-01", "2026-04-01").await;
        assert_eq!(
            (run.state, run.counted("orders-seen"), run.counted("tasks-new")),
            (RunState::Done, 4, 4),
            "{run:?}"
        );
        let shown = [
            "N-covered covered-by-initial-task",
            "N-first ready",
            "N-last ready",
            "N-now ready",
            "N-waiting not-final",
            "SUB-s ready",
        ];
        assert_eq!(desk.shown().await, shown);
        assert_eq!(cursor(&desk).await, before);
        assert_eq!(desk.market.state.lock().unwrap().details_read, 4);

        // The same days again: what is known and unchanged makes nothing new, what is open is read again.
        let again = read(&desk, "2026-03-01", "2026-04-01").await;
        assert_eq!(
            (again.state, again.counted("tasks-new"), again.counted("orders-unchanged")),
            (RunState::Done, 0, 3)
        );
        // From now on the open one is watched by every check.
        desk.market.put(waiting);
        desk.clock.advance(Duration::hours(1));
        desk.check().await;
        assert!(desk.shown().await.contains(&"N-waiting ready".to_owned()));
    }
}

#[tokio::test]
async fn the_start_day_does_not_exclude_what_a_person_asks_for() {
    let rules = HostRules { start_on: Some("2026-11-01".parse().unwrap()), ..HostRules::default() };
    let desk = Desk::with(rules).await;
    desk.market.add(order("1", OrderType::Sales, "", "2026-10-15"));
    desk.check().await;
    assert!(desk.shown().await.is_empty());
    read(&desk, "2026-10-01", "2026-11-01").await;
    assert_eq!(desk.shown().await, ["N-1 ready"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_said_and_read_again_the_same_way() {
    let desk = Desk::open().await;
    for n in 0..6 {
        desk.market.add(order(&n.to_string(), OrderType::Sales, "", "2026-03-10"));
    }
    desk.check().await;
    {
        let mut state = desk.market.state.lock().unwrap();
        (state.page, state.broken_page) = (3, Some(1));
        state.broken.insert("0".into());
    }
    let run = read(&desk, "2026-03-01", "2026-04-01").await;
    assert_eq!(run.state, RunState::Incomplete);
    let codes: Vec<&str> = run.problems.iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(codes, ["page-unreadable", "order-unreadable", "backfill-incomplete"]);
    assert_eq!(desk.tasks().await.len(), 2);
    {
        let mut state = desk.market.state.lock().unwrap();
        (state.broken_page, state.broken) = (None, Default::default());
    }
    assert_eq!(read(&desk, "2026-03-01", "2026-04-01").await.state, RunState::Done);
    assert_eq!(desk.tasks().await.len(), 6);
}

#[tokio::test]
async fn an_order_that_another_connection_reads_is_read_for_ours_too() {
    let desk = Desk::open().await;
    desk.second().await;
    desk.market.add(order("1", OrderType::Sales, "", "2026-03-10"));
    desk.check_of("x").await;
    desk.check_of("y").await;
    read(&desk, "2026-03-01", "2026-04-01").await;
    assert_eq!((desk.shown_of("x").await.len(), desk.shown_of("y").await.len()), (1, 0));
    let days = Period::new("2026-03-01".parse().unwrap(), "2026-04-01".parse().unwrap()).unwrap();
    desk.run("y", RunKind::Backfill(days)).await;
    assert_eq!(desk.shown_of("y").await, ["N-1 ready"]);
}
