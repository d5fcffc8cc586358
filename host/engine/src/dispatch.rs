//! Confirmed plans go out: held against the ground once more, journaled as a batch, applied, settled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{Actor, PlanDigest, PluginDigest, TaskId};
use counterfoil_domain::journal::{Batch, BatchState, Trail};
use counterfoil_domain::order::named_list;
use counterfoil_domain::plan::ChangeReceipt;
use counterfoil_domain::ports::{CallError, Exchange, Target, Write};
use counterfoil_domain::ramp::{Outcome, Ramp};
use counterfoil_domain::retry::{self, Reached};
use counterfoil_domain::salvage;
use counterfoil_domain::task::{Event, Task, TaskState, next};

use crate::engine::{Engine, EngineError};
use crate::exchange::Journaled;
use crate::fate::{self, INCOMPLETE, STOPPED};
use crate::ground::LawBook;
use crate::observe::{self, Unseen};
use crate::prepared::{Unprepared, prepare_all};
use crate::progress::Progress;
use crate::propose::{self, call_failure, moved};
use crate::restored;
use crate::settle::{self, Applied, Confirmed};

/// What of these plans is known to be stored, from any plan of their tasks: it is never written a second time.
pub(crate) type Stored = Vec<(PlanDigest, ChangeReceipt)>;

/// Tasks held against their ground together, where the card allows fewer to a plan.
const LEAST_AT_ONCE: usize = 200;

/// A version that is paused for its traps is asked again after this.
const PLUGIN_PAUSE: Duration = Duration::from_secs(600);

/// Sends the queued tasks of these plans.
pub(crate) async fn sync(engine: &Engine, plans: &[PlanDigest], progress: &mut Progress) -> Result<(), EngineError> {
    let connection = engine.connection(&progress.run.connection).await?;
    progress.run.total = Some(plans.len() as u64);
    progress.save().await?;
    let lock = engine.lock(&connection.id);
    let mut ramp = lock.lock().await;
    let mut queued = Vec::with_capacity(plans.len());
    let mut about = Vec::with_capacity(plans.len());
    for digest in plans {
        let Some(sealed) = engine.store.plan(digest).await? else {
            progress.shortfall("no-such-plan", digest.to_string(), "there is no such plan; plan again");
            continue;
        };
        let Some(task) = engine.store.task(&sealed.plan.task).await? else { continue };
        about.push(task.id.clone());
        match &task.state {
            TaskState::Queued { plan, .. } if plan == digest => queued.push((task, sealed)),
            // Taken up again after a restart: done already, or in the lookout's hands.
            _ => progress.run.done += 1,
        }
    }
    send(engine, &connection, queued, &mut ramp, progress).await?;
    let unsettled = unsettled(engine, &about).await?;
    for (task, text) in unsettled {
        progress.shortfall("not-synchronized", task.id.to_string(), text);
    }
    Ok(())
}

/// What of a run's tasks is not synchronized at its end, in a sentence each.
async fn unsettled(engine: &Engine, tasks: &[TaskId]) -> Result<Vec<(Task, String)>, EngineError> {
    let mut open = Vec::new();
    for id in tasks {
        let Some(task) = engine.store.task(id).await? else { continue };
        let text = match &task.state {
            TaskState::Uncertain { why, .. } => {
                format!(
                    "{}: {} may or may not be there ({why}). It is being looked for; nothing is sent again before it is known.",
                    task.number, task.amount
                )
            }
            TaskState::Retrying { at, failure, .. } => {
                format!("{}: nothing was written; it is tried again at {at} ({})", task.number, failure.message)
            }
            TaskState::Parked { failure } => format!("{}: {}", task.number, failure.message),
            TaskState::Sending { .. } => {
                format!("{}: the rest of its batch goes out later; what is stored is not sent again", task.number)
            }
            TaskState::Superseded { .. } => {
                format!("{}: a newer revision of the order took its place; nothing was sent", task.number)
            }
            _ => continue,
        };
        open.push((task, text));
    }
    Ok(open)
}

/// Caller holds the connection's lock, and with it what the last batches said about the target.
pub(crate) async fn send(
    engine: &Engine,
    connection: &Connection,
    queued: Vec<Confirmed>,
    ramp: &mut Ramp,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    if queued.is_empty() {
        return Ok(());
    }
    if connection.state != ConnectionState::Enabled {
        return Err(EngineError::Paused {
            connection: connection.id.clone(),
            state: connection.state.to_string(),
            reason: connection.state_reason.clone(),
        });
    }
    let mut by_plugin: BTreeMap<PluginDigest, Vec<Confirmed>> = BTreeMap::new();
    let (fresh, stored) = fresh(engine, connection, queued, ramp, progress).await?;
    let sure = restored::sure(engine, connection, fresh, &stored, progress).await?;
    for confirmed in sure {
        by_plugin.entry(confirmed.1.ground.plugin.clone()).or_default().push(confirmed);
    }
    for (plugin, confirmed) in by_plugin {
        let Some(target) = engine.targets.by_digest(&plugin) else {
            progress.shortfall(
                "plugin-gone",
                plugin.to_string(),
                "the version that made these plans is gone; plan again",
            );
            continue;
        };
        // Those that something is wrong with go last and by themselves: they hold up no other.
        let (suspects, others): (Vec<_>, Vec<_>) = confirmed.into_iter().partition(|(task, _)| goes_alone(task));
        let batches = Batches { engine, connection, target: &target, stored: &stored };
        let full = target.card().batch_tasks.max(1);
        let mut unseen = Vec::new();
        let whole = batches.send(&others, full, ramp, &mut unseen, progress).await?
            && batches.send(&suspects, 1, ramp, &mut unseen, progress).await?;
        batches.read_back(unseen, ramp, progress).await?;
        if !whole {
            return Ok(());
        }
    }
    Ok(())
}

/// Something went wrong with it before, or nobody knows what became of it the last time.
fn goes_alone(task: &Task) -> bool {
    let looked_for = matches!(&task.state, TaskState::Queued { by, .. } if *by == lookout());
    looked_for || retry::goes_alone(task.failures, task.crashes)
}

/// Who sends again what was looked for and not found.
pub(crate) fn lookout() -> Actor {
    Actor::new("lookout")
}

/// Where batches go.
#[derive(Clone, Copy)]
struct Batches<'a> {
    engine: &'a Engine,
    connection: &'a Connection,
    target: &'a Arc<dyn Target>,
    stored: &'a [(PlanDigest, ChangeReceipt)],
}

impl Batches<'_> {
    /// One batch after another, each as wide as the target can take. False: the rest waits.
    async fn send(
        self,
        confirmed: &[Confirmed],
        most: usize,
        ramp: &mut Ramp,
        unseen: &mut Vec<Unseen>,
        progress: &mut Progress,
    ) -> Result<bool, EngineError> {
        let full = self.target.card().batch_tasks.max(1);
        let mut rest = confirmed;
        while !rest.is_empty() {
            if self.engine.is_stopping() {
                let text = "the service is stopping: what was not sent goes out by itself when it runs again";
                progress.shortfall("stopping", self.connection.id.to_string(), text);
                return Ok(false);
            }
            // Paused meanwhile, or the last batch was refused for its credentials.
            let now = self.engine.connection(&self.connection.id).await?;
            if now.state != ConnectionState::Enabled {
                let text = format!(
                    "{} is {} by now: {}. What was not sent waits until it is enabled again.",
                    now.name, now.state, now.state_reason
                );
                progress.shortfall("connection-stopped", now.id.to_string(), text);
                return Ok(false);
            }
            let (chunk, tail) = rest.split_at(ramp.width(full).min(most).min(rest.len()));
            let (outcome, written) = self.send_batch(chunk, progress).await?;
            unseen.push(written);
            // Not all at the end of a long run: what differs should be seen while there is something to stop.
            if unseen.iter().map(|one| one.stored.len()).sum::<usize>() >= self.target.card().plan_tasks {
                self.read_back(std::mem::take(unseen), ramp, progress).await?;
            }
            progress.advance(chunk.len()).await?;
            rest = tail;
            if let Some(outcome) = outcome {
                *ramp = ramp.after(outcome, full, self.engine.clock.now());
                if outcome != Outcome::Answered && ramp.is_held(self.engine.clock.now()) {
                    let text = format!(
                        "{} does not answer. Nothing more is sent; what waits goes out by itself, a few at a time, once it does.",
                        now.name
                    );
                    progress.shortfall("target-down", now.id.to_string(), text);
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// What was written, seen in the target. What is not seen now (the service stops, the connection or its target is down)
    /// is in open batches, which are looked at later.
    async fn read_back(self, unseen: Vec<Unseen>, ramp: &Ramp, progress: &mut Progress) -> Result<(), EngineError> {
        let Self { engine, connection, target, .. } = self;
        if engine.is_stopping() || ramp.is_held(engine.clock.now()) {
            return Ok(());
        }
        if engine.connection(&connection.id).await?.state != ConnectionState::Enabled {
            return Ok(());
        }
        observe::observe(engine, connection, target, unseen, progress).await
    }

    async fn send_batch(
        self,
        confirmed: &[Confirmed],
        progress: &mut Progress,
    ) -> Result<(Option<Outcome>, Unseen), EngineError> {
        let Self { engine, connection, target, stored } = self;
        let now = engine.clock.now();
        let plans: Vec<PlanDigest> = confirmed.iter().map(|(_, sealed)| sealed.digest.clone()).collect();
        let mut generation = 0;
        for plan in &plans {
            generation = generation.max(engine.store.times_sent(plan).await?);
        }
        let batch = Batch {
            id: Batch::id(&connection.id, &plans, generation),
            connection: connection.id.clone(),
            plugin: target.digest().clone(),
            adopted: stored.iter().filter(|(plan, _)| plans.contains(plan)).cloned().collect(),
            plans,
            state: BatchState::Open,
            opened_at: now,
            probes: 0,
            probe_at: None,
            trail: Trail { applying: true, ..Trail::default() },
        };
        let mut writes = vec![Write::PutBatch(batch.clone())];
        let mut sending = Vec::with_capacity(confirmed.len());
        for (task, sealed) in confirmed {
            let Ok(state) = next(task.state.clone(), Event::Sent { batch: batch.id.clone() }) else { continue };
            let task = Task { state, updated_at: now, version: task.version + 1, ..task.clone() };
            writes.push(Write::UpdateTask(task.clone()));
            sending.push((task, sealed.clone()));
        }
        engine.store.commit(writes).await?;
        let results = apply(engine, target, &batch, &sending).await;
        settle::settle(engine, connection, target, batch, sending, results, progress).await
    }
}

/// Those whose ground has not moved since they were shown, and what of them is stored already. The others say what moved, and
/// are planned anew.
async fn fresh(
    engine: &Engine,
    connection: &Connection,
    queued: Vec<Confirmed>,
    ramp: &mut Ramp,
    progress: &mut Progress,
) -> Result<(Vec<Confirmed>, Stored), EngineError> {
    let target = engine.target(connection)?;
    let mut fresh = Vec::with_capacity(queued.len());
    let mut stored = Stored::new();
    let mut writes = Vec::new();
    let book = LawBook::load(engine, connection).await?;
    for chunk in queued.chunks(target.card().plan_tasks.max(LEAST_AT_ONCE)) {
        let tasks: Vec<Task> = chunk.iter().map(|(task, _)| task.clone()).collect();
        let prepared = match prepare_all(engine, connection, &target, &book, &tasks).await {
            Ok(prepared) => prepared,
            Err(EngineError::Call(error)) => {
                let failure = call_failure(&error);
                if failure.class == FailureClass::Transient && failure.retry_after.is_none() {
                    *ramp = ramp.after(Outcome::Lost, target.card().batch_tasks, engine.clock.now());
                }
                writes.extend(unread(engine, connection, &tasks, &failure, progress).await?);
                continue;
            }
            Err(error) => return Err(error),
        };
        for ((task, sealed), prepared) in chunk.iter().zip(prepared) {
            let moved_parts = match prepared {
                Ok(prepared) => match salvage::adopted(&sealed.plan, &propose::kept(engine, &task.id).await?) {
                    Ok(adopted) => {
                        stored.extend(adopted.into_iter().map(|change| (sealed.digest.clone(), change)));
                        named_list(&sealed.ground.moved(&prepared.ground))
                    }
                    Err(unaccounted) => unaccounted.to_string(),
                },
                Err(Unprepared::Judged(_)) => "the rules or links say otherwise by now".to_owned(),
                Err(Unprepared::Failed(failure)) => failure.message,
            };
            if moved_parts.is_empty() && sealed.is_intact() {
                fresh.push((task.clone(), sealed.clone()));
                continue;
            }
            let text = format!(
                "{}: the plan was refused because since it was shown {moved_parts}. Nothing was written. Plan again and confirm what has changed.",
                task.number
            );
            progress.shortfall("plan-stale", task.id.to_string(), text);
            progress.count("stale", 1);
            writes.extend(moved(engine, task, Event::Unplanned));
        }
    }
    if !writes.is_empty() {
        engine.store.commit(writes).await?;
    }
    Ok((fresh, stored))
}

/// The target's records that the plans rest on could not be read: nothing was sent, and it is tried again.
async fn unread(
    engine: &Engine,
    connection: &Connection,
    tasks: &[Task],
    failure: &Failure,
    progress: &mut Progress,
) -> Result<Vec<Write>, EngineError> {
    let now = engine.clock.now();
    let mut writes = Vec::with_capacity(tasks.len() + 1);
    if failure.class == FailureClass::Auth {
        writes.extend(settle::needs_sign_in(engine, connection, failure).await?);
    }
    for task in tasks {
        progress.count("deferred", 1);
        let failures = task.failures + u32::from(retry::budget(failure, Reached::SurelyNot).counts());
        let put_off = fate::put_off(task, failure.clone(), Reached::SurelyNot, now);
        let Ok(state) = next(task.state.clone(), put_off) else { continue };
        let task = Task { state, failures, updated_at: now, version: task.version + 1, ..task.clone() };
        writes.push(Write::UpdateTask(task));
    }
    Ok(writes)
}

/// Runs `apply` for the whole batch, from the start: what the journal knows is replayed.
pub(crate) async fn apply(
    engine: &Engine,
    target: &Arc<dyn Target>,
    batch: &Batch,
    confirmed: &[Confirmed],
) -> Applied {
    let exchange = Arc::new(Journaled::new(engine.over(), batch.connection.clone(), batch.id.clone(), target.card()));
    let plans = confirmed
        .iter()
        .map(|(_, sealed)| {
            let adopted: Vec<ChangeReceipt> = batch
                .adopted
                .iter()
                .filter(|(plan, _)| *plan == sealed.digest)
                .map(|(_, receipt)| receipt.clone())
                .collect();
            (sealed.plan.clone(), adopted)
        })
        .collect();
    let applied = target.apply(Arc::clone(&exchange) as Arc<dyn Exchange>, plans).await;
    // A stopped guest may have left a write on the wire.
    exchange.rest().await;
    match applied {
        Ok(results) if results.len() == confirmed.len() => results,
        Ok(results) => {
            let text = format!("the plugin answered for {} of {} plans", results.len(), confirmed.len());
            vec![Err(Failure::new(FailureClass::UnknownOutcome, INCOMPLETE, text)); confirmed.len()]
        }
        // It never ran: a version that is paused for its traps is no fault of these plans.
        Err(CallError::Failed(failure)) if failure.class == FailureClass::Internal => {
            let paused = Failure { class: FailureClass::Transient, retry_after: Some(PLUGIN_PAUSE), ..failure };
            vec![Err(paused); confirmed.len()]
        }
        Err(CallError::Failed(failure)) => vec![Err(failure); confirmed.len()],
        // The guest gave no answer: what its writes did is in the journal, and settling reads it there.
        Err(error) => {
            let failure = Failure::new(FailureClass::UnknownOutcome, STOPPED, error.to_string());
            vec![Err(failure); confirmed.len()]
        }
    }
}
