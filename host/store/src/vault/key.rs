//! The master key: where it comes from, and that it is never printed.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the master key file {} cannot be read: {problem}. No secret can be opened and nothing will be sent", .path.display())]
    Unreadable { path: PathBuf, problem: String },
    #[error(
        "the master key file {} can be read by others (mode {mode:03o}). Nothing will be sent until that is mended: \
         chmod 600 {}", .path.display(), .path.display()
    )]
    TooOpen { path: PathBuf, mode: u32 },
    #[error("{0} is not set. Without the master key no secret can be opened and nothing will be sent")]
    NotSet(String),
    #[error(
        "{place} holds no master key: base64 of exactly 32 bytes is expected. Put the right key there, or restore it from your copy"
    )]
    Malformed { place: String },
    #[error("the master key cannot be written to {}: {problem}", .path.display())]
    NotWritten { path: PathBuf, problem: String },
}

#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

impl MasterKey {
    /// From random bytes of the caller's, which are wiped: the key has one place to be.
    pub fn generate(random: &mut [u8; 32]) -> Self {
        Self(std::mem::take(random))
    }

    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        let path = path.as_ref();
        owner_only(path)?;
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        Self::parse(&text, &path.display().to_string())
    }

    pub fn from_env(name: &str) -> Result<Self, KeyError> {
        let text = std::env::var(name).map_err(|_| KeyError::NotSet(name.to_owned()))?;
        Self::parse(&text, name)
    }

    fn parse(text: &str, place: &str) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed { place: place.to_owned() };
        let bytes = BASE64_STANDARD.decode(text.trim()).map_err(|_| malformed())?;
        Ok(Self(bytes.try_into().map_err(|_| malformed())?))
    }

    /// Into a new file that only its owner can read; an existing file is never replaced.
    pub fn write_new(&self, path: impl AsRef<Path>) -> Result<(), KeyError> {
        use std::io::Write as _;
        let path = path.as_ref();
        let mut options = std::fs::File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let text = format!("{}\n", BASE64_STANDARD.encode(self.0));
        options
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .map_err(|error| KeyError::NotWritten { path: path.to_path_buf(), problem: error.to_string() })
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> KeyError {
    KeyError::Unreadable { path: path.to_path_buf(), problem: error.to_string() }
}

#[cfg(unix)]
fn owner_only(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(KeyError::TooOpen { path: path.to_path_buf(), mode }) }
}

#[cfg(not(unix))]
fn owner_only(_path: &Path) -> Result<(), KeyError> {
    Ok(())
}
