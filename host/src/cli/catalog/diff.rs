//! `catalog diff`: two files, read here and compared here. Nothing is asked of a service and nothing is written.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use counterfoil_domain::catalog::id::TemplateId;
use counterfoil_domain::catalog::{DisplayPolicy, Provider, ProviderCatalog, diff};
use counterfoil_market::catalog::wire;

use super::{chosen, report};
use crate::cli::show;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct DiffArgs {
    /// The provider's catalog.
    pub provider: PathBuf,
    /// What the reseller holds.
    pub reseller: PathBuf,
    /// What is synchronized; give it several times. A group's name, or "all", stands for all of it.
    #[arg(long = "option", value_name = "OPTION")]
    pub options: Vec<String>,
    /// The service template; needed when the provider has more than one.
    #[arg(long)]
    pub template: Option<String>,
    /// Update Sales Categories also sends Display Category in Customer Control Panel, which is the reseller's otherwise.
    #[arg(long)]
    pub follow_display: bool,
    /// Print the comparison as JSON.
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(args: &DiffArgs) -> Result<Exit> {
    let options = chosen::options(&args.options)?;
    let provider = wire::read_provider(&read(&args.provider)?).map_err(|error| named(&args.provider, &error))?;
    let reseller = wire::read_reseller(&read(&args.reseller)?).map_err(|error| named(&args.reseller, &error))?;
    let template = template(&provider, args.template.as_deref())?;
    let display = if args.follow_display { DisplayPolicy::Follow } else { DisplayPolicy::Preserve };
    let prepared = Provider::prepare(&provider, &template, display).map_err(|error| named(&args.provider, &error))?;
    let set = diff(&prepared, &reseller, options);
    let report = report::Report::from(&set);
    if args.json {
        show::json(&report)?;
    } else {
        show::print(&report::text(&report))?;
    }
    Ok(if set.is_empty() { Exit::Done } else { Exit::NotAll })
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("{} cannot be read; nothing was compared", path.display()))
}

fn named(path: &Path, error: &dyn std::error::Error) -> anyhow::Error {
    anyhow!("{}: {error}", path.display())
}

fn template(provider: &ProviderCatalog, wanted: Option<&str>) -> Result<TemplateId> {
    if let Some(wanted) = wanted {
        return Ok(TemplateId::new(wanted));
    }
    let mut all = provider.templates.keys();
    match (all.next(), all.len()) {
        (Some(only), 0) => Ok(only.clone()),
        (None, _) => bail!("the provider's catalog holds no service template; nothing was compared"),
        (Some(_), _) => {
            let names: Vec<String> = provider.templates.keys().map(ToString::to_string).collect();
            bail!("the provider has several service templates; choose one with --template: {}", names.join(", "))
        }
    }
}
