//! `plugin pack`: the one file that a publisher gives to others. Owns its name and the order of the checks; a version that
//! was packed is never packed again with other contents.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use counterfoil_domain::ports::WallClock;
use counterfoil_runtime::component::{self, Package};
use counterfoil_runtime::sandbox::Sandbox;
use serde_json::json;

use super::build::component_of;
use super::keys;
use crate::cli::show;
use crate::exit::Exit;

pub(super) async fn run(target: &Path, into: &Path, key: Option<&Path>, as_json: bool) -> Result<Exit> {
    let refused = || format!("{} is refused; nothing was packed", target.display());
    let packed = packed(&component_of(target).await?).with_context(refused)?;
    // What only types show, and whether it starts within its own limits, is found by loading it.
    let sandbox = Sandbox::new(1, Arc::new(WallClock)).context("the sandbox cannot be started")?;
    sandbox.load(&packed).await.with_context(refused)?;
    let path = into.join(format!("{}-{}.wasm", packed.card.id, packed.card.version));
    write(&path, &packed)?;
    let signed = key.map(|key| keys::sign(&path, key)).transpose()?;
    if as_json {
        show::json(&json!({
            "file": path.display().to_string(), "id": packed.card.id.as_str(), "version": packed.card.version,
            "digest": packed.digest.as_str(), "bytes": packed.size(),
            "signature": signed.as_ref().map(|(path, _)| path.display().to_string()),
        }))?;
        return Ok(Exit::Done);
    }
    show::print(&format!("{}\n{}\n", path.display(), packed.digest))?;
    let signed = match signed {
        Some((path, id)) => format!("signed with the key {id} in {}", path.display()),
        None => "not signed; services run it only where they allow unsigned plugins".to_owned(),
    };
    eprintln!("Packed {} {} ({} KiB), {signed}", packed.card.id, packed.card.version, packed.size().div_ceil(1024));
    Ok(Exit::Done)
}

/// The same component without what no host reads, its card last.
fn packed(bytes: &[u8]) -> Result<Package> {
    let package = component::read(bytes)?;
    let manifest = component::manifest_text(bytes)?;
    let packed = component::read(&component::embed(&component::strip(bytes)?, manifest)?)?;
    if packed.card != package.card {
        bail!("its card changed while it was packed. That is a mistake of this program");
    }
    Ok(packed)
}

fn write(path: &Path, packed: &Package) -> Result<()> {
    if let Ok(there) = std::fs::read(path) {
        if component::digest(&there) == packed.digest {
            return Ok(());
        }
        bail!(
            "{} is there with other contents; nothing was packed. A version means one file for ever: raise version in plugin.toml",
            path.display()
        );
    }
    let half = PathBuf::from(format!("{}.{}.part", path.display(), std::process::id()));
    path.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(&half, &packed.bytes))
        .and_then(|()| std::fs::rename(&half, path))
        .with_context(|| format!("{} cannot be written", path.display()))
}
