//! Live look-ups for the server: probe, search, get and create in a target, through the same sandbox and journal
//! as everything else.

use std::sync::Arc;

use counterfoil_domain::digest::Digester;
use counterfoil_domain::directory::{Draft, Entity};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{BatchId, ConnectionId};
use counterfoil_domain::journal::{Batch, BatchState, Effect, EffectState, Trail};
use counterfoil_domain::ports::{CallError, Clock, CommitError, Door, Exchange, Store, Target, Targets, Write};
use counterfoil_engine::{Journaled, Over, ReadOnly};
use counterfoil_server::LiveTargets;

use crate::wiring::Wiring;

/// How often the same thing may be asked for again after it was refused.
const MOST_TURNS: u32 = 50;

#[derive(Debug, Clone)]
pub(crate) struct Live {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) targets: Arc<dyn Targets>,
    pub(crate) door: Arc<dyn Door>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) wiring: Arc<Wiring>,
}

impl Live {
    async fn target(&self, id: &ConnectionId) -> Result<Arc<dyn Target>, CallError> {
        self.wiring.refresh().await.map_err(|error| unavailable(error.to_string()))?;
        let all = self.store.connections().await.map_err(|error| unavailable(error.to_string()))?;
        let connection = all
            .into_iter()
            .find(|connection| connection.id == *id)
            .ok_or_else(|| unavailable(format!("connection {id} does not exist")))?;
        self.targets
            .active(&connection.plugin)
            .ok_or_else(|| unavailable(format!("the plugin {} is not installed", connection.plugin)))
    }

    fn over(&self) -> Over<'_> {
        Over { door: &self.door, store: &self.store, clock: &self.clock }
    }

    fn reads(&self, id: &ConnectionId, target: &Arc<dyn Target>) -> Arc<dyn Exchange> {
        Arc::new(ReadOnly::new(self.over(), id.clone(), target.card()))
    }

    /// Creates, once. A second click finds the answer of the first. A refusal is not kept for ever: what was refused
    /// created nothing, so the next click asks anew, under a new key, because targets keep errors under the old one.
    async fn create(&self, id: &ConnectionId, kind: String, draft: Draft) -> Result<Entity, CallError> {
        let target = self.target(id).await?;
        let draft = self.with_settings(id, &target, draft).await?;
        for turn in 0..MOST_TURNS {
            let batch = self.batch(id, &target, &draft.key, turn);
            let known = self.store.effects(&batch.id).await.map_err(|error| journal(&error.into()))?;
            let was_answered = !known.is_empty() && known.iter().all(|effect| is_known(effect, &target, &*self.clock));
            let exchange = self.writes(&target, batch).await?;
            let created = target.create(exchange, kind.clone(), draft.clone()).await;
            if created.is_ok() || !was_answered {
                return created;
            }
        }
        let text = "this was tried and refused too often; change what is to be created, or create it in the target";
        Err(CallError::Failed(Failure::new(FailureClass::Rejected, "refused-too-often", text)))
    }

    /// A target sees nothing of the connection but what a call carries: what the operator set for new things goes along,
    /// under the settings' names, where the draft does not say otherwise.
    async fn with_settings(
        &self,
        id: &ConnectionId,
        target: &Arc<dyn Target>,
        mut draft: Draft,
    ) -> Result<Draft, CallError> {
        let connections = self.store.connections().await.map_err(|error| unavailable(error.to_string()))?;
        let Some(connection) = connections.into_iter().find(|connection| connection.id == *id) else {
            return Ok(draft);
        };
        for setting in &target.card().settings {
            let value = connection.settings.get(&setting.name).or(setting.default.as_ref());
            let is_said = draft.attributes.iter().any(|(name, _)| *name == setting.name);
            if let Some(value) = value.filter(|value| !is_said && !value.is_empty()) {
                draft.attributes.push((setting.name.clone(), value.clone()));
            }
        }
        Ok(draft)
    }

    /// A batch of its own without plans: the journal holds what was asked for, and a second click finds it.
    fn batch(&self, id: &ConnectionId, target: &Arc<dyn Target>, key: &str, turn: u32) -> Batch {
        let mut digest = Digester::new("create");
        digest.text(id.as_str()).text(key);
        if turn > 0 {
            digest.count(turn as usize);
        }
        Batch {
            id: BatchId::new(format!("create_{}", digest.short())),
            connection: id.clone(),
            plugin: target.digest().clone(),
            plans: Vec::new(),
            adopted: Vec::new(),
            state: BatchState::Closed,
            opened_at: self.clock.now(),
            probes: 0,
            probe_at: None,
            trail: Trail::default(),
        }
    }

    async fn writes(&self, target: &Arc<dyn Target>, batch: Batch) -> Result<Arc<dyn Exchange>, CallError> {
        self.store.commit(vec![Write::PutBatch(batch.clone())]).await.map_err(|error| journal(&error))?;
        Ok(Arc::new(Journaled::new(self.over(), batch.connection, batch.id, target.card())))
    }

    pub(crate) fn into_targets(self) -> LiveTargets {
        let (probe, search, get, create) = (self.clone(), self.clone(), self.clone(), self);
        LiveTargets {
            probe: Arc::new(move |id| {
                let live = probe.clone();
                Box::pin(async move {
                    let target = live.target(&id).await?;
                    target.probe(live.reads(&id, &target)).await
                })
            }),
            search: Arc::new(move |id, kind, query, cursor| {
                let live = search.clone();
                Box::pin(async move {
                    let target = live.target(&id).await?;
                    target.search(live.reads(&id, &target), kind, query, cursor).await
                })
            }),
            get: Arc::new(move |id, kind, ids| {
                let live = get.clone();
                Box::pin(async move {
                    let target = live.target(&id).await?;
                    target.get(live.reads(&id, &target), kind, ids).await
                })
            }),
            create: Arc::new(move |id, kind, draft| {
                let live = create.clone();
                Box::pin(async move { live.create(&id, kind, draft).await })
            }),
        }
    }
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

fn unavailable(message: String) -> CallError {
    CallError::Failed(Failure::new(FailureClass::Unsupported, "not-available", message))
}

fn journal(error: &CommitError) -> CallError {
    let text = format!("the journal cannot be used: {error}. Nothing was sent.");
    CallError::Failed(Failure::new(FailureClass::Transient, "journal-unavailable", text))
}
