//! What the engine works with: the ports, and one lock a connection. Owns no decision.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::{ConnectionId, MarketplaceId, RunId};
use counterfoil_domain::ports::{
    CallError, CatalogSource, Clock, CommitError, Door, Mailer, MarketplaceClient, SourceError, StatementSource, Store,
    StoreError, Target, Targets,
};
use counterfoil_domain::ramp::Ramp;
use tokio::sync::broadcast;

use crate::comeback::Memory;
use crate::exchange::Over;
use crate::in_vain::InVain;
use crate::offers::Offers;
use crate::schedule::Agenda;

/// The marketplaces that are configured, by id. Replaced as setups change.
#[derive(Debug, Default)]
pub struct Sources {
    orders: RwLock<BTreeMap<MarketplaceId, Arc<dyn MarketplaceClient>>>,
    catalogs: RwLock<BTreeMap<MarketplaceId, Arc<dyn CatalogSource>>>,
    statements: RwLock<BTreeMap<MarketplaceId, Arc<dyn StatementSource>>>,
}

impl Sources {
    pub fn put(&self, id: MarketplaceId, client: Arc<dyn MarketplaceClient>) {
        self.orders.write().unwrap_or_else(PoisonError::into_inner).insert(id, client);
    }

    /// Where a provider's catalog and its resellers' are.
    pub fn put_catalogs(&self, id: MarketplaceId, source: Arc<dyn CatalogSource>) {
        self.catalogs.write().unwrap_or_else(PoisonError::into_inner).insert(id, source);
    }

    pub fn catalogs(&self, id: &MarketplaceId) -> Option<Arc<dyn CatalogSource>> {
        self.catalogs.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Where statements come from, instead of orders.
    pub fn put_statements(&self, id: MarketplaceId, source: Arc<dyn StatementSource>) {
        self.statements.write().unwrap_or_else(PoisonError::into_inner).insert(id, source);
    }

    pub fn statements(&self, id: &MarketplaceId) -> Option<Arc<dyn StatementSource>> {
        self.statements.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    pub fn get(&self, id: &MarketplaceId) -> Option<Arc<dyn MarketplaceClient>> {
        self.orders.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
}

#[derive(Debug, Clone)]
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub targets: Arc<dyn Targets>,
    pub door: Arc<dyn Door>,
    pub sources: Arc<Sources>,
    pub clock: Arc<dyn Clock>,
    pub mailer: Arc<dyn Mailer>,
    /// Told whenever a run's row changed.
    pub changed: broadcast::Sender<RunId>,
}

/// What an engine operation can fail with as a whole. Failures of single orders and tasks are values.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("{0}. Nothing was written and the cursor did not move: the next check reads the same orders again.")]
    Source(#[from] SourceError),
    #[error(
        "the plugin {plugin} is not installed; connection {connection} cannot work without it. Nothing was written."
    )]
    NoPlugin { plugin: String, connection: ConnectionId },
    #[error("marketplace {0} is not configured. Nothing was read or written.")]
    NoMarketplace(MarketplaceId),
    #[error(
        "connection {0} has not been checked yet. The first check decides what its initial tasks stand for; earlier days can be read after it. Nothing was read."
    )]
    NotChecked(ConnectionId),
    #[error("connection {0} does not exist")]
    NoConnection(ConnectionId),
    #[error("connection {connection} is {state}: {reason}. Nothing was sent.")]
    Paused { connection: ConnectionId, state: String, reason: String },
    #[error("{0}")]
    Call(#[from] CallError),
    #[error("the service is stopping; the run goes on when it runs again")]
    Stopping,
}

impl EngineError {
    /// Worth trying again without anybody doing anything.
    pub fn is_retriable(&self) -> bool {
        match self {
            Self::Store(error) | Self::Commit(CommitError::Store(error)) => *error == StoreError::Busy,
            Self::Commit(CommitError::Conflict { .. }) => true,
            Self::Source(error) => error.is_retriable(),
            _ => false,
        }
    }
}

#[derive(Debug)]
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) targets: Arc<dyn Targets>,
    pub(crate) door: Arc<dyn Door>,
    pub(crate) sources: Arc<Sources>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) changed: broadcast::Sender<RunId>,
    pub(crate) agenda: Agenda,
    pub(crate) in_vain: InVain,
    pub(crate) offers: Offers,
    pub(crate) comeback: Memory,
    /// When the store was last made of a backup.
    pub(crate) restored: Option<DateTime<Utc>>,
    stopping: AtomicBool,
    locks: Mutex<BTreeMap<ConnectionId, Arc<tokio::sync::Mutex<Ramp>>>>,
}

impl Engine {
    pub fn new(parts: Parts) -> Self {
        Self {
            store: parts.store,
            targets: parts.targets,
            door: parts.door,
            sources: parts.sources,
            clock: parts.clock,
            mailer: parts.mailer,
            changed: parts.changed,
            agenda: Agenda::default(),
            in_vain: InVain::default(),
            offers: Offers::default(),
            comeback: Memory::default(),
            restored: None,
            stopping: AtomicBool::new(false),
            locks: Mutex::default(),
        }
    }

    /// On a store that was made of a backup at that time: what may have been sent since the backup is looked for first.
    #[must_use]
    pub fn restored(self, at: Option<DateTime<Utc>>) -> Self {
        Self { restored: at, ..self }
    }

    /// Held while anything is written to a connection. Coarser than a lock per document, and never wrong:
    /// no two batches can race for one. It guards what its last batches said about the target.
    pub(crate) fn lock(&self, connection: &ConnectionId) -> Arc<tokio::sync::Mutex<Ramp>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(connection.clone()).or_default())
    }

    /// From now on no batch is begun; what is on the wire is finished.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// What exchanges go over.
    pub(crate) fn over(&self) -> Over<'_> {
        Over { door: &self.door, store: &self.store, clock: &self.clock }
    }

    pub(crate) async fn connection(&self, id: &ConnectionId) -> Result<Connection, EngineError> {
        let all = self.store.connections().await?;
        all.into_iter().find(|c| c.id == *id).ok_or_else(|| EngineError::NoConnection(id.clone()))
    }

    pub(crate) fn target(&self, connection: &Connection) -> Result<Arc<dyn Target>, EngineError> {
        self.targets.active(&connection.plugin).ok_or_else(|| EngineError::NoPlugin {
            plugin: connection.plugin.to_string(),
            connection: connection.id.clone(),
        })
    }
}
