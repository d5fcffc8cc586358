//! `programs customers`, `map`, `unmap`, `export` and `import`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use counterfoil_server::wire::{LinkTargetView, MappingAnswer, MappingImportAnswer, MappingPage, MappingView};
use reqwest::Method;
use serde_json::json;

use super::super::client::{Client, refusal};
use super::super::show;
use super::Of;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct CustomersArgs {
    #[command(flatten)]
    pub of: Of,
    /// In the customer's name or id.
    #[arg(default_value = "")]
    pub search: String,
    #[arg(long)]
    pub motion: Option<String>,
    /// mapped, unmapped or never-sync.
    #[arg(long)]
    pub state: Option<String>,
    /// Search the target for parties of the same name, for the first that are not mapped.
    #[arg(long)]
    pub suggest: bool,
}

#[derive(Debug, Clone, Args)]
pub struct MapArgs {
    #[command(flatten)]
    pub of: Of,
    /// The customer's id, as `programs customers` shows it.
    pub customer: String,
    /// monthly-monthly, annual-monthly, …
    pub motion: String,
    /// Id in the target.
    #[arg(long)]
    pub party: String,
    /// Id in the target, of a recurring invoice or agreement of that party.
    #[arg(long)]
    pub container: Option<String>,
    /// Only say what would change.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Args)]
pub struct UnmapArgs {
    #[command(flatten)]
    pub of: Of,
    pub customer: String,
    pub motion: String,
    /// Only say what would change.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    pub file: Option<PathBuf>,
    #[command(flatten)]
    pub of: Of,
}

#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// CSV as `programs export` writes it.
    pub file: PathBuf,
    #[command(flatten)]
    pub of: Of,
    /// Only say, row by row, what would change.
    #[arg(long)]
    pub dry_run: bool,
    /// Take over the good rows.
    #[arg(long)]
    pub skip_bad: bool,
}

fn name(target: Option<&LinkTargetView>) -> String {
    target.map(|target| format!("{} {}", target.id, target.name).trim_end().to_owned()).unwrap_or_default()
}

pub(super) async fn list(args: &CustomersArgs) -> Result<Exit> {
    let client = Client::new(&args.of.remote)?;
    let connection = client.connection(args.of.connection.as_deref()).await?;
    let path = ["connections", &connection, "programs", &args.of.program, "customers"];
    let mut rows: Vec<MappingView> = Vec::new();
    let mut after: Option<String> = None;
    let (mapped, unmapped) = loop {
        let mut query = vec![("search", args.search.as_str()), ("limit", "500")];
        query.extend(args.motion.as_deref().map(|motion| ("motion", motion)));
        query.extend(args.state.as_deref().map(|state| ("state", state)));
        query.extend(args.suggest.then_some(("suggest", "true")));
        query.extend(after.as_deref().map(|after| ("after", after)));
        let page: MappingPage = client.get(&path, &query).await?;
        rows.extend(page.customers);
        after = page.next;
        if after.is_none() {
            break (page.mapped, page.unmapped);
        }
    };
    if args.of.remote.json {
        show::json(&json!({ "customers": rows, "mapped": mapped, "unmapped": unmapped }))?;
        return Ok(Exit::Done);
    }
    let mut table =
        show::Table::new(&["Customer", "Name", "Motion", "State", "Party", "Container", "Money", "Suggested"]);
    for row in &rows {
        let suggested: Vec<String> = row.suggestions.iter().map(|one| name(Some(one))).collect();
        table.row([
            row.customer.clone(),
            row.customer_name.clone(),
            row.motion.clone(),
            row.state.clone(),
            name(row.party.as_ref()),
            name(row.container.as_ref()),
            if row.money.is_empty() { String::new() } else { show::moneys(&row.money) },
            suggested.join(", "),
        ]);
    }
    table.print(&format!("{} shown; {mapped} mapped, {unmapped} not", rows.len()))?;
    Ok(Exit::Done)
}

fn told(answer: &MappingAnswer, as_json: bool) -> Result<Exit> {
    if as_json {
        show::json(answer)?;
        return Ok(Exit::Done);
    }
    let row = &answer.customer;
    let would = if answer.dry_run { "; nothing was written" } else { "" };
    let changed = if answer.changed { "" } else { ", as it was already" };
    let text = format!(
        "{} ({}), {}: {}{changed}{would}\n  party      {}\n  container  {}\n  {} touched\n",
        row.customer_name,
        row.customer,
        row.motion_text,
        row.state,
        name(row.party.as_ref()),
        name(row.container.as_ref()),
        show::count(answer.touched, "task"),
    );
    show::print(&text.lines().map(|line| format!("{}\n", show::clean(line))).collect::<String>())?;
    Ok(Exit::Done)
}

pub(super) async fn map(args: &MapArgs) -> Result<Exit> {
    let client = Client::new(&args.of.remote)?;
    let connection = client.connection(args.of.connection.as_deref()).await?;
    let path = ["connections", &connection, "programs", &args.of.program, "customers", &args.customer, &args.motion];
    let body = json!({ "party": args.party, "container": args.container, "dry_run": args.dry_run });
    told(&client.put(&path, &body).await?, args.of.remote.json)
}

pub(super) async fn unmap(args: &UnmapArgs) -> Result<Exit> {
    let client = Client::new(&args.of.remote)?;
    let connection = client.connection(args.of.connection.as_deref()).await?;
    let path = ["connections", &connection, "programs", &args.of.program, "customers", &args.customer, &args.motion];
    let query: &[(&str, &str)] = if args.dry_run { &[("dry_run", "true")] } else { &[] };
    told(&client.delete_with(&path, query).await?, args.of.remote.json)
}

pub(super) async fn export(args: &ExportArgs) -> Result<Exit> {
    let client = Client::new(&args.of.remote)?;
    let connection = client.connection(args.of.connection.as_deref()).await?;
    let path = ["connections", &connection, "programs", &args.of.program, "customers.csv"];
    let answer = client.exchange(Method::GET, client.url(&path, &[])?, None, None).await?;
    if !(200..300).contains(&answer.status) {
        return Err(refusal(&answer, true).into());
    }
    let text = if args.of.remote.json { format!("{}\n", json!({ "csv": answer.text })) } else { answer.text };
    match &args.file {
        None => {
            show::print(&text)?;
        }
        Some(file) => {
            std::fs::write(file, text).with_context(|| format!("the file {} cannot be written", file.display()))?;
            eprintln!("mappings of {connection} are in {}", file.display());
        }
    }
    Ok(Exit::Done)
}

fn read(file: &Path) -> Result<String> {
    let bytes = std::fs::read(file)
        .with_context(|| format!("the file {} cannot be read. Nothing was asked", file.display()))?;
    String::from_utf8(bytes)
        .map_err(|_| anyhow!("{} is not UTF-8 text. Nothing was asked. Save it as \"CSV UTF-8\"", file.display()))
}

pub(super) async fn import(args: &ImportArgs) -> Result<Exit> {
    let csv = read(&args.file)?;
    let client = Client::new(&args.of.remote)?;
    let connection = client.connection(args.of.connection.as_deref()).await?;
    let path = ["connections", &connection, "programs", &args.of.program, "customers", "import"];
    let body = json!({ "csv": csv, "dry_run": args.dry_run, "skip_bad": args.skip_bad });
    let answer: MappingImportAnswer = client.post(&path, &[], &body).await?;
    if args.of.remote.json {
        show::json(&answer)?;
    } else {
        let mut table = show::Table::new(&["Line", "Customer", "Motion", "What", "Column", "Text"]).right(&[0]);
        for row in answer.rows.iter().filter(|row| row.what != "same") {
            table.row([
                row.line.to_string(),
                row.customer.clone(),
                row.motion.clone(),
                row.what.clone(),
                row.column.clone().unwrap_or_default(),
                row.text.clone(),
            ]);
        }
        let done = if answer.applied { "" } else { "; nothing was changed" };
        table.print(&format!(
            "{} new, {} changed, {} same, {} refused, {} touched{done}",
            answer.new,
            answer.changed,
            answer.same,
            answer.refused,
            show::count(answer.touched, "task")
        ))?;
    }
    let is_done = answer.refused == 0 && (answer.applied || answer.new + answer.changed == 0);
    Ok(if is_done { Exit::Done } else { Exit::NotAll })
}
