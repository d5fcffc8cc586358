//! Live look-ups for the server: probe, search, get and create in a target, through the same sandbox and journal
//! as everything else.

use std::sync::Arc;

use counterfoil_domain::connection::Connection;
use counterfoil_domain::directory::{Draft, Entity};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::ports::{CallError, Clock, Door, Exchange, Store, Target, Targets};
use counterfoil_engine::{Over, ReadOnly, entity};
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
    async fn target(&self, id: &ConnectionId) -> Result<(Connection, Arc<dyn Target>), CallError> {
        self.wiring.refresh().await.map_err(|error| unavailable(error.to_string()))?;
        let all = self.store.connections().await.map_err(|error| unavailable(error.to_string()))?;
        let connection = all
            .into_iter()
            .find(|connection| connection.id == *id)
            .ok_or_else(|| unavailable(format!("connection {id} does not exist")))?;
        let target = self
            .targets
            .active(&connection.plugin)
            .ok_or_else(|| unavailable(format!("the plugin {} is not installed", connection.plugin)))?;
        Ok((connection, target))
    }

    fn over(&self) -> Over<'_> {
        Over { door: &self.door, store: &self.store, clock: &self.clock }
    }

    fn reads(&self, id: &ConnectionId, target: &Arc<dyn Target>) -> Arc<dyn Exchange> {
        Arc::new(ReadOnly::new(self.over(), id.clone(), target.card()))
    }

    async fn create(&self, id: &ConnectionId, kind: String, draft: Draft) -> Result<Entity, CallError> {
        let (connection, target) = self.target(id).await?;
        entity::create(self.over(), &connection, &target, kind, draft).await
    }

    pub(crate) fn into_targets(self) -> LiveTargets {
        let (probe, search, get, create) = (self.clone(), self.clone(), self.clone(), self);
        LiveTargets {
            probe: Arc::new(move |id| {
                let live = probe.clone();
                Box::pin(async move {
                    let (_, target) = live.target(&id).await?;
                    target.probe(live.reads(&id, &target)).await
                })
            }),
            search: Arc::new(move |id, kind, query, cursor| {
                let live = search.clone();
                Box::pin(async move {
                    let (_, target) = live.target(&id).await?;
                    target.search(live.reads(&id, &target), kind, query, cursor).await
                })
            }),
            get: Arc::new(move |id, kind, ids| {
                let live = get.clone();
                Box::pin(async move {
                    let (_, target) = live.target(&id).await?;
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

fn unavailable(message: String) -> CallError {
    CallError::Failed(Failure::new(FailureClass::Unsupported, "not-available", message))
}
