//! `plugin`: builds a target from its folder and shows what a component may do. Owns the words; building and
//! reading are the runtime's.

use std::path::Path;

use anyhow::{Context as _, Result};
use counterfoil_domain::card::{Card, DeliveryClass};
use counterfoil_runtime::build::{self, Built};
use counterfoil_runtime::component;
use counterfoil_runtime::manifest::card_text;
use serde_json::{Value, json};

use super::args::PluginVerb;
use super::show;
use crate::exit::Exit;

pub(super) async fn run(verb: PluginVerb) -> Result<Exit> {
    match verb {
        PluginVerb::Build { folder, into, json } => make(&folder, into.as_deref(), json).await,
        PluginVerb::Inspect { file, json } => inspect(&file, json),
    }
}

async fn make(folder: &Path, into: Option<&Path>, as_json: bool) -> Result<Exit> {
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
fn copy(built: &Built, into: &Path) -> Result<std::path::PathBuf> {
    let place = into.join(format!("{}.wasm", built.card.id));
    let half = into.join(format!(".{}.{}.part", built.card.id, std::process::id()));
    std::fs::create_dir_all(into)
        .and_then(|()| std::fs::copy(&built.path, &half))
        .and_then(|_| std::fs::rename(&half, &place))
        .with_context(|| format!("{} was built but cannot be copied into {}", built.path.display(), into.display()))?;
    Ok(place)
}

fn inspect(file: &Path, as_json: bool) -> Result<Exit> {
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let package = component::read(&bytes)
        .with_context(|| format!("{} is refused, so no order would go through it", file.display()))?;
    if as_json {
        show::json(&described(&package.card, package.digest.as_str(), package.size(), &package.imports))?;
    } else {
        let text = card_text(&package.card);
        let (kib, imports) = (package.size().div_ceil(1024), package.imports.join(", "));
        show::print(&format!("{}\n\n{kib} KiB · digest {}\nImports: {imports}\n", text.trim_end(), package.digest))?;
    }
    Ok(Exit::Done)
}

fn described(card: &Card, digest: &str, size: usize, imports: &[String]) -> Value {
    let delivery = match card.delivery.class() {
        DeliveryClass::A { .. } => "A",
        DeliveryClass::B => "B",
        DeliveryClass::C => "C",
    };
    let allow = card
        .egress
        .allow
        .iter()
        .map(|door| json!({ "method": door.method, "path": door.path, "effect": door.effect.name() }));
    let auth = card
        .auth
        .iter()
        .map(|auth| json!({ "scheme": auth.scheme.name(), "secrets": auth.secrets, "scopes": auth.scopes }));
    json!({
        "id": card.id.as_str(), "name": card.name, "version": card.version, "publisher": card.publisher,
        "summary": card.summary, "contract": card.contract, "digest": digest, "bytes": size, "imports": imports,
        "documents": card.documents, "base_url": card.egress.base_url, "allow": allow.collect::<Vec<_>>(),
        "auth": auth.collect::<Vec<_>>(), "delivery": delivery, "memory_mib": card.limits.memory_mib,
        "settings": card.settings.iter().map(|setting| &setting.name).collect::<Vec<_>>(),
        "scenarios": card.scenarios.iter().map(|row| &row.name).collect::<Vec<_>>(),
    })
}
