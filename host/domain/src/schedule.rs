//! When a connection is checked by itself. Owns the interval and how it grows after failures; asking for the run is the
//! engine's business.

use std::cmp::Reverse;

use chrono::{DateTime, Duration, Utc};

use crate::connection::SHORTEST_CHECK;
use crate::id::{ConnectionId, RunId};
use crate::run::{Run, RunKind, RunState};

/// A source that is away is still asked once a day.
const LONGEST_PAUSE: Duration = Duration::days(1);

/// The last check of a connection, whoever asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCheck {
    pub run: RunId,
    pub state: RunState,
    /// When it was started, or asked for where it was not started yet.
    pub at: DateTime<Utc>,
    /// How many checks failed in a row, this one included.
    pub failures: u32,
}

impl LastCheck {
    /// Of these runs. Reading the orders of chosen days is no check: it tells nothing of what is new. Runs of a time that
    /// is still to come are left out: the clock was set back since.
    pub fn of(runs: &[Run], connection: &ConnectionId, now: DateTime<Utc>) -> Option<Self> {
        let is_check = |run: &&Run| run.connection == *connection && run.kind == RunKind::Check && at(run) <= now;
        let mut checks: Vec<&Run> = runs.iter().filter(is_check).collect();
        checks.sort_by_key(|run| Reverse(at(run)));
        let last = *checks.first()?;
        let failures = checks.iter().take_while(|run| run.state == RunState::Failed).count();
        let failures = u32::try_from(failures).unwrap_or(u32::MAX);
        Some(Self { run: last.id.clone(), state: last.state, at: at(last), failures })
    }
}

fn at(run: &Run) -> DateTime<Utc> {
    run.started_at.unwrap_or(run.asked_at)
}

/// Whether a check is to be asked for. `every` is in minutes; none: only people ask.
pub fn due(last: Option<&LastCheck>, every: Option<u32>, now: DateTime<Utc>) -> bool {
    let Some(every) = every else { return false };
    let Some(last) = last else { return true };
    if !last.state.is_over() {
        return false;
    }
    // Without its sign: a clock that was set back far must not keep a connection unchecked for as long.
    now.signed_duration_since(last.at).abs() >= pause(every, last.failures)
}

/// From one check to the next: once, twice, four times the interval after one, two, three failures in a row, up to a day.
pub fn pause(every: u32, failures: u32) -> Duration {
    let every = Duration::minutes(i64::from(every.max(SHORTEST_CHECK)));
    let longest = LONGEST_PAUSE.max(every);
    // More doublings than a day has minutes need not be told apart.
    let doublings = failures.saturating_sub(1).min(16);
    every.checked_mul(1 << doublings).map_or(longest, |grown| grown.min(longest))
}
