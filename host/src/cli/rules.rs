//! `rules`: what is ignored by rule, with a preview before one is made.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, Subcommand};
use counterfoil_server::wire::{RuleAnswer, RuleBody, RuleList, RulePreview, RuleRemoved, RuleView};
use serde_json::json;

use super::args::Remote;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

#[derive(Debug, Subcommand)]
pub enum RulesVerb {
    /// Rules of a connection, or of all.
    List {
        #[arg(long)]
        connection: Option<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Make a rule: an order that fits all that is given is ignored. Shows what it would have ignored of the last 90 days.
    Add(AddArgs),
    /// Remove a rule. What it ignored comes back and is judged anew.
    Remove {
        rule: String,
        /// What it ignored stays ignored.
        #[arg(long)]
        keep: bool,
        #[command(flatten)]
        remote: Remote,
    },
}

#[derive(Debug, Clone, Args)]
pub struct AddArgs {
    /// The connection; needed when there is more than one.
    #[arg(long)]
    pub connection: Option<String>,
    /// The marketplace's id of a customer.
    #[arg(long)]
    pub customer: Option<String>,
    /// The code of a product; any line of it makes the whole order fit.
    #[arg(long)]
    pub product: Option<String>,
    /// sales, change, billing, cancellation, renewal.
    #[arg(long)]
    pub order_type: Option<String>,
    /// Orders of at most this amount, whatever its sign.
    #[arg(long, requires = "currency", conflicts_with = "at_least")]
    pub at_most: Option<String>,
    /// Orders of at least this amount, whatever its sign.
    #[arg(long, requires = "currency")]
    pub at_least: Option<String>,
    /// Of the amount: USD.
    #[arg(long)]
    pub currency: Option<String>,
    /// Why, for whoever reads it later.
    #[arg(long)]
    pub reason: String,
    /// The first day on which it does not count any more: 2027-01-01.
    #[arg(long, value_name = "DAY")]
    pub until: Option<chrono::NaiveDate>,
    /// Only show what it would ignore.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(verb: RulesVerb) -> Result<Exit> {
    conclude(match verb {
        RulesVerb::List { connection, remote } => list(connection.as_deref(), &remote).await,
        RulesVerb::Add(args) => add(&args).await,
        RulesVerb::Remove { rule, keep, remote } => remove(&rule, keep, &remote).await,
    })
}

async fn list(connection: Option<&str>, remote: &Remote) -> Result<Exit> {
    let client = Client::new(remote)?;
    let query: Vec<(&str, &str)> = connection.map(|id| ("connection", id)).into_iter().collect();
    let list: RuleList = client.get(&["rules"], &query).await?;
    if remote.json {
        show::json(&list)?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&["Rule", "Connection", "Ignores", "Until", "By", "Why"]);
    for rule in &list.rules {
        let words = [rule.id.clone(), rule.connection.clone(), rule.criteria.clone(), until(rule), rule.by.clone()];
        let [id, connection, criteria, until, by] = words;
        table.row([id, connection, criteria, until, by, rule.text.clone()]);
    }
    table.print(&show::count(show::number(list.rules.len()), "rule"))?;
    Ok(Exit::Done)
}

fn until(rule: &RuleView) -> String {
    match &rule.until {
        Some(day) if rule.counts => day.to_string(),
        Some(day) => format!("{day}, over"),
        None => String::new(),
    }
}

fn body(args: &AddArgs, connection: String) -> Result<RuleBody> {
    let amount = args
        .currency
        .as_ref()
        .map(|currency| json!({ "at_most": args.at_most, "at_least": args.at_least, "currency": currency }));
    Ok(serde_json::from_value(json!({
        "connection": connection,
        "customer": args.customer,
        "product": args.product,
        "order_type": args.order_type,
        "amount": amount,
        "text": args.reason,
        "until": args.until.map(|day| day.to_string()),
        "dry_run": args.dry_run,
    }))?)
}

async fn add(args: &AddArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let body = body(args, client.connection(args.connection.as_deref()).await?)?;
    let answer: RuleAnswer = client.post(&["rules"], &[], &serde_json::to_value(&body)?).await?;
    if args.remote.json {
        show::json(&answer)?;
    } else {
        show::print(&said(&answer))?;
    }
    Ok(Exit::Done)
}

fn said(answer: &RuleAnswer) -> String {
    let rule = &answer.rule;
    let mut out = if answer.dry_run {
        format!("A rule for {} would be made; nothing was written\n", show::clean(&rule.criteria))
    } else {
        format!("Rule {}: {} is ignored from now on\n", rule.id, show::clean(&rule.criteria))
    };
    preview(&mut out, &answer.preview);
    out
}

fn preview(out: &mut String, preview: &RulePreview) {
    let _ = writeln!(
        out,
        "Since {} it would have ignored {}, {}",
        preview.from,
        show::count(preview.count, "task"),
        show::moneys(&preview.money)
    );
    for state in &preview.states {
        let _ = writeln!(out, "  {} {} ({})", state.name, state.count, show::moneys(&state.money));
    }
    for task in &preview.tasks {
        let _ = writeln!(
            out,
            "  {}  {}  {}  {}",
            show::clean(&task.number),
            task.state,
            show::clean(&task.customer_name),
            show::money(&task.amount)
        );
    }
    let more = preview.count.saturating_sub(show::number(preview.tasks.len()));
    if more > 0 {
        let _ = writeln!(out, "  and {} more", show::count(more, "task"));
    }
    if !preview.complete {
        let looked_at = show::count(preview.looked_at, "task");
        let _ = writeln!(out, "Only the oldest {looked_at} of that time were looked at; there are more");
    }
}

async fn remove(rule: &str, keep: bool, remote: &Remote) -> Result<Exit> {
    let client = Client::new(remote)?;
    let query = if keep { vec![("keep", "true")] } else { Vec::new() };
    let removed: RuleRemoved = client.delete_with(&["rules", rule], &query).await?;
    if remote.json {
        show::json(&removed)?;
    } else {
        let what = if removed.kept { "stay ignored" } else { "come back; the rules judge them again" };
        let text = format!(
            "Removed rule {}. {}, {}, {what}\n",
            removed.rule.id,
            show::count(removed.tasks, "task"),
            show::moneys(&removed.money)
        );
        show::print(&text)?;
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parsed(line: &str) -> Option<AddArgs> {
        let words = ["counterfoil", "rules", "add", "--reason", "x"].into_iter().chain(line.split_whitespace());
        match Cli::try_parse_from(words).ok()?.command {
            Command::Rules(RulesVerb::Add(args)) => Some(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_rule_is_asked_for_as_the_service_reads_it() {
        let args = parsed("--customer 17 --at-most 5.00 --currency USD --until 2027-01-01 --dry-run").unwrap();
        let body = body(&args, "xero-main".to_owned()).unwrap();
        assert_eq!((body.customer.as_deref(), body.product, body.dry_run), (Some("17"), None, true));
        let amount = body.amount.unwrap();
        assert_eq!((amount.at_most.as_deref(), amount.at_least, amount.currency.as_str()), (Some("5.00"), None, "USD"));
        assert_eq!(body.until.unwrap().to_string(), "2027-01-01");
        assert!(parsed("--at-most 5").is_none(), "an amount without currency");
        assert!(parsed("--at-most 5 --at-least 4 --currency USD").is_none(), "two bounds");
    }

    #[test]
    fn a_preview_says_how_much_and_what_it_did_not_look_at() {
        let answer: RuleAnswer = serde_json::from_value(json!({
            "dry_run": true,
            "rule": {
                "id": "", "connection": "x", "criteria": "customer 17", "until_change": false, "text": "t", "by": "ann",
                "at": "2026-11-21T09:12:00Z", "until": null, "counts": true,
            },
            "preview": {
                "from": "2026-08-23", "looked_at": 50000, "complete": false, "count": 31, "tasks": [],
                "money": [{ "amount": "1240.00", "currency": "AUD" }],
                "states": [{ "name": "ready", "count": 31, "money": [{ "amount": "1240.00", "currency": "AUD" }] }],
            },
        }))
        .unwrap();
        assert_eq!(
            said(&answer),
            "A rule for customer 17 would be made; nothing was written\n\
             Since 2026-08-23 it would have ignored 31 tasks, AUD 1,240.00\n  ready 31 (AUD 1,240.00)\n  \
             and 31 tasks more\nOnly the oldest 50,000 tasks of that time were looked at; there are more\n"
        );
    }
}
