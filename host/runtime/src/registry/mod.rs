//! Which versions are loaded and which one is active for each plugin. Owns install, activation, the folder of kept
//! components and the look into the folder that plugins come from; keeps former versions, because a batch resumes on
//! the digest that it began with. When a version may be activated is decided above.

mod folder;
mod kept;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use counterfoil_domain::card::Card;
use counterfoil_domain::id::{PluginDigest, PluginId};
use counterfoil_domain::ports::{Target, Targets};

use crate::component::{self, Package, PackageError};
use crate::sandbox::{LoadError, Sandbox, WasmTarget};

pub use folder::{Changes, Folder, read_file, signature_of};
pub use kept::{Kept, KeptError, Proof, read_short};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstallError {
    #[error("{0}")]
    Package(#[from] PackageError),
    #[error("{0}")]
    Load(#[from] LoadError),
    #[error("{0}")]
    Kept(#[from] KeptError),
    #[error("the file cannot be read: {0}")]
    File(String),
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActivateError {
    #[error("no version {digest} is installed; install it first")]
    NotInstalled { digest: PluginDigest },
    #[error("the version {digest} is of the plugin {found}, not of {asked}")]
    OtherPlugin { digest: PluginDigest, found: PluginId, asked: PluginId },
}

#[derive(Debug, Default)]
struct Loaded {
    versions: HashMap<PluginDigest, Arc<WasmTarget>>,
    active: BTreeMap<PluginId, PluginDigest>,
}

/// A swap is one assignment under the lock: calls in flight hold their own version and end on it.
#[derive(Debug)]
pub struct Registry {
    sandbox: Sandbox,
    loaded: RwLock<Loaded>,
}

impl Registry {
    pub fn new(sandbox: Sandbox) -> Self {
        Self { sandbox, loaded: RwLock::default() }
    }

    /// Loads and proves a version. It takes no calls until it is activated; installing it again gives the same one.
    pub async fn install(&self, package: &Package) -> Result<Arc<WasmTarget>, LoadError> {
        if let Some(known) = self.version(&package.digest) {
            return Ok(known);
        }
        let fresh = Arc::new(self.sandbox.load(package).await?);
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        // Two installs of one file may have run at once: the first one in stays, so that its pauses count.
        Ok(Arc::clone(loaded.versions.entry(package.digest.clone()).or_insert(fresh)))
    }

    /// Reads, checks and loads what came as bytes. Reading checks every function of the file: too long for the
    /// asynchronous threads.
    pub async fn install_bytes(&self, bytes: Vec<u8>) -> Result<Package, InstallError> {
        let read = tokio::task::spawn_blocking(move || component::read(&bytes)).await;
        let package = read.map_err(|stopped| InstallError::File(stopped.to_string()))??;
        self.install(&package).await?;
        Ok(package)
    }

    /// Loads a version that was kept; one that is loaded is not read again.
    pub async fn install_kept(&self, kept: &Kept, digest: &PluginDigest) -> Result<Arc<WasmTarget>, InstallError> {
        if let Some(known) = self.version(digest) {
            return Ok(known);
        }
        let (kept, wanted) = (kept.clone(), digest.clone());
        let read = tokio::task::spawn_blocking(move || kept.get(&wanted)).await;
        let package = read.map_err(|stopped| InstallError::File(stopped.to_string()))??;
        Ok(self.install(&package).await?)
    }

    /// From now on calls go to this version. Activating a former version is a rollback; activating the active one
    /// lets it run again after a pause. Returns the version that was active before.
    pub fn activate(&self, plugin: &PluginId, digest: &PluginDigest) -> Result<Option<PluginDigest>, ActivateError> {
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        let version =
            loaded.versions.get(digest).ok_or_else(|| ActivateError::NotInstalled { digest: digest.clone() })?;
        let found = &version.card().id;
        if found != plugin {
            return Err(ActivateError::OtherPlugin {
                digest: digest.clone(),
                found: found.clone(),
                asked: plugin.clone(),
            });
        }
        version.resume();
        Ok(loaded.active.insert(plugin.clone(), digest.clone()))
    }

    /// The version itself, with its recent calls.
    pub fn version(&self, digest: &PluginDigest) -> Option<Arc<WasmTarget>> {
        self.read().versions.get(digest).cloned()
    }

    /// The version that new work goes to.
    pub fn active_version(&self, plugin: &PluginId) -> Option<Arc<WasmTarget>> {
        let loaded = self.read();
        loaded.active.get(plugin).and_then(|digest| loaded.versions.get(digest)).cloned()
    }

    /// Every loaded version of a plugin.
    pub fn versions_of(&self, plugin: &PluginId) -> Vec<Arc<WasmTarget>> {
        self.read().versions.values().filter(|version| version.card().id == *plugin).cloned().collect()
    }

    /// How many components were compiled since the start.
    pub fn compiled(&self) -> u64 {
        self.sandbox.compiled()
    }

    fn read(&self) -> RwLockReadGuard<'_, Loaded> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Targets for Registry {
    fn active(&self, plugin: &PluginId) -> Option<Arc<dyn Target>> {
        self.active_version(plugin).map(|version| version as Arc<dyn Target>)
    }

    fn by_digest(&self, digest: &PluginDigest) -> Option<Arc<dyn Target>> {
        self.version(digest).map(|version| version as Arc<dyn Target>)
    }

    /// The active versions, by plugin.
    fn cards(&self) -> Vec<(PluginDigest, Card)> {
        let loaded = self.read();
        let active = loaded.active.values().filter_map(|digest| loaded.versions.get(digest));
        active.map(|version| (version.digest().clone(), version.card().clone())).collect()
    }
}
