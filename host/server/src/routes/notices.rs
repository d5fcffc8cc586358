//! What people are told of: problems, or all that happens. Read from tasks and connections as they are, kept nowhere.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Days, SecondsFormat, Utc};
use counterfoil_domain::connection::{Connection, Notify};
use counterfoil_domain::id::TaskId;
use counterfoil_domain::notice::{self, Notice, TROUBLED};
use counterfoil_domain::ports::{PageRequest, TaskFilter};
use counterfoil_domain::task::{Task, TaskState};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{bad_cursor, connection, page_size};
use crate::extract::Params;
use crate::parts::App;
use crate::problem::Problem;
use crate::suggest::hint;
use crate::wire::{NoticePage, NoticeView, PageEnd};

/// Tasks read at once.
const CHUNK: usize = 1_000;

/// Whatever waits for somebody is told however old it is; the rest is news, and of tasks first seen so long ago it is none.
const NEWS: Days = Days::new(31);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoticeQuery {
    connection: Option<String>,
    /// problems · all; left out: what each connection's rules say.
    level: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

/// When and about which task, as they are sorted.
type Place = (DateTime<Utc>, TaskId);

fn place(task: &Task) -> Place {
    (task.updated_at, task.id.clone())
}

fn start_from(after: &str) -> Result<Place, Problem> {
    let PageEnd(at, id) = PageEnd::decode(after).ok_or_else(bad_cursor)?;
    let at = DateTime::parse_from_rfc3339(&at).map_err(|_| bad_cursor())?;
    Ok((at.with_timezone(&Utc), TaskId::new(id)))
}

fn level(written: Option<&str>) -> Result<Option<Notify>, Problem> {
    let Some(written) = written else { return Ok(None) };
    Notify::parse(written).map(Some).ok_or_else(|| {
        let help = hint(written, Notify::ALL.iter().map(|level| level.name()));
        Problem::invalid("/level", "unknown-choice", format!("\"{written}\" is not a level; {help}"))
    })
}

/// Notices: connections that stand still first, then tasks, newest change first.
#[utoipa::path(get, path = "/v1/notices", tag = "tasks", params(NoticeQuery), responses((status = 200, body = NoticePage)))]
pub(crate) async fn list(
    State(app): State<App>,
    Params(query): Params<NoticeQuery>,
) -> Result<Json<NoticePage>, Problem> {
    let limit = page_size(query.limit)?;
    let chosen = level(query.level.as_deref())?;
    let after = query.after.as_deref().map(start_from).transpose()?;
    let connections = match &query.connection {
        Some(id) => vec![connection(&app, id).await?],
        None => app.store().connections().await?,
    };
    let mut notices = Vec::new();
    let mut tasks: Vec<(Task, Notify)> = Vec::new();
    for connection in &connections {
        let level = chosen.unwrap_or(connection.rules.notify);
        if after.is_none() {
            let standing = notice::of_connection(connection);
            notices.extend(standing.map(|notice| NoticeView::of_connection(connection, notice)));
            let ends = super::authorize::sign_in_ends(&app, connection).await?;
            let ending = ends.and_then(|ends| notice::of_sign_in(connection, ends, app.now().date_naive()));
            notices.extend(ending.map(|notice| NoticeView::of_connection(connection, notice)));
            notices.extend(waiting(&app, connection).await?);
        }
        tasks.extend(candidates(&app, connection, level).await?.into_iter().map(|task| (task, level)));
    }
    tasks.retain(|(task, _)| after.as_ref().is_none_or(|after| place(task) < *after));
    tasks.sort_by_cached_key(|(task, _)| Reverse(place(task)));
    let (mut told, mut last, mut has_more) = (0, None, false);
    for (task, level) in &tasks {
        let Some(notice) = shown(&app, task, *level).await? else { continue };
        if told == limit {
            has_more = true;
            break;
        }
        notices.push(NoticeView::of_task(task, notice));
        (told, last) = (told + 1, Some(task));
    }
    let next = last.filter(|_| has_more).map(|task| {
        PageEnd(task.updated_at.to_rfc3339_opts(SecondsFormat::AutoSi, true), task.id.to_string()).encode()
    });
    Ok(Json(NoticePage { notices, has_more, next }))
}

/// Steps that have waited too long, or wait for a person; they are few.
async fn waiting(app: &App, connection: &Connection) -> Result<Vec<NoticeView>, Problem> {
    let states = BTreeSet::from(["waiting", "person"].map(str::to_owned));
    let mut notices = Vec::new();
    for one in app.store().follow_ups(&connection.id, states, CHUNK).await? {
        let Some(task) = app.store().task(&one.task).await? else { continue };
        let told = notice::of_follow_up(&one, &task, app.now());
        notices.extend(told.map(|notice| NoticeView::of_follow_up(&one, &task, notice)));
    }
    Ok(notices)
}

/// The tasks that may have something to tell at this level.
async fn candidates(app: &App, connection: &Connection, level: Notify) -> Result<Vec<Task>, Problem> {
    let states = |names: &[&str]| TaskFilter {
        connection: Some(connection.id.clone()),
        states: names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>(),
        ..TaskFilter::default()
    };
    let mut tasks = pages(app, states(&TROUBLED), None).await?;
    if level == Notify::All {
        let news: Vec<&str> = TaskState::NAMES.into_iter().filter(|name| !TROUBLED.contains(name)).collect();
        let since = app.now().checked_sub_days(NEWS).map(|since| (since, TaskId::new("")));
        tasks.extend(pages(app, states(&news), since).await?);
    }
    Ok(tasks)
}

async fn pages(app: &App, filter: TaskFilter, mut after: Option<Place>) -> Result<Vec<Task>, Problem> {
    let mut all = Vec::new();
    loop {
        let tasks = app.store().tasks(filter.clone(), PageRequest { after, limit: CHUNK }).await?;
        let Some(last) = tasks.last().filter(|_| tasks.len() == CHUNK) else {
            all.extend(tasks);
            return Ok(all);
        };
        after = Some((last.observed_at, last.id.clone()));
        all.extend(tasks);
    }
}

/// Its plan is read only where it says something that the state does not.
async fn shown(app: &App, task: &Task, level: Notify) -> Result<Option<Notice>, Problem> {
    let plan = match &task.state {
        TaskState::Planned(digest) => app.store().plan(digest).await?,
        _ => None,
    };
    Ok(Some(notice::of(task, plan.as_ref())).filter(|notice| notice.kind.shown_at(level)))
}
