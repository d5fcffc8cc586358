//! Doing what the plans say: each change in its order.
//!
//! Owns that order and what is told of a plan that stopped half-way. Everything sent comes from the payloads; run again, the
//! same plans make the same writes under the same keys. After a change that failed nothing more of its plan is sent: money
//! that is to be moved beside a line is moved before the line is overwritten.

use counterfoil_sdk::{Action, Attributes, Change, ChangeReceipt, Class, Failure, Plan, Receipt, Remote};

use super::payload::{Payload, Place, Write};
use super::writing::Book;
use super::{billing, receipts};

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
    let mut book = Book::default();
    let mut done: Vec<ChangeReceipt> = Vec::with_capacity(plan.changes.len());
    for (change, write) in plan.changes.iter().zip(&payload.writes) {
        let receipt = match plan.adopted(&change.key) {
            Some(known) => Ok(receipts::adopted(change, write, known)),
            None => write_one(remote, &mut book, (change, write), &done),
        };
        match receipt {
            Ok(receipt) => done.push(receipt),
            Err(failure) => return Err(partly(plan, &done, failure)),
        }
    }
    Ok(Receipt { job: plan.job.clone(), changes: done, attributes: Attributes::new() })
}

fn write_one(
    remote: &mut dyn Remote,
    book: &mut Book,
    (change, write): (&Change, &Write),
    done: &[ChangeReceipt],
) -> Result<ChangeReceipt, Failure> {
    match &write.place {
        Place::Schedule { id, next_run } => book.write(remote, (change, write), (*id, next_run.as_deref())),
        Place::Invoice { number, customer } => billing::write(remote, (change, write), (number, *customer), done),
    }
}

/// What was saved before the failure must not be lost: the host adopts it. And people must know what is open.
fn partly(plan: &Plan, done: &[ChangeReceipt], mut failure: Failure) -> Failure {
    let mut written = Vec::new();
    for receipt in done.iter().filter(|receipt| receipt.action != Action::None) {
        failure.attributes.set(format!("saved.{}", receipt.key), receipt.reference.clone());
        // Reading it back needs more than its id.
        for (name, value) in receipt.attributes.iter() {
            failure.attributes.set(format!("saved-as.{}.{name}", receipt.key), value);
        }
        let title = plan.change(&receipt.key).map_or(receipt.reference.as_str(), |change| change.title.as_str());
        written.push(title.to_owned());
    }
    if !written.is_empty() {
        failure.message =
            format!("{} Done already: {}. The rest of this plan is not.", failure.message, written.join("; "));
    }
    failure
}

/// What a plan is told that was not sent, because one before it failed for a reason that holds for all.
fn unsent(failure: &Failure) -> Failure {
    match failure.class {
        Class::UnknownOutcome => Failure::transient(
            "syncro-unsent",
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
