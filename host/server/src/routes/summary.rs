//! The state of things on one page: every order seen is in one of these figures.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use counterfoil_domain::id::MarketplaceId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::extract::Params;
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{Summary, totals_by_state};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SummaryQuery {
    /// Left out: all.
    connection: Option<String>,
}

/// Orders seen, tasks by state, ignored money by reason, and calls.
#[utoipa::path(get, path = "/v1/summary", tag = "tasks", params(SummaryQuery), responses((status = 200, body = Summary)))]
pub(crate) async fn summary(
    State(app): State<App>,
    Params(query): Params<SummaryQuery>,
) -> Result<Json<Summary>, Problem> {
    let store = app.store();
    let one = match &query.connection {
        Some(id) => Some(super::connection(&app, id).await?),
        None => None,
    };
    let marketplaces: Vec<MarketplaceId> = match &one {
        Some(connection) => vec![connection.marketplace.clone()],
        None => store.marketplaces().await?.into_iter().map(|marketplace| marketplace.id).collect(),
    };
    let mut orders_seen = BTreeMap::new();
    for marketplace in &marketplaces {
        orders_seen.insert(marketplace.to_string(), store.order_count(marketplace).await?);
    }
    let (tasks, ignored) = totals_by_state(&store.totals(one.as_ref().map(|c| c.id.clone())).await?);
    let callers = one.as_ref().map(|c| [format!("connection/{}", c.id), format!("marketplace/{}", c.marketplace)]);
    let exchanges = store.exchange_counts().await?.into_iter();
    let exchanges =
        exchanges.filter(|(caller, _)| callers.as_ref().is_none_or(|callers| callers.contains(caller))).collect();
    let unfinished = store.unfinished_runs().await?;
    let unfinished = unfinished.iter().filter(|run| one.as_ref().is_none_or(|c| run.connection == c.id)).count();
    Ok(Json(Summary { orders_seen, tasks, ignored, exchanges, unfinished_runs: unfinished as u64 }))
}
