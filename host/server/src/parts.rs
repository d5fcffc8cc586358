//! What the server is made of, as compose hands it over, and the state its handlers share.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::directory::{Account, Draft, Entity, EntityPage};
use counterfoil_domain::id::{ConnectionId, EntityId, RunId};
use counterfoil_domain::ports::{
    CallError, Clock, CodeError, CodeGrant, Pending, PluginShelf, SignInPage, SignedIn, Store, Targets, Vault,
};
use tokio::sync::{Notify, Semaphore, broadcast, watch};

use crate::sessions::Sessions;
use crate::sign_ins;
use crate::throttle::Throttle;

/// Asks a target who it is.
pub type Probe = Arc<dyn Fn(ConnectionId) -> Pending<'static, Result<Account, CallError>> + Send + Sync>;
/// Kind, query, cursor.
pub type Search = Arc<
    dyn Fn(ConnectionId, String, String, Option<String>) -> Pending<'static, Result<EntityPage, CallError>>
        + Send
        + Sync,
>;
/// Kind and ids; what is not there is left out.
pub type Get =
    Arc<dyn Fn(ConnectionId, String, Vec<EntityId>) -> Pending<'static, Result<Vec<Entity>, CallError>> + Send + Sync>;
/// Kind and what to create. Goes through the journal like every write.
pub type Create = Arc<dyn Fn(ConnectionId, String, Draft) -> Pending<'static, Result<Entity, CallError>> + Send + Sync>;

/// Live look-ups into targets. Handed in as closures, so that the server knows no engine.
#[derive(Clone)]
pub struct LiveTargets {
    pub probe: Probe,
    pub search: Search,
    pub get: Get,
    pub create: Create,
}

impl fmt::Debug for LiveTargets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LiveTargets")
    }
}

/// What the target's sign-in page of a connection is asked with.
pub type SignInPages = Arc<dyn Fn(ConnectionId) -> Pending<'static, Result<SignInPage, CodeError>> + Send + Sync>;
/// Exchanges what came back from it, and keeps what that gives.
pub type Redeem = Arc<dyn Fn(ConnectionId, CodeGrant) -> Pending<'static, Result<SignedIn, CodeError>> + Send + Sync>;

/// Sign-ins of people to targets. The server holds no token: it hands codes over.
#[derive(Clone)]
pub struct SignIns {
    pub page: SignInPages,
    pub redeem: Redeem,
    /// Where browsers reach this server, without a slash at the end: targets send them back there.
    pub public_url: String,
}

impl fmt::Debug for SignIns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignIns({})", self.public_url)
    }
}

/// What a kind of marketplace says of one that is being set up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarketplaceReport {
    /// Every setting that the kind understands.
    pub settings: Vec<String>,
    /// Names of the secrets that signing in takes.
    pub secrets: Vec<String>,
    /// What is wrong with it and what to do, without a full stop.
    pub problem: Option<String>,
}

/// Asks the marketplace clients, which alone know their settings. Nothing is called for it.
#[derive(Clone)]
pub struct InspectMarketplace(pub Arc<dyn Fn(&Marketplace) -> MarketplaceReport + Send + Sync>);

impl fmt::Debug for InspectMarketplace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InspectMarketplace")
    }
}

#[derive(Debug, Clone)]
pub struct ServerParts {
    pub store: Arc<dyn Store>,
    pub vault: Arc<dyn Vault>,
    pub targets: Arc<dyn Targets>,
    pub shelf: Arc<dyn PluginShelf>,
    pub clock: Arc<dyn Clock>,
    /// Rung after a commit that gives the engine something to do.
    pub wake: Arc<Notify>,
    /// The engine tells here which run has changed; event streams read the run again.
    pub changed: broadcast::Sender<RunId>,
    pub live: LiveTargets,
    pub inspect: InspectMarketplace,
    pub sign_ins: SignIns,
    /// The server is reached by https: cookies are `__Host-` and `Secure`. False is for loopback only.
    pub https: bool,
    /// Everything is simulated: the pages say so.
    pub demo: bool,
}

/// Shared by all handlers.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) parts: ServerParts,
    sessions: Arc<Mutex<Sessions>>,
    throttle: Arc<Mutex<Throttle>>,
    begun: Arc<Mutex<sign_ins::SignIns>>,
    /// A password check takes 19 MiB: few at a time, whoever asks.
    pub(crate) hashing: Arc<Semaphore>,
    /// Held while a user is read, changed and written: a record is replaced as a whole.
    pub(crate) people: Arc<tokio::sync::Mutex<()>>,
    pub(crate) openapi: Arc<str>,
    /// Turns true when the server shuts down: event streams end.
    pub(crate) closing: watch::Receiver<bool>,
}

const PASSWORD_CHECKS_AT_ONCE: usize = 2;

impl App {
    pub(crate) fn new(parts: ServerParts, openapi: String, closing: watch::Receiver<bool>) -> Self {
        Self {
            parts,
            sessions: Arc::default(),
            throttle: Arc::default(),
            begun: Arc::default(),
            people: Arc::default(),
            hashing: Arc::new(Semaphore::new(PASSWORD_CHECKS_AT_ONCE)),
            openapi: openapi.into(),
            closing,
        }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.parts.store.as_ref()
    }

    pub(crate) fn now(&self) -> chrono::DateTime<chrono::Utc> {
        self.parts.clock.now()
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sign-ins to targets that people have begun.
    pub(crate) fn begun(&self) -> MutexGuard<'_, sign_ins::SignIns> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was committed that the engine should look at.
    pub(crate) fn wake(&self) {
        self.parts.wake.notify_one();
    }
}
