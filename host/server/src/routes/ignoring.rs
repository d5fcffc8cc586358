//! Ignoring tasks and taking that back, one or many. Taking back makes a task pending: the rules are the
//! engine's to apply, and it judges the task again at the next check or planning.

use axum::Json;
use axum::extract::State;
use counterfoil_domain::id::TaskId;
use counterfoil_domain::money::Money;
use counterfoil_domain::ports::{CommitError, PageRequest, TaskFilter, Write};
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Illegal, Need, Task, Verdict, next};

use super::tasks::{TaskQuery, filter, known_reason, task};
use super::{MOST, audit};
use crate::extract::{Body, Id};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::{Code, OutcomeWord, Problem};
use crate::wire::{IgnoreBody, TaskView, UnignoreAnswer, UnignoreBody, UnignoreFilter, totals_by_currency};

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

/// Ignore a task, with a reason.
#[utoipa::path(post, path = "/v1/tasks/{id}/ignore", tag = "tasks", params(("id" = String, Path)), request_body = IgnoreBody, responses((status = 200, body = TaskView)))]
pub(crate) async fn ignore(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    Body(body): Body<IgnoreBody>,
) -> Result<Json<TaskView>, Problem> {
    let reason = body.reason.as_deref().map_or(Ok(IgnoreReason::ByPerson), |reason| known_reason("/reason", reason))?;
    if body.text.trim().is_empty() {
        return Err(Problem::invalid("/text", "required", "say why, for whoever reads it later"));
    }
    let now = app.now();
    if body.until.is_some_and(|until| until.0 <= now.date_naive()) {
        return Err(Problem::invalid("/until", "in-the-past", "it must be a day after today"));
    }
    let task = task(&app, &id).await?;
    let ignored =
        Ignored { reason, text: body.text, by: who.actor.clone(), at: now, until: body.until.map(|day| day.0) };
    let note = audit(
        &app,
        &who.actor,
        "task.ignore",
        &task.id,
        format!("{}: {} ({})", ignored.reason, ignored.text, task.amount),
    );
    let task = moved(&app, &task, Event::IgnoredBy(ignored))?;
    app.store().commit(vec![Write::UpdateTask(task.clone()), note]).await?;
    Ok(Json((&task).into()))
}

fn unignored(app: &App, task: &Task) -> Result<Task, Problem> {
    let waits = Need::rules();
    moved(app, task, Event::Unignored(Verdict::Pending(vec![waits])))
}

fn unignore_writes(app: &App, who: &Who, before: &Task) -> Result<[Write; 2], Problem> {
    let note = audit(app, &who.actor, "task.unignore", &before.id, before.amount.to_string());
    Ok([Write::UpdateTask(unignored(app, before)?), note])
}

/// Take back that a task is ignored. The rules judge it again.
#[utoipa::path(post, path = "/v1/tasks/{id}/unignore", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = TaskView)))]
pub(crate) async fn unignore(State(app): State<App>, who: Who, Id(id): Id) -> Result<Json<TaskView>, Problem> {
    let before = task(&app, &id).await?;
    app.store().commit(unignore_writes(&app, &who, &before)?.into()).await?;
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
        (None, Some(wanted)) if wanted != UnignoreFilter::default() => {
            let query = TaskQuery {
                connection: wanted.connection,
                customer: wanted.customer,
                text: wanted.text,
                reason: wanted.reason,
                state: Some("ignored".to_owned()),
                ..TaskQuery::default()
            };
            by_filter(&app, &who, &filter(&query)?).await?
        }
        _ => {
            return Err(Problem::invalid(
                "",
                "which-tasks",
                format!("give either tasks (1 to {MOST} ids) or a filter with at least one member"),
            ));
        }
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

/// Lost races that are tried again before the caller hears of it.
const ATTEMPTS: u32 = 5;

/// Page by page, each in one commit: a large filter must not hold up the writer.
async fn by_filter(app: &App, who: &Who, filter: &TaskFilter) -> Result<Vec<Money>, Problem> {
    let mut amounts: Vec<Money> = Vec::new();
    let mut after = None;
    let mut attempts = 0;
    loop {
        let outcome = if amounts.is_empty() { OutcomeWord::None } else { OutcomeWord::Committed };
        let request = PageRequest { after: after.clone(), limit: MOST };
        let page =
            app.store().tasks(filter.clone(), request).await.map_err(|error| Problem::from(error).outcome(outcome))?;
        let Some(last) = page.last() else { return Ok(amounts) };
        let end = (last.observed_at, last.id.clone());
        let mut writes = Vec::with_capacity(2 * page.len());
        for before in &page {
            writes.extend(unignore_writes(app, who, before)?);
        }
        match app.store().commit(writes).await {
            Ok(()) => {
                amounts.extend(page.iter().map(|task| task.amount));
                after = Some(end);
                attempts = 0;
            }
            Err(CommitError::Conflict { .. }) if attempts < ATTEMPTS => attempts += 1,
            Err(error) => return Err(Problem::from(error).outcome(outcome)),
        }
    }
}
