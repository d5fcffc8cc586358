//! How far a check walks the order list, which of its rows it reads, and where the cursor stands afterwards.

use chrono::{DateTime, Duration, Months, NaiveDate, NaiveTime, Utc};

use crate::connection::{Connection, HostRules};
use crate::market::OrderHead;
use crate::period::Period;
use crate::ports::{Cursor, KnownOrder};
use crate::task::Task;

/// How far every walk goes back behind the cursor: an order can become visible long after its creation.
pub const OVERLAP_HOURS: i64 = 48;

/// How far the daily deep look goes back behind the cursor: a completed order can be revised long after.
pub const SWEEP_DAYS: i64 = 35;

/// Less than a day, so that a check at the same hour every day takes one each time.
const SWEEP_EVERY_HOURS: i64 = 20;

/// Where the cursor of an empty marketplace stands. Never our clock: it is not the source's.
const NOTHING_SEEN: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// One walk over the order list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The whole list, because the first check must find every order that is not final, whatever its age. What was final
    /// before the window is only counted.
    First { window: DateTime<Utc> },
    /// Back to the cursor, less the overlap.
    Later { until: DateTime<Utc> },
    /// Further back, for revisions of what was final. `overlap` is where an ordinary walk ends; before `history`
    /// everything that was final was only counted by the first check.
    Deep { until: DateTime<Utc>, overlap: DateTime<Utc>, history: DateTime<Utc> },
    /// The days that a person chose.
    Range(Period),
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

impl Pass {
    pub fn later(cursor: &Cursor) -> Self {
        Self::Later { until: behind(cursor, Duration::hours(OVERLAP_HOURS)) }
    }

    pub fn deep(cursor: &Cursor, history: DateTime<Utc>) -> Self {
        let overlap = behind(cursor, Duration::hours(OVERLAP_HOURS));
        Self::Deep { until: behind(cursor, Duration::days(SWEEP_DAYS)), overlap, history }
    }

    /// The first check's window.
    pub fn window(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::First { window } => Some(*window),
            _ => None,
        }
    }

    /// Where the walk ends. None: the whole list.
    pub fn until(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::First { .. } => None,
            Self::Later { until } | Self::Deep { until, .. } => Some(*until),
            Self::Range(days) => Some(start_of(days.start())),
        }
    }

    /// Where it begins. None: with the newest.
    pub fn before(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Range(days) => Some(start_of(days.end())),
            _ => None,
        }
    }

    /// Sources may give more than they were asked for.
    pub fn wants(&self, created_at: DateTime<Utc>) -> bool {
        self.until().is_none_or(|until| created_at >= until) && self.before().is_none_or(|before| created_at < before)
    }

    pub fn reading(&self, head: &OrderHead, known: Option<&KnownOrder>) -> Reading {
        let counted = match self {
            Self::First { window } => head.status.is_final() && head.created_at < *window,
            Self::Deep { .. } => known.is_none() && head.status.is_final() && self.is_history(head.created_at),
            Self::Later { .. } | Self::Range(_) => false,
        };
        match known {
            // It was watched, and completed since: judged, whatever its age.
            Some(known) if !known.is_final => Reading::Read,
            _ if counted => Reading::BeforeWindow,
            Some(known) if known.fingerprint == head.fingerprint => Reading::Unchanged,
            _ => Reading::Read,
        }
    }

    fn is_history(&self, created_at: DateTime<Utc>) -> bool {
        matches!(self, Self::Deep { overlap, history, .. } if created_at < *overlap.min(history))
    }

    /// Another connection of the marketplace keeps this order; for ours it was final before the window, so that no task is
    /// made of it now. `known_final`: it was final when it was last read.
    pub fn only_counts(&self, created_at: DateTime<Utc>, known_final: bool, earlier: &[Task]) -> bool {
        known_final && earlier.is_empty() && self.is_history(created_at)
    }
}

fn behind(cursor: &Cursor, by: Duration) -> DateTime<Utc> {
    cursor.seen_until.checked_sub_signed(by).unwrap_or(cursor.seen_until)
}

/// Once a day; at once where it never was, or where our clock was set back since.
pub fn sweep_is_due(cursor: &Cursor, now: DateTime<Utc>) -> bool {
    let rested = |at: DateTime<Utc>| (Duration::zero()..Duration::hours(SWEEP_EVERY_HOURS)).contains(&(now - at));
    !cursor.swept_at.is_some_and(rested)
}

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

/// Before this, a final order that nobody knows was counted by the first check. `first_task` is when the connection's
/// oldest task was seen: the first check made it, or found nothing in its window. The overlap is for a clock of ours that
/// was set back since: what is so old did not become visible only after the first check.
pub fn history(rules: &HostRules, first_task: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    let start = window_start(rules, first_task.unwrap_or(now));
    if rules.start_on.is_some() { start } else { start + Duration::hours(OVERLAP_HOURS) }
}

/// The cursor after a whole walk: up to the newest order seen, never back. Backfills move none. After the first check of
/// a quiet marketplace at least so far that no later walk goes back behind the window: what was only counted there must
/// not become tasks.
pub fn cursor_after(
    pass: &Pass,
    cursor: Option<&Cursor>,
    connection: &Connection,
    newest: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<Cursor> {
    let swept_at = match pass {
        Pass::Range(_) => return None,
        Pass::First { .. } | Pass::Deep { .. } => Some(now),
        Pass::Later { .. } => cursor.and_then(|cursor| cursor.swept_at),
    };
    let floor = pass.window().filter(|_| connection.rules.start_on.is_none());
    let floor = floor.map(|start| start + Duration::hours(OVERLAP_HOURS));
    let before = cursor.filter(|cursor| cursor.initial_done).map(|cursor| cursor.seen_until);
    let seen_until = newest.max(floor).max(before).unwrap_or(NOTHING_SEEN);
    Some(Cursor { connection: connection.id.clone(), initial_done: true, seen_until, swept_at })
}

/// Days that cannot be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRange {
    #[error("the last day, {to}, is before the first, {from}")]
    Backwards { from: NaiveDate, to: NaiveDate },
    #[error("{day} is in the future; today is {today} (UTC)")]
    Future { day: NaiveDate, today: NaiveDate },
}

/// The days that a person names, both included.
pub fn range(from: NaiveDate, to: NaiveDate, today: NaiveDate) -> Result<Period, BadRange> {
    if from > to {
        return Err(BadRange::Backwards { from, to });
    }
    if to > today {
        return Err(BadRange::Future { day: to, today });
    }
    let end = to.succ_opt().unwrap_or(to);
    Period::new(from, end).map_err(|_| BadRange::Backwards { from, to })
}
