//! Components by their digest, in a folder of the host's own: what was installed is read from here for ever after,
//! whatever becomes of the file that it came in. Owns the files; blocking, for threads that may wait.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use counterfoil_domain::id::PluginDigest;

use crate::component::signature::{MAX_SIGNATURE_BYTES, SIGNATURE_ENDING};
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

/// What speaks for a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// A detached signature, as its file has it. Whether it is good is asked each time.
    Signature(String),
    /// It came with the program.
    Bundled,
}

const BUNDLED: &str = "bundled";

/// A signature's text; one that is longer than any is cut, and then refused as none.
pub fn read_short(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_SIGNATURE_BYTES + 1).unwrap_or(u64::MAX);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
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
        if self.get(&package.digest).is_ok() {
            return Ok(());
        }
        self.place(self.path(&package.digest), &package.bytes)
    }

    fn place(&self, path: PathBuf, bytes: &[u8]) -> Result<(), KeptError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let half = self.folder.join(format!(".{name}.{}.part", std::process::id()));
        let written = write(&half, bytes)
            .and_then(|()| std::fs::rename(&half, &path))
            .and_then(|()| File::open(&self.folder)?.sync_all());
        written.map_err(|error| {
            let _ = std::fs::remove_file(&half);
            KeptError::File { path, problem: error.to_string() }
        })
    }

    fn proof_path(&self, digest: &PluginDigest, ending: &str) -> PathBuf {
        self.folder.join(format!("{digest}.{ending}"))
    }

    /// Remembered beside the component: at the next start it has to be trusted again.
    pub fn put_proof(&self, digest: &PluginDigest, proof: &Proof) -> Result<(), KeptError> {
        match proof {
            Proof::Signature(text) => self.place(self.proof_path(digest, SIGNATURE_ENDING), text.as_bytes()),
            Proof::Bundled => self.place(self.proof_path(digest, BUNDLED), b""),
        }
    }

    /// What was remembered of it, the signature first. None: nothing spoke for it when it came.
    pub fn proof(&self, digest: &PluginDigest) -> Result<Option<Proof>, KeptError> {
        let path = self.proof_path(digest, SIGNATURE_ENDING);
        match read_short(&path) {
            Ok(text) => return Ok(Some(Proof::Signature(text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(KeptError::File { path, problem: error.to_string() }),
        }
        Ok(self.proof_path(digest, BUNDLED).is_file().then_some(Proof::Bundled))
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
