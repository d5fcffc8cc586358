//! Batches without an ending: after a crash, a lost answer or a stopped guest. Nothing is sent again before
//! it is known, and what cannot be known is a person's.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::Actor;
use counterfoil_domain::journal::{Batch, BatchState, Effect, EffectState};
use counterfoil_domain::plan::{Action, Located, Plan, Receipt};
use counterfoil_domain::ports::{StoredReceipt, Target, Write};
use counterfoil_domain::task::{Event, Task, TaskState, next};

use crate::dispatch::{self, Confirmed};
use crate::engine::{Engine, EngineError};
use crate::linking::read_only;
use crate::observe;
use crate::progress::Progress;
use crate::settle::{self, is_unsettled};

/// Seconds after each look until the next one: 10 s, 1 and 6 minutes, 1 and 6 hours, then daily.
const LOOKS: [i64; 10] = [10, 60, 360, 3_600, 21_600, 86_400, 86_400, 86_400, 86_400, 86_400];
/// One look that finds nothing is not enough: a list can lag behind the write.
const LOOKS_UNTIL_ABSENT: u32 = 2;

/// Looks at every open batch of a connection that is due. Caller holds the connection's lock.
pub(crate) async fn look(engine: &Engine, connection: &Connection, progress: &mut Progress) -> Result<(), EngineError> {
    let now = engine.clock.now();
    for batch in engine.store.open_batches(&connection.id).await? {
        if batch.probe_at.is_none_or(|at| at <= now) {
            look_at(engine, connection, batch, progress).await?;
        }
    }
    Ok(())
}

async fn look_at(
    engine: &Engine,
    connection: &Connection,
    batch: Batch,
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
        let batch = Batch { state: BatchState::Closed, probe_at: None, ..batch };
        engine.store.commit(vec![Write::PutBatch(batch)]).await?;
        return Ok(());
    }
    let effects = engine.store.effects(&batch.id).await?;
    match way(&target, &batch, &effects, &unsettled, engine.clock.now()) {
        Way::Replay => replay(engine, connection, &target, batch, all, progress).await,
        Way::Wait(until) => {
            engine.store.commit(vec![Write::PutBatch(Batch { probe_at: Some(until), ..batch })]).await?;
            Ok(())
        }
        Way::Locate => locate(engine, connection, &target, batch, unsettled, &effects, progress).await,
        Way::Person => person(engine, batch, unsettled).await,
    }
}

/// How to find out. Pure.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// Run `apply` again: every answer is recorded, or the same key may be sent again.
    Replay,
    Wait(DateTime<Utc>),
    Locate,
    Person,
}

fn way(
    target: &Arc<dyn Target>,
    batch: &Batch,
    effects: &[Effect],
    unsettled: &[Confirmed],
    now: DateTime<Utc>,
) -> Way {
    let delivery = &target.card().delivery;
    let unanswered: Vec<&Effect> = effects.iter().filter(|effect| effect.state == EffectState::Intent).collect();
    // A crash between the last answer and its record: the journal knows everything.
    let only_unrecorded = unsettled.iter().all(|(task, _)| matches!(task.state, TaskState::Sending { .. }));
    if unanswered.is_empty() && only_unrecorded {
        return Way::Replay;
    }
    if let DeliveryClass::A { lifetime } = delivery.class() {
        let lifetime = Duration::from_std(lifetime).unwrap_or_else(|_| Duration::zero());
        // The first tries only: a key that keeps failing is looked for like any other.
        let alive =
            !unanswered.is_empty() && unanswered.iter().all(|e| now < e.first_sent_at + lifetime && e.attempt < 4);
        if alive {
            return Way::Replay;
        }
    }
    if !delivery.locate_is_reliable {
        return Way::Person;
    }
    let settle = Duration::from_std(delivery.settle).unwrap_or_else(|_| Duration::minutes(1));
    let last_sent = effects.iter().filter(|e| e.state == EffectState::Intent).map(|e| e.deadline).max();
    // Until its deadline the send itself may still be under way in the target.
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
    let results = dispatch::apply(engine, target, &batch, &all).await;
    let mut confirmed = Vec::new();
    let mut kept = Vec::new();
    for (pair, result) in all.into_iter().zip(results) {
        if is_unsettled(&pair.0, &batch) {
            confirmed.push(pair);
            kept.push(result);
        }
    }
    let probes = batch.probes + 1;
    settle::settle(engine, connection, target, Batch { probes, ..batch }, confirmed, kept, progress).await
}

async fn locate(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    mut batch: Batch,
    unsettled: Vec<Confirmed>,
    effects: &[Effect],
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let now = engine.clock.now();
    batch.probes += 1;
    let mut writes = Vec::new();
    let mut stored = Vec::new();
    let mut open = 0;
    for (task, sealed) in unsettled {
        let (event, receipt) = match find(engine, connection, target, &sealed.plan).await {
            Found::All(receipt) => (Event::Stored, Some(receipt)),
            Found::None if batch.probes >= LOOKS_UNTIL_ABSENT => {
                (Event::FoundAbsent { by: Actor::new("lookout") }, None)
            }
            Found::None => (lost("it was looked for once and not found; one more look before it is sent again"), None),
            Found::Some => (lost("a part of the plan is there and a part is not; a person decides"), None),
            Found::Several(what) => {
                (lost(&format!("{what} is there more than once; a person decides which one counts")), None)
            }
            Found::NoAnswer(why) => (lost(&format!("it could not be looked for yet: {why}")), None),
        };
        if matches!(event, Event::AnswerLost { .. }) {
            open += 1;
        }
        let Ok(state) = next(task.state.clone(), event) else { continue };
        if let Some(receipt) = receipt {
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
        writes.push(Write::UpdateTask(Task { state, updated_at: now, version: task.version + 1, ..task }));
    }
    if open == 0 {
        batch.state = BatchState::Closed;
        batch.probe_at = None;
    } else {
        batch.probe_at = next_look(batch.probes, effects, now);
    }
    writes.push(Write::PutBatch(batch));
    engine.store.commit(writes).await?;
    observe::observe(engine, connection, target, stored, progress).await
}

/// After the last planned look it stays for a person, and is looked for once a day.
fn next_look(probes: u32, _effects: &[Effect], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let index = usize::try_from(probes.saturating_sub(1)).unwrap_or(usize::MAX).min(LOOKS.len() - 1);
    LOOKS.get(index).map(|seconds| now + Duration::seconds(*seconds))
}

fn lost(why: &str) -> Event {
    Event::AnswerLost { why: why.to_owned() }
}

enum Found {
    All(Receipt),
    None,
    Some,
    Several(String),
    NoAnswer(String),
}

async fn find(engine: &Engine, connection: &Connection, target: &Arc<dyn Target>, plan: &Plan) -> Found {
    let mut receipts = Vec::new();
    let mut absent = 0;
    for change in plan.changes.iter().filter(|change| change.action != Action::Keep) {
        match target.locate(read_only(engine, connection, target), plan.clone(), change.key.clone()).await {
            Ok(Located::Found(receipt)) => receipts.push(receipt),
            Ok(Located::Absent) => absent += 1,
            Ok(Located::Several(_)) => return Found::Several(change.title.clone()),
            Err(error) => return Found::NoAnswer(error.to_string()),
        }
    }
    match (receipts.is_empty(), absent) {
        (false, 0) => {
            let attributes = vec![("adopted".to_owned(), "found after its answer was lost".to_owned())];
            Found::All(Receipt { task: plan.task.clone(), changes: receipts, attributes })
        }
        (true, _) => Found::None,
        (false, _) => Found::Some,
    }
}

/// Neither a key nor a sure look: nothing happens by itself.
async fn person(engine: &Engine, batch: Batch, unsettled: Vec<Confirmed>) -> Result<(), EngineError> {
    let now = engine.clock.now();
    let why = "this target can neither be asked for it nor given a key; look there and decide";
    let mut writes = Vec::new();
    for (task, _) in unsettled {
        if matches!(&task.state, TaskState::Uncertain { why: said, .. } if said == why) {
            continue;
        }
        let Ok(state) = next(task.state.clone(), lost(why)) else { continue };
        writes.push(Write::UpdateTask(Task { state, updated_at: now, version: task.version + 1, ..task }));
    }
    writes.push(Write::PutBatch(Batch { probe_at: Some(now + Duration::days(1)), ..batch }));
    engine.store.commit(writes).await?;
    Ok(())
}
