//! Plans: jobs to the target, its proposals to the checker, what passes sealed and stored. Writes nothing
//! outside.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use counterfoil_domain::assemble;
use counterfoil_domain::checker::{self, Against};
use counterfoil_domain::claim::{self, Claim};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{SubscriptionId, TaskId};
use counterfoil_domain::job::Job;
use counterfoil_domain::job::JobKind;
use counterfoil_domain::money::Money;
use counterfoil_domain::plan::{Judged, Plan, SealedPlan, Severity};
use counterfoil_domain::ports::{CallError, CommitError, Target, Write};
use counterfoil_domain::reconcile;
use counterfoil_domain::run::Selection;
use counterfoil_domain::salvage::{self, Kept};
use counterfoil_domain::task::{Event, Task, TaskState, next};

use crate::ask;
use crate::earlier;
use crate::engine::{Engine, EngineError};
use crate::ground::{LawBook, Prepared};
use crate::linking::{self, in_state};
use crate::patience::{Patience, pause};
use crate::prepared::{Unprepared, prepare_all};
use crate::progress::Progress;
use crate::turn;

pub(crate) async fn propose(
    engine: &Engine,
    selection: &Selection,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let connection = engine.connection(&progress.run.connection).await?;
    let target = engine.target(&connection)?;
    let waiting = linking::pending(engine, &connection).await?;
    linking::judge_again(engine, &connection, waiting, progress).await?;
    let tasks = selected(engine, &connection, selection, progress).await?;
    let tasks = whose_turn_it_is(engine, &connection, &target, tasks, progress).await?;
    progress.run.total = Some(tasks.len() as u64);
    progress.save().await?;
    // Once for all: a link that is changed meanwhile moves the ground, and dispatch refuses the plan.
    let book = LawBook::load(engine, &connection).await?;
    for chunk in tasks.chunks(target.card().plan_tasks.max(1)) {
        plan_chunk(engine, &connection, &target, &book, chunk, progress).await?;
        progress.advance(chunk.len()).await?;
    }
    Ok(())
}

async fn selected(
    engine: &Engine,
    connection: &Connection,
    selection: &Selection,
    progress: &mut Progress,
) -> Result<Vec<Task>, EngineError> {
    let Selection::Tasks(ids) = selection else {
        return in_state(engine, connection, &["ready", "planned"]).await;
    };
    let mut tasks = Vec::with_capacity(ids.len());
    for id in ids {
        match engine.store.task(id).await? {
            Some(task) if task.connection == connection.id => match task.state.name() {
                "ready" | "planned" | "parked" => tasks.push(task),
                state => {
                    let text = format!("{} is {state} and cannot be planned{}", task.number, needs(&task));
                    progress.shortfall("not-plannable", task.id.to_string(), text);
                }
            },
            _ => progress.shortfall("no-such-task", id.to_string(), "there is no such task on this connection"),
        }
    }
    Ok(tasks)
}

/// Those that wait for nobody. A plan that was made before somebody came in between does not count any more: it rests on
/// what that one will change.
async fn whose_turn_it_is(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    tasks: Vec<Task>,
    progress: &mut Progress,
) -> Result<Vec<Task>, EngineError> {
    let waiting = turn::waiting(engine, connection, target.card(), &tasks).await?;
    let mut writes = Vec::new();
    for task in &tasks {
        let Some(waits) = waiting.get(&task.id) else { continue };
        progress.count("waiting", 1);
        progress.shortfall("waits-its-turn", task.id.to_string(), format!("{} {}", task.number, waits.text));
        if matches!(task.state, TaskState::Planned(_)) {
            writes.push(Vec::from_iter(moved(engine, task, Event::Unplanned)));
        }
    }
    if !writes.is_empty() {
        commit(engine, writes, progress).await?;
    }
    Ok(tasks.into_iter().filter(|task| !waiting.contains_key(&task.id)).collect())
}

fn needs(task: &Task) -> String {
    let TaskState::Pending(needs) = &task.state else { return String::new() };
    let needs: Vec<String> = needs.iter().map(ToString::to_string).collect();
    format!(": {}", needs.join("; "))
}

async fn plan_chunk(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    book: &LawBook,
    tasks: &[Task],
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let mut jobs: Vec<(Task, Prepared)> = Vec::with_capacity(tasks.len());
    let mut writes = Vec::new();
    let mut patience = Patience::default();
    let all = loop {
        let prepared = prepare_all(engine, connection, target, book, tasks).await;
        let wanted = match &prepared {
            Err(EngineError::Call(CallError::Failed(failure))) => pause(failure),
            _ => None,
        };
        if !patience.again(wanted).await {
            break prepared?;
        }
    };
    for (task, prepared) in tasks.iter().zip(all) {
        match prepared {
            Ok(prepared) => jobs.push((task.clone(), prepared)),
            Err(Unprepared::Judged(verdict)) => {
                writes.push(Vec::from_iter(moved(engine, task, Event::Judged(verdict))));
                progress.problem(
                    "judged-again",
                    task.id.to_string(),
                    format!("{}: the rules say otherwise by now", task.number),
                );
            }
            Err(Unprepared::Failed(failure)) => failed(engine, task, failure, &mut writes, progress),
        }
    }
    let history = history(engine, connection, &jobs).await?;
    let mut stored = Vec::with_capacity(jobs.len());
    for (task, prepared) in &mut jobs {
        earlier::name(engine, &mut prepared.job, &history).await?;
        earlier::former(engine, &connection.id, book, prepared).await?;
        let kept = kept(engine, &task.id).await?;
        earlier::own(&mut prepared.job, &kept);
        stored.push(kept);
    }
    let asked: Vec<Job> = jobs.iter().map(|(_, prepared)| prepared.job.clone()).collect();
    let answers = ask::patiently(engine, connection, target, &asked).await;
    for (((task, prepared), answer), stored) in jobs.iter_mut().zip(answers).zip(&stored) {
        match answer {
            Ok(plan) if !fits_what_is_stored(stored, task, &plan, progress) => {}
            Ok(plan) => {
                // What recurs in the target already may be what its price is: then that is what is due.
                prepared.job = assemble::repriced(prepared.job.clone(), &plan, connection.rules.rounding);
                let prepared = &*prepared;
                let plan = assemble::with_costs(plan, &prepared.job);
                let subscription = SubscriptionId::new(prepared.job.order.subscription_id.clone());
                let against = Against {
                    job: &prepared.job,
                    order_total: prepared.order.total.map(|total| Money::new(total, prepared.order.currency)),
                    documents: &target.card().documents,
                    rules: &connection.rules,
                    history: history.get(&subscription).map(Vec::as_slice).unwrap_or_default(),
                    neighbours: &prepared.neighbours,
                };
                writes.push(seal(engine, connection, (task, prepared), plan, against, progress));
            }
            Err(failure) => failed(engine, task, failure, &mut writes, progress),
        }
    }
    commit(engine, writes, progress).await
}

/// All of it; where a task was changed meanwhile (confirmed, ignored, revised), that one stays as somebody else left it.
async fn commit(engine: &Engine, groups: Vec<Vec<Write>>, progress: &mut Progress) -> Result<(), EngineError> {
    match engine.store.commit(groups.concat()).await {
        Err(CommitError::Conflict { .. }) => {}
        done => return Ok(done?),
    }
    for group in groups {
        match engine.store.commit(group).await {
            Err(CommitError::Conflict { task, .. }) => {
                let text = "the task was changed while it was being planned; what somebody did with it stands";
                progress.problem("changed-meanwhile", task.to_string(), text);
            }
            done => done?,
        }
    }
    Ok(())
}

pub(crate) fn call_failure(error: &CallError) -> Failure {
    let code = match error {
        CallError::Trap { .. } => "plugin-trap",
        CallError::Timeout { .. } => "plugin-timeout",
        CallError::Memory { .. } => "plugin-memory",
        CallError::Nonsense(_) => "plugin-nonsense",
        CallError::Failed(failure) => return failure.clone(),
    };
    Failure::new(FailureClass::Internal, code, error.to_string())
}

/// Whether the plan knows everything that earlier plans of its task stored. One that does not could bill twice.
fn fits_what_is_stored(stored: &[Kept], task: &Task, plan: &Plan, progress: &mut Progress) -> bool {
    let Err(unaccounted) = salvage::adopted(plan, stored) else { return true };
    let text = format!(
        "{}: {unaccounted}. Nothing was planned, because it could be billed twice: look in the target, and void the document there or ignore the task.",
        task.number
    );
    progress.shortfall("part-stored", task.id.to_string(), text);
    false
}

/// What earlier plans of a task stored.
pub(crate) async fn kept(engine: &Engine, task: &TaskId) -> Result<Vec<Kept>, EngineError> {
    let mut kept = Vec::new();
    for row in engine.store.receipts_of(task).await? {
        let Some(sealed) = engine.store.plan(&row.plan).await? else { continue };
        for receipt in row.receipt.changes {
            let change = sealed.plan.changes.iter().find(|change| change.key == receipt.key);
            kept.extend(change.map(|change| Kept { change: change.clone(), receipt }));
        }
    }
    Ok(kept)
}

/// What was confirmed before for the subscriptions of these jobs.
async fn history(
    engine: &Engine,
    connection: &Connection,
    jobs: &[(Task, Prepared)],
) -> Result<BTreeMap<SubscriptionId, Vec<Claim>>, EngineError> {
    let subscriptions: BTreeSet<&str> = jobs.iter().map(|(_, p)| p.job.order.subscription_id.as_str()).collect();
    let wanted: Vec<SubscriptionId> = subscriptions.into_iter().filter(|id| !id.is_empty()).map(Into::into).collect();
    let mut history: BTreeMap<SubscriptionId, Vec<Claim>> = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(history);
    }
    for claim in engine.store.claims(&connection.id, wanted).await? {
        history.entry(claim.subscription.clone()).or_default().push(claim);
    }
    Ok(history)
}

/// The plan as it may be confirmed, with all that speaks against it.
fn seal(
    engine: &Engine,
    connection: &Connection,
    (task, prepared): (&Task, &Prepared),
    plan: Plan,
    against: Against<'_>,
    progress: &mut Progress,
) -> Vec<Write> {
    let checked = checker::check(&plan, against);
    let reconciles = prepared.job.order.kind == JobKind::Reconcile;
    let judged = Judged {
        ground: prepared.ground.clone(),
        findings: if reconciles { reconcile::findings(&plan, &prepared.job, checked) } else { checked },
        source_total: Money::new(prepared.job.order.total, prepared.job.order.currency),
        // What is there already was claimed by whatever put it there.
        claims: if reconciles { Vec::new() } else { claim::claims(&prepared.job) },
    };
    let sealed = SealedPlan::seal(connection.id.clone(), plan, judged, engine.clock.now());
    progress.count("planned", 1);
    if sealed.worst() == Some(Severity::Blocks) {
        progress.count("blocked", 1);
        for finding in &sealed.findings {
            progress.problem(&finding.code, task.id.to_string(), format!("{}: {}", task.number, finding.message));
        }
    }
    if !sealed.plan.is_empty() {
        progress.count("with-changes", 1);
    }
    let mut group = Vec::from_iter(moved(engine, task, Event::Planned(sealed.digest.clone())));
    group.push(Write::PutPlan(sealed));
    group
}

/// A plan that could not be made: parked when trying again cannot help, else left as it is.
fn failed(engine: &Engine, task: &Task, failure: Failure, writes: &mut Vec<Vec<Write>>, progress: &mut Progress) {
    let text = format!("{}: {}", task.number, failure.message);
    match failure.class {
        FailureClass::Transient | FailureClass::Throttled | FailureClass::Auth | FailureClass::UnknownOutcome => {
            progress.shortfall(&failure.code, task.id.to_string(), text);
        }
        _ => {
            progress.shortfall(&failure.code, task.id.to_string(), text);
            progress.count("parked", 1);
            writes.push(Vec::from_iter(moved(engine, task, Event::GaveUp { failure })));
        }
    }
}

/// The task after an event, as a write; none where the event is not legal (somebody else was quicker).
pub(crate) fn moved(engine: &Engine, task: &Task, event: Event) -> Option<Write> {
    let state = next(task.state.clone(), event).ok()?;
    if state == task.state {
        return None;
    }
    // A new plan begins afresh: what failed before was about another.
    let afresh = matches!(state, TaskState::Planned(_));
    let (failures, crashes) = if afresh { (0, 0) } else { (task.failures, task.crashes) };
    let updated_at = engine.clock.now();
    Some(Write::UpdateTask(Task { state, failures, crashes, updated_at, version: task.version + 1, ..task.clone() }))
}
