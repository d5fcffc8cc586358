//! `catalog presets`: options under a name.

use anyhow::Result;
use clap::{Args, Subcommand};
use counterfoil_domain::catalog::SyncOption;
use counterfoil_server::wire::{PresetList, PresetRemoved, PresetView};
use serde_json::json;

use super::chosen;
use crate::cli::args::Remote;
use crate::cli::client::Client;
use crate::cli::show;
use crate::exit::Exit;

#[derive(Debug, Subcommand)]
pub enum PresetsVerb {
    /// What is saved.
    List {
        #[command(flatten)]
        remote: Remote,
    },
    /// Save options under a name, in place of what the name stood for.
    Save(SaveArgs),
    /// Remove a preset. Runs that were made with it keep their options.
    Delete {
        name: String,
        /// Whose it is; needed where there are several resellers.
        #[arg(long)]
        owner: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
}

#[derive(Debug, Clone, Args)]
pub struct SaveArgs {
    pub name: String,
    /// What is synchronized; give it several times. A group's name, or "all", stands for all of it.
    #[arg(long = "option", value_name = "OPTION", required = true)]
    pub options: Vec<String>,
    /// preserve (the default) or follow: whether Display Category in Customer Control Panel is sent.
    #[arg(long)]
    pub display: Option<String>,
    /// Whose it is; needed where there are several resellers.
    #[arg(long)]
    pub owner: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(verb: PresetsVerb) -> Result<Exit> {
    match verb {
        PresetsVerb::List { remote } => list(&remote).await,
        PresetsVerb::Save(args) => save(&args).await,
        PresetsVerb::Delete { name, owner, remote } => delete(&name, owner.as_deref(), &remote).await,
    }
}

async fn list(remote: &Remote) -> Result<Exit> {
    let list: PresetList = Client::new(remote)?.get(&["catalog", "presets"], &[]).await?;
    if remote.json {
        show::json(&list)?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&["Preset", "Owner", "Options", "Display Category", "By"]);
    for one in &list.presets {
        let options = one.options.join(", ");
        table.row([one.name.clone(), one.reseller.clone(), options, one.display.clone(), one.by.clone()]);
    }
    table.print(&show::count(show::number(list.presets.len()), "preset"))?;
    Ok(Exit::Done)
}

async fn save(args: &SaveArgs) -> Result<Exit> {
    let options: Vec<&str> = chosen::options(&args.options)?.iter().map(SyncOption::name).collect();
    let body = json!({ "reseller": args.owner, "options": options, "display": args.display });
    let saved: PresetView = Client::new(&args.remote)?.put(&["catalog", "presets", &args.name], &body).await?;
    if args.remote.json {
        show::json(&saved)?;
    } else {
        let options = show::count(show::number(saved.options.len()), "option");
        show::print(&format!("Saved \"{}\": {options}\n", show::clean(&saved.name)))?;
    }
    Ok(Exit::Done)
}

async fn delete(name: &str, owner: Option<&str>, remote: &Remote) -> Result<Exit> {
    let query: Vec<(&str, &str)> = owner.map(|owner| ("reseller", owner)).into_iter().collect();
    let answer: PresetRemoved = Client::new(remote)?.delete_with(&["catalog", "presets", name], &query).await?;
    if remote.json {
        show::json(&answer)?;
    } else {
        show::print(&format!("Removed \"{}\"\n", show::clean(&answer.removed.name)))?;
    }
    Ok(Exit::Done)
}
