//! Check Changes, the decisions: what to walk, what to read, what an order seen again means for the tasks
//! that are there. Reading and committing are the engine's business.

use chrono::{DateTime, Duration, Months, NaiveDate, NaiveTime, Utc};

use crate::connection::HostRules;
use crate::id::{Revision, TaskId};
use crate::market::OrderHead;
use crate::money::Money;
use crate::order::OrderKey;
use crate::ports::{Cursor, KnownOrder};
use crate::task::{Subject, Task, TaskState};

/// How far every walk goes back behind the cursor: an order can become visible long after its creation.
pub const OVERLAP_HOURS: i64 = 48;

/// The first window: one calendar month back, unless the connection names a day.
pub fn window_start(rules: &HostRules, now: DateTime<Utc>) -> DateTime<Utc> {
    match rules.start_on {
        Some(day) => start_of(day),
        None => now.checked_sub_months(Months::new(1)).unwrap_or(now),
    }
}

pub fn start_of(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// The window of the first check, which stays where it was when the first attempt could not read everything: an order
/// that stood for its subscription then must not slide out of the window before the check is whole.
pub fn first_window(rules: &HostRules, attempt: Option<&Cursor>, now: DateTime<Utc>) -> DateTime<Utc> {
    match (rules.start_on, attempt) {
        (None, Some(attempt)) if !attempt.initial_done => attempt.seen_until,
        _ => window_start(rules, now),
    }
}

/// Where the walk ends. None: the whole list, because the first check must find every order that is not
/// final, whatever its age.
pub fn walk_until(cursor: Option<&Cursor>) -> Option<DateTime<Utc>> {
    cursor.filter(|cursor| cursor.initial_done).map(|cursor| cursor.seen_until - Duration::hours(OVERLAP_HOURS))
}

/// What to do with a row of the order list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Nothing about it changed since it was last read.
    Unchanged,
    /// Final before the start window: counted, not listed.
    BeforeWindow,
    Read,
}

pub fn reading(head: &OrderHead, known: Option<&KnownOrder>, window_start: Option<DateTime<Utc>>) -> Reading {
    let before_window = window_start.is_some_and(|start| head.status.is_final() && head.created_at < start);
    match known {
        // It was watched, and completed since: judged, whatever its age.
        Some(known) if !known.is_final => Reading::Read,
        _ if before_window => Reading::BeforeWindow,
        Some(known) if known.fingerprint == head.fingerprint => Reading::Unchanged,
        _ => Reading::Read,
    }
}

/// What a revision of an order means beside the tasks of earlier revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Succession {
    /// There already; these revisions were undone.
    Known { supersedes: Vec<TaskId> },
    /// A new task; these give way to it.
    New { supersedes: Vec<TaskId> },
    /// An earlier revision was sent, or may have been: the new one must not bill it again by itself.
    AfterSending { supersedes: Vec<TaskId>, sent: TaskId, sent_amount: Money },
}

/// An order may say again what it said before another revision ("completed", "processing", "completed"). The task of
/// then gave way and stays so: what is said again is a revision of its own.
pub fn subject(key: &OrderKey, revision: &Revision, earlier: &[Task]) -> Subject {
    let mut same = 0;
    for task in earlier {
        let Subject::Order { revision: told, .. } = &task.subject else { continue };
        if told.as_str().split(AGAIN).next() != Some(revision.as_str()) {
            continue;
        }
        if !matches!(task.state, TaskState::Superseded { .. }) {
            return task.subject.clone();
        }
        same += 1;
    }
    let revision = if same == 0 { revision.clone() } else { Revision::new(format!("{revision}{AGAIN}{}", same + 1)) };
    Subject::Order { key: key.clone(), revision }
}

/// Between a revision and how often it was said.
const AGAIN: char = '~';

pub fn succession(task: &TaskId, earlier: &[Task]) -> Succession {
    let gives_way = |t: &&Task| !matches!(t.state, TaskState::Superseded { .. }) && !was_sent(&t.state);
    let supersedes = earlier.iter().filter(gives_way).filter(|t| t.id != *task).map(|t| t.id.clone()).collect();
    if earlier.iter().any(|t| t.id == *task) {
        return Succession::Known { supersedes };
    }
    let sent = earlier.iter().find(|t| was_sent(&t.state));
    match sent {
        Some(sent) => Succession::AfterSending { supersedes, sent: sent.id.clone(), sent_amount: sent.amount },
        None => Succession::New { supersedes },
    }
}

/// Something of it stands in the target, or may. A parked task says in its failure what was saved before it stopped.
fn was_sent(state: &TaskState) -> bool {
    match state {
        TaskState::Sending { .. } | TaskState::Synced { .. } | TaskState::Uncertain { .. } => true,
        TaskState::Parked { failure } => failure.attributes.iter().any(|(name, _)| name.starts_with("saved.")),
        _ => false,
    }
}

/// The cursor after a whole walk: up to the newest order seen, never past an order that could not be read.
pub fn moved(cursor: Option<&Cursor>, newest: Option<DateTime<Utc>>, complete: bool) -> Option<DateTime<Utc>> {
    if !complete {
        return None;
    }
    match (cursor.map(|c| c.seen_until), newest) {
        (Some(old), Some(new)) => Some(old.max(new)),
        (old, new) => new.or(old),
    }
}
