//! What a backup holds beside the database: the configuration, what was counted against budgets, the versions of plugins,
//! and the master key where it is asked for. Owns their names in the file and where they go; the file itself is the store's.

use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Utc};
use counterfoil_server::wire::Time;
use counterfoil_store::{Packed, pack};
use serde::{Deserialize, Serialize};

use crate::config::{Config, MasterKeySource};

pub(crate) const CONFIG: &str = "counterfoil.toml";
pub(crate) const KEY: &str = "master.key";
pub(crate) const BUDGETS: &str = "budgets.json";
pub(crate) const VERSIONS: &str = "versions/";
pub(crate) const ABOUT: &str = "about.json";

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct About {
    pub(crate) taken_at: Time,
    /// Of the program that took it.
    pub(crate) version: String,
}

/// What was written, for whoever asked.
#[derive(Debug, Clone, Serialize)]
pub struct Written {
    pub file: PathBuf,
    pub taken_at: Time,
    pub bytes: u64,
    pub versions: usize,
    pub with_master_key: bool,
}

/// Takes one moment of everything, whether the service runs or not. Nothing appears under the name before it is whole.
pub fn take(config_file: &Path, to: &Path, with_master_key: bool, now: DateTime<Utc>) -> Result<Written> {
    let config = Config::load(config_file)?;
    if to.exists() {
        bail!("{} is there already. Nothing was written. Name a file that does not exist", to.display());
    }
    if !config.database().exists() {
        bail!(
            "{} is not there, so there is nothing to back up. Name the configuration of the service with --config",
            config.database().display()
        );
    }
    let files = files(config_file, &config, with_master_key, now)?;
    let versions = files.iter().filter(|file| file.name.starts_with(VERSIONS)).count();
    let aside = Aside::beside(to)?;
    let part = aside.0.join("backup");
    pack(&config.database(), &part, &files)?;
    let finish = || {
        std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o600))?;
        let bytes = std::fs::metadata(&part)?.len();
        // Unlike a rename, a link never replaces what somebody put there meanwhile.
        std::fs::hard_link(&part, to)?;
        Ok::<u64, std::io::Error>(bytes)
    };
    let bytes = finish().with_context(|| format!("{} cannot be written. No backup was made", to.display()))?;
    Ok(Written { file: to.to_path_buf(), taken_at: now.into(), bytes, versions, with_master_key })
}

/// A folder that only its owner can look into, gone when the work is over: a backup holds the hashes of passwords.
#[derive(Debug)]
struct Aside(PathBuf);

impl Aside {
    fn beside(file: &Path) -> Result<Self> {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let folder = PathBuf::from(name);
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("{} cannot be made. No backup was made", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "what was left of a backup could not be removed");
        }
    }
}

fn files(config_file: &Path, config: &Config, with_master_key: bool, now: DateTime<Utc>) -> Result<Vec<Packed>> {
    let read = |path: &Path| {
        std::fs::read(path).with_context(|| format!("{} cannot be read. No backup was made", path.display()))
    };
    let about = About { taken_at: now.into(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let mut files = vec![
        Packed { name: ABOUT.to_owned(), body: serde_json::to_vec(&about)? },
        Packed { name: CONFIG.to_owned(), body: read(config_file)? },
    ];
    if config.budgets().exists() {
        files.push(Packed { name: BUDGETS.to_owned(), body: read(&config.budgets())? });
    }
    if config.versions().is_dir() {
        let folder = std::fs::read_dir(config.versions())
            .with_context(|| format!("{} cannot be read. No backup was made", config.versions().display()))?;
        for entry in folder {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            // What is being written has another ending.
            if path.is_file() && name.ends_with(".wasm") {
                files.push(Packed { name: format!("{VERSIONS}{name}"), body: read(&path)? });
            }
        }
    }
    if with_master_key {
        let body = match &config.master_key {
            MasterKeySource::File(path) => read(path)?,
            MasterKeySource::Env(name) => std::env::var(name)
                .with_context(|| {
                    format!("{name} is not set, so the master key cannot be taken along. No backup was made")
                })?
                .into_bytes(),
        };
        files.push(Packed { name: KEY.to_owned(), body });
    }
    Ok(files)
}

/// Where a packed file goes in a data folder; none: it goes nowhere by itself. A name that leads elsewhere is refused.
pub(crate) fn place(name: &str) -> Result<Option<PathBuf>> {
    if [CONFIG, KEY, ABOUT].contains(&name) {
        return Ok(None);
    }
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let known = name == BUDGETS || name.strip_prefix(VERSIONS).is_some_and(|rest| !rest.contains('/'));
    if !plain || !known {
        bail!("the backup holds \"{name}\", which no backup of this program has. Nothing was restored");
    }
    Ok(Some(path.to_path_buf()))
}

/// Readable by its owner only, and on the disk.
pub(crate) fn write_private(path: &Path, body: &[u8]) -> Result<()> {
    use std::io::Write as _;
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(body).and_then(|()| file.sync_all()));
    written.with_context(|| format!("{} cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_the_folder() {
        assert_eq!(place("versions/ab.wasm").unwrap(), Some(PathBuf::from("versions/ab.wasm")));
        assert_eq!(place(BUDGETS).unwrap(), Some(PathBuf::from(BUDGETS)));
        assert_eq!(place(KEY).unwrap(), None);
        for name in ["versions/../../x", "/etc/passwd", "../x", "versions/a/b", "counterfoil.db", "", "versions/.."] {
            assert!(place(name).is_err(), "{name}");
        }
    }
}
