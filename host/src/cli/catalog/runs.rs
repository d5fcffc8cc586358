//! `catalog runs`: what was compared, written and taken back.

use anyhow::Result;
use clap::Args;
use counterfoil_server::wire::{CatalogResellerPage, CatalogRunPage, CatalogRunView, CatalogTurnView};

use super::follow::{Whole, whole};
use super::{report, sync, undo};
use crate::cli::args::Remote;
use crate::cli::client::Client;
use crate::cli::show;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct RunsArgs {
    /// One run.
    pub run: Option<String>,
    /// One reseller of it, with every change.
    #[arg(requires = "run")]
    pub reseller: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(args: &RunsArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    match (&args.run, &args.reseller) {
        (None, _) => list(&client, args.remote.json).await,
        (Some(id), None) => {
            let run: CatalogRunView = client.get(&["catalog", "runs", id], &[]).await?;
            let whole = whole(&client, run).await?;
            whole.print(args.remote.json, &below(&whole))?;
            Ok(Exit::Done)
        }
        (Some(id), Some(reseller)) => one(&client, id, reseller, args.remote.json).await,
    }
}

async fn list(client: &Client, json: bool) -> Result<Exit> {
    let page: CatalogRunPage = client.get(&["catalog", "runs"], &[]).await?;
    if json {
        show::json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table =
        show::Table::new(&["Run", "Asked", "By", "Kind", "Catalogs", "State", "Resellers", "Of"]).right(&[6]);
    for run in &page.runs {
        table.row([
            run.id.clone(),
            run.asked_at.0.format("%Y-%m-%d %H:%M:%S").to_string(),
            run.asked_by.clone(),
            run.kind.clone(),
            run.marketplace.clone(),
            run.state.clone(),
            run.total.map_or_else(String::new, |total| format!("{}/{total}", run.done)),
            run.of.clone().unwrap_or_default(),
        ]);
    }
    let more = if page.has_more {
        ", the latest; older ones with `counterfoil api GET /v1/catalog/runs?after=…`"
    } else {
        ""
    };
    table.print(&format!("{}{more}", show::count(show::number(page.runs.len()), "run")))?;
    Ok(Exit::Done)
}

fn below(whole: &Whole) -> String {
    let run = &whole.run;
    let head = format!(
        "{} of {}, levels {}, Display Category: {}, options: {} · {} · asked by {}",
        run.kind,
        show::clean(&run.marketplace),
        run.levels,
        run.display,
        report::named(&run.options),
        run.state,
        show::clean(&run.asked_by)
    );
    match run.kind.as_str() {
        "sync" => format!("{head}\n{}", sync::below(whole)),
        "undo" => format!("{head}\n{}", undo::below(whole)),
        _ => {
            let counts = report::counted(&report::sum(whole.resellers.iter().map(|one| &one.counts)));
            let counts = if counts.is_empty() { "nothing to send".to_owned() } else { counts };
            format!("{head}\n{}: {counts}", report::resellers(whole.resellers.len()))
        }
    }
}

async fn one(client: &Client, run: &str, reseller: &str, json: bool) -> Result<Exit> {
    let parts = ["catalog", "runs", run, "resellers"];
    let page: CatalogResellerPage = client.get(&parts, &[("reseller", reseller), ("limit", "1")]).await?;
    let Some(found) = page.resellers.first() else {
        anyhow::bail!(
            "reseller \"{}\" has no turn in run {run}. `counterfoil catalog runs {run}` lists those that have",
            show::clean(reseller)
        )
    };
    let turn: CatalogTurnView =
        client.get(&["catalog", "runs", run, "resellers", &found.place.to_string()], &[]).await?;
    if json {
        show::json(&turn)?;
        return Ok(Exit::Done);
    }
    let asked: CatalogRunView = client.get(&["catalog", "runs", run], &[]).await?;
    let why = turn.turn.why.as_deref().map(|why| format!(": {}", show::clean(why))).unwrap_or_default();
    let mut text = format!("{} · {}{why}\n", asked.kind, turn.turn.state);
    for left in &turn.turn.left {
        text.push_str(&format!("  stays, because it was changed since: {}\n", show::clean(left)));
    }
    text.push_str(&report::text(&report::Report {
        reseller: turn.turn.reseller,
        template: turn.turn.template,
        options: asked.options,
        digest: turn.turn.digest,
        changes: turn.changes,
        held_back: turn.held_back,
        notes: turn.notes,
    }));
    show::print(&text)?;
    Ok(Exit::Done)
}
