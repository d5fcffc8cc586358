//! Owns the time a simulated vendor believes in; does not own timers (latency and late commits use real time).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};

#[derive(Debug, Clone, Copy)]
struct Reading {
    fixed: Option<DateTime<Utc>>,
    offset: Duration,
}

/// A clock that can be stopped and moved; clones share the same hands.
#[derive(Debug, Clone)]
pub struct SimClock {
    reading: Arc<Mutex<Reading>>,
}

impl SimClock {
    /// Follows the machine's clock.
    #[must_use]
    pub fn wall() -> Self {
        Self::at(None)
    }

    /// Stands still at `instant` until advanced.
    #[must_use]
    pub fn fixed(instant: DateTime<Utc>) -> Self {
        Self::at(Some(instant))
    }

    fn at(fixed: Option<DateTime<Utc>>) -> Self {
        let reading = Reading { fixed, offset: Duration::zero() };
        Self { reading: Arc::new(Mutex::new(reading)) }
    }

    fn hands(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let reading = *self.hands();
        reading.fixed.unwrap_or_else(Utc::now) + reading.offset
    }

    /// Moves the clock; a negative step moves it back.
    pub fn advance(&self, step: Duration) {
        self.hands().offset += step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_hands() {
        let clock = SimClock::fixed(DateTime::UNIX_EPOCH);
        let other = clock.clone();
        clock.advance(Duration::seconds(90));
        assert_eq!(other.now().timestamp(), 90);
        other.advance(Duration::seconds(-30));
        assert_eq!(clock.now().timestamp(), 60);
    }
}
