//! Reconciling: a task per subscription from what the marketplace has now, planned at once, the same for the same state,
//! and never sent by itself.

use counterfoil_domain::card::Card;
use counterfoil_domain::connection::HostRules;
use counterfoil_domain::id::{ChangeKey, SubscriptionId};
use counterfoil_domain::job::{Job, JobKind};
use counterfoil_domain::market::SubscriptionStatus;
use counterfoil_domain::money::Money;
use counterfoil_domain::order::OrderType;
use counterfoil_domain::period::Period;
use counterfoil_domain::plan::{Action, Change, Plan};
use counterfoil_domain::run::{Run, RunKind, RunState, Selection};
use counterfoil_domain::task::{Task, TaskState};
use rust_decimal::Decimal;

use super::desk::{Desk, card};
use super::market::{order, subscription};

/// The target has ten seats of each subscription.
fn ten_seats(job: &Job) -> Plan {
    let change = |n: usize, why: String, action: Action| Change {
        key: ChangeKey::new(format!("{}-{n}", job.order.number)),
        action,
        document: "sheet".into(),
        target: (action != Action::Create).then(|| "7".into()),
        title: job.order.number.clone(),
        fields: vec![],
        lines: vec![],
        total: Money::zero(job.order.currency),
        why,
        attributes: vec![],
    };
    let mut changes: Vec<Change> = job
        .order
        .lines
        .iter()
        .enumerate()
        .map(|(n, line)| match line.quantity == Decimal::TEN {
            true => change(n, format!("same: {} × {}", line.quantity, line.unit_price), Action::Keep),
            false => change(n, format!("different: 10 there, {} here", line.quantity), Action::Update),
        })
        .collect();
    if changes.is_empty() {
        changes.push(change(0, "extra: 10 that nobody has any more".into(), Action::Update));
    }
    Plan { task: job.task.clone(), changes, left_out: vec![], notes: vec![], payload: vec![], attributes: vec![] }
}

async fn desk() -> Desk {
    let desk = Desk::of(HostRules::default(), Card { reconciles: true, ..card() }).await;
    *desk.paper.planner.lock().unwrap() = Some(ten_seats);
    desk.check().await;
    desk
}

fn seats(desk: &Desk, id: &str, seats: i64) {
    let mut state = desk.market.state.lock().unwrap();
    state.subscriptions.retain(|s| s.id.as_str() != id);
    state.subscriptions.push(subscription(id, seats));
}

fn november() -> Period {
    Period::new("2026-11-01".parse().unwrap(), "2026-12-01".parse().unwrap()).unwrap()
}

async fn reconcile(desk: &Desk, subscriptions: &[&str]) -> Run {
    let subscriptions = subscriptions.iter().map(|id| SubscriptionId::new(*id)).collect();
    desk.run("x", RunKind::Reconcile { subscriptions, period: november() }).await
}

async fn tasks(desk: &Desk) -> Vec<Task> {
    let mut tasks: Vec<Task> = desk.tasks().await.into_iter().filter(|t| t.kind == JobKind::Reconcile).collect();
    tasks.sort_by(|a, b| a.number.cmp(&b.number));
    tasks
}

#[tokio::test]
async fn what_differs_is_planned_and_what_agrees_is_over() {
    let desk = desk().await;
    seats(&desk, "a", 10);
    seats(&desk, "b", 12);
    let run = reconcile(&desk, &["a", "b"]).await;
    let counts = ["same", "different", "in-agreement"].map(|name| run.counted(name));
    assert_eq!((run.state, counts), (RunState::Done, [1, 1, 1]), "{:?}", run.problems);
    assert_eq!(desk.shown().await, ["REC-a in-agreement", "REC-b planned"]);
    let said: Vec<(&str, &str)> = run.problems.iter().map(|p| (p.code.as_str(), p.message.as_str())).collect();
    assert_eq!(said, [("different", "REC-b: different: 10 there, 12 here")]);
    let jobs = desk.paper.jobs.lock().unwrap();
    assert!(jobs[0].order.attributes.contains(&("reconcile-period".into(), "2026-11-01/2026-12-01".into())));
    assert_eq!(jobs[0].order.effective_on.to_string(), "2026-11-01");
}

#[tokio::test]
async fn the_same_state_is_the_same_task_and_another_state_another() {
    let desk = desk().await;
    seats(&desk, "b", 12);
    reconcile(&desk, &["b"]).await;
    let first = tasks(&desk).await[0].id.clone();
    desk.clock.advance(chrono::Duration::days(1));
    reconcile(&desk, &["b"]).await;
    assert_eq!(tasks(&desk).await.len(), 1, "asked a day later, nothing changed");
    seats(&desk, "b", 13);
    reconcile(&desk, &["b"]).await;
    let states: Vec<&str> = tasks(&desk).await.iter().map(|task| task.state.name()).collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&"superseded") && states.contains(&"planned"), "{states:?}");
    // Back to what it was: the first one gave way for good.
    seats(&desk, "b", 12);
    reconcile(&desk, &["b"]).await;
    let open: Vec<Task> = tasks(&desk).await.into_iter().filter(|task| task.state.name() == "planned").collect();
    assert_eq!(open.len(), 1, "one is open, whatever was asked before");
    assert_ne!(open[0].id, first);
}

#[tokio::test]
async fn what_was_written_is_compared_anew_and_what_agreed_is_looked_at_again() {
    let desk = desk().await;
    seats(&desk, "a", 10);
    seats(&desk, "b", 12);
    reconcile(&desk, &["a", "b"]).await;
    desk.sent("REC-b").await;
    let run = reconcile(&desk, &["a", "b"]).await;
    assert_eq!([run.counted("same"), run.counted("different"), run.counted("tasks-new")], [1, 1, 1]);
    let shown = desk.shown().await;
    assert_eq!(shown, ["REC-a in-agreement", "REC-b planned", "REC-b synced"]);
}

#[tokio::test]
async fn orders_that_are_not_through_come_first() {
    let desk = desk().await;
    seats(&desk, "b", 12);
    desk.market.add(order("1", OrderType::Change, "b", "2026-11-20"));
    desk.check().await;
    let run = reconcile(&desk, &["b"]).await;
    assert_eq!(desk.shown().await, ["N-1 ready", "REC-b ready"]);
    assert!(run.problems[0].message.contains("in the marketplace's present state already"), "{:?}", run.problems);
    assert_eq!(run.state, RunState::Incomplete);
    desk.sent("N-1").await;
    reconcile(&desk, &["b"]).await;
    assert_eq!(desk.shown().await, ["N-1 synced", "REC-b planned"]);
}

#[tokio::test]
async fn a_subscription_that_ended_leaves_what_is_too_much_and_one_that_is_gone_nothing() {
    let desk = desk().await;
    let mut ended = subscription("e", 12);
    ended.status = SubscriptionStatus::Terminated;
    desk.market.state.lock().unwrap().subscriptions.push(ended);
    let run = reconcile(&desk, &["e", "gone"]).await;
    assert_eq!((run.counted("extra"), run.state), (1, RunState::Incomplete));
    assert!(run.problems.iter().any(|problem| problem.code == "subscription-gone"), "{:?}", run.problems);
    assert_eq!(desk.shown().await, ["REC-e planned"]);
}

#[tokio::test]
async fn a_plan_that_says_nothing_of_a_line_or_bills_waits_for_a_person_and_one_without_words_is_blocked() {
    fn silent(job: &Job) -> Plan {
        Plan { changes: vec![], ..ten_seats(job) }
    }
    fn wordless(job: &Job) -> Plan {
        let mut plan = ten_seats(job);
        plan.changes[0].why = "as agreed".into();
        plan
    }
    for (planner, code) in [(silent as fn(&Job) -> Plan, "line-not-told"), (wordless, "not-reconciled")] {
        let desk = desk().await;
        seats(&desk, "a", 10);
        *desk.paper.planner.lock().unwrap() = Some(planner);
        reconcile(&desk, &["a"]).await;
        let [task] = tasks(&desk).await.try_into().unwrap();
        let TaskState::Planned(digest) = &task.state else { panic!("{:?}", task.state) };
        let sealed = desk.store.plan(digest).await.unwrap().unwrap();
        assert!(sealed.findings.iter().any(|finding| finding.code == code), "{code}: {:?}", sealed.findings);
        assert_eq!(sealed.findings.iter().filter(|finding| finding.code == "line-missing").count(), 0);
        assert!(sealed.claims.is_empty(), "what is there was claimed by whatever put it there");
    }
}

#[tokio::test]
async fn a_target_without_anything_that_recurs_is_not_asked() {
    let desk = Desk::open().await;
    desk.check().await;
    seats(&desk, "a", 10);
    let run = reconcile(&desk, &["a"]).await;
    assert_eq!((run.problems[0].code.as_str(), run.state), ("unsupported", RunState::Incomplete));
    assert!(desk.tasks().await.is_empty() && desk.paper.jobs.lock().unwrap().is_empty());
}

#[tokio::test]
async fn planned_again_and_checked_again_it_stays_what_it_is() {
    let desk = desk().await;
    seats(&desk, "b", 12);
    reconcile(&desk, &["b"]).await;
    desk.check().await;
    desk.run("x", RunKind::Plan(Selection::AllReady)).await;
    let [task] = tasks(&desk).await.try_into().unwrap();
    assert_eq!((task.kind, task.state.name(), task.scenario.as_str()), (JobKind::Reconcile, "planned", "reconcile"));
}
