//! Owns the records of one account and the order in which ids are given; does not own their rules.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, Utc};

use super::config::SyncroConfig;
use super::customers::Customer;
use super::invoices::Invoice;
use super::lines::Line;
use super::products::Product;
use super::schedules::Schedule;
use super::watch::{Violation, ViolationKind};
use crate::clock::SimClock;

/// Who made a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Maker {
    /// Somebody in the account's own screens.
    #[default]
    Person,
    Api,
    /// The engine that runs recurring invoices.
    Engine,
}

impl Maker {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Api => "api",
            Self::Engine => "engine",
        }
    }
}

/// Kinds of ids: each has its own numbers, so that one taken for another is found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Customer,
    Product,
    Sku,
    Schedule,
    Line,
    Invoice,
    InvoiceLine,
}

impl Kind {
    const fn first(self) -> i64 {
        match self {
            Self::Customer => 4_101,
            Self::Product => 23_389_001,
            Self::Sku => 71_001,
            Self::Schedule => 503_201,
            Self::Line => 1_823_001,
            Self::Invoice => 880_001,
            Self::InvoiceLine => 6_640_001,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) config: SyncroConfig,
    pub(crate) clock: SimClock,
    pub(crate) customers: BTreeMap<i64, Customer>,
    pub(crate) products: BTreeMap<i64, Product>,
    /// Products that were deleted.
    pub(crate) gone: BTreeSet<i64>,
    pub(crate) schedules: BTreeMap<i64, Schedule>,
    pub(crate) lines: BTreeMap<i64, Line>,
    pub(crate) invoices: BTreeMap<i64, Invoice>,
    pub(crate) next_number: i64,
    pub(crate) violations: Vec<Violation>,
    /// What the call in hand did, until its answer is known.
    pub(crate) noticed: Vec<(ViolationKind, String)>,
    given: BTreeMap<Kind, i64>,
}

impl Tenant {
    pub(crate) fn new(config: SyncroConfig, clock: SimClock) -> Self {
        Self {
            next_number: config.first_number,
            config,
            clock,
            customers: BTreeMap::new(),
            products: BTreeMap::new(),
            gone: BTreeSet::new(),
            schedules: BTreeMap::new(),
            lines: BTreeMap::new(),
            invoices: BTreeMap::new(),
            violations: Vec::new(),
            noticed: Vec::new(),
            given: BTreeMap::new(),
        }
    }

    pub(crate) fn give(&mut self, kind: Kind) -> i64 {
        let next = self.given.entry(kind).or_insert(kind.first());
        let id = *next;
        *next += 1;
        id
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    fn offset(&self) -> FixedOffset {
        let seconds = self.config.utc_offset_minutes.saturating_mul(60);
        FixedOffset::east_opt(seconds).unwrap_or_else(|| chrono::Offset::fix(&Utc))
    }

    /// 06:00 in the account's own time.
    pub(crate) fn six_in_the_morning(&self, day: NaiveDate) -> DateTime<Utc> {
        let local = day.and_time(chrono::NaiveTime::MIN) + Duration::hours(6);
        (local - Duration::minutes(i64::from(self.config.utc_offset_minutes))).and_utc()
    }

    /// The last day whose 06:00 has come.
    pub(crate) fn ran_until(&self) -> NaiveDate {
        (self.now().with_timezone(&self.offset()) - Duration::hours(6)).date_naive()
    }

    /// Whether lists show what was made then.
    pub(crate) fn is_listed(&self, made: DateTime<Utc>) -> bool {
        let lag = self.config.switches.list_lag_seconds;
        lag == 0 || self.now() - made >= Duration::seconds(lag)
    }

    /// A recurring invoice's lines, as they stand on it.
    pub(crate) fn lines_of(&self, schedule: i64) -> Vec<&Line> {
        let mut lines: Vec<&Line> = self.lines.values().filter(|line| line.schedule == schedule).collect();
        lines.sort_by_key(|line| (line.position, line.id));
        lines
    }

    pub(crate) fn notice(&mut self, kind: ViolationKind, what: impl Into<String>) {
        self.noticed.push((kind, what.into()));
    }
}
