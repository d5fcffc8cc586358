//! Reading tasks.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, SecondsFormat, Utc};
use counterfoil_domain::card::Adjustable;
use counterfoil_domain::id::TaskId;
use counterfoil_domain::ports::{PageRequest, TaskFilter};
use counterfoil_domain::task::{IgnoreReason, Subject, Task, TaskState};
use serde::Deserialize;
use utoipa::IntoParams;

use super::turn::waits_for;
use super::{bad_cursor, connection, page_size};
use crate::extract::{Id, Params};
use crate::parts::App;
use crate::problem::Problem;
use crate::suggest::hint;
use crate::wire::{DocumentValueView, FollowUpView, PageEnd, TaskDetail, TaskPage, totals_by_state};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TaskQuery {
    pub(crate) connection: Option<String>,
    /// One state, or several with commas between.
    pub(crate) state: Option<String>,
    pub(crate) customer: Option<String>,
    /// In the order's number, the customer's name or id.
    pub(crate) text: Option<String>,
    /// Code of an ignore reason.
    pub(crate) reason: Option<String>,
    /// Id of a statement: tasks that were made of it.
    pub(crate) statement: Option<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) after: Option<String>,
}

pub(crate) fn known_reason(pointer: &str, written: &str) -> Result<IgnoreReason, Problem> {
    IgnoreReason::parse(written).ok_or_else(|| {
        let help = hint(written, IgnoreReason::ALL.iter().map(|reason| reason.name()));
        Problem::invalid(pointer, "unknown-reason", format!("\"{written}\" is not a reason; {help}"))
    })
}

pub(crate) fn filter(query: &TaskQuery) -> Result<TaskFilter, Problem> {
    let mut states = BTreeSet::new();
    for state in query.state.iter().flat_map(|list| list.split(',')).map(str::trim).filter(|state| !state.is_empty()) {
        if !TaskState::NAMES.contains(&state) {
            let help = hint(state, TaskState::NAMES);
            return Err(Problem::invalid("/state", "unknown-state", format!("\"{state}\" is not a state; {help}")));
        }
        states.insert(state.to_owned());
    }
    if let Some(reason) = &query.reason {
        known_reason("/reason", reason)?;
    }
    Ok(TaskFilter {
        connection: query.connection.as_deref().map(Into::into),
        states,
        customer: query.customer.as_deref().map(Into::into),
        text: query.text.clone().filter(|text| !text.is_empty()),
        ignore_reason: query.reason.clone(),
        back_by: None,
        statement: query.statement.clone().filter(|id| !id.is_empty()),
    })
}

fn end_of(task: &Task) -> PageEnd {
    PageEnd(task.observed_at.to_rfc3339_opts(SecondsFormat::AutoSi, true), task.id.to_string())
}

fn start_from(after: &str) -> Result<(DateTime<Utc>, TaskId), Problem> {
    let PageEnd(at, id) = PageEnd::decode(after).ok_or_else(bad_cursor)?;
    let at = DateTime::parse_from_rfc3339(&at).map_err(|_| bad_cursor())?;
    Ok((at.with_timezone(&Utc), TaskId::new(id)))
}

pub(crate) async fn page(app: &App, query: &TaskQuery) -> Result<TaskPage, Problem> {
    let filter = filter(query)?;
    let limit = page_size(query.limit)?;
    let after = query.after.as_deref().map(start_from).transpose()?;
    let connection = filter.connection.clone();
    let mut tasks = app.store().tasks(filter, PageRequest { after, limit: limit + 1 }).await?;
    let has_more = tasks.len() > limit;
    tasks.truncate(limit);
    let next = tasks.last().filter(|_| has_more).map(|task| end_of(task).encode());
    let (totals, _) = totals_by_state(&app.store().totals(connection).await?);
    Ok(TaskPage { tasks: tasks.iter().map(Into::into).collect(), totals, has_more, next })
}

/// Tasks, oldest observation first, with totals in money by state.
#[utoipa::path(get, path = "/v1/tasks", tag = "tasks", params(TaskQuery), responses((status = 200, body = TaskPage)))]
pub(crate) async fn list(State(app): State<App>, Params(query): Params<TaskQuery>) -> Result<Json<TaskPage>, Problem> {
    Ok(Json(page(&app, &query).await?))
}

pub(crate) async fn task(app: &App, id: &str) -> Result<Task, Problem> {
    app.store().task(&TaskId::from(id)).await?.ok_or_else(|| Problem::not_found("task", id))
}

/// What may be set on the task as a whole.
pub(super) async fn offered(app: &App, task: &Task) -> Result<Vec<Adjustable>, Problem> {
    let connection = connection(app, task.connection.as_str()).await?;
    let active = app.parts.targets.active(&connection.plugin);
    Ok(active.map(|target| target.card().adjust.clone()).unwrap_or_default())
}

/// One task with its order, plan, findings, receipt and what the target shows.
#[utoipa::path(get, path = "/v1/tasks/{id}", tag = "tasks", params(("id" = String, Path)), responses((status = 200, body = TaskDetail)))]
pub(crate) async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<TaskDetail>, Problem> {
    let task = task(&app, &id).await?;
    let store = app.store();
    let (order, order_is_current) = match &task.subject {
        Subject::Initial { .. } => (None, true),
        Subject::Order { key, revision } => {
            let order = store.order(key).await?;
            let is_current = order.as_ref().is_some_and(|order| order.revision() == *revision);
            (order, is_current)
        }
    };
    let (plan, receipt) = match task.state.plan() {
        None => (None, None),
        Some(digest) => (store.plan(digest).await?, store.receipt(digest).await?),
    };
    let waits_for = waits_for(&app, &task).await?;
    let set = store.adjustments(vec![task.id.clone()]).await?.pop().map(|set| set.document).unwrap_or_default();
    let document = if set.is_empty() { Vec::new() } else { DocumentValueView::all(&offered(&app, &task).await?, &set) };
    let follow_ups = store.follow_ups_of(&task.id).await?;
    Ok(Json(TaskDetail {
        waits_for: waits_for.as_ref().map(Into::into),
        document: document.into_iter().filter(|one| one.value.is_some()).collect(),
        task: (&task).into(),
        order: order.as_ref().map(Into::into),
        order_is_current,
        plan: plan.as_ref().map(Into::into),
        receipt: receipt.as_ref().map(Into::into),
        follow_ups: follow_ups.iter().map(|one| FollowUpView::new(one, &task)).collect(),
    }))
}
