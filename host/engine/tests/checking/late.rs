//! Sources that are late, that crowd a moment, whose clock is off, and that answer with nothing: as tables.

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::order::{Order, OrderType};
use counterfoil_domain::ports::Clock;
use counterfoil_domain::run::RunState;

use super::desk::{Desk, NOW};
use super::market::{Listed, at, order, subscription};

fn created(id: &str, created_at: DateTime<Utc>) -> Order {
    Order { created_at, provisioned_at: Some(created_at), ..order(id, OrderType::Sales, "", NOW) }
}

#[tokio::test]
async fn orders_show_themselves_up_to_two_days_late() {
    // Every delay, with checks that come often and seldom; others that are punctual push the cursor on meanwhile.
    for every in [1, 7, 24] {
        let desk = Desk::open().await;
        desk.check().await;
        for late in 0..48 {
            let at = at(NOW) + Duration::hours(late);
            let listed = Listed { order: created(&format!("late-{late}"), at), from: Some(at + Duration::hours(late)) };
            desk.market.state.lock().unwrap().orders.push(listed);
            let listed = Listed { order: created(&format!("now-{late}"), at), from: Some(at) };
            desk.market.state.lock().unwrap().orders.push(listed);
        }
        while desk.clock.now() < at(NOW) + Duration::hours(120) {
            desk.clock.advance(Duration::hours(every));
            desk.check().await;
        }
        assert_eq!(desk.tasks().await.len(), 96, "checks every {every} hours");
    }
}

#[tokio::test]
async fn orders_of_one_moment_are_all_read_wherever_the_pages_end() {
    for (count, page, repeats) in [
        (1, 1, 0),
        (2, 1, 0),
        (7, 3, 0),
        (40, 39, 0),
        (40, 40, 0),
        (41, 40, 0),
        (100, 9, 4),
        (499, 500, 0),
        (500, 7, 3),
    ] {
        let desk = Desk::open().await;
        desk.market.add(created("first", at(NOW) - Duration::days(1)));
        desk.check().await;
        {
            let mut state = desk.market.state.lock().unwrap();
            (state.page, state.repeats) = (page, repeats);
        }
        let moment = at(NOW) + Duration::hours(1);
        desk.clock.advance(Duration::hours(2));
        // Half of them before a check, half after it, all of the very moment at which the cursor then stands.
        for half in 0..2 {
            for n in (0..count).filter(|n| n % 2 == half) {
                desk.market.add(created(&n.to_string(), moment));
            }
            assert_eq!(desk.check().await.state, RunState::Done);
        }
        assert_eq!(desk.tasks().await.len(), count + 1, "{count} orders, pages of {page}");
        let again = desk.check().await;
        assert_eq!(again.counted("tasks-new"), 0);
    }
}

#[tokio::test]
async fn a_clock_that_is_off_loses_and_doubles_nothing() {
    // The source's clock against ours in minutes, and steps of ours in hours, one a check.
    let steps: [&[i64]; 5] = [&[6, 6, 6, 6], &[6, -1, 6, 6], &[6, 25, 6, -24], &[-24, 6, 30, 6], &[1, 1, 1, 1]];
    for skew in [-15, 0, 15] {
        for steps in steps {
            let desk = Desk::open().await;
            desk.check().await;
            let mut source = at(NOW);
            for (number, step) in steps.iter().enumerate() {
                // Real time goes on by six hours, whatever our clock says.
                source += Duration::hours(6);
                for order in 0..3 {
                    let at = source + Duration::minutes(skew - order * 90);
                    desk.market.add(created(&format!("{number}-{order}"), at));
                }
                desk.clock.advance(Duration::hours(*step));
                assert_eq!(desk.check().await.state, RunState::Done, "{skew} {steps:?}");
            }
            let tasks = desk.tasks().await;
            assert_eq!(tasks.len(), 3 * steps.len(), "source {skew} minutes off, ours stepping {steps:?}");
        }
    }
}

#[tokio::test]
async fn an_empty_answer_is_believed_only_where_nothing_speaks_against_it() {
    // A source that shows nothing at all any more.
    let desk = Desk::open().await;
    desk.market.add(created("1", at(NOW) - Duration::days(1)));
    desk.check().await;
    desk.market.state.lock().unwrap().hollow = true;
    for _ in 0..2 {
        desk.clock.advance(Duration::days(1));
        let run = desk.check().await;
        assert_eq!(run.state, RunState::Incomplete);
        assert!(run.problems.iter().any(|problem| problem.code == "list-empty"), "{:?}", run.problems);
    }
    desk.market.state.lock().unwrap().hollow = false;
    desk.market.add(created("2", at(NOW) + Duration::days(1)));
    assert_eq!(desk.check().await.state, RunState::Done);
    assert_eq!(desk.shown().await, ["N-1 ready", "N-2 ready"]);

    // Months without an order are none of its faults.
    let quiet = Desk::open().await;
    quiet.market.add(created("1", at(NOW) - Duration::days(200)));
    quiet.market.state.lock().unwrap().subscriptions = vec![subscription("s", 1)];
    for _ in 0..3 {
        assert_eq!(quiet.check().await.state, RunState::Done);
        quiet.clock.advance(Duration::days(1));
    }
    // Nor is a marketplace that never had one.
    let empty = Desk::open().await;
    empty.market.state.lock().unwrap().subscriptions = vec![subscription("s", 1)];
    for _ in 0..3 {
        assert_eq!(empty.check().await.state, RunState::Done);
        empty.clock.advance(Duration::days(1));
    }
}

#[tokio::test]
async fn an_empty_list_of_subscriptions_makes_nobody_go_without_a_snapshot() {
    let desk = Desk::open().await;
    desk.market.add(order("1", OrderType::Change, "s", "2026-11-20"));
    {
        let mut state = desk.market.state.lock().unwrap();
        state.subscriptions = vec![subscription("s", 1)];
        state.no_list = true;
    }
    let run = desk.check().await;
    assert_eq!(run.state, RunState::Incomplete);
    assert!(desk.tasks().await.is_empty(), "{:?}", desk.shown().await);
    desk.market.state.lock().unwrap().no_list = false;
    assert_eq!(desk.check().await.state, RunState::Done);
    assert_eq!(desk.shown().await, ["N-1 covered-by-initial-task", "SUB-s ready"]);
}

#[tokio::test]
async fn many_strangers_are_cheaper_met_all_at_once() {
    for (strangers, lists, asked) in [(100, 0, 100), (101, 1, 0)] {
        let desk = Desk::open().await;
        desk.check().await;
        for n in 0..strangers {
            let id = format!("s{n}");
            desk.market.state.lock().unwrap().subscriptions.push(subscription(&id, 1));
            desk.market.add(order(&n.to_string(), OrderType::Sales, &id, NOW));
        }
        desk.check().await;
        let state = desk.market.state.lock().unwrap();
        assert_eq!((state.subscriptions_read - 1, state.records_read), (lists, asked), "{strangers} strangers");
    }
}
