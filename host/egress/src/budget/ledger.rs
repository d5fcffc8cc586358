//! All windows and closures of all accounts: one value, asked with the time as an argument.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::card::BudgetScope;
use reqwest::header::HeaderMap;

use super::line::{Line, Scopes};
use super::retry_after::{asked_wait, wait_after_429};
use super::snapshot::{BudgetSnapshot, SavedClosure, SavedWindow};
use super::window::Window;

/// When a call may go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Room {
    Now,
    At { scope: String, until: DateTime<Utc> },
}

/// An account that the other side closed by a 429.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Closure {
    until: DateTime<Utc>,
    /// 429s in a row.
    streak: u32,
}

/// The parts of an answer that budgets look at.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    pub(crate) status: u16,
    pub(crate) headers: &'a HeaderMap,
}

impl Told<'_> {
    fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    windows: HashMap<String, Window>,
    closed: HashMap<String, Closure>,
}

impl Ledger {
    /// Whether a call could go out, counting nothing.
    pub(crate) fn room(&mut self, scopes: &Scopes, now: DateTime<Utc>) -> Room {
        let mut room = Room::Now;
        for (scope, account) in scopes.accounts() {
            if let Some(closure) = self.closed.get(&account).filter(|closure| now < closure.until) {
                later(&mut room, format!("{scope} (closed by a 429)"), closure.until);
            }
        }
        for line in &scopes.lines {
            if let Some(until) = self.window(line).full_until(line.calls, now) {
                later(&mut room, line.scope.name().to_owned(), until);
            }
        }
        room
    }

    /// Counts the call in every window if it may go out now, in none otherwise.
    pub(crate) fn take(&mut self, scopes: &Scopes, now: DateTime<Utc>) -> Room {
        let room = self.room(scopes, now);
        if room == Room::Now {
            for line in &scopes.lines {
                self.window(line).count(1, now);
            }
        }
        room
    }

    pub(crate) fn answered(&mut self, scopes: &Scopes, told: &Told<'_>, now: DateTime<Utc>) {
        for line in &scopes.lines {
            let left =
                line.remaining_header.as_deref().and_then(|name| told.header(name)).and_then(|text| remaining(&text));
            if let Some(left) = left {
                self.window(line).told_left(left, line.calls, now);
            }
        }
        let retry_after = told.header(&scopes.retry_after_header);
        match told.status {
            429 => {
                let problem = scopes.problem_header.as_deref().and_then(|name| told.header(name));
                let account = scopes.account(scopes.blamed(problem.as_deref()));
                let streak = self.closed.get(&account).map_or(0, |closure| closure.streak);
                let wait = wait_after_429(problem.as_deref(), retry_after.as_deref(), streak, now);
                self.close(account, now + wait, streak.saturating_add(1));
            }
            503 => {
                // Maintenance that says how long: no use to knock before.
                if let Some(wait) = asked_wait(retry_after.as_deref(), now) {
                    let account = scopes.account(BudgetScope::Connection);
                    let streak = self.closed.get(&account).map_or(0, |closure| closure.streak);
                    self.close(account, now + wait.min(Duration::hours(1)), streak);
                }
            }
            _ => self.forgive(scopes, now),
        }
    }

    fn close(&mut self, account: String, until: DateTime<Utc>, streak: u32) {
        let closure = self.closed.entry(account).or_insert(Closure { until, streak });
        // An answer that was under way can lengthen a wait, never shorten it.
        *closure = Closure { until: closure.until.max(until), streak };
    }

    /// A success ends the row of 429s, but opens nothing before its time.
    fn forgive(&mut self, scopes: &Scopes, now: DateTime<Utc>) {
        for (_, account) in scopes.accounts() {
            if self.closed.get(&account).is_some_and(|closure| closure.until <= now) {
                self.closed.remove(&account);
            }
        }
    }

    fn window(&mut self, line: &Line) -> &mut Window {
        self.windows.entry(line.window_key()).or_insert_with(|| Window::new(line.span_ms))
    }

    pub(crate) fn snapshot(&mut self, now: DateTime<Utc>) -> BudgetSnapshot {
        self.windows.retain(|_, window| !window.is_empty(now));
        // The row of 429s is remembered a little longer than the closure itself.
        self.closed.retain(|_, closure| now < closure.until + Duration::minutes(10));
        let mut windows: Vec<SavedWindow> = self
            .windows
            .iter()
            .map(|(key, window)| SavedWindow {
                key: key.clone(),
                span_ms: window.span_ms(),
                slots: window.slots().collect(),
            })
            .collect();
        windows.sort_by(|a, b| a.key.cmp(&b.key));
        let mut closed: Vec<SavedClosure> = self
            .closed
            .iter()
            .map(|(account, closure)| SavedClosure {
                account: account.clone(),
                until: closure.until.timestamp_millis(),
                streak: closure.streak,
            })
            .collect();
        closed.sort_by(|a, b| a.account.cmp(&b.account));
        BudgetSnapshot { windows, closed }
    }

    /// Adds what was counted before a restart to what was counted since.
    pub(crate) fn restore(&mut self, snapshot: &BudgetSnapshot, now: DateTime<Utc>) {
        for saved in &snapshot.windows {
            self.windows.entry(saved.key.clone()).or_insert_with(|| Window::new(saved.span_ms)).merge(&saved.slots);
        }
        for saved in &snapshot.closed {
            // Whatever a snapshot says, nothing is closed for longer than a day's limit can close it.
            let until = DateTime::from_timestamp_millis(saved.until).unwrap_or(now).min(now + Duration::hours(24));
            self.close(saved.account.clone(), until, saved.streak);
        }
    }
}

fn later(room: &mut Room, scope: String, until: DateTime<Utc>) {
    match room {
        Room::At { until: known, .. } if *known >= until => {}
        _ => *room = Room::At { scope, until },
    }
}

/// Below zero is none left; what is no number says nothing.
fn remaining(text: &str) -> Option<u32> {
    let number = text.trim().parse::<i64>().ok()?;
    Some(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}
