//! The container that a subscription's lines go into, as the target told it for one plan: how often it bills and in what,
//! from where its periods are counted, up to when they are invoiced, and whether it prorates by itself. Owns the names of
//! these attributes and who prorates; whether a plan agrees with it is the checker's business, whether a link may be set
//! `fitting`'s.

use std::fmt;

use chrono::NaiveDate;

use crate::directory::Entity;
use crate::id::EntityId;
use crate::job::{Job, JobKind, JobLine, JobLink};
use crate::link::{LinkKind, LinkTarget};
use crate::period::{Cycle, Period};

/// What a target tells of a container, by name. What stands in a link under one of these is never believed beside it.
pub const PARTY: &str = "party";
pub const ACTIVE: &str = "active";
pub const STATUS: &str = "status";
pub const CURRENCY: &str = "currency";
pub const CYCLE: &str = "cycle";
pub const PRORATE: &str = "prorate";
/// The first day that is not invoiced yet; absent: nothing is.
pub const INVOICED_UNTIL: &str = "invoiced-until";
/// A day on which one of its periods begins.
pub const ANCHOR: &str = "period-anchor";
pub const START: &str = "start";
pub const END: &str = "end";

const FACTS: [&str; 10] = [PARTY, ACTIVE, STATUS, CURRENCY, CYCLE, PRORATE, INVOICED_UNTIL, ANCHOR, START, END];

/// Attributes of a job's line that the agreement between host and container rests on.
pub const EFFECTIVE_ON: &str = "effective-on";
/// "start/end" of the whole period that a prorated line is a part of; the end is the first day after it.
pub const PRORATION_OF: &str = "proration-of";
/// Whose period that is, where it is the container's.
pub const PERIOD_OF: &str = "proration-period-of";
/// A line that recurs in another cycle than its subscription.
pub const LINE_CYCLE: &str = "cycle";

/// The value of a name; an empty one says nothing.
pub fn told<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
}

/// Something that the target told and that cannot be what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    pub name: &'static str,
    pub value: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, value } = self;
        let what = if *name == CYCLE { "billing cycle such as P1M" } else { "day such as 2026-11-01" };
        write!(f, "its {name} is \"{value}\", which is no {what}")
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    pub id: EntityId,
    pub name: String,
    pub party: Option<String>,
    /// None: it was not read for this plan.
    pub active: Option<bool>,
    pub status: Option<String>,
    pub currency: Option<String>,
    pub cycle: Option<Cycle>,
    pub prorate: bool,
    pub invoiced_until: Option<NaiveDate>,
    pub anchor: Option<NaiveDate>,
    pub end: Option<NaiveDate>,
    pub unreadable: Vec<Unreadable>,
}

impl Container {
    pub fn new(id: &EntityId, name: &str, attributes: &[(String, String)]) -> Self {
        let mut unreadable = Vec::new();
        let mut day = |name: &'static str| {
            let value = told(attributes, name)?;
            let day = value.parse().ok();
            if day.is_none() {
                unreadable.push(Unreadable { name, value: value.to_owned() });
            }
            day
        };
        let (invoiced_until, anchor, end) = (day(INVOICED_UNTIL), day(ANCHOR), day(END));
        let cycle = told(attributes, CYCLE);
        let read = cycle.and_then(Cycle::parse);
        if let Some(value) = cycle.filter(|_| read.is_none()) {
            unreadable.push(Unreadable { name: CYCLE, value: value.to_owned() });
        }
        let text = |name: &str| told(attributes, name).map(str::to_owned);
        Self {
            id: id.clone(),
            name: name.to_owned(),
            party: text(PARTY),
            active: told(attributes, ACTIVE).map(|active| active == "true"),
            status: text(STATUS),
            currency: text(CURRENCY),
            cycle: read,
            prorate: told(attributes, PRORATE) == Some("true"),
            invoiced_until,
            anchor,
            end,
            unreadable,
        }
    }

    /// The one that the job's lines go into.
    pub fn of(job: &Job) -> Option<Self> {
        let link = job.links.iter().find(|link| link.kind == LinkKind::Container)?;
        Some(Self::of_link(link))
    }

    pub fn of_link(link: &JobLink) -> Self {
        Self::new(&link.target, &link.target_name, &link.attributes)
    }

    /// As people know it.
    pub fn called(&self) -> String {
        if self.name.trim().is_empty() { format!("container {}", self.id) } else { format!("\"{}\"", self.name) }
    }

    /// Its whole billing period that has this day in it. None: it does not tell.
    pub fn period_containing(&self, day: NaiveDate) -> Option<Period> {
        self.cycle?.period_containing(day, self.anchor?)
    }

    pub fn is_invoiced(&self, day: NaiveDate) -> bool {
        self.invoiced_until.is_some_and(|until| day < until)
    }

    /// Whether what begins on this day is left to the container to prorate: it can only do so with something new, in a
    /// period that it has not invoiced. Changes are the difference to something that stands there already.
    pub fn prorates(&self, kind: JobKind, effective_on: NaiveDate) -> bool {
        let unknown = self.unreadable.iter().any(|unreadable| unreadable.name == INVOICED_UNTIL);
        self.prorate && matches!(kind, JobKind::Sales | JobKind::Initial) && !self.is_invoiced(effective_on) && !unknown
    }
}

/// What the link of a job tells: the container as it was read just now, and what people keep with the link beside that.
pub fn attributes(kept: &LinkTarget, fresh: &Entity) -> Vec<(String, String)> {
    let mut all = fresh.attributes.clone();
    all.retain(|(name, _)| ![ACTIVE, CURRENCY, CYCLE].contains(&name.as_str()));
    all.push((ACTIVE.to_owned(), fresh.active.to_string()));
    all.extend(fresh.currency.map(|currency| (CURRENCY.to_owned(), currency.code().to_owned())));
    all.extend(fresh.cycle.iter().map(|cycle| (CYCLE.to_owned(), cycle.clone())));
    let is_new = |name: &str| !FACTS.contains(&name) && !fresh.attributes.iter().any(|(told, _)| told == name);
    all.extend(kept.attributes.iter().filter(|(name, _)| is_new(name)).cloned());
    all
}

/// The day from which a line counts: the one that it was prorated from, the first one that a person gave it, the order's.
pub fn effective_on(job: &Job, line: &JobLine) -> NaiveDate {
    let given = told(&line.attributes, EFFECTIVE_ON).and_then(|day| day.parse().ok());
    let by_person = || {
        let period = line.service_period.filter(|_| told(&line.attributes, "period-source") == Some("person"));
        period.map(|period| period.start())
    };
    given.or_else(by_person).unwrap_or(job.order.effective_on)
}

/// The whole period that a line is, or would be, prorated in.
pub fn proration_period(line: &JobLine) -> Option<Period> {
    let (start, end) = told(&line.attributes, PRORATION_OF)?.split_once('/')?;
    Period::new(start.parse().ok()?, end.parse().ok()?).ok()
}

/// The days that the order's money for a line pays for: by the container's periods where it was priced by them.
pub fn paid(job: &Job, line: &JobLine) -> Option<Period> {
    if told(&line.attributes, PERIOD_OF).is_none() {
        return line.service_period;
    }
    let whole = proration_period(line)?;
    Period::new(effective_on(job, line).max(whole.start()), whole.end()).ok()
}
