//! The shelf of plugin versions: what is kept, what is loaded, what is active. Owns the commands about them, over
//! sandbox, store and door; taking in is in `intake`, activating in `activate`, the watched folder in `watch`.

mod activate;
mod intake;
mod trust;
mod watch;

pub(crate) use trust::Trust;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use counterfoil_domain::card::Card;
use counterfoil_domain::difference::{Difference, difference};
use counterfoil_domain::id::{Actor, PluginDigest, PluginId};
use counterfoil_domain::ports::{
    Activated, AuditEntry, CommitError, PageRequest, Pending, PluginShelf, PluginStore, Provenance, RefusedFile,
    ShadowReport, ShelfError, ShelfList, Standing, StoreError, Target as _, TaskFilter, Upload, VersionState, Write,
};
use counterfoil_domain::version::{InstalledVersion, Widening, is_newer, wider};
use counterfoil_engine::Parts;
use counterfoil_runtime::registry::{Kept, Registry};

use crate::wiring::Wiring;
use activate::Terms;

/// States of tasks whose plan was confirmed and whose end is not known.
const UNDER_WAY: [&str; 4] = ["queued", "sending", "retrying", "uncertain"];

/// Cheap to clone; all clones are one shelf.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    registry: Arc<Registry>,
    kept: Kept,
    trust: Arc<Trust>,
    records: Arc<dyn PluginStore>,
    parts: Parts,
    wiring: Arc<Wiring>,
    /// One command at a time.
    turn: Arc<tokio::sync::Mutex<()>>,
    notes: Arc<Mutex<Notes>>,
}

/// What is to be told of versions and files, as long as the process lives.
#[derive(Debug, Default)]
struct Notes {
    versions: BTreeMap<PluginDigest, String>,
    files: BTreeMap<PathBuf, String>,
    cards: BTreeMap<PluginDigest, Card>,
    provenances: BTreeMap<PluginDigest, Provenance>,
}

impl Shelf {
    pub(crate) fn new(
        (registry, kept, trust): (Arc<Registry>, Kept, Trust),
        records: Arc<dyn PluginStore>,
        parts: Parts,
        wiring: Arc<Wiring>,
    ) -> Self {
        Self {
            registry,
            kept,
            trust: Arc::new(trust),
            records,
            parts,
            wiring,
            turn: Arc::default(),
            notes: Arc::default(),
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Loads what was active, and every version that a confirmed plan or an open batch has to end on.
    pub(crate) async fn restore(&self) -> Result<(), StoreError> {
        for activation in self.records.activations().await? {
            let (plugin, digest) = (&activation.plugin, &activation.digest);
            match self.load(digest).await {
                Ok(target) => {
                    if let Err(error) = self.registry.activate(plugin, digest) {
                        tracing::error!(%plugin, %digest, %error, "the active version of a plugin cannot be activated");
                        continue;
                    }
                    let version = &target.card().version;
                    tracing::info!(%plugin, version, %digest, "target loaded");
                }
                Err(error) => tracing::error!(
                    %plugin, %digest, %error,
                    "the active version of a plugin cannot be loaded; nothing is sent through it until one is activated"
                ),
            }
        }
        for digest in self.needed().await? {
            if let Err(error) = self.load(&digest).await {
                tracing::error!(%digest, %error, "a version that open work has to end on cannot be loaded; that work waits");
            }
        }
        Ok(())
    }

    /// Versions named by open batches and confirmed plans.
    async fn needed(&self) -> Result<BTreeSet<PluginDigest>, StoreError> {
        let store = &self.parts.store;
        let mut needed = BTreeSet::new();
        for connection in store.connections().await? {
            needed.extend(store.open_batches(&connection.id).await?.into_iter().map(|batch| batch.plugin));
            // Steps that wait are carried out by the version that made their plans.
            let waiting = ["waiting", "sending"].map(str::to_owned).into();
            let waiting = store.follow_ups(&connection.id, waiting, usize::MAX).await?;
            needed.extend(waiting.into_iter().map(|one| one.plugin));
            let filter = TaskFilter {
                connection: Some(connection.id.clone()),
                states: BTreeSet::from(UNDER_WAY.map(str::to_owned)),
                ..TaskFilter::default()
            };
            let mut after = None;
            loop {
                let page = store.tasks(filter.clone(), PageRequest { after, limit: 500 }).await?;
                for plan in page.iter().filter_map(|task| task.state.plan()) {
                    needed.extend(store.plan(plan).await?.map(|sealed| sealed.ground.plugin));
                }
                let Some(last) = page.last().filter(|_| page.len() == 500) else { break };
                after = Some((last.observed_at, last.id.clone()));
            }
        }
        Ok(needed)
    }

    async fn record(&self, digest: &PluginDigest) -> Result<Option<InstalledVersion>, StoreError> {
        Ok(self.records.plugin_versions().await?.into_iter().find(|version| version.digest == *digest))
    }

    fn audit(&self, by: &Actor, action: &str, plugin: &PluginId, detail: String) -> Write {
        let at = self.parts.clock.now();
        let (actor, action, subject) = (by.clone(), action.to_owned(), plugin.to_string());
        Write::Audit(AuditEntry { at, actor, action, subject, detail })
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), ShelfError> {
        self.parts.store.commit(writes).await.map_err(|error| match error {
            CommitError::Store(error) => ShelfError::Store(error),
            other => ShelfError::Disk(other.to_string()),
        })
    }

    /// The card of a version, loaded or not.
    async fn card(&self, digest: &PluginDigest) -> Result<Card, ShelfError> {
        if let Some(version) = self.registry.version(digest) {
            return Ok(version.card().clone());
        }
        if let Some(card) = self.notes().cards.get(digest).cloned() {
            return Ok(card);
        }
        let (kept, wanted) = (self.kept.clone(), digest.clone());
        let read = tokio::task::spawn_blocking(move || kept.get(&wanted)).await;
        let package = read
            .map_err(|stopped| ShelfError::Disk(stopped.to_string()))?
            .map_err(|error| ShelfError::Disk(error.to_string()))?;
        self.notes().cards.insert(digest.clone(), package.card.clone());
        Ok(package.card)
    }

    /// What `card` asks for beyond the active version of its plugin.
    fn beyond_active(&self, card: &Card) -> Vec<Widening> {
        self.registry.active_version(&card.id).map(|active| wider(active.card(), card)).unwrap_or_default()
    }

    /// All that `card` has otherwise than the active version's.
    fn differing(&self, card: &Card) -> Vec<Difference> {
        self.registry.active_version(&card.id).map(|active| difference(active.card(), card)).unwrap_or_default()
    }

    async fn all(&self) -> Result<ShelfList, ShelfError> {
        let activations = self.records.activations().await?;
        let mut list = ShelfList::default();
        for version in self.records.plugin_versions().await? {
            let former = activations.iter().any(|one| one.former.as_ref() == Some(&version.digest));
            match self.state(&version, former).await {
                Ok(state) => list.versions.push(state),
                Err(error) => list
                    .refused
                    .push(RefusedFile { file: format!("{}.wasm", version.digest), problem: error.to_string() }),
            }
        }
        // Names, not paths: where the service keeps its files is nobody's business.
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let notes = self.notes();
        let files = notes.files.iter();
        list.refused.extend(files.map(|(path, problem)| RefusedFile { file: name(path), problem: problem.clone() }));
        Ok(list)
    }

    async fn state(&self, version: &InstalledVersion, is_former: bool) -> Result<VersionState, ShelfError> {
        let card = self.card(&version.digest).await?;
        let active = self.registry.active_version(&version.plugin);
        let is_active = active.as_ref().is_some_and(|active| *active.digest() == version.digest);
        let wider = self.beyond_active(&card);
        let is_later = active.is_some_and(|active| is_newer(&card.version, &active.card().version));
        let standing = match (is_active, is_former) {
            (true, _) => Standing::Active,
            (false, true) => Standing::Former,
            (false, false) if is_later && !wider.is_empty() => Standing::Waiting,
            (false, false) => Standing::Installed,
        };
        let provenance = self.provenance(&version.digest).await?;
        Ok(VersionState {
            digest: version.digest.clone(),
            paused: self.registry.version(&version.digest).and_then(|loaded| loaded.paused()),
            note: self.notes().versions.get(&version.digest).cloned().unwrap_or_default(),
            provenance,
            differs: self.differing(&card),
            card,
            standing,
            installed_at: version.installed_at,
            installed_by: version.installed_by.clone(),
            wider,
        })
    }

    async fn installed(&self, upload: Upload, by: Actor) -> Result<VersionState, ShelfError> {
        let (package, _) = self.take_in(upload, &by).await?;
        let found = self.all().await?.versions.into_iter().find(|version| version.digest == package.digest);
        found.ok_or(ShelfError::NotInstalled(package.digest))
    }

    async fn back(&self, plugin: PluginId, by: Actor) -> Result<Activated, ShelfError> {
        let activation = self.records.activations().await?.into_iter().find(|one| one.plugin == plugin);
        let activation = activation.ok_or_else(|| ShelfError::NotActive(plugin.clone()))?;
        let former = activation.former.ok_or_else(|| ShelfError::NoFormer(plugin.clone()))?;
        // Somebody said yes to its card when it was activated first.
        self.activate_on(&plugin, &former, Terms { wider: true, probe: true, action: "plugin.rollback" }, &by).await
    }

    async fn shadowed(
        &self,
        plugin: PluginId,
        digest: PluginDigest,
        tasks: usize,
        by: Actor,
    ) -> Result<ShadowReport, ShelfError> {
        let candidate = self.version_of(&plugin, &digest).await?;
        let active = self.registry.active_version(&plugin).ok_or_else(|| ShelfError::NotActive(plugin.clone()))?;
        let mut connections = self.parts.store.connections().await?;
        connections.retain(|connection| connection.plugin == plugin);
        let (active, candidate) = (active as Arc<_>, candidate as Arc<_>);
        let report = counterfoil_engine::shadow(&self.parts, &connections, &active, &candidate, tasks).await;
        let report = report.map_err(|error| ShelfError::Plan(error.to_string()))?;
        let found = format!("{digest}: {} of {} tasks differ", report.differing.len(), report.compared);
        self.commit(vec![self.audit(&by, "plugin.shadow", &plugin, found)]).await?;
        Ok(report)
    }

    /// In a task of its own: whoever asked may hang up, and what was begun is brought to its end.
    fn to_the_end<T: Send + 'static>(
        &self,
        work: impl FnOnce(Self) -> Pending<'static, Result<T, ShelfError>>,
    ) -> Pending<'_, Result<T, ShelfError>> {
        let done = tokio::spawn(work(self.clone()));
        Box::pin(async move { done.await.unwrap_or_else(|stopped| Err(ShelfError::Disk(stopped.to_string()))) })
    }
}

impl PluginShelf for Shelf {
    fn list(&self) -> Pending<'_, Result<ShelfList, ShelfError>> {
        Box::pin(self.all())
    }

    fn install(&self, upload: Upload, by: Actor) -> Pending<'_, Result<VersionState, ShelfError>> {
        self.to_the_end(|own| Box::pin(async move { own.installed(upload, by).await }))
    }

    fn activate(
        &self,
        plugin: PluginId,
        digest: PluginDigest,
        accept_wider: bool,
        by: Actor,
    ) -> Pending<'_, Result<Activated, ShelfError>> {
        let terms = Terms { wider: accept_wider, probe: true, action: "plugin.activate" };
        self.to_the_end(|own| Box::pin(async move { own.activate_on(&plugin, &digest, terms, &by).await }))
    }

    fn rollback(&self, plugin: PluginId, by: Actor) -> Pending<'_, Result<Activated, ShelfError>> {
        self.to_the_end(|own| Box::pin(async move { own.back(plugin, by).await }))
    }

    fn shadow(
        &self,
        plugin: PluginId,
        digest: PluginDigest,
        tasks: usize,
        by: Actor,
    ) -> Pending<'_, Result<ShadowReport, ShelfError>> {
        self.to_the_end(move |own| Box::pin(async move { own.shadowed(plugin, digest, tasks, by).await }))
    }
}
