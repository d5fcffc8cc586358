//! A version takes the place of another: consent where its card is wider, a probe of every connection through the real
//! door, one commit, one assignment. Whatever fails before the commit leaves the former version as it was.

use std::sync::Arc;

use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::id::{Actor, ConnectionId, PluginDigest, PluginId};
use counterfoil_domain::ports::{Activated, Exchange, PageRequest, ShelfError, Target as _, TaskFilter, Write};
use counterfoil_domain::version::Activation;
use counterfoil_engine::{Over, ReadOnly};
use counterfoil_runtime::sandbox::WasmTarget;
use tokio::task::JoinSet;

use super::{Shelf, UNDER_WAY};
use crate::wiring::{Held, same_place};

/// Connections that are asked side by side.
const PROBES_AT_ONCE: usize = 8;

/// What an activation may rely on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// An operator said yes to a wider card.
    pub(super) wider: bool,
    pub(super) probe: bool,
    /// What the audit calls it.
    pub(super) action: &'static str,
}

impl Shelf {
    /// An installed version of this plugin, loaded.
    pub(super) async fn version_of(
        &self,
        plugin: &PluginId,
        digest: &PluginDigest,
    ) -> Result<Arc<WasmTarget>, ShelfError> {
        let record = self.record(digest).await?.ok_or_else(|| ShelfError::NotInstalled(digest.clone()))?;
        if record.plugin != *plugin {
            let (digest, asked) = (digest.clone(), plugin.clone());
            return Err(ShelfError::OtherPlugin { digest, found: record.plugin, asked });
        }
        self.load(digest).await
    }

    pub(super) async fn activate_on(
        &self,
        plugin: &PluginId,
        digest: &PluginDigest,
        terms: Terms,
        by: &Actor,
    ) -> Result<Activated, ShelfError> {
        let _turn = self.turn.lock().await;
        let target = self.version_of(plugin, digest).await?;
        let active = self.registry.active_version(plugin);
        // It may have been paused in an earlier life.
        target.resume();
        if let Some(active) = active.as_ref().filter(|active| active.digest() == digest) {
            return self.resumed(active, by).await;
        }
        let wider = self.beyond_active(target.card());
        if !wider.is_empty() && !terms.wider {
            return Err(ShelfError::Wider(wider));
        }
        let mut connections = self.parts.store.connections().await?;
        connections.retain(|connection| connection.plugin == *plugin);
        let held = match &active {
            Some(active) => self.moving(active, &target, &connections).await?,
            None => None,
        };
        let swapped = self.swap(&target, active.as_ref(), held.as_ref(), (&connections, terms), by).await;
        if swapped.is_ok() {
            self.notes().versions.remove(digest);
            if let Some(active) = &active {
                self.wiring.replaced(plugin, active.card());
            }
        }
        // Whichever of the two is active now: its routes.
        drop(held);
        if let Err(error) = self.wiring.end_trial(plugin).await {
            tracing::error!(%error, "the routes could not be brought up to date; the next round does it");
        }
        swapped
    }

    async fn swap(
        &self,
        target: &Arc<WasmTarget>,
        active: Option<&Arc<WasmTarget>>,
        held: Option<&Held>,
        (connections, terms): (&[Connection], Terms),
        by: &Actor,
    ) -> Result<Activated, ShelfError> {
        let (plugin, digest) = (&target.card().id, target.digest());
        match held {
            Some(held) => connections.iter().for_each(|one| self.wiring.move_to(held, one, target.card())),
            None => self.wiring.try_out(plugin, target.card()).await?,
        }
        let probed = if terms.probe { self.probe(target, connections).await? } else { Vec::new() };
        let former = match active {
            Some(active) => Some(active.digest().clone()),
            None => self.remembered(plugin, digest).await?,
        };
        let activation = Activation {
            plugin: plugin.clone(),
            digest: digest.clone(),
            former: former.clone(),
            at: self.parts.clock.now(),
            by: by.clone(),
        };
        let version = target.card().version.clone();
        let before = former.as_ref().map_or("none", PluginDigest::as_str);
        let accepted: Vec<String> = self.beyond_active(target.card()).iter().map(ToString::to_string).collect();
        let accepted =
            if accepted.is_empty() { String::new() } else { format!("; its wider card: {}", accepted.join("; ")) };
        let note = self.audit(by, terms.action, plugin, format!("{version} {digest}, before it {before}{accepted}"));
        self.commit(vec![Write::PutActivation(activation), note]).await?;
        self.registry.activate(plugin, digest).map_err(|error| ShelfError::Disk(error.to_string()))?;
        tracing::info!(%plugin, version, %digest, former = before, %by, "another version of a plugin is active");
        Ok(Activated { plugin: plugin.clone(), digest: digest.clone(), version, former, probed })
    }

    /// What to go back to, where nothing is active because what was active could not be loaded.
    async fn remembered(&self, plugin: &PluginId, digest: &PluginDigest) -> Result<Option<PluginDigest>, ShelfError> {
        let known = self.records.activations().await?.into_iter().find(|one| one.plugin == *plugin);
        Ok(known.and_then(|one| if one.digest == *digest { one.former } else { Some(one.digest) }))
    }

    async fn resumed(&self, active: &Arc<WasmTarget>, by: &Actor) -> Result<Activated, ShelfError> {
        let (plugin, digest) = (active.card().id.clone(), active.digest().clone());
        let activations = self.records.activations().await?;
        let former = activations.into_iter().find(|one| one.plugin == plugin).and_then(|one| one.former);
        self.commit(vec![self.audit(by, "plugin.resume", &plugin, digest.to_string())]).await?;
        Ok(Activated { version: active.card().version.clone(), plugin, digest, former, probed: Vec::new() })
    }

    /// A version that goes to another address, or signs in otherwise, must not take along what another one has under
    /// way: the routes are held still, and every connection that would move must be at rest.
    async fn moving(
        &self,
        active: &Arc<WasmTarget>,
        target: &Arc<WasmTarget>,
        connections: &[Connection],
    ) -> Result<Option<Held>, ShelfError> {
        let moves = |one: &&Connection| !same_place(one, active.card(), target.card());
        let moving: Vec<&Connection> = connections.iter().filter(moves).collect();
        if moving.is_empty() {
            return Ok(None);
        }
        let held = self.wiring.hold().await;
        let store = &self.parts.store;
        let unfinished = store.unfinished_runs().await?;
        for connection in moving {
            let filter = TaskFilter {
                connection: Some(connection.id.clone()),
                states: UNDER_WAY.map(str::to_owned).into(),
                ..TaskFilter::default()
            };
            let busy = unfinished.iter().any(|run| run.connection == connection.id)
                || !store.open_batches(&connection.id).await?.is_empty()
                || !store.tasks(filter, PageRequest { after: None, limit: 1 }).await?.is_empty();
            if busy {
                return Err(ShelfError::Busy(connection.id.clone()));
            }
        }
        Ok(Some(held))
    }

    /// Every enabled connection is asked who it is, by the new version. The first that does not answer ends it.
    async fn probe(
        &self,
        target: &Arc<WasmTarget>,
        connections: &[Connection],
    ) -> Result<Vec<ConnectionId>, ShelfError> {
        let over = Over { door: &self.parts.door, store: &self.parts.store, clock: &self.parts.clock };
        let enabled: Vec<_> = connections.iter().filter(|one| one.state == ConnectionState::Enabled).collect();
        let mut probed = Vec::with_capacity(enabled.len());
        for some in enabled.chunks(PROBES_AT_ONCE) {
            let mut asked = JoinSet::new();
            for connection in some {
                let (id, target) = (connection.id.clone(), Arc::clone(target));
                let exchange: Arc<dyn Exchange> = Arc::new(ReadOnly::new(over, id.clone(), target.card()));
                asked.spawn(async move {
                    let answer = target.probe(exchange).await;
                    (id, answer)
                });
            }
            while let Some(answered) = asked.join_next().await {
                let (connection, answer) = answered.map_err(|stopped| ShelfError::Disk(stopped.to_string()))?;
                match answer {
                    Ok(_) => probed.push(connection),
                    Err(error) => return Err(ShelfError::Probe { connection, why: error.to_string() }),
                }
            }
        }
        probed.sort();
        Ok(probed)
    }
}
