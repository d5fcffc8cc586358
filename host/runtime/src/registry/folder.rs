//! The plugins folder as it is watched: which files are new or changed, and stand still. Owns the looking; what becomes
//! of a file is decided by whoever asked. Blocking, for threads that may wait.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::component::signature::SIGNATURE_ENDING;
use crate::component::{MAX_BYTES, PackageError};

/// What tells one state of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    own: Stamp,
    /// Of the signature beside it: one that comes later makes the file worth another look.
    signature: Option<Stamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// None: gone between two steps, or not a file.
    fn of(path: &Path) -> Option<Self> {
        let about = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        Some(Self { size: about.len(), modified: about.modified().ok() })
    }
}

/// Where the signature of a file stands.
pub fn signature_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(SIGNATURE_ENDING);
    PathBuf::from(name)
}

#[derive(Debug)]
struct Seen {
    mark: Mark,
    /// It was handed over in this state.
    taken: bool,
}

/// What is different since the look before.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// New or changed, in the order of their names.
    pub ready: Vec<PathBuf>,
    pub gone: Vec<PathBuf>,
}

#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    seen: BTreeMap<PathBuf, Seen>,
}

impl Folder {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), seen: BTreeMap::new() }
    }

    /// A file that is being copied grows from look to look: it is handed over when two looks in a row find it the same,
    /// and again when it changed. `at_once` takes what is there as it is: for a start, before anything is watched.
    pub fn look(&mut self, at_once: bool) -> io::Result<Changes> {
        let found = self.files()?;
        let mut changes = Changes::default();
        self.seen.retain(|path, _| {
            let there = found.contains_key(path);
            if !there {
                changes.gone.push(path.clone());
            }
            there
        });
        for (path, mark) in found {
            let still = self.seen.get(&path).is_some_and(|seen| seen.mark == mark);
            let taken = still && self.seen.get(&path).is_some_and(|seen| seen.taken);
            let ready = !taken && (still || at_once);
            if ready {
                changes.ready.push(path.clone());
            }
            self.seen.insert(path, Seen { mark, taken: taken || ready });
        }
        Ok(changes)
    }

    fn files(&self) -> io::Result<BTreeMap<PathBuf, Mark>> {
        let mut found = BTreeMap::new();
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if hidden || path.extension().is_none_or(|extension| extension != "wasm") {
                continue;
            }
            // What is gone by now, or is no file, is not ours to tell of.
            let Some(own) = Stamp::of(&path) else { continue };
            let signature = Stamp::of(&signature_of(&path));
            found.insert(path, Mark { own, signature });
        }
        Ok(found)
    }
}

/// The bytes of a file that may be a plugin. The size is asked first, so that a huge file is refused without being read.
pub fn read_file(path: &Path) -> Result<Vec<u8>, super::InstallError> {
    let file = |error: io::Error| super::InstallError::File(error.to_string());
    let size = std::fs::metadata(path).map_err(file)?.len();
    if let Some(size) = usize::try_from(size).ok().filter(|size| *size > MAX_BYTES) {
        return Err(PackageError::TooLarge { size }.into());
    }
    std::fs::read(path).map_err(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_handed_over_once_it_stands_still_and_again_when_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        let mut watched = Folder::new(folder.path());
        let ready = |paths: &[&PathBuf]| Changes { ready: paths.iter().map(|p| (*p).clone()).collect(), gone: vec![] };
        std::fs::write(folder.path().join("notes.txt"), "no").unwrap();
        std::fs::write(folder.path().join(".half.wasm"), "no").unwrap();
        std::fs::create_dir(folder.path().join("folder.wasm")).unwrap();
        assert_eq!(watched.look(true).unwrap(), ready(&[]));

        std::fs::write(&path, "half").unwrap();
        assert_eq!(watched.look(false).unwrap(), ready(&[]), "it was not there before");
        std::fs::write(&path, "half and more").unwrap();
        assert_eq!(watched.look(false).unwrap(), ready(&[]), "it grows");
        assert_eq!(watched.look(false).unwrap(), ready(&[&path]));
        assert_eq!(watched.look(false).unwrap(), ready(&[]), "once");
        let signature = signature_of(&path);
        std::fs::write(&signature, "signed").unwrap();
        assert_eq!(watched.look(false).unwrap(), ready(&[]));
        assert_eq!(watched.look(false).unwrap(), ready(&[&path]), "its signature came");
        std::fs::remove_file(&signature).unwrap();
        std::fs::write(&path, "another").unwrap();
        assert_eq!(watched.look(false).unwrap(), ready(&[]));
        assert_eq!(watched.look(false).unwrap(), ready(&[&path]));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(watched.look(false).unwrap(), Changes { ready: vec![], gone: vec![path.clone()] });
        std::fs::write(&path, "at a start").unwrap();
        assert_eq!(watched.look(true).unwrap(), ready(&[&path]));
        assert_eq!(watched.look(false).unwrap(), ready(&[]));
        assert!(Folder::new(folder.path().join("nowhere")).look(true).is_err());
    }
}
