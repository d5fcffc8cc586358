//! `runs`: what was done, when and for whom.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use counterfoil_server::wire::{RunPage, RunView};

use super::args::Remote;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct RunsArgs {
    /// One run; none: the latest.
    pub run: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(args: &RunsArgs) -> Result<Exit> {
    conclude(runs(args).await)
}

async fn runs(args: &RunsArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    if let Some(id) = &args.run {
        let run: RunView = client.get(&["runs", id], &[]).await?;
        if args.remote.json {
            show::json(&run)?;
        } else {
            show::print(&text(&run))?;
        }
        return Ok(Exit::Done);
    }
    let page: RunPage = client.get(&["runs"], &[]).await?;
    if args.remote.json {
        show::json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table =
        show::Table::new(&["Run", "Asked", "By", "Kind", "Connection", "State", "Took", "Figures"]).right(&[6]);
    for run in &page.runs {
        table.row([
            run.id.clone(),
            run.asked_at.0.format("%Y-%m-%d %H:%M:%S").to_string(),
            run.asked_by.clone(),
            run.kind.clone(),
            run.connection.clone(),
            state(run),
            if run.is_over { show::took(run) } else { String::new() },
            figures(run),
        ]);
    }
    let more =
        if page.has_more { ", the latest; older ones with `counterfoil api GET /v1/runs?after=…`" } else { "" };
    table.print(&format!("{}{more}", show::count(show::number(page.runs.len()), "run")))?;
    Ok(Exit::Done)
}

fn state(run: &RunView) -> String {
    match (run.total.filter(|_| !run.is_over), &run.outcome) {
        (Some(total), _) => format!("{} {}/{total}", run.state, run.done),
        // In a word for people; what exactly is in `state` of the JSON.
        (None, Some(outcome)) => format!("{}, {outcome}", run.state),
        (None, None) => run.state.clone(),
    }
}

fn figures(run: &RunView) -> String {
    run.counts
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(name, count)| format!("{name} {count}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn text(run: &RunView) -> String {
    let mut out = String::new();
    let at = |time: &counterfoil_server::wire::Time| time.0.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let _ = writeln!(out, "run        {}", run.id);
    let _ = writeln!(out, "what       {} of {}", run.kind, show::clean(&run.connection));
    let _ = writeln!(out, "state      {}", state(run));
    let _ = writeln!(out, "asked      {} by {}", at(&run.asked_at), show::clean(&run.asked_by));
    if let Some(finished) = &run.finished_at {
        let _ = writeln!(out, "finished   {} after {}", at(finished), show::took(run));
    }
    for (name, count) in &run.counts {
        let _ = writeln!(out, "  {name:<24} {count}");
    }
    for problem in &run.problems {
        let _ =
            writeln!(out, "  {} {}: {}", problem.code, show::clean(&problem.subject), show::clean(&problem.message));
    }
    out
}
