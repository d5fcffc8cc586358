//! All windows and closures of all accounts: one value, asked with the time as an argument.

use std::collections::HashMap;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::card::BudgetScope;
use reqwest::header::HeaderMap;

use super::line::{Line, Scopes};
use super::retry_after::{CAP, asked_wait, wait_after_429};
use super::snapshot::{BudgetSnapshot, SavedClosure, SavedWindow};
use super::tally::Tally;

/// When a call may go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Room {
    Now,
    At {
        scope: String,
        until: DateTime<Utc>,
    },
    /// As soon as disk knows that it may.
    Unsaved,
}

/// What a snapshot is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Saving {
    /// To look at, or the last one: nothing more is let out on its account.
    AsItIs,
    /// To be put on disk; once it is there, `saved` lets more out.
    Renewing,
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
    tallies: HashMap<String, Tally>,
    closed: HashMap<String, Closure>,
    /// Nothing goes out that disk does not take for used.
    keeps: bool,
    /// Something that a snapshot would show happened since the last one.
    changed: bool,
    /// The last snapshot is made.
    ended: bool,
}

impl Ledger {
    pub(crate) fn keep(&mut self) {
        self.keeps = true;
    }

    /// Whether a call could go out, counting nothing.
    pub(crate) fn room(&mut self, scopes: &Scopes, now: DateTime<Utc>) -> Room {
        if self.ended {
            return Room::At { scope: "stopping".to_owned(), until: now + Duration::seconds(5) };
        }
        let mut room = Room::Now;
        let mut binding = None;
        for (scope, account) in scopes.accounts() {
            if let Some(closure) = self.closed.get(&account).filter(|closure| now < closure.until) {
                later(&mut room, format!("{scope} (closed by a 429)"), closure.until);
            }
        }
        for (index, line) in scopes.lines.iter().enumerate() {
            let tally = self.tally(line);
            let until = tally.full_until(line.calls, now).or_else(|| {
                let free = tally.free(now);
                let shares = line.is_shared().then_some(&mut tally.shares)?;
                shares.not_before(&scopes.caller, (line.calls, free), line.span_ms, now)
            });
            if let Some(until) = until
                && later(&mut room, line.scope.name().to_owned(), until)
            {
                binding = Some(index);
            }
        }
        if let Room::At { until, .. } = &room {
            self.note_who_waits(scopes, binding, *until);
        }
        room
    }

    /// A share is kept only in the account that holds the caller back.
    fn note_who_waits(&mut self, scopes: &Scopes, binding: Option<usize>, until: DateTime<Utc>) {
        for (index, line) in scopes.lines.iter().enumerate().filter(|(_, line)| line.is_shared()) {
            let shares = &mut self.tally(line).shares;
            if binding == Some(index) {
                shares.turned_away(&scopes.caller, until, line.span_ms);
            } else {
                shares.forget(&scopes.caller);
            }
        }
    }

    /// Counts the call in every window if it may go out now, in none otherwise. Whoever takes says when it is `done`.
    pub(crate) fn take(&mut self, scopes: &Scopes, now: DateTime<Utc>) -> Room {
        let room = self.room(scopes, now);
        if room != Room::Now {
            return room;
        }
        if self.keeps {
            // Each of them is asked: one snapshot is to lease all that lack.
            let lacking = scopes.lines.iter().filter(|line| !self.tally(line).is_leased()).count();
            if lacking > 0 {
                return Room::Unsaved;
            }
        }
        for line in &scopes.lines {
            let tally = self.tally(line);
            tally.take();
            if line.is_shared() {
                tally.shares.count(&scopes.caller, line.span_ms, now);
            }
        }
        self.changed = self.changed || !scopes.lines.is_empty();
        Room::Now
    }

    /// A call that was taken ended, however it did.
    pub(crate) fn done(&mut self, scopes: &Scopes, now: DateTime<Utc>) {
        for line in &scopes.lines {
            self.tally(line).done(now);
        }
        self.changed = self.changed || !scopes.lines.is_empty();
    }

    /// True where the answer told something that must outlive this process.
    pub(crate) fn answered(&mut self, scopes: &Scopes, told: &Told<'_>, now: DateTime<Utc>) -> bool {
        let mut is_news = false;
        for line in &scopes.lines {
            let left =
                line.remaining_header.as_deref().and_then(|name| told.header(name)).and_then(|text| remaining(&text));
            if let Some(left) = left {
                is_news |= self.tally(line).told_left(left, line.calls, now);
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
                is_news = true;
            }
            503 => {
                // Maintenance that says how long: no use to knock before.
                if let Some(wait) = asked_wait(retry_after.as_deref(), now) {
                    let account = scopes.account(BudgetScope::Connection);
                    let streak = self.closed.get(&account).map_or(0, |closure| closure.streak);
                    self.close(account, now + wait.min(CAP), streak);
                    is_news = true;
                }
            }
            _ => self.forgive(scopes, now),
        }
        self.changed |= is_news;
        is_news
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
                self.changed = true;
            }
        }
    }

    fn tally(&mut self, line: &Line) -> &mut Tally {
        self.tallies.entry(line.window_key()).or_insert_with(|| Tally::new(line.span_ms))
    }

    pub(crate) fn has_changed(&self) -> bool {
        self.changed
    }

    /// From here on nothing goes out any more, so the next snapshot is the whole truth.
    pub(crate) fn end(&mut self) {
        self.ended = true;
        self.tallies.values_mut().for_each(Tally::end);
    }

    pub(crate) fn snapshot(&mut self, saving: Saving, now: DateTime<Utc>) -> BudgetSnapshot {
        let renewing = saving == Saving::Renewing && !self.ended;
        if saving == Saving::Renewing {
            self.changed = false;
        }
        // The row of 429s is remembered a little longer than the closure itself.
        self.closed.retain(|_, closure| now < closure.until + Duration::minutes(10));
        let mut windows: Vec<SavedWindow> = Vec::new();
        for (key, tally) in &mut self.tallies {
            let ahead = tally.ahead(renewing, now);
            tally.shares.tidy(now);
            let slots: Vec<(i64, u32)> = tally.window.slots().collect();
            if ahead > 0 || !slots.is_empty() {
                windows.push(SavedWindow { key: key.clone(), span_ms: tally.window.span_ms(), slots, ahead });
            }
        }
        self.tallies.retain(|_, tally| !tally.is_idle(now));
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

    /// The last renewing snapshot is on disk.
    pub(crate) fn saved(&mut self) {
        self.tallies.values_mut().for_each(Tally::leased);
    }

    /// It is not: what it would have shown is still to be saved.
    pub(crate) fn not_saved(&mut self) {
        self.changed = true;
    }

    /// Adds what was counted before a restart to what was counted since. Calls that a process may have let out after
    /// its last snapshot count as sent now: later than they were, so never too early forgotten.
    pub(crate) fn restore(&mut self, snapshot: &BudgetSnapshot, now: DateTime<Utc>) {
        for saved in &snapshot.windows {
            let tally = self.tallies.entry(saved.key.clone()).or_insert_with(|| Tally::new(saved.span_ms));
            tally.restore(&saved.slots, saved.ahead, now);
        }
        for saved in &snapshot.closed {
            // Whatever a snapshot says, nothing is closed for longer than an answer can close it.
            let until = DateTime::from_timestamp_millis(saved.until).unwrap_or(now).min(now + CAP);
            self.close(saved.account.clone(), until, saved.streak);
        }
        self.changed = true;
    }
}

/// True where it is what holds the call back longest.
fn later(room: &mut Room, scope: String, until: DateTime<Utc>) -> bool {
    match room {
        Room::At { until: known, .. } if *known >= until => false,
        _ => {
            *room = Room::At { scope, until };
            true
        }
    }
}

/// Below zero is none left; what is no number says nothing.
fn remaining(text: &str) -> Option<u32> {
    let number = text.trim().parse::<i64>().ok()?;
    Some(u32::try_from(number.max(0)).unwrap_or(u32::MAX))
}
