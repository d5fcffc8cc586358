//! `catalog sync`: what a preview showed, written.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use super::follow::{Whole, through};
use super::report;
use crate::cli::args::Remote;
use crate::cli::client::Client;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct SyncArgs {
    /// The run that `catalog preview` names.
    pub preview: String,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(args: &SyncArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let whole = through(&client, "syncs", &json!({ "preview": args.preview })).await?;
    whole.print(args.remote.json, &below(&whole))?;
    Ok(whole.exit())
}

pub(super) fn below(whole: &Whole) -> String {
    let mut parts = Vec::new();
    let states = [
        ("refused", "refused, nothing was written there"),
        ("failed", "failed"),
        ("sending", "not known to be written"),
    ];
    for (state, words) in states {
        match whole.count(state) {
            0 => {}
            some => parts.push(format!(" · {} {words}", report::resellers(some))),
        }
    }
    let rest = whole.run.total.map_or(0, |total| total.saturating_sub(whole.run.done));
    if rest > 0 {
        parts.push(format!(" · {} had no turn", crate::cli::show::count(rest, "reseller")));
    }
    format!(
        "Wrote {} in {}{} · take it back with `counterfoil catalog undo {}`",
        report::resellers(whole.count("written")),
        whole.took(),
        parts.concat(),
        whole.run.id
    )
}
