//! Whose turn it is: tasks of one subscription that build on each other are planned one after the other. Pure; which
//! tasks there are is looked up by the caller.

use chrono::{DateTime, NaiveDate, Utc};

use crate::card::InOrder;
use crate::id::TaskId;
use crate::job::JobKind;
use crate::order::{Order, OrderKey};
use crate::snapshot;
use crate::task::{Subject, Task, TaskState};

/// States of tasks that others may have to wait for.
pub const KEEPS_WAITING: [&str; 8] =
    ["pending", "ready", "planned", "queued", "sending", "uncertain", "retrying", "parked"];

/// A task with the day from which its order counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub task: Task,
    pub effective_on: NaiveDate,
}

impl Entry {
    /// `order` is the one under `order_key`, where it is still there.
    pub fn new(task: Task, order: Option<&Order>) -> Self {
        let effective_on = order.map_or_else(|| task.created_at.date_naive(), Order::effective_on);
        Self { task, effective_on }
    }

    fn place(&self) -> (Rank, NaiveDate, DateTime<Utc>, &str, &TaskId) {
        (rank(&self.task), self.effective_on, self.task.created_at, &self.task.number, &self.task.id)
    }
}

/// Where a task's order is kept.
pub fn order_key(task: &Task) -> OrderKey {
    match &task.subject {
        Subject::Order { key, .. } => key.clone(),
        Subject::Initial { marketplace, subscription } => snapshot::key(marketplace, &task.connection, subscription),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Confirmed: what it leaves in the target is not known yet.
    UnderWay,
    InItsOrder,
    /// The marketplace's present state holds what every open order will bill.
    AfterAll,
}

fn rank(task: &Task) -> Rank {
    match (&task.state, task.kind) {
        (
            TaskState::Queued { .. }
            | TaskState::Sending { .. }
            | TaskState::Uncertain { .. }
            | TaskState::Retrying { .. },
            _,
        ) => Rank::UnderWay,
        (_, JobKind::Reconcile) => Rank::AfterAll,
        _ => Rank::InItsOrder,
    }
}

/// What a task waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waits {
    pub task: TaskId,
    pub number: String,
    pub text: String,
}

/// Whether anything can keep this task waiting.
pub fn may_wait(task: &Task, in_order: Option<InOrder>) -> bool {
    task.subscription.is_some() && (in_order.is_some() || task.kind == JobKind::Reconcile)
}

/// The first of the tasks that come before this one, if any does. `others` may hold any tasks.
pub fn waits_for(entry: &Entry, others: &[Entry], in_order: Option<InOrder>) -> Option<Waits> {
    let task = &entry.task;
    if !may_wait(task, in_order) {
        return None;
    }
    let counts = |other: &&Entry| {
        let other = &other.task;
        other.id != task.id
            && other.connection == task.connection
            && other.subscription == task.subscription
            && KEEPS_WAITING.contains(&other.state.name())
    };
    let first = others.iter().filter(counts).min_by(|a, b| a.place().cmp(&b.place()))?;
    (first.place() < entry.place()).then(|| {
        let (number, id) = (first.task.number.clone(), first.task.id.clone());
        let text = match (rank(&first.task), task.kind) {
            (Rank::UnderWay, _) => {
                format!("waits for {number}, which is {} for this subscription", first.task.state.name())
            }
            (_, JobKind::Reconcile) => format!(
                "waits for {number}: what it bills is in the marketplace's present state already; sync or ignore that one first"
            ),
            _ => format!("waits for {number}, which comes first for this subscription; sync or ignore that one"),
        };
        Waits { task: id, number, text }
    })
}
