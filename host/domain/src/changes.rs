//! Check Changes, the decisions: what to walk, what to read, what an order seen again means for the tasks
//! that are there. Reading and committing are the engine's business.

use chrono::{DateTime, Duration, Months, NaiveTime, Utc};

use crate::connection::HostRules;
use crate::id::TaskId;
use crate::market::OrderHead;
use crate::money::Money;
use crate::ports::{Cursor, KnownOrder};
use crate::task::{Task, TaskState};

/// How far every walk goes back behind the cursor: an order can become visible long after its creation.
pub const OVERLAP_HOURS: i64 = 48;

/// The first window: one calendar month back, unless the connection names a day.
pub fn window_start(rules: &HostRules, now: DateTime<Utc>) -> DateTime<Utc> {
    match rules.start_on {
        Some(day) => day.and_time(NaiveTime::MIN).and_utc(),
        None => now.checked_sub_months(Months::new(1)).unwrap_or(now),
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
    /// There already.
    Known,
    /// A new task; these give way to it.
    New { supersedes: Vec<TaskId> },
    /// An earlier revision was sent, or may have been: the new one must not bill it again by itself.
    AfterSending { supersedes: Vec<TaskId>, sent: TaskId, sent_amount: Money },
}

pub fn succession(task: &TaskId, earlier: &[Task]) -> Succession {
    if earlier.iter().any(|t| t.id == *task) {
        return Succession::Known;
    }
    let gives_way = |t: &&Task| {
        !matches!(
            t.state,
            TaskState::Sending { .. }
                | TaskState::Synced { .. }
                | TaskState::Uncertain { .. }
                | TaskState::Superseded { .. }
        )
    };
    let supersedes = earlier.iter().filter(gives_way).map(|t| t.id.clone()).collect();
    let sent = earlier.iter().find(|t| {
        matches!(t.state, TaskState::Sending { .. } | TaskState::Synced { .. } | TaskState::Uncertain { .. })
    });
    match sent {
        Some(sent) => Succession::AfterSending { supersedes, sent: sent.id.clone(), sent_amount: sent.amount },
        None => Succession::New { supersedes },
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
