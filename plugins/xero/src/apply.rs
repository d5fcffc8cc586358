//! Doing what the plans say: one write for all new invoices, one for each invoice that is added to, one for all credit
//! notes, one for each allocation.
//!
//! Owns their order, the batches with their keys, and reading answers element by element. Everything sent comes from the
//! payloads; run again, the same plans make the same writes under the same keys. A plan whose invoice failed sends no credit
//! note.

use std::collections::BTreeMap;

use counterfoil_sdk::serde_json::{self, Value};
use counterfoil_sdk::{
    Action, Attributes, Change, ChangeReceipt, Class, Failure, Money, Plan, Receipt, Remote, Request, Response, digest,
    json,
};

use crate::document::{ALLOCATION, Kind, Payload, Sealed};
use crate::errors::{self, Effect};
use crate::lookup::shown;
use crate::wire::{self, ZERO_ID};
use crate::{append, credit};

/// Most documents in one write; the card's batch is the same.
const PER_WRITE: usize = 50;

/// One plan on its way.
struct Progress<'a> {
    plan: &'a Plan,
    payload: Payload,
    receipts: BTreeMap<&'a str, ChangeReceipt>,
}

/// One document to write.
#[derive(Clone, Copy)]
struct Task<'a, 'b> {
    index: usize,
    change: &'a Change,
    sealed: &'b Sealed,
}

/// All plans on their way.
struct Run<'a> {
    all: Vec<Progress<'a>>,
    failures: Vec<Option<Failure>>,
    /// Set by a failure that holds for whatever comes after it.
    stopped: Option<Failure>,
}

/// Applies each plan, in order.
pub(crate) fn apply(remote: &mut dyn Remote, plans: &[Plan]) -> Vec<Result<Receipt, Failure>> {
    let mut run = Run { all: Vec::with_capacity(plans.len()), failures: Vec::new(), stopped: None };
    for plan in plans {
        let (payload, failure) = match open(plan) {
            Ok(payload) => (payload, None),
            Err(failure) => (Payload::default(), Some(failure)),
        };
        run.all.push(Progress { plan, payload, receipts: BTreeMap::new() });
        run.failures.push(failure);
    }
    run.create(remote, Kind::Invoice);
    run.each(|one, change| {
        let addition = one.payload.addition(&change.key)?;
        Some(append::add(remote, change, addition))
    });
    run.create(remote, Kind::CreditNote);
    run.each(|one, change| {
        let allotment = one.payload.allotment(&change.key)?;
        let again = one.plan.adopted(&allotment.credit.key).is_some();
        Some(credit::give(remote, change, allotment, again, |key| one.known(key)))
    });
    run.all.into_iter().zip(run.failures).map(|(one, failure)| one.finish(failure)).collect()
}

impl Run<'_> {
    /// The new documents of a kind, in as few writes as Xero takes.
    fn create(&mut self, remote: &mut dyn Remote, kind: Kind) {
        let tasks: Vec<Task<'_, '_>> = self
            .all
            .iter()
            .enumerate()
            .filter(|(index, _)| self.failures[*index].is_none())
            .flat_map(|(index, one)| one.tasks(index, kind))
            .collect();
        let mut answers: Vec<(usize, &'_ Change, Result<ChangeReceipt, Failure>)> = Vec::with_capacity(tasks.len());
        for chunk in tasks.chunks(PER_WRITE) {
            let results = match &self.stopped {
                Some(failure) => chunk.iter().map(|_| Err(unsent(failure))).collect(),
                None => send(remote, kind, chunk, &mut self.stopped),
            };
            answers.extend(chunk.iter().zip(results).map(|(task, result)| (task.index, task.change, result)));
        }
        for (index, change, result) in answers {
            match result {
                Ok(receipt) => {
                    self.all[index].receipts.insert(&change.key, receipt);
                }
                Err(failure) => self.failures[index] = Some(failure),
            }
        }
    }

    /// One step for each change that it is for; the step says none where it is for another.
    fn each(&mut self, mut step: impl FnMut(&Progress<'_>, &Change) -> Option<Result<ChangeReceipt, Failure>>) {
        for (one, failed) in self.all.iter_mut().zip(&mut self.failures) {
            for change in &one.plan.changes {
                let is_due = matches!(change.action, Action::Create | Action::Update)
                    && one.payload.document(&change.key).is_none()
                    && one.known(&change.key).is_none();
                if failed.is_some() || !is_due {
                    continue;
                }
                let result = match &self.stopped {
                    // Only a step that would have been sent is held back.
                    Some(failure) => Some(Err(unsent(failure))),
                    None => step(one, change),
                };
                match result {
                    None => {}
                    Some(Ok(receipt)) => {
                        one.receipts.insert(&change.key, receipt);
                    }
                    Some(Err(failure)) => {
                        if holds_for_all(&failure) {
                            self.stopped = Some(failure.clone());
                        }
                        *failed = Some(failure);
                    }
                }
            }
        }
    }
}

/// The payload, if it holds exactly what the changes need.
fn open(plan: &Plan) -> Result<Payload, Failure> {
    let payload = Payload::of(plan)?;
    for change in &plan.changes {
        let key = &change.key;
        let held = match change.action {
            Action::None => true,
            Action::Create if change.document == ALLOCATION => payload.allotment(key).is_some(),
            Action::Create => {
                payload.document(key).is_some_and(|sealed| Kind::named(&change.document) == Some(sealed.kind))
            }
            Action::Update => {
                payload.addition(key).is_some_and(|addition| change.target.as_deref() == Some(&addition.invoice))
            }
            Action::Cancel => {
                return Err(Failure::unsupported("xero-action", "This target cancels nothing: voiding is a person's."));
            }
        };
        if !held {
            return Err(Failure::internal(
                "xero-payload",
                format!("The plan does not hold what \"{}\" needs. Plan the task again.", change.title),
            ));
        }
    }
    Ok(payload)
}

impl<'a> Progress<'a> {
    /// The receipt of a change: from this run, or from what the host knows.
    fn known(&self, key: &str) -> Option<&ChangeReceipt> {
        self.receipts.get(key).or_else(|| self.plan.adopted(key))
    }

    fn tasks<'b>(&'b self, index: usize, kind: Kind) -> impl Iterator<Item = Task<'a, 'b>> {
        let due = self
            .plan
            .changes
            .iter()
            .filter(|change| change.action == Action::Create && self.plan.adopted(&change.key).is_none());
        due.filter_map(move |change| {
            let sealed = self.payload.document(&change.key).filter(|sealed| sealed.kind == kind)?;
            Some(Task { index, change, sealed })
        })
    }

    fn finish(mut self, failure: Option<Failure>) -> Result<Receipt, Failure> {
        if let Some(mut failure) = failure {
            // What was saved before the failure must not be lost: the host adopts it.
            for (key, receipt) in &self.receipts {
                failure.attributes.set(format!("saved.{key}"), receipt.reference.clone());
            }
            return Err(failure);
        }
        let mut changes = Vec::with_capacity(self.plan.changes.len());
        for change in &self.plan.changes {
            let known = self.receipts.remove(change.key.as_str()).or_else(|| self.plan.adopted(&change.key).cloned());
            changes.push(known.unwrap_or_else(|| kept(change)));
        }
        Ok(Receipt { job: self.plan.job.clone(), changes, attributes: Attributes::new() })
    }
}

/// The receipt of a change that needed no write.
fn kept(change: &Change) -> ChangeReceipt {
    ChangeReceipt {
        key: change.key.clone(),
        action: Action::None,
        document: change.document.clone(),
        reference: change.target.clone().unwrap_or_default(),
        number: change.attributes.get("number").unwrap_or_default().to_owned(),
        total: Some(change.total),
        attributes: Attributes::new(),
    }
}

/// What a document is told that was not sent, because the write before it failed for a reason that holds for all.
fn unsent(failure: &Failure) -> Failure {
    match failure.class {
        Class::UnknownOutcome => Failure::transient(
            "xero-unsent",
            "Not sent, because the outcome of the write before it is not known. It will be tried again.",
        ),
        _ => failure.clone(),
    }
}

fn holds_for_all(failure: &Failure) -> bool {
    matches!(
        failure.class,
        Class::Auth | Class::Forbidden | Class::Throttled | Class::Transient | Class::UnknownOutcome
    )
}

/// Sends one batch and answers for each of its documents.
fn send(
    remote: &mut dyn Remote,
    kind: Kind,
    tasks: &[Task<'_, '_>],
    stopped: &mut Option<Failure>,
) -> Vec<Result<ChangeReceipt, Failure>> {
    let bodies: Vec<&str> = tasks.iter().map(|task| task.sealed.body.get()).collect();
    let body = format!("{{\"{}\":[{}]}}", kind.list(), bodies.join(","));
    // The keys of the changes make the key of the write. Found documents drop out of the batch, so what is sent after a
    // look-up has another key than what was lost.
    let key = format!("{}s:{}", kind.name(), digest::hex(tasks.iter().map(|task| task.change.key.as_str())));
    let request = Request::put(&format!("create-{}s", kind.name()), kind.path())
        .query("summarizeErrors", "false")
        .query("unitdp", "4")
        .json_bytes(body.into_bytes());
    let failure = match remote.write(&key, request) {
        Ok(response) if response.is_success() => return stored(kind, tasks, &response),
        Ok(response) if response.status == 400 => match refused(kind, tasks, &response) {
            Some(results) => return results,
            None => errors::refusal(&response, Effect::Write, &format!("the {}s", kind.word())),
        },
        Ok(response) => errors::refusal(&response, Effect::Write, &format!("the {}s", kind.word())),
        Err(failure) => failure,
    };
    if holds_for_all(&failure) {
        *stopped = Some(failure.clone());
    }
    tasks.iter().map(|_| Err(failure.clone())).collect()
}

/// Reads a success: every element in order, each with its own verdict.
fn stored(kind: Kind, tasks: &[Task<'_, '_>], response: &Response) -> Vec<Result<ChangeReceipt, Failure>> {
    let what = format!("the {}s", kind.word());
    let whole =
        |detail: &str| tasks.iter().map(|_| Err(errors::unreadable(response, Effect::Write, &what, detail))).collect();
    let documents = match json::parse::<wire::Documents>(&what, &response.body) {
        Ok(list) => list.documents,
        Err(failure) => return whole(&failure.message),
    };
    if documents.len() != tasks.len() {
        return whole(&format!("{} were sent and {} came back.", tasks.len(), documents.len()));
    }
    // Complaints sit in lines too, so they are taken from the untyped answer; only when there are any is it worth reading.
    let complained = documents.iter().any(is_refused);
    let raw: Value =
        if complained { serde_json::from_slice(&response.body).unwrap_or(Value::Null) } else { Value::Null };
    let one = |(index, (task, document)): (usize, (&Task<'_, '_>, &wire::Document))| {
        let messages = errors::messages(&raw[kind.list()][index]);
        element(task, document, &messages, response)
    };
    tasks.iter().zip(&documents).enumerate().map(one).collect()
}

fn element(
    task: &Task<'_, '_>,
    document: &wire::Document,
    messages: &[String],
    response: &Response,
) -> Result<ChangeReceipt, Failure> {
    let kind = task.sealed.kind;
    let sent = task.sealed.read()?;
    let what = format!("the {} for {}", kind.word(), sent.reference.as_deref().unwrap_or_default());
    if !same(&sent.reference, &document.reference) || !same(&sent.number, &document.number) {
        return Err(errors::unreadable(
            response,
            Effect::Write,
            &what,
            "The answers are not in the order of what was sent.",
        ));
    }
    if is_refused(document) {
        return Err(errors::tagged(errors::complaint(messages, &what), response));
    }
    let id = document
        .id
        .as_deref()
        .filter(|id| !id.is_empty())
        .ok_or_else(|| errors::unreadable(response, Effect::Write, &what, "It names no id."))?;
    let mut attributes = shown(document);
    attributes.set_some("correlation-id", response.header("Xero-Correlation-Id"));
    let warnings: Vec<&str> = document.warnings.iter().flatten().map(|warning| warning.message.as_str()).collect();
    if !warnings.is_empty() {
        attributes.set("warning", warnings.join(" "));
    }
    let expected = kind.signed(task.change.total.amount);
    if let Some(actual) = document.sub_total.filter(|actual| actual.0 != expected) {
        attributes.set("drift", format!("expected {expected} actual {}", actual.0));
        attributes.set("drift.expected", expected.to_string());
        attributes.set("drift.actual", actual.0.to_string());
    }
    Ok(ChangeReceipt {
        key: task.change.key.clone(),
        action: Action::Create,
        document: kind.name().to_owned(),
        reference: id.to_owned(),
        number: document.number.clone().unwrap_or_default(),
        total: document.sub_total.map(|total| Money::new(kind.signed(total.0), task.change.total.currency)),
        attributes,
    })
}

/// Xero says so in four ways, and not always in all of them. An id of zeros means that nothing was saved.
pub(crate) fn is_refused(document: &wire::Document) -> bool {
    document.has_errors == Some(true)
        || document.status_attribute_string.as_deref() == Some("ERROR")
        || document.validation_errors.as_ref().is_some_and(|errors| !errors.is_empty())
        || document.id.as_deref() == Some(ZERO_ID)
}

/// Two texts agree unless both are there and differ: a refused element may come back without its fields.
fn same(sent: &Option<String>, back: &Option<String>) -> bool {
    match (sent.as_deref().map(str::trim), back.as_deref().map(str::trim)) {
        (Some(sent), Some(back)) if !sent.is_empty() && !back.is_empty() => sent == back,
        _ => true,
    }
}

/// Reads a 400 that lists the elements it complains about. Those are refused for sure. Of the others Xero may have saved
/// some without saying which, so their outcome is unknown. None when the answer names no element that was sent.
fn refused(kind: Kind, tasks: &[Task<'_, '_>], response: &Response) -> Option<Vec<Result<ChangeReceipt, Failure>>> {
    let raw: Value = serde_json::from_slice(&response.body).ok()?;
    let elements = raw.get("Elements")?.as_array()?;
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let number_field = if kind == Kind::Invoice { "InvoiceNumber" } else { "CreditNoteNumber" };
    let mut named = 0_usize;
    let results: Vec<Result<ChangeReceipt, Failure>> = tasks
        .iter()
        .enumerate()
        .map(|(index, task)| {
            let sent = task.sealed.read()?;
            let what = format!("the {} for {}", kind.word(), sent.reference.as_deref().unwrap_or_default());
            let fits = |element: &&Value| {
                let (number, reference) = (text(element, number_field), text(element, "Reference"));
                (number.is_some() || reference.is_some())
                    && same(&sent.number, &number)
                    && same(&sent.reference, &reference)
            };
            // Elements without a name are told apart only when all of them came back.
            let by_place = || {
                elements
                    .get(index)
                    .filter(|element| elements.len() == tasks.len() && text(element, "Reference").is_none())
            };
            match elements.iter().find(fits).or_else(by_place) {
                Some(element) => {
                    named += 1;
                    Err(errors::tagged(errors::complaint(&errors::messages(element), &what), response))
                }
                None => Err(errors::unreadable(
                    response,
                    Effect::Write,
                    &what,
                    "Xero refused other documents of the batch and does not say whether it saved this one.",
                )),
            }
        })
        .collect();
    (named > 0).then_some(results)
}
