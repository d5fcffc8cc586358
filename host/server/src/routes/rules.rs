//! People's rules to ignore by: listing, making with a preview of what they would have done, removing. Judges nothing: it
//! writes, and the engine holds every task against the rules that changed.

use axum::Json;
use axum::extract::State;
use chrono::{Days, NaiveTime};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::{RuleId, TaskId};
use counterfoil_domain::judge;
use counterfoil_domain::order::OrderType;
use counterfoil_domain::ports::{PageRequest, TaskFilter, TaskTotal, Write};
use counterfoil_domain::rule::{self, Amounts, Criteria, IgnoreRule, Seen, rule_of};
use counterfoil_domain::task::{Event, Ignored, Subject, Task, TaskState, Until, Verdict, next};
use serde::Deserialize;
use utoipa::IntoParams;

use super::choosing::{Chosen, Walk, chosen, range};
use super::ignoring::order_of;
use super::{MOST, audit, connection};
use crate::extract::{Body, Id, Params};
use crate::guard::Who;
use crate::ids;
use crate::parts::App;
use crate::problem::Problem;
use crate::suggest::hint;
use crate::wire::{
    AmountRange, RuleAnswer, RuleBody, RuleList, RulePreview, RuleRemoved, RuleView, TaskChoice, totals_by_currency,
    totals_by_state,
};

/// How far a preview looks back.
const PREVIEW_DAYS: u64 = 90;
/// More tasks than this are not looked at for one answer.
const MOST_LOOKED_AT: usize = 50_000;
/// Tasks that a preview names.
const MOST_NAMED: usize = 50;

/// Types that somebody can mean: what is migrated is never billed, and what is unknown is named by nobody.
const TYPES: [OrderType; 5] =
    [OrderType::Sales, OrderType::Change, OrderType::Billing, OrderType::Cancellation, OrderType::Renewal];

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RuleQuery {
    /// Left out: of every connection.
    pub(crate) connection: Option<String>,
}

/// Rules to ignore by, oldest first, with those that a task ignored until its price or quantity changes has left.
#[utoipa::path(get, path = "/v1/rules", tag = "rules", params(RuleQuery), responses((status = 200, body = RuleList)))]
pub(crate) async fn list(State(app): State<App>, Params(query): Params<RuleQuery>) -> Result<Json<RuleList>, Problem> {
    let connections = match &query.connection {
        Some(id) => vec![connection(&app, id).await?],
        None => app.store().connections().await?,
    };
    let today = app.now().date_naive();
    let mut rules = Vec::new();
    for connection in connections {
        rules.extend(app.store().rules(&connection.id).await?.iter().map(|rule| RuleView::new(rule, today)));
    }
    Ok(Json(RuleList { rules }))
}

fn named(pointer: &str, written: Option<&String>) -> Result<Option<String>, Problem> {
    match written.map(|written| written.trim()) {
        Some("") => Err(Problem::invalid(pointer, "empty", "leave it out, or say which")),
        written => Ok(written.map(str::to_owned)),
    }
}

fn order_type(written: &str) -> Result<OrderType, Problem> {
    OrderType::parse(written).filter(|order_type| TYPES.contains(order_type)).ok_or_else(|| {
        let help = hint(written, TYPES.iter().map(|order_type| order_type.name()));
        let text = format!("\"{written}\" is not an order type that a rule can name; {help}");
        Problem::invalid("/order_type", "unknown-order-type", text)
    })
}

fn criteria(body: &RuleBody) -> Result<Criteria, Problem> {
    let amount = |written: &AmountRange| {
        let range = range("/amount", written)?;
        match (range.at_least, range.at_most) {
            (Some(least), None) => Ok((Amounts::AtLeast(least), range.currency)),
            (None, Some(most)) => Ok((Amounts::AtMost(most), range.currency)),
            _ => {
                let text = "give at_least or at_most, not both; two rules say both";
                Err(Problem::invalid("/amount", "both-bounds", text))
            }
        }
    };
    let criteria = Criteria {
        customer: named("/customer", body.customer.as_ref())?.map(|id| id.as_str().into()),
        product: named("/product", body.product.as_ref())?,
        order_type: body.order_type.as_deref().map(order_type).transpose()?,
        amount: body.amount.as_ref().map(amount).transpose()?,
        ..Criteria::default()
    };
    if criteria == Criteria::default() {
        let text =
            "give at least one of customer, product, order_type and amount; a rule without any would ignore everything";
        return Err(Problem::invalid("", "no-criterion", text));
    }
    Ok(criteria)
}

/// Make a rule, or see what it would do: the answer shows what it would have ignored of the last 90 days. Open tasks that
/// fit are ignored by the engine at once.
#[utoipa::path(post, path = "/v1/rules", tag = "rules", request_body = RuleBody, responses((status = 200, body = RuleAnswer)))]
pub(crate) async fn add(
    State(app): State<App>,
    who: Who,
    Body(body): Body<RuleBody>,
) -> Result<Json<RuleAnswer>, Problem> {
    let connection = connection(&app, &body.connection).await?;
    let criteria = criteria(&body)?;
    if body.text.trim().is_empty() {
        return Err(Problem::invalid("/text", "required", "say why, for whoever reads it later"));
    }
    let now = app.now();
    let today = now.date_naive();
    let until = body.until.map(|day| day.0);
    if until.is_some_and(|until| until <= today) {
        return Err(Problem::invalid("/until", "in-the-past", "it must be a day after today"));
    }
    let there = app.store().rules(&connection.id).await?;
    if let Some(same) = there.iter().find(|rule| rule.criteria == criteria && rule.counts_on(today)) {
        let text = format!("rule {} of {} asks for the same already ({criteria}); remove it first", same.id, same.by);
        return Err(Problem::invalid("", "rule-exists", text));
    }
    let id = if body.dry_run { RuleId::new("") } else { ids::rule_id(now)? };
    let (by, text) = (who.actor.clone(), body.text);
    let rule = IgnoreRule { id, connection: connection.id.clone(), criteria, text, by, at: now, until };
    let preview = preview(&app, &connection, &rule).await?;
    if !body.dry_run {
        let detail = format!("{}: {}", rule.criteria, rule.text);
        let note = audit(&app, &who.actor, "rule.add", &rule.id, detail);
        app.store().commit(vec![Write::PutRule(rule.clone()), note]).await?;
        app.wake();
    }
    Ok(Json(RuleAnswer { rule: RuleView::new(&rule, today), dry_run: body.dry_run, preview }))
}

/// What it would have ignored. Tasks that gave way to a later revision are not counted: their money would be in it twice.
async fn preview(app: &App, connection: &Connection, rule: &IgnoreRule) -> Result<RulePreview, Problem> {
    let today = app.now().date_naive();
    let from = today.checked_sub_days(Days::new(PREVIEW_DAYS)).unwrap_or(today);
    let filter = TaskFilter {
        connection: Some(connection.id.clone()),
        customer: rule.criteria.customer.clone(),
        ..TaskFilter::default()
    };
    // Before every task that was seen on that day.
    let mut after = (from.and_time(NaiveTime::MIN).and_utc(), TaskId::new(""));
    let mut fitting: Vec<Task> = Vec::new();
    let (mut looked_at, mut complete) = (0, true);
    loop {
        let page = PageRequest { after: Some(after.clone()), limit: MOST };
        let tasks = app.store().tasks(filter.clone(), page).await?;
        let Some(last) = tasks.last() else { break };
        if looked_at >= MOST_LOOKED_AT {
            complete = false;
            break;
        }
        after = (last.observed_at, last.id.clone());
        looked_at += tasks.len();
        for task in tasks.into_iter().filter(|task| !matches!(task.state, TaskState::Superseded { .. })) {
            let Some(order) = order_of(app, &task).await? else { continue };
            let is_snapshot = matches!(task.subject, Subject::Initial { .. });
            let is_settled = !is_snapshot && judge::settled(&order).is_some();
            if !is_settled && rule::fits(rule, Seen { order: &order, is_snapshot }).is_some() {
                fitting.push(task);
            }
        }
    }
    fitting.sort_by(|a, b| (&a.number, &a.id).cmp(&(&b.number, &b.id)));
    let total =
        |task: &Task| TaskTotal { state: task.state.name().to_owned(), reason: None, count: 1, money: task.amount };
    let totals: Vec<TaskTotal> = fitting.iter().map(total).collect();
    Ok(RulePreview {
        from: from.into(),
        looked_at: looked_at as u64,
        complete,
        count: fitting.len() as u64,
        money: totals_by_currency(fitting.iter().map(|task| task.amount)),
        states: totals_by_state(&totals).0,
        tasks: fitting.iter().take(MOST_NAMED).map(Into::into).collect(),
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemoveQuery {
    /// True: what it ignored stays ignored.
    #[serde(default)]
    pub(crate) keep: bool,
}

/// Remove a rule. What it ignored comes back and is judged anew, unless it is to be kept.
#[utoipa::path(delete, path = "/v1/rules/{id}", tag = "rules", params(("id" = String, Path), RemoveQuery), responses((status = 200, body = RuleRemoved)))]
pub(crate) async fn remove(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    Params(query): Params<RemoveQuery>,
) -> Result<Json<RuleRemoved>, Problem> {
    let rule = find(&app, &id).await?;
    let held = held_by(&rule)?;
    let mut money = Vec::new();
    // Those that stay are taken out of the rule's name first: what is in the name of no rule comes back.
    let mut walk = Walk::new(&app, &held);
    while let Some(page) = walk.page().await? {
        let (mut writes, mut amounts) = (Vec::new(), Vec::new());
        for task in &page {
            let TaskState::Ignored(ignored) = &task.state else { continue };
            if rule_of(ignored).as_ref() != Some(&rule.id) {
                continue;
            }
            amounts.push(task.amount);
            if query.keep {
                writes.extend(kept(&app, &who, task, ignored));
            }
        }
        if walk.commit(writes).await? {
            money.extend(amounts);
        }
    }
    let what = if query.keep { "stay ignored" } else { "come back" };
    let detail = format!("{}: {} ({} tasks {what})", rule.criteria, rule.text, money.len());
    let note = audit(&app, &who.actor, "rule.remove", &rule.id, detail);
    app.store().commit(vec![Write::RemoveRule(rule.id.clone()), note]).await?;
    app.wake();
    Ok(Json(RuleRemoved {
        rule: RuleView::new(&rule, app.now().date_naive()),
        tasks: money.len() as u64,
        money: totals_by_currency(money),
        kept: query.keep,
    }))
}

async fn find(app: &App, id: &str) -> Result<IgnoreRule, Problem> {
    for connection in app.store().connections().await? {
        let rules = app.store().rules(&connection.id).await?;
        if let Some(rule) = rules.into_iter().find(|rule| rule.id.as_str() == id) {
            return Ok(rule);
        }
    }
    Err(Problem::not_found("rule", id))
}

/// Tasks that the rule may have ignored: those of its connection that have its reason.
fn held_by(rule: &IgnoreRule) -> Result<Chosen, Problem> {
    let choice = TaskChoice {
        connection: Some(rule.connection.to_string()),
        reason: rule.criteria.reason().map(|reason| reason.name().to_owned()),
        ..TaskChoice::default()
    };
    chosen(choice, &["ignored"])
}

/// Still ignored, by whoever removed the rule. A change is not waited for any more, because nothing looks for it.
fn kept(app: &App, who: &Who, task: &Task, ignored: &Ignored) -> Vec<Write> {
    let until = ignored.until.clone().filter(|until| !matches!(until, Until::Change { .. }));
    let text = format!("{}; kept when the rule was removed", ignored.text);
    let stays = Ignored { text, by: who.actor.clone(), at: app.now(), until, ..ignored.clone() };
    let Ok(state) = next(task.state.clone(), Event::Unignored(Verdict::Ignored(stays))) else { return Vec::new() };
    let after = Task { state, version: task.version + 1, updated_at: app.now(), ..task.clone() };
    vec![Write::UpdateTask(after), audit(app, &who.actor, "task.ignore", &task.id, "kept when its rule was removed")]
}
