//! From a component to machine code, off the asynchronous threads: kept code first, then the compiler, in a process of
//! its own where there is one. The one place that compiles.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use counterfoil_domain::id::PluginDigest;
use wasmtime::Engine;
use wasmtime::component::Component;

use super::LoadError;
use super::cache::{Cache, revive, write_own};
use super::child;
use crate::component::Package;

/// Where compiled code is kept, and who compiles.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// A private folder; it is made when it is not there.
    pub folder: PathBuf,
    /// The host's own binary, run as a compiler under limits. None: compiled in this process.
    pub compiler: Option<PathBuf>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Compiler {
    kept: Option<(Cache, Option<PathBuf>)>,
    compiled: Arc<AtomicU64>,
}

impl Compiler {
    pub(super) fn new(workshop: &Workshop, engine: &Engine) -> std::io::Result<Self> {
        let cache = Cache::open(&workshop.folder, engine)?;
        Ok(Self { kept: Some((cache, workshop.compiler.clone())), compiled: Arc::default() })
    }

    /// How many components were compiled since the start: none of those whose code was kept.
    pub(super) fn compiled(&self) -> u64 {
        self.compiled.load(Ordering::Relaxed)
    }

    pub(super) async fn compile(&self, engine: &Engine, package: &Package) -> Result<Component, LoadError> {
        let (own, engine) = (self.clone(), engine.clone());
        let (bytes, digest) = (Arc::clone(&package.bytes), package.digest.clone());
        let compiled = tokio::task::spawn_blocking(move || own.component(&engine, &bytes, &digest)).await;
        match compiled {
            Ok(done) => done.map_err(LoadError::Compile),
            Err(stopped) => Err(LoadError::Compile(format!("the compiler stopped: {stopped}"))),
        }
    }

    fn component(&self, engine: &Engine, bytes: &[u8], digest: &PluginDigest) -> Result<Component, String> {
        let told = |error: wasmtime::Error| format!("{error:#}");
        let Some((cache, compiler)) = &self.kept else {
            self.compiled.fetch_add(1, Ordering::Relaxed);
            return Component::from_binary(engine, bytes).map_err(told);
        };
        if let Some(component) = cache.load(engine, digest) {
            return Ok(component);
        }
        self.compiled.fetch_add(1, Ordering::Relaxed);
        let code = match compiler {
            Some(binary) => elsewhere(cache, binary, bytes)?,
            None => engine.precompile_component(bytes).map_err(told)?,
        };
        if let Err(error) = cache.keep(digest, &code) {
            tracing::warn!(%digest, %error, "compiled code cannot be kept; the next start compiles it again");
        }
        revive(engine, &code).map_err(told)
    }
}

/// The files between the two processes lie in the private folder, and are gone afterwards.
fn elsewhere(cache: &Cache, binary: &Path, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let (input, output) = (cache.scratch("in"), cache.scratch("out"));
    let file = |error: std::io::Error| format!("the folder of compiled code cannot be used: {error}");
    let code = write_own(&input, bytes)
        .map_err(file)
        .and_then(|()| child::compile(binary, &input, &output))
        .and_then(|()| std::fs::read(&output).map_err(file));
    for path in [input, output] {
        let _ = std::fs::remove_file(path);
    }
    code
}
