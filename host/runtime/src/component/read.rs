//! Reads a whole file before anything of it is compiled. Owns the order of the checks and what each refusal says.

use std::sync::Arc;

use counterfoil_domain::card::Card;
use counterfoil_domain::id::PluginDigest;
use sha2::{Digest as _, Sha256};
use wasmparser::{Encoding, Parser, Payload, Validator};

use super::offered::{RefusedImport, missing, other_contract, refuse};
use super::{MANIFEST_SECTION, MAX_BYTES, Package};
use crate::manifest::{self, CONTRACT, ManifestErrors};

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
        "the kept component is not what was installed under this digest; it was altered or damaged. Install it again"
    )]
    Altered,
    #[error("{0}")]
    Manifest(#[from] ManifestErrors),
    #[error(
        "the plugin speaks contract {found}; this host serves {CONTRACT}. Build it with an SDK for {CONTRACT}, or use a host that serves {found}"
    )]
    Contract { found: String },
    #[error("the component asks for more than a target gets:{}", lines(.0))]
    Imports(Vec<RefusedImport>),
    #[error("the component does not export {}; a target has all three interfaces. With the SDK: counterfoil_sdk::target!(YourType);", .0.join(", "))]
    Exports(Vec<String>),
}

fn lines(refused: &[RefusedImport]) -> String {
    refused.iter().map(|import| format!("\n  {import}")).collect()
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

    let versions = found.imports.iter().chain(&found.exports);
    if let Some(version) = versions.filter_map(|name| other_contract(name)).next() {
        return Err(PackageError::Contract { found: version.to_owned() });
    }
    let card = card(&found)?;
    let refused: Vec<RefusedImport> = found.imports.iter().filter_map(|import| refuse(import)).collect();
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
    Ok(Package { digest: expected.clone(), bytes: Arc::from(bytes), card: card(&found)?, imports: found.imports })
}

fn card(found: &Found<'_>) -> Result<Card, PackageError> {
    let manifest = match found.manifests.as_slice() {
        [] => return Err(PackageError::NoManifest),
        [one] => std::str::from_utf8(one).map_err(|_| PackageError::ManifestNotText)?,
        several => return Err(PackageError::SeveralManifests(several.len())),
    };
    Ok(manifest::parse(manifest)?)
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
    PackageError::Malformed(format!("{} at byte {}", error.message(), error.offset()))
}

#[derive(Debug, Default)]
struct Found<'a> {
    imports: Vec<String>,
    exports: Vec<String>,
    manifests: Vec<&'a [u8]>,
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
            _ => {}
        }
    }
    Ok(found)
}

fn digest(bytes: &[u8]) -> PluginDigest {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    PluginDigest::new(hex)
}
