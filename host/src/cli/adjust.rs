//! `adjust` and `decide`: what a person sets on a task before confirming it, and the answer where the rules cannot tell.
//! Owns how both look as text; what may be set is the service's to say.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use clap::{ArgAction, Args, builder::BoolishValueParser};
use counterfoil_server::wire::{
    AddedLineView, AdjustBody, AdjustedLineView, AdjustmentsView, DecideBody, LineSetView, PeriodSet, ProposalView,
    TaskView,
};
use serde_json::to_value;

use super::args::Remote;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct AdjustArgs {
    /// The task. Without values, its lines and what is set on them are shown.
    pub task: String,
    /// Id of the order's line that the values are for.
    #[arg(long, value_name = "ID", conflicts_with = "clear")]
    pub line: Option<String>,
    #[arg(long, requires = "line", allow_hyphen_values = true)]
    pub quantity: Option<String>,
    /// Of one; it may be finer than a coin.
    #[arg(long, requires = "line", allow_hyphen_values = true)]
    pub price: Option<String>,
    /// Of one.
    #[arg(long, requires = "line", allow_hyphen_values = true)]
    pub cost: Option<String>,
    #[arg(long, requires = "line")]
    pub description: Option<String>,
    /// First day of the service period.
    #[arg(long, requires = "line", value_name = "DAY")]
    pub from: Option<String>,
    /// Last day of the service period, itself included.
    #[arg(long, requires = "line", value_name = "DAY")]
    pub to: Option<chrono::NaiveDate>,
    /// The customer pays for it.
    #[arg(long, requires = "line", conflicts_with_all = ["no_charge", "do_not_bill"])]
    pub bill: bool,
    /// It is shown, at no price.
    #[arg(long, requires = "line", conflicts_with = "do_not_bill")]
    pub no_charge: bool,
    /// It is left out.
    #[arg(long, requires = "line")]
    pub do_not_bill: bool,
    /// yes or no.
    #[arg(long, requires = "line", action = ArgAction::Set, value_parser = BoolishValueParser::new())]
    pub taxable: Option<bool>,
    /// order or catalogue.
    #[arg(long, requires = "line", conflicts_with = "price")]
    pub price_source: Option<String>,
    /// A value of the task as a whole: due_date=2026-12-01. Without a value it is taken back. May be repeated.
    #[arg(long, value_name = "NAME=VALUE", value_parser = named_value, conflicts_with = "clear")]
    pub set: Vec<(String, String)>,
    /// Take back what was set: on the line, or on the whole task.
    #[arg(long)]
    pub clear: bool,
    /// Take back what was set on this line only.
    #[arg(long, value_name = "ID", conflicts_with_all = ["line", "clear"])]
    pub clear_line: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

#[derive(Debug, Clone, Args)]
pub struct DecideArgs {
    /// The task. Without an answer, the proposals are shown.
    pub task: String,
    /// One of the proposals, by name.
    #[arg(long, value_name = "NAME", requires = "reason", conflicts_with = "lines")]
    pub proposal: Option<String>,
    /// Lines of your own, as a JSON array: fee, product_code, description, quantity, unit_price, …; or @file.
    #[arg(long, value_name = "JSON", requires = "reason")]
    pub lines: Option<String>,
    /// With --lines: the order's own lines are billed too.
    #[arg(long, requires = "lines")]
    pub beside_order: bool,
    /// Why, for whoever reads it later.
    #[arg(long)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

fn named_value(written: &str) -> Result<(String, String), String> {
    let (name, value) = written.split_once('=').ok_or("give a name and a value with \"=\" between them")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl AdjustArgs {
    /// What is to be set on the line; none: nothing was given.
    fn line_set(&self) -> Option<LineSetView> {
        let billing = match (self.bill, self.no_charge, self.do_not_bill) {
            (true, ..) => Some("billable"),
            (_, true, _) => Some("no-charge"),
            (.., true) => Some("do-not-bill"),
            _ => None,
        };
        // People name the last day, the service the first day after it.
        let end = self.to.and_then(|last| last.succ_opt()).map(|end| end.to_string());
        let period = PeriodSet { start: self.from.clone(), end };
        let set = LineSetView {
            line: self.line.clone().unwrap_or_default(),
            period: Some(period).filter(|period| *period != PeriodSet::default()),
            description: self.description.clone(),
            quantity: self.quantity.clone(),
            unit_price: self.price.clone(),
            unit_cost: self.cost.clone(),
            billing: billing.map(str::to_owned),
            taxable: self.taxable,
            price_source: self.price_source.clone(),
        };
        let nothing = LineSetView { line: set.line.clone(), ..LineSetView::default() };
        (set != nothing).then_some(set)
    }
}

/// One line's new values over what was set on it before.
fn merged(before: Option<&LineSetView>, new: LineSetView) -> LineSetView {
    let Some(before) = before.cloned() else { return new };
    let period = match (before.period, new.period) {
        (Some(old), Some(new)) => Some(PeriodSet { start: new.start.or(old.start), end: new.end.or(old.end) }),
        (old, new) => new.or(old),
    };
    // A price and where it comes from exclude each other: the later word counts.
    let (price, source) = match (&new.unit_price, &new.price_source) {
        (None, None) => (before.unit_price, before.price_source),
        _ => (new.unit_price, new.price_source),
    };
    LineSetView {
        line: new.line,
        period,
        description: new.description.or(before.description),
        quantity: new.quantity.or(before.quantity),
        unit_price: price,
        unit_cost: new.unit_cost.or(before.unit_cost),
        billing: new.billing.or(before.billing),
        taxable: new.taxable.or(before.taxable),
        price_source: source,
    }
}

/// All that is set on the task afterwards.
fn all(
    view: &AdjustmentsView,
    new: Option<LineSetView>,
    without: Option<&str>,
    values: &[(String, String)],
) -> AdjustBody {
    let mut document: BTreeMap<String, String> =
        view.document.iter().filter_map(|one| Some((one.name.clone(), one.value.clone()?))).collect();
    document.extend(values.iter().cloned());
    document.retain(|_, value| !value.is_empty());
    let kept = |line: &&AdjustedLineView| {
        Some(line.order.id.as_str()) != without && new.as_ref().is_none_or(|new| new.line != line.order.id)
    };
    let mut lines: Vec<LineSetView> = view.lines.iter().filter(kept).filter_map(|line| line.set.clone()).collect();
    if let Some(new) = new {
        let before = view.lines.iter().find(|line| line.order.id == new.line).and_then(|line| line.set.as_ref());
        lines.push(merged(before, new));
    }
    AdjustBody { document, lines, version: Some(view.task.version) }
}

pub(super) async fn adjust(args: &AdjustArgs) -> Result<Exit> {
    conclude(adjusted(args).await)
}

async fn adjusted(args: &AdjustArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let path = ["tasks", args.task.as_str(), "adjustments"];
    if args.clear {
        let view: AdjustmentsView = client.delete(&path).await?;
        return told(args, &view, "Took back what was set");
    }
    let view: AdjustmentsView = client.get(&path, &[]).await?;
    let set = args.line_set();
    if set.is_none() && args.clear_line.is_none() && args.set.is_empty() {
        if args.line.is_some() {
            eprintln!("counterfoil: --line needs values to set on it. Nothing was changed");
            return Ok(Exit::Usage);
        }
        return told(args, &view, "");
    }
    let body = all(&view, set, args.clear_line.as_deref(), &args.set);
    let view: AdjustmentsView = client.put(&path, &to_value(body)?).await?;
    told(args, &view, "Adjusted")
}

fn told(args: &AdjustArgs, view: &AdjustmentsView, done: &str) -> Result<Exit> {
    if args.remote.json {
        show::json(view)?;
    } else {
        show::print(&text(view))?;
    }
    if !done.is_empty() {
        let id = &view.task.id;
        eprintln!(
            "{done}; {} is {}. `counterfoil plan {id}` shows what it bills now",
            view.task.number, view.task.state
        );
    }
    Ok(Exit::Done)
}

pub(super) async fn decide(args: &DecideArgs) -> Result<Exit> {
    conclude(decided(args).await)
}

async fn decided(args: &DecideArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let view: AdjustmentsView = client.get(&["tasks", &args.task, "adjustments"], &[]).await?;
    let Some(reason) = args.reason.clone().filter(|_| args.proposal.is_some() || args.lines.is_some()) else {
        if args.reason.is_some() {
            eprintln!("counterfoil: --reason needs --proposal or --lines. Nothing was decided");
            return Ok(Exit::Usage);
        }
        if args.remote.json {
            show::json(&view)?;
        } else {
            show::print(&text(&view))?;
        }
        return Ok(if view.asked { Exit::NotAll } else { Exit::Done });
    };
    let lines = args.lines.as_deref().map(read_lines).transpose()?;
    let body = DecideBody {
        proposal: args.proposal.clone(),
        lines,
        beside_order: args.beside_order,
        reason,
        version: Some(view.task.version),
    };
    let task: TaskView = client.post(&["tasks", &args.task, "decide"], &[], &to_value(body)?).await?;
    if args.remote.json {
        show::json(&task)?;
    } else if task.state == "ignored" {
        show::print(&format!("Decided: nothing of {} is billed\n", show::clean(&task.number)))?;
    } else {
        let (number, id) = (show::clean(&task.number), &task.id);
        show::print(&format!("Decided {number}; `counterfoil plan {id}` shows what it bills now\n"))?;
    }
    Ok(Exit::Done)
}

fn read_lines(given: &str) -> Result<Vec<AddedLineView>> {
    let text = match given.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file)
            .map_err(|error| anyhow::anyhow!("{file} cannot be read: {error}. Nothing was decided"))?,
        None => given.to_owned(),
    };
    serde_json::from_str(&text)
        .map_err(|error| anyhow::anyhow!("--lines is not an array of lines: {error}. Nothing was decided"))
}

fn text(view: &AdjustmentsView) -> String {
    let task = &view.task;
    let mut out = format!(
        "{} · {} · {} · {}\n",
        show::clean(&task.number),
        show::clean(&task.customer_name),
        show::money(&task.amount),
        task.state
    );
    for line in &view.lines {
        line_text(&mut out, line);
    }
    for one in &view.document {
        let value = one.value.as_deref().unwrap_or("–");
        let _ = writeln!(out, "  {}  {}  {}", show::clean(&one.name), show::clean(value), show::clean(&one.label));
    }
    for line in &view.added {
        let id = line.id.as_deref().unwrap_or("added");
        let _ = writeln!(out, "  + {id}  {}", added_text(line));
    }
    if let Some(why) = &view.decided {
        let by = view.by.as_deref().unwrap_or_default();
        let _ = writeln!(out, "  decided by {}: {}", show::clean(by), show::clean(why));
    }
    for lost in &view.dropped {
        let _ = writeln!(out, "  ! not kept from the earlier revision: {}", show::clean(lost));
    }
    for need in &task.needs {
        let _ = writeln!(out, "  waits: {}", show::clean(&need.text));
    }
    if !view.proposals.is_empty() {
        out.push_str("Proposals, taken with `counterfoil decide TASK --proposal NAME --reason …`:\n");
        view.proposals.iter().for_each(|proposal| proposal_text(&mut out, proposal));
    }
    out
}

fn line_text(out: &mut String, line: &AdjustedLineView) {
    let order = &line.order;
    let _ = writeln!(
        out,
        "  {}  {} × {} = {}  {}  {}",
        show::clean(&order.id),
        show::clean(&order.quantity),
        show::money(&order.unit_price),
        show::money(&order.amount),
        show::clean(&order.kind),
        show::clean(&order.description)
    );
    if let Some(set) = &line.set {
        let _ = writeln!(out, "      set: {}", show::clean(&set_text(set)));
    }
}

fn set_text(set: &LineSetView) -> String {
    let period = set.period.as_ref().map(|period| {
        let day = |day: &Option<String>| day.clone().unwrap_or_default();
        format!("{} until before {}", day(&period.start), day(&period.end))
    });
    let values = [
        ("period", period),
        ("description", set.description.clone()),
        ("quantity", set.quantity.clone()),
        ("price", set.unit_price.clone()),
        ("cost", set.unit_cost.clone()),
        ("billing", set.billing.clone()),
        ("taxable", set.taxable.map(|taxable| if taxable { "yes" } else { "no" }.to_owned())),
        ("price source", set.price_source.clone()),
    ];
    let values = values.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", value?)));
    values.collect::<Vec<String>>().join(" · ")
}

fn added_text(line: &AddedLineView) -> String {
    let product = line.product_code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    show::clean(&format!("{} × {}  {}  {}{product}", line.quantity, line.unit_price, line.fee, line.description))
}

fn proposal_text(out: &mut String, proposal: &ProposalView) {
    let total = show::money(&proposal.total);
    let _ = writeln!(out, "  {}  {total}: {}", show::clean(&proposal.name), show::clean(&proposal.why));
    for line in &proposal.added {
        let _ = writeln!(out, "      + {}", added_text(line));
    }
    for line in &proposal.lines {
        let _ = writeln!(out, "      {}  {}", show::clean(&line.line), show::clean(&set_text(line)));
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parsed(line: &str) -> Result<AdjustArgs, clap::Error> {
        let words = ["counterfoil", "adjust", "task_1"].into_iter().chain(line.split_whitespace());
        let Command::Adjust(args) = Cli::try_parse_from(words)?.command else { panic!("another verb") };
        Ok(args)
    }

    #[test]
    fn values_need_a_line_and_do_not_contradict_each_other() {
        for (line, fits) in [
            ("", true),
            ("--line 1 --quantity 5 --price 33", true),
            ("--line 1 --quantity -5", true),
            ("--line 1 --taxable no", true),
            ("--line 1 --taxable perhaps", false),
            ("--quantity 5", false),
            ("--line 1 --no-charge --do-not-bill", false),
            ("--line 1 --price 3 --price-source catalogue", false),
            ("--line 1 --to yesterday", false),
            ("--clear", true),
            ("--set due_date=2026-12-01 --set reference=PO=7", true),
            ("--set due_date= --line 1 --quantity 2", true),
            ("--set due_date", false),
            ("--set due_date=2026-12-01 --clear", false),
            ("--clear --line 1", false),
        ] {
            assert_eq!(parsed(line).is_ok(), fits, "{line}");
        }
    }

    #[test]
    fn people_name_the_last_day_and_the_service_the_day_after() {
        let set = parsed("--line 1 --from 2026-11-01 --to 2026-11-30").unwrap().line_set().unwrap();
        let period = set.period.unwrap();
        assert_eq!((period.start.as_deref(), period.end.as_deref()), (Some("2026-11-01"), Some("2026-12-01")));
        assert_eq!(parsed("--line 1").unwrap().line_set(), None);
        assert_eq!(parsed("--set a=b=c").unwrap().set, [("a".to_owned(), "b=c".to_owned())]);
    }

    #[test]
    fn new_values_stand_beside_the_old_ones_and_the_later_price_counts() {
        let before = LineSetView {
            line: "1".into(),
            quantity: Some("5".into()),
            price_source: Some("catalogue".into()),
            ..LineSetView::default()
        };
        let new = LineSetView { line: "1".into(), unit_price: Some("3".into()), ..LineSetView::default() };
        let set = merged(Some(&before), new);
        assert_eq!(
            (set.quantity.as_deref(), set.unit_price.as_deref(), set.price_source),
            (Some("5"), Some("3"), None)
        );
    }
}
