//! Catalogs in a folder: `provider.json`, `resellers.json` (who is served by whom) and `resellers/ID.json`. A catalog is
//! replaced in one step: whoever reads sees the old text or the new one, and a power cut leaves one of them.

mod swap;

use std::io;
use std::path::{Path, PathBuf};

use counterfoil_domain::catalog::{Node, ProviderCatalog, ResellerCatalog};
use counterfoil_domain::id::{CatalogVersion, ResellerId, StepKey};
use counterfoil_domain::ports::{CatalogError, CatalogSource, Pending, ReplaceError, Versioned};
use tokio::sync::Mutex;

use super::{tree, wire};

/// Larger ones must be split into several templates: a catalog is held in memory as a whole.
const LARGEST: u64 = 256 << 20;

#[derive(Debug)]
pub struct FileCatalogs {
    root: PathBuf,
    /// One replacement at a time: between the look and the swap nobody else of this process writes.
    writing: Mutex<()>,
}

impl FileCatalogs {
    pub fn new(root: PathBuf) -> Self {
        Self { root, writing: Mutex::default() }
    }

    /// Where a reseller's catalog lies. Whatever an id holds, it names one file in that folder and no other.
    fn file(&self, id: &ResellerId) -> PathBuf {
        self.root.join("resellers").join(format!("{}.json", plain(id.as_str())))
    }

    async fn text(&self, path: &Path) -> Result<Option<Vec<u8>>, CatalogError> {
        let unreachable = |error: io::Error| CatalogError::Unreachable(format!("{}: {error}", path.display()));
        match tokio::fs::metadata(path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreachable(error)),
            Ok(about) if about.len() > LARGEST => {
                return Err(malformed(path, format!("it is larger than {} MiB", LARGEST >> 20)));
            }
            Ok(_) => {}
        }
        tokio::fs::read(path).await.map(Some).map_err(unreachable)
    }

    async fn needed(&self, path: &Path) -> Result<Vec<u8>, CatalogError> {
        let gone = || CatalogError::Unreachable(format!("{}: there is no such file", path.display()));
        self.text(path).await?.ok_or_else(gone)
    }

    async fn held(&self, id: &ResellerId) -> Result<Versioned<ResellerCatalog>, CatalogError> {
        let path = self.file(id);
        let text = self.text(&path).await?.ok_or_else(|| CatalogError::NoReseller(id.clone()))?;
        let value = wire::read_reseller(&text).map_err(|error| malformed(&path, error.to_string()))?;
        if value.reseller != *id {
            return Err(malformed(&path, format!("it is the catalog of \"{}\", not of \"{id}\"", value.reseller)));
        }
        Ok(Versioned { value, version: wire::version(&text) })
    }

    async fn swapped(&self, catalog: &ResellerCatalog, read: &CatalogVersion) -> Result<CatalogVersion, ReplaceError> {
        let _alone = self.writing.lock().await;
        let path = self.file(&catalog.reseller);
        let now = self.text(&path).await.map_err(ReplaceError::NotWritten)?;
        let now = now.ok_or_else(|| ReplaceError::NotWritten(CatalogError::NoReseller(catalog.reseller.clone())))?;
        if wire::version(&now) != *read {
            return Err(ReplaceError::Moved);
        }
        let text = wire::write_reseller(catalog);
        let version = wire::version(&text);
        let done = tokio::task::spawn_blocking(move || swap::replace(&path, &text)).await;
        match done {
            Ok(Ok(())) => Ok(version),
            Ok(Err(swap::SwapError::Before(error))) => {
                Err(ReplaceError::NotWritten(CatalogError::Unreachable(error.to_string())))
            }
            Ok(Err(swap::SwapError::After(error))) => Err(ReplaceError::Uncertain(error.to_string())),
            Err(error) => Err(ReplaceError::Uncertain(error.to_string())),
        }
    }
}

impl CatalogSource for FileCatalogs {
    fn provider(&self) -> Pending<'_, Result<Versioned<ProviderCatalog>, CatalogError>> {
        Box::pin(async move {
            let path = self.root.join("provider.json");
            let text = self.needed(&path).await?;
            let value = wire::read_provider(&text).map_err(|error| malformed(&path, error.to_string()))?;
            Ok(Versioned { value, version: wire::version(&text) })
        })
    }

    fn resellers(&self) -> Pending<'_, Result<Vec<Node>, CatalogError>> {
        Box::pin(async move {
            let path = self.root.join("resellers.json");
            let text = self.needed(&path).await?;
            tree::read(&text).map_err(|error| malformed(&path, error.to_string()))
        })
    }

    fn reseller<'a>(&'a self, id: &'a ResellerId) -> Pending<'a, Result<Versioned<ResellerCatalog>, CatalogError>> {
        Box::pin(self.held(id))
    }

    /// The same content has the same version, so that a step that is done again finds what it did.
    fn replace<'a>(
        &'a self,
        catalog: &'a ResellerCatalog,
        read: &'a CatalogVersion,
        _key: &'a StepKey,
    ) -> Pending<'a, Result<CatalogVersion, ReplaceError>> {
        Box::pin(self.swapped(catalog, read))
    }
}

fn malformed(path: &Path, problem: impl Into<String>) -> CatalogError {
    CatalogError::Malformed { place: path.display().to_string(), problem: problem.into() }
}

/// A name that is one path segment everywhere: everything but letters, digits, dash and underscore is spelled in hex.
fn plain(id: &str) -> String {
    let mut name = String::new();
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02X}"));
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_one_file_and_no_other() {
        for (id, name) in [
            ("R-1", "R-1"),
            ("acme_2", "acme_2"),
            ("a.b", "a%2Eb"),
            ("../provider", "%2E%2E%2Fprovider"),
            ("a/b", "a%2Fb"),
            ("a%2Fb", "a%252Fb"),
            ("", ""),
            ("é", "%C3%A9"),
        ] {
            assert_eq!(plain(id), name);
        }
    }
}
