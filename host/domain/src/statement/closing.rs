//! What goes on after a statement: of each thing that recurs, how much there was at the end, at which price. Owns which record
//! says it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::issue::{Known, latest};
use super::{Charge, Closing, Record, Statement};
use crate::id::CustomerId;
use crate::money::Currency;
use crate::motion::Motion;

/// What becomes one order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Group {
    pub(super) customer: CustomerId,
    pub(super) motion: Motion,
    pub(super) currency: Currency,
}

impl Group {
    pub(super) fn of(record: &Record) -> Self {
        Self { customer: record.customer.clone(), motion: record.motion, currency: record.currency }
    }
}

/// What goes on of one key.
#[derive(Debug, Clone, Copy)]
pub(super) struct GoesOn<'a> {
    /// Which of the statement's records says it.
    pub(super) place: usize,
    pub(super) record: &'a Record,
}

impl GoesOn<'_> {
    pub(super) fn closing(&self) -> Closing {
        Closing {
            quantity: self.record.quantity,
            unit_price: self.record.unit_price,
            unit_cost: Some(self.record.unit_cost),
        }
    }

    /// There is no more of it.
    pub(super) fn ended(&self) -> Closing {
        Closing { quantity: Decimal::ZERO, ..self.closing() }
    }
}

pub(super) type State<'a> = BTreeMap<(Group, String), GoesOn<'a>>;

/// From statement to statement the same word.
pub(super) fn key(record: &Record) -> String {
    format!("{}/{}/{}/{}", record.customer, record.motion, record.subscription, record.product.code)
}

/// Of the records of a key that charge for a time, the one that reaches furthest; of several the last. What is given back
/// says of nothing how much there is of it.
pub(super) fn state(statement: &Statement) -> State<'_> {
    let mut state: State<'_> = BTreeMap::new();
    let end = |record: &Record| record.charge_period.unwrap_or(statement.head.period).end();
    for (place, record) in statement.records.iter().enumerate().filter(|(_, record)| may_go_on(record)) {
        let goes_on = GoesOn { place, record };
        let kept = state.entry((Group::of(record), key(record))).or_insert(goes_on);
        if end(kept.record) <= end(record) {
            *kept = goes_on;
        }
    }
    state
}

pub(super) fn may_go_on(record: &Record) -> bool {
    record.motion.recurs()
        && matches!(record.charge, Charge::Recurring | Charge::Proration)
        && record.quantity > Decimal::ZERO
        && record.unit_price >= Decimal::ZERO
        && record.amount >= Decimal::ZERO
}

/// What went on after all statements of the stream's newest period before this one.
pub(super) fn before<'a>(new: &Statement, known: &[Known<'a>]) -> State<'a> {
    let days = |of: &Statement| (of.head.period.start(), of.head.period.end());
    let earlier = |of: &&Known<'a>| days(of.statement) < days(new) && of.statement.head.id != new.head.id;
    let Some(newest) = known.iter().filter(earlier).map(|of| days(of.statement)).max() else { return State::new() };
    let last = latest(known.iter().filter(|of| days(of.statement) == newest));
    last.iter().flat_map(|of| state(of.statement)).collect()
}

/// What goes on by other statements for the same days.
pub(super) fn beside<'a>(new: &Statement, lineage: &str, known: &[Known<'a>]) -> State<'a> {
    let peer = |of: &&Known<'a>| of.lineage != lineage && of.statement.head.period == new.head.period;
    latest(known.iter().filter(peer)).iter().flat_map(|of| state(of.statement)).collect()
}
