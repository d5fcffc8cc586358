//! Reading catalog runs, and what became of each reseller.

use axum::Json;
use axum::extract::State;
use counterfoil_domain::catalog::{CatalogRun, CatalogRunKind};
use counterfoil_domain::id::RunId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::super::{bad_cursor, page_size};
use super::REACH;
use crate::extract::{Id, Params, Two};
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{CatalogResellerPage, CatalogResellerView, CatalogRunPage, CatalogRunView, CatalogTurnView};

/// Turns are read so many at a time: one may hold thousands of changes.
const READ_AT_ONCE: usize = 50;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CatalogRunQuery {
    pub(crate) reseller: Option<String>,
    pub(crate) marketplace: Option<String>,
    /// preview · sync · undo
    pub(crate) kind: Option<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) after: Option<String>,
}

/// Catalog runs, newest first.
#[utoipa::path(get, path = "/v1/catalog/runs", tag = "catalog", params(CatalogRunQuery), responses((status = 200, body = CatalogRunPage)))]
pub(crate) async fn list(
    State(app): State<App>,
    Params(query): Params<CatalogRunQuery>,
) -> Result<Json<CatalogRunPage>, Problem> {
    let limit = page_size(query.limit)?;
    let kind = match query.kind.as_deref() {
        None => None,
        Some(written) => Some(CatalogRunKind::parse(written).ok_or_else(|| {
            let text = format!("\"{written}\" is not one of preview, sync and undo");
            Problem::invalid("/kind", "unknown-choice", text)
        })?),
    };
    let mut runs = app.store().catalog_runs(query.reseller.as_deref().map(Into::into), REACH).await?;
    runs.retain(|run| {
        query.marketplace.as_deref().is_none_or(|id| run.marketplace.as_str() == id)
            && kind.is_none_or(|kind| run.kind == kind)
    });
    if let Some(after) = &query.after {
        let place = runs.iter().position(|run| run.id.as_str() == after).ok_or_else(bad_cursor)?;
        runs.drain(..=place);
    }
    let has_more = runs.len() > limit;
    runs.truncate(limit);
    let next = runs.last().filter(|_| has_more).map(|run| run.id.to_string());
    Ok(Json(CatalogRunPage { runs: runs.iter().map(CatalogRunView::from).collect(), has_more, next }))
}

pub(crate) async fn run(app: &App, id: &str) -> Result<CatalogRun, Problem> {
    app.store().catalog_run(&RunId::from(id)).await?.ok_or_else(|| Problem::not_found("catalog run", id))
}

/// One catalog run.
#[utoipa::path(get, path = "/v1/catalog/runs/{id}", tag = "catalog", params(("id" = String, Path)), responses((status = 200, body = CatalogRunView)))]
pub(crate) async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<CatalogRunView>, Problem> {
    Ok(Json((&run(&app, &id).await?).into()))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CatalogResellerQuery {
    /// This one alone.
    pub(crate) reseller: Option<String>,
    /// compared · written · nothing · refused · failed · taken-back
    pub(crate) state: Option<String>,
    /// The place to go on after.
    pub(crate) after: Option<u64>,
    pub(crate) limit: Option<usize>,
}

/// What became of each reseller in a run, in the order of their turns.
#[utoipa::path(get, path = "/v1/catalog/runs/{id}/resellers", tag = "catalog", params(("id" = String, Path), CatalogResellerQuery), responses((status = 200, body = CatalogResellerPage)))]
pub(crate) async fn resellers(
    State(app): State<App>,
    Id(id): Id,
    Params(query): Params<CatalogResellerQuery>,
) -> Result<Json<CatalogResellerPage>, Problem> {
    let limit = page_size(query.limit)?;
    let run = run(&app, &id).await?;
    let mut from = query.after.map_or(0, |after| after.saturating_add(1));
    let mut found: Vec<CatalogResellerView> = Vec::new();
    while found.len() <= limit {
        let steps = app.store().catalog_steps(&run.id, from, READ_AT_ONCE).await?;
        let wanted = steps.iter().filter(|step| {
            query.reseller.as_deref().is_none_or(|id| step.reseller.as_str() == id)
                && query.state.as_deref().is_none_or(|state| step.state.name() == state)
        });
        found.extend(wanted.map(CatalogResellerView::from));
        match steps.last() {
            Some(last) if steps.len() == READ_AT_ONCE => from = last.place.saturating_add(1),
            _ => break,
        }
    }
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|turn| turn.place);
    Ok(Json(CatalogResellerPage { resellers: found, has_more, next }))
}

/// One reseller's turn: each change with its option and reason, what was held back, and what people should know.
#[utoipa::path(get, path = "/v1/catalog/runs/{id}/resellers/{place}", tag = "catalog", params(("id" = String, Path), ("place" = u64, Path)), responses((status = 200, body = CatalogTurnView)))]
pub(crate) async fn reseller(State(app): State<App>, Two(id, place): Two) -> Result<Json<CatalogTurnView>, Problem> {
    let run = run(&app, &id).await?;
    let turn = match place.parse() {
        Ok(number) => app.store().catalog_step(&run.id, number).await?,
        Err(_) => None,
    };
    turn.as_ref().map(|step| Json(step.into())).ok_or_else(|| Problem::not_found("turn of a reseller at place", &place))
}
