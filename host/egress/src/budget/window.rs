//! A sliding window of counted calls. Exact in the direction that matters: in no span of its length can more
//! than the limit go out. Time is cut into 128 slots so that a day of 10,000 calls is 129 numbers, at the
//! price of one slot's length of patience (0.8 %).

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

const SLOTS: i64 = 128;
const WRONG_CLOCK_MS: i64 = 3_600_000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Window {
    span_ms: i64,
    /// (slot number, calls), ascending.
    slots: VecDeque<(i64, u32)>,
}

impl Window {
    pub(crate) fn new(span_ms: i64) -> Self {
        Self { span_ms: span_ms.max(1), slots: VecDeque::new() }
    }

    pub(crate) fn span_ms(&self) -> i64 {
        self.span_ms
    }

    pub(crate) fn slots(&self) -> impl Iterator<Item = (i64, u32)> {
        self.slots.iter().copied()
    }

    fn width(&self) -> i64 {
        (self.span_ms / SLOTS + i64::from(self.span_ms % SLOTS != 0)).max(1)
    }

    /// How many slots back a call can still be less than a span ago.
    fn reach(&self) -> i64 {
        self.span_ms / self.width() + i64::from(self.span_ms % self.width() != 0)
    }

    /// Time never runs backwards here: a clock that is set back counts on in the last slot. Slots more than
    /// an hour and a span ahead come from a clock that was wrong and are dropped, or they would block for ever.
    fn slide(&mut self, now: DateTime<Utc>) -> i64 {
        let slot = now.timestamp_millis().div_euclid(self.width());
        let reach = self.reach();
        let nonsense = slot + reach + WRONG_CLOCK_MS / self.width();
        self.slots.retain(|(at, _)| *at <= nonsense);
        let current = self.slots.back().map_or(slot, |(last, _)| slot.max(*last));
        while self.slots.front().is_some_and(|(at, _)| current - at > reach) {
            self.slots.pop_front();
        }
        current
    }

    pub(crate) fn used_at(&mut self, now: DateTime<Utc>) -> u32 {
        self.slide(now);
        self.used()
    }

    fn used(&self) -> u32 {
        self.slots.iter().fold(0, |sum, (_, calls)| sum.saturating_add(*calls))
    }

    /// None: there is room. Otherwise when there will be.
    pub(crate) fn full_until(&mut self, limit: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.slide(now);
        let mut used = self.used();
        if used < limit {
            return None;
        }
        if limit == 0 {
            return Some(now + chrono::Duration::milliseconds(self.span_ms));
        }
        for (at, calls) in &self.slots {
            used = used.saturating_sub(*calls);
            if used < limit {
                return DateTime::from_timestamp_millis((at + self.reach() + 1) * self.width());
            }
        }
        None
    }

    pub(crate) fn count(&mut self, calls: u32, now: DateTime<Utc>) {
        if calls == 0 {
            return;
        }
        let current = self.slide(now);
        match self.slots.back_mut() {
            Some((at, counted)) if *at == current => *counted = counted.saturating_add(calls),
            _ => self.slots.push_back((current, calls)),
        }
    }

    /// For a restored snapshot: of two accounts of the same slot the higher stands.
    pub(crate) fn merge(&mut self, slots: &[(i64, u32)]) {
        let mut all: std::collections::BTreeMap<i64, u32> = self.slots.iter().copied().collect();
        for (at, calls) in slots {
            let counted = all.entry(*at).or_default();
            *counted = (*counted).max(*calls);
        }
        self.slots = all.into_iter().collect();
    }

    pub(crate) fn is_empty(&mut self, now: DateTime<Utc>) -> bool {
        self.slide(now);
        self.slots.is_empty()
    }
}
