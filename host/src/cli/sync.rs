//! `sync`: confirms plans by their digests, follows the sending, and says what became of each. Owns which plans
//! are sent; whether they still stand is the service's to say.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use counterfoil_server::wire::{RunView, TaskView};
use serde_json::json;

use super::args::SyncArgs;
use super::client::{Client, Refusal, conclude};
use super::plan::{self, Planned};
use super::{show, tasks};
use crate::exit::Exit;

/// The service takes no more at once.
const MOST: usize = 500;

pub(super) async fn run(args: &SyncArgs) -> Result<Exit> {
    conclude(sync(args).await)
}

/// What is sent and what stays, with the reason.
#[derive(Debug, Default)]
struct Choice {
    send: Vec<Planned>,
    left: Vec<(Planned, String)>,
}

/// What came of it.
#[derive(Debug, Default)]
struct Outcome {
    runs: Vec<RunView>,
    /// The plans' tasks after it, in the order of the plans.
    after: Vec<TaskView>,
}

async fn sync(args: &SyncArgs) -> Result<Exit> {
    if args.all != args.plans.is_empty() {
        let what = if args.all { "both plans and --all were given" } else { "neither plans nor --all was given" };
        eprintln!("counterfoil: {what}. Nothing was sent. Name plans or tasks, or give --all for every planned task");
        return Ok(Exit::Usage);
    }
    let client = Client::new(&args.remote)?;
    let choice = choose(&client, args).await?;
    for (planned, why) in &choice.left {
        eprintln!(
            "  left out: {} {}: {why}",
            show::clean(&planned.task.number),
            show::clean(&planned.task.customer_name)
        );
    }
    if !choice.send.is_empty() {
        eprintln!("Confirming {}", amount(&choice.send));
    }
    let outcome = send(&client, args, &choice.send).await?;
    if args.remote.json {
        let left: Vec<_> = choice
            .left
            .iter()
            .map(|(planned, why)| json!({ "plan": planned.plan.digest, "task": planned.task.id, "why": why }))
            .collect();
        show::json(&json!({ "runs": outcome.runs, "left_out": left }))?;
    } else {
        show::print(&format!("{}\n", summary(&choice, &outcome)))?;
    }
    Ok(exit(&choice, &outcome))
}

fn amount(plans: &[Planned]) -> String {
    let lines: usize = plans.iter().map(Planned::lines).sum();
    format!(
        "{}, {}, {}",
        show::count(show::number(plans.len()), "plan"),
        show::count(show::number(lines), "line"),
        plan::total(plans)
    )
}

async fn choose(client: &Client, args: &SyncArgs) -> Result<Choice> {
    if !args.all {
        let mut send: Vec<Planned> = Vec::new();
        for name in &args.plans {
            let planned = plan::named(client, name).await?;
            if args.connection.as_ref().is_some_and(|connection| *connection != planned.plan.connection) {
                bail!(
                    "plan {} belongs to the connection {}. Nothing was sent",
                    plan::short(&planned.plan.digest),
                    planned.plan.connection
                );
            }
            if send.iter().all(|known| known.plan.digest != planned.plan.digest) {
                send.push(planned);
            }
        }
        return Ok(Choice { send, left: Vec::new() });
    }
    let connection = client.connection(args.connection.as_deref()).await?;
    let waiting = tasks::all(client, &[("connection", &connection), ("state", "planned")]).await?;
    Ok(sift(plan::plans(client, waiting).await?, &args.accept))
}

/// Of all planned ones, those that nothing speaks against.
fn sift(plans: Vec<Planned>, accept: &[String]) -> Choice {
    let mut choice = Choice::default();
    for planned in plans {
        let open: BTreeSet<&str> =
            planned.to_accept().filter(|code| !accept.iter().any(|accepted| accepted == code)).collect();
        let why = if planned.is_blocked() {
            let codes = planned
                .plan
                .findings
                .iter()
                .filter(|finding| finding.severity == "blocks")
                .map(|finding| finding.code.as_str());
            Some(format!("blocked ({}); correct it and plan again", codes.collect::<Vec<_>>().join(", ")))
        } else if !open.is_empty() {
            let options: Vec<String> = open.iter().map(|code| format!("--accept {code}")).collect();
            Some(format!("a person must accept what the checker found ({})", options.join(" ")))
        } else {
            None
        };
        match why {
            Some(why) => choice.left.push((planned, why)),
            None => choice.send.push(planned),
        }
    }
    choice
}

/// One confirmation for each connection, in parts that the service takes.
async fn send(client: &Client, args: &SyncArgs, plans: &[Planned]) -> Result<Outcome> {
    let mut by_connection: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for planned in plans {
        by_connection.entry(&planned.plan.connection).or_default().push(&planned.plan.digest);
    }
    let mut outcome = Outcome::default();
    for (connection, digests) in by_connection {
        for part in digests.chunks(MOST) {
            let body = json!({ "connection": connection, "plans": part, "accept": args.accept });
            let started = client.start(&["syncs"], Some(&body)).await.map_err(|error| after_others(error, &outcome));
            outcome.runs.push(client.wait(started?).await?);
        }
    }
    let ids: Vec<String> = plans.iter().map(|planned| planned.task.id.clone()).collect();
    outcome.after = plan::details(client, &ids).await?;
    Ok(outcome)
}

/// The service says that nothing was sent, and means this part.
fn after_others(error: anyhow::Error, outcome: &Outcome) -> anyhow::Error {
    if error.is::<Refusal>() && !outcome.runs.is_empty() {
        let runs: Vec<&str> = outcome.runs.iter().map(|run| run.id.as_str()).collect();
        eprintln!(
            "Part of the plans was confirmed before this refusal, in {}; what follows is about the others.",
            runs.join(", ")
        );
    }
    error
}

fn in_state<'a>(choice: &'a Choice, outcome: &'a Outcome, state: &'a str) -> impl Iterator<Item = &'a Planned> {
    choice.send.iter().zip(&outcome.after).filter(move |(_, after)| after.state == state).map(|(planned, _)| planned)
}

fn count(outcome: &Outcome, name: &str) -> u64 {
    outcome.runs.iter().filter_map(|run| run.counts.get(name)).sum()
}

fn summary(choice: &Choice, outcome: &Outcome) -> String {
    let left = if choice.left.is_empty() { String::new() } else { format!(" · {} left out", choice.left.len()) };
    if choice.send.is_empty() {
        return format!("Nothing to sync{left}");
    }
    let synced: Vec<&Planned> = in_state(choice, outcome, "synced").collect();
    let documents: usize = synced.iter().map(|planned| planned.documents()).sum();
    let uncertain: Vec<&Planned> = in_state(choice, outcome, "uncertain").collect();
    let mut text = format!(
        "Synced {} into {}, {}, verified {} · {} uncertain",
        show::count(show::number(synced.len()), "task"),
        show::count(show::number(documents), "document"),
        plan::total(synced.iter().copied()),
        count(outcome, "verified"),
        uncertain.len(),
    );
    if !uncertain.is_empty() {
        let money = plan::total(uncertain.iter().copied());
        text.push_str(&format!(" ({money} may or may not be there; it is looked for and not sent again by itself)"));
    }
    let mismatches = count(outcome, "mismatches");
    if mismatches > 0 {
        text.push_str(&format!(" · {mismatches} differ from the plan"));
    }
    for state in ["queued", "sending", "retrying", "parked", "ready", "pending", "planned", "ignored", "superseded"] {
        let many = in_state(choice, outcome, state).count();
        if many > 0 {
            text.push_str(&format!(" · {many} {state}"));
        }
    }
    text + &left
}

fn exit(choice: &Choice, outcome: &Outcome) -> Exit {
    let synced = in_state(choice, outcome, "synced").count();
    if in_state(choice, outcome, "uncertain").count() > 0 || count(outcome, "uncertain") > count(outcome, "adopted") {
        return Exit::Uncertain;
    }
    if synced == choice.send.len() && choice.left.is_empty() && count(outcome, "mismatches") == 0 {
        return Exit::Done;
    }
    if synced == 0 && outcome.runs.iter().any(|run| run.state == "failed") {
        return Exit::Error;
    }
    if synced == 0 && outcome.runs.iter().flat_map(|run| &run.problems).any(|problem| problem.code == "plan-stale") {
        return Exit::Refused;
    }
    Exit::NotAll
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::plan::planned_for_tests as planned;
    use super::*;

    fn finding(severity: &str, code: &str) -> Value {
        json!([{ "severity": severity, "code": code, "message": "" }])
    }

    #[test]
    fn all_means_what_nothing_speaks_against() {
        let plans = || {
            vec![
                planned("1", json!([])),
                planned("2", finding("blocks", "currency-mismatch")),
                planned("3", finding("needs-person", "total-differs")),
                planned("4", finding("notes", "rounded")),
            ]
        };
        let numbers = |choice: &Choice| choice.send.iter().map(|p| p.task.number.clone()).collect::<Vec<_>>();
        let careful = sift(plans(), &[]);
        assert_eq!(numbers(&careful), ["SO1", "SO4"]);
        assert!(careful.left[0].1.contains("currency-mismatch"));
        assert!(careful.left[1].1.contains("--accept total-differs"));
        // Accepting a code never gets a blocked plan through.
        let accepted = sift(plans(), &["total-differs".to_owned(), "currency-mismatch".to_owned()]);
        assert_eq!(numbers(&accepted), ["SO1", "SO3", "SO4"]);
    }

    fn outcome(states: &[&str], counts: Value, run_state: &str) -> (Choice, Outcome) {
        let send: Vec<Planned> = (1..=states.len()).map(|n| planned(&n.to_string(), json!([]))).collect();
        let after = send
            .iter()
            .zip(states)
            .map(|(planned, state)| TaskView { state: (*state).to_owned(), ..planned.task.clone() })
            .collect();
        let run = serde_json::from_value(json!({
            "id": "run_1", "reseller": "acme", "connection": "xero-main", "kind": "sync", "state": run_state, "is_over": true,
            "asked_by": "ann", "asked_at": "2026-11-21T09:00:00Z", "started_at": null, "finished_at": null,
            "total": 2, "done": 2, "counts": counts, "problems": [],
        }));
        (Choice { send, left: Vec::new() }, Outcome { runs: vec![run.unwrap()], after })
    }

    #[test]
    fn the_summary_and_the_exit_code_tell_what_is_sure() {
        for (states, counts, run_state, exit_code, words) in [
            (
                &["synced", "synced"][..],
                json!({ "verified": 2 }),
                "done",
                Exit::Done,
                "Synced 2 tasks into 2 documents, USD 2,752.40, verified 2 · 0 uncertain",
            ),
            (
                &["synced", "uncertain"],
                json!({ "verified": 1 }),
                "incomplete",
                Exit::Uncertain,
                "1 uncertain (USD 1,376.20 may or may not be there",
            ),
            (
                &["synced", "parked"],
                json!({ "verified": 1 }),
                "incomplete",
                Exit::NotAll,
                "Synced 1 task into 1 document, USD 1,376.20, verified 1 · 0 uncertain · 1 parked",
            ),
            (&["synced"], json!({ "mismatches": 1 }), "done", Exit::NotAll, "1 differ from the plan"),
            (&["queued"], json!({}), "failed", Exit::Error, "Synced 0 tasks into 0 documents, no money"),
            (&[], json!({}), "done", Exit::Done, "Nothing to sync"),
        ] {
            let (choice, outcome) = outcome(states, counts, run_state);
            assert!(summary(&choice, &outcome).contains(words), "{}", summary(&choice, &outcome));
            assert_eq!(exit(&choice, &outcome), exit_code, "{states:?}");
        }
    }

    #[test]
    fn what_was_left_out_is_not_done() {
        let choice = sift(vec![planned("2", finding("blocks", "currency-mismatch"))], &[]);
        assert_eq!(exit(&choice, &Outcome::default()), Exit::NotAll);
        assert_eq!(summary(&choice, &Outcome::default()), "Nothing to sync · 1 left out");
    }
}
