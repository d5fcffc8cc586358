//! The daily deep look: what was final and is revised late is read again, at the price of list rows, and what the first
//! check only counted stays so.

use chrono::Duration;
use counterfoil_domain::order::{Order, OrderStatus, OrderType};
use counterfoil_domain::run::RunState;
use rust_decimal::Decimal;

use super::desk::{Desk, NOW};
use super::market::{at, order};

fn dearer(order: Order) -> Order {
    let mut order = Order { total: Some(Decimal::from(12)), ..order };
    order.lines[0].unit_price = Decimal::from(12);
    order.lines[0].amount = Decimal::from(12);
    order
}

/// What one more check asks the source for: rows of the list, orders.
async fn cost(desk: &Desk) -> (usize, usize) {
    {
        let mut state = desk.market.state.lock().unwrap();
        (state.rows_shown, state.details_read) = (0, 0);
    }
    assert_eq!(desk.check().await.state, RunState::Done);
    let state = desk.market.state.lock().unwrap();
    (state.rows_shown, state.details_read)
}

#[tokio::test]
async fn a_completed_order_that_is_revised_late_is_read_again_within_a_day() {
    let desk = Desk::open().await;
    // One order a day for sixty days, the last one today.
    for day in 0..60 {
        let created = at(NOW) - Duration::days(day);
        desk.market.add(Order { created_at: created, ..order(&day.to_string(), OrderType::Sales, "", "2026-01-01") });
    }
    desk.check().await;
    // Today's and the thirty-one days of the window that began a calendar month ago.
    let tasks = desk.tasks().await.len();
    assert_eq!(tasks, 32);
    let old = desk.market.state.lock().unwrap().orders[20].order.clone();
    desk.market.put(dearer(old));

    // Ordinary checks look back two days.
    desk.clock.advance(Duration::hours(1));
    assert_eq!(cost(&desk).await, (3, 0));
    assert_eq!(desk.tasks().await.len(), tasks);
    // Once a day the list is looked at further back, and only what changed is read.
    desk.clock.advance(Duration::hours(23));
    assert_eq!(cost(&desk).await, (36, 1));
    let of: Vec<String> = desk.shown().await.into_iter().filter(|shown| shown.starts_with("N-20 ")).collect();
    assert_eq!(of, ["N-20 ready", "N-20 superseded"]);
    // What was only counted, from before the window, is within reach of it and stays counted.
    assert_eq!(desk.tasks().await.len(), tasks + 1);
    // Not again on the same day, and nothing to read the day after.
    desk.clock.advance(Duration::hours(1));
    assert_eq!(cost(&desk).await, (3, 0));
    desk.clock.advance(Duration::days(1));
    assert_eq!(cost(&desk).await, (36, 0));
}

#[tokio::test]
async fn an_order_that_was_sent_and_is_revised_late_waits_for_a_person() {
    let desk = Desk::open().await;
    let first = order("1", OrderType::Sales, "", "2026-11-20");
    desk.market.add(first.clone());
    desk.check().await;
    desk.sent("N-1").await;
    desk.clock.advance(Duration::days(30));
    desk.market.add(order("2", OrderType::Sales, "", "2026-12-20"));
    desk.check().await;
    desk.market.put(dearer(first));
    desk.clock.advance(Duration::days(1));
    desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 pending", "N-1 synced", "N-2 ready"]);
}

#[tokio::test]
async fn an_order_that_shows_itself_after_more_than_two_days_is_found() {
    let desk = Desk::open().await;
    desk.market.add(order("1", OrderType::Sales, "", "2026-11-20"));
    desk.check().await;
    desk.clock.advance(Duration::days(20));
    desk.market.add(order("2", OrderType::Sales, "", "2026-12-10"));
    desk.check().await;
    // Five days late; and one that is final and older than anything the first check listed.
    desk.market.add(order("3", OrderType::Sales, "", "2026-12-05"));
    desk.market.add(order("4", OrderType::Sales, "", "2026-10-10"));
    desk.clock.advance(Duration::days(1));
    desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 ready", "N-2 ready", "N-3 ready"]);
}

#[tokio::test]
async fn what_could_not_be_read_is_looked_for_again_at_once() {
    let desk = Desk::open().await;
    let old = order("1", OrderType::Sales, "", "2026-11-01");
    desk.market.add(old.clone());
    desk.market.add(order("2", OrderType::Sales, "", "2026-11-20"));
    desk.check().await;
    desk.clock.advance(Duration::days(1));
    desk.market.put(dearer(old));
    desk.market.state.lock().unwrap().broken.insert("1".into());
    assert_eq!(desk.check().await.state, RunState::Incomplete);
    desk.market.state.lock().unwrap().broken.clear();
    assert_eq!(desk.check().await.state, RunState::Done);
    assert_eq!(desk.shown().await, ["N-1 ready", "N-1 superseded", "N-2 ready"]);
}

#[tokio::test]
async fn what_another_connection_reads_again_is_no_news_from_before_our_window() {
    let desk = Desk::open().await;
    let old = order("1", OrderType::Sales, "", "2026-11-01");
    desk.market.add(old.clone());
    desk.market.add(order("2", OrderType::Sales, "", "2026-11-20"));
    desk.check_of("x").await;
    // Another connection begins a month and more later: order 1 is before its window.
    desk.clock.advance(Duration::days(13));
    desk.market.add(order("3", OrderType::Sales, "", "2026-12-03"));
    desk.second().await;
    desk.check_of("y").await;
    assert_eq!(desk.shown_of("y").await, ["N-2 ready", "N-3 ready"]);
    for (revised, by) in [(dearer(old.clone()), ["x", "y"]), (old, ["y", "x"])] {
        desk.market.put(revised);
        desk.clock.advance(Duration::days(1));
        for connection in by {
            desk.check_of(connection).await;
        }
        assert_eq!(desk.shown_of("y").await, ["N-2 ready", "N-3 ready"]);
    }
    let ours = desk.shown_of("x").await;
    assert_eq!(ours.iter().filter(|shown| shown.as_str() == "N-1 ready").count(), 1, "{ours:?}");
    assert_eq!(ours.iter().filter(|shown| shown.as_str() == "N-1 superseded").count(), 2, "{ours:?}");
}

#[tokio::test]
async fn orders_that_wait_are_not_read_more_often_for_it() {
    let desk = Desk::open().await;
    for n in 0..5 {
        let waits = order(&n.to_string(), OrderType::Sales, "", "2026-11-10");
        desk.market.add(Order { status: OrderStatus::Processing, ..waits });
    }
    desk.market.add(order("9", OrderType::Sales, "", "2026-11-20"));
    desk.check().await;
    desk.clock.advance(Duration::hours(1));
    assert_eq!(cost(&desk).await, (1, 5));
    desk.clock.advance(Duration::days(1));
    assert_eq!(cost(&desk).await, (6, 5));
}
