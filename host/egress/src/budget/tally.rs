//! One window of one account, with the calls under way and what disk knows of it. A call counts from the moment it may
//! go out and for a whole span after it ended, because the other side may count it at any time between.

use chrono::{DateTime, Duration, Utc};

use super::share::Shares;
use super::window::Window;

/// At most this part of a minute's calls is written down as used before it is: what a crash can cost.
const LEASED_PART: i64 = 32;
const MINUTE_MS: i64 = 60_000;

/// How much later than its process a request may arrive.
const LATE_MS: i64 = 2_000;

#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) window: Window,
    /// As last asked for.
    limit: u32,
    /// Under way.
    flying: u32,
    /// Perhaps still under way from a former process, and until when.
    late: Option<(u32, DateTime<Utc>)>,
    /// Calls that disk already takes for used.
    lease: u32,
    /// What `lease` will be once the snapshot that is being saved is on disk, and the calls let out since it was made.
    coming: u32,
    since: u32,
    /// Somebody waits for a lease.
    wanted: bool,
    pub(crate) shares: Shares,
}

impl Tally {
    pub(crate) fn new(span_ms: i64) -> Self {
        Self {
            window: Window::new(span_ms),
            limit: 0,
            flying: 0,
            late: None,
            lease: 0,
            coming: 0,
            since: 0,
            wanted: false,
            shares: Shares::default(),
        }
    }

    /// None: there is room. Otherwise when to ask again.
    pub(crate) fn full_until(&mut self, limit: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.limit = limit;
        let away = self.away(now);
        if limit > 0 && away >= limit {
            // Who is under way ends nobody knows when.
            let pause = (self.window.span_ms() / 128).clamp(10, 500);
            return Some(now + Duration::milliseconds(pause));
        }
        self.window.full_until(limit.saturating_sub(away), now)
    }

    pub(crate) fn free(&mut self, now: DateTime<Utc>) -> u32 {
        self.limit.saturating_sub(self.away(now)).saturating_sub(self.window.used_at(now))
    }

    /// Under way, of this process or of a former one.
    fn away(&mut self, now: DateTime<Utc>) -> u32 {
        if let Some((calls, until)) = self.late
            && until <= now
        {
            self.late = None;
            self.window.count(calls, now);
        }
        self.late.map_or(0, |(calls, _)| calls).saturating_add(self.flying)
    }

    pub(crate) fn is_leased(&mut self) -> bool {
        self.wanted = self.lease == 0;
        !self.wanted
    }

    pub(crate) fn take(&mut self) {
        self.flying = self.flying.saturating_add(1);
        self.draw(1);
    }

    pub(crate) fn done(&mut self, now: DateTime<Utc>) {
        self.flying = self.flying.saturating_sub(1);
        self.window.count(1, now);
    }

    /// What the other side says is left can only lower what we think is left. True where it did.
    pub(crate) fn told_left(&mut self, left: u32, limit: u32, now: DateTime<Utc>) -> bool {
        let ours = limit.saturating_sub(self.away(now)).saturating_sub(self.window.used_at(now));
        let unknown = ours.saturating_sub(left);
        self.window.count(unknown, now);
        self.draw(unknown);
        unknown > 0
    }

    fn draw(&mut self, calls: u32) {
        self.lease = self.lease.saturating_sub(calls);
        self.since = self.since.saturating_add(calls);
    }

    /// What may be used beyond the window before the next snapshot; a renewing one lets more out once it is on disk.
    pub(crate) fn ahead(&mut self, renewing: bool, now: DateTime<Utc>) -> u32 {
        let away = self.away(now);
        if !renewing {
            return away.saturating_add(self.lease);
        }
        let is_used = away > 0 || self.wanted || !self.window.is_empty(now);
        if !is_used {
            self.lease = 0;
        }
        // Never less than what is still let out while the new one is on its way to disk.
        self.coming = if is_used { self.one_lease().max(self.lease) } else { 0 };
        self.since = 0;
        away.saturating_add(self.coming)
    }

    /// Of a day's limit a minute's share: a few crashes must not use up the day.
    fn one_lease(&self) -> u32 {
        let a_minute = i64::from(self.limit) * MINUTE_MS / self.window.span_ms().max(MINUTE_MS);
        u32::try_from((a_minute / LEASED_PART).max(1)).unwrap_or(1)
    }

    /// The renewing snapshot is on disk.
    pub(crate) fn leased(&mut self) {
        self.lease = std::mem::take(&mut self.coming).saturating_sub(self.since);
        self.wanted = false;
    }

    /// Nothing is let out any more.
    pub(crate) fn end(&mut self) {
        self.lease = 0;
        self.wanted = false;
    }

    pub(crate) fn is_idle(&mut self, now: DateTime<Utc>) -> bool {
        self.away(now) == 0 && self.lease == 0 && !self.wanted && self.window.is_empty(now)
    }

    /// Counted before a restart, and what may have been.
    pub(crate) fn restore(&mut self, slots: &[(i64, u32)], ahead: u32, now: DateTime<Utc>) {
        self.window.merge(slots);
        if ahead > 0 {
            // What was on its way when the process ended may arrive after the next one began.
            let until = now + Duration::milliseconds(self.window.span_ms().min(LATE_MS));
            let calls = self.late.map_or(0, |(calls, _)| calls).saturating_add(ahead);
            self.late = Some((calls, until));
        }
    }
}
