//! A catalog run followed to its end, and what became of its resellers, on one page.

use anyhow::Result;
use counterfoil_server::wire::{CatalogResellerPage, CatalogResellerView, CatalogRunView};
use serde_json::Value;

use super::report;
use crate::cli::client::{Bar, Client};
use crate::cli::show;
use crate::exit::Exit;

const AT_ONCE: &str = "500";

/// A run with its resellers, as the API has them.
#[derive(Debug, serde::Serialize)]
pub(super) struct Whole {
    pub(super) run: CatalogRunView,
    pub(super) resellers: Vec<CatalogResellerView>,
}

/// Starts a run and waits for its end.
pub(super) async fn through(client: &Client, what: &str, body: &Value) -> Result<Whole> {
    let started: CatalogRunView = client.start_as(&["catalog", what], Some(body)).await?;
    let bar = Bar::new(&started.kind);
    let id = started.id.clone();
    let look = |run: &CatalogRunView| {
        bar.show(run.total, run.done);
        run.is_over
    };
    let kept = format!("catalog runs {id}");
    let run = client.until_over(started, &["catalog", "runs", &id], &kept, look).await?;
    drop(bar);
    whole(client, run).await
}

pub(super) async fn whole(client: &Client, run: CatalogRunView) -> Result<Whole> {
    let mut resellers = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut query = vec![("limit", AT_ONCE)];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let page: CatalogResellerPage = client.get(&["catalog", "runs", &run.id, "resellers"], &query).await?;
        resellers.extend(page.resellers);
        match page.next {
            Some(next) => after = Some(next.to_string()),
            None => return Ok(Whole { run, resellers }),
        }
    }
}

impl Whole {
    pub(super) fn count(&self, state: &str) -> usize {
        self.resellers.iter().filter(|one| one.state == state).count()
    }

    /// The table of its resellers, with these words below it.
    pub(super) fn print(&self, json: bool, below: &str) -> Result<()> {
        if json {
            return show::json(self);
        }
        let mut table = show::Table::new(&["Reseller", "Level", "State", "Changes", "Not sent"]).right(&[1]);
        for one in &self.resellers {
            let left =
                (!one.left.is_empty()).then(|| format!("stays, because it was changed since: {}", one.left.join(", ")));
            let aside: Vec<&str> = one.why.iter().chain(&left).chain(&one.held).map(String::as_str).collect();
            table.row([
                one.reseller.clone(),
                one.level.to_string(),
                one.state.clone(),
                report::counted(&one.counts),
                aside.join("; "),
            ]);
        }
        let notes: Vec<String> = self.run.notes.iter().map(|note| format!("\n{}", show::clean(note))).collect();
        table.print(&format!("{below}{}", notes.concat()))?;
        if let Some(problem) = &self.run.problem {
            eprintln!("counterfoil: {}", show::clean(problem));
        }
        Ok(())
    }

    /// What the end of a run that writes means for scripts.
    pub(super) fn exit(&self) -> Exit {
        crate::cli::check::exit(&self.run.state)
    }

    pub(super) fn took(&self) -> String {
        let ended = self.run.finished_at.unwrap_or(self.run.asked_at);
        show::seconds(ended.0.signed_duration_since(self.run.asked_at.0).to_std().unwrap_or_default())
    }
}
