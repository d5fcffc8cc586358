//! `tasks`: lists, one task with all that is known of it, and the totals while they change.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use counterfoil_server::wire::{
    FollowUpList, FollowUpView, OrderView, StateTotal, StoredReceiptView, TaskDetail, TaskPage, TaskView, Time,
};
use serde_json::json;

use super::args::TasksVerb;
use super::client::{Client, conclude};
use super::{plan, show};
use crate::exit::Exit;

/// Rows that the service gives at once.
const PAGE: usize = 500;

pub(super) async fn run(verb: TasksVerb) -> Result<Exit> {
    conclude(match verb {
        TasksVerb::List { connection, waiting_for_approval: true, limit, remote, .. } => {
            let client = Client::new(&remote)?;
            waiting(&client, connection.as_deref(), limit, remote.json).await
        }
        TasksVerb::List { connection, state, text, reason, limit, remote, .. } => {
            let client = Client::new(&remote)?;
            let states = state.join(",");
            let filters = [
                ("connection", connection.as_deref()),
                ("state", Some(states.as_str())),
                ("text", text.as_deref()),
                ("reason", reason.as_deref()),
            ];
            let query: Vec<(&str, &str)> = filters
                .iter()
                .filter_map(|(name, value)| value.filter(|v| !v.is_empty()).map(|v| (*name, v)))
                .collect();
            list(&client, &query, limit, remote.json).await
        }
        TasksVerb::Show { task, remote } => {
            let client = Client::new(&remote)?;
            one(&client, &task, remote.json).await
        }
        TasksVerb::Watch { seconds, remote } => {
            let client = Client::new(&remote)?;
            watch(&client, Duration::from_secs(seconds.max(1)), remote.json).await
        }
    })
}

/// At most so many of the tasks that fit, page by page.
async fn pages(client: &Client, query: &[(&str, &str)], limit: usize) -> Result<TaskPage> {
    let mut found = TaskPage { tasks: Vec::new(), totals: Vec::new(), has_more: true, next: None };
    while found.has_more && found.tasks.len() < limit {
        let size = (limit - found.tasks.len()).min(PAGE).to_string();
        let mut query = query.to_vec();
        query.push(("limit", &size));
        if let Some(next) = &found.next {
            query.push(("after", next));
        }
        let page: TaskPage = client.get(&["tasks"], &query).await?;
        let ended = page.next.is_none();
        found.tasks.extend(page.tasks);
        found = TaskPage { tasks: found.tasks, has_more: page.has_more && !ended, ..page };
    }
    Ok(found)
}

/// Every task that fits.
pub(super) async fn all(client: &Client, query: &[(&str, &str)]) -> Result<Vec<TaskView>> {
    Ok(pages(client, query, usize::MAX).await?.tasks)
}

async fn list(client: &Client, query: &[(&str, &str)], limit: usize, as_json: bool) -> Result<Exit> {
    let page = pages(client, query, limit.max(1)).await?;
    if as_json {
        show::json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&["Task", "State", "Kind", "Order", "Customer", "Amount", "Why"]).right(&[5]);
    for task in &page.tasks {
        table.row([
            task.id.clone(),
            task.state.clone(),
            task.kind.clone(),
            task.number.clone(),
            task.customer_name.clone(),
            show::money(&task.amount),
            why(task),
        ]);
    }
    let more = if page.has_more { ", and there are more: --limit shows them" } else { "" };
    table.print(&format!(
        "{}{more}\n{}{}",
        show::count(show::number(page.tasks.len()), "task"),
        totals(&page.totals, "\n"),
        kinds(&page.tasks)
    ))?;
    Ok(Exit::Done)
}

/// Steps that wait, oldest first.
async fn waiting(client: &Client, connection: Option<&str>, limit: usize, as_json: bool) -> Result<Exit> {
    let limit = limit.clamp(1, PAGE).to_string();
    let mut query = vec![("limit", limit.as_str())];
    query.extend(connection.map(|id| ("connection", id)));
    let list: FollowUpList = client.get(&["follow-ups"], &query).await?;
    if as_json {
        show::json(&list)?;
        return Ok(Exit::Done);
    }
    let mut table = show::Table::new(&["Task", "State", "Order", "Customer", "Since", "Step", "Waits for"]);
    for one in &list.follow_ups {
        table.row([
            one.task.clone(),
            one.state.clone(),
            one.number.clone(),
            one.customer_name.clone(),
            one.begun_at.0.format("%Y-%m-%d").to_string(),
            one.title.clone(),
            one.why.clone().unwrap_or_else(|| one.waits_for.clone()),
        ]);
    }
    let more = if list.has_more { ", and there are more: --limit shows them" } else { "" };
    table.print(&format!("{}{more}", show::count(show::number(list.follow_ups.len()), "step")))?;
    Ok(Exit::Done)
}

/// What each kind in the list stands for.
fn kinds(tasks: &[TaskView]) -> String {
    let kinds: BTreeMap<&str, &str> = tasks
        .iter()
        .map(|task| (task.kind.as_str(), task.kind_text.as_str()))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    kinds.iter().fold(String::new(), |all, (kind, text)| format!("{all}\n{}: {}", show::clean(kind), show::clean(text)))
}

/// What stands in the way, or what was decided.
fn why(task: &TaskView) -> String {
    let needs = task.needs.iter().map(|need| need.text.clone());
    let ignored = task.ignored.iter().map(|ignored| {
        let until = ignored.until_text.as_ref().map(|until| format!(", {until}")).unwrap_or_default();
        let text = if ignored.text.is_empty() { String::new() } else { format!(": {}", ignored.text) };
        format!("{}{text} (by {}{until})", ignored.reason, ignored.by)
    });
    let failure = task.failure.iter().map(|failure| format!("{}: {}", failure.code, failure.message));
    let retry = task.retry_at.iter().map(|at| format!("tried again at {}", at.0.format("%Y-%m-%d %H:%M UTC")));
    let newer = task.superseded_by.iter().map(|by| format!("replaced by {by}"));
    let all = needs.chain(ignored).chain(failure).chain(retry).chain(task.uncertain.clone()).chain(newer);
    all.collect::<Vec<_>>().join("; ")
}

fn totals(totals: &[StateTotal], between: &str) -> String {
    let parts: Vec<String> =
        totals.iter().map(|total| format!("{} {} ({})", total.name, total.count, show::moneys(&total.money))).collect();
    if parts.is_empty() { "no tasks".to_owned() } else { parts.join(between) }
}

async fn one(client: &Client, id: &str, as_json: bool) -> Result<Exit> {
    let detail: TaskDetail = client.get(&["tasks", id], &[]).await?;
    if as_json {
        show::json(&detail)?;
    } else {
        show::print(&text(&detail))?;
    }
    Ok(Exit::Done)
}

fn text(detail: &TaskDetail) -> String {
    let task = &detail.task;
    let mut out = String::new();
    let rows = [
        ("task", task.id.clone()),
        ("state", task.state.clone()),
        ("why", why(task)),
        ("waits", detail.waits_for.as_ref().map(|waits| waits.text.clone()).unwrap_or_default()),
        ("order", format!("{} ({})", task.number, task.kind)),
        ("which is", task.kind_text.clone()),
        ("customer", format!("{} ({})", task.customer_name, task.customer)),
        ("subscription", task.subscription.clone().unwrap_or_default()),
        ("amount", show::money(&task.amount)),
        ("connection", task.connection.clone()),
        ("scenario", task.scenario.clone()),
        ("confirmed by", task.confirmed_by.clone().unwrap_or_default()),
        ("seen", task.observed_at.0.format("%Y-%m-%d %H:%M UTC").to_string()),
        ("changed", task.updated_at.0.format("%Y-%m-%d %H:%M UTC").to_string()),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(out, "{name:<13} {}", show::clean(value));
    }
    for one in &detail.document {
        let _ = writeln!(
            out,
            "{:<13} {} (set for this task)",
            one.name,
            show::clean(one.value.as_deref().unwrap_or_default())
        );
    }
    if let Some(order) = &detail.order {
        let revised = if detail.order_is_current { "" } else { ", revised after this task was made" };
        let _ = writeln!(out, "\nOrder as the marketplace has it{revised}");
        order_text(&mut out, order);
    }
    if let Some(plan) = &detail.plan {
        let _ = write!(out, "\nPlan of {}\n{}", plan.made_at.0.format("%Y-%m-%d %H:%M UTC"), plan::text(plan));
    }
    if let Some(receipt) = &detail.receipt {
        receipt_text(&mut out, receipt);
    }
    for one in &detail.follow_ups {
        follow_up_text(&mut out, one);
    }
    out
}

fn order_text(out: &mut String, order: &OrderView) {
    for line in &order.lines {
        let what = line.product_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(&line.description);
        let period = line
            .service_period
            .as_ref()
            .map(|period| format!("  {} to before {}", period.start, period.end))
            .unwrap_or_default();
        let (price, amount) = (show::money(&line.unit_price), show::money(&line.amount));
        let _ = writeln!(
            out,
            "  {} × {price} = {amount}  {}  {}{period}",
            show::clean(&line.quantity),
            line.kind,
            show::clean(what)
        );
    }
    let total = order.total.as_ref().map_or_else(|| "not given".to_owned(), show::money);
    let _ = writeln!(out, "  total {total} · {} · effective {}", order.status, order.effective_on);
}

fn receipt_text(out: &mut String, receipt: &StoredReceiptView) {
    let _ = writeln!(out, "\nStored {}", receipt.stored_at.0.format("%Y-%m-%d %H:%M UTC"));
    for change in &receipt.changes {
        let total = change.total.as_ref().map(|total| format!(", {}", show::money(total))).unwrap_or_default();
        let _ = writeln!(
            out,
            "  {} {} {}{total}",
            change.action,
            show::clean(&change.document),
            called(&change.number, &change.reference)
        );
    }
    match &receipt.observed_at {
        None => out.push_str("  not read back yet\n"),
        Some(at) => {
            let _ = writeln!(out, "Read back {}", at.0.format("%Y-%m-%d %H:%M UTC"));
        }
    }
    for seen in &receipt.observed {
        let called = called(&seen.number, &seen.reference);
        let _ = writeln!(out, "  {called} {}, {}", show::clean(&seen.state), show::money(&seen.total));
    }
}

/// Its number and its id; not every target has numbers.
fn called(number: &str, reference: &str) -> String {
    let [number, reference] = [number, reference].map(show::clean);
    if number.is_empty() { reference } else { format!("{number} ({reference})") }
}

fn follow_up_text(out: &mut String, one: &FollowUpView) {
    let when = |at: &Time| at.0.format("%Y-%m-%d %H:%M UTC").to_string();
    let _ = writeln!(out, "\n{} ({})", show::clean(&one.title), show::clean(&one.state));
    if one.state == "waiting" {
        let _ = writeln!(out, "  waits for {}", show::clean(&one.waits_for));
    }
    if let Some(why) = &one.why {
        let _ = writeln!(out, "  {}", show::clean(why));
    }
    let looked =
        one.looked_at.as_ref().map_or_else(|| "not looked at yet".to_owned(), |at| format!("looked at {}", when(at)));
    let next = one.next_look.as_ref().map(|at| format!(", next look {}", when(at))).unwrap_or_default();
    let _ = writeln!(out, "  since {}, {looked}{next}", when(&one.begun_at));
}

/// A line when the totals have changed, until nobody reads or Ctrl-C.
async fn watch(client: &Client, every: Duration, as_json: bool) -> Result<Exit> {
    let mut last = None;
    loop {
        let page: TaskPage = client.get(&["tasks"], &[("limit", "1")]).await?;
        if last.as_ref() != Some(&page.totals) {
            let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ");
            let line = if as_json {
                json!({ "at": now.to_string(), "totals": page.totals }).to_string()
            } else {
                format!("{now}  {}", totals(&page.totals, " · "))
            };
            if !show::print(&format!("{line}\n"))? {
                return Ok(Exit::Done);
            }
            last = Some(page.totals);
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            ended = tokio::signal::ctrl_c() => {
                ended?;
                return Ok(Exit::Done);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use counterfoil_server::wire::WaitsForView;

    use super::super::plan::planned_for_tests as planned;
    use super::*;

    #[test]
    fn a_task_shows_its_plan_and_why_it_waits() {
        let planned = planned("7", json!([]));
        let mut task = planned.task.clone();
        task.state = "parked".to_owned();
        task.kind_text = "Sales order: a new subscription".to_owned();
        assert_eq!(kinds(&[task.clone(), task.clone()]), "\nsales: Sales order: a new subscription");
        task.failure = Some(
            serde_json::from_value(
                json!({ "class": "rejected", "code": "tax", "message": "tax type is not active", "attributes": {} }),
            )
            .unwrap(),
        );
        let waits = |text: &str| WaitsForView { task: "t".into(), number: "SO1".into(), text: text.into() };
        let set = json!([{ "name": "due_date", "label": "Due", "help": "", "type": "date", "value": "2026-12-01" }]);
        let detail = TaskDetail {
            task,
            order: None,
            order_is_current: true,
            plan: Some(planned.plan),
            receipt: None,
            waits_for: Some(waits("waits for SO1, which comes first for this subscription")),
            document: serde_json::from_value(set).unwrap(),
            follow_ups: Vec::new(),
        };
        let text = text(&detail);
        assert!(text.contains("waits         waits for SO1, which comes first"), "{text}");
        assert!(text.contains("due_date      2026-12-01 (set for this task)\n"), "{text}");
        assert!(text.contains("why           tax: tax type is not active\n"), "{text}");
        assert!(text.contains("which is      Sales order: a new subscription\n"), "{text}");
        assert!(text.contains("amount        USD 1,376.20\n") && text.contains("elapsed-days"), "{text}");
    }

    #[test]
    fn an_ignored_task_says_by_whom_and_how_long() {
        let mut task = planned("7", json!([])).task;
        let mut why_until = |until: serde_json::Value, words: serde_json::Value| {
            let ignored = json!({
                "reason": "by-person", "text": "paid by hand", "by": "ann", "at": "2026-11-21T09:12:00Z",
                "until": until, "until_text": words,
            });
            task.ignored = Some(serde_json::from_value(ignored).unwrap());
            why(&task)
        };
        assert_eq!(why_until(json!(null), json!(null)), "by-person: paid by hand (by ann)");
        assert_eq!(
            why_until(json!("2027-01-01"), json!("until 2027-01-01")),
            "by-person: paid by hand (by ann, until 2027-01-01)"
        );
        assert_eq!(
            why_until(json!(null), json!("until the price or quantity changes")),
            "by-person: paid by hand (by ann, until the price or quantity changes)"
        );
    }

    #[test]
    fn totals_name_the_money_of_each_state() {
        let total: StateTotal = serde_json::from_value(
            json!({ "name": "ready", "count": 3, "money": [{ "amount": "1234.50", "currency": "USD" }] }),
        )
        .unwrap();
        assert_eq!(totals(&[total], " · "), "ready 3 (USD 1,234.50)");
        assert_eq!(totals(&[], " · "), "no tasks");
    }
}
