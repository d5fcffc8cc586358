//! Live look-ups for the server: probe, search and create in a target, through the same sandbox and journal
//! as everything else.

use std::sync::Arc;

use counterfoil_domain::digest::Digester;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{BatchId, ConnectionId};
use counterfoil_domain::journal::{Batch, BatchState};
use counterfoil_domain::ports::{CallError, Clock, Door, Exchange, Store, Target, Targets, Write};
use counterfoil_engine::{Journaled, Over, ReadOnly};
use counterfoil_server::LiveTargets;

use crate::wiring::Wiring;

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
        let unavailable =
            |message: String| CallError::Failed(Failure::new(FailureClass::Unsupported, "not-available", message));
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

    fn reads(&self, id: &ConnectionId, target: &Arc<dyn Target>) -> Arc<dyn Exchange> {
        Arc::new(ReadOnly {
            door: Arc::clone(&self.door),
            clock: Arc::clone(&self.clock),
            connection: id.clone(),
            timeout: target.card().egress.timeout,
        })
    }

    /// A batch of its own without plans: the journal holds what was asked for, and a second click finds it.
    async fn writes(
        &self,
        id: &ConnectionId,
        target: &Arc<dyn Target>,
        key: &str,
    ) -> Result<Arc<dyn Exchange>, CallError> {
        let mut digest = Digester::new("create");
        digest.text(id.as_str()).text(key);
        let batch = Batch {
            id: BatchId::new(format!("create_{}", digest.short())),
            connection: id.clone(),
            plugin: target.digest().clone(),
            plans: Vec::new(),
            adopted: Vec::new(),
            state: BatchState::Closed,
            opened_at: self.clock.now(),
            probes: 0,
            probe_at: None,
        };
        let commit = self.store.commit(vec![Write::PutBatch(batch.clone())]).await;
        commit.map_err(|error| {
            CallError::Failed(Failure::new(FailureClass::Transient, "journal-unavailable", error.to_string()))
        })?;
        let over = Over { door: &self.door, store: &self.store, clock: &self.clock };
        Ok(Arc::new(Journaled::new(over, id.clone(), batch.id, target.card())))
    }

    pub(crate) fn into_targets(self) -> LiveTargets {
        let (probe, search, create) = (self.clone(), self.clone(), self);
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
            create: Arc::new(move |id, kind, draft| {
                let live = create.clone();
                Box::pin(async move {
                    let target = live.target(&id).await?;
                    let exchange = live.writes(&id, &target, &draft.key).await?;
                    target.create(exchange, kind, draft).await
                })
            }),
        }
    }
}
