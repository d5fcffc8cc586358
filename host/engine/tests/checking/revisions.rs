//! Orders seen again: revised, undone, cancelled, by one connection and by another.

use chrono::Duration;
use counterfoil_domain::order::{Order, OrderStatus, OrderType};
use counterfoil_domain::task::TaskState;
use rust_decimal::Decimal;

use super::desk::Desk;
use super::market::order;

fn revised(order: &Order, amount: i64) -> Order {
    let mut order = order.clone();
    order.total = Some(amount.into());
    order.lines[0].unit_price = Decimal::from(amount);
    order.lines[0].amount = Decimal::from(amount);
    order
}

#[tokio::test]
async fn an_order_that_goes_back_to_what_it_said_is_not_lost() {
    let desk = Desk::open().await;
    let first = order("1", OrderType::Sales, "", "2026-11-21");
    let seen = [
        (first.clone(), "ready"),
        (Order { status: OrderStatus::Processing, ..first.clone() }, "not-final"),
        (first.clone(), "ready"),
        (revised(&first, 12), "ready"),
        (first.clone(), "ready"),
    ];
    for (number, (order, state)) in seen.into_iter().enumerate() {
        desk.market.put(order);
        desk.check().await;
        desk.check().await;
        let mut shown = vec![format!("N-1 {state}")];
        shown.extend((0..number).map(|_| "N-1 superseded".to_owned()));
        shown.sort();
        assert_eq!(desk.shown().await, shown, "step {number}");
    }
}

#[tokio::test]
async fn a_revision_undone_after_sending_leaves_nothing_to_decide() {
    let desk = Desk::open().await;
    let first = order("1", OrderType::Sales, "", "2026-11-21");
    desk.market.put(first.clone());
    desk.check().await;
    desk.sent("N-1").await;
    desk.market.put(revised(&first, 12));
    desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 pending", "N-1 synced"]);
    desk.market.put(first);
    desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 superseded", "N-1 synced"]);
}

#[tokio::test]
async fn an_order_cancelled_after_sending_waits_for_a_person() {
    let desk = Desk::open().await;
    let first = order("1", OrderType::Sales, "", "2026-11-21");
    desk.market.put(first.clone());
    desk.check().await;
    desk.sent("N-1").await;
    desk.market.put(Order { status: OrderStatus::Cancelled, lines: vec![], total: None, ..first });
    for _ in 0..2 {
        desk.check().await;
        assert_eq!(desk.shown().await, ["N-1 pending", "N-1 synced"]);
    }
}

#[tokio::test]
async fn both_connections_see_an_order_complete_and_go_back() {
    let desk = Desk::open().await;
    desk.second().await;
    let last = order("1", OrderType::Sales, "", "2026-03-01");
    let waiting = Order { status: OrderStatus::Processing, ..last.clone() };
    desk.market.put(waiting.clone());
    desk.check_of("x").await;
    desk.check_of("y").await;
    for (order, by) in [(&last, "x"), (&waiting, "y"), (&last, "x")] {
        desk.clock.advance(Duration::days(40));
        desk.market.put(order.clone());
        desk.check_of(by).await;
    }
    desk.check_of("y").await;
    for connection in ["x", "y"] {
        let open = desk.tasks_of(connection).await;
        let open = open.iter().filter(|task| matches!(task.state, TaskState::Ready)).count();
        assert_eq!(open, 1, "{connection}: {:?}", desk.shown_of(connection).await);
    }
}
