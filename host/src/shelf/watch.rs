//! The watched folder: a new file is installed, and activated where nobody has to be asked. One bad file is told and
//! keeps nothing else from running.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use counterfoil_domain::card::Card;
use counterfoil_domain::id::{Actor, PluginDigest, PluginId};
use counterfoil_domain::ports::{ShelfError, Target as _, Upload};
use counterfoil_domain::version::is_newer;
use counterfoil_runtime::registry::{Changes, Folder, read_file, read_short, signature_of};

use super::{Shelf, Terms};

/// How often the folder is looked at. A file is taken when two looks find it the same.
const EVERY: Duration = Duration::from_secs(1);
/// Who the audit names.
const WHO: &str = "plugins-folder";

/// The folder as it was seen, and what came to be known by it and was not considered yet.
#[derive(Debug)]
pub(crate) struct Watched {
    path: PathBuf,
    folder: Folder,
    fresh: Vec<(Card, PluginDigest)>,
    /// It cannot be read: told once, not every second.
    unreadable: bool,
}

impl Watched {
    /// Looked for on a thread that may wait: a folder can be far away.
    async fn changes(&mut self, at_once: bool) -> std::io::Result<Changes> {
        let mut folder = std::mem::replace(&mut self.folder, Folder::new(&self.path));
        let looked = tokio::task::spawn_blocking(move || {
            let changes = folder.look(at_once);
            (folder, changes)
        });
        let (folder, changes) = looked.await?;
        self.folder = folder;
        changes
    }
}

impl Shelf {
    /// Takes what is there at a start: of a plugin without an active version the newest is activated. Whether a newer
    /// one takes the place of an active one is considered when the service runs: that asks the targets.
    pub(crate) async fn first_look(&self, path: &Path) -> Watched {
        let folder = Folder::new(path);
        let mut watched = Watched { path: path.to_owned(), folder, fresh: Vec::new(), unreadable: false };
        let found = self.look(&mut watched, true).await;
        let mut newest: BTreeMap<PluginId, (Card, PluginDigest)> = BTreeMap::new();
        for (card, digest) in found {
            if self.registry.active_version(&card.id).is_some() {
                continue;
            }
            match newest.get(&card.id) {
                Some((known, _)) if is_newer(&known.version, &card.version) => {}
                _ => {
                    newest.insert(card.id.clone(), (card, digest));
                }
            }
        }
        for (card, digest) in newest.into_values() {
            // There is nothing to fall back on: a target that does not answer now may answer later.
            let terms = Terms { wider: true, probe: false, action: "plugin.activate" };
            self.activate_or_note(&card, &digest, terms).await;
        }
        watched
    }

    /// Until it is ended.
    pub(crate) async fn watch(self, mut watched: Watched) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.look(&mut watched, false).await;
            for (card, digest) in std::mem::take(&mut watched.fresh) {
                self.consider(&card, &digest).await;
            }
        }
    }

    /// Installs what is new; answers everything that was readable.
    async fn look(&self, watched: &mut Watched, at_once: bool) -> Vec<(Card, PluginDigest)> {
        let changes = match watched.changes(at_once).await {
            Ok(changes) => changes,
            Err(error) => {
                if !std::mem::replace(&mut watched.unreadable, true) {
                    let folder = watched.path.display();
                    tracing::warn!(%folder, %error, "the plugins folder cannot be read: nothing new comes from there");
                }
                return Vec::new();
            }
        };
        watched.unreadable = false;
        for path in &changes.gone {
            self.notes().files.remove(path);
        }
        let mut found = Vec::new();
        for path in changes.ready {
            match self.take_file(&path).await {
                Ok((card, digest, is_new)) => {
                    self.notes().files.remove(&path);
                    // A file that mends what could not be loaded counts as new.
                    if is_new || self.registry.active_version(&card.id).is_none() {
                        watched.fresh.push((card.clone(), digest.clone()));
                    }
                    found.push((card, digest));
                }
                Err(error) => {
                    tracing::error!(file = %path.display(), %error, "this plugin was refused");
                    self.notes().files.insert(path, error.to_string());
                }
            }
        }
        found
    }

    async fn take_file(&self, path: &Path) -> Result<(Card, PluginDigest, bool), ShelfError> {
        let file = path.to_owned();
        let read = tokio::task::spawn_blocking(move || {
            let component = read_file(&file).map_err(|error| ShelfError::Refused(error.to_string()))?;
            let signature = match read_short(&signature_of(&file)) {
                Ok(text) => Some(text),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => return Err(ShelfError::Refused(format!("its signature cannot be read: {error}"))),
            };
            Ok(Upload { component, signature })
        });
        let upload = read.await.map_err(|stopped| ShelfError::Disk(stopped.to_string()))??;
        let (package, is_new) = self.take_in(upload, &Actor::new(WHO)).await?;
        Ok((package.card, package.digest, is_new))
    }

    /// A version that the folder brought: it is activated if it is newer and asks for nothing more.
    async fn consider(&self, card: &Card, digest: &PluginDigest) {
        let Some(active) = self.registry.active_version(&card.id) else {
            let terms = Terms { wider: true, probe: true, action: "plugin.activate" };
            return self.activate_or_note(card, digest, terms).await;
        };
        if active.digest() == digest {
            return;
        }
        let (plugin, version, now) = (&card.id, &card.version, &active.card().version);
        if !is_newer(version, now) {
            let note = format!("it is not newer than the active version {now}");
            tracing::info!(%plugin, version, %digest, "a plugin was installed and not activated: {note}");
            self.notes().versions.insert(digest.clone(), note);
            return;
        }
        self.activate_or_note(card, digest, Terms { wider: false, probe: true, action: "plugin.activate" }).await;
    }

    async fn activate_or_note(&self, card: &Card, digest: &PluginDigest, terms: Terms) {
        let (plugin, version) = (&card.id, &card.version);
        if let Err(error) = self.activate_on(plugin, digest, terms, &Actor::new(WHO)).await {
            tracing::warn!(
                %plugin, version, %digest, %error,
                "a plugin was installed and not activated; `counterfoil plugin list` shows it"
            );
            self.notes().versions.insert(digest.clone(), error.to_string());
        }
    }
}
