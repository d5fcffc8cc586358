//! `audit`: who did what, whether the log is as it was written, and all of it as lines of JSON.

use anyhow::Result;
use clap::{Args, Subcommand};
use counterfoil_server::wire::{AuditCheckView, AuditList};
use reqwest::Method;

use super::args::Remote;
use super::client::{Client, conclude, refusal};
use super::show;
use crate::exit::Exit;

#[derive(Debug, Subcommand)]
pub enum AuditVerb {
    /// Newest first.
    List(ListArgs),
    /// Walk the log from its first record. Exit code 1 when a record is not what was written.
    Verify {
        #[command(flatten)]
        remote: Remote,
    },
    /// Every record with its hash, oldest first, a line of JSON each.
    Export {
        /// Place of the last record that is known already.
        #[arg(long, default_value_t = 0)]
        after: u64,
        #[command(flatten)]
        remote: Remote,
    },
}

#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// Only what this person did.
    #[arg(long)]
    pub actor: Option<String>,
    /// Only this: task.ignore; or what stands before the dot: task.
    #[arg(long)]
    pub action: Option<String>,
    /// In subject or detail.
    #[arg(long)]
    pub text: Option<String>,
    /// The first day: 2026-11-01.
    #[arg(long, value_name = "DAY")]
    pub from: Option<chrono::NaiveDate>,
    /// The last day.
    #[arg(long, value_name = "DAY")]
    pub to: Option<chrono::NaiveDate>,
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(verb: AuditVerb) -> Result<Exit> {
    conclude(match verb {
        AuditVerb::List(args) => list(&args).await,
        AuditVerb::Verify { remote } => verify(&remote).await,
        AuditVerb::Export { after, remote } => export(after, &remote).await,
    })
}

async fn list(args: &ListArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let limit = args.limit.to_string();
    let (from, to) = (args.from.map(|day| day.to_string()), args.to.map(|day| day.to_string()));
    let given = [
        ("actor", &args.actor),
        ("action", &args.action),
        ("text", &args.text),
        ("from", &from),
        ("to", &to),
        ("limit", &Some(limit)),
    ];
    let query: Vec<(&str, &str)> =
        given.iter().filter_map(|(name, value)| value.as_deref().map(|value| (*name, value))).collect();
    let list: AuditList = client.get(&["audit"], &query).await?;
    if args.remote.json {
        show::json(&list)?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&["When", "Who", "What", "Of", "Detail"]);
    for entry in &list.entries {
        let when = entry.at.0.format("%Y-%m-%d %H:%M:%S").to_string();
        let (actor, action) = (entry.actor.clone(), entry.action.clone());
        table.row([when, actor, action, entry.subject.clone(), entry.detail.clone()]);
    }
    let more = if list.has_more { "; there are more: --limit, --from, --to" } else { "" };
    table.print(&format!("{}{more}", show::count(show::number(list.entries.len()), "line")))?;
    Ok(Exit::Done)
}

async fn verify(remote: &Remote) -> Result<Exit> {
    let check: AuditCheckView = Client::new(remote)?.get(&["audit", "verify"], &[]).await?;
    if remote.json {
        show::json(&check)?;
    } else {
        show::print(&said(&check))?;
    }
    Ok(if check.good { Exit::Done } else { Exit::Error })
}

fn said(check: &AuditCheckView) -> String {
    match &check.first_bad {
        None => format!(
            "{}, each as it was written\nhead {}\nKeep the head elsewhere: it shows later whether the end was cut off.\n",
            show::count(check.records, "record"),
            check.head
        ),
        Some(bad) => format!(
            "Record {} is not what was written: {}.\nThe {} before it are good. Find out who changed the database, and compare with a backup.\n",
            bad.place,
            show::clean(&bad.why),
            show::count(check.records, "record"),
        ),
    }
}

async fn export(after: u64, remote: &Remote) -> Result<Exit> {
    let client = Client::new(remote)?;
    let after = after.to_string();
    let url = client.url(&["audit.ndjson"], &[("after", &after)])?;
    let answer = client.exchange(Method::GET, url, None, None).await?;
    if answer.status != 200 {
        return Err(refusal(&answer, true).into());
    }
    show::print(&answer.text)?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use counterfoil_server::wire::BadRecordView;

    use super::*;

    #[test]
    fn a_broken_chain_names_its_first_record() {
        let good = AuditCheckView { good: true, records: 3, head: "ab".into(), first_bad: None };
        assert!(said(&good).starts_with("3 records, each as it was written\nhead ab\n"), "{}", said(&good));
        let bad = BadRecordView { place: 2, why: "it is missing".into() };
        let bad = AuditCheckView { good: false, records: 1, first_bad: Some(bad), ..good };
        assert!(said(&bad).starts_with("Record 2 is not what was written: it is missing.\nThe 1 record before"));
    }
}
