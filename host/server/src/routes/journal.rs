//! The record of calls on the wire, and the audit log.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::page_size;
use crate::extract::Params;
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{AuditList, ExchangeList};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExchangeQuery {
    /// "connection/xero-main", "marketplace/ingram".
    caller: Option<String>,
    limit: Option<usize>,
}

/// Calls on the wire, newest first, redacted.
#[utoipa::path(get, path = "/v1/exchanges", tag = "journal", params(ExchangeQuery), responses((status = 200, body = ExchangeList)))]
pub(crate) async fn exchanges(
    State(app): State<App>,
    Params(query): Params<ExchangeQuery>,
) -> Result<Json<ExchangeList>, Problem> {
    let limit = page_size(query.limit)?;
    let mut records = app.store().exchanges(query.caller, limit + 1).await?;
    let has_more = records.len() > limit;
    records.truncate(limit);
    Ok(Json(ExchangeList { exchanges: records.into_iter().map(Into::into).collect(), has_more }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    limit: Option<usize>,
}

/// Who did what, newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "journal", params(AuditQuery), responses((status = 200, body = AuditList)))]
pub(crate) async fn audit(
    State(app): State<App>,
    Params(query): Params<AuditQuery>,
) -> Result<Json<AuditList>, Problem> {
    let limit = page_size(query.limit)?;
    let mut entries = app.store().audit(limit + 1).await?;
    let has_more = entries.len() > limit;
    entries.truncate(limit);
    Ok(Json(AuditList { entries: entries.into_iter().map(Into::into).collect(), has_more }))
}
