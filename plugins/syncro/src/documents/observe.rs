//! What Syncro shows now for lines that were written.
//!
//! Owns reading them back, and the total by which the host sees that something is not as written. What recurs bills this
//! order its first run only, so its total is the confirmed one as long as it stands as written, and moves by what its amount
//! moved.

use std::collections::BTreeMap;

use counterfoil_sdk::{
    Attributes, ChangeReceipt, Failure, Money, Observation, ObservedDocument, ObservedLine, Receipt, Remote,
};

use super::receipts::{Kept, unknown};
use super::{billing, kind, mark};
use crate::wire::{Id, Line, Schedule};
use crate::{cents, containers};

type Shelf = BTreeMap<Id, Result<Option<Schedule>, Failure>>;

/// Observes each receipt, in order.
pub(crate) fn observe(remote: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
    let mut shelf = Shelf::new();
    for id in receipts.iter().flat_map(|receipt| &receipt.changes).filter_map(|change| Kept::of(change)?.schedule) {
        shelf.entry(id).or_insert_with(|| containers::read(remote, id));
    }
    receipts
        .iter()
        .map(|receipt| {
            let is_invoice = receipt.changes.iter().any(|change| change.document == kind::INVOICE);
            let documents = if is_invoice {
                billing::observe(remote, receipt)?
            } else {
                receipt.changes.iter().map(|change| line(&shelf, change)).collect::<Result<_, _>>()?
            };
            Ok(Observation { job: receipt.job.clone(), documents, attributes: Attributes::new() })
        })
        .collect()
}

fn line(shelf: &Shelf, change: &ChangeReceipt) -> Result<ObservedDocument, Failure> {
    let kept = Kept::of(change).ok_or_else(|| unknown(change))?;
    let confirmed = change.total.ok_or_else(|| unknown(change))?;
    let schedule = kept.schedule.and_then(|id| shelf.get(&id)).ok_or_else(|| unknown(change))?;
    let schedule = schedule.as_ref().map_err(Clone::clone)?.as_ref();
    let Some(line) = schedule.and_then(|schedule| schedule.line(kept.line)) else {
        return Ok(missing(change, &kept, schedule, confirmed));
    };
    // What a run leaves of a line that it has billed says nothing of the bill.
    if was_billed(change, &kept, schedule) {
        return Ok(document(change, "billed", confirmed, None));
    }
    let differs = line.amount() - kept.amount();
    let is_same = differs.is_zero() && kept.product.is_none_or(|product| line.product == Some(product));
    let state = match (is_same, change.document.as_str(), kept.has_ended) {
        (false, ..) => "changed",
        (true, _, true) => "ended",
        (true, kind::RECURRING, false) => "standing",
        (true, ..) => "waiting",
    };
    // What bills nothing of this order may still have moved.
    let total = Money::new(confirmed.amount + differs, confirmed.currency);
    Ok(document(change, state, total, Some(line)))
}

/// A run has happened since it was written.
fn was_billed(change: &ChangeReceipt, kept: &Kept, schedule: Option<&Schedule>) -> bool {
    let now = schedule.and_then(|schedule| schedule.next_run).map(|day| day.to_string());
    change.document == kind::ONCE && schedule.is_some() && now != kept.next_run
}

/// A one-time line that a run has billed is gone, and so is one that was taken out because it ended.
fn missing(change: &ChangeReceipt, kept: &Kept, schedule: Option<&Schedule>, confirmed: Money) -> ObservedDocument {
    let (state, total) = match (was_billed(change, kept, schedule), kept.has_ended) {
        (true, _) => ("billed", confirmed),
        (_, true) => ("ended", confirmed),
        (false, false) => ("missing", Money::new(confirmed.amount - kept.amount(), confirmed.currency)),
    };
    document(change, state, total, None)
}

fn document(change: &ChangeReceipt, state: &str, total: Money, line: Option<&Line>) -> ObservedDocument {
    let shown = line.map(|line| ObservedLine {
        description: mark::without(&line.description),
        quantity: line.quantity,
        unit_price: cents::amount(line.retail),
        amount: line.amount(),
    });
    ObservedDocument {
        key: change.key.clone(),
        reference: change.reference.clone(),
        number: change.number.clone(),
        state: state.to_owned(),
        total,
        lines: shown.into_iter().collect(),
        attributes: Attributes::new(),
    }
}
