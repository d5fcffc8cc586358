//! `reconcile`: what the marketplace has of subscriptions now, held against what the target has. Owns how the comparison
//! looks as text; whatever differs is a plan like any other, and nothing is written before somebody confirms it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use counterfoil_server::wire::{ProblemView, ReconcileBody, RunView};
use serde_json::{json, to_value};

use super::args::Remote;
use super::client::{Client, conclude};
use super::plan::{self, Planned};
use super::show;
use crate::exit::Exit;

/// The words with which a plan says what it found, as they are listed.
const FOUND: [&str; 4] = ["missing", "different", "extra", "same"];

#[derive(Debug, Clone, Args)]
pub struct ReconcileArgs {
    pub connection: String,
    /// Id of the agreement, or other container: every subscription that is linked to it.
    #[arg(long, value_name = "ID", required_unless_present = "subscription")]
    pub agreement: Option<String>,
    /// A subscription; several with commas between, or the option again.
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub subscription: Vec<String>,
    /// First day and the first day after it: 2026-11-01/2026-12-01.
    #[arg(long, value_name = "DAY/DAY")]
    pub period: String,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(args: &ReconcileArgs) -> Result<Exit> {
    conclude(reconcile(args).await)
}

async fn reconcile(args: &ReconcileArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let body = ReconcileBody {
        container: args.agreement.clone(),
        subscriptions: args.subscription.clone(),
        period: args.period.clone(),
    };
    let started = client.start(&["connections", &args.connection, "reconcile"], Some(&to_value(body)?)).await?;
    let run = client.wait(started).await?;
    let differing = differing(&run);
    let planned = plan::plans(&client, plan::details(&client, &differing).await?).await?;
    if args.remote.json {
        let plans: Vec<_> = planned.iter().map(|planned| &planned.plan).collect();
        show::json(&json!({ "run": run, "plans": plans }))?;
    } else {
        show::print(&text(&planned, &run))?;
        eprintln!("{}", summary(&run));
    }
    Ok(exit(&run))
}

fn is_difference(problem: &ProblemView) -> bool {
    FOUND.contains(&problem.code.as_str())
}

/// Tasks of which something differs.
fn differing(run: &RunView) -> Vec<String> {
    let tasks: BTreeSet<String> =
        run.problems.iter().filter(|problem| is_difference(problem)).map(|problem| problem.subject.clone()).collect();
    tasks.into_iter().collect()
}

fn count(run: &RunView, name: &str) -> u64 {
    run.counts.get(name).copied().unwrap_or_default()
}

fn exit(run: &RunView) -> Exit {
    let differs = FOUND.iter().filter(|found| **found != "same").any(|found| count(run, found) > 0);
    match run.state.as_str() {
        "failed" => Exit::Error,
        "done" if !differs => Exit::Done,
        _ => Exit::NotAll,
    }
}

/// Each change in its plan's words, by task; then what could not be compared.
fn text(planned: &[Planned], run: &RunView) -> String {
    let mut out = String::new();
    for planned in planned {
        let task = &planned.task;
        let _ = writeln!(
            out,
            "{}  {}  {}",
            show::clean(&task.number),
            show::clean(&task.customer_name),
            show::clean(&task.id)
        );
        for found in FOUND {
            let says = |why: &str| why.split(':').next().map(str::trim) == Some(found);
            for change in planned.plan.changes.iter().filter(|change| says(&change.why)) {
                let _ = writeln!(out, "  {}", show::clean(&change.why));
            }
        }
    }
    for problem in run.problems.iter().filter(|problem| !is_difference(problem)) {
        let _ = writeln!(out, "! {}", show::clean(&problem.message));
    }
    out
}

fn summary(run: &RunView) -> String {
    let parts: Vec<String> = FOUND.iter().map(|found| format!("{} {found}", count(run, found))).collect();
    let next = match exit(run) {
        Exit::Done => "nothing to do".to_owned(),
        _ if run.state == "failed" => format!("it did not work; nothing was written · run {}", run.id),
        _ => "look at each with `counterfoil plan TASK`, then `sync` or `ignore` it; nothing was written".to_owned(),
    };
    format!("{} · {next}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;
    use crate::cli::plan::planned_for_tests as planned;

    fn run(state: &str, counts: &[(&str, u64)], problems: &[(&str, &str)]) -> RunView {
        let problems: Vec<_> = problems
            .iter()
            .map(|(code, message)| json!({ "code": code, "subject": "task_7", "message": message }))
            .collect();
        let counts: std::collections::BTreeMap<_, _> = counts.iter().copied().collect();
        serde_json::from_value(json!({
            "id": "run_1", "reseller": "acme", "connection": "cw", "kind": "reconcile", "state": state, "is_over": true,
            "asked_by": "ann", "asked_at": "2026-11-21T09:12:00Z", "started_at": null, "finished_at": null,
            "total": 1, "done": 1, "counts": counts, "problems": problems,
        }))
        .unwrap()
    }

    #[test]
    fn an_agreement_or_subscriptions_and_a_period_are_needed() {
        for (line, fits) in [
            ("cw --agreement 12 --period 2026-11-01/2026-12-01", true),
            ("cw --subscription a,b --subscription c --period 2026-11-01/2026-12-01", true),
            ("cw --period 2026-11-01/2026-12-01", false),
            ("cw --agreement 12", false),
            ("--agreement 12 --period 2026-11-01/2026-12-01", false),
        ] {
            let words = ["counterfoil", "reconcile"].into_iter().chain(line.split_whitespace());
            assert_eq!(Cli::try_parse_from(words).is_ok(), fits, "{line}");
        }
    }

    #[test]
    fn scripts_learn_whether_anything_differs() {
        for (state, counts, expected) in [
            ("done", vec![("same", 4)], Exit::Done),
            ("done", vec![("same", 4), ("missing", 1)], Exit::NotAll),
            ("done", vec![("extra", 1)], Exit::NotAll),
            ("incomplete", vec![("same", 4)], Exit::NotAll),
            ("failed", vec![], Exit::Error),
        ] {
            assert_eq!(exit(&run(state, &counts, &[])), expected, "{state} {counts:?}");
        }
        let clean = run("done", &[("same", 4), ("in-agreement", 1)], &[]);
        assert_eq!(summary(&clean), "0 missing, 0 different, 0 extra, 4 same · nothing to do");
    }

    #[test]
    fn each_difference_stands_under_its_task_and_what_was_not_compared_at_the_end() {
        let problems = [("missing", "REC-1: missing: E3"), ("waits-its-turn", "REC-2 waits for SO1")];
        let run = run("incomplete", &[("missing", 1), ("same", 1)], &problems);
        assert_eq!(differing(&run), ["task_7"]);
        let mut planned = planned("7", json!([]));
        let mut change = planned.plan.changes[0].clone();
        planned.plan.changes[0].why = "same: E1 2 × 5.00".to_owned();
        change.why = "missing: E3 10 × 33.00".to_owned();
        planned.plan.changes.push(change);
        let text = text(&[planned], &run);
        let (missing, same) = (text.find("missing: E3").unwrap(), text.find("same: E1").unwrap());
        assert!(missing < same && text.ends_with("! REC-2 waits for SO1\n"), "{text}");
    }
}
