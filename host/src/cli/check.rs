//! `check`: Check Changes, or the orders of chosen days, followed to the end.

use anyhow::Result;
use clap::Args;
use counterfoil_server::wire::{DaysView, RunView, StateTotal, TaskPage};

use super::args::Remote;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// The connection; needed when there is more than one.
    #[arg(long)]
    pub connection: Option<String>,
    /// Read the orders created from this day on, however long ago: 2026-01-01 (UTC).
    #[arg(long, requires = "to")]
    pub from: Option<chrono::NaiveDate>,
    /// The last day to read, itself included.
    #[arg(long, requires = "from")]
    pub to: Option<chrono::NaiveDate>,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(args: &CheckArgs) -> Result<Exit> {
    conclude(check(args).await)
}

async fn check(args: &CheckArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let connection = client.connection(args.connection.as_deref()).await?;
    let days = args.from.zip(args.to).map(|(from, to)| DaysView { from: from.into(), to: to.into() });
    let run = read(&client, &connection, days).await?;
    if args.remote.json {
        show::json(&run)?;
    } else {
        let page: TaskPage = client.get(&["tasks"], &[("connection", &connection), ("limit", "1")]).await?;
        show::print(&format!("{}\n", summary(&run, &page.totals)))?;
    }
    Ok(exit(&run.state))
}

/// One check of a connection at a time: what is under way may be another than was asked for, and is waited for.
async fn read(client: &Client, connection: &str, days: Option<DaysView>) -> Result<RunView> {
    let body = days.as_ref().map(serde_json::to_value).transpose()?;
    loop {
        let started = client.start(&["connections", connection, "check"], body.as_ref()).await?;
        let is_meant = started.days == days;
        if !is_meant {
            eprintln!("another check of {connection} is under way (run {}); yours begins when it is over", started.id);
        }
        let run = client.wait(started).await?;
        if is_meant {
            return Ok(run);
        }
    }
}

/// What a run's end means for scripts.
pub(super) fn exit(state: &str) -> Exit {
    match state {
        "done" => Exit::Done,
        "incomplete" => Exit::NotAll,
        _ => Exit::Error,
    }
}

/// The run's own figures, and where the connection's tasks stand now: links that the check made have moved some.
fn summary(run: &RunView, totals: &[StateTotal]) -> String {
    let count = |name: &str| run.counts.get(name).copied().unwrap_or_default();
    if let Some(DaysView { from, to }) = run.days.as_ref().filter(|_| run.state == "failed") {
        return format!(
            "The orders of {from} to {to} could not be read, after {}. Nothing was lost and no order was billed: run it again · run {}",
            show::took(run),
            run.id
        );
    }
    if run.state == "failed" {
        return format!(
            "The check did not work, after {}. No order is lost: the next check reads from the same place · run {}",
            show::took(run),
            run.id
        );
    }
    let ignored = match count("tasks-ignored") {
        0 => String::new(),
        many => format!(", {many} of them ignored"),
    };
    let mut now = Vec::new();
    let states = [
        ("ready", "ready", "ready"),
        ("pending", "needs a link or a decision", "need a link or a decision"),
        ("parked", "parked", "parked"),
        ("uncertain", "uncertain", "uncertain"),
    ];
    for (state, one, several) in states {
        match totals.iter().find(|total| total.name == state).map_or(0, |total| total.count) {
            0 => {}
            1 => now.push(format!("1 {one}")),
            many => now.push(format!("{many} {several}")),
        }
    }
    let now = if now.is_empty() { String::new() } else { format!(" · now {}", now.join(", ")) };
    let cursor = if run.days.is_some() {
        "cursor not touched"
    } else if run.problems.iter().any(|problem| problem.code == "cursor-not-moved") {
        "cursor not moved: the next check reads from the same place"
    } else {
        "cursor moved"
    };
    let links = match count("links-made") {
        0 => String::new(),
        made => format!(" · {} made", show::count(made, "link")),
    };
    // A marketplace of statements shows no orders, and the other way round.
    let seen = match run.counts.get("statements-seen") {
        Some(statements) => show::count(*statements, "statement"),
        None => show::count(count("orders-seen"), "order"),
    };
    let (orders, tasks) = (seen, show::count(count("tasks-new"), "new task"));
    let what = match &run.days {
        Some(DaysView { from, to }) => format!("{orders} of {from} to {to}"),
        None => orders,
    };
    format!("Checked {what} in {}: {tasks}{ignored}{now}{links} · {cursor}", show::took(run))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use counterfoil_server::wire::{Day, ProblemView, Time};

    use super::*;

    fn run(state: &str, counts: &[(&str, u64)], problems: &[&str]) -> RunView {
        let problem =
            |code: &&str| ProblemView { code: (*code).to_owned(), subject: String::new(), message: String::new() };
        RunView {
            id: "run_1".to_owned(),
            reseller: "acme".to_owned(),
            connection: "xero-main".to_owned(),
            kind: "check".to_owned(),
            state: state.to_owned(),
            is_over: true,
            outcome: None,
            asked_by: "ann".to_owned(),
            asked_at: Time("2026-11-21T09:12:00Z".parse().unwrap()),
            started_at: None,
            finished_at: Some(Time("2026-11-21T09:12:01.240Z".parse().unwrap())),
            total: Some(240),
            done: 240,
            counts: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect::<BTreeMap<_, _>>(),
            problems: problems.iter().map(problem).collect(),
            days: None,
            subscriptions: Vec::new(),
            tasks: Vec::new(),
            plans: Vec::new(),
            program: None,
        }
    }

    fn day(text: &str) -> Day {
        Day(text.parse().unwrap())
    }

    #[test]
    fn the_last_line_says_what_came_of_it_and_whether_the_cursor_moved() {
        let total = |name: &str, count| StateTotal { name: name.to_owned(), count, money: Vec::new() };
        let counts = [
            ("orders-seen", 240),
            ("tasks-new", 37),
            ("tasks-ready", 3),
            ("tasks-pending", 22),
            ("tasks-ignored", 12),
            ("links-made", 1),
        ];
        let done = run("done", &counts, &[]);
        assert_eq!(
            summary(&done, &[total("pending", 1), total("ready", 24), total("ignored", 90)]),
            "Checked 240 orders in 1.2s: 37 new tasks, 12 of them ignored · now 24 ready, 1 needs a link or a decision · 1 link made · cursor moved"
        );
        assert_eq!(exit(&done.state), Exit::Done);
        let cut = run("incomplete", &[("orders-seen", 1)], &["order-unreadable", "cursor-not-moved"]);
        assert_eq!(
            summary(&cut, &[]),
            "Checked 1 order in 1.2s: 0 new tasks · cursor not moved: the next check reads from the same place"
        );
        let days = DaysView { from: day("2026-01-01"), to: day("2026-03-31") };
        let past = RunView { days: Some(days), ..run("done", &counts, &[]) };
        assert_eq!(
            summary(&past, &[]),
            "Checked 240 orders of 2026-01-01 to 2026-03-31 in 1.2s: 37 new tasks, 12 of them ignored · 1 link made · cursor not touched"
        );
        assert!(summary(&run("failed", &[], &[]), &[]).contains("No order is lost"));
        assert_eq!((exit(&cut.state), exit("failed")), (Exit::NotAll, Exit::Error));
    }
}
