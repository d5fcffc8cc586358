//! Reads a whole file before anything of it is compiled. Owns the order of the checks and what each refusal says.

use std::sync::Arc;

use counterfoil_domain::id::PluginDigest;
use sha2::{Digest as _, Sha256};
use wasmparser::{Encoding, Parser, Payload, Validator};

use super::offered::{RefusedImport, missing, other_contract, refuse, serves};
use super::{CONTRACT_SECTION, MANIFEST_SECTION, MAX_BYTES, MAX_MANIFEST_BYTES, Package};
use crate::manifest::{self, CONTRACT, ManifestErrors, other_contract_remedy, printable};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    #[error(
        "the file has {size} bytes; at most {MAX_BYTES} are read. Build it with the profile \"plugin\", which strips what is not needed"
    )]
    TooLarge { size: usize },
    #[error("the file is {what}, not a WebAssembly component. Build the plugin with: counterfoil plugin build")]
    NotAComponent { what: &'static str },
    #[error(
        "the file is damaged: {0}. Build it again; if that does not help, it was made by a tool that this host does not understand"
    )]
    Malformed(String),
    #[error("the component carries no card. Embed plugin.toml with: counterfoil plugin build")]
    NoManifest,
    #[error("the component carries {0} cards; exactly one is expected. Build it again from one plugin.toml")]
    SeveralManifests(usize),
    #[error("the card in the component is not text. Build it again from plugin.toml")]
    ManifestNotText,
    #[error(
        "the card in the component has {size} bytes; at most {MAX_MANIFEST_BYTES} are read. Shorten plugin.toml and build it again"
    )]
    ManifestTooLarge { size: usize },
    #[error(
        "the kept component is not what was installed under this digest; it was altered or damaged. Install it again"
    )]
    Altered,
    #[error("{0}")]
    Manifest(#[from] ManifestErrors),
    #[error("the plugin was built for contract {found}; this host serves {CONTRACT}. {}", other_contract_remedy(.found))]
    Contract { found: String },
    #[error("the component asks for more than a target gets:{}", lines(.0))]
    Imports(Vec<RefusedImport>),
    #[error("the component does not export {}; a target has all three interfaces. With the SDK: counterfoil_sdk::target!(YourType);", .0.join(", "))]
    Exports(Vec<String>),
}

/// As many as a person reads; who asks for a thousand things is told of the first.
const TOLD: usize = 10;
const NAME_LENGTH: usize = 120;
const COMPLAINT_LENGTH: usize = 300;

fn lines(refused: &[RefusedImport]) -> String {
    let mut text: String = refused.iter().take(TOLD).map(|import| format!("\n  {import}")).collect();
    if refused.len() > TOLD {
        text += &format!("\n  and {} more", refused.len() - TOLD);
    }
    text
}

fn shown(name: &str) -> String {
    printable(name, NAME_LENGTH)
}

/// The package in these bytes, or the first reason why it is none.
pub fn read(bytes: &[u8]) -> Result<Package, PackageError> {
    if bytes.len() > MAX_BYTES {
        return Err(PackageError::TooLarge { size: bytes.len() });
    }
    if let Some(what) = foreign(bytes) {
        return Err(PackageError::NotAComponent { what });
    }
    let found = walk(bytes)?;
    Validator::new().validate_all(bytes).map_err(|error| malformed(&error))?;

    if let Some(version) = found.other_contract() {
        return Err(PackageError::Contract { found: shown(version) });
    }
    let card = manifest::parse(manifest_text(bytes)?)?;
    let refused: Vec<RefusedImport> = found
        .imports
        .iter()
        .filter_map(|import| refuse(import))
        .map(|refused| RefusedImport { name: shown(&refused.name), ..refused })
        .collect();
    if !refused.is_empty() {
        return Err(PackageError::Imports(refused));
    }
    let missing = missing(&found.exports);
    if !missing.is_empty() {
        return Err(PackageError::Exports(missing));
    }
    Ok(Package { digest: digest(bytes), bytes: Arc::from(bytes), card, imports: found.imports })
}

/// A component that was read before and kept under its digest: the digest says that it is the same, so what was proven
/// of it then is not proven again.
pub fn reopen(bytes: &[u8], expected: &PluginDigest) -> Result<Package, PackageError> {
    if digest(bytes) != *expected {
        return Err(PackageError::Altered);
    }
    let found = walk(bytes)?;
    Ok(Package {
        digest: expected.clone(),
        bytes: Arc::from(bytes),
        card: manifest::parse(manifest_text(bytes)?)?,
        imports: found.imports,
    })
}

/// The text of the card that these bytes carry, as it was written.
pub fn manifest_text(bytes: &[u8]) -> Result<&str, PackageError> {
    let found = walk(bytes)?;
    let manifest = match found.manifests.as_slice() {
        [] => return Err(PackageError::NoManifest),
        [one] => one,
        several => return Err(PackageError::SeveralManifests(several.len())),
    };
    if manifest.len() > MAX_MANIFEST_BYTES {
        return Err(PackageError::ManifestTooLarge { size: manifest.len() });
    }
    std::str::from_utf8(manifest).map_err(|_| PackageError::ManifestNotText)
}

/// What the file is, when its first bytes already say that it is no component. Compiled native code is never
/// accepted: only this host's own compiler makes it.
fn foreign(bytes: &[u8]) -> Option<&'static str> {
    if wasmtime::Engine::detect_precompiled(bytes).is_some() || bytes.starts_with(b"\x7fELF") {
        return Some("native code");
    }
    if bytes.starts_with(b"MZ") || bytes.starts_with(b"\xcf\xfa\xed\xfe") {
        return Some("native code");
    }
    match bytes.get(..8) {
        Some(b"\0asm\x01\0\0\0") => Some("a WebAssembly module (wrong target: wasm32-wasip2 makes components)"),
        Some(header) if header.starts_with(b"\0asm") => None,
        _ => Some("something else"),
    }
}

fn malformed(error: &wasmparser::BinaryReaderError) -> PackageError {
    PackageError::Malformed(format!("{} at byte {}", printable(error.message(), COMPLAINT_LENGTH), error.offset()))
}

#[derive(Debug, Default)]
struct Found<'a> {
    imports: Vec<String>,
    exports: Vec<String>,
    manifests: Vec<&'a [u8]>,
    /// What the SDK left in the code, at any depth.
    stamps: Vec<&'a [u8]>,
}

impl Found<'_> {
    /// A contract that this host does not serve, among what the code was compiled against and the names it uses.
    fn other_contract(&self) -> Option<&str> {
        let named = self.imports.iter().chain(&self.exports).find_map(|name| other_contract(name));
        let stamped = || {
            let texts = self.stamps.iter().map(|stamp| std::str::from_utf8(stamp).unwrap_or("that cannot be read"));
            texts.into_iter().find(|stamp| !serves(stamp))
        };
        named.or_else(stamped)
    }
}

/// Every section of the file, those of nested modules and components too; only the outermost ones count.
fn walk(bytes: &[u8]) -> Result<Found<'_>, PackageError> {
    let mut found = Found::default();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| malformed(&error))? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(PackageError::NotAComponent { what: "a WebAssembly module" });
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    found.imports.push(import.map_err(|error| malformed(&error))?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    found.exports.push(export.map_err(|error| malformed(&error))?.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) if depth == 0 && section.name() == MANIFEST_SECTION => {
                found.manifests.push(section.data());
            }
            Payload::CustomSection(section) if section.name() == CONTRACT_SECTION => {
                found.stamps.push(section.data());
            }
            _ => {}
        }
    }
    Ok(found)
}

/// SHA-256 of the bytes: the name of a version.
pub fn digest(bytes: &[u8]) -> PluginDigest {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    PluginDigest::new(hex)
}
