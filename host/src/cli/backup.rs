//! `backup` and `restore`: everything as one file, and a data folder made of it.

use std::path::PathBuf;

use anyhow::Result;
use chrono::Utc;
use clap::Args;

use super::show;
use crate::exit::Exit;
use crate::{backup, restore};

#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    /// The file to write; it must not exist.
    pub file: PathBuf,
    /// The configuration file.
    #[arg(long, short, default_value = "counterfoil.toml")]
    pub config: PathBuf,
    /// Take the master key along: whoever has the file can then open every secret.
    #[arg(long)]
    pub with_master_key: bool,
    /// Print what was written as JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    /// What `counterfoil backup` wrote.
    pub file: PathBuf,
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,
    /// The copy of the master key, where the backup does not hold it.
    #[arg(long, value_name = "FILE")]
    pub master_key: Option<PathBuf>,
    /// Print what was made as JSON.
    #[arg(long)]
    pub json: bool,
}

pub(super) async fn backup(args: &BackupArgs) -> Result<Exit> {
    let args = args.clone();
    let json = args.json;
    let take = move || backup::take(&args.config, &args.file, args.with_master_key, Utc::now());
    let written = tokio::task::spawn_blocking(take).await??;
    if json {
        show::json(&written)?;
        return Ok(Exit::Done);
    }
    let key = if written.with_master_key {
        "the master key is in it: keep it as you keep the key"
    } else {
        "the master key is not in it: keep a copy of that elsewhere"
    };
    let text = format!(
        "wrote {} ({} KiB): database, configuration, budgets, {}; {key}\n",
        written.file.display(),
        written.bytes.div_ceil(1024),
        show::count(show::number(written.versions), "version"),
    );
    show::print(&text)?;
    Ok(Exit::Done)
}

pub(super) async fn restore(args: &RestoreArgs) -> Result<Exit> {
    let made = restore::restore(&args.file, &args.into, args.master_key.as_deref(), Utc::now()).await?;
    if args.json {
        show::json(&made)?;
        return Ok(Exit::Done);
    }
    let folder = made.folder.display();
    let mut text = format!("made {folder} of the backup of {}\n", made.taken_at.0.format("%Y-%m-%d %H:%M:%S UTC"));
    text.push_str(&format!(
        "{} paused: nothing is read or sent until you enable each\n{} to be previewed and confirmed again, {} on the way to be looked for\n",
        show::count(show::number(made.connections), "connection"),
        show::count(show::number(made.unconfirmed), "confirmed task"),
        show::count(show::number(made.uncertain), "task"),
    ));
    text.push_str("what may have been sent since the backup is looked for in the target before it is sent\n");
    for missing in &made.missing {
        text.push_str(&format!("before it can start: {missing}\n"));
    }
    text.push_str(&format!(
        "next: stop the former service for good, then counterfoil serve --config {folder}/counterfoil.toml, connections enable, check\n"
    ));
    show::print(&text)?;
    Ok(Exit::Done)
}
