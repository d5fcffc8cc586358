//! Plans: jobs to the target, its proposals to the checker, what passes sealed and stored. Writes nothing
//! outside.

use std::sync::Arc;

use counterfoil_domain::checker::{self, Against};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::money::Money;
use counterfoil_domain::plan::{Plan, SealedPlan, Severity};
use counterfoil_domain::ports::{CallError, CommitError, Target, Write};
use counterfoil_domain::run::Selection;
use counterfoil_domain::task::{Event, Task, TaskState, next};

use crate::engine::{Engine, EngineError};
use crate::ground::{LawBook, Prepared};
use crate::linking::{self, in_state, read_only};
use crate::patience::{Patience, pause};
use crate::prepared::{Unprepared, prepare_all};
use crate::progress::Progress;

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
    progress.run.total = Some(tasks.len() as u64);
    progress.save().await?;
    // Once for all: a link that is changed meanwhile moves the ground, and dispatch refuses the plan.
    let book = LawBook::load(engine, &connection).await?;
    for chunk in tasks.chunks(target.card().batch_tasks.max(1)) {
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
    let answers = ask_patiently(engine, connection, target, &jobs).await;
    for ((task, prepared), answer) in jobs.iter().zip(answers) {
        match answer {
            Ok(plan) => seal(engine, connection, target, (task, prepared), plan, &mut writes, progress),
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

/// The plans, after as many used-up minutes as it takes.
async fn ask_patiently(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    jobs: &[(Task, Prepared)],
) -> Vec<Result<Plan, Failure>> {
    let mut patience = Patience::default();
    loop {
        let answers = ask(engine, connection, target, jobs).await;
        let wanted = answers.iter().filter_map(|answer| answer.as_ref().err()).filter_map(pause).max();
        if !patience.again(wanted).await {
            return answers;
        }
    }
}

/// One call for all; when it gives no answer as a whole, each by itself, so that one poisonous job does not
/// take the others with it.
async fn ask(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    jobs: &[(Task, Prepared)],
) -> Vec<Result<Plan, Failure>> {
    if jobs.is_empty() {
        return Vec::new();
    }
    let all: Vec<_> = jobs.iter().map(|(_, prepared)| prepared.job.clone()).collect();
    let whole = target.plan(read_only(engine, connection, target), all.clone()).await;
    match whole {
        Ok(answers) if answers.len() == jobs.len() => answers,
        Ok(answers) => {
            let text = format!("{} plans for {} jobs", answers.len(), jobs.len());
            vec![Err(call_failure(&CallError::Nonsense(text))); jobs.len()]
        }
        Err(CallError::Failed(failure)) => vec![Err(failure); jobs.len()],
        Err(error) if jobs.len() == 1 => vec![Err(call_failure(&error))],
        Err(_) => {
            let mut answers = Vec::with_capacity(all.len());
            for job in all {
                let answer = target.plan(read_only(engine, connection, target), vec![job]).await;
                answers.push(match answer {
                    Ok(mut one) => {
                        one.pop().unwrap_or_else(|| Err(call_failure(&CallError::Nonsense("no plan".to_owned()))))
                    }
                    Err(CallError::Failed(failure)) => Err(failure),
                    Err(error) => Err(call_failure(&error)),
                });
            }
            answers
        }
    }
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

fn seal(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    (task, prepared): (&Task, &Prepared),
    plan: Plan,
    writes: &mut Vec<Vec<Write>>,
    progress: &mut Progress,
) {
    let order_total = prepared.order.total.map(|total| Money::new(total, prepared.order.currency));
    let against =
        Against { job: &prepared.job, order_total, documents: &target.card().documents, rules: &connection.rules };
    let findings = checker::check(&plan, against);
    let source_total = Money::new(prepared.job.order.total, prepared.job.order.currency);
    let sealed = SealedPlan::seal(
        connection.id.clone(),
        plan,
        prepared.ground.clone(),
        findings,
        source_total,
        engine.clock.now(),
    );
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
    writes.push(group);
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
