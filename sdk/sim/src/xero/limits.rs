//! Owns counting calls against Xero's four limits; does not own how long a call takes.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Duration, Utc};

use super::answer::Answer;
use super::config::Limits;

#[derive(Debug, Default)]
struct TenantCount {
    in_flight: u32,
    minute: VecDeque<DateTime<Utc>>,
    day: i64,
    day_used: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    tenants: HashMap<String, TenantCount>,
    app_minute: VecDeque<DateTime<Utc>>,
}

/// What is left, as each answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    day: u32,
    minute: u32,
    app_minute: u32,
}

impl Left {
    pub(crate) fn stamp(self, answer: Answer) -> Answer {
        answer
            .with("X-DayLimit-Remaining", self.day.to_string())
            .with("X-MinLimit-Remaining", self.minute.to_string())
            .with("X-AppMinLimit-Remaining", self.app_minute.to_string())
    }
}

fn forget_old(calls: &mut VecDeque<DateTime<Utc>>, now: DateTime<Utc>) {
    while calls.front().is_some_and(|at| now - *at >= Duration::seconds(60)) {
        calls.pop_front();
    }
}

fn count(calls: &VecDeque<DateTime<Utc>>) -> u32 {
    u32::try_from(calls.len()).unwrap_or(u32::MAX)
}

fn wait(until: DateTime<Utc>, now: DateTime<Utc>) -> Option<i64> {
    Some(((until - now).num_milliseconds() + 999).div_euclid(1000).max(1))
}

/// The 429. `Retry-After` comes with minute and day only; the body says nothing.
fn too_many(problem: &'static str, retry_after: Option<i64>, left: Left) -> Answer {
    let answer = left.stamp(Answer::text(429, "").with("X-Rate-Limit-Problem", problem));
    match retry_after {
        Some(seconds) => answer.with("Retry-After", seconds.to_string()),
        None => answer,
    }
}

impl Counters {
    /// Counts a call in, or refuses it. A refused call is not counted, a counted one must be `leave`d.
    pub(crate) fn enter(
        &mut self,
        tenant: &str,
        day_starts: Duration,
        limits: Limits,
        now: DateTime<Utc>,
    ) -> Result<Left, Answer> {
        let count_of = self.tenants.entry(tenant.to_owned()).or_default();
        let since_start = (now - day_starts).timestamp();
        let today = since_start.div_euclid(86_400);
        if count_of.day != today {
            count_of.day = today;
            count_of.day_used = 0;
        }
        forget_old(&mut count_of.minute, now);
        forget_old(&mut self.app_minute, now);
        let left = |used: &TenantCount, app: &VecDeque<DateTime<Utc>>| Left {
            day: limits.day.saturating_sub(used.day_used),
            minute: limits.minute.saturating_sub(count(&used.minute)),
            app_minute: limits.app_minute.saturating_sub(count(app)),
        };
        let before = left(count_of, &self.app_minute);
        if count_of.in_flight >= limits.concurrent {
            return Err(too_many("concurrent", None, before));
        }
        if before.app_minute == 0 {
            return Err(too_many("appminute", None, before));
        }
        if before.day == 0 {
            let reset = now + Duration::seconds(86_400 - since_start.rem_euclid(86_400));
            return Err(too_many("day", wait(reset, now), before));
        }
        if before.minute == 0 {
            let oldest = count_of.minute.front().copied().unwrap_or(now);
            return Err(too_many("minute", wait(oldest + Duration::seconds(60), now), before));
        }
        count_of.in_flight += 1;
        count_of.day_used += 1;
        count_of.minute.push_back(now);
        self.app_minute.push_back(now);
        Ok(left(count_of, &self.app_minute))
    }

    /// What a call without an organisation is told; it is not counted.
    pub(crate) fn app_left(&mut self, limits: Limits, now: DateTime<Utc>) -> u32 {
        forget_old(&mut self.app_minute, now);
        limits.app_minute.saturating_sub(count(&self.app_minute))
    }

    pub(crate) fn leave(&mut self, tenant: &str) {
        if let Some(count) = self.tenants.get_mut(tenant) {
            count.in_flight = count.in_flight.saturating_sub(1);
        }
    }
}
