//! `programs list`, `show`, `set` and `motions`.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use counterfoil_server::wire::{MotionList, ProgramAnswer, ProgramBody, ProgramList, ProgramView};
use serde_json::to_value;

use super::super::args::Remote;
use super::super::client::Client;
use super::super::show;
use super::Of;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct SetArgs {
    #[command(flatten)]
    pub of: Of,
    #[arg(long)]
    pub enabled: Option<bool>,
    /// Who is told of errors and warnings; several with commas between.
    #[arg(long, value_delimiter = ',')]
    pub emails: Option<Vec<String>>,
    /// Whether statements are billed.
    #[arg(long)]
    pub billing: Option<bool>,
    /// Billing motions that are billed, with commas between: monthly-monthly,annual-monthly.
    #[arg(long, value_delimiter = ',')]
    pub motions: Option<Vec<String>>,
    /// Whether products become items.
    #[arg(long)]
    pub products: Option<bool>,
    /// all or in-use.
    #[arg(long)]
    pub product_mode: Option<String>,
    /// Bill usage.
    #[arg(long)]
    pub azure: Option<bool>,
    /// Bill what is paid for a year or more at once.
    #[arg(long)]
    pub annual: Option<bool>,
    /// New items are taxable.
    #[arg(long)]
    pub taxable: Option<bool>,
    /// 06:30, or none.
    #[arg(long)]
    pub daily_at: Option<String>,
    /// Europe/Vienna.
    #[arg(long)]
    pub time_zone: Option<String>,
}

pub(super) async fn list(remote: &Remote) -> Result<Exit> {
    let list: ProgramList = Client::new(remote)?.get(&["programs"], &[]).await?;
    if remote.json {
        show::json(&list)?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&[
        "Connection",
        "Program",
        "On",
        "Mapped",
        "Unmapped",
        "Last run",
        "Period",
        "Billed",
        "Open",
        "Not mapped",
        "Held back",
    ])
    .right(&[3, 4]);
    for row in &list.programs {
        let last = row.last_run.as_ref().map(|run| {
            let outcome = run.outcome.as_deref().unwrap_or("running");
            format!("{} {outcome}", run.at.0.format("%Y-%m-%d %H:%M"))
        });
        table.row([
            row.program.connection.clone(),
            row.program.text.clone(),
            on(row.program.enabled).to_owned(),
            row.mapped.to_string(),
            row.unmapped.to_string(),
            last.unwrap_or_default(),
            row.period.as_ref().map(|period| format!("{} – {}", period.start, period.end)).unwrap_or_default(),
            show::moneys(&row.billed),
            show::moneys(&row.open),
            show::moneys(&row.unmapped_money),
            show::moneys(&row.held_back),
        ]);
    }
    table.print(&show::count(show::number(list.programs.len()), "program"))?;
    Ok(Exit::Done)
}

fn on(is: bool) -> &'static str {
    if is { "on" } else { "off" }
}

fn text(program: &ProgramView) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<13} {}", show::clean(value));
    };
    line("program", &format!("{} of {}", program.text, program.connection));
    line("enabled", on(program.enabled));
    line("emails", &program.emails.join(", "));
    line("billing", on(program.billing));
    line("motions", &program.motions.join(", "));
    line("products", &format!("{}, {}", on(program.products), program.product_mode));
    line("azure", on(program.azure));
    line("annual", on(program.annual));
    line("taxable", on(program.taxable));
    let daily = program.daily_at.as_ref().map(|at| format!("{at} {}", program.time_zone));
    line("daily at", daily.as_deref().unwrap_or("only when somebody asks"));
    for run in &program.next_runs {
        line("  next run", &run.to_string());
    }
    out
}

pub(super) async fn show(of: &Of) -> Result<Exit> {
    let client = Client::new(&of.remote)?;
    let connection = client.connection(of.connection.as_deref()).await?;
    let program: ProgramView = client.get(&["connections", &connection, "programs", &of.program], &[]).await?;
    if of.remote.json {
        show::json(&program)?;
    } else {
        show::print(&text(&program))?;
    }
    Ok(Exit::Done)
}

pub(super) async fn set(args: &SetArgs) -> Result<Exit> {
    let of = &args.of;
    let client = Client::new(&of.remote)?;
    let connection = client.connection(of.connection.as_deref()).await?;
    let body = ProgramBody {
        enabled: args.enabled,
        emails: args.emails.clone(),
        billing: args.billing,
        motions: args.motions.clone(),
        products: args.products,
        product_mode: args.product_mode.clone(),
        azure: args.azure,
        annual: args.annual,
        taxable: args.taxable,
        daily_at: args.daily_at.clone(),
        time_zone: args.time_zone.clone(),
    };
    let path = ["connections", &connection, "programs", &of.program];
    let answer: ProgramAnswer = client.put(&path, &to_value(&body)?).await?;
    if of.remote.json {
        show::json(&answer)?;
        return Ok(Exit::Done);
    }
    let mut out = text(&answer.program);
    for warning in &answer.warnings {
        let _ = writeln!(out, "\n{}", show::clean(warning));
    }
    if !answer.changed {
        out.push_str("\nIt was set so already.\n");
    }
    show::print(&out)?;
    Ok(Exit::Done)
}

pub(super) async fn motions(of: &Of) -> Result<Exit> {
    let client = Client::new(&of.remote)?;
    let connection = client.connection(of.connection.as_deref()).await?;
    let list: MotionList = client.get(&["connections", &connection, "programs", &of.program, "motions"], &[]).await?;
    if of.remote.json {
        show::json(&list)?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&["Motion", "What", "Prefix", "Selected", "Money", "Not billed because"]);
    for one in &list.motions {
        let money = if one.money.is_empty() { String::new() } else { show::moneys(&one.money) };
        table.row([
            one.motion.clone(),
            one.text.clone(),
            one.prefix.clone(),
            if one.selected { "yes" } else { "no" }.to_owned(),
            money,
            one.held_back.clone().unwrap_or_default(),
        ]);
    }
    table.print(&show::count(show::number(list.motions.len()), "billing motion"))?;
    Ok(Exit::Done)
}
