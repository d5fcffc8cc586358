//! Which plugins may run at all: those that came with the program, those that a trusted publisher signed, and the rest
//! where the operator says so. Owns the rule; keys and signatures are read by the runtime.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use counterfoil_domain::id::PluginDigest;
use counterfoil_domain::ports::Provenance;
use counterfoil_runtime::component::signature::{self, PublisherKey, SignatureError};
use counterfoil_runtime::component::{self, Package};
use counterfoil_runtime::registry::{Proof, read_file};

use crate::config::Config;

/// Why a component may not run here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TrustError {
    #[error(
        "nobody signed {0}, and this service runs only signed plugins. Put the publisher's signature (FILE.wasm.minisig) beside the file or give it with --signature; for a plugin of your own, make a key with `counterfoil plugin keygen`, sign with `counterfoil plugin sign` and trust the key in [plugins.publishers]; or set allow_unsigned = true in [plugins] of counterfoil.toml"
    )]
    Unsigned(String),
    #[error("{0}")]
    Signature(#[from] SignatureError),
}

/// What the operator trusts, as the configuration says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trust {
    allow_unsigned: bool,
    keys: Vec<PublisherKey>,
    bundled: Vec<PathBuf>,
}

impl Trust {
    pub(crate) fn of(config: &Config) -> Result<Self> {
        let mut keys = Vec::new();
        for (publisher, text) in config.plugins.keys() {
            let key = PublisherKey::parse(publisher, text);
            keys.push(key.with_context(|| format!("plugins.publishers.\"{publisher}\" of the configuration"))?);
        }
        Ok(Self { allow_unsigned: config.plugins.allow_unsigned, keys, bundled: config.bundled.clone() })
    }

    /// Blocking: it hashes, and looks into the program's own folders.
    pub(crate) fn judge(&self, package: &Package, proof: Option<&Proof>) -> Result<Provenance, TrustError> {
        // A signature that is there must be good, whatever else speaks for the file: a wrong one is somebody's mistake
        // or somebody's attack, and neither should run.
        match proof {
            Some(Proof::Signature(text)) => {
                let signed = signature::verify(package, text, &self.keys)?;
                Ok(Provenance::Signed { publisher: signed.publisher, key: signed.key.to_string() })
            }
            Some(Proof::Bundled) => Ok(Provenance::Bundled),
            None if self.came_along(&package.digest, package.size()) => Ok(Provenance::Bundled),
            None if self.allow_unsigned => Ok(Provenance::Unsigned),
            None => Err(TrustError::Unsigned(format!("{} {}", package.card.id, package.card.version))),
        }
    }

    /// One of the files in the program's own folders: whoever can write there can replace the program itself.
    fn came_along(&self, digest: &PluginDigest, size: usize) -> bool {
        let files = self.bundled.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        files
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "wasm"))
            .filter(|path| std::fs::metadata(path).is_ok_and(|about| usize::try_from(about.len()) == Ok(size)))
            .any(|path| read_file(&path).is_ok_and(|bytes| component::digest(&bytes) == *digest))
    }
}
