//! How a component comes to be kept, and comes to be loaded again: read, trusted, proven, kept, recorded, in this order.
//! Nothing of a component that nobody answers for is compiled.

use std::sync::Arc;

use counterfoil_domain::id::{Actor, PluginDigest};
use counterfoil_domain::ports::{Provenance, ShelfError, Upload, Write};
use counterfoil_domain::version::InstalledVersion;
use counterfoil_runtime::component::{self, Package};
use counterfoil_runtime::registry::{Kept, Proof};
use counterfoil_runtime::sandbox::WasmTarget;

use super::{Shelf, Trust};

/// A component that may run, and what speaks for it.
struct Trusted {
    package: Package,
    provenance: Provenance,
    proof: Option<Proof>,
}

/// Of reading, hashing and looking into files: all of it on a thread that may wait.
fn trusted(upload: &Upload, kept: &Kept, trust: &Trust) -> Result<Trusted, ShelfError> {
    let package = component::read(&upload.component).map_err(|error| ShelfError::Refused(error.to_string()))?;
    // One that comes again without its signature is still the one that was signed.
    let proof = match &upload.signature {
        Some(text) => Some(Proof::Signature(text.clone())),
        None => kept.proof(&package.digest).map_err(disk)?,
    };
    let provenance = trust.judge(&package, proof.as_ref()).map_err(|error| ShelfError::Untrusted(error.to_string()))?;
    let proof = proof.or_else(|| (provenance == Provenance::Bundled).then_some(Proof::Bundled));
    Ok(Trusted { package, provenance, proof })
}

/// What a compiler says can be as long as the names in a foreign file.
const COMPLAINT: usize = 2_000;

fn refused(error: impl ToString) -> ShelfError {
    let said = error.to_string();
    let plain = said.chars().filter(|letter| !letter.is_control() || *letter == '\n').take(COMPLAINT);
    ShelfError::Refused(plain.collect())
}

fn disk(error: impl ToString) -> ShelfError {
    ShelfError::Disk(error.to_string())
}

/// A version that was taken in before, held against what is trusted today.
fn reopened(digest: &PluginDigest, kept: &Kept, trust: &Trust) -> Result<(Package, Provenance), ShelfError> {
    let package = kept.get(digest).map_err(disk)?;
    let judged = trust.judge(&package, kept.proof(digest).map_err(disk)?.as_ref());
    let provenance = judged.map_err(|error| {
        ShelfError::Untrusted(format!("It was taken in before and is not trusted any more: {error}"))
    })?;
    Ok((package, provenance))
}

impl Shelf {
    /// The version, from memory or from where it is kept.
    pub(super) async fn load(&self, digest: &PluginDigest) -> Result<Arc<WasmTarget>, ShelfError> {
        if let Some(known) = self.registry.version(digest) {
            return Ok(known);
        }
        let (package, provenance) = self.reopen(digest).await?;
        self.notes().provenances.insert(digest.clone(), provenance);
        self.registry.install(&package).await.map_err(refused)
    }

    async fn reopen(&self, digest: &PluginDigest) -> Result<(Package, Provenance), ShelfError> {
        let (kept, trust, wanted) = (self.kept.clone(), Arc::clone(&self.trust), digest.clone());
        let read = tokio::task::spawn_blocking(move || reopened(&wanted, &kept, &trust)).await;
        read.map_err(disk)?
    }

    /// Why a kept version may run, or why it may not any more.
    pub(super) async fn provenance(&self, digest: &PluginDigest) -> Result<Provenance, ShelfError> {
        if let Some(known) = self.notes().provenances.get(digest) {
            return Ok(known.clone());
        }
        let provenance = match self.reopen(digest).await {
            Ok((_, provenance)) => provenance,
            Err(ShelfError::Untrusted(why)) => Provenance::Untrusted(why),
            Err(error) => return Err(error),
        };
        self.notes().provenances.insert(digest.clone(), provenance.clone());
        Ok(provenance)
    }

    /// Trusted first, then proven, then kept, then recorded. True: it was not known before.
    pub(super) async fn take_in(&self, upload: Upload, by: &Actor) -> Result<(Package, bool), ShelfError> {
        let _turn = self.turn.lock().await;
        let (kept, trust) = (self.kept.clone(), Arc::clone(&self.trust));
        let read = tokio::task::spawn_blocking(move || trusted(&upload, &kept, &trust)).await;
        let Trusted { package, provenance, proof } = read.map_err(disk)??;
        self.registry.install(&package).await.map_err(refused)?;
        let (kept, copy) = (self.kept.clone(), package.clone());
        let put = tokio::task::spawn_blocking(move || {
            // The proof first: a component that is kept without one is not trusted at the next start.
            proof.map_or(Ok(()), |proof| kept.put_proof(&copy.digest, &proof)).and_then(|()| kept.put(&copy))
        });
        put.await.map_err(disk)?.map_err(disk)?;
        self.notes().provenances.insert(package.digest.clone(), provenance.clone());
        if self.record(&package.digest).await?.is_some() {
            return Ok((package, false));
        }
        let version = InstalledVersion {
            digest: package.digest.clone(),
            plugin: package.card.id.clone(),
            version: package.card.version.clone(),
            installed_at: self.parts.clock.now(),
            installed_by: by.clone(),
        };
        let detail = format!("{} {}, {}", version.version, version.digest, told(&provenance));
        let note = self.audit(by, "plugin.install", &version.plugin, detail);
        self.commit(vec![Write::PutPluginVersion(version), note]).await?;
        Ok((package, true))
    }
}

fn told(provenance: &Provenance) -> String {
    match provenance {
        Provenance::Signed { publisher, key } => format!("signed by {publisher} ({key})"),
        other => other.name().to_owned(),
    }
}
