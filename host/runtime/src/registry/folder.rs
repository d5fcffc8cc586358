//! A folder of plugins: every `*.wasm` in it is installed, and of each plugin the newest version is activated. One
//! bad file keeps no other from loading.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use counterfoil_domain::ports::Target as _;

use super::{InstallError, Registry};
use crate::component;
use crate::sandbox::WasmTarget;

/// What became of one file.
#[derive(Debug)]
pub struct FromFolder {
    pub path: PathBuf,
    pub result: Result<Arc<WasmTarget>, InstallError>,
    /// Calls go to it now.
    pub active: bool,
}

impl Registry {
    /// Loads all files, in the order of their names. An error is about the folder itself.
    pub async fn load_folder(&self, folder: &Path) -> std::io::Result<Vec<FromFolder>> {
        let mut paths = Vec::new();
        let mut entries = tokio::fs::read_dir(folder).await?;
        while let Some(entry) = entries.next_entry().await? {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "wasm") {
                paths.push(path);
            }
        }
        paths.sort();
        let mut files = Vec::new();
        for path in paths {
            let result = self.install_file(&path).await;
            files.push(FromFolder { path, result, active: false });
        }
        self.activate_newest(&mut files);
        Ok(files)
    }

    /// Reads, checks and loads one file; nothing is activated.
    pub async fn install_file(&self, path: &Path) -> Result<Arc<WasmTarget>, InstallError> {
        let file = |error: std::io::Error| InstallError::File(error.to_string());
        // The size is asked first, so that a huge file is refused without being read.
        let size = tokio::fs::metadata(path).await.map_err(file)?.len();
        if let Some(size) = usize::try_from(size).ok().filter(|size| *size > component::MAX_BYTES) {
            return Err(component::PackageError::TooLarge { size }.into());
        }
        let bytes = tokio::fs::read(path).await.map_err(file)?;
        self.install_bytes(bytes).await
    }

    /// The same for what came another way, an upload for instance.
    pub async fn install_bytes(&self, bytes: Vec<u8>) -> Result<Arc<WasmTarget>, InstallError> {
        // Reading checks every function of the file: too long for the asynchronous threads.
        let read = tokio::task::spawn_blocking(move || component::read(&bytes)).await;
        let package = read.map_err(|stopped| InstallError::File(stopped.to_string()))??;
        Ok(self.install(&package).await?)
    }

    fn activate_newest(&self, files: &mut [FromFolder]) {
        let mut newest: BTreeMap<String, (Vec<u32>, usize)> = BTreeMap::new();
        for (index, file) in files.iter().enumerate() {
            let Ok(version) = &file.result else { continue };
            let card = version.card();
            let rank = (numbers(&card.version), index);
            newest
                .entry(card.id.as_str().to_owned())
                .and_modify(|best| *best = rank.clone().max(best.clone()))
                .or_insert(rank);
        }
        for (_, index) in newest.into_values() {
            let Some(file) = files.get_mut(index) else { continue };
            let Ok(version) = &file.result else { continue };
            file.active = self.activate(&version.card().id, version.digest()).is_ok();
        }
    }
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}
