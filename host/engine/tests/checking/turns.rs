//! Tasks of one subscription, one after the other: what waits is said, and becomes free when what it waits for is over.

use counterfoil_domain::card::{Card, InOrder};
use counterfoil_domain::connection::HostRules;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{BatchId, ChangeKey, PlanDigest, TaskId};
use counterfoil_domain::job::Job;
use counterfoil_domain::money::Money;
use counterfoil_domain::order::OrderType;
use counterfoil_domain::plan::{Action, Change, Plan, PlanLine};
use counterfoil_domain::ports::Write;
use counterfoil_domain::run::{Run, RunKind, RunState, Selection};
use counterfoil_domain::task::{IgnoreReason, Ignored, Task, TaskState};

use super::desk::{Desk, card};
use super::market::{at, order};

/// A sheet for each order.
pub(crate) fn sheet(job: &Job) -> Plan {
    let lines: Vec<PlanLine> = job
        .order
        .lines
        .iter()
        .map(|line| PlanLine {
            covers: vec![line.id.clone()],
            description: line.description.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            unit_cost: None,
            amount: line.amount,
            bills: line.amount,
            why: line.arithmetic.clone(),
            attributes: vec![],
        })
        .collect();
    let change = Change {
        key: ChangeKey::new(job.order.number.clone()),
        action: Action::Create,
        document: "sheet".into(),
        target: None,
        title: job.order.number.clone(),
        fields: vec![],
        total: Money::new(lines.iter().map(|line| line.bills).sum(), job.order.currency),
        lines,
        why: String::new(),
        attributes: vec![],
    };
    Plan {
        task: job.task.clone(),
        changes: vec![change],
        left_out: vec![],
        notes: vec![],
        payload: vec![],
        attributes: vec![],
    }
}

async fn desk(in_order: Option<InOrder>) -> Desk {
    let desk = Desk::of(HostRules::default(), Card { in_order, ..card() }).await;
    *desk.paper.planner.lock().unwrap() = Some(sheet);
    desk.check().await;
    // Found in this order, effective in another: the sale, then two changes of one day.
    for (id, kind, subscription, created, effective) in [
        ("3", OrderType::Change, "s", "2026-11-20T09:00:00Z", "2026-11-19"),
        ("2", OrderType::Change, "s", "2026-11-20T08:00:00Z", "2026-11-19"),
        ("1", OrderType::Sales, "s", "2026-11-20T10:00:00Z", "2026-11-18"),
        ("9", OrderType::Change, "other", "2026-11-20T11:00:00Z", "2026-11-20"),
        ("8", OrderType::Sales, "", "2026-11-20T12:00:00Z", "2026-11-01"),
    ] {
        let mut order = order(id, kind, subscription, created);
        order.provisioned_at = Some(at(effective));
        desk.market.add(order);
    }
    desk.check().await;
    desk
}

async fn plan(desk: &Desk, tasks: &[&str]) -> Run {
    let mut chosen: Vec<TaskId> = Vec::new();
    for number in tasks {
        chosen.push(task(desk, number).await.id);
    }
    let selection = if tasks.is_empty() { Selection::AllReady } else { Selection::Tasks(chosen) };
    desk.run("x", RunKind::Plan(selection)).await
}

async fn task(desk: &Desk, number: &str) -> Task {
    desk.tasks().await.into_iter().find(|task| task.number == number).unwrap()
}

async fn put(desk: &Desk, number: &str, state: TaskState) {
    let task = task(desk, number).await;
    desk.store.commit(vec![Write::UpdateTask(Task { state, version: task.version + 1, ..task })]).await.unwrap();
}

#[tokio::test]
async fn only_the_first_of_a_subscription_is_planned_and_the_others_say_what_they_wait_for() {
    let desk = desk(Some(InOrder::Subscription)).await;
    let run = plan(&desk, &[]).await;
    assert_eq!(desk.shown().await, ["N-1 planned", "N-2 ready", "N-3 ready", "N-8 planned", "N-9 planned"]);
    let said: Vec<&str> = run.problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "N-2 waits for N-1, which comes first for this subscription; sync or ignore that one",
            "N-3 waits for N-1, which comes first for this subscription; sync or ignore that one",
        ]
    );
    assert_eq!((run.state, run.counted("waiting")), (RunState::Incomplete, 2));
    // Chosen by name they wait as well.
    let run = plan(&desk, &["N-3"]).await;
    assert_eq!((run.problems[0].code.as_str(), run.counted("planned")), ("waits-its-turn", 0));
}

#[tokio::test]
async fn what_is_over_keeps_nobody_waiting_and_whatever_is_not_does() {
    let plan_digest = || PlanDigest::new("p");
    let failure = || Failure::new(FailureClass::Rejected, "no", "no");
    let by_person = Ignored {
        reason: IgnoreReason::ByPerson,
        text: "by hand".into(),
        by: "ann".into(),
        at: at("2026-11-21"),
        until: None,
    };
    let batch = || BatchId::new("b");
    for (state, next) in [
        (TaskState::Synced { plan: plan_digest() }, "planned"),
        (TaskState::Ignored(by_person), "planned"),
        (TaskState::Superseded { by: "t".into() }, "planned"),
        (TaskState::Pending(vec![]), "ready"),
        (TaskState::Parked { failure: failure() }, "ready"),
        (TaskState::Uncertain { plan: plan_digest(), batch: batch(), why: "lost".into() }, "ready"),
        (TaskState::Sending { plan: plan_digest(), batch: batch() }, "ready"),
        (TaskState::Retrying { plan: plan_digest(), at: at("2026-12-24"), failure: failure() }, "ready"),
    ] {
        let desk = desk(Some(InOrder::Subscription)).await;
        let name = state.name();
        put(&desk, "N-1", state).await;
        plan(&desk, &["N-2", "N-3"]).await;
        let states = [task(&desk, "N-2").await.state.name(), task(&desk, "N-3").await.state.name()];
        assert_eq!(states, [next, "ready"], "after one that is {name}");
    }
}

#[tokio::test]
async fn an_order_that_comes_in_between_takes_the_place_of_one_that_was_planned() {
    let desk = desk(Some(InOrder::Subscription)).await;
    desk.sent("N-1").await;
    plan(&desk, &[]).await;
    assert_eq!(task(&desk, "N-2").await.state.name(), "planned");
    let mut late = order("4", OrderType::Change, "s", "2026-11-21T09:00:00Z");
    late.provisioned_at = Some(at("2026-11-18"));
    desk.market.add(late);
    desk.check().await;
    plan(&desk, &[]).await;
    let shown = desk.shown().await;
    assert_eq!(shown, ["N-1 synced", "N-2 ready", "N-3 ready", "N-4 planned", "N-8 planned", "N-9 planned"]);
}

#[tokio::test]
async fn a_card_that_asks_for_no_order_gets_none() {
    let desk = desk(None).await;
    let run = plan(&desk, &[]).await;
    assert_eq!(desk.shown().await, ["N-1 planned", "N-2 planned", "N-3 planned", "N-8 planned", "N-9 planned"]);
    assert_eq!((run.state, run.problems), (RunState::Done, vec![]));
}
