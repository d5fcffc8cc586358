//! What a process that went down in the middle of `apply` left: counted against the tasks in hand, and what surely
//! never left is taken apart, so that the next time each goes alone.

use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::journal::{Batch, BatchState, Effect, Trail};
use counterfoil_domain::ports::Write;
use counterfoil_domain::resolve::is_left;
use counterfoil_domain::retry;
use counterfoil_domain::task::{Event, Task, TaskState, next};

use crate::dispatch::lookout;
use crate::engine::{Engine, EngineError};
use crate::fate::{is_surely_unsent, poison};
use crate::progress::Progress;
use crate::settle::Confirmed;

/// A batch that keeps bringing the process down is not applied again; what it left is looked for.
pub(crate) const MOST_CRASHES: u32 = 2;

/// A batch after a crash was noted, with those that still wait for it; none where nobody does any more. Caller holds
/// the connection's lock, so that nobody is applying it now.
pub(crate) async fn note(
    engine: &Engine,
    batch: Batch,
    unsettled: Vec<Confirmed>,
    effects: &[Effect],
    progress: &mut Progress,
) -> Result<Option<(Batch, Vec<Confirmed>)>, EngineError> {
    let now = engine.clock.now();
    let alone = batch.plans.len() == 1;
    let unsent = is_surely_unsent(effects);
    let mut writes = Vec::with_capacity(unsettled.len() + 1);
    let mut waiting = Vec::new();
    for (task, sealed) in unsettled {
        let crashes = retry::crashes_after(task.crashes, alone);
        let state = if unsent { apart(&task, alone, crashes) } else { None };
        if matches!(state, Some(TaskState::Parked { .. })) {
            progress.count("parked", 1);
        }
        let waits = state.is_none();
        let state = state.unwrap_or_else(|| task.state.clone());
        let task = Task { state, crashes, updated_at: now, version: task.version + 1, ..task };
        writes.push(Write::UpdateTask(task.clone()));
        if waits {
            waiting.push((task, sealed));
        }
    }
    let trail = Trail { applying: false, crashes: batch.trail.crashes + 1, ..batch.trail };
    let mut batch = Batch { trail, ..batch };
    if waiting.is_empty() {
        batch = Batch { state: BatchState::Closed, probe_at: None, ..batch };
    }
    writes.push(Write::PutBatch(batch.clone()));
    engine.store.commit(writes).await?;
    Ok((!waiting.is_empty()).then_some((batch, waiting)))
}

/// Where a task of which nothing was sent goes; none: it stays in its batch.
fn apart(task: &Task, alone: bool, crashes: u32) -> Option<TaskState> {
    // What a person left waits for a person.
    if is_left(&task.state) {
        return None;
    }
    let failure =
        Failure::new(FailureClass::Internal, "process-stopped", "This service went down before anything was sent.");
    let by = lookout();
    let queued = match &task.state {
        TaskState::Uncertain { .. } => next(task.state.clone(), Event::FoundAbsent { by }).ok()?,
        TaskState::Sending { .. } => {
            let at = task.updated_at;
            let put_off = next(task.state.clone(), Event::Deferred { at, failure: failure.clone() }).ok()?;
            next(put_off, Event::Due { by }).ok()?
        }
        _ => return None,
    };
    if retry::is_poison(crashes) {
        return next(queued, Event::GaveUp { failure: poison(&failure, crashes) }).ok();
    }
    (!alone).then_some(queued)
}
