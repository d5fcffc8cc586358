//! `resolve`: what was sent and never answered, and a person's decision about it. Owns no rule about what may
//! be decided.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use counterfoil_server::wire::{LookView, ResolveBody, SentView, TaskView, Time, UncertainView};

use super::args::Remote;
use super::client::{Client, conclude};
use super::show;
use crate::exit::Exit;

#[derive(Debug, Clone, Args)]
pub struct ResolveArgs {
    /// The task. Without a decision, what is known of it is shown.
    pub task: String,
    /// It is there: the target's id of the document, or KEY=ID for each change of the plan.
    #[arg(long, value_name = "ID", conflicts_with_all = ["resend", "leave"], requires = "reason")]
    pub adopt: Vec<String>,
    /// With one --adopt: what people see ("INV-0042").
    #[arg(long, requires = "adopt")]
    pub number: Option<String>,
    /// It is not there: send it again. Takes the role approver.
    #[arg(long, conflicts_with = "leave", requires = "reason")]
    pub resend: bool,
    /// With --resend, of a plan with several documents: CHANGE=ID of one that is there and is not sent again; CHANGE= of
    /// one that is not there.
    #[arg(long, value_name = "CHANGE=ID", requires = "resend", conflicts_with_all = ["adopt", "leave"])]
    pub found: Vec<String>,
    /// Do nothing before somebody decides otherwise.
    #[arg(long, requires = "reason")]
    pub leave: bool,
    /// Why, for whoever reads it later.
    #[arg(long)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub remote: Remote,
}

pub(super) async fn run(args: &ResolveArgs) -> Result<Exit> {
    conclude(resolve(args).await)
}

async fn resolve(args: &ResolveArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let looked = client.get::<UncertainView>(&["tasks", &args.task, "uncertain"], &[]).await;
    if !(args.resend || args.leave || !args.adopt.is_empty()) {
        let desk = looked?;
        if args.reason.is_some() {
            eprintln!("counterfoil: --reason needs --adopt, --resend or --leave. Nothing was decided");
            return Ok(Exit::Usage);
        }
        if args.remote.json {
            show::json(&desk)?;
        } else {
            show::print(&format!("{}\n{}", text(&desk), choices(&desk)))?;
        }
        return Ok(Exit::Uncertain);
    }
    // Decided before, perhaps by the same command whose answer was lost: the service knows.
    let desk = looked.ok();
    if let Some(desk) = desk.as_ref().filter(|_| !args.remote.json) {
        show::print(&format!("{}\n", text(desk)))?;
    }
    let body = serde_json::to_value(body(args, desk.as_ref()))?;
    let task: TaskView = client.post(&["tasks", &args.task, "resolve"], &[], &body).await?;
    if args.remote.json {
        show::json(&task)?;
    } else {
        show::print(&format!("{}\n", outcome(args, &task)))?;
    }
    Ok(if args.leave { Exit::Uncertain } else { Exit::Done })
}

/// What is asked of the service: about what was looked at, and nothing else.
fn body(args: &ResolveArgs, desk: Option<&UncertainView>) -> ResolveBody {
    let decision = match (args.resend, args.leave) {
        (true, _) => "resend",
        (_, true) => "leave",
        _ => "adopt",
    };
    let (reference, references) = match args.resend {
        true => (None, by_key(&args.found, desk)),
        false => documents(&args.adopt, desk),
    };
    ResolveBody {
        decision: decision.to_owned(),
        reason: args.reason.clone().unwrap_or_default(),
        number: args.number.clone(),
        reference,
        references,
        batch: desk.map(|desk| desk.batch.clone()),
    }
}

/// Ids may hold an equals sign: what stands before it is a key only if the plan, or a second --adopt, says so.
fn documents(adopt: &[String], desk: Option<&UncertainView>) -> (Option<String>, BTreeMap<String, String>) {
    match adopt {
        [only] => match keyed(only, desk) {
            Some(pair) => (None, BTreeMap::from([pair])),
            None => (Some(only.clone()), BTreeMap::new()),
        },
        several => (None, by_key(several, desk)),
    }
}

fn by_key(pairs: &[String], desk: Option<&UncertainView>) -> BTreeMap<String, String> {
    let pair = |text: &String| {
        keyed(text, desk).unwrap_or_else(|| {
            let (key, id) = text.split_once('=').unwrap_or((text, ""));
            (key.to_owned(), id.to_owned())
        })
    };
    pairs.iter().map(pair).collect()
}

/// Key and id, where the text begins with a key of the plan.
fn keyed(text: &str, desk: Option<&UncertainView>) -> Option<(String, String)> {
    desk?.changes.iter().find_map(|change| {
        let id = text.strip_prefix(&change.key)?.strip_prefix('=')?;
        Some((change.key.clone(), id.to_owned()))
    })
}

fn at(time: &Time) -> String {
    time.0.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn text(desk: &UncertainView) -> String {
    let mut out = String::new();
    let next = desk.next_probe_at.as_ref().map(|next| format!(", next {}", at(next))).unwrap_or_default();
    let rows = [
        ("task", desk.task.clone()),
        ("order", format!("{} for {}", desk.number, desk.customer_name)),
        ("amount", format!("{}, which may or may not be billed", show::money(&desk.amount))),
        ("why", desk.why.clone()),
        ("since", at(&desk.since)),
        ("answer lost", desk.answer_lost_at.as_ref().map_or_else(|| "every request was answered".to_owned(), at)),
        ("looked for", format!("{}{next}", show::count(u64::from(desk.probes), "time"))),
    ];
    for (name, value) in &rows {
        let _ = writeln!(out, "{name:<11} {}", show::clean(value));
    }
    out.push_str("\nDocuments that may or may not be there\n");
    for change in &desk.changes {
        let target = change.target.as_ref().map(|target| format!(" of {target}")).unwrap_or_default();
        let line = format!(
            "  {} {}{target}  {}  {}  key {}",
            change.action,
            change.document,
            show::money(&change.total),
            change.title,
            change.key
        );
        let _ = writeln!(out, "{}", show::clean(&line));
    }
    out.push_str("\nSent\n");
    for sent in &desk.sent {
        sent_text(&mut out, sent);
    }
    if !desk.looks.is_empty() {
        out.push_str("\nLooked for\n");
        for look in &desk.looks {
            look_text(&mut out, look);
        }
    }
    out
}

fn look_text(out: &mut String, look: &LookView) {
    let found = match look.found.as_str() {
        "found" => format!("there: {}", look.references.join(", ")),
        "absent" => "not there".to_owned(),
        "several" => format!("there more than once: {}", look.references.join(", ")),
        _ => format!("could not be looked for: {}", look.note),
    };
    let _ = writeln!(out, "  {}  {}  {}", at(&look.at), show::clean(&look.key), show::clean(&found));
}

fn sent_text(out: &mut String, sent: &SentView) {
    let line = format!(
        "  {} {} ({})  first {}, {}",
        sent.method,
        sent.path,
        sent.operation,
        at(&sent.first_sent_at),
        show::count(u64::from(sent.attempts), "attempt")
    );
    let _ = writeln!(out, "{}", show::clean(&line));
    let end = match (&sent.status, &sent.answered_at, &sent.given_up_at) {
        (Some(status), Some(answered), _) => format!("answered {status} at {}", at(answered)),
        (_, _, Some(given_up)) => format!("no answer known; given up at {}", at(given_up)),
        _ => format!("surely not sent: {}", sent.note),
    };
    let _ = writeln!(out, "    {}  idempotency key {}", show::clean(&end), show::clean(&sent.idempotency_key));
    if let Some(body) = &sent.body {
        let _ = writeln!(out, "    {}", show::clean(body));
    }
}

fn choices(desk: &UncertainView) -> String {
    let task = show::clean(&desk.task);
    let ids: Vec<String> = match desk.changes.as_slice() {
        [_] => vec!["--adopt ID".to_owned()],
        changes => changes.iter().map(|change| format!("--adopt '{}=ID'", show::clean(&change.key))).collect(),
    };
    let from = desk.resend_from.as_ref().map(|from| format!(" (from {} on)", at(from))).unwrap_or_default();
    let all = match desk.changes.len() {
        0 | 1 => String::new(),
        many => format!(
            "Sending again writes all {many} documents. Is one of them there, add --found CHANGE=ID for it: only the rest is sent.\n"
        ),
    };
    format!(
        "Look in the target, then decide:\n  it is there      counterfoil resolve {task} {} --reason …\n  it is not there  counterfoil resolve {task} --resend --reason …{from}\n  not now          counterfoil resolve {task} --leave --reason …\n{all}",
        ids.join(" ")
    )
}

fn outcome(args: &ResolveArgs, task: &TaskView) -> String {
    let (id, amount) = (show::clean(&task.id), show::money(&task.amount));
    match (args.resend, args.leave) {
        (true, _) => format!(
            "Sent again under a new key as soon as the connection is free, {amount}: `counterfoil tasks show {id}` says what became of it"
        ),
        (_, true) => format!("Left, {amount} stays uncertain; nothing is sent again by itself"),
        _ => format!("Adopted, {amount}; nothing was sent, and the document was not read back"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use serde_json::json;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parsed(line: &str) -> Option<ResolveArgs> {
        let words = ["counterfoil", "resolve"].into_iter().chain(line.split_whitespace());
        match Cli::try_parse_from(words).ok()?.command {
            Command::Resolve(args) => Some(args),
            _ => panic!("another verb"),
        }
    }

    fn desk(keys: &[&str]) -> UncertainView {
        let money = json!({ "amount": "1376.20", "currency": "USD" });
        let changes: Vec<_> = keys
            .iter()
            .map(|key| json!({ "key": key, "action": "create", "document": "invoice", "title": "Draft\u{1b}[31m", "total": money }))
            .collect();
        let sent = json!([
            { "key": "e", "operation": "create-invoices", "method": "PUT", "path": "/Invoices", "state": "intent", "attempts": 2,
              "idempotency_key": "cf-1", "first_sent_at": "2026-11-21T08:12:00Z", "given_up_at": "2026-11-21T08:12:30Z",
              "answered_at": null, "status": null, "note": "", "body_bytes": 2, "body": "{}" },
            { "key": "f", "operation": "mark", "method": "POST", "path": "/Marks", "state": "answered", "attempts": 1,
              "idempotency_key": "cf-2", "first_sent_at": "2026-11-21T08:12:00Z", "given_up_at": null,
              "answered_at": "2026-11-21T08:12:01Z", "status": 500, "note": "", "body_bytes": 0 },
            { "key": "g", "operation": "mark", "method": "POST", "path": "/More", "state": "not-sent", "attempts": 1,
              "idempotency_key": "cf-3", "first_sent_at": "2026-11-21T08:12:00Z", "given_up_at": null,
              "answered_at": null, "status": null, "note": "over budget", "body_bytes": 0 },
        ]);
        serde_json::from_value(json!({
            "task": "task_1", "number": "SO1", "customer_name": "Green Lane", "amount": money, "plan": "p", "batch": "batch_1",
            "answer_lost_at": "2026-11-21T08:12:30Z", "looks": [
                { "at": "2026-11-21T08:14:00Z", "key": "a", "found": "absent", "references": [], "note": "" },
                { "at": "2026-11-21T08:15:00Z", "key": "a", "found": "found", "references": ["inv-1"], "note": "" },
                { "at": "2026-11-21T08:16:00Z", "key": "c", "found": "no-answer", "references": [], "note": "no connection" },
                { "at": "2026-11-21T08:17:00Z", "key": "c", "found": "several", "references": ["inv-2", "inv-3"], "note": "" },
            ], "why": "timed out", "left": false, "since": "2026-11-21T08:12:30Z", "changes": changes, "sent": sent, "probes": 2,
            "next_probe_at": "2026-11-21T09:18:00Z", "resend_from": "2026-11-21T08:17:01Z",
        }))
        .unwrap()
    }

    #[test]
    fn one_decision_with_its_reason_or_none() {
        for line in [
            "task_1",
            "task_1 --json",
            "task_1 --adopt inv-1 --reason seen",
            "task_1 --adopt inv-1 --number INV-1 --reason seen",
            "task_1 --adopt a=1 --adopt b=2 --reason seen",
            "task_1 --resend --reason absent",
            "task_1 --resend --found a=1 --found b= --reason partly",
            "task_1 --leave --reason later",
        ] {
            assert!(parsed(line).is_some(), "{line}");
        }
        for line in [
            "",
            "task_1 --resend",
            "task_1 --adopt inv-1",
            "task_1 --leave",
            "task_1 --resend --leave --reason both",
            "task_1 --adopt inv-1 --resend --reason both",
            "task_1 --number INV-1 --reason x",
            "task_1 --found a=1 --reason x",
            "task_1 --leave --found a=1 --reason x",
        ] {
            assert!(parsed(line).is_none(), "{line}");
        }
    }

    #[test]
    fn documents_are_given_alone_or_by_key() {
        let one = desk(&["invoice:SO1"]);
        let two = desk(&["a=b", "c"]);
        let table = [
            ("--adopt inv-1", Some(&one), json!({ "reference": "inv-1" })),
            ("--adopt in=v", Some(&one), json!({ "reference": "in=v" })),
            ("--adopt inv-1", None, json!({ "reference": "inv-1" })),
            ("--adopt invoice:SO1=inv-1", Some(&one), json!({ "references": { "invoice:SO1": "inv-1" } })),
            ("--adopt a=b=1 --adopt c=2=", Some(&two), json!({ "references": { "a=b": "1", "c": "2=" } })),
            ("--resend", Some(&two), json!({})),
            ("--resend --found a=b=1", Some(&two), json!({ "references": { "a=b": "1" } })),
            ("--resend --found a=b=1 --found c=", Some(&two), json!({ "references": { "a=b": "1", "c": "" } })),
            ("--adopt a=1 --adopt c", None, json!({ "references": { "a": "1", "c": "" } })),
        ];
        for (line, desk, expected) in table {
            let args = parsed(&format!("task_1 {line} --reason seen")).unwrap();
            let mut expected = expected;
            expected["decision"] = json!(if args.resend { "resend" } else { "adopt" });
            expected["reason"] = json!("seen");
            if desk.is_some() {
                expected["batch"] = json!("batch_1");
            }
            assert_eq!(serde_json::to_value(body(&args, desk)).unwrap(), expected, "{line}");
        }
    }

    #[test]
    fn the_desk_says_what_was_sent_when_and_what_can_be_done() {
        let desk = desk(&["a", "c"]);
        let text = format!("{}\n{}", text(&desk), choices(&desk));
        for part in [
            "USD 1,376.20, which may or may not be billed",
            "looked for  2 times, next 2026-11-21 09:18:00 UTC",
            "PUT /Invoices (create-invoices)  first 2026-11-21 08:12:00 UTC, 2 attempts",
            "no answer known; given up at 2026-11-21 08:12:30 UTC  idempotency key cf-1\n    {}\n",
            "answered 500 at 2026-11-21 08:12:01 UTC",
            "surely not sent: over budget",
            "--adopt 'a=ID' --adopt 'c=ID' --reason",
            "Sending again writes all 2 documents. Is one of them there, add --found CHANGE=ID",
            "answer lost 2026-11-21 08:12:30 UTC",
            "Looked for\n  2026-11-21 08:14:00 UTC  a  not there\n  2026-11-21 08:15:00 UTC  a  there: inv-1\n",
            "2026-11-21 08:16:00 UTC  c  could not be looked for: no connection",
            "2026-11-21 08:17:00 UTC  c  there more than once: inv-2, inv-3",
            "--resend --reason … (from 2026-11-21 08:17:01 UTC on)",
        ] {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
