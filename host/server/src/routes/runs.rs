//! Reading runs.

use axum::Json;
use axum::extract::State;
use counterfoil_domain::id::RunId;
use counterfoil_domain::run::Run;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{bad_cursor, page_size};
use crate::extract::{Id, Params};
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{RunPage, RunView};

/// How far back the list goes.
const REACH: usize = 2_000;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunQuery {
    pub(crate) reseller: Option<String>,
    pub(crate) connection: Option<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) after: Option<String>,
}

/// Runs, newest first.
#[utoipa::path(get, path = "/v1/runs", tag = "runs", params(RunQuery), responses((status = 200, body = RunPage)))]
pub(crate) async fn list(State(app): State<App>, Params(query): Params<RunQuery>) -> Result<Json<RunPage>, Problem> {
    let limit = page_size(query.limit)?;
    let mut runs = app.store().runs(query.reseller.as_deref().map(Into::into), REACH).await?;
    runs.retain(|run| query.connection.as_deref().is_none_or(|connection| run.connection.as_str() == connection));
    if let Some(after) = &query.after {
        let place = runs.iter().position(|run| run.id.as_str() == after).ok_or_else(bad_cursor)?;
        runs.drain(..=place);
    }
    let has_more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().filter(|_| has_more).map(|run| run.id.to_string());
    Ok(Json(RunPage { runs: runs.iter().map(RunView::from).collect(), has_more, next }))
}

pub(crate) async fn run(app: &App, id: &str) -> Result<Run, Problem> {
    app.store().run(&RunId::from(id)).await?.ok_or_else(|| Problem::not_found("run", id))
}

/// One run.
#[utoipa::path(get, path = "/v1/runs/{id}", tag = "runs", params(("id" = String, Path)), responses((status = 200, body = RunView)))]
pub(crate) async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<RunView>, Problem> {
    Ok(Json((&run(&app, &id).await?).into()))
}
