//! The files that an interpreted plugin is made of, and what was made of them before. Owns which files count, and the cache by
//! their content.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::tools::unique;

/// The contract, as the tools of other languages read it.
pub(super) const CONTRACT: &str = include_str!("../../../../wit/target/target.wit");

/// Folders that never hold a part of the plugin.
const BESIDE: [&str; 4] = ["target", "tests", "node_modules", "__pycache__"];
const MOST_BYTES: u64 = 16 * 1024 * 1024;
const MOST_FILES: usize = 2_000;

/// Relative path and content of each file, in the order of their names.
#[derive(Debug)]
pub(super) struct Sources(Vec<(PathBuf, Vec<u8>)>);

impl Sources {
    /// Every file with this ending, below the folder.
    pub(super) fn read(folder: &Path, ending: &str) -> io::Result<Self> {
        let (mut files, mut bytes, mut open) = (Vec::new(), 0_u64, vec![PathBuf::new()]);
        while let Some(place) = open.pop() {
            for entry in std::fs::read_dir(folder.join(&place))? {
                let entry = entry?;
                let name = entry.file_name();
                let (path, kind) = (place.join(&name), entry.file_type()?);
                let hidden = name.to_string_lossy().starts_with('.') || BESIDE.iter().any(|beside| name == *beside);
                if kind.is_dir() && !hidden {
                    open.push(path);
                } else if kind.is_file() && !hidden && path.extension().is_some_and(|own| own == ending) {
                    bytes = bytes.saturating_add(entry.metadata()?.len());
                    if bytes > MOST_BYTES || files.len() >= MOST_FILES {
                        return Err(io::Error::other("it has more source files than a plugin may have"));
                    }
                    files.push((path.clone(), std::fs::read(folder.join(path))?));
                }
            }
        }
        files.sort();
        Ok(Self(files))
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        for (path, bytes) in &self.0 {
            let place = folder.join(path);
            place.parent().map_or(Ok(()), std::fs::create_dir_all)?;
            std::fs::write(place, bytes)?;
        }
        Ok(())
    }

    /// Where a component made of exactly these files, by this tool, called in this way, is kept.
    pub(super) fn kept(&self, target_dir: &Path, (tool, way): (&str, &str), id: &str) -> Kept {
        let mut digest = Sha256::new();
        let mut add = |part: &[u8]| {
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            digest.update(part);
        };
        add(tool.as_bytes());
        add(way.as_bytes());
        add(CONTRACT.as_bytes());
        for (path, bytes) in &self.0 {
            add(path.to_string_lossy().as_bytes());
            add(bytes);
        }
        let name: String = digest.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let folder = target_dir.join(tool).join(id);
        Kept { path: folder.join(format!("{name}.wasm")), folder }
    }
}

/// One component in the cache, or the place where it will be.
#[derive(Debug)]
pub(super) struct Kept {
    folder: PathBuf,
    path: PathBuf,
}

impl Kept {
    pub(super) fn read(&self) -> Option<Vec<u8>> {
        std::fs::read(&self.path).ok()
    }

    /// The one of the last build makes room: each is many megabytes.
    pub(super) fn keep(&self, made: &Path) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        for old in std::fs::read_dir(&self.folder)? {
            let old = old?.path();
            // Whoever reads it now has it open; one that is being written is somebody else's.
            if old.extension().is_some_and(|ending| ending == "wasm") {
                let _ = std::fs::remove_file(old);
            }
        }
        let half = self.folder.join(unique());
        std::fs::copy(made, &half)?;
        std::fs::rename(half, &self.path)
    }
}

/// A folder for one build, gone after it. It stands where no name has a space: not every tool copes with one.
#[derive(Debug)]
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("counterfoil-build-{}", unique()));
        std::fs::create_dir(&folder)?;
        Ok(Self(folder))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn kept(files: &[(&str, &str)], tool: &str) -> PathBuf {
        let target = Path::new("/t");
        Sources::read(folder(files).path(), "py").unwrap().kept(target, (tool, ""), "acme").path
    }

    #[test]
    fn what_is_kept_stands_for_exactly_these_files_and_this_tool() {
        let first = kept(&[("app.py", "a"), ("sub/b.py", "b")], "tool-1");
        let beside = [
            ("app.py", "a"),
            ("sub/b.py", "b"),
            ("tests/t.py", "x"),
            ("target/o.py", "x"),
            (".h/h.py", "x"),
            ("README.md", "x"),
        ];
        assert_eq!(kept(&beside, "tool-1"), first, "what is no part of it does not count");
        for (files, tool) in [
            (&[("app.py", "a"), ("sub/b.py", "b")][..], "tool-2"),
            (&[("app.py", "a"), ("sub/b.py", "c")], "tool-1"),
            (&[("app.py", "a"), ("sub/c.py", "b")], "tool-1"),
            (&[("app.py", "asub/b.pyb")], "tool-1"),
        ] {
            assert_ne!(kept(files, tool), first, "{files:?} {tool}");
        }
    }

    #[test]
    fn only_the_last_one_is_kept() {
        let target = tempfile::tempdir().unwrap();
        let made = target.path().join("made");
        for text in ["one", "two"] {
            std::fs::write(&made, text).unwrap();
            let kept =
                Sources::read(folder(&[("app.py", text)]).path(), "py").unwrap().kept(target.path(), ("t", ""), "acme");
            assert_eq!(kept.read(), None);
            kept.keep(&made).unwrap();
            assert_eq!(kept.read().as_deref(), Some(text.as_bytes()));
        }
        assert_eq!(std::fs::read_dir(target.path().join("t/acme")).unwrap().count(), 1);
    }
}
