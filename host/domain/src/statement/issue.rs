//! Whether a statement is new, was read before, or takes the place of one that was: by what its records say, because they
//! have no ids and statements are issued again under other ones. Owns the identity of a record; what follows for the money
//! is `orders`.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::{Record, Statement};
use crate::digest::Digester;

/// A statement as it was read before, one of each issue.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    pub statement: &'a Statement,
    /// The id of the statement that its issues began with.
    pub lineage: &'a str,
    pub issue: u32,
}

/// What a statement is, beside those that were read before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The first of its stream for these days.
    First,
    /// It says what this issue said, whatever its id.
    Same { of: String, issue: u32 },
    /// It takes the place of what was read before: the difference counts.
    Reissue { of: String },
    /// Beside another one for the same days: both count.
    Additional { beside: String },
    /// Not all of it could be read, so nothing of it counts yet.
    Unreadable,
}

impl What {
    pub fn name(&self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Same { .. } => "same",
            Self::Reissue { .. } => "reissue",
            Self::Additional { .. } => "additional",
            Self::Unreadable => "unreadable",
        }
    }
}

/// A record with what it is known by, from issue to issue.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    pub(super) id: String,
    pub(super) record: &'a Record,
}

/// In the order of the source. Records that are alike in everything but their money are told apart by it, least first, so that
/// the order in which a source gives them says nothing.
pub(super) fn rows(statement: &Statement) -> Vec<Row<'_>> {
    let mut alike: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, record) in statement.records.iter().enumerate() {
        alike.entry(kin(record)).or_default().push(place);
    }
    let mut ids = vec![String::new(); statement.records.len()];
    for (kin, mut places) in alike {
        places.sort_by_key(|place| statement.records.get(*place).map(figures));
        for (nth, place) in places.into_iter().enumerate() {
            let mut digest = Digester::new("statement-line");
            digest.text(&kin).count(nth);
            let mut short = digest.short();
            short.truncate(16);
            if let Some(id) = ids.get_mut(place) {
                *id = short;
            }
        }
    }
    statement.records.iter().zip(ids).map(|(record, id)| Row { id, record }).collect()
}

/// What is the same from issue to issue, whatever it comes to.
fn kin(record: &Record) -> String {
    let mut digest = Digester::new("statement-kin");
    digest
        .text(record.customer.as_str())
        .text(&record.subscription)
        .text(&record.product.code)
        .text(record.motion.name())
        .text(record.charge.name())
        .text(record.currency.code())
        .maybe(record.charge_period.map(|period| format!("{period:?}")).as_deref());
    digest.short()
}

fn figures(record: &Record) -> (&str, Decimal, Decimal, Decimal, Decimal, Decimal) {
    let Record { charge_name, quantity, unit_price, unit_cost, amount, cost, .. } = record;
    (charge_name, *quantity, *unit_price, *unit_cost, *amount, *cost)
}

/// What a statement bills, whatever it is called and however its records are ordered: equal for two that bill the same.
pub fn content(statement: &Statement) -> String {
    let mut lines: Vec<String> = statement.records.iter().map(line).collect();
    lines.sort_unstable();
    let mut digest = Digester::new("statement-content");
    digest.count(lines.len());
    for line in &lines {
        digest.text(line);
    }
    digest.short()
}

fn line(record: &Record) -> String {
    let (charge_name, quantity, unit_price, unit_cost, amount, cost) = figures(record);
    let mut digest = Digester::new("statement-record");
    digest.text(&kin(record)).text(charge_name);
    for number in [quantity, unit_price, unit_cost, amount, cost] {
        digest.number(number);
    }
    digest.short()
}

/// What a statement is, and the issue that it is held against.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) what: What,
    pub(super) lineage: String,
    pub(super) issue: u32,
    /// What was said last, where that is to be corrected.
    pub(super) last: Option<&'a Statement>,
}

pub(super) fn find<'a>(new: &Statement, known: &[Known<'a>]) -> Found<'a> {
    let says = content(new);
    let same = |of: &Known<'a>| Found {
        what: What::Same { of: of.lineage.to_owned(), issue: of.issue },
        lineage: of.lineage.to_owned(),
        issue: of.issue,
        last: None,
    };
    // The one that stands in the list under this id said this already, whatever was issued since under another.
    let of_id = known.iter().filter(|of| of.statement.head.id == new.head.id).max_by_key(|of| of.issue);
    if let Some(of) = of_id.filter(|of| content(of.statement) == says) {
        return same(of);
    }
    let peers = latest(known.iter().filter(|of| of.statement.head.period == new.head.period));
    if let Some(of) = peers.iter().find(|of| content(of.statement) == says) {
        return same(of);
    }
    let lineage = of_id.map(|of| of.lineage).or_else(|| likest(new, &peers));
    let last = lineage.and_then(|lineage| latest(known.iter().filter(|of| of.lineage == lineage)).pop());
    if let Some(last) = last {
        return Found {
            what: What::Reissue { of: last.lineage.to_owned() },
            lineage: last.lineage.to_owned(),
            issue: last.issue + 1,
            last: Some(last.statement),
        };
    }
    let what = match peers.first() {
        Some(peer) => What::Additional { beside: peer.lineage.to_owned() },
        None => What::First,
    };
    Found { what, lineage: new.head.id.clone(), issue: 1, last: None }
}

/// The last issue of each.
pub(super) fn latest<'k, 'a: 'k>(known: impl Iterator<Item = &'k Known<'a>>) -> Vec<Known<'a>> {
    let mut all: BTreeMap<&str, Known<'a>> = BTreeMap::new();
    for of in known {
        let last = all.entry(of.lineage).or_insert(*of);
        if last.issue < of.issue {
            *last = *of;
        }
    }
    all.into_values().collect()
}

/// The one of which at least half of the lines are here again; of several, the one that is here again most.
fn likest<'a>(new: &Statement, peers: &[Known<'a>]) -> Option<&'a str> {
    let ours: BTreeSet<String> = rows(new).into_iter().map(|row| row.id).collect();
    let share = |of: &Known<'a>| {
        let theirs = rows(of.statement);
        let again = theirs.iter().filter(|row| ours.contains(&row.id)).count();
        (theirs.len(), again)
    };
    let shares = peers.iter().map(|of| (share(of), of.lineage));
    let alike = shares.filter(|((lines, again), _)| *lines > 0 && again * 2 >= *lines);
    alike.max_by_key(|((lines, again), _)| again * 1_000 / lines).map(|(_, lineage)| lineage)
}
