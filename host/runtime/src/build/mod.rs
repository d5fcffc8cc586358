//! Builds a plugin from its folder: compiles it, puts its card in and checks the result as the host would. Owns the
//! steps; the compiler is its language's.

mod cargo;
mod javascript;
mod language;
mod python;
mod sources;
mod tools;

use std::io;
use std::path::{Path, PathBuf};

use counterfoil_domain::card::Card;
use counterfoil_domain::id::PluginDigest;

use language::Language;

use crate::component::{self, EmbedError, PackageError};
use crate::manifest::{self, ManifestErrors};

/// What a plugin is compiled for.
pub const WASM_TARGET: &str = "wasm32-wasip2";

#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Where cargo puts what it makes; none: where the plugin's own workspace says.
    pub target_dir: Option<PathBuf>,
    /// Nothing is fetched.
    pub offline: bool,
}

/// A plugin, ready to be installed.
#[derive(Debug, Clone)]
pub struct Built {
    pub path: PathBuf,
    pub size: usize,
    pub imports: Vec<String>,
    pub card: Card,
    pub digest: PluginDigest,
}

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("{} cannot be {what}: {error}", path.display())]
    File { path: PathBuf, what: &'static str, error: io::Error },
    #[error("{}: {error}", path.display())]
    Manifest { path: PathBuf, error: ManifestErrors },
    #[error("{program} cannot be started: {error}. Nothing was built. {remedy}, and try again")]
    Absent { program: &'static str, error: io::Error, remedy: &'static str },
    #[error(
        "{tool}, which builds this plugin, cannot be fetched: {said}\nNothing was built. It is fetched once and kept in the target folder"
    )]
    Fetch { tool: &'static str, said: String },
    #[error("{program} cannot be started: {error}. Install Rust from https://rustup.rs and try again")]
    Tool { program: &'static str, error: io::Error },
    #[error("the folder is not a plugin that cargo can build: {0}")]
    Project(String),
    #[error("Rust cannot build for {WASM_TARGET} yet, and adding it failed: {0}\nRun: rustup target add {WASM_TARGET}")]
    MissingTarget(String),
    #[error("the plugin does not compile:\n{0}")]
    Compile(String),
    #[error("{0}")]
    Embed(#[from] EmbedError),
    #[error("the plugin was built, but a host would refuse it: {0}")]
    Refused(#[from] PackageError),
}

/// Builds the plugin in `folder` into `<target>/plugins/<id>.wasm`.
pub async fn build(folder: &Path, options: &Options) -> Result<Built, BuildError> {
    let manifest_path = folder.join("plugin.toml");
    let text = tokio::fs::read_to_string(&manifest_path).await.map_err(|error| file(&manifest_path, "read", error))?;
    // The card is checked first: a typo should not cost a compilation.
    let card = manifest::parse(&text).map_err(|error| BuildError::Manifest { path: manifest_path, error })?;

    let compiled = match Language::of(folder) {
        Language::Rust => rust(folder, options).await?,
        Language::Python => python::compile(folder, card.id.as_str(), options).await?,
        Language::JavaScript => javascript::compile(folder, card.id.as_str(), options).await?,
    };
    let bytes = component::embed(&compiled.wasm, &text)?;
    let package = component::read(&bytes)?;

    let plugins = compiled.target_dir.join("plugins");
    tokio::fs::create_dir_all(&plugins).await.map_err(|error| file(&plugins, "created", error))?;
    let path = plugins.join(format!("{}.wasm", card.id));
    // Written beside and renamed: a host that reads the folder never sees half a file.
    let half = plugins.join(format!("{}.wasm.{}", card.id, std::process::id()));
    tokio::fs::write(&half, &bytes).await.map_err(|error| file(&half, "written", error))?;
    tokio::fs::rename(&half, &path).await.map_err(|error| file(&path, "written", error))?;
    Ok(Built { path, size: package.size(), imports: package.imports, card: package.card, digest: package.digest })
}

/// What a language's compiler made, without a card.
#[derive(Debug)]
struct Compiled {
    wasm: Vec<u8>,
    target_dir: PathBuf,
}

async fn rust(folder: &Path, options: &Options) -> Result<Compiled, BuildError> {
    let project = cargo::project(folder, options).await?;
    cargo::ensure_target(folder).await?;
    let made = cargo::compile(folder, &project, options).await?;
    let wasm = tokio::fs::read(&made).await.map_err(|error| file(&made, "read", error))?;
    Ok(Compiled { wasm, target_dir: project.target_dir })
}

fn file(path: &Path, what: &'static str, error: io::Error) -> BuildError {
    BuildError::File { path: path.to_owned(), what, error }
}
