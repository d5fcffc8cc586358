//! The sandbox: one engine, one set of limits, one list of what a guest may import. Loads packages into targets;
//! every call of a target gets a store and an instance of its own.

pub(crate) mod bindings;
mod breaker;
mod cache;
mod call;
mod child;
mod compile;
mod config;
mod crowd;
mod host;
mod limiter;
mod linker;
mod report;
mod state;
mod tail;
mod target;
mod ticker;

use std::fmt;
use std::sync::Arc;

use counterfoil_domain::ports::{CallError, Clock};
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::component::Package;
use crate::manifest::CONTRACT;
use bindings::TargetPre;
use crowd::Crowd;
use state::State;

pub use child::{COMPILE, compile_file};
use compile::Compiler;
pub use compile::Workshop;
pub use report::{CallReport, LogLine};
use target::NoExchange;
pub use target::WasmTarget;

/// How many calls run at once when nobody says otherwise.
pub const DEFAULT_CONCURRENCY: usize = 16;

#[derive(Debug, thiserror::Error)]
#[error("the sandbox cannot be set up: {0}. Nothing was billed; this machine cannot run plugins as it is configured")]
pub struct SandboxError(String);

/// Why a package that was read cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    #[error("the component cannot be compiled: {0}")]
    Compile(String),
    /// Every import and export is checked by type, so a record that grew shows here.
    #[error("the component does not fit contract {CONTRACT}: {0}. Build it against the same contract")]
    Contract(String),
    #[error("the component does not start: {0}")]
    Start(CallError),
}

/// Cheap to clone; all clones share the engine, the pool and the permits.
#[derive(Clone)]
pub struct Sandbox {
    engine: Engine,
    linker: Arc<Linker<State>>,
    compiler: Compiler,
    crowd: Crowd,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sandbox({} permits)", self.crowd.free())
    }
}

impl Sandbox {
    /// Room for `concurrency` calls at once; more wait for a permit. Nothing that is compiled is kept.
    pub fn new(concurrency: usize, clock: Arc<dyn Clock>) -> Result<Self, SandboxError> {
        Self::made(concurrency, clock, None)
    }

    /// The same, with a place for compiled code and the compiler that makes it.
    pub fn with_workshop(concurrency: usize, clock: Arc<dyn Clock>, workshop: &Workshop) -> Result<Self, SandboxError> {
        Self::made(concurrency, clock, Some(workshop))
    }

    fn made(concurrency: usize, clock: Arc<dyn Clock>, workshop: Option<&Workshop>) -> Result<Self, SandboxError> {
        let concurrency = concurrency.clamp(1, 256);
        let engine = config::engine(concurrency).map_err(|error| SandboxError(format!("{error:#}")))?;
        let linker = linker::linker(&engine).map_err(|error| SandboxError(format!("{error:#}")))?;
        ticker::start(&engine).map_err(|error| SandboxError(error.to_string()))?;
        let compiler = match workshop {
            None => Compiler::default(),
            Some(workshop) => Compiler::new(workshop, &engine).map_err(|error| {
                SandboxError(format!("the folder {} for compiled code: {error}", workshop.folder.display()))
            })?,
        };
        Ok(Self { engine, linker: Arc::new(linker), compiler, crowd: Crowd::new(concurrency), clock })
    }

    fn crowd(&self) -> Crowd {
        self.crowd.clone()
    }

    /// How many components were compiled since the start; code that was kept is not compiled again.
    pub fn compiled(&self) -> u64 {
        self.compiler.compiled()
    }

    /// Compiles, proves imports and exports by type, and starts one instance to see that it fits its limits.
    pub async fn load(&self, package: &Package) -> Result<WasmTarget, LoadError> {
        let component = self.compiler.compile(&self.engine, package).await?;
        let contract = |error: wasmtime::Error| LoadError::Contract(format!("{error:#}"));
        let pre = self.linker.instantiate_pre(&component).map_err(contract)?;
        let pre = TargetPre::new(pre).map_err(contract)?;
        let target = WasmTarget::new(self.clone(), pre, package.card.clone(), package.digest.clone());
        target.start(Arc::new(NoExchange)).await?;
        Ok(target)
    }
}
