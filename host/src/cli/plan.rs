//! `plan`: what would be written, field by field and cent by cent. Owns how a plan looks as text; nothing is sent.

use std::fmt::Write as _;

use anyhow::{Result, anyhow, bail};
use counterfoil_server::wire::{ChangeView, PlanView, RunView, TaskDetail, TaskView};
use serde_json::json;
use tokio::task::JoinSet;

use super::args::PlanArgs;
use super::client::{Client, conclude};
use super::show::{self, Sums};
use super::tasks;
use crate::exit::Exit;

/// Questions to the service at a time.
const AT_A_TIME: usize = 8;
/// Tasks that the service takes in one run.
const MOST: usize = 500;

/// A plan with the task that it is for.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) task: TaskView,
    pub(super) plan: PlanView,
}

impl Planned {
    pub(super) fn is_blocked(&self) -> bool {
        self.plan.findings.iter().any(|finding| finding.severity == "blocks")
    }

    /// Codes that a person has to accept.
    pub(super) fn to_accept(&self) -> impl Iterator<Item = &str> {
        self.plan
            .findings
            .iter()
            .filter(|finding| finding.severity == "needs-person")
            .map(|finding| finding.code.as_str())
    }

    pub(super) fn lines(&self) -> usize {
        self.plan.changes.iter().map(|change| change.lines.len()).sum()
    }

    /// Documents that are made or altered.
    pub(super) fn documents(&self) -> usize {
        self.plan.changes.iter().filter(|change| change.action != "none").count()
    }
}

pub(super) async fn run(args: &PlanArgs) -> Result<Exit> {
    conclude(plan(args).await)
}

async fn plan(args: &PlanArgs) -> Result<Exit> {
    let client = Client::new(&args.remote)?;
    let connection = match (args.connection.as_deref(), args.tasks.first()) {
        (None, Some(first)) => client.get::<TaskDetail>(&["tasks", first], &[]).await?.task.connection,
        (given, _) => client.connection(given).await?,
    };
    let named = named_tasks(&client, args, &connection).await?;
    if named.as_ref().is_some_and(Vec::is_empty) {
        return nothing_parked(args);
    }
    let runs = start(&client, &connection, named.as_deref()).await?;
    let planned = match &named {
        None => {
            let query = [("connection", connection.as_str()), ("state", "planned")];
            plans(&client, tasks::all(&client, &query).await?).await?
        }
        Some(ids) => plans(&client, details(&client, ids).await?).await?,
    };
    if args.remote.json {
        let plans: Vec<&PlanView> = planned.iter().map(|planned| &planned.plan).collect();
        show::json(&json!({ "run": runs.last(), "runs": runs, "plans": plans }))?;
    } else {
        if args.brief {
            brief(&planned)?;
        } else {
            let text: String = planned.iter().map(|planned| format!("{}\n", rendered(planned))).collect();
            show::print(&text)?;
        }
        if let Some(last) = runs.last() {
            eprintln!("{}", summary(last, &planned));
        }
    }
    Ok(exit(&runs, &planned))
}

fn exit(runs: &[RunView], planned: &[Planned]) -> Exit {
    if runs.iter().any(|run| run.state == "failed") {
        return Exit::Error;
    }
    let is_done = runs.iter().all(|run| run.state == "done");
    if is_done && planned.iter().all(|planned| planned.documents() == 0) { Exit::Done } else { Exit::NotAll }
}

/// The tasks that were asked for; none: all that are ready.
async fn named_tasks(client: &Client, args: &PlanArgs, connection: &str) -> Result<Option<Vec<String>>> {
    if args.parked {
        let parked = tasks::all(client, &[("connection", connection), ("state", "parked")]).await?;
        return Ok(Some(parked.into_iter().map(|task| task.id).collect()));
    }
    Ok(Some(args.tasks.clone()).filter(|tasks| !tasks.is_empty()))
}

fn nothing_parked(args: &PlanArgs) -> Result<Exit> {
    if args.remote.json {
        show::json(&json!({ "run": null, "runs": [], "plans": [] }))?;
    }
    eprintln!("No task is parked; nothing was planned");
    Ok(Exit::Done)
}

/// One run, or several where there are more tasks than the service takes at once.
async fn start(client: &Client, connection: &str, tasks: Option<&[String]>) -> Result<Vec<RunView>> {
    let bodies: Vec<_> = match tasks {
        None => vec![json!({ "connection": connection })],
        Some(tasks) => tasks.chunks(MOST).map(|part| json!({ "connection": connection, "tasks": part })).collect(),
    };
    let mut runs = Vec::with_capacity(bodies.len());
    for body in bodies {
        let started = client.start(&["plans"], Some(&body)).await?;
        runs.push(client.wait(started).await?);
    }
    Ok(runs)
}

/// The plans of those tasks that have one, in the tasks' order.
pub(super) async fn plans(client: &Client, tasks: Vec<TaskView>) -> Result<Vec<Planned>> {
    let wanted = tasks.into_iter().filter_map(|task| task.plan.clone().map(|digest| (task, digest)));
    each(wanted, |(task, digest)| {
        let client = client.clone();
        async move {
            let plan = client.get(&["plans", &digest], &[]).await?;
            Ok(Planned { task, plan })
        }
    })
    .await
}

/// Tasks as they stand now.
pub(super) async fn details(client: &Client, ids: &[String]) -> Result<Vec<TaskView>> {
    each(ids.iter().cloned(), |id| {
        let client = client.clone();
        async move { Ok(client.get::<TaskDetail>(&["tasks", &id], &[]).await?.task) }
    })
    .await
}

/// Asks for all, a few at a time, and answers in the order of the questions.
async fn each<Q, A, F>(questions: impl IntoIterator<Item = Q>, ask: impl Fn(Q) -> F) -> Result<Vec<A>>
where
    A: Send + 'static,
    F: Future<Output = Result<A>> + Send + 'static,
{
    let mut asked = JoinSet::new();
    let mut answers: Vec<(usize, A)> = Vec::new();
    for (index, question) in questions.into_iter().enumerate() {
        if asked.len() >= AT_A_TIME {
            answers.extend(next(&mut asked).await?);
        }
        let answer = ask(question);
        asked.spawn(async move { answer.await.map(|answer| (index, answer)) });
    }
    while let Some(answer) = next(&mut asked).await? {
        answers.push(answer);
    }
    answers.sort_by_key(|(index, _)| *index);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

async fn next<A: 'static>(asked: &mut JoinSet<Result<A>>) -> Result<Option<A>> {
    match asked.join_next().await {
        None => Ok(None),
        Some(joined) => {
            joined.map_err(|error| anyhow!("a question to the service ended by itself: {error}"))?.map(Some)
        }
    }
}

/// A plan that a person named: its digest, the beginning of it, or its task.
pub(super) async fn named(client: &Client, name: &str) -> Result<Planned> {
    let is_hex = name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && name.len() >= 64 {
        let plan: PlanView = client.get(&["plans", name], &[]).await?;
        let task = client.get::<TaskDetail>(&["tasks", &plan.task], &[]).await?.task;
        return Ok(Planned { task, plan });
    }
    if is_hex && name.len() >= 8 {
        let all = tasks::all(client, &[("state", "planned")]).await?;
        let mut found: Vec<TaskView> =
            all.into_iter().filter(|task| task.plan.as_deref().is_some_and(|plan| plan.starts_with(name))).collect();
        let task = match (found.pop(), found.len()) {
            (Some(task), 0) => task,
            (None, _) => bail!(
                "no planned task has a plan that begins with {name}. Nothing was sent. `counterfoil plan` shows the plans"
            ),
            (Some(_), _) => bail!("several plans begin with {name}. Nothing was sent. Give more of the digest"),
        };
        return only(plans(client, vec![task]).await?, name);
    }
    let task = client.get::<TaskDetail>(&["tasks", name], &[]).await?.task;
    let state = task.state.clone();
    if task.plan.is_none() {
        bail!(
            "task {name} has no plan: it is {state}. Nothing was sent. Run `counterfoil plan {name}` and look at it first"
        );
    }
    only(plans(client, vec![task]).await?, name)
}

fn only(mut plans: Vec<Planned>, name: &str) -> Result<Planned> {
    plans.pop().ok_or_else(|| anyhow!("the plan of {name} cannot be found. Nothing was sent. Plan it again"))
}

pub(super) fn total<'a>(planned: impl IntoIterator<Item = &'a Planned>) -> Sums {
    let mut sums = Sums::default();
    for money in planned.into_iter().flat_map(|planned| &planned.plan.totals) {
        sums.add(money);
    }
    sums
}

pub(super) fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn summary(run: &RunView, planned: &[Planned]) -> String {
    let lines: usize = planned.iter().map(Planned::lines).sum();
    let mut text = format!(
        "Planned {}, {}, {} in {}",
        show::count(show::number(planned.len()), "task"),
        show::count(show::number(lines), "line"),
        total(planned),
        show::took(run)
    );
    let blocked = planned.iter().filter(|planned| planned.is_blocked()).count();
    let waiting =
        planned.iter().filter(|planned| !planned.is_blocked() && planned.to_accept().next().is_some()).count();
    let parked = run.counts.get("parked").copied().unwrap_or_default();
    if blocked > 0 {
        let _ = write!(text, " · {blocked} blocked");
    }
    if waiting > 0 {
        let _ = write!(text, " · {waiting} to be accepted by a person");
    }
    if parked > 0 {
        let _ = write!(text, " · {parked} parked");
    }
    match run.state.as_str() {
        "failed" => text.push_str(" · the planning did not work; nothing was written"),
        "incomplete" => text.push_str(" · not all could be planned"),
        _ => {}
    }
    text
}

fn brief(planned: &[Planned]) -> Result<()> {
    let mut table =
        show::Table::new(&["Order", "Customer", "Changes", "Lines", "Total", "Findings", "Plan"]).right(&[2, 3, 4]);
    for one in planned {
        let findings: Vec<String> =
            one.plan.findings.iter().map(|finding| format!("{} {}", finding.severity, finding.code)).collect();
        table.row([
            one.task.number.clone(),
            one.task.customer_name.clone(),
            one.documents().to_string(),
            one.lines().to_string(),
            show::moneys(&one.plan.totals),
            findings.join(", "),
            one.plan.digest.clone(),
        ]);
    }
    table.print("Confirm with `counterfoil sync PLAN…` or `counterfoil sync --all`.")
}

/// A plan with its headline.
fn rendered(planned: &Planned) -> String {
    let (task, plan) = (&planned.task, &planned.plan);
    format!(
        "{} · {} · {}\n{}",
        show::clean(&task.number),
        show::clean(&task.customer_name),
        show::moneys(&plan.totals),
        text(plan)
    )
}

/// Changes, lines, findings.
pub(super) fn text(plan: &PlanView) -> String {
    let mut out = String::new();
    for change in &plan.changes {
        change_text(&mut out, change);
    }
    for left in &plan.left_out {
        let _ = writeln!(out, "  left out: line {}: {}", show::clean(&left.line), show::clean(&left.why));
    }
    for note in &plan.notes {
        let _ = writeln!(out, "  note: {}", show::clean(note));
    }
    for finding in &plan.findings {
        let sign = match finding.severity.as_str() {
            "blocks" => "✘ blocked",
            "needs-person" => "! a person must accept",
            _ => "· note",
        };
        let _ = writeln!(out, "  {sign} {}: {}", finding.code, show::clean(&finding.message));
    }
    if !plan.intact {
        out.push_str(
            "  ✘ blocked plan-altered: what is stored does not match the digest; it cannot be sent. Plan again\n",
        );
    }
    if !plan.margins.is_empty() {
        let _ = writeln!(out, "  margin {}: what it bills less what it costs", show::moneys(&plan.margins));
    }
    let _ = writeln!(out, "  order {} · task {} · plan {}", show::money(&plan.source_total), plan.task, plan.digest);
    out
}

fn change_text(out: &mut String, change: &ChangeView) {
    let sign = match change.action.as_str() {
        "create" => "+",
        "update" => "~",
        "cancel" => "-",
        _ => "=",
    };
    let target = change.target.as_deref().map(|target| format!(" ({})", show::clean(target))).unwrap_or_default();
    let _ = writeln!(
        out,
        "  {sign} {} {}: {}{target}",
        change.action,
        show::clean(&change.document),
        show::clean(&change.title)
    );
    if !change.why.is_empty() {
        let _ = writeln!(out, "      why: {}", show::clean(&change.why));
    }
    let widest = change.fields.iter().map(|field| field.name.chars().count()).max().unwrap_or_default();
    for field in &change.fields {
        let value = match (&field.before, &field.after) {
            (None, Some(after)) => format!("+ {}", show::clean(after)),
            (Some(before), Some(after)) if before == after => format!("= {}", show::clean(after)),
            (Some(before), Some(after)) => format!("~ {} → {}", show::clean(before), show::clean(after)),
            (Some(before), None) => format!("- {}", show::clean(before)),
            (None, None) => continue,
        };
        let _ = writeln!(out, "      {:<widest$}  {value}  [{}]", show::clean(&field.name), show::clean(&field.owner));
    }
    for line in &change.lines {
        let (price, amount) = (show::money(&line.unit_price), show::money(&line.amount));
        let _ = writeln!(
            out,
            "      {} × {price} = {amount}  {}",
            show::clean(&line.quantity),
            show::clean(&line.description)
        );
        if let (Some(cost), Some(margin)) = (&line.cost, &line.margin) {
            let _ = writeln!(out, "          costs {}, margin {}", show::money(cost), show::money(margin));
        }
        if !line.arithmetic.is_empty() {
            let _ = writeln!(out, "          {}", show::clean(&line.arithmetic));
        }
    }
    let _ = writeln!(out, "      adds {} to what the customer owes", show::money(&change.total));
}

/// The fixture of the other verbs' tests.
#[cfg(test)]
pub(super) use tests::planned as planned_for_tests;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A plan with one invoice of two lines.
    pub(in crate::cli) fn planned(number: &str, findings: Value) -> Planned {
        let usd = |amount: &str| json!({ "amount": amount, "currency": "USD" });
        let line = |quantity: &str, price: &str, amount: &str, why: &str| {
            json!({ "covers": ["1"], "description": "M365", "quantity": quantity, "unit_price": usd(price), "unit_cost": null,
                "amount": usd(amount), "bills": usd(amount), "arithmetic": why, "attributes": {} })
        };
        let plan = json!({
            "digest": format!("{number:0>64}"), "connection": "xero-main", "task": format!("task_{number}"), "intact": true,
            "changes": [{ "key": "invoice", "action": "create", "document": "invoice", "target": null, "title": "Draft invoice CB-7",
                "fields": [
                    { "name": "Reference", "before": null, "after": "CB-7", "owner": "marketplace" },
                    { "name": "Due", "before": "2026-12-01", "after": "2026-12-21", "owner": "host" },
                    { "name": "Status", "before": "DRAFT", "after": "DRAFT", "owner": "target" },
                ],
                "lines": [
                    line("18", "33.00", "376.20", "18 × 33.00 USD × 19/30 days = 376.20 USD, elapsed-days"),
                    line("1", "1000.00", "1000.00", ""),
                ],
                "total": usd("1376.20"), "why": "new sale", "attributes": {} }],
            "left_out": [{ "line": "3", "why": "zero amount" }], "notes": ["the price is the order's"],
            "findings": findings, "totals": [usd("1376.20")], "source_total": usd("1376.20"), "plugin": "abc",
            "made_at": "2026-11-21T09:00:00Z",
        });
        let task = json!({
            "id": format!("task_{number}"), "reseller": "acme", "connection": "xero-main", "kind": "sales", "number": format!("SO{number}"),
            "customer": "1", "customer_name": "Green Lane LLC", "subscription": null, "order": "1", "revision": "r", "marketplace": "m",
            "amount": usd("1376.20"), "scenario": "new sale", "state": "planned", "account": "open", "created_at": "2026-11-21T09:00:00Z",
            "observed_at": "2026-11-21T09:00:00Z", "updated_at": "2026-11-21T09:00:00Z", "failures": 0, "crashes": 0, "version": 1,
        });
        Planned { task: serde_json::from_value(task).unwrap(), plan: serde_json::from_value(plan).unwrap() }
    }

    #[test]
    fn every_field_and_cent_is_shown_with_who_owns_it() {
        let planned = planned(
            "7",
            json!([{ "severity": "blocks", "code": "currency-mismatch", "message": "the account is in NZD" }]),
        );
        assert_eq!(
            rendered(&planned),
            format!(
                "SO7 · Green Lane LLC · USD 1,376.20
  + create invoice: Draft invoice CB-7
      why: new sale
      Reference  + CB-7  [marketplace]
      Due        ~ 2026-12-01 → 2026-12-21  [host]
      Status     = DRAFT  [target]
      18 × USD 33.00 = USD 376.20  M365
          18 × 33.00 USD × 19/30 days = 376.20 USD, elapsed-days
      1 × USD 1,000.00 = USD 1,000.00  M365
      adds USD 1,376.20 to what the customer owes
  left out: line 3: zero amount
  note: the price is the order's
  ✘ blocked currency-mismatch: the account is in NZD
  order USD 1,376.20 · task task_7 · plan {:0>64}
",
                "7"
            )
        );
        assert!(planned.is_blocked());
    }

    #[test]
    fn the_summary_counts_what_stands_in_the_way() {
        let run: RunView = serde_json::from_value(json!({
            "id": "run_1", "reseller": "acme", "connection": "xero-main", "kind": "plan", "state": "done", "is_over": true,
            "asked_by": "ann", "asked_at": "2026-11-21T09:00:00Z", "started_at": null, "finished_at": "2026-11-21T09:00:01.200Z",
            "total": 2, "done": 2, "counts": {}, "problems": [],
        }))
        .unwrap();
        let blocked = json!([{ "severity": "blocks", "code": "x", "message": "" }]);
        let waits = json!([{ "severity": "needs-person", "code": "total-differs", "message": "" }]);
        let plans = [planned("1", json!([])), planned("2", blocked), planned("3", waits)];
        assert_eq!(
            summary(&run, &plans),
            "Planned 3 tasks, 6 lines, USD 4,128.60 in 1.2s · 1 blocked · 1 to be accepted by a person"
        );
    }

    #[tokio::test]
    async fn answers_come_in_the_order_of_the_questions() {
        let answers = each(0_u64..50, |n| async move {
            tokio::time::sleep(std::time::Duration::from_micros((50 - n) * 10)).await;
            Ok(n)
        });
        assert_eq!(answers.await.unwrap(), (0..50).collect::<Vec<_>>());
        let failed = each(0_u64..5, |n| async move { if n == 3 { bail!("no") } else { Ok(n) } });
        assert!(failed.await.is_err());
    }
}
