//! Batches without an ending: after a crash, a lost answer or a stopped guest. Nothing is sent again before
//! it is known, and what cannot be known is a person's.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::follow_up::{self, may_wait};
use counterfoil_domain::id::PluginDigest;
use counterfoil_domain::journal::{Batch, Effect, EffectState, Look, Sighting};
use counterfoil_domain::plan::{Action, Located, Receipt, SealedPlan};
use counterfoil_domain::ports::{StoredReceipt, Target, Write};
use counterfoil_domain::resolve::is_left;
use counterfoil_domain::retry;
use counterfoil_domain::task::{Event, Task, TaskState, next};

use crate::crashed;
use crate::dispatch::{self, lookout};
use crate::engine::{Engine, EngineError};
use crate::fate::{poison, span};
use crate::linking::read_only;
use crate::observe::{self, Unseen};
use crate::progress::Progress;
use crate::settle::{self, Confirmed, is_unsettled};

/// One look that finds nothing is not enough: a list can lag behind the write. A task that was looked for says so.
const LOOKED_ONCE: &str = "it was looked for once and not found; one more look before it is sent again";
const LOOKED_ONCE_FOR_THE_REST: &str =
    "a part of the plan is there and a part was looked for once and not found; one more look before it is sent again";
/// No look is planned further ahead: one that is, the clock was set back since.
const FURTHEST_LOOK_HOURS: i64 = 25;

/// What is only to be read back, by the version that wrote it.
type ByVersion = BTreeMap<PluginDigest, (Arc<dyn Target>, Vec<Unseen>)>;

/// Looks at every open batch of a connection that is due. Caller holds the connection's lock.
pub(crate) async fn look(engine: &Engine, connection: &Connection, progress: &mut Progress) -> Result<(), EngineError> {
    if connection.state != ConnectionState::Enabled {
        return Ok(());
    }
    let mut unseen = ByVersion::new();
    // Those that carry out a step of a synchronized task are looked for with it.
    let ours = |batch: &Batch| batch.trail.follow_up.is_none();
    for batch in engine.store.open_batches(&connection.id).await?.into_iter().filter(ours) {
        let now = engine.clock.now();
        let furthest = now + Duration::hours(FURTHEST_LOOK_HOURS);
        let set_back = batch.opened_at > now;
        if !set_back && batch.probe_at.is_some_and(|at| at > now && at < furthest) {
            continue;
        }
        // One that cannot be looked at holds up no other.
        let id = batch.id.clone();
        if let Err(error) = look_at(engine, connection, batch, &mut unseen, progress).await {
            progress.problem("look-failed", id.to_string(), error.to_string());
        }
    }
    for (target, unseen) in unseen.into_values() {
        if let Err(error) = observe::observe(engine, connection, &target, unseen, progress).await {
            progress.problem("look-failed", connection.id.to_string(), error.to_string());
        }
    }
    Ok(())
}

async fn look_at(
    engine: &Engine,
    connection: &Connection,
    batch: Batch,
    unseen: &mut ByVersion,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let Some(target) = engine.targets.by_digest(&batch.plugin) else {
        progress.problem(
            "plugin-gone",
            batch.id.to_string(),
            "the version that began this batch is not installed; what it sent stays uncertain until it is, or a person decides",
        );
        return Ok(());
    };
    let mut all = Vec::with_capacity(batch.plans.len());
    for digest in &batch.plans {
        let Some(sealed) = engine.store.plan(digest).await? else { continue };
        let Some(task) = engine.store.task(&sealed.plan.task).await? else { continue };
        all.push((task, sealed));
    }
    let unsettled: Vec<Confirmed> = all.iter().filter(|(task, _)| is_unsettled(task, &batch)).cloned().collect();
    if unsettled.is_empty() {
        let stored = not_read_back(engine, &batch, all).await?;
        let (_, waiting) = unseen.entry(batch.plugin.clone()).or_insert_with(|| (target, Vec::new()));
        waiting.push(Unseen { closing: Some(batch), stored });
        return Ok(());
    }
    let (mut batch, effects) = dated(engine, &target, batch).await?;
    let mut unsettled = unsettled;
    if batch.trail.applying {
        let Some(noted) = crashed::note(engine, batch, unsettled, &effects, progress).await? else { return Ok(()) };
        (batch, unsettled) = noted;
        for (task, _) in &mut all {
            if let Some((noted, _)) = unsettled.iter().find(|(noted, _)| noted.id == task.id) {
                *task = noted.clone();
            }
        }
    }
    let only_unrecorded = unsettled.iter().all(|(task, _)| matches!(task.state, TaskState::Sending { .. }));
    match way(&target, &batch, &effects, only_unrecorded, engine.clock.now()) {
        Way::Replay => replay(engine, connection, &target, batch, all, progress).await,
        Way::Wait(until) => {
            engine.store.commit(vec![Write::PutBatch(Batch { probe_at: Some(until), ..batch })]).await?;
            Ok(())
        }
        Way::Locate => locate(engine, connection, &target, batch, unsettled, progress).await,
        Way::Person => person(engine, batch, unsettled).await,
    }
}

/// A batch and its effects, none of which began in the future. Where one did, the clock was set back since, and nobody
/// knows how long its key has lived: it counts as used up, also when the clock comes by that time again.
async fn dated(
    engine: &Engine,
    target: &Arc<dyn Target>,
    mut batch: Batch,
) -> Result<(Batch, Vec<Effect>), EngineError> {
    let now = engine.clock.now();
    let mut effects = engine.store.effects(&batch.id).await?;
    if batch.opened_at <= now {
        return Ok((batch, effects));
    }
    let card = target.card();
    batch.opened_at = now;
    let mut writes = vec![Write::PutBatch(batch.clone())];
    for effect in effects.iter_mut().filter(|effect| effect.state == EffectState::Intent) {
        effect.first_sent_at = now - span(card.delivery.idempotency_lifetime);
        effect.deadline = effect.deadline.min(now + span(card.egress.timeout));
        writes.push(Write::UpdateEffect(effect.clone()));
    }
    engine.store.commit(writes).await?;
    Ok((batch, effects))
}

/// Receipts of a batch that were not read back yet.
async fn not_read_back(
    engine: &Engine,
    batch: &Batch,
    all: Vec<Confirmed>,
) -> Result<Vec<(SealedPlan, StoredReceipt)>, EngineError> {
    let mut unseen = Vec::new();
    for (_, sealed) in all {
        let row = engine.store.receipt(&sealed.digest).await?;
        let spared = batch.trail.spared.contains(&sealed.digest);
        let row = row.filter(|row| row.batch == batch.id && row.observed.is_none() && !spared);
        unseen.extend(row.map(|row| (sealed, row)));
    }
    Ok(unseen)
}

/// How to find out. Pure.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Run `apply` again: every answer is recorded, or the same key may be sent again.
    Replay,
    Wait(DateTime<Utc>),
    Locate,
    Person,
}

/// `only_unrecorded`: nothing is known to be lost, what happened may only not be written down.
pub(crate) fn way(
    target: &Arc<dyn Target>,
    batch: &Batch,
    effects: &[Effect],
    only_unrecorded: bool,
    now: DateTime<Utc>,
) -> Way {
    let delivery = &target.card().delivery;
    let unanswered: Vec<&Effect> = effects.iter().filter(|effect| effect.state == EffectState::Intent).collect();
    // A crash between the last answer and its record: the journal knows everything.
    let steady = batch.trail.crashes < crashed::MOST_CRASHES;
    if unanswered.is_empty() && steady && only_unrecorded {
        return Way::Replay;
    }
    if let DeliveryClass::A { lifetime } = delivery.class() {
        let lifetime = Duration::from_std(lifetime).unwrap_or_else(|_| Duration::zero());
        // The first tries only: a key that keeps failing is looked for like any other.
        let fresh = |e: &&Effect| (e.first_sent_at..e.first_sent_at + lifetime).contains(&now) && e.attempt < 4;
        let alive = steady && !unanswered.is_empty() && unanswered.iter().all(fresh);
        if alive {
            return Way::Replay;
        }
    }
    if !delivery.locate_is_reliable {
        return Way::Person;
    }
    let settle = span(delivery.settle);
    // Without an answer, the send itself may still be under way in the target until its deadline.
    let sent = effects.iter().filter(|effect| !matches!(effect.state, EffectState::NotSent { .. }));
    let last_sent = sent.map(|effect| effect.answered_at.unwrap_or(effect.deadline)).max();
    let sure_from = last_sent.unwrap_or(batch.opened_at) + settle;
    if now < sure_from { Way::Wait(sure_from) } else { Way::Locate }
}

async fn replay(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    batch: Batch,
    all: Vec<Confirmed>,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let mut batch = batch;
    batch.trail.applying = true;
    engine.store.commit(vec![Write::PutBatch(batch.clone())]).await?;
    let results = dispatch::apply(engine, target, &batch, &all).await;
    let mut confirmed = Vec::new();
    let mut kept = Vec::new();
    for (pair, result) in all.into_iter().zip(results) {
        if is_unsettled(&pair.0, &batch) {
            confirmed.push(pair);
            kept.push(result);
        }
    }
    let (_, unseen) = settle::settle(engine, connection, target, batch, confirmed, kept, progress).await?;
    observe::observe(engine, connection, target, vec![unseen], progress).await
}

async fn locate(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    mut batch: Batch,
    unsettled: Vec<Confirmed>,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let now = engine.clock.now();
    batch.probes += 1;
    let mut writes = Vec::new();
    let mut stored = Vec::new();
    let mut open = 0;
    for (task, sealed) in unsettled {
        let looked = |why: &str| matches!(&task.state, TaskState::Uncertain { why: said, .. } if said == why);
        let absent = || Event::FoundAbsent { by: lookout() };
        let (found, looks) = find(engine, connection, target, &sealed).await;
        looks.into_iter().for_each(|look| batch.trail.remember(look));
        let (event, receipt) = match found {
            Found::All(receipt) => (Event::Stored, Some(receipt)),
            Found::None if looked(LOOKED_ONCE) => (absent(), None),
            Found::None => (lost(LOOKED_ONCE), None),
            // What is there is kept, so that the next batch sends the rest alone.
            Found::Part(receipt) if looked(LOOKED_ONCE_FOR_THE_REST) => (absent(), Some(receipt)),
            Found::Part(_) => (lost(LOOKED_ONCE_FOR_THE_REST), None),
            Found::Several(what) => {
                (lost(&format!("{what} is there more than once; a person decides which one counts")), None)
            }
            Found::NoAnswer(why) => (lost(&format!("it could not be looked for yet: {why}")), None),
        };
        // What a person left is not sent again by itself, and keeps their words.
        let is_kept = is_left(&task.state) && event != Event::Stored;
        if is_kept || matches!(event, Event::AnswerLost { .. }) {
            open += 1;
        }
        if is_kept {
            continue;
        }
        let absent = matches!(event, Event::FoundAbsent { .. });
        let Ok(state) = next(task.state.clone(), event) else { continue };
        let task = Task { state, updated_at: now, version: task.version + 1, ..task };
        let task = if absent { counted(task, progress) } else { task };
        if let Some(receipt) = receipt {
            if matches!(task.state, TaskState::Synced { .. }) {
                writes.extend(follow_up::begun(&sealed, &receipt, now).into_iter().map(Write::PutFollowUp));
            }
            let row = StoredReceipt {
                plan: sealed.digest.clone(),
                batch: batch.id.clone(),
                receipt,
                stored_at: now,
                observed: None,
            };
            writes.push(Write::PutReceipt(row.clone()));
            progress.count("adopted", 1);
            stored.push((sealed, row));
        }
        writes.push(Write::UpdateTask(task));
    }
    // Two looks closer together than the target's settling time are one.
    let settle = span(target.card().delivery.settle);
    batch.probe_at = Some(observe::again_at(batch.probes, now).max(now + settle));
    let closing = (open == 0).then(|| batch.clone());
    writes.push(Write::PutBatch(batch));
    engine.store.commit(writes).await?;
    observe::observe(engine, connection, target, vec![Unseen { closing, stored }], progress).await
}

fn lost(why: &str) -> Event {
    Event::AnswerLost { why: why.to_owned() }
}

enum Found {
    All(Receipt),
    None,
    /// What is there of it; the rest is not.
    Part(Receipt),
    Several(String),
    NoAnswer(String),
}

/// Found absent once more: sent again under a new key, but not for ever.
fn counted(task: Task, progress: &mut Progress) -> Task {
    let failures = task.failures + 1;
    let task = Task { failures, ..task };
    if retry::may_be_sent_again(failures) && !retry::is_poison(task.crashes) {
        return task;
    }
    let text = format!(
        "{}: its answer was lost {failures} times and it is not there. Nothing of it is billed; find out what the target has against it, then plan it again.",
        task.number
    );
    let mut failure = Failure::new(FailureClass::UnknownOutcome, "lost-too-often", text);
    if retry::is_poison(task.crashes) {
        let stop = "The plugin or this service went down while it was sent, and it is not there.";
        failure = poison(&Failure::new(FailureClass::Internal, "stopped", stop), task.crashes);
    }
    match next(task.state.clone(), Event::GaveUp { failure }) {
        Ok(state) => {
            progress.count("parked", 1);
            Task { state, ..task }
        }
        Err(_) => task,
    }
}

/// What is there of a plan, and each look for it, for whoever reads it later.
async fn find(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    sealed: &SealedPlan,
) -> (Found, Vec<Look>) {
    let plan = &sealed.plan;
    let mut receipts = Vec::new();
    let mut looks = Vec::new();
    let mut absent = 0;
    // What may wait is looked for later, once the rest is known.
    for change in plan.changes.iter().filter(|change| change.action != Action::Keep && !may_wait(change)) {
        let located = target.locate(read_only(engine, connection, target), plan.clone(), change.key.clone()).await;
        let sighting = match &located {
            Ok(Located::Found(receipt)) => Sighting::Found(receipt.reference.clone()),
            Ok(Located::Absent) => Sighting::Absent,
            Ok(Located::Several(all)) => Sighting::Several(all.iter().map(|one| one.reference.clone()).collect()),
            Err(error) => Sighting::NoAnswer(error.to_string()),
        };
        let (plan, change_key) = (sealed.digest.clone(), change.key.clone());
        looks.push(Look { at: engine.clock.now(), plan, change: change_key, sighting });
        match located {
            Ok(Located::Found(receipt)) => receipts.push(receipt),
            Ok(Located::Absent) => absent += 1,
            Ok(Located::Several(_)) => return (Found::Several(change.title.clone()), looks),
            Err(error) => return (Found::NoAnswer(error.to_string()), looks),
        }
    }
    let found = match (receipts.is_empty(), absent) {
        (false, 0) => {
            let attributes = vec![("adopted".to_owned(), "found after its answer was lost".to_owned())];
            Found::All(Receipt { task: plan.task.clone(), changes: receipts, attributes })
        }
        (true, _) => Found::None,
        (false, _) => Found::Part(Receipt::part(plan, receipts)),
    };
    (found, looks)
}

/// Neither a key nor a sure look: nothing happens by itself.
async fn person(engine: &Engine, batch: Batch, unsettled: Vec<Confirmed>) -> Result<(), EngineError> {
    let now = engine.clock.now();
    let why = "this target can neither be asked for it nor given a key; look there and decide";
    let mut writes = Vec::new();
    for (task, _) in unsettled {
        if is_left(&task.state) || matches!(&task.state, TaskState::Uncertain { why: said, .. } if said == why) {
            continue;
        }
        let Ok(state) = next(task.state.clone(), lost(why)) else { continue };
        writes.push(Write::UpdateTask(Task { state, updated_at: now, version: task.version + 1, ..task }));
    }
    writes.push(Write::PutBatch(Batch { probe_at: Some(now + Duration::days(1)), ..batch }));
    engine.store.commit(writes).await?;
    Ok(())
}
