//! Doing what the plans say: each change in its order, what ends before what takes its place.
//!
//! Owns that order, the second look before an addition is changed, and the third after it. Everything sent comes from the
//! payloads; run again, the same plans make the same writes under the same keys. After a change that failed, nothing more of
//! its plan is sent: what ended without its successor bills too little, and the failure says so.

use counterfoil_sdk::{Action, Attributes, Change, ChangeReceipt, Class, Failure, Money, Plan, Receipt, Remote};

use super::payload::{Act, Payload, State, Write};
use super::preview::ADDITION;
use super::requests;
use super::stored::Addition;
use crate::wire::{Id, Op};

/// Applies each plan, in order.
pub(crate) fn apply(remote: &mut dyn Remote, plans: &[Plan]) -> Vec<Result<Receipt, Failure>> {
    let mut stopped: Option<Failure> = None;
    let mut all = Vec::with_capacity(plans.len());
    for plan in plans {
        let result = match &stopped {
            Some(failure) => Err(unsent(failure)),
            None => one(remote, plan),
        };
        if let Err(failure) = &result
            && holds_for_all(failure)
            && stopped.is_none()
        {
            stopped = Some(failure.clone());
        }
        all.push(result);
    }
    all
}

fn one(remote: &mut dyn Remote, plan: &Plan) -> Result<Receipt, Failure> {
    let payload = Payload::of(plan)?;
    let mut receipts: Vec<ChangeReceipt> = Vec::with_capacity(plan.changes.len());
    for (change, write) in plan.changes.iter().zip(&payload.writes) {
        let receipt = match plan.adopted(&change.key) {
            Some(known) => Ok(adopted(change, write, known)),
            None => write_one(remote, change, write),
        };
        match receipt {
            Ok(receipt) => receipts.push(receipt),
            Err(failure) => return Err(partly(plan, &receipts, failure)),
        }
    }
    Ok(Receipt { job: plan.job.clone(), changes: receipts, attributes: Attributes::new() })
}

/// What was saved before the failure must not be lost: the host adopts it. And people must know what is open.
fn partly(plan: &Plan, receipts: &[ChangeReceipt], mut failure: Failure) -> Failure {
    let mut ended = Vec::new();
    for receipt in receipts.iter().filter(|receipt| receipt.action != Action::None) {
        failure.attributes.set(format!("saved.{}", receipt.key), receipt.reference.clone());
        let title = plan.change(&receipt.key).map_or(receipt.reference.as_str(), |change| change.title.as_str());
        ended.push(title.to_owned());
    }
    if !ended.is_empty() {
        failure.message =
            format!("{} Done already: {}. The rest of this plan is not.", failure.message, ended.join("; "));
    }
    failure
}

fn write_one(remote: &mut dyn Remote, change: &Change, write: &Write) -> Result<ChangeReceipt, Failure> {
    let what = format!("\"{}\"", change.title);
    match &write.act {
        Act::Keep(addition) => Ok(receipt(change, write, *addition)),
        Act::Create(body) => {
            let stored = requests::create(remote, &change.key, write.agreement, body, &what)?;
            Ok(made(change, write, &stored))
        }
        Act::Change { addition, before, ops } => {
            changed(remote, change, write, (*addition, before, ops), &what)?;
            Ok(receipt(change, write, *addition))
        }
    }
}

/// The receipt of what was sent, or is there.
pub(crate) fn receipt(change: &Change, write: &Write, addition: Id) -> ChangeReceipt {
    ChangeReceipt {
        key: change.key.clone(),
        action: change.action,
        document: ADDITION.to_owned(),
        reference: addition.to_string(),
        number: String::new(),
        total: Some(change.total),
        attributes: write.after.attributes(write.agreement, write.role),
    }
}

/// What the host knows to exist, with all that is needed to read it back.
fn adopted(change: &Change, write: &Write, known: &ChangeReceipt) -> ChangeReceipt {
    let mut attributes = write.after.attributes(write.agreement, write.role);
    for (name, value) in known.attributes.iter() {
        attributes.set(name, value);
    }
    ChangeReceipt { total: known.total.or(Some(change.total)), attributes, ..known.clone() }
}

/// A new addition, held against what was sent.
pub(crate) fn made(change: &Change, write: &Write, stored: &Addition) -> ChangeReceipt {
    let mut receipt = receipt(change, write, stored.id);
    let state = State::of(stored);
    if let Some(how) = write.after.differs(&state) {
        receipt.attributes.set("drift", how);
        let places = change.total.currency.minor_units();
        if let (Some(expected), Some(actual)) = (write.after.bills(places), state.bills(places)) {
            receipt.attributes.set("drift.expected", expected.to_string());
            receipt.attributes.set("drift.actual", actual.to_string());
            receipt.total = Some(Money::new(change.total.amount + (actual - expected), change.total.currency));
        }
    }
    if state.marker != write.after.marker {
        receipt.attributes.set(
            "warning",
            "ConnectWise did not keep the addition's marker, so it could not be found again after a lost answer. Choose another place for markers in the connection's settings.",
        );
    }
    receipt
}

/// Changes an addition that is still what it was when this was confirmed, and looks whether it is so now.
fn changed(
    remote: &mut dyn Remote,
    change: &Change,
    write: &Write,
    (addition, before, ops): (Id, &State, &[Op]),
    what: &str,
) -> Result<(), Failure> {
    let now = requests::get(remote, write.agreement, addition)?.ok_or_else(|| gone(change, addition))?;
    let now = State::of(&now);
    // A lost answer, or a plan that is applied again: it is as it should be.
    if write.after.differs(&now).is_none() {
        return Ok(());
    }
    if let Some(how) = before.differs(&now) {
        return Err(moved(change, addition, &how));
    }
    let answer = requests::change(remote, &change.key, (write.agreement, addition), ops, what)?;
    let answered = write.after.differs(&State::of(&answer)).is_none();
    let unsure = |how: &str| {
        Failure::unknown_outcome(
            "connectwise-unconfirmed",
            format!("ConnectWise took the change of addition {addition}, and {how}. It is looked for before anything else is sent."),
        )
        .with("reference", addition.to_string())
    };
    let seen = requests::get(remote, write.agreement, addition)
        .map_err(|failure| unsure(&format!("reading it back failed ({})", failure.message)))?
        .ok_or_else(|| unsure("does not show the addition any more"))?;
    let seen = State::of(&seen);
    match (write.after.differs(&seen), before.differs(&seen)) {
        (None, _) => Ok(()),
        (Some(_), None) if !answered => Err(Failure::rejected(
            "connectwise-nothing-changed",
            format!("ConnectWise said that it changed addition {addition}, and changed nothing. Correct it there by hand, or ask ConnectWise why."),
        )
        .with("reference", addition.to_string())),
        (Some(how), _) => Err(unsure(&format!("shows {how}"))),
    }
}

fn gone(change: &Change, addition: Id) -> Failure {
    Failure::conflict(
        "connectwise-addition-gone",
        format!(
            "\"{}\": addition {addition} is not in ConnectWise any more. Nothing was sent for it. Plan the task again.",
            change.title
        ),
    )
    .with("reference", addition.to_string())
}

pub(crate) fn moved(change: &Change, addition: Id, how: &str) -> Failure {
    Failure::conflict(
        "connectwise-addition-changed",
        format!(
            "\"{}\": addition {addition} is not what it was when this was confirmed: {how}. Nothing was sent for it. Plan the task again.",
            change.title
        ),
    )
    .with("reference", addition.to_string())
}

/// What a plan is told that was not sent, because one before it failed for a reason that holds for all.
fn unsent(failure: &Failure) -> Failure {
    match failure.class {
        Class::UnknownOutcome => Failure::transient(
            "connectwise-unsent",
            "Not sent, because the outcome of the write before it is not known. It will be tried again.",
        ),
        _ => Failure { attributes: Attributes::new(), ..failure.clone() },
    }
}

fn holds_for_all(failure: &Failure) -> bool {
    matches!(
        failure.class,
        Class::Auth | Class::Forbidden | Class::Throttled | Class::Transient | Class::UnknownOutcome
    )
}
