//! `notices`: what happened, what it means for the money, what to do.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use counterfoil_server::wire::{NoticePage, NoticeView};

use super::args::Remote;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct NoticesArgs {
    #[arg(long)]
    pub connection: Option<String>,
    /// problems or all; left out: what the connection's rules say.
    #[arg(long)]
    pub level: Option<String>,
    #[arg(long, default_value_t = 50)]
    pub limit: usize,
    #[command(flatten)]
    pub remote: Remote,
}

/// Rows that the service gives at once.
const PAGE: usize = 500;

pub(super) async fn run(args: &NoticesArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    conclude(list(&client, args).await)
}

async fn list(client: &Client, args: &NoticesArgs) -> Result<Exit> {
    let limit = args.limit.max(1);
    let mut found = NoticePage { notices: Vec::new(), has_more: true, next: None };
    while found.has_more && found.notices.len() < limit {
        let size = (limit - found.notices.len()).min(PAGE).to_string();
        let given = [
            ("connection", args.connection.as_deref()),
            ("level", args.level.as_deref()),
            ("limit", Some(size.as_str())),
            ("after", found.next.as_deref()),
        ];
        let query: Vec<(&str, &str)> = given.iter().filter_map(|(name, value)| value.map(|v| (*name, v))).collect();
        let page: NoticePage = client.get(&["notices"], &query).await?;
        let ended = page.next.is_none();
        found.notices.extend(page.notices);
        found = NoticePage { notices: found.notices, has_more: page.has_more && !ended, next: page.next };
    }
    if args.remote.json {
        show::json(&found)?;
        return Ok(Exit::Done);
    }
    let text: String = found.notices.iter().map(text).collect();
    if show::print(&text)? {
        let more = if found.has_more { ", and there are more: --limit shows them" } else { "" };
        eprintln!("{}{more}", show::count(show::number(found.notices.len()), "notice"));
    }
    Ok(Exit::Done)
}

/// What happened, and under it the money and what to do.
fn text(notice: &NoticeView) -> String {
    let at = notice.at.map(|at| at.0.format("%Y-%m-%d %H:%M UTC").to_string());
    let about = notice.task.as_ref().unwrap_or(&notice.connection);
    let mut out = String::new();
    let _ = writeln!(out, "{}  {}  {}", at.as_deref().unwrap_or("now"), show::clean(&notice.kind), show::clean(about));
    for line in [&notice.happened, &notice.money, &notice.act] {
        let _ = writeln!(out, "  {}", show::clean(line));
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_notice_says_three_things_and_what_it_is_about() {
        let notice: NoticeView = serde_json::from_value(json!({
            "kind": "parked", "is_problem": true, "connection": "xero-main", "task": "task_7", "number": "SO7",
            "customer_name": "Green Lane LLC", "amount": { "amount": "41.80", "currency": "USD" },
            "at": "2026-11-21T09:00:00Z", "happened": "SO7 was given\nup.", "money": "41.80 USD is not billed.", "act": "Mend it.",
        }))
        .unwrap();
        let expected =
            "2026-11-21 09:00 UTC  parked  task_7\n  SO7 was given up.\n  41.80 USD is not billed.\n  Mend it.\n\n";
        assert_eq!(text(&notice), expected);
        let of_connection = NoticeView { task: None, at: None, kind: "needs-sign-in".into(), ..notice };
        assert!(text(&of_connection).starts_with("now  needs-sign-in  xero-main\n"));
    }
}
