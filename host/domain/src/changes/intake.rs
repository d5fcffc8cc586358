//! An order becomes a task: judged, beside what was made of its earlier revisions and the snapshot of its subscription.
//! Pure: what it rests on is an argument, what follows is a value; looking up and committing are the engine's business.

use chrono::{DateTime, Utc};

use super::pass::{Pass, start_of};
use super::succession::{Succession, subject, succession};
use crate::connection::Connection;
use crate::id::{Actor, ConnectionId, SubscriptionId, TaskId};
use crate::job::JobKind;
use crate::judge::{self, Judgement, Law};
use crate::market::{Customer, Subscription};
use crate::money::Money;
use crate::order::{Order, OrderStatus};
use crate::snapshot::{self, Cover};
use crate::task::{Event, IgnoreReason, Ignored, Need, Subject, Task, TaskState, Verdict, next};

/// What is known beside the order. The law's `now` is when the check began.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    pub connection: &'a Connection,
    pub law: Law<'a>,
    pub pass: Pass,
    pub customer: Option<&'a Customer>,
    pub subscription: Option<&'a Subscription>,
    /// When the snapshot that stands for the order's subscription was taken, if one was.
    pub snapshot: Option<DateTime<Utc>>,
}

/// What follows from an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenIn {
    /// The task that is new.
    pub task: Option<Task>,
    /// Tasks of earlier revisions that gave way, as they are now.
    pub gave_way: Vec<Task>,
}

/// Whether `Given::snapshot` matters: looking it up for every order that is seen again would be in vain.
pub fn asks_for_snapshot(order: &Order, earlier: &[Task], connection: &ConnectionId) -> bool {
    if order.subscription.is_none() || order.status != OrderStatus::Completed {
        return false;
    }
    let id = subject(&order.key, &order.revision(), earlier).task_id(connection);
    !matches!(succession(&id, earlier), Succession::Known { .. })
}

/// `earlier` are the tasks of all revisions of this order on this connection.
pub fn take_in(order: &Order, earlier: &[Task], given: Given<'_>) -> TakenIn {
    let subject = subject(&order.key, &order.revision(), earlier);
    let id = subject.task_id(&given.connection.id);
    let now = given.law.now;
    let (supersedes, after_sending) = match succession(&id, earlier) {
        Succession::Known { supersedes } => {
            return TakenIn { task: None, gave_way: give_way(earlier, &supersedes, &id, now) };
        }
        Succession::New { supersedes } => (supersedes, None),
        Succession::AfterSending { supersedes, sent_amount, .. } => {
            let why = format!(
                "order {} was revised after {sent_amount} of it was synchronized; nothing more is billed before a person decides",
                order.number
            );
            (supersedes, Some(Verdict::Pending(vec![Need::Decision { why }])))
        }
    };
    let judgement = judge::judge(order, given.subscription, given.law);
    let mut task = task(subject, judge::job_kind(order), order, &judgement, given);
    let stronger =
        after_sending.or_else(|| before_start(order, earlier, given)).or_else(|| covered(order, earlier, given));
    if let Some(verdict) = stronger {
        task.state = verdict.into();
    }
    TakenIn { gave_way: give_way(earlier, &supersedes, &id, now), task: Some(task) }
}

/// A revision waits for a person because an earlier one was being sent, and then nothing of that was stored: the earlier
/// one gives way after all, and this one is judged as if it had come first. `all` are the tasks of the order.
pub fn reconsider(task: &Task, order: &Order, all: &[Task], given: Given<'_>) -> Option<TakenIn> {
    let decides = |need: &Need| matches!(need, Need::Decision { .. });
    if !matches!(&task.state, TaskState::Pending(needs) if needs.iter().any(decides)) {
        return None;
    }
    // Only the last word of the order can stand for it.
    if subject(&order.key, &order.revision(), all) != task.subject {
        return None;
    }
    let Succession::Known { supersedes } = succession(&task.id, all) else { return None };
    if supersedes.is_empty() {
        return None;
    }
    let others: Vec<Task> = all.iter().filter(|other| other.id != task.id).cloned().collect();
    let state = take_in(order, &others, given).task?.state;
    let now = given.law.now;
    let judged = Task { state, updated_at: now, version: task.version + 1, ..task.clone() };
    Some(TakenIn { task: Some(judged), gave_way: give_way(all, &supersedes, &task.id, now) })
}

/// The task of a snapshot, which is kept as it was taken: what the subscription becomes later is billed by its own orders.
pub fn initial(subscription: &SubscriptionId, snapshot: &Order, given: Given<'_>) -> Task {
    let judgement = snapshot::judge(snapshot, given.law);
    let marketplace = given.connection.marketplace.clone();
    let subject = Subject::Initial { marketplace, subscription: subscription.clone() };
    task(subject, JobKind::Initial, snapshot, &judgement, given)
}

/// The task of a snapshot that is held against the target.
pub fn reconcile(snapshot: &Order, given: Given<'_>) -> Task {
    let judgement = judge::judge(snapshot, given.subscription, given.law);
    let subject = Subject::Order { key: snapshot.key.clone(), revision: snapshot.revision() };
    task(subject, JobKind::Reconcile, snapshot, &judgement, given)
}

fn task(subject: Subject, kind: JobKind, order: &Order, judgement: &Judgement<'_>, given: Given<'_>) -> Task {
    let customer_name = given.customer.map_or_else(|| order.customer.to_string(), |customer| customer.name.clone());
    let now = given.law.now;
    Task {
        id: subject.task_id(&given.connection.id),
        reseller: given.connection.reseller.clone(),
        connection: given.connection.id.clone(),
        subject,
        kind,
        number: order.number.clone(),
        customer: order.customer.clone(),
        subscription: order.subscription.clone(),
        amount: Money::new(judge::amount(order, &judgement.lines), order.currency),
        scenario: judgement.scenario.clone(),
        state: judgement.verdict.clone().naming_customer(&customer_name).into(),
        customer_name,
        created_at: order.created_at,
        observed_at: now,
        updated_at: now,
        failures: 0,
        crashes: 0,
        version: 1,
    }
}

fn give_way(earlier: &[Task], supersedes: &[TaskId], by: &TaskId, now: DateTime<Utc>) -> Vec<Task> {
    let old = earlier.iter().filter(|old| supersedes.contains(&old.id));
    let superseded = |old: &Task| {
        let state = next(old.state.clone(), Event::Superseded { by: by.clone() }).ok()?;
        Some(Task { state, updated_at: now, version: old.version + 1, ..old.clone() })
    };
    old.filter_map(superseded).collect()
}

/// Orders before the day that a person named, which appear only after the first check. Whoever asks for the days
/// themselves means them.
fn before_start(order: &Order, earlier: &[Task], given: Given<'_>) -> Option<Verdict> {
    let start = given.connection.rules.start_on?;
    let looks_forward = matches!(given.pass, Pass::Later { .. } | Pass::Deep { .. });
    if !looks_forward || !earlier.is_empty() || order.created_at >= start_of(start) {
        return None;
    }
    let text = format!("the order is from before {start}, the day from which orders are synchronized");
    Some(ignored(IgnoreReason::OlderThanStartWindow, text, given.law.now))
}

/// The snapshot stands for everything that was provisioned up to it, except past usage.
fn covered(order: &Order, earlier: &[Task], given: Given<'_>) -> Option<Verdict> {
    let (subscription, at) = (order.subscription.as_ref()?, given.snapshot?);
    if order.status != OrderStatus::Completed {
        return None;
    }
    let watched = earlier.iter().any(|task| task.observed_at >= at && waits(task));
    let total = order.money(order.total.unwrap_or_default());
    let day = at.date_naive();
    match snapshot::covers(at, order, watched, &given.connection.rules) {
        Cover::None => None,
        Cover::Whole => {
            let text = format!(
                "the initial task of subscription {subscription}, made on {day}, stands for this order of {total}"
            );
            Some(ignored(IgnoreReason::CoveredByInitialTask, text, given.law.now))
        }
        Cover::Part => {
            let why = format!(
                "a part of this order of {total} is for periods that the initial task of subscription {subscription}, made on {day}, bills already"
            );
            Some(Verdict::Pending(vec![Need::Decision { why }]))
        }
    }
}

fn ignored(reason: IgnoreReason, text: String, at: DateTime<Utc>) -> Verdict {
    Verdict::Ignored(Ignored { reason, text, by: Actor::new("rules"), at, until: None })
}

/// An order that was seen before it was final.
fn waits(task: &Task) -> bool {
    matches!(&task.state, TaskState::Ignored(ignored) if ignored.reason == IgnoreReason::NotFinal)
}
