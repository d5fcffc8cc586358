//! The versions of plugins that are kept, and the commands about them. The host's shelf over sandbox and store is one
//! implementation; the server's tests have another.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{Pending, StoreError};
use crate::card::Card;
use crate::difference::Difference;
use crate::id::{Actor, ConnectionId, PluginDigest, PluginId, TaskId};
use crate::order::named;
use crate::version::{Activation, InstalledVersion, Widening};

named! {
    Standing {
        /// New work goes to it.
        Active = "active",
        /// What a rollback goes back to.
        Former = "former",
        /// Newer than the active one, and its card asks for more: an operator has to say yes.
        Waiting = "waiting",
        Installed = "installed",
    }
}

/// A component as it comes in, and the signature that came with it.
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    pub component: Vec<u8>,
    /// A minisign signature of the component, as its file has it.
    pub signature: Option<String>,
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let signed = if self.signature.is_some() { "signed" } else { "unsigned" };
        write!(f, "{} bytes, {signed}", self.component.len())
    }
}

/// Why a version may run, by what the operator trusts now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// By a key that the operator trusts; the key's id, as people compare it.
    Signed { publisher: String, key: String },
    /// It came with this program.
    Bundled,
    /// Nobody signed it, and the operator lets such plugins run.
    Unsigned,
    /// It may not run: why, and what to do.
    Untrusted(String),
}

impl Provenance {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Signed { .. } => "signed",
            Self::Bundled => "bundled",
            Self::Unsigned => "unsigned",
            Self::Untrusted(_) => "untrusted",
        }
    }
}

/// One version with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionState {
    pub digest: PluginDigest,
    pub card: Card,
    pub standing: Standing,
    pub installed_at: DateTime<Utc>,
    pub installed_by: Actor,
    /// It failed too often: why, and until when.
    pub paused: Option<String>,
    /// What its card asks for beyond the active version's.
    pub wider: Vec<Widening>,
    /// All that its card has otherwise than the active version's; of the active version nothing.
    pub differs: Vec<Difference>,
    pub provenance: Provenance,
    /// Why it was not activated by itself; may be empty.
    pub note: String,
}

/// Something in the plugins folder that is no plugin, or a kept version that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFile {
    pub file: String,
    pub problem: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShelfList {
    pub versions: Vec<VersionState>,
    pub refused: Vec<RefusedFile>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activated {
    pub plugin: PluginId,
    pub digest: PluginDigest,
    pub version: String,
    pub former: Option<PluginDigest>,
    /// The connections that answered the new version.
    pub probed: Vec<ConnectionId>,
}

/// A task that the new version would plan otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowTask {
    pub task: TaskId,
    pub number: String,
    pub connection: ConnectionId,
    /// A sentence for each difference.
    pub differences: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowReport {
    pub digest: PluginDigest,
    /// The version that it was held against.
    pub active: PluginDigest,
    pub compared: usize,
    /// Neither of the two can plan them: nothing was compared.
    pub not_planned: usize,
    pub differing: Vec<ShadowTask>,
    /// Requests that went out, all of them reads, and how often an answer was used again.
    pub reads: u64,
    pub replayed: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShelfError {
    #[error("{0}")]
    Refused(String),
    /// Nobody whom the operator trusts answers for it.
    #[error("{0}")]
    Untrusted(String),
    #[error("no version {0} is installed")]
    NotInstalled(PluginDigest),
    #[error("the version {digest} is of the plugin {found}, not of {asked}")]
    OtherPlugin { digest: PluginDigest, found: PluginId, asked: PluginId },
    #[error("no version of the plugin {0} is active")]
    NotActive(PluginId),
    #[error("the plugin {0} has no former version to go back to")]
    NoFormer(PluginId),
    #[error("its card asks for more than the active version's: {}", sentences(.0))]
    Wider(Vec<Widening>),
    #[error("connection {connection} does not work with it: {why}")]
    Probe { connection: ConnectionId, why: String },
    /// It would send elsewhere what is under way.
    #[error("it goes to another address than the active version, and connection {0} has work under way")]
    Busy(ConnectionId),
    #[error("the version cannot be kept or read: {0}")]
    Disk(String),
    /// Of the shadow check; nothing was stored.
    #[error("the tasks cannot be planned: {0}")]
    Plan(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn sentences(wider: &[Widening]) -> String {
    wider.iter().map(|widening| widening.sentence.as_str()).collect::<Vec<_>>().join("; ")
}

/// Commands and what they answer. Every command is audited with whoever gave it.
pub trait PluginShelf: Send + Sync + fmt::Debug {
    fn list(&self) -> Pending<'_, Result<ShelfList, ShelfError>>;
    /// Keeps, loads and proves a version; activates nothing.
    fn install(&self, upload: Upload, by: Actor) -> Pending<'_, Result<VersionState, ShelfError>>;
    /// Activating the active version lets it run again after a pause.
    fn activate(
        &self,
        plugin: PluginId,
        digest: PluginDigest,
        accept_wider: bool,
        by: Actor,
    ) -> Pending<'_, Result<Activated, ShelfError>>;
    fn rollback(&self, plugin: PluginId, by: Actor) -> Pending<'_, Result<Activated, ShelfError>>;
    /// Plans the last tasks with both versions, against the same reads. Nothing is stored.
    fn shadow(
        &self,
        plugin: PluginId,
        digest: PluginDigest,
        tasks: usize,
        by: Actor,
    ) -> Pending<'_, Result<ShadowReport, ShelfError>>;
}

/// What survives a restart of it. SQLite and memory implement it.
pub trait PluginStore: Send + Sync + fmt::Debug {
    /// By plugin, in the order of their installation.
    fn plugin_versions(&self) -> Pending<'_, Result<Vec<InstalledVersion>, StoreError>>;
    fn activations(&self) -> Pending<'_, Result<Vec<Activation>, StoreError>>;
}
