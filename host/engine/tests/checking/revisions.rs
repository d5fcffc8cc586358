//! Orders seen again: revised, undone, cancelled, by one connection and by another.

use chrono::Duration;
use counterfoil_domain::adjust::{Adjustments, LineAdjustment, LineSet};
use counterfoil_domain::id::{Actor, BatchId, LineId, PlanDigest, TaskId};
use counterfoil_domain::order::{Fee, LineKind, Order, OrderStatus, OrderType};
use counterfoil_domain::ports::{Clock, Write};
use counterfoil_domain::run::Run;
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Task, TaskState, next};
use rust_decimal::Decimal;

use super::desk::Desk;
use super::market::{line, order};

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

/// Puts a task where another part of the engine would.
async fn put(desk: &Desk, number: &str, state: TaskState) {
    let live = |task: &Task| task.number == number && task.state.account() != "superseded";
    let task = desk.tasks().await.into_iter().find(live).unwrap();
    desk.store.commit(vec![Write::UpdateTask(Task { state, version: task.version + 1, ..task })]).await.unwrap();
}

#[tokio::test]
async fn a_revision_that_waited_for_a_sending_that_came_to_nothing_takes_its_place() {
    let desk = Desk::open().await;
    let first = order("1", OrderType::Sales, "", "2026-11-21");
    desk.market.put(first.clone());
    desk.check().await;
    let (plan, batch, by) = (PlanDigest::new("p"), BatchId::new("b"), Actor::new("upkeep"));
    put(&desk, "N-1", TaskState::Uncertain { plan: plan.clone(), batch, why: "lost".into() }).await;
    let sending = desk.tasks().await.pop().unwrap();
    desk.market.put(revised(&first, 12));
    for _ in 0..2 {
        desk.check().await;
        assert_eq!(desk.shown().await, ["N-1 pending", "N-1 uncertain"]);
    }
    // Looked for and not there: as it was it must not be sent any more, and nothing is in the way of the new one.
    let absent = next(sending.state, Event::FoundAbsent { by }).unwrap();
    let task = desk.store.task(&sending.id).await.unwrap().unwrap();
    desk.store
        .commit(vec![Write::UpdateTask(Task { state: absent, version: task.version + 1, ..task })])
        .await
        .unwrap();
    for _ in 0..2 {
        desk.check().await;
        assert_eq!(desk.shown().await, ["N-1 ready", "N-1 superseded"]);
    }
    assert_eq!(live(&desk).await.amount.amount, Decimal::from(12));
}

/// Somebody sets a description and a price on the order's line, and something on a line that he calls `other`.
async fn adjust(desk: &Desk, task: &Task, lines: &[&str]) {
    let set = |line: &&str| LineAdjustment {
        line: LineId::new(*line),
        fee: Fee::ResourceRecurring,
        product: Some("SEAT".into()),
        set: LineSet { description: Some(format!("as agreed for {line}")), ..LineSet::default() },
    };
    let set = Adjustments {
        lines: lines.iter().map(set).collect(),
        ..Adjustments::none(task.id.clone(), Actor::new("ann"), desk.clock.now())
    };
    desk.store.commit(vec![Write::PutAdjustments(set)]).await.unwrap();
}

async fn live(desk: &Desk) -> Task {
    let live = desk.tasks().await.into_iter().filter(|task| !matches!(task.state, TaskState::Superseded { .. }));
    let [live] = live.collect::<Vec<_>>().try_into().unwrap();
    live
}

async fn set_on(desk: &Desk, task: &TaskId) -> Vec<String> {
    let all = desk.store.adjustments(vec![task.clone()]).await.unwrap();
    all.iter().flat_map(|set| &set.lines).map(|line| line.line.to_string()).collect()
}

fn dropped(run: &Run) -> Vec<&str> {
    run.problems.iter().filter(|one| one.code == "adjustment-dropped").map(|one| one.message.as_str()).collect()
}

#[tokio::test]
async fn what_was_set_on_a_revision_goes_with_the_next_and_what_cannot_is_said() {
    let desk = Desk::open().await;
    let mut first = order("1", OrderType::Sales, "", "2026-11-21");
    first.lines.push(line(Fee::ResourceSetup, "5"));
    first.total = Some(Decimal::from(15));
    desk.market.put(first.clone());
    desk.check().await;
    let recurring = Fee::ResourceRecurring.name();
    adjust(&desk, &live(&desk).await, &[recurring]).await;

    // The other line goes: what was set stays.
    let mut second = first.clone();
    second.lines.truncate(1);
    second.total = Some(Decimal::TEN);
    desk.market.put(second);
    let run = desk.check().await;
    assert_eq!((set_on(&desk, &live(&desk).await.id).await, dropped(&run).len()), (vec![recurring.to_owned()], 0));

    // Back to what it said first, as a revision of its own; set once more, and then the line itself goes.
    desk.market.put(first.clone());
    desk.check().await;
    let third = live(&desk).await;
    assert_eq!(set_on(&desk, &third.id).await, [recurring]);
    let mut fourth = first.clone();
    fourth.lines.remove(0);
    fourth.total = Some(Decimal::from(5));
    desk.market.put(fourth);
    let run = desk.check().await;
    assert!(set_on(&desk, &live(&desk).await.id).await.is_empty());
    let said = dropped(&run);
    assert_eq!(said.len(), 1, "{:?}", run.problems);
    for named in ["N-1", recurring, "as agreed", "ann"] {
        assert!(said[0].contains(named), "{named}: {}", said[0]);
    }
    // Said once, not with every check.
    assert!(dropped(&desk.check().await).is_empty());
}

#[tokio::test]
async fn a_line_that_became_something_else_does_not_take_what_was_set() {
    let desk = Desk::open().await;
    let first = order("1", OrderType::Sales, "", "2026-11-21");
    desk.market.put(first.clone());
    desk.check().await;
    adjust(&desk, &live(&desk).await, &[Fee::ResourceRecurring.name()]).await;
    let mut second = first;
    second.lines[0].kind = LineKind::Fee(Fee::ResourceSetup);
    second.total = Some(Decimal::from(11));
    desk.market.put(second);
    let run = desk.check().await;
    assert_eq!(dropped(&run).len(), 1, "{:?}", run.problems);
    assert!(set_on(&desk, &live(&desk).await.id).await.is_empty());
}

#[tokio::test]
async fn an_ignored_order_that_is_revised_is_judged_anew() {
    let desk = Desk::open().await;
    let first = order("1", OrderType::Sales, "", "2026-11-21");
    desk.market.put(first.clone());
    desk.check().await;
    let task = live(&desk).await;
    let by_person = Ignored {
        reason: IgnoreReason::ByPerson,
        text: "billed by hand".into(),
        by: Actor::new("ann"),
        at: desk.clock.now(),
        until: None,
    };
    let state = next(task.state.clone(), Event::IgnoredBy(by_person)).unwrap();
    desk.store.commit(vec![Write::UpdateTask(Task { state, version: task.version + 1, ..task })]).await.unwrap();
    for _ in 0..2 {
        desk.check().await;
        assert_eq!(desk.shown().await, ["N-1 by-person"], "seen again, it says nothing new");
    }
    desk.market.put(revised(&first, 12));
    desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 ready", "N-1 superseded"]);
}
