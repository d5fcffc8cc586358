//! Pauses a version that keeps trapping. It runs again when its last trap is ten minutes old, or when somebody
//! activates it anew. After each trap it rests for a moment: cleaning up after a trap costs everybody, and a version that
//! is called again and again must not do it all the time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::ports::{CallError, Clock};
use tokio::time::Instant;

const TRAPS: usize = 3;
const WINDOW: Duration = Duration::minutes(10);
const REST: std::time::Duration = std::time::Duration::from_millis(250);

#[derive(Debug)]
pub(super) struct Breaker {
    clock: Arc<dyn Clock>,
    traps: Mutex<VecDeque<(DateTime<Utc>, String)>>,
    rests_until: Mutex<Option<Instant>>,
}

impl Breaker {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, traps: Mutex::default(), rests_until: Mutex::default() }
    }

    /// The refusal of a paused version.
    pub(super) fn refusal(&self, name: &str) -> Option<Failure> {
        let now = self.clock.now();
        let traps = self.traps.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, _) = (traps.len() >= TRAPS).then(|| traps.front()).flatten()?;
        let (last, what) = traps.back()?;
        if *last - *first >= WINDOW || now - *last >= WINDOW {
            return None;
        }
        let until = (*last + WINDOW).format("%H:%M:%S UTC");
        let message = format!(
            "The plugin {name} stopped {TRAPS} times within ten minutes and is paused until {until}; nothing was sent. \
             It last stopped with: {what}. Activate another version of it, or the same one again to try now."
        );
        Some(Failure::new(FailureClass::Internal, "plugin-paused", message))
    }

    /// The end of the rest after a trap. A sleep, not a decision: the domain's clock has no part in it.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what only a defect of the plugin causes. Timeouts are not: a slow target causes them too.
    pub(super) fn note(&self, error: &CallError) {
        let what = match error {
            CallError::Trap { message, stderr } => format!("{message} {stderr}"),
            CallError::Memory { .. } => error.to_string(),
            CallError::Timeout { .. } | CallError::Nonsense(_) | CallError::Failed(_) => return,
        };
        *self.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + REST);
        let mut traps = self.traps.lock().unwrap_or_else(PoisonError::into_inner);
        traps.push_back((self.clock.now(), what.trim().to_owned()));
        while traps.len() > TRAPS {
            traps.pop_front();
        }
    }

    pub(super) fn reset(&self) {
        self.traps.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use counterfoil_domain::ports::ManualClock;

    #[test]
    fn three_traps_in_ten_minutes_pause() {
        // Minutes between traps, then minutes until the next call; is it refused?
        for (gaps, wait, refused) in [
            (vec![0, 0], 0, false),
            (vec![0, 0, 0], 0, true),
            (vec![0, 4, 5], 0, true),
            (vec![0, 5, 5], 0, false),
            (vec![0, 0, 0], 9, true),
            (vec![0, 0, 0], 10, false),
            (vec![0, 20, 1, 1], 0, true),
        ] {
            let clock = Arc::new(ManualClock::at(DateTime::UNIX_EPOCH));
            let breaker = Breaker::new(clock.clone());
            for gap in &gaps {
                clock.advance(Duration::minutes(*gap));
                breaker.note(&CallError::Trap { message: "unreachable".to_owned(), stderr: "no lines".to_owned() });
            }
            clock.advance(Duration::minutes(wait));
            let refusal = breaker.refusal("tiny");
            assert_eq!(refusal.is_some(), refused, "{gaps:?} {wait}");
            assert!(
                refusal.is_none_or(|failure| failure.code == "plugin-paused" && failure.message.contains("no lines"))
            );
            breaker.reset();
            assert_eq!(breaker.refusal("tiny"), None);
        }
    }

    #[test]
    fn slow_or_refused_calls_do_not_count() {
        let breaker = Breaker::new(Arc::new(ManualClock::at(DateTime::UNIX_EPOCH)));
        for _ in 0..5 {
            breaker.note(&CallError::Timeout { limit: std::time::Duration::from_secs(1), stderr: String::new() });
            breaker.note(&CallError::Nonsense("x".to_owned()));
            breaker.note(&CallError::Failed(Failure::new(FailureClass::Internal, "x", "x")));
        }
        assert_eq!(breaker.refusal("tiny"), None);
    }
}
