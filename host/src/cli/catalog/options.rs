//! `catalog options`: which there are, in their groups.

use std::io::Write as _;

use anyhow::Result;
use clap::Args;
use counterfoil_domain::catalog::{OptionGroup, SyncOption};
use serde_json::json;

use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct OptionsArgs {
    /// Print them as JSON.
    #[arg(long)]
    pub json: bool,
}

pub(super) fn run(args: &OptionsArgs) -> Result<Exit> {
    let mut out = std::io::stdout();
    if args.json {
        let option = |option: &SyncOption| json!({"option": option.name(), "group": option.group().name(), "label": option.label(), "sends": option.sends()});
        let all: Vec<_> = SyncOption::ALL.iter().map(option).collect();
        writeln!(out, "{:#}", json!({ "options": all }))?;
        return Ok(Exit::Done);
    }
    for group in OptionGroup::ALL {
        writeln!(out, "{} ({})", group.label(), group.name())?;
        for option in SyncOption::ALL.iter().filter(|option| option.group() == *group) {
            writeln!(out, "  {}\n    {}\n    {}", option.name(), option.label(), option.sends())?;
        }
    }
    Ok(Exit::Done)
}
