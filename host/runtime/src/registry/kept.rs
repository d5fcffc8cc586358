//! Components by their digest, in a folder of the host's own: what was installed is read from here for ever after,
//! whatever becomes of the file that it came in. Owns the files; blocking, for threads that may wait.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use counterfoil_domain::id::PluginDigest;

use crate::component::{self, Package, PackageError};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptError {
    #[error("the version {0} is not in the folder of kept plugins")]
    Gone(PluginDigest),
    #[error("{0}")]
    Package(#[from] PackageError),
    #[error("{path}: {problem}", path = .path.display())]
    File { path: PathBuf, problem: String },
}

#[derive(Debug, Clone)]
pub struct Kept {
    folder: PathBuf,
}

impl Kept {
    /// Makes the folder when it is not there.
    pub fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn path(&self, digest: &PluginDigest) -> PathBuf {
        self.folder.join(format!("{digest}.wasm"))
    }

    /// Flushed to disk before it answers, under its name only when it is whole, and read-only from then on.
    pub fn put(&self, package: &Package) -> Result<(), KeptError> {
        let path = self.path(&package.digest);
        if self.get(&package.digest).is_ok() {
            return Ok(());
        }
        let half = self.folder.join(format!(".{}.{}.part", package.digest, std::process::id()));
        let written = write(&half, &package.bytes)
            .and_then(|()| std::fs::rename(&half, &path))
            .and_then(|()| File::open(&self.folder)?.sync_all());
        written.map_err(|error| {
            let _ = std::fs::remove_file(&half);
            KeptError::File { path, problem: error.to_string() }
        })
    }

    /// The component of this digest; one that is not what it was is refused.
    pub fn get(&self, digest: &PluginDigest) -> Result<Package, KeptError> {
        let path = self.path(digest);
        let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => KeptError::Gone(digest.clone()),
            _ => KeptError::File { path, problem: error.to_string() },
        })?;
        Ok(component::reopen(&bytes, digest)?)
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let _ = std::fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.set_permissions(Permissions::from_mode(0o400))?;
    file.sync_all()
}
