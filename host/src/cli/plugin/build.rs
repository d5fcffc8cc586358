//! `plugin build`: a component from a target's folder.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use counterfoil_runtime::build::{self, Built};

use super::describe::described;
use crate::cli::show;
use crate::exit::Exit;

pub(super) async fn run(folder: &Path, into: Option<&Path>, as_json: bool) -> Result<Exit> {
    eprintln!("Building {}", folder.display());
    let built = build::build(folder, &build::Options::default()).await?;
    let mut place = built.path.clone();
    if let Some(into) = into {
        place = copy(&built, into)?;
    }
    if as_json {
        let mut object = described(&built.card, built.digest.as_str(), built.size, &built.imports);
        object["file"] = place.display().to_string().into();
        show::json(&object)?;
    } else {
        show::print(&format!("{}\n", place.display()))?;
        eprintln!(
            "Built {} {} ({} KiB, digest {})",
            built.card.id,
            built.card.version,
            built.size.div_ceil(1024),
            built.digest
        );
    }
    Ok(Exit::Done)
}

/// Beside it first, then under its name: a service that reads the folder never sees half a file.
fn copy(built: &Built, into: &Path) -> Result<PathBuf> {
    let place = into.join(format!("{}.wasm", built.card.id));
    let half = into.join(format!(".{}.{}.part", built.card.id, std::process::id()));
    std::fs::create_dir_all(into)
        .and_then(|()| std::fs::copy(&built.path, &half))
        .and_then(|_| std::fs::rename(&half, &place))
        .with_context(|| format!("{} was built but cannot be copied into {}", built.path.display(), into.display()))?;
    Ok(place)
}

/// The component of a target: built first where it is a folder.
pub(super) async fn component_of(target: &Path) -> Result<Vec<u8>> {
    if !target.is_dir() {
        return super::inspect::bytes_of(target);
    }
    eprintln!("Building {}", target.display());
    let built = build::build(target, &build::Options::default()).await?;
    super::inspect::bytes_of(&built.path)
}
