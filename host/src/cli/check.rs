//! `check`: Check Changes, followed to its end.

use anyhow::Result;
use counterfoil_server::wire::{RunView, StateTotal, TaskPage};

use super::args::CheckArgs;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

pub(super) async fn run(args: &CheckArgs) -> Result<Exit> {
    conclude(check(args).await)
}

async fn check(args: &CheckArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let connection = client.connection(args.connection.as_deref()).await?;
    let started = client.start(&["connections", &connection, "check"], None).await?;
    let run = client.wait(started).await?;
    if args.remote.json {
        show::json(&run)?;
    } else {
        let page: TaskPage = client.get(&["tasks"], &[("connection", &connection), ("limit", "1")]).await?;
        show::print(&format!("{}\n", summary(&run, &page.totals)))?;
    }
    Ok(exit(&run.state))
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
    let cursor = if run.problems.iter().any(|problem| problem.code == "cursor-not-moved") {
        "cursor not moved: the next check reads from the same place"
    } else {
        "cursor moved"
    };
    let links = match count("links-made") {
        0 => String::new(),
        made => format!(" · {} made", show::count(made, "link")),
    };
    let (orders, tasks) = (show::count(count("orders-seen"), "order"), show::count(count("tasks-new"), "new task"));
    format!("Checked {orders} in {}: {tasks}{ignored}{now}{links} · {cursor}", show::took(run))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use counterfoil_server::wire::{ProblemView, Time};

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
            asked_by: "ann".to_owned(),
            asked_at: Time("2026-11-21T09:12:00Z".parse().unwrap()),
            started_at: None,
            finished_at: Some(Time("2026-11-21T09:12:01.240Z".parse().unwrap())),
            total: Some(240),
            done: 240,
            counts: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect::<BTreeMap<_, _>>(),
            problems: problems.iter().map(problem).collect(),
            tasks: Vec::new(),
            plans: Vec::new(),
        }
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
        assert!(summary(&run("failed", &[], &[]), &[]).contains("No order is lost"));
        assert_eq!((exit(&cut.state), exit("failed")), (Exit::NotAll, Exit::Error));
    }
}
