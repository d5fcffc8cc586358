//! `plugin verify`: whether a component is what a publisher signed. Owns finding signature and keys on the command line; the
//! answer is the runtime's.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use counterfoil_runtime::component::signature::{self, KeyId, PublisherKey, SignatureError, Signed};
use counterfoil_runtime::component::{self, Package};
use counterfoil_runtime::registry::{read_short, signature_of};
use serde_json::{Value, json};

use super::args::TrustArgs;
use crate::cli::show;
use crate::config::Config;
use crate::exit::Exit;

/// What is known of a component's signature.
#[derive(Debug)]
pub(super) enum SignatureState {
    Unsigned,
    /// Nobody said which keys count.
    Unchecked(KeyId),
    Good(Signed),
    Bad(SignatureError),
}

impl SignatureState {
    pub(super) fn as_json(&self) -> Value {
        match self {
            Self::Unsigned => json!({ "standing": "unsigned" }),
            Self::Unchecked(key) => json!({ "standing": "unchecked", "key": key.as_str() }),
            Self::Good(Signed { publisher, key, comment }) => {
                json!({ "standing": "signed", "publisher": publisher, "key": key.as_str(), "comment": comment })
            }
            Self::Bad(problem) => json!({ "standing": "refused", "problem": problem.to_string() }),
        }
    }
}

impl fmt::Display for SignatureState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned => f.write_str("none; a service runs it only where allow_unsigned is set"),
            Self::Unchecked(key) => {
                write!(f, "by the key {key}, as it says; give --key or --config to have it checked")
            }
            Self::Good(Signed { publisher, key, comment }) => write!(f, "good, by {publisher} ({key}): {comment}"),
            Self::Bad(problem) => write!(f, "refused: {problem}"),
        }
    }
}

/// Of `file`, by its own signature or the given one.
pub(super) fn state(file: &Path, package: &Package, given: Option<&Path>, trust: &TrustArgs) -> Result<SignatureState> {
    let Some(text) = read_signature(file, given)? else { return Ok(SignatureState::Unsigned) };
    let keys = keys(trust, &package.card.publisher)?;
    if keys.is_empty() {
        return Ok(match signature::signing_key(&text) {
            Ok(key) => SignatureState::Unchecked(key),
            Err(error) => SignatureState::Bad(error),
        });
    }
    Ok(match signature::verify(package, &text, &keys) {
        Ok(signed) => SignatureState::Good(signed),
        Err(error) => SignatureState::Bad(error),
    })
}

/// The given signature must be there; the one beside the file may be.
pub(super) fn read_signature(file: &Path, given: Option<&Path>) -> Result<Option<String>> {
    let path = given.map_or_else(|| signature_of(file), PathBuf::from);
    match read_short(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if given.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("the signature {} cannot be read", path.display())),
    }
}

fn keys(trust: &TrustArgs, publisher: &str) -> Result<Vec<PublisherKey>> {
    let mut keys = Vec::new();
    for given in &trust.key {
        let (name, key) = match given.split_once("=RW") {
            Some((name, key)) => (name, format!("RW{key}")),
            None => (publisher, given.clone()),
        };
        let text = if Path::new(&key).is_file() { read_short(Path::new(&key))? } else { key };
        keys.push(PublisherKey::parse(name, &text)?);
    }
    if let Some(config) = &trust.config {
        for (name, text) in Config::load(config)?.plugins.keys() {
            keys.push(PublisherKey::parse(name, text)?);
        }
    }
    Ok(keys)
}

pub(super) fn run(file: &Path, given: Option<&Path>, trust: &TrustArgs, as_json: bool) -> Result<Exit> {
    let package = component::read(&super::inspect::bytes_of(file)?)
        .with_context(|| format!("{} is refused, signed or not", file.display()))?;
    let state = state(file, &package, given, trust)?;
    let exit = if matches!(state, SignatureState::Good(_)) { Exit::Done } else { Exit::Refused };
    if as_json {
        let mut object = state.as_json();
        object["id"] = package.card.id.as_str().into();
        object["version"] = package.card.version.clone().into();
        object["digest"] = package.digest.as_str().into();
        show::json(&object)?;
    } else {
        let (id, version) = (&package.card.id, &package.card.version);
        show::print(&format!("{}\n", show::clean(&format!("{id} {version} ({}): {state}", package.digest))))?;
    }
    Ok(exit)
}
