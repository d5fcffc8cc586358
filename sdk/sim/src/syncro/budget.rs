//! Owns the count of calls in a sliding window; does not own what a call beyond it is answered.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};

use crate::clock::SimClock;

#[derive(Debug, Default)]
struct Calls {
    recent: VecDeque<DateTime<Utc>>,
    refused: usize,
    most: usize,
}

/// What one source address may ask. Clones share the count: give one to all tenants that are called from one address.
#[derive(Debug, Clone)]
pub struct RateWindow {
    limit: usize,
    length: Duration,
    clock: SimClock,
    calls: Arc<Mutex<Calls>>,
}

impl RateWindow {
    #[must_use]
    pub fn new(limit: usize, length: Duration, clock: SimClock) -> Self {
        Self { limit, length, clock, calls: Arc::default() }
    }

    /// 180 a minute, as the vendor says.
    #[must_use]
    pub fn vendor(clock: SimClock) -> Self {
        Self::new(180, Duration::seconds(60), clock)
    }

    fn lock(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether one more call passes; one that does not is not counted against the window.
    pub(crate) fn admits(&self) -> bool {
        let now = self.clock.now();
        let mut calls = self.lock();
        while calls.recent.front().is_some_and(|at| now - *at >= self.length) {
            calls.recent.pop_front();
        }
        if calls.recent.len() >= self.limit {
            calls.refused += 1;
            return false;
        }
        calls.recent.push_back(now);
        calls.most = calls.most.max(calls.recent.len());
        true
    }

    /// Calls that were answered 429.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.lock().refused
    }

    /// The most calls that one window ever held.
    #[must_use]
    pub fn most(&self) -> usize {
        self.lock().most
    }
}
