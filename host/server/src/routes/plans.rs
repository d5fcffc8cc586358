//! Reading plans.

use axum::Json;
use axum::extract::State;
use counterfoil_domain::id::PlanDigest;

use crate::extract::Id;
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::PlanView;

/// A plan: fields, lines, arithmetic, totals, findings.
#[utoipa::path(get, path = "/v1/plans/{digest}", tag = "plans", params(("digest" = String, Path)), responses((status = 200, body = PlanView)))]
pub(crate) async fn show(State(app): State<App>, Id(digest): Id) -> Result<Json<PlanView>, Problem> {
    let sealed = app.store().plan(&PlanDigest::from(digest.as_str())).await?;
    sealed.as_ref().map(|sealed| Json(sealed.into())).ok_or_else(|| Problem::not_found("plan", &digest))
}
