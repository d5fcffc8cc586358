//! Carrying a step out: the confirmed plan once more, with all that is stored of it given as known, so that only the step is
//! left to do. The same journal, keys and records as for any write. Owns what the answer means for the step; its task stays
//! as it is.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::follow_up::{FollowUp, FollowUpState, waits};
use counterfoil_domain::id::Actor;
use counterfoil_domain::journal::{Batch, BatchState, EffectState, Trail};
use counterfoil_domain::plan::{ChangeReceipt, Receipt};
use counterfoil_domain::ports::{AuditEntry, StoredReceipt, Target, Write};

use super::{Step, unread};
use crate::dispatch;
use crate::engine::{Engine, EngineError};
use crate::exchange::DIFFERS;
use crate::fate::{is_surely_unsent, span};
use crate::progress::Progress;

/// Sends what is left to do. A time: the target wants to be left alone until then.
pub(super) async fn carry(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    (one, sealed): Step,
    progress: &mut Progress,
) -> Result<Option<DateTime<Utc>>, EngineError> {
    let now = engine.clock.now();
    let Some(row) = engine.store.receipt(&one.plan).await?.filter(|_| sealed.is_intact()) else {
        let why = "What the target stored of its plan is not known.".to_owned();
        return ended(engine, one, FollowUpState::Person { why, at: now }, Vec::new()).await.map(|()| None);
    };
    let others = row.receipt.changes.iter().filter(|change| change.key != one.change);
    let batch = Batch {
        id: Batch::id(&connection.id, std::slice::from_ref(&one.plan), engine.store.times_sent(&one.plan).await?),
        connection: connection.id.clone(),
        plugin: one.plugin.clone(),
        plans: vec![one.plan.clone()],
        adopted: others.map(|change| (one.plan.clone(), change.clone())).collect(),
        state: BatchState::Open,
        opened_at: now,
        probes: 0,
        probe_at: None,
        trail: Trail { applying: true, follow_up: Some(one.change.clone()), ..Trail::default() },
    };
    let one = FollowUp { state: FollowUpState::Sending { batch: batch.id.clone(), at: now }, ..one };
    engine.store.commit(vec![Write::PutBatch(batch.clone()), Write::PutFollowUp(one.clone())]).await?;
    apply(engine, connection, target, (one, sealed), batch, progress).await
}

/// Runs `apply` for a batch that is journaled, and commits what came of it.
pub(super) async fn apply(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    (one, sealed): Step,
    mut batch: Batch,
    progress: &mut Progress,
) -> Result<Option<DateTime<Utc>>, EngineError> {
    let Some(task) = engine.store.task(&one.task).await? else { return Ok(None) };
    let result = dispatch::apply(engine, target, &batch, &[(task, sealed)]).await.pop();
    let result = result.unwrap_or_else(|| Err(Failure::new(FailureClass::Internal, "no-answer", "No answer.")));
    batch.trail.applying = false;
    let effects = engine.store.effects(&batch.id).await?;
    let now = engine.clock.now();
    let failure = match result {
        Ok(receipt) => return told(engine, one, batch, receipt).await.map(|()| None),
        Err(failure) => failure,
    };
    let unanswered = effects.iter().any(|effect| effect.state == EffectState::Intent);
    let unknown = failure.class == FailureClass::UnknownOutcome && !is_surely_unsent(&effects);
    if unanswered || unknown || failure.code == DIFFERS {
        progress.problem("uncertain", one.task.to_string(), format!("{}: {}", one.title, failure.message));
        let at = now + Duration::seconds(2).min(span(target.card().delivery.settle));
        let state = FollowUpState::Sending { batch: batch.id.clone(), at };
        let writes = vec![Write::PutBatch(batch), Write::PutFollowUp(FollowUp { state, ..one })];
        engine.store.commit(writes).await?;
        return Ok(None);
    }
    // Nothing of it is on the wire: what was begun is over.
    let one = FollowUp { state: FollowUpState::Waiting { at: now }, ..one };
    engine.store.commit(vec![Write::PutBatch(closed(batch)), Write::PutFollowUp(one.clone())]).await?;
    match failure.class {
        FailureClass::Throttled | FailureClass::Transient | FailureClass::Auth => {
            unread(engine, connection, &one, &failure, progress).await.map(Some)
        }
        FailureClass::Internal | FailureClass::UnknownOutcome => {
            progress.problem(&failure.code, one.task.to_string(), format!("{}: {}", one.title, failure.message));
            engine.store.commit(vec![Write::PutFollowUp(one.failed(&failure.message, now))]).await?;
            Ok(None)
        }
        FailureClass::Rejected
        | FailureClass::Conflict
        | FailureClass::Forbidden
        | FailureClass::NotFound
        | FailureClass::Unsupported => {
            let state = FollowUpState::Left { why: failure.message, at: now };
            ended(engine, one, state, Vec::new()).await.map(|()| None)
        }
    }
}

/// What the plugin answered of the step: made, or what it waits for now.
async fn told(engine: &Engine, one: FollowUp, batch: Batch, receipt: Receipt) -> Result<(), EngineError> {
    let now = engine.clock.now();
    let batch = closed(batch);
    let said = receipt.changes.into_iter().find(|change| change.key == one.change);
    let Some(said) = said.filter(|said| !said.reference.as_str().is_empty()) else {
        let writes =
            vec![Write::PutBatch(batch), Write::PutFollowUp(one.failed("The plugin said nothing of it.", now))];
        engine.store.commit(writes).await?;
        return Ok(());
    };
    if let Some(words) = waits(&said) {
        let one = one.told(&said, words, now);
        engine.store.commit(vec![Write::PutBatch(batch), Write::PutFollowUp(one)]).await?;
        return Ok(());
    }
    done(engine, one, batch, said).await
}

/// It is made: its receipt takes the place of the one that said what it waits for.
pub(super) async fn done(engine: &Engine, one: FollowUp, batch: Batch, made: ChangeReceipt) -> Result<(), EngineError> {
    let mut writes = vec![Write::PutBatch(batch)];
    if let Some(mut row) = engine.store.receipt(&one.plan).await? {
        match row.receipt.changes.iter_mut().find(|change| change.key == one.change) {
            Some(waiting) => *waiting = made,
            None => row.receipt.changes.push(made),
        }
        writes.push(Write::PutReceipt(StoredReceipt { ..row }));
    }
    let at = engine.clock.now();
    ended(engine, one, FollowUpState::Done { at }, writes).await
}

/// The end of a step, whichever, with a note for whoever reads it later.
pub(super) async fn ended(
    engine: &Engine,
    one: FollowUp,
    state: FollowUpState,
    mut writes: Vec<Write>,
) -> Result<(), EngineError> {
    let detail = match &state {
        FollowUpState::Left { why, .. } | FollowUpState::Person { why, .. } => format!("{}: {why}", one.title),
        _ => one.title.clone(),
    };
    writes.push(Write::Audit(AuditEntry {
        at: engine.clock.now(),
        actor: Actor::new("follow-up"),
        action: format!("follow-up.{}", state.name()),
        subject: one.task.to_string(),
        detail,
    }));
    writes.push(Write::PutFollowUp(FollowUp { state, ..one }));
    engine.store.commit(writes).await?;
    Ok(())
}

pub(super) fn closed(batch: Batch) -> Batch {
    Batch { state: BatchState::Closed, probe_at: None, ..batch }
}
