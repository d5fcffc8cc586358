//! One thing of a target's directory, created or revised once: the journal stands under it as under documents. Owns which
//! key a repeat goes under; what is created is the caller's business.

use std::sync::Arc;

use counterfoil_domain::connection::Connection;
use counterfoil_domain::digest::Digester;
use counterfoil_domain::directory::{Draft, Entity};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{BatchId, EntityId};
use counterfoil_domain::journal::{Batch, BatchState, Effect, EffectState, Trail};
use counterfoil_domain::ports::{CallError, Clock, Exchange, Target, Write};

use crate::exchange::{Journaled, Over};

/// How often the same thing may be asked for again after it was refused.
const MOST_TURNS: u32 = 50;

/// Creates, once. A second call finds the answer of the first. A refusal is not kept for ever: what was refused created
/// nothing, so the next call asks anew, under a new key, because targets keep errors under the old one.
pub async fn create(
    over: Over<'_>,
    connection: &Connection,
    target: &Arc<dyn Target>,
    kind: String,
    draft: Draft,
) -> Result<Entity, CallError> {
    let draft = with_settings(connection, target, draft);
    for turn in 0..MOST_TURNS {
        let (exchange, was_answered) = desk(over, connection, target, ("create", &draft.key, turn)).await?;
        let created = target.create(exchange, kind.clone(), draft.clone()).await;
        if created.is_ok() || !was_answered {
            return created;
        }
    }
    Err(refused_too_often())
}

/// Sets price and cost, however often it is called: the target is read before each write, so nothing is done twice.
pub async fn revise(
    over: Over<'_>,
    connection: &Connection,
    target: &Arc<dyn Target>,
    (kind, id): (String, EntityId),
    draft: Draft,
) -> Result<Entity, CallError> {
    let draft = with_settings(connection, target, draft);
    for turn in 0..MOST_TURNS {
        let (exchange, was_answered) = desk(over, connection, target, ("revise", &draft.key, turn)).await?;
        let revised = target.revise(exchange, kind.clone(), id.clone(), draft.clone()).await;
        if revised.is_ok() || !was_answered {
            return revised;
        }
    }
    Err(refused_too_often())
}

/// The exchange of one turn, and whether everything it sent before is known.
async fn desk(
    over: Over<'_>,
    connection: &Connection,
    target: &Arc<dyn Target>,
    (what, key, turn): (&str, &str, u32),
) -> Result<(Arc<dyn Exchange>, bool), CallError> {
    let batch = batch(over, connection, target, (what, key, turn));
    let known = over.store.effects(&batch.id).await.map_err(|error| journal(&error.into()))?;
    let was_answered = !known.is_empty() && known.iter().all(|effect| is_known(effect, target, &**over.clock));
    over.store.commit(vec![Write::PutBatch(batch.clone())]).await.map_err(|error| journal(&error))?;
    let exchange = Journaled::new(over, batch.connection, batch.id, target.card());
    Ok((Arc::new(exchange), was_answered))
}

/// A batch of its own without plans: the journal holds what was asked for, and a second call finds it.
fn batch(
    over: Over<'_>,
    connection: &Connection,
    target: &Arc<dyn Target>,
    (what, key, turn): (&str, &str, u32),
) -> Batch {
    let mut digest = Digester::new(what);
    digest.text(connection.id.as_str()).text(key);
    if turn > 0 {
        digest.count(turn as usize);
    }
    Batch {
        id: BatchId::new(format!("{what}_{}", digest.short())),
        connection: connection.id.clone(),
        plugin: target.digest().clone(),
        plans: Vec::new(),
        adopted: Vec::new(),
        state: BatchState::Closed,
        opened_at: over.clock.now(),
        probes: 0,
        probe_at: None,
        trail: Trail::default(),
    }
}

/// A target sees nothing of the connection but what a call carries: what the operator set for new things goes along,
/// under the settings' names, where the draft does not say otherwise.
fn with_settings(connection: &Connection, target: &Arc<dyn Target>, mut draft: Draft) -> Draft {
    for setting in &target.card().settings {
        let value = connection.settings.get(&setting.name).or(setting.default.as_ref());
        let is_said = draft.attributes.iter().any(|(name, _)| *name == setting.name);
        if let Some(value) = value.filter(|value| !is_said && !value.is_empty()) {
            draft.attributes.push((setting.name.clone(), value.clone()));
        }
    }
    draft
}

/// What became of a write is known, or will be shown by the look that every creation begins with.
fn is_known(effect: &Effect, target: &Arc<dyn Target>, clock: &dyn Clock) -> bool {
    match &effect.state {
        EffectState::Answered(response) if response.status < 500 => true,
        EffectState::NotSent { .. } => false,
        EffectState::Answered(_) | EffectState::Intent => {
            let delivery = &target.card().delivery;
            let wait = delivery.settle.max(delivery.idempotency_lifetime);
            let wait = chrono::Duration::from_std(wait).unwrap_or_else(|_| chrono::Duration::days(1));
            delivery.locate_is_reliable && effect.deadline + wait < clock.now()
        }
    }
}

fn refused_too_often() -> CallError {
    let text = "this was tried and refused too often; change what is asked for, or do it in the target";
    CallError::Failed(Failure::new(FailureClass::Rejected, "refused-too-often", text))
}

fn journal(error: &counterfoil_domain::ports::CommitError) -> CallError {
    let text = format!("the journal cannot be used: {error}. Nothing was sent.");
    CallError::Failed(Failure::new(FailureClass::Transient, "journal-unavailable", text))
}
