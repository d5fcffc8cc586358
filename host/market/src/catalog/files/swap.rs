//! A file replaced in one step: written beside, flushed, renamed over, and the folder flushed too.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

#[derive(Debug, thiserror::Error)]
pub(super) enum SwapError {
    /// The old text is still there.
    #[error("{0}")]
    Before(io::Error),
    /// The new text is there, and may be lost in a power cut.
    #[error("{0}")]
    After(io::Error),
}

pub(super) fn replace(path: &Path, text: &[u8]) -> Result<(), SwapError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let beside = path.with_extension("json.new");
    let write = || {
        let mut file = File::create(&beside)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|error: io::Error| {
        // What was begun is nobody's; should that fail too, the next replacement writes over it.
        let _gone = fs::remove_file(&beside);
        SwapError::Before(error)
    })?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(SwapError::After)
}
