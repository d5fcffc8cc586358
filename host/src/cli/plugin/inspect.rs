//! `plugin inspect`: what a component, or a card alone, may do and promises; with `--against`, what it has otherwise than
//! another version.

use std::path::Path;

use anyhow::{Context as _, Result};
use counterfoil_domain::card::Card;
use counterfoil_domain::difference::difference;
use counterfoil_domain::version::wider;
use counterfoil_runtime::component::Package;
use counterfoil_runtime::registry::read_file;
use counterfoil_runtime::{component, manifest};
use serde_json::json;

use super::args::TrustArgs;
use super::describe::{described, differs, of_card};
use super::swap::show_lines;
use super::verify::{SignatureState, state};
use crate::cli::show;
use crate::exit::Exit;

/// A component, or the card that will travel in one.
#[derive(Debug)]
enum Inspected {
    Component(Box<Package>),
    Card(Box<Card>),
}

/// Never more of a file than a component may have.
pub(super) fn bytes_of(file: &Path) -> Result<Vec<u8>> {
    read_file(file).with_context(|| format!("{} cannot be read", file.display()))
}

impl Inspected {
    fn read(file: &Path) -> Result<Self> {
        let bytes = bytes_of(file)?;
        let refused = || format!("{} is refused, so no order would go through it", file.display());
        if file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")) {
            let text = String::from_utf8(bytes).with_context(refused)?;
            return Ok(Self::Card(Box::new(manifest::parse(&text).with_context(refused)?)));
        }
        Ok(Self::Component(Box::new(component::read(&bytes).with_context(refused)?)))
    }

    fn card(&self) -> &Card {
        match self {
            Self::Component(package) => &package.card,
            Self::Card(card) => card,
        }
    }
}

pub(super) fn run(
    file: &Path,
    against: Option<&Path>,
    (as_json, as_markdown): (bool, bool),
    trust: &TrustArgs,
) -> Result<Exit> {
    let inspected = Inspected::read(file)?;
    if as_markdown {
        show::print(&manifest::scenario_document(inspected.card()))?;
        return Ok(Exit::Done);
    }
    let signature = match &inspected {
        Inspected::Component(package) => Some(state(file, package, None, trust)?),
        Inspected::Card(_) => None,
    };
    let former = against.map(Inspected::read).transpose()?;
    if as_json {
        return in_json(&inspected, former.as_ref(), signature.as_ref());
    }
    let mut text = manifest::card_text(inspected.card());
    text.truncate(text.trim_end().len());
    text += &match (&inspected, &signature) {
        (Inspected::Component(package), Some(signature)) => {
            let (kib, imports) = (package.size().div_ceil(1024), package.imports.join(", "));
            format!("\n\n{kib} KiB · digest {}\nImports: {imports}\nSignature: {signature}\n", package.digest)
        }
        _ => "\n\nA card alone: there is no component to run yet.\n".to_owned(),
    };
    if let Some(former) = &former {
        text += &compared(former.card(), inspected.card());
    }
    show::print(&show_lines(&text))?;
    Ok(Exit::Done)
}

fn in_json(inspected: &Inspected, former: Option<&Inspected>, signature: Option<&SignatureState>) -> Result<Exit> {
    let mut object = match inspected {
        Inspected::Component(package) => {
            described(&package.card, package.digest.as_str(), package.size(), &package.imports)
        }
        Inspected::Card(card) => of_card(card),
    };
    if let Some(signature) = signature {
        object["signature"] = signature.as_json();
    }
    if let Some(former) = former {
        let (old, new) = (former.card(), inspected.card());
        object["differs"] = difference(old, new).iter().map(differs).collect();
        let more = wider(old, new);
        object["wider"] = more.iter().map(|one| json!({ "what": one.what.name(), "sentence": one.sentence })).collect();
    }
    show::json(&object)?;
    Ok(Exit::Done)
}

/// All that differs, then what of it needs somebody's yes.
fn compared(old: &Card, new: &Card) -> String {
    let mut text = format!("\nAgainst {} {}\n", old.id, old.version);
    if old.id != new.id {
        text += "  These are two plugins, not two versions of one: neither takes the other's place.\n";
    }
    let differences = difference(old, new);
    if differences.is_empty() {
        text += "  nothing differs on the card\n";
    }
    text.extend(differences.iter().map(|one| format!("  {one}\n")));
    let more = wider(old, new);
    if more.is_empty() {
        text += "It asks for nothing more.\n";
    } else {
        text += "It asks for more, so that activating it needs --accept-wider:\n";
        text.extend(more.iter().map(|one| format!("  {}: {}\n", one.what, one.sentence)));
    }
    text
}
