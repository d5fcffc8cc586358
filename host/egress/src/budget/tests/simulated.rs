//! A thousand windows and more of a target that counts, on a clock that is only a number: random work of several
//! connections, calls under way together, headers that say less is left, stops and kills of the process. Nothing here
//! sleeps. Two figures come of it, printed: how much of what was allowed was used, and by how much it was exceeded.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use chrono::{DateTime, Duration, TimeZone as _, Utc};
use counterfoil_domain::card::{BudgetLimit, BudgetScope, Budgets};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

use crate::budget::ledger::{Ledger, Room, Saving, Told};
use crate::budget::line::Scopes;
use crate::budget::snapshot::BudgetSnapshot;

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 % u64::try_from(most.max(1)).unwrap()).unwrap()
    }

    fn one_in(&mut self, often: i64) -> bool {
        self.below(often) == 0
    }
}

fn at(ms: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).unwrap() + Duration::milliseconds(ms)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counting {
    Fixed,
    Sliding,
}

/// What the target counts of one account, by both ways; it refuses, and tells what is left, by one of them.
#[derive(Debug)]
struct Account {
    limit: i64,
    span: i64,
    offset: i64,
    /// Ours.
    arrived: Vec<i64>,
    /// Of somebody else who uses the same account.
    others: Vec<i64>,
    over: i64,
}

impl Account {
    fn window(&self, now: i64, counting: Counting) -> (i64, i64) {
        match counting {
            Counting::Sliding => (now - self.span + 1, now),
            Counting::Fixed => {
                let begin = (now + self.offset).div_euclid(self.span) * self.span - self.offset;
                (begin, begin + self.span - 1)
            }
        }
    }

    fn counted(list: &[i64], (from, to): (i64, i64)) -> i64 {
        let begin = list.partition_point(|at| *at < from);
        let end = list.partition_point(|at| *at <= to);
        i64::try_from(end - begin).unwrap()
    }

    fn left(&self, now: i64, counting: Counting) -> i64 {
        let window = self.window(now, counting);
        (self.limit - Self::counted(&self.arrived, window) - Self::counted(&self.others, window)).max(0)
    }

    fn arrive(&mut self, now: i64) {
        self.arrived.push(now);
        for counting in [Counting::Fixed, Counting::Sliding] {
            self.over = self.over.max(Self::counted(&self.arrived, self.window(now, counting)) - self.limit);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Try { who: usize, life: u32 },
    Arrive { who: usize, life: u32, back: i64 },
    Answer { who: usize, life: u32, is_refusal: bool },
    Others,
    Stop,
    Kill,
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
struct Row {
    name: &'static str,
    limits: &'static [(BudgetScope, u32, i64)],
    /// Connections of one app; the first always has work, the others come and go.
    callers: usize,
    windows: i64,
    slowest: i64,
    counting: Counting,
    /// Calls of somebody else, per window.
    others: i64,
    restarts: bool,
}

struct Sim {
    row: Row,
    dice: Dice,
    ledger: Ledger,
    disk: String,
    scopes: Vec<Scopes>,
    accounts: BTreeMap<String, Account>,
    queue: BinaryHeap<Reverse<(i64, u64, Event)>>,
    serial: u64,
    life: u32,
    sent: Vec<i64>,
    saves: u64,
    refused: u64,
}

const AT_ONCE: usize = 5;

impl Sim {
    fn new(row: Row, seed: u64) -> Self {
        let limit = |(scope, calls, span): &(BudgetScope, u32, i64)| BudgetLimit {
            scope: *scope,
            calls: *calls,
            window: std::time::Duration::from_millis(u64::try_from(*span).unwrap()),
            remaining_header: (row.others > 0).then(|| "X-Left".to_owned()),
        };
        let budgets = Budgets {
            concurrency: 5,
            limits: row.limits.iter().map(limit).collect(),
            retry_after_header: "Retry-After".to_owned(),
            problem_header: None,
        };
        let scopes: Vec<Scopes> =
            (0..row.callers).map(|who| Scopes::of(&format!("connection/{who}"), "acme", &budgets)).collect();
        let mut dice = Dice(seed);
        let mut accounts = BTreeMap::new();
        for line in scopes.iter().flat_map(|scopes| &scopes.lines) {
            let account = Account {
                limit: i64::from(line.calls),
                span: line.span_ms,
                offset: dice.below(line.span_ms),
                arrived: Vec::new(),
                others: Vec::new(),
                over: i64::MIN,
            };
            accounts.insert(line.window_key(), account);
        }
        let mut ledger = Ledger::default();
        ledger.keep();
        Self {
            sent: vec![0; row.callers],
            row,
            dice,
            ledger,
            disk: String::new(),
            scopes,
            accounts,
            queue: BinaryHeap::new(),
            serial: 0,
            life: 0,
            saves: 0,
            refused: 0,
        }
    }

    fn plan(&mut self, ms: i64, event: Event) {
        self.serial += 1;
        self.queue.push(Reverse((ms, self.serial, event)));
    }

    fn run(&mut self) {
        let span = self.row.limits[0].2;
        let end = span * self.row.windows;
        self.begin(0);
        if self.row.restarts {
            self.plan(span * 17, Event::Stop);
            self.plan(span * 29, Event::Kill);
        }
        if self.row.others > 0 {
            self.plan(1, Event::Others);
        }
        while let Some(Reverse((now, _, event))) = self.queue.pop() {
            if now >= end {
                return;
            }
            self.happen(now, event, span);
        }
    }

    fn begin(&mut self, now: i64) {
        for who in 0..self.row.callers {
            for _ in 0..AT_ONCE {
                self.plan(now, Event::Try { who, life: self.life });
            }
        }
    }

    fn happen(&mut self, now: i64, event: Event, span: i64) {
        match event {
            Event::Try { who, life } if life == self.life => self.attempt(now, who),
            Event::Answer { who, life, is_refusal } if life == self.life => self.answer(now, who, is_refusal),
            Event::Try { .. } | Event::Answer { .. } => {}
            Event::Arrive { who, life, back } => {
                let is_refusal = self.arrive(now, who);
                self.plan(now + back, Event::Answer { who, life, is_refusal });
            }
            Event::Others => {
                let pause = 1 + self.dice.below(2 * span / self.row.others);
                for account in self.accounts.values_mut() {
                    if account.left(now, self.row.counting) > 0 {
                        account.others.push(now);
                    }
                }
                self.plan(now + pause, Event::Others);
            }
            Event::Stop => {
                self.ledger.end();
                self.disk = self.ledger.snapshot(Saving::Renewing, at(now)).to_json().unwrap();
                self.restart(now);
                self.plan(now + span * 31, Event::Stop);
            }
            Event::Kill => {
                self.restart(now);
                self.plan(now + span * 43, Event::Kill);
            }
        }
    }

    /// True when the target refuses it. Without others that would be a defect of ours, so there it counts and shows.
    fn arrive(&mut self, now: i64, who: usize) -> bool {
        let keys: Vec<String> = self.scopes[who].lines.iter().map(crate::budget::line::Line::window_key).collect();
        let is_full = keys.iter().any(|key| self.accounts[key].left(now, self.row.counting) == 0);
        if self.row.others > 0 && is_full {
            self.refused += 1;
            return true;
        }
        for key in &keys {
            self.accounts.get_mut(key).unwrap().arrive(now);
        }
        false
    }

    /// What was on its way still arrives; nobody here learns of it.
    fn restart(&mut self, now: i64) {
        let up = now + 300 + self.dice.below(3_000);
        self.ledger = Ledger::default();
        self.ledger.keep();
        self.ledger.restore(&BudgetSnapshot::from_json(&self.disk).unwrap(), at(up));
        self.life += 1;
        self.begin(up);
    }

    fn attempt(&mut self, now: i64, who: usize) {
        let life = self.life;
        // Whoever is not the first has work for a while and then none.
        let works = who == 0 || ((now / 400_000) + i64::try_from(who).unwrap()) % 3 != 0;
        if !works {
            let pause = 1_000 + self.dice.below(20_000);
            return self.plan(now + pause, Event::Try { who, life });
        }
        match self.ledger.take(&self.scopes[who], at(now)) {
            Room::Now => {
                self.sent[who] += 1;
                let there = 1 + self.dice.below(self.row.slowest);
                let back = 1 + self.dice.below(self.row.slowest);
                self.plan(now + there, Event::Arrive { who, life, back });
            }
            Room::Unsaved => {
                self.disk = self.ledger.snapshot(Saving::Renewing, at(now)).to_json().unwrap();
                self.ledger.saved();
                self.saves += 1;
                let took = self.dice.below(20);
                self.plan(now + took, Event::Try { who, life });
            }
            Room::At { until, .. } => {
                let wait = (until - at(now)).num_milliseconds().max(1);
                // Short waits are slept; for long ones the scheduler looks twice a second.
                let late = if wait <= 2_000 { 0 } else { self.dice.below(500) };
                self.plan(now + wait + late, Event::Try { who, life });
            }
        }
    }

    fn answer(&mut self, now: i64, who: usize, is_refusal: bool) {
        let life = self.life;
        self.ledger.done(&self.scopes[who], at(now));
        if self.row.others > 0 {
            let line = self.scopes[who].lines[0].clone();
            let left = self.accounts[&line.window_key()].left(now, self.row.counting);
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static("x-left"), HeaderValue::from(left));
            if is_refusal {
                let (_, until) = self.accounts[&line.window_key()].window(now, Counting::Fixed);
                let seconds = if self.row.counting == Counting::Fixed { (until - now) / 1_000 + 1 } else { 1 };
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            let status = if is_refusal { 429 } else { 200 };
            self.ledger.answered(&self.scopes[who], &Told { status, headers: &headers }, at(now));
        }
        let rest = if self.dice.one_in(50) { self.dice.below(300) } else { 0 };
        self.plan(now + rest, Event::Try { who, life });
    }
}

use BudgetScope::{App, Connection, EgressIp};

const TABLE: &[Row] = &[
    row("one connection, 60 a minute", &[(Connection, 60, 60_000)], 1, 1_200),
    row("five calls a minute", &[(Connection, 5, 60_000)], 1, 1_000),
    row("minute and day", &[(Connection, 60, 60_000), (Connection, 80_000, 86_400_000)], 1, 2_880),
    row("three connections of an app", &[(App, 100, 60_000), (Connection, 60, 60_000)], 3, 400),
    row(
        "four connections, one address",
        &[(EgressIp, 180, 60_000), (App, 1_000, 60_000), (Connection, 90, 60_000)],
        4,
        300,
    ),
    row("three connections, 1,000 a minute", &[(App, 1_000, 60_000)], 3, 60),
    Row { others: 20, ..row("others in a fixed window", &[(Connection, 60, 60_000)], 1, 400) },
    Row {
        others: 20,
        counting: Counting::Sliding,
        ..row("others in a sliding window", &[(Connection, 60, 60_000)], 1, 400)
    },
];

const fn row(name: &'static str, limits: &'static [(BudgetScope, u32, i64)], callers: usize, windows: i64) -> Row {
    Row { name, limits, callers, windows, slowest: 400, counting: Counting::Fixed, others: 0, restarts: true }
}

#[test]
fn a_thousand_windows_are_nearly_full_and_never_over() {
    for (index, row) in TABLE.iter().enumerate() {
        let mut sim = Sim::new(*row, 0x9e37_79b9_7f4a_7c15 ^ (u64::try_from(index).unwrap() + 1));
        sim.run();
        let first = &sim.accounts[&sim.scopes[0].lines[0].window_key()];
        let used = i64::try_from(first.arrived.len()).unwrap();
        // As much as the strictest of the limits that all callers share allows in the whole time.
        let time = row.limits[0].2 * row.windows;
        let shared = row.limits.iter().filter(|(scope, _, _)| row.callers == 1 || *scope == row.limits[0].0);
        let allowed = shared.map(|(_, calls, span)| i64::from(*calls) * (time / span)).min().unwrap()
            - i64::try_from(first.others.len()).unwrap();
        let permille = used * 1_000 / allowed;
        let over = sim.accounts.values().map(|account| account.over).max().unwrap();
        println!(
            "{}: {used} of {allowed} allowed calls in {} windows = {}.{} %, most over a limit: {over}; by caller {:?}; {} refused, {} saves, {} lives",
            row.name,
            row.windows,
            permille / 10,
            permille % 10,
            sim.sent,
            sim.refused,
            sim.saves,
            sim.life + 1
        );
        assert!(over <= 0, "{}: n + {over}", row.name);
        assert!(permille >= 950, "{}: only {permille} ‰", row.name);
    }
}
