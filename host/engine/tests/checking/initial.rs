//! Initial tasks and what they stand for: nothing billed twice, nothing lost beside them.

use chrono::Duration;
use counterfoil_domain::connection::HostRules;
use counterfoil_domain::market::SubscriptionStatus;
use counterfoil_domain::order::{Fee, Order, OrderStatus, OrderType};
use counterfoil_domain::period::Period;
use counterfoil_domain::run::{RunKind, RunState, Selection};
use counterfoil_domain::task::TaskState;
use rust_decimal::Decimal;

use super::desk::Desk;
use super::market::{line, order, subscription};

fn with_subscription(desk: &Desk, id: &str, seats: i64) {
    let mut state = desk.market.state.lock().unwrap();
    state.subscriptions.retain(|s| s.id.as_str() != id);
    state.subscriptions.push(subscription(id, seats));
}

#[tokio::test]
async fn a_change_after_the_snapshot_is_in_no_snapshot() {
    let desk = Desk::open().await;
    with_subscription(&desk, "s", 10);
    desk.check().await;
    desk.clock.advance(Duration::hours(5));
    // Provisioned "on this day": its midnight is before the snapshot, its creation is not.
    let mut change = order("1", OrderType::Change, "s", "2026-11-21T14:00:00Z");
    change.provisioned_at = Some(super::market::at("2026-11-21"));
    desk.market.add(change);
    desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 ready", "SUB-s ready"]);
}

#[tokio::test]
async fn the_snapshot_stays_as_it_was_taken() {
    let desk = Desk::open().await;
    with_subscription(&desk, "s", 10);
    desk.check().await;
    desk.clock.advance(Duration::days(1));
    // Five more seats, billed by their own order; a stranger makes the lists be read again.
    with_subscription(&desk, "s", 15);
    desk.market.add(order("1", OrderType::Change, "s", "2026-11-22"));
    with_subscription(&desk, "t", 1);
    desk.market.add(order("2", OrderType::Sales, "t", "2026-11-22"));
    desk.check().await;
    desk.run("x", RunKind::Plan(Selection::AllReady)).await;
    let jobs = desk.paper.jobs.lock().unwrap();
    let initial = jobs.iter().find(|job| job.order.number == "SUB-s").unwrap();
    assert_eq!(initial.order.total, Decimal::from(100), "ten seats: the other five have their own order");
}

#[tokio::test]
async fn what_changes_while_the_lists_are_read_is_judged_by_itself() {
    let desk = Desk::open().await;
    with_subscription(&desk, "s", 10);
    desk.market.state.lock().unwrap().takes = Some(Duration::minutes(30));
    desk.market.add(order("1", OrderType::Change, "s", "2026-11-21T10:20:00Z"));
    desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 ready", "SUB-s ready"]);
}

#[tokio::test]
async fn a_change_that_waited_months_without_a_provisioning_date_is_not_covered() {
    let desk = Desk::open().await;
    with_subscription(&desk, "s", 10);
    let waiting = Order {
        status: OrderStatus::Processing,
        provisioned_at: None,
        on_renewal: true,
        ..order("1", OrderType::Change, "s", "2026-06-01")
    };
    desk.market.add(waiting.clone());
    desk.market.add(order("2", OrderType::Change, "s", "2026-11-15"));
    desk.check().await;
    desk.clock.advance(Duration::days(120));
    desk.check().await;
    desk.market.put(Order { status: OrderStatus::Completed, ..waiting });
    desk.check().await;
    let shown = ["N-1 ready", "N-1 superseded", "N-2 covered-by-initial-task", "SUB-s ready"];
    assert_eq!(desk.shown().await, shown);
}

#[tokio::test]
async fn a_first_check_that_takes_weeks_keeps_its_window() {
    let desk = Desk::open().await;
    with_subscription(&desk, "s", 10);
    desk.market.add(order("1", OrderType::Sales, "s", "2026-10-25"));
    desk.market.add(order("2", OrderType::Sales, "", "2026-11-20"));
    desk.market.state.lock().unwrap().broken.insert("2".into());
    assert_eq!(desk.check().await.state, RunState::Incomplete);
    assert_eq!(desk.shown().await, ["N-1 ready"]);
    desk.sent("N-1").await;
    desk.clock.advance(Duration::days(10));
    desk.market.state.lock().unwrap().broken.clear();
    assert_eq!(desk.check().await.state, RunState::Done);
    // The sale of October stands for the subscription still: a snapshot beside it would bill it twice.
    assert_eq!(desk.shown().await, ["N-1 synced", "N-2 ready"]);
}

#[tokio::test]
async fn only_subscriptions_that_the_list_shows_get_one() {
    let desk = Desk::open().await;
    with_subscription(&desk, "s", 10);
    with_subscription(&desk, "gone", 10);
    desk.check().await;
    desk.second().await;
    desk.market.state.lock().unwrap().subscriptions[1].status = SubscriptionStatus::Terminated;
    desk.check_of("y").await;
    assert_eq!(desk.shown_of("y").await, ["SUB-s ready"]);
}

#[tokio::test]
async fn a_subscription_without_a_currency_is_not_passed_over() {
    let desk = Desk::open().await;
    with_subscription(&desk, "s", 10);
    desk.market.state.lock().unwrap().subscriptions[0].currency = None;
    desk.market.add(order("1", OrderType::Sales, "", "2026-11-20"));
    desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 ready", "SUB-s ready"]);
}

/// period of the monthly order | a second line of usage -> what becomes of it
const MONTHLY: &str = "
2026-11-01 2026-12-01 | -     -> covered-by-initial-task
2026-10-01 2026-11-01 | -     -> covered-by-initial-task
2026-12-01 2027-01-01 | -     -> ready
2026-11-01 2026-12-01 | usage -> pending
2026-12-01 2027-01-01 | usage -> ready
";

#[tokio::test]
async fn monthly_orders_are_covered_for_the_periods_that_the_snapshot_bills() {
    for row in MONTHLY.lines().filter(|row| !row.is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let (period, usage) = given.split_once('|').unwrap();
        let (start, end) = period.trim().split_once(' ').unwrap();
        let rules = HostRules { recurring_before_period: true, ..HostRules::default() };
        let desk = Desk::with(rules).await;
        with_subscription(&desk, "s", 10);
        let mut monthly = order("1", OrderType::Billing, "s", "2026-11-20");
        monthly.lines[0].service_period = Some(Period::new(start.parse().unwrap(), end.parse().unwrap()).unwrap());
        if usage.trim() == "usage" {
            monthly.lines.push(line(Fee::ResourceOveruse, "3"));
        }
        desk.market.add(monthly);
        desk.check().await;
        assert_eq!(desk.shown().await, [format!("N-1 {}", expected.trim()), "SUB-s ready".into()], "{row}");
    }
}

#[tokio::test]
async fn an_order_without_lines_proposes_those_of_its_subscription() {
    let desk = Desk::open().await;
    desk.check().await;
    with_subscription(&desk, "s", 18);
    desk.market.add(Order { lines: vec![], ..order("1", OrderType::Cancellation, "s", "2026-11-21") });
    desk.check().await;
    let tasks = desk.tasks().await;
    let TaskState::Pending(needs) = &tasks[0].state else { panic!("{:?}", tasks[0].state) };
    assert!(needs[0].to_string().contains("18 × Seat at 10.00 USD"), "{}", needs[0]);
}
