//! `programs money` and `programs statements`.

use anyhow::Result;
use chrono::NaiveDate;
use clap::Args;
use counterfoil_server::wire::{ProgramMoney, StatementDetail, StatementPage, StatementView};

use super::super::args::Remote;
use super::super::client::Client;
use super::super::show;
use super::Of;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct MoneyArgs {
    #[command(flatten)]
    pub of: Of,
    /// Periods that start on this day or later; left out: of the last half year.
    #[arg(long)]
    pub from: Option<NaiveDate>,
    /// Periods that start before this day.
    #[arg(long)]
    pub to: Option<NaiveDate>,
}

#[derive(Debug, Clone, Args)]
pub struct StatementsArgs {
    /// One statement, with its records; none: the list.
    pub statement: Option<String>,
    #[arg(long)]
    pub marketplace: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn money(args: &MoneyArgs) -> Result<Exit> {
    let client = Client::new(&args.of.remote)?;
    let connection = client.connection(args.of.connection.as_deref()).await?;
    let days = [("from", args.from), ("to", args.to)];
    let days: Vec<(&str, String)> = days.into_iter().filter_map(|(name, day)| Some((name, day?.to_string()))).collect();
    let query: Vec<(&str, &str)> = days.iter().map(|(name, day)| (*name, day.as_str())).collect();
    let path = ["connections", &connection, "programs", &args.of.program, "money"];
    let answer: ProgramMoney = client.get(&path, &query).await?;
    let exit = if answer.agrees { Exit::Done } else { Exit::NotAll };
    if args.of.remote.json {
        show::json(&answer)?;
        return Ok(exit);
    }
    let mut table = show::Table::new(&["Period", "Motion", "Where", "Tasks", "Money"]).right(&[3, 4]);
    for period in &answer.periods {
        for motion in &period.motions {
            let place = || [format!("{} – {}", period.period.start, period.period.end), motion.motion.clone()];
            let mut row = |what: String, tasks: String, money: String| {
                let [period, motion] = place();
                table.row([period, motion, what, tasks, money]);
            };
            for bucket in &motion.buckets {
                row(bucket.bucket.clone(), bucket.tasks.to_string(), show::money(&bucket.money));
            }
            let said = if motion.agrees { "statements: the same" } else { "statements: DIFFERENT" };
            row(said.to_owned(), String::new(), show::money(&motion.statements));
        }
    }
    let below =
        if answer.agrees { "bills and buckets are the statements" } else { "bills and buckets are not the statements" };
    table.print(below)?;
    Ok(exit)
}

pub(super) async fn statements(args: &StatementsArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let query: Vec<(&str, &str)> = args.marketplace.as_deref().map(|id| ("marketplace", id)).into_iter().collect();
    if let Some(id) = &args.statement {
        return one(&client, id, query, args.remote.json).await;
    }
    let page: StatementPage = client.get(&["statements"], &query).await?;
    if args.remote.json {
        show::json(&page)?;
        return Ok(Exit::Done);
    }
    let more =
        if page.has_more { ", the newest; older ones with `counterfoil api GET /v1/statements?after=…`" } else { "" };
    table(&page.statements)
        .print(&format!("{}{more}", show::count(show::number(page.statements.len()), "statement")))?;
    Ok(Exit::Done)
}

fn table(statements: &[StatementView]) -> show::Table {
    let header =
        ["Statement", "Issue", "Stream", "Period", "Taken as", "Records", "Cost", "Told", "Customers pay", "Problems"];
    let mut table = show::Table::new(&header).right(&[1, 5]);
    for one in statements {
        table.row([
            one.id.clone(),
            one.issue.to_string(),
            one.stream_name.clone(),
            format!("{} – {}", one.period.start, one.period.end),
            one.kept_as.clone(),
            one.records.to_string(),
            show::moneys(&one.cost),
            one.total.as_ref().map(show::money).unwrap_or_default(),
            show::moneys(&one.amount),
            one.problems.len().to_string(),
        ]);
    }
    table
}

async fn one(client: &Client, id: &str, query: Vec<(&str, &str)>, as_json: bool) -> Result<Exit> {
    let query: Vec<(&str, &str)> = query.into_iter().chain([("limit", "500")]).collect();
    let detail: StatementDetail = client.get(&["statements", id], &query).await?;
    if as_json {
        show::json(&detail)?;
        return Ok(Exit::Done);
    }
    table(&detail.issues).print("")?;
    let mut records =
        show::Table::new(&["Customer", "Motion", "Product", "Charge", "Quantity", "Price", "Amount", "Period"])
            .right(&[4, 5, 6]);
    for one in &detail.records {
        records.row([
            one.customer_name.clone(),
            one.motion.clone(),
            format!("{} {}", one.product, one.product_name),
            one.charge_name.clone(),
            one.quantity.clone(),
            show::money(&one.unit_price),
            show::money(&one.amount),
            one.charge_period.as_ref().map(|period| format!("{} – {}", period.start, period.end)).unwrap_or_default(),
        ]);
    }
    let more = if detail.has_more { "; the first of them" } else { "" };
    let said: Vec<String> = detail.statement.problems.iter().map(|one| show::clean(&one.message)).collect();
    let said = if said.is_empty() { String::new() } else { format!("\n{}", said.join("\n")) };
    records.print(&format!("{}{more}{said}", show::count(detail.statement.records, "record")))?;
    Ok(Exit::Done)
}
