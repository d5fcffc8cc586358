//! Commands become queued runs: written first, picked up by the engine, safe over a restart. Owns the
//! idempotency of starting; confirming plans is in `syncs`.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use counterfoil_domain::changes::{self, BadRange};
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::id::{RunId, TaskId};
use counterfoil_domain::period::Period;
use counterfoil_domain::ports::{CommitError, Write};
use counterfoil_domain::run::{Run, RunKind, RunState, Selection};

use super::{audit, connection};
use crate::extract::{Body, Id};
use crate::guard::Who;
use crate::ids;
use crate::parts::App;
use crate::problem::{Code, Fault, Problem};
use crate::wire::{CheckBody, PlanBody, RunView};

/// A run that answers a command.
pub(crate) enum Started {
    New(Run),
    /// It is under way, or done, already: nothing was started twice.
    Already(Run),
    /// The same Idempotency-Key with the same request.
    Replayed(Run),
}

impl Started {
    pub(crate) fn run(&self) -> &Run {
        match self {
            Self::New(run) | Self::Already(run) | Self::Replayed(run) => run,
        }
    }
}

impl IntoResponse for Started {
    fn into_response(self) -> Response {
        let (status, run, replayed) = match &self {
            Self::New(run) => (StatusCode::ACCEPTED, run, false),
            Self::Already(run) => (StatusCode::OK, run, false),
            Self::Replayed(run) => (StatusCode::ACCEPTED, run, true),
        };
        let location = format!("/v1/runs/{}", run.id);
        let mut response = (status, [(header::LOCATION, location)], Json(RunView::from(run))).into_response();
        if replayed {
            response.headers_mut().insert("idempotent-replayed", header::HeaderValue::from_static("true"));
        }
        response
    }
}

pub(crate) fn must_be_enabled(connection: &Connection) -> Result<(), Problem> {
    if connection.state == ConnectionState::Enabled {
        return Ok(());
    }
    let act = match connection.state {
        ConnectionState::NeedsSignIn => {
            "Set its secrets again, or test it once the target takes them: `counterfoil connections test`."
        }
        _ => "Enable it first.",
    };
    let why =
        if connection.state_reason.is_empty() { String::new() } else { format!(" ({})", connection.state_reason) };
    let happened = format!("The connection {} is {}{why}.", connection.id, connection.state);
    Err(Problem::new(Code::ConnectionPaused, happened, "Nothing was started and nothing is lost.", act))
}

/// What the request's Idempotency-Key names, if it has one.
pub(crate) fn keyed(who: &Who, route: &str, headers: &HeaderMap) -> Result<Option<RunId>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    ids::run_id_of_key(&who.actor, route, value.to_str().unwrap_or_default()).map(Some)
}

/// The run that was started under this key. The same key for something else is refused.
pub(crate) async fn replay(
    app: &App,
    id: Option<&RunId>,
    connection: &Connection,
    kind: &RunKind,
) -> Result<Option<Started>, Problem> {
    let Some(id) = id else { return Ok(None) };
    let Some(run) = app.store().run(id).await? else { return Ok(None) };
    if run.connection == connection.id && run.kind == *kind {
        return Ok(Some(Started::Replayed(run)));
    }
    Err(Problem::new(
        Code::KeyReused,
        format!("The Idempotency-Key started run {} of another request before.", run.id),
        "Nothing was started by this request.",
        "Use a new key for a new request; repeat a key only with the same body.",
    ))
}

pub(crate) fn new_run(
    app: &App,
    who: &Who,
    id: Option<RunId>,
    connection: &Connection,
    kind: RunKind,
) -> Result<Run, Problem> {
    let now = app.now();
    Ok(Run {
        id: id.map_or_else(|| ids::run_id(now), Ok)?,
        reseller: connection.reseller.clone(),
        connection: connection.id.clone(),
        kind,
        state: RunState::Queued,
        asked_by: who.actor.clone(),
        asked_at: now,
        started_at: None,
        finished_at: None,
        total: None,
        done: 0,
        counts: Vec::new(),
        problems: Vec::new(),
    })
}

/// Starts a run unless the same work is under way.
pub(super) async fn start(
    app: &App,
    who: &Who,
    id: Option<RunId>,
    connection: &Connection,
    kind: RunKind,
) -> Result<Started, Problem> {
    if let Some(started) = replay(app, id.as_ref(), connection, &kind).await? {
        return Ok(started);
    }
    must_be_enabled(connection)?;
    let unfinished = app.store().unfinished_runs().await?;
    if let Some(run) = unfinished.into_iter().find(|run| run.connection == connection.id && run.kind == kind) {
        return Ok(Started::Already(run));
    }
    let run = new_run(app, who, id.clone(), connection, kind.clone())?;
    let note = audit(app, &who.actor, &format!("run.{}", run.kind.name()), &run.id, run.connection.as_str());
    match app.store().commit(vec![Write::InsertRun(run.clone()), note]).await {
        Ok(()) => {
            app.wake();
            Ok(Started::New(run))
        }
        Err(CommitError::AlreadyRunning(other)) => {
            let other = app.store().run(&other).await?;
            other.map(Started::Already).ok_or_else(|| Problem::internal("The run that is under way cannot be found."))
        }
        // The same key at the same moment: the other request was first.
        Err(error) => match replay(app, id.as_ref(), connection, &kind).await? {
            Some(started) => Ok(started),
            None => Err(error.into()),
        },
    }
}

/// Check Changes, or read the orders of chosen days. While the connection is checked, a second start answers the run that
/// is under way, whichever of the two it is.
#[utoipa::path(post, path = "/v1/connections/{id}/check", tag = "runs", params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = Option<CheckBody>, responses((status = 202, body = RunView, headers(("location" = String))), (status = 200, body = RunView, description = "That, or another check of the connection, is under way already.")))]
pub(crate) async fn check(
    State(app): State<App>,
    who: Who,
    Id(id): Id,
    headers: HeaderMap,
    body: Option<Body<CheckBody>>,
) -> Result<Started, Problem> {
    let connection = connection(&app, &id).await?;
    let key = keyed(&who, "check", &headers)?;
    let kind = match days(body.map(|Body(body)| body).unwrap_or_default(), app.now().date_naive())? {
        Some(days) => RunKind::Backfill(days),
        None => RunKind::Check,
    };
    if matches!(kind, RunKind::Backfill(_)) {
        let cursor = app.store().cursor(&connection.id).await?;
        if cursor.is_none_or(|cursor| !cursor.initial_done) {
            return Err(Problem::new(
                Code::NotChecked,
                format!(
                    "The connection {} has not been checked yet: only the first check can tell which orders its initial tasks stand for.",
                    connection.id
                ),
                "Nothing was read, and nothing is billed.",
                "Check it first, then read the earlier days.",
            ));
        }
    }
    start(&app, &who, key, &connection, kind).await
}

/// The days that are asked for, if any are.
fn days(body: CheckBody, today: NaiveDate) -> Result<Option<Period>, Problem> {
    let (from, to) = match (body.from, body.to) {
        (None, None) => return Ok(None),
        (Some(from), Some(to)) => (from.0, to.0),
        (None, Some(_)) => {
            return Err(Problem::invalid("/from", "required", "the first day is needed beside the last"));
        }
        (Some(_), None) => return Err(Problem::invalid("/to", "required", "the last day is needed beside the first")),
    };
    let code = |bad: &BadRange| match bad {
        BadRange::Backwards { .. } => "out-of-range",
        BadRange::Future { .. } => "in-the-future",
    };
    changes::range(from, to, today).map(Some).map_err(|bad| Problem::invalid("/to", code(&bad), bad.to_string()))
}

async fn selection(app: &App, connection: &Connection, tasks: Option<Vec<String>>) -> Result<Selection, Problem> {
    let Some(ids) = tasks else { return Ok(Selection::AllReady) };
    if ids.is_empty() || ids.len() > super::MOST {
        return Err(Problem::invalid(
            "/tasks",
            "out-of-range",
            format!("name 1 to {} tasks, or leave it out for all that are ready", super::MOST),
        ));
    }
    let mut chosen: Vec<TaskId> = Vec::with_capacity(ids.len());
    let mut faults = Vec::new();
    for (index, id) in ids.into_iter().enumerate() {
        let id = TaskId::new(id);
        let at = format!("/tasks/{index}");
        match app.store().task(&id).await? {
            None => faults.push(Fault::new(at, "unknown-task", format!("there is no task {id}"))),
            Some(task) if task.connection != connection.id => {
                faults.push(Fault::new(
                    at,
                    "other-connection",
                    format!("task {id} belongs to the connection {}", task.connection),
                ));
            }
            Some(_) if chosen.contains(&id) => {}
            Some(_) => chosen.push(id),
        }
    }
    if faults.is_empty() {
        return Ok(Selection::Tasks(chosen));
    }
    let happened = format!("{} of the tasks cannot be planned here.", faults.len());
    Err(Problem::new(Code::Invalid, happened, "Nothing was started.", "Correct the list; errors says which.")
        .with(faults))
}

/// Plan tasks: what would be written, field by field. Nothing is written to the target.
#[utoipa::path(post, path = "/v1/plans", tag = "plans", params(("Idempotency-Key" = Option<String>, Header)), request_body = PlanBody, responses((status = 202, body = RunView, headers(("location" = String))), (status = 200, body = RunView, description = "That is under way already.")))]
pub(crate) async fn plan(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
    Body(body): Body<PlanBody>,
) -> Result<Started, Problem> {
    let connection = connection(&app, &body.connection).await?;
    let selection = selection(&app, &connection, body.tasks).await?;
    let key = keyed(&who, "plan", &headers)?;
    start(&app, &who, key, &connection, RunKind::Plan(selection)).await
}
