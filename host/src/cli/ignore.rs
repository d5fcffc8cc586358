//! `ignore` and `unignore`: taking tasks out of the way with a reason, and taking that back.

use anyhow::Result;
use counterfoil_server::wire::{TaskView, UnignoreAnswer};
use serde_json::{Value, json};

use super::args::{IgnoreArgs, UnignoreArgs};
use super::client::{Client, Refusal, conclude};
use super::show::{self, Sums};
use crate::exit::Exit;

pub(super) async fn ignore(args: &IgnoreArgs) -> Result<Exit> {
    conclude(each(args).await)
}

pub(super) async fn unignore(args: &UnignoreArgs) -> Result<Exit> {
    conclude(back(args).await)
}

/// Each by itself: what one refusal says does not hold up the others.
async fn each(args: &IgnoreArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let body = json!({ "text": args.reason, "until": until(args) });
    let (mut ignored, mut sums, mut exit) = (Vec::<TaskView>::new(), Sums::default(), Exit::Done);
    for id in &args.tasks {
        match client.post::<TaskView>(&["tasks", id, "ignore"], &[], &body).await {
            Ok(task) => {
                sums.add(&task.amount);
                ignored.push(task);
            }
            Err(error) => {
                let Some(refusal) = error.downcast_ref::<Refusal>() else { return Err(error) };
                eprintln!("counterfoil: {id}: {refusal}");
                exit = refusal.exit;
            }
        }
    }
    if args.remote.json {
        show::json(&ignored)?;
    } else {
        show::print(&format!("Ignored {}, {sums}\n", show::count(show::number(ignored.len()), "task")))?;
    }
    Ok(exit)
}

/// How long; null: it never comes back by itself.
fn until(args: &IgnoreArgs) -> Value {
    match args.until {
        Some(day) => json!({ "day": day.to_string() }),
        None if args.until_next_period => json!({ "next_period": true }),
        None if args.until_change => json!({ "change": true }),
        None => Value::Null,
    }
}

/// Which tasks are meant; none: nothing was named.
fn wanted(args: &UnignoreArgs) -> Option<Value> {
    match (args.tasks.as_slice(), &args.reason) {
        ([], None) => None,
        ([], Some(reason)) => Some(json!({ "filter": { "reason": reason, "connection": args.connection } })),
        (tasks, None) => Some(json!({ "tasks": tasks })),
        (_, Some(_)) => None,
    }
}

async fn back(args: &UnignoreArgs) -> Result<Exit> {
    let Some(body) = wanted(args) else {
        eprintln!("counterfoil: give either tasks or --reason. Nothing was changed");
        return Ok(Exit::Usage);
    };
    let client = Client::new(&args.remote)?;
    let answer: UnignoreAnswer = client.post(&["tasks", "unignore"], &[], &body).await?;
    if args.remote.json {
        show::json(&answer)?;
    } else {
        let text = format!(
            "Took back {}, {}; the rules judge them again\n",
            show::count(answer.unignored, "task"),
            show::moneys(&answer.money)
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

    #[test]
    fn ignore_says_how_long_in_one_way() {
        for (line, body) in [
            ("", Some(json!(null))),
            ("--until 2027-01-01", Some(json!({ "day": "2027-01-01" }))),
            ("--until-next-period", Some(json!({ "next_period": true }))),
            ("--until-change", Some(json!({ "change": true }))),
            ("--until tomorrow", None),
            ("--until 2027-01-01 --until-change", None),
            ("--until-next-period --until-change", None),
        ] {
            let words = ["counterfoil", "ignore", "task_1", "--reason", "x"].into_iter().chain(line.split_whitespace());
            let said = Cli::try_parse_from(words).ok().map(|cli| {
                let Command::Ignore(args) = cli.command else { panic!("another verb") };
                until(&args)
            });
            assert_eq!(said, body, "{line}");
        }
    }

    #[test]
    fn unignore_takes_tasks_or_a_reason_and_not_both() {
        for (line, body) in [
            ("task_1 task_2", Some(json!({ "tasks": ["task_1", "task_2"] }))),
            (
                "--reason zero-amount --connection x",
                Some(json!({ "filter": { "reason": "zero-amount", "connection": "x" } })),
            ),
            ("task_1 --reason zero-amount", None),
            ("", None),
        ] {
            let words = ["counterfoil", "unignore"].into_iter().chain(line.split_whitespace());
            let Command::Unignore(args) = Cli::try_parse_from(words).unwrap().command else { panic!("another verb") };
            assert_eq!(wanted(&args), body, "{line}");
        }
    }
}
