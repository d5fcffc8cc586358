//! The uncertain desk: what a person may decide about a task whose answer was lost, and what follows from it.
//! Pure. Owns the rules of deciding; what is shown and stored is the server's business.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use crate::card::{Card, DeliveryClass};
use crate::follow_up::may_wait;
use crate::id::{Actor, BatchId, ChangeKey, EntityId};
use crate::journal::{Effect, EffectState, Look, Sighting};
use crate::plan::{Action, Change, ChangeReceipt, Receipt, SealedPlan};
use crate::ports::StoredReceipt;
use crate::task::{Event, Illegal, Task, TaskState, next};

/// A document that somebody found in the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub reference: EntityId,
    /// What people see ("INV-0042"); may be empty.
    pub number: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is there: a document for each change that writes.
    Adopt(BTreeMap<ChangeKey, Found>),
    /// It is not there: send it again, under new keys. Of several documents, those that are there are named and not
    /// sent; an empty reference says that somebody looked and it is not there.
    Resend(BTreeMap<ChangeKey, Found>),
    /// Nothing is done before somebody decides otherwise; what is found by looking is still adopted.
    Leave,
}

impl Decision {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Adopt(_) => "adopt",
            Self::Resend(_) => "resend",
            Self::Leave => "leave",
        }
    }
}

/// Who decides, when and why.
#[derive(Debug, Clone, Copy)]
pub struct Decider<'a> {
    pub who: &'a Actor,
    pub at: DateTime<Utc>,
    pub reason: &'a str,
}

/// All that a decision rests on.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub task: &'a Task,
    pub sealed: &'a SealedPlan,
    /// Of the batch whose answer was lost.
    pub effects: &'a [Effect],
    /// Another task of the batch is on its way: the whole batch may be applied again from the start.
    pub batch_goes_on: bool,
    /// Of the plugin version that sent it; none: it is not installed any more.
    pub card: Option<&'a Card>,
    /// What was looked for in the target by itself, oldest first.
    pub looks: &'a [Look],
    /// What is stored for the plan already.
    pub stored: Option<&'a StoredReceipt>,
    /// How many batches held the plan.
    pub times_sent: u32,
    /// The batch that the decider looked at, where it was named.
    pub looked_at: Option<&'a BatchId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    Moves {
        /// The task after the decision, its version counted on.
        task: Box<Task>,
        /// The batch that the task waited for.
        batch: BatchId,
        receipt: Option<Box<StoredReceipt>>,
    },
    /// The very same was decided before: nothing is to be done.
    Before,
}

/// Why a decision cannot be taken. Nothing was changed or sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a decision needs its reason, for whoever reads it later")]
    NoReason,
    #[error("nothing is uncertain about a task that is {0}")]
    NotUncertain(&'static str),
    #[error("what was looked at was sent in {looked_at}; uncertain now is {now}")]
    AnotherBatch { looked_at: BatchId, now: BatchId },
    #[error("the plan of the task is another, or does not match its digest")]
    PlanAltered,
    #[error("the plan has no change with the key {0} that writes anything")]
    NoSuchChange(ChangeKey),
    #[error("the reference of the change {0} is missing")]
    NoReference(ChangeKey),
    #[error("{} is known to be there ({reference}); sent again with the rest it would be billed twice", .key)]
    KnownStored { key: ChangeKey, reference: EntityId },
    #[error(
        "the target has stored something of this batch, and the plan writes several documents; sent again, one that is there would be billed twice"
    )]
    PartMayBeStored,
    #[error("every document of the plan is there: nothing is left to send")]
    NothingToSend,
    #[error("another task of the same batch is still being sent, and the batch may go out again from its start")]
    BatchGoesOn,
    #[error("until {0} the same request may still go out under the same key, which is safe and tells what happened")]
    StillAsking(DateTime<Utc>),
    #[error("until {0} it may still appear in the target, however long one looks")]
    MayStillAppear(DateTime<Utc>),
    #[error(transparent)]
    Illegal(#[from] Illegal),
}

const LEFT: &str = "left by ";

/// Somebody decided to leave it: nothing is sent again by itself, and their words stay.
pub fn is_left(state: &TaskState) -> bool {
    matches!(state, TaskState::Uncertain { why, .. } if why.starts_with(LEFT))
}

fn left(by: Decider<'_>) -> String {
    format!("{LEFT}{}: {}", by.who, by.reason.trim())
}

/// The changes of a plan that write something, each of which needs its document. What may wait is no matter of it: that is
/// looked for by itself once its task is synchronized.
pub fn written(sealed: &SealedPlan) -> impl Iterator<Item = &Change> {
    sealed.plan.changes.iter().filter(|change| change.action != Action::Keep && !may_wait(change))
}

fn later(wait: std::time::Duration) -> Duration {
    Duration::from_std(wait).unwrap_or_else(|_| Duration::days(1))
}

/// Until when the engine may send the same again under the same key. A decision in between would race with it.
pub fn asking_until(effects: &[Effect], card: Option<&Card>) -> Option<DateTime<Utc>> {
    let card = card?;
    let DeliveryClass::A { lifetime } = card.delivery.class() else { return None };
    let unanswered = effects.iter().filter(|effect| effect.state == EffectState::Intent);
    unanswered.map(|effect| effect.first_sent_at + later(lifetime) + later(card.limits.apply)).max()
}

/// When the last of the answers that never came was given up.
pub fn answer_lost_at(effects: &[Effect]) -> Option<DateTime<Utc>> {
    effects.iter().filter(|effect| effect.state == EffectState::Intent).map(|effect| effect.deadline).max()
}

/// From when on "it is not there" can be known: what was on the wire has ended, and the target shows it.
pub fn absent_from(effects: &[Effect], card: Option<&Card>) -> Option<DateTime<Utc>> {
    let settle = card.map_or(std::time::Duration::ZERO, |card| card.delivery.settle);
    let sent = effects.iter().filter(|effect| !matches!(effect.state, EffectState::NotSent { .. }));
    let ended = sent.map(|effect| effect.answered_at.unwrap_or(effect.deadline) + later(settle)).max();
    ended.max(asking_until(effects, card))
}

/// What follows from a decision about a task.
pub fn resolve(case: &Case<'_>, decision: &Decision, by: Decider<'_>) -> Result<Resolution, Refusal> {
    if by.reason.trim().is_empty() {
        return Err(Refusal::NoReason);
    }
    if was_decided(case, decision, by) {
        return Ok(Resolution::Before);
    }
    let TaskState::Uncertain { plan, batch, .. } = &case.task.state else {
        return Err(Refusal::NotUncertain(case.task.state.name()));
    };
    if let Some(looked_at) = case.looked_at.filter(|looked_at| *looked_at != batch) {
        return Err(Refusal::AnotherBatch { looked_at: looked_at.clone(), now: batch.clone() });
    }
    if case.sealed.digest != *plan || case.sealed.plan.task != case.task.id || !case.sealed.is_intact() {
        return Err(Refusal::PlanAltered);
    }
    let (event, receipt) = match decision {
        Decision::Adopt(found) => (Event::Stored, Some(adopted(case.sealed, batch, found, by)?)),
        Decision::Resend(_) | Decision::Leave if case.batch_goes_on => return Err(Refusal::BatchGoesOn),
        Decision::Resend(found) => {
            quiet(asking_until(case.effects, case.card), by.at, Refusal::StillAsking)?;
            quiet(absent_from(case.effects, case.card), by.at, Refusal::MayStillAppear)?;
            (Event::FoundAbsent { by: by.who.clone() }, kept(case, batch, found, by)?)
        }
        Decision::Leave => {
            quiet(asking_until(case.effects, case.card), by.at, Refusal::StillAsking)?;
            (Event::AnswerLost { why: left(by) }, None)
        }
    };
    let state = next(case.task.state.clone(), event)?;
    let task = Task { state, updated_at: by.at, version: case.task.version + 1, ..case.task.clone() };
    Ok(Resolution::Moves { task: Box::new(task), batch: batch.clone(), receipt: receipt.map(Box::new) })
}

fn quiet(
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    refusal: impl FnOnce(DateTime<Utc>) -> Refusal,
) -> Result<(), Refusal> {
    match until {
        Some(until) if now < until => Err(refusal(until)),
        _ => Ok(()),
    }
}

/// A second click, or an answer that was lost on the way to whoever decided.
fn was_decided(case: &Case<'_>, decision: &Decision, by: Decider<'_>) -> bool {
    match (&case.task.state, decision) {
        (TaskState::Synced { plan }, Decision::Adopt(found)) => case.stored.is_some_and(|stored| {
            let documents = stored.receipt.changes.iter().map(|change| (&change.key, change.reference.as_str()));
            let documents: BTreeMap<&ChangeKey, &str> = documents.collect();
            let named = found.iter().map(|(key, found)| (key, found.reference.as_str().trim()));
            let named: BTreeMap<&ChangeKey, &str> = named.collect();
            stored.plan == *plan && is_adopted(&stored.receipt) && documents == named
        }),
        (TaskState::Queued { by: who, .. }, Decision::Resend(_)) => who == by.who && case.times_sent > 0,
        (TaskState::Uncertain { why, .. }, Decision::Leave) => *why == left(by),
        _ => false,
    }
}

const ADOPTED_BY: &str = "adopted-by";

fn is_adopted(receipt: &Receipt) -> bool {
    receipt.attributes.iter().any(|(name, _)| name == ADOPTED_BY)
}

/// What is known to be there of the plan: kept from an earlier batch, or found by the last look for it.
pub fn known_stored(case: &Case<'_>) -> BTreeMap<ChangeKey, EntityId> {
    let mut known = BTreeMap::new();
    for change in written(case.sealed) {
        let last = case.looks.iter().rfind(|look| look.plan == case.sealed.digest && look.change == change.key);
        if let Some(Look { sighting: Sighting::Found(reference), .. }) = last {
            known.insert(change.key.clone(), reference.clone());
        }
    }
    let stored = case.stored.filter(|stored| stored.plan == case.sealed.digest);
    for change in stored.into_iter().flat_map(|stored| &stored.receipt.changes) {
        if written(case.sealed).any(|of| of.key == change.key) {
            known.insert(change.key.clone(), change.reference.clone());
        }
    }
    known
}

/// What of a plan is not sent again, as a receipt that the next batch adopts; none where all of it is sent.
fn kept(
    case: &Case<'_>,
    batch: &BatchId,
    found: &BTreeMap<ChangeKey, Found>,
    by: Decider<'_>,
) -> Result<Option<StoredReceipt>, Refusal> {
    let several = written(case.sealed).nth(1).is_some();
    let is_there = |found: &Found| !found.reference.as_str().trim().is_empty();
    no_stranger(case.sealed, found)?;
    if several {
        let known = known_stored(case);
        let unnamed = known.into_iter().find(|(key, _)| !found.get(key).is_some_and(is_there));
        if let Some((key, reference)) = unnamed {
            return Err(Refusal::KnownStored { key, reference });
        }
        // Which document an answered request was about, the journal does not know.
        let answered =
            |effect: &Effect| matches!(&effect.state, EffectState::Answered(a) if (200..300).contains(&a.status));
        if found.is_empty() && case.effects.iter().any(answered) {
            return Err(Refusal::PartMayBeStored);
        }
    }
    let attributes = vouched(by);
    let there = written(case.sealed).filter_map(|change| {
        let found = found.get(&change.key).filter(|found| is_there(found))?;
        Some(document(change, found, &attributes))
    });
    let there: Vec<ChangeReceipt> = there.collect();
    if there.is_empty() {
        return Ok(None);
    }
    if there.len() == written(case.sealed).count() {
        return Err(Refusal::NothingToSend);
    }
    let receipt = Receipt::part(&case.sealed.plan, there);
    let plan = case.sealed.digest.clone();
    Ok(Some(StoredReceipt { plan, batch: batch.clone(), receipt, stored_at: by.at, observed: None }))
}

fn no_stranger(sealed: &SealedPlan, found: &BTreeMap<ChangeKey, Found>) -> Result<(), Refusal> {
    match found.keys().find(|key| !written(sealed).any(|change| change.key == **key)) {
        Some(key) => Err(Refusal::NoSuchChange(key.clone())),
        None => Ok(()),
    }
}

fn vouched(by: Decider<'_>) -> Vec<(String, String)> {
    vec![
        ("adopted".to_owned(), "by a person, after its answer was lost".to_owned()),
        (ADOPTED_BY.to_owned(), by.who.to_string()),
        ("adopted-because".to_owned(), by.reason.trim().to_owned()),
    ]
}

fn document(change: &Change, found: &Found, attributes: &[(String, String)]) -> ChangeReceipt {
    ChangeReceipt {
        key: change.key.clone(),
        action: change.action,
        document: change.document.clone(),
        reference: EntityId::new(found.reference.as_str().trim()),
        number: found.number.trim().to_owned(),
        total: None,
        attributes: attributes.to_vec(),
    }
}

/// A receipt that says who vouches for it. Its totals are unknown until it is read back.
fn adopted(
    sealed: &SealedPlan,
    batch: &BatchId,
    found: &BTreeMap<ChangeKey, Found>,
    by: Decider<'_>,
) -> Result<StoredReceipt, Refusal> {
    no_stranger(sealed, found)?;
    let attributes = vouched(by);
    let mut changes = Vec::new();
    for change in written(sealed) {
        let named = found.get(&change.key).filter(|found| !found.reference.as_str().trim().is_empty());
        let named = named.ok_or_else(|| Refusal::NoReference(change.key.clone()))?;
        changes.push(document(change, named, &attributes));
    }
    let receipt = Receipt { task: sealed.plan.task.clone(), changes, attributes };
    Ok(StoredReceipt { plan: sealed.digest.clone(), batch: batch.clone(), receipt, stored_at: by.at, observed: None })
}
