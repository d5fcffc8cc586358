//! `check`: Check Changes, followed to its end.

use anyhow::Result;
use counterfoil_server::wire::RunView;

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
        show::print(&format!("{}\n", summary(&run)))?;
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

fn summary(run: &RunView) -> String {
    let count = |name: &str| run.counts.get(name).copied().unwrap_or_default();
    if run.state == "failed" {
        return format!("The check did not work, after {}. No order is lost: the next check reads from the same place · run {}", show::took(run), run.id);
    }
    let mut parts = Vec::new();
    for (name, word, words) in [
        ("tasks-ready", "ready", "ready"),
        ("tasks-pending", "needs a link or a decision", "need a link or a decision"),
        ("tasks-ignored", "ignored", "ignored"),
    ] {
        match count(name) {
            0 => {}
            1 => parts.push(format!("1 {word}")),
            many => parts.push(format!("{many} {words}")),
        }
    }
    let split = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
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
    format!("Checked {orders} in {}: {tasks}{split}{links} · {cursor}", show::took(run))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use counterfoil_server::wire::{ProblemView, Time};

    use super::*;

    fn run(state: &str, counts: &[(&str, u64)], problems: &[&str]) -> RunView {
        let problem = |code: &&str| ProblemView { code: (*code).to_owned(), subject: String::new(), message: String::new() };
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
        let counts = [("orders-seen", 240), ("tasks-new", 37), ("tasks-ready", 21), ("tasks-pending", 4), ("tasks-ignored", 12), ("links-made", 1)];
        let done = run("done", &counts, &[]);
        assert_eq!(
            summary(&done),
            "Checked 240 orders in 1.2s: 37 new tasks (21 ready, 4 need a link or a decision, 12 ignored) · 1 link made · cursor moved"
        );
        assert_eq!(exit(&done.state), Exit::Done);
        let cut = run("incomplete", &[("orders-seen", 1)], &["order-unreadable", "cursor-not-moved"]);
        assert_eq!(summary(&cut), "Checked 1 order in 1.2s: 0 new tasks · cursor not moved: the next check reads from the same place");
        assert_eq!((exit(&cut.state), exit("failed")), (Exit::NotAll, Exit::Error));
    }
}
