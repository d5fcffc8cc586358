//! `catalog undo`: the last sync, taken back.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::follow::{Whole, through};
use super::report;
use crate::cli::args::Remote;
use crate::cli::client::Client;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct UndoArgs {
    /// The run of the sync.
    pub run: String,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(args: &UndoArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let whole = through(&client, "undos", &json!({ "sync": args.run })).await?;
    whole.print(args.remote.json, &below(&whole))?;
    Ok(whole.exit())
}

pub(super) fn below(whole: &Whole) -> String {
    let stays = whole.resellers.iter().filter(|one| !one.left.is_empty() || one.why.is_some()).count();
    let stays = match stays {
        0 => String::new(),
        some => format!(" · at {} something stays as it is", report::resellers(some)),
    };
    format!(
        "Took back {} in {}{stays} · run {}",
        report::resellers(whole.count("taken-back")),
        whole.took(),
        whole.run.id
    )
}
