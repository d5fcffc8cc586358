//! Whose turn it is when several callers use one account: who was turned away finds its share when it comes back in
//! time, and whoever has had more than a share waits for it. Owns no limit; a share that nobody comes for is free again
//! after a moment, so that fairness costs next to nothing of the budget.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};

use super::window::Window;

/// How long a share is kept for who was told to come back: this part of the window's length, and never long.
const PART: i64 = 40;
const SHORTEST_MS: i64 = 10;
const LONGEST_MS: i64 = 2_000;

#[derive(Debug, Default)]
pub(crate) struct Shares {
    used: HashMap<String, Window>,
    /// Turned away, and until when their share is kept.
    waiting: HashMap<String, DateTime<Utc>>,
}

impl Shares {
    /// None: it may take one of the `free` calls. Otherwise when to ask again.
    pub(crate) fn not_before(
        &mut self,
        caller: &str,
        (limit, free): (u32, u32),
        span_ms: i64,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        // Further ahead than anybody is told to wait: the clock was set back since.
        let furthest = now + Duration::milliseconds(span_ms.saturating_mul(2)) + kept_for(span_ms);
        self.waiting.retain(|_, until| now < *until && *until <= furthest);
        let others: Vec<(String, DateTime<Utc>)> = self
            .waiting
            .iter()
            .filter(|(name, _)| name.as_str() != caller)
            .map(|(name, until)| (name.clone(), *until))
            .collect();
        let first = others.iter().map(|(_, until)| *until).min()?;
        let share = (limit / u32::try_from(others.len() + 1).unwrap_or(u32::MAX)).max(1);
        if self.used_by(caller, now) < share {
            return None;
        }
        let kept = others
            .iter()
            .fold(0_u32, |kept, (name, _)| kept.saturating_add(share.saturating_sub(self.used_by(name, now))));
        (free <= kept).then(|| first.min(now + kept_for(span_ms)))
    }

    fn used_by(&mut self, caller: &str, now: DateTime<Utc>) -> u32 {
        self.used.get_mut(caller).map_or(0, |window| window.used_at(now))
    }

    pub(crate) fn count(&mut self, caller: &str, span_ms: i64, now: DateTime<Utc>) {
        self.used.entry(caller.to_owned()).or_insert_with(|| Window::new(span_ms)).count(1, now);
    }

    /// It was turned away because of this account, and told to come back then.
    pub(crate) fn turned_away(&mut self, caller: &str, until: DateTime<Utc>, span_ms: i64) {
        self.waiting.insert(caller.to_owned(), until + kept_for(span_ms));
    }

    /// Something else holds it back: nothing is kept for it.
    pub(crate) fn forget(&mut self, caller: &str) {
        self.waiting.remove(caller);
    }

    pub(crate) fn tidy(&mut self, now: DateTime<Utc>) {
        self.used.retain(|_, window| !window.is_empty(now));
    }
}

fn kept_for(span_ms: i64) -> Duration {
    Duration::milliseconds((span_ms / PART).clamp(SHORTEST_MS, LONGEST_MS))
}
