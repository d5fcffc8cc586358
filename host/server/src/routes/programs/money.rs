//! Where the money of a program's statements is.

use axum::Json;
use axum::extract::State;
use counterfoil_domain::ports::StatementFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{days, program};
use crate::extract::{Params, Two};
use crate::parts::App;
use crate::problem::Problem;
use crate::programs::money::account;
use crate::wire::{Day, ProgramMoney};

/// Half a year, when nobody says otherwise.
const BACK: u64 = 190;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MoneyQuery {
    /// Periods that start on this day or later; left out: of the last half year.
    #[param(value_type = Option<String>)]
    pub(crate) from: Option<Day>,
    /// Periods that start before this day.
    #[param(value_type = Option<String>)]
    pub(crate) to: Option<Day>,
}

/// Bills and buckets by period and billing motion, newest first, each held against the statements: no money is anywhere else.
#[utoipa::path(get, path = "/v1/connections/{id}/programs/{name}/money", tag = "programs", params(("id" = String, Path), ("name" = String, Path), MoneyQuery), responses((status = 200, body = ProgramMoney)))]
pub(crate) async fn show(
    State(app): State<App>,
    Two(id, name): Two,
    Params(query): Params<MoneyQuery>,
) -> Result<Json<ProgramMoney>, Problem> {
    let (connection, _) = program(&app, &id, &name).await?;
    let (from, before) = days(&app, BACK);
    let (from, before) = (query.from.map_or(from, |day| day.0), query.to.map_or(before, |day| day.0));
    if from >= before {
        return Err(Problem::invalid("/to", "backwards", "the last day must be after the first"));
    }
    let rows = app.store().statement_money(&connection.id, from, before).await?;
    let filter = StatementFilter { from: Some(from), before: Some(before), ..StatementFilter::default() };
    let kept = app.store().statements(&connection.marketplace, filter).await?;
    Ok(Json(account(&rows, &kept)))
}
