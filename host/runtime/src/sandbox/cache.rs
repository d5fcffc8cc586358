//! Compiled code on disk, by the digest of the component and the engine that made it. Owns the files and the one unsafe
//! call that makes code of them; never takes in what this host did not compile.

use std::fs::{File, OpenOptions, Permissions};
use std::hash::{Hash as _, Hasher};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use counterfoil_domain::id::PluginDigest;
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Nobody but the owner gets in.
const PRIVATE: u32 = 0o700;
const OWN_FILE: u32 = 0o600;

#[derive(Debug, Clone)]
pub(super) struct Cache {
    folder: PathBuf,
    /// What the code must have been compiled for.
    engine: String,
}

impl Cache {
    /// Makes the folder, or takes it over: whoever cannot set its mode is not its owner.
    pub(super) fn open(folder: &Path, engine: &Engine) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(PRIVATE).create(folder)?;
        std::fs::set_permissions(folder, Permissions::from_mode(PRIVATE))?;
        Ok(Self { folder: folder.to_owned(), engine: engine_hash(engine) })
    }

    fn code(&self, digest: &PluginDigest) -> PathBuf {
        self.folder.join(format!("{digest}-{}.code", self.engine))
    }

    /// The compiled component, if it is there and is what was written. Anything else is taken away, and compiled anew.
    pub(super) fn load(&self, engine: &Engine, digest: &PluginDigest) -> Option<Component> {
        let path = self.code(digest);
        let code = std::fs::read(&path).ok()?;
        let noted = std::fs::read_to_string(sum_of(&path)).unwrap_or_default();
        let component = if noted == hex(&Sha256::digest(&code)) { revive(engine, &code).ok() } else { None };
        if component.is_none() {
            tracing::warn!(%digest, "the compiled code of a plugin is not what was kept; it is compiled anew");
            let _ = std::fs::remove_file(&path);
            let _ = std::fs::remove_file(sum_of(&path));
        }
        component
    }

    /// Keeps code that this host has compiled. What another engine made of the same component is of no more use.
    pub(super) fn keep(&self, digest: &PluginDigest, code: &[u8]) -> io::Result<()> {
        let path = self.code(digest);
        self.put(&path, code)?;
        self.put(&sum_of(&path), hex(&Sha256::digest(code)).as_bytes())?;
        let of_digest = format!("{digest}-");
        for entry in std::fs::read_dir(&self.folder)?.flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with(&of_digest) && !name.contains(&self.engine) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        File::open(&self.folder)?.sync_all()
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let half = self.scratch("part");
        let written = write_own(&half, bytes).and_then(|()| std::fs::rename(&half, path));
        if written.is_err() {
            let _ = std::fs::remove_file(&half);
        }
        written
    }

    /// A name of a file that nobody else uses.
    pub(super) fn scratch(&self, ending: &str) -> PathBuf {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!(".{}-{next}.{ending}", std::process::id()))
    }
}

pub(super) fn write_own(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(OWN_FILE).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sum_of(code: &Path) -> PathBuf {
    code.with_extension("sum")
}

/// Code that this host compiled, as a component.
#[expect(unsafe_code, reason = "compiled code cannot be checked by its looks; the proof is below")]
pub(super) fn revive(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are what `Engine::precompile_component` or `Component::serialize` of this very program wrote:
    // 1. They come from two places only: the compiler that was just run, or a file that `Cache::keep` wrote.
    // 2. Such files lie in a folder of mode 0700 that this process owns, so nobody else can put or alter one. Whoever
    //    could act as this account could as well replace the program itself.
    // 3. Rot and half-written files are found before: the SHA-256 kept beside the file must fit the very bytes that
    //    are handed over here. They are read into memory first, so nothing can change between check and use.
    // 4. The file's name holds the hash of the engine's version and settings, and the call itself compares them again.
    // 5. No door leads here from outside: a plugin that begins like compiled code is refused when it is read
    //    (`component::read`), and no setting, upload or plugins folder names a file of this kind.
    unsafe { Component::deserialize(engine, code) }
}

/// Version and settings of the compiler, as a name.
fn engine_hash(engine: &Engine) -> String {
    struct Sha(Sha256);
    impl Hasher for Sha {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            0
        }
    }
    let mut hasher = Sha(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hex(&hasher.0.finalize()[..16])
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest component there is.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn fresh() -> (tempfile::TempDir, Engine, Cache, PluginDigest) {
        let folder = tempfile::tempdir().unwrap();
        let engine = crate::sandbox::config::plain().unwrap();
        let cache = Cache::open(&folder.path().join("compiled"), &engine).unwrap();
        (folder, engine, cache, PluginDigest::new("d1"))
    }

    #[test]
    fn what_was_kept_is_found_and_what_was_altered_is_not() {
        let (_folder, engine, cache, digest) = fresh();
        assert!(cache.load(&engine, &digest).is_none());
        let code = engine.precompile_component(EMPTY).unwrap();
        cache.keep(&digest, &code).unwrap();
        assert!(cache.load(&engine, &digest).is_some());
        assert!(cache.load(&engine, &PluginDigest::new("d2")).is_none());

        let path = cache.code(&digest);
        let mut altered = code.clone();
        *altered.last_mut().unwrap() ^= 1;
        for (what, wrong) in [("altered", altered), ("cut off", code[..code.len() / 2].to_vec()), ("empty", vec![])] {
            cache.keep(&digest, &code).unwrap();
            std::fs::write(&path, wrong).unwrap();
            assert!(cache.load(&engine, &digest).is_none(), "{what}");
            assert!(!path.exists(), "{what}: it is taken away");
        }
        cache.keep(&digest, &code).unwrap();
        std::fs::remove_file(sum_of(&path)).unwrap();
        assert!(cache.load(&engine, &digest).is_none(), "without its digest it is nobody's");
    }

    #[test]
    fn the_folder_and_its_files_are_the_owners_alone() {
        let (_folder, engine, cache, digest) = fresh();
        std::fs::set_permissions(&cache.folder, Permissions::from_mode(0o777)).unwrap();
        let cache = Cache::open(&cache.folder, &engine).unwrap();
        cache.keep(&digest, &engine.precompile_component(EMPTY).unwrap()).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&cache.folder), mode(&cache.code(&digest))), (0o700, 0o600));
    }

    #[test]
    fn code_of_another_engine_makes_room() {
        let (_folder, engine, cache, digest) = fresh();
        let former = Cache { engine: "0".repeat(32), ..cache.clone() };
        former.keep(&digest, b"old").unwrap();
        cache.keep(&digest, &engine.precompile_component(EMPTY).unwrap()).unwrap();
        assert!(!former.code(&digest).exists());
        assert!(cache.load(&engine, &digest).is_some());
    }
}
