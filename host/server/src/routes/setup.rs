//! Applying a setup document.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::extract::{Body, Params};
use crate::guard::Who;
use crate::parts::App;
use crate::problem::Problem;
use crate::setup::{SetupAnswer, SetupDocument, parse, refused, run};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SetupQuery {
    /// True: answer what would change, write nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Apply resellers, marketplaces, connections, settings, links and secrets.
///
/// Idempotent; what the document does not name stays. All problems are answered at once under `errors`.
#[utoipa::path(post, path = "/v1/setup", tag = "setup", params(SetupQuery), request_body = SetupDocument, responses((status = 200, body = SetupAnswer)))]
pub(crate) async fn apply(
    State(app): State<App>,
    who: Who,
    Params(query): Params<SetupQuery>,
    Body(value): Body<serde_json::Value>,
) -> Result<Json<SetupAnswer>, Problem> {
    let document = parse(&value).map_err(refused)?;
    Ok(Json(run(&app, &document, query.dry_run, &who.actor).await?))
}
