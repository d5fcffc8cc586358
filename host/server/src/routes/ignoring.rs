//! Ignoring tasks and taking that back, one or many. Taking back makes a task pending: the rules are the
//! engine's to apply, and it judges the task again at the next check or planning.

use axum::Json;
use axum::extract::State;
use counterfoil_domain::id::TaskId;
use counterfoil_domain::market::Subscription;
use counterfoil_domain::money::Money;
use counterfoil_domain::order::Order;
use counterfoil_domain::ports::Write;
use counterfoil_domain::rule::{IgnoreRule, Said, rule_of, until_change_id};
use counterfoil_domain::snapshot;
use counterfoil_domain::task::{
    Event, IgnoreReason, Ignored, Illegal, Need, Subject, Task, TaskState, Until, Verdict, next,
};
use counterfoil_domain::until::{Untold, Wish, resolve};

use super::choosing::{Chosen, Walk, chosen};
use super::tasks::{known_reason, task};
use super::{MOST, audit};
use crate::extract::{Body, Id};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, Problem};
use crate::wire::{
    IgnoreAnswer, IgnoreBody, IgnoreManyBody, SkippedView, TaskChoice, TaskView, UnignoreAnswer, UnignoreBody,
    UntilBody, UntilChoice, totals_by_currency,
};

/// States that a task can be ignored from.
const OPEN: [&str; 4] = ["pending", "ready", "planned", "parked"];
/// More tasks that were left where they are than this are counted, not listed.
const MOST_SKIPPED: usize = 50;

fn illegal(task: &TaskId, illegal: &Illegal) -> Problem {
    Problem::new(
        Code::TaskState,
        format!("Task {task}: {illegal}."),
        "Nothing was changed.",
        "Read the task for where it stands now.",
    )
}

fn moved(app: &App, task: &Task, event: Event) -> Result<Task, Problem> {
    let state = next(task.state.clone(), event).map_err(|error| illegal(&task.id, &error))?;
    Ok(Task { state, version: task.version + 1, updated_at: app.now(), ..task.clone() })
}

/// What was asked, understood.
#[derive(Debug, Clone)]
struct Asked {
    reason: IgnoreReason,
    text: String,
    wish: Option<Wish>,
}

fn asked(app: &App, body: IgnoreBody) -> Result<Asked, Problem> {
    let reason = body.reason.as_deref().map_or(Ok(IgnoreReason::ByPerson), |reason| known_reason("/reason", reason))?;
    if body.text.trim().is_empty() {
        return Err(Problem::invalid("/text", "required", "say why, for whoever reads it later"));
    }
    let wish = body.until.map(|until| match until {
        UntilBody::Date(day) | UntilBody::Choice(UntilChoice::Day(day)) => Wish::Day(day.0),
        UntilBody::Choice(UntilChoice::NextPeriod(_)) => Wish::NextPeriod,
        UntilBody::Choice(UntilChoice::Change(_)) => Wish::Change,
    });
    let today = app.now().date_naive();
    if matches!(wish, Some(Wish::Day(day)) if day <= today) {
        return Err(Problem::invalid("/until", "in-the-past", "it must be a day after today"));
    }
    Ok(Asked { reason, text: body.text, wish })
}

/// The order that a task is about, as the source has it now, or the snapshot as it was taken.
pub(super) async fn order_of(app: &App, task: &Task) -> Result<Option<Order>, Problem> {
    let key = match &task.subject {
        Subject::Order { key, .. } => key.clone(),
        Subject::Initial { marketplace, subscription } => snapshot::key(marketplace, &task.connection, subscription),
    };
    Ok(app.store().order(&key).await?)
}

async fn subscription_of(app: &App, task: &Task, order: &Order) -> Result<Option<Subscription>, Problem> {
    let marketplace = match &task.subject {
        Subject::Order { key, .. } => &key.marketplace,
        Subject::Initial { marketplace, .. } => marketplace,
    };
    let Some(id) = &order.subscription else { return Ok(None) };
    Ok(app.store().subscriptions(marketplace, Some(vec![id.clone()])).await?.pop())
}

/// Why a task is not ignored.
enum Refused {
    /// Of this task: others may be.
    Untold(Untold),
    Problem(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Untold(untold) => Self::invalid("/until", "not-known", untold.to_string()),
            Refused::Problem(problem) => problem,
        }
    }
}

/// The task as ignored, and all that it takes: with a rule for later orders where it is until something changes.
async fn ignoring(app: &App, who: &Who, before: &Task, asked: &Asked) -> Result<(Task, Vec<Write>), Refused> {
    let now = app.now();
    let order = match asked.wish {
        Some(Wish::NextPeriod | Wish::Change) => order_of(app, before).await?,
        Some(Wish::Day(_)) | None => None,
    };
    let until = match asked.wish {
        None => None,
        Some(wish) => {
            let subscription = match &order {
                Some(order) => subscription_of(app, before, order).await?,
                None => None,
            };
            let until = resolve(wish, &before.number, order.as_ref(), subscription.as_ref(), now.date_naive());
            Some(until.map_err(Refused::Untold)?)
        }
    };
    let said = Said { text: asked.text.clone(), by: who.actor.clone(), at: now };
    let rule = match (&until, &order) {
        (Some(Until::Change { .. }), Some(order)) => {
            IgnoreRule::until_change(&before.id, &before.connection, order, said)
        }
        _ => None,
    };
    let how_long = until.as_ref().map(|until| format!(", {until}")).unwrap_or_default();
    let detail = format!("{}: {}{how_long} ({})", asked.reason, asked.text, before.amount);
    let ignored = Ignored { reason: asked.reason, text: asked.text.clone(), by: who.actor.clone(), at: now, until };
    let after = moved(app, before, Event::IgnoredBy(ignored))?;
    let mut writes = vec![Write::UpdateTask(after.clone())];
    writes.extend(rule.map(Write::PutRule));
    writes.push(audit(app, &who.actor, "task.ignore", &before.id, detail));
    Ok((after, writes))
}

/// Ignore a task, with a reason: for good, until a day, until the next billing period, or until the price or quantity changes.
#[utoipa::path(post, path = "/v1/tasks/{id}/ignore", tag = "tasks", params(("id" = String, Path)), request_body = IgnoreBody, responses((status = 200, body = TaskView)))]
pub(crate) async fn ignore(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    Body(body): Body<IgnoreBody>,
) -> Result<Json<TaskView>, Problem> {
    let asked = asked(&app, body)?;
    let (after, writes) = ignoring(&app, &who, &task(&app, &id).await?, &asked).await?;
    app.store().commit(writes).await?;
    app.wake();
    Ok(Json((&after).into()))
}

fn which_tasks() -> Problem {
    Problem::invalid(
        "",
        "which-tasks",
        format!("give either tasks (1 to {MOST} ids) or a filter with at least one member"),
    )
}

/// Ignore many: those named, all or none; or what fits a filter, page by page, leaving out what cannot be.
#[utoipa::path(post, path = "/v1/tasks/ignore", tag = "tasks", request_body = IgnoreManyBody, responses((status = 200, body = IgnoreAnswer)))]
pub(crate) async fn ignore_many(
    State(app): State<App>,
    who: Who,
    Body(body): Body<IgnoreManyBody>,
) -> Result<Json<IgnoreAnswer>, Problem> {
    let asked = asked(&app, IgnoreBody { reason: body.reason, text: body.text, until: body.until })?;
    let mut skipped = Vec::new();
    let money = match (body.tasks, body.filter) {
        (Some(ids), None) if (1..=MOST).contains(&ids.len()) => ignore_ids(&app, &who, &ids, &asked).await?,
        (None, Some(wanted)) if wanted != TaskChoice::default() => {
            if wanted.reason.is_some() {
                let text = "tasks that are not ignored have no reason; it can only be a filter for taking back";
                return Err(Problem::invalid("/filter/reason", "not-here", text));
            }
            let chosen = chosen(wanted, &OPEN)?;
            ignore_chosen(&app, &who, &chosen, &asked, &mut skipped).await?
        }
        _ => return Err(which_tasks()),
    };
    app.wake();
    let (ignored, left) = (money.len() as u64, skipped.len() as u64);
    skipped.truncate(MOST_SKIPPED);
    Ok(Json(IgnoreAnswer { ignored, money: totals_by_currency(money), skipped: left, skipped_tasks: skipped }))
}

async fn ignore_ids(app: &App, who: &Who, ids: &[String], asked: &Asked) -> Result<Vec<Money>, Problem> {
    let ids: std::collections::BTreeSet<&String> = ids.iter().collect();
    let (mut writes, mut money) = (Vec::new(), Vec::new());
    for id in ids {
        let before = task(app, id).await?;
        money.push(before.amount);
        writes.extend(ignoring(app, who, &before, asked).await?.1);
    }
    app.store().commit(writes).await?;
    Ok(money)
}

async fn ignore_chosen(
    app: &App,
    who: &Who,
    chosen: &Chosen,
    asked: &Asked,
    skipped: &mut Vec<SkippedView>,
) -> Result<Vec<Money>, Problem> {
    let mut money = Vec::new();
    let mut walk = Walk::new(app, chosen);
    while let Some(page) = walk.page().await? {
        let (mut writes, mut amounts, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for before in page {
            match ignoring(app, who, &before, asked).await {
                Ok((after, all)) => {
                    writes.extend(all);
                    amounts.push(after.amount);
                }
                Err(Refused::Untold(untold)) => {
                    let (id, why) = (before.id.to_string(), untold.to_string());
                    left.push(SkippedView { id, number: before.number, why });
                }
                Err(Refused::Problem(problem)) => return Err(walk.failed(problem)),
            }
        }
        if walk.commit(writes).await? {
            money.extend(amounts);
            skipped.extend(left);
        }
    }
    Ok(money)
}

fn unignored(app: &App, task: &Task) -> Result<Task, Problem> {
    moved(app, task, Event::Unignored(Verdict::Pending(vec![Need::rules()])))
}

/// What was ignored until its price or quantity changes takes its rule with it: it would be ignored again at once.
fn unignore_writes(app: &App, who: &Who, before: &Task) -> Result<Vec<Write>, Problem> {
    let after = unignored(app, before)?;
    let mut writes = vec![Write::UpdateTask(after)];
    let mut detail = before.amount.to_string();
    if let TaskState::Ignored(ignored @ Ignored { until: Some(Until::Change { .. }), .. }) = &before.state {
        let rule = rule_of(ignored).unwrap_or_else(|| until_change_id(&before.id));
        detail = format!("{detail}; its rule {rule} goes with it");
        writes.push(Write::RemoveRule(rule));
    }
    writes.push(audit(app, &who.actor, "task.unignore", &before.id, detail));
    Ok(writes)
}

/// Take back that a task is ignored. The rules judge it again.
#[utoipa::path(post, path = "/v1/tasks/{id}/unignore", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = TaskView)))]
pub(crate) async fn unignore(State(app): State<App>, who: Who, Id(id): Id) -> Result<Json<TaskView>, Problem> {
    let before = task(&app, &id).await?;
    app.store().commit(unignore_writes(&app, &who, &before)?).await?;
    app.wake();
    Ok(Json((&unignored(&app, &before)?).into()))
}

/// Take back many.
#[utoipa::path(post, path = "/v1/tasks/unignore", tag = "tasks", request_body = UnignoreBody, responses((status = 200, body = UnignoreAnswer)))]
pub(crate) async fn unignore_many(
    State(app): State<App>,
    who: Who,
    Body(body): Body<UnignoreBody>,
) -> Result<Json<UnignoreAnswer>, Problem> {
    let amounts = match (body.tasks, body.filter) {
        (Some(ids), None) if (1..=MOST).contains(&ids.len()) => by_ids(&app, &who, &ids).await?,
        (None, Some(wanted)) if wanted != TaskChoice::default() => {
            let chosen = chosen(wanted, &["ignored"])?;
            by_filter(&app, &who, &chosen).await?
        }
        _ => return Err(which_tasks()),
    };
    app.wake();
    Ok(Json(UnignoreAnswer { unignored: amounts.len() as u64, money: totals_by_currency(amounts) }))
}

async fn by_ids(app: &App, who: &Who, ids: &[String]) -> Result<Vec<Money>, Problem> {
    let mut writes = Vec::with_capacity(2 * ids.len());
    let mut amounts = Vec::with_capacity(ids.len());
    let ids: std::collections::BTreeSet<&String> = ids.iter().collect();
    for id in ids {
        let before = task(app, id).await?;
        amounts.push(before.amount);
        writes.extend(unignore_writes(app, who, &before)?);
    }
    app.store().commit(writes).await?;
    Ok(amounts)
}

async fn by_filter(app: &App, who: &Who, chosen: &Chosen) -> Result<Vec<Money>, Problem> {
    let mut amounts = Vec::new();
    let mut walk = Walk::new(app, chosen);
    while let Some(page) = walk.page().await? {
        let mut writes = Vec::with_capacity(2 * page.len());
        for before in &page {
            writes.extend(unignore_writes(app, who, before).map_err(|problem| walk.failed(problem))?);
        }
        if walk.commit(writes).await? {
            amounts.extend(page.iter().map(|task| task.amount));
        }
    }
    Ok(amounts)
}
