//! `plugin test`: the conformance kit over one target. Owns finding the files and what is printed; checks and verdicts are the
//! kit's.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use counterfoil_kit::{Description, Remotes};

use super::build::component_of;
use crate::cli::show;
use crate::exit::Exit;

const DESCRIPTION: &str = "conformance.toml";

pub(super) async fn run(
    target: &Path,
    description: Option<&Path>,
    as_json: bool,
    junit: Option<&Path>,
) -> Result<Exit> {
    // Read first: a typo in it should not cost a compilation.
    let described = Description::load(&described_by(target, description))?;
    let Some(remotes) = Remotes::described(&described) else {
        bail!(
            "the conformance description names no simulator, so there is nothing to test against. Nothing was tested. Add [simulator]; the one that `counterfoil plugin new` writes shows how"
        );
    };
    let component = component_of(target).await?;
    let report = counterfoil_kit::run(&component, &described, remotes).await?;
    if let Some(path) = junit {
        std::fs::write(path, report.to_junit()).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if as_json {
        show::json(&report.to_json())?;
    } else {
        show::print(&super::swap::show_lines(&report.to_text()))?;
    }
    Ok(if report.passed() { Exit::Done } else { Exit::NotAll })
}

fn described_by(target: &Path, given: Option<&Path>) -> PathBuf {
    match given {
        Some(given) => given.to_owned(),
        None if target.is_dir() => target.join(DESCRIPTION),
        None => target.with_file_name(DESCRIPTION),
    }
}
