//! Statements as they were read: what they come to, what the source says, and every record.

use std::cmp::Reverse;

use axum::Json;
use axum::extract::State;
use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::ports::{KeptStatement, StatementFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{bad_cursor, page_size};
use crate::extract::{Id, Params};
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{Day, RecordView, StatementDetail, StatementPage, StatementView};

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementQuery {
    pub(crate) marketplace: Option<String>,
    /// Periods that start on this day or later,
    #[param(value_type = Option<String>)]
    pub(crate) from: Option<Day>,
    /// and before this one.
    #[param(value_type = Option<String>)]
    pub(crate) to: Option<Day>,
    pub(crate) limit: Option<usize>,
    pub(crate) after: Option<String>,
}

async fn marketplaces(app: &App, wanted: Option<&str>) -> Result<Vec<Marketplace>, Problem> {
    let mut all = app.store().marketplaces().await?;
    all.retain(|one| one.kind.holds_statements() && wanted.is_none_or(|wanted| one.id.as_str() == wanted));
    match (wanted, all.is_empty()) {
        (Some(wanted), true) => Err(Problem::not_found("marketplace of statements", wanted)),
        _ => Ok(all),
    }
}

fn key(one: &KeptStatement) -> String {
    format!("{}:{}:{}", one.marketplace, one.issue, one.head.id)
}

/// Statements, newest period first, with what they come to and what the source says.
#[utoipa::path(get, path = "/v1/statements", tag = "statements", params(StatementQuery), responses((status = 200, body = StatementPage)))]
pub(crate) async fn list(
    State(app): State<App>,
    Params(query): Params<StatementQuery>,
) -> Result<Json<StatementPage>, Problem> {
    let limit = page_size(query.limit)?;
    let mut all = Vec::new();
    for marketplace in marketplaces(&app, query.marketplace.as_deref()).await? {
        let filter =
            StatementFilter { stream: None, from: query.from.map(|day| day.0), before: query.to.map(|day| day.0) };
        all.extend(app.store().statements(&marketplace.id, filter).await?);
    }
    all.sort_by_cached_key(|one| Reverse((one.head.period.start(), one.head.issued_at, key(one))));
    if let Some(after) = &query.after {
        let place = all.iter().position(|one| key(one) == *after).ok_or_else(bad_cursor)?;
        all.drain(..=place);
    }
    let has_more = all.len() > limit;
    all.truncate(limit);
    let next = all.last().filter(|_| has_more).map(key);
    Ok(Json(StatementPage { statements: all.iter().map(StatementView::from).collect(), has_more, next }))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordQuery {
    /// Needed where several marketplaces have a statement of this id.
    pub(crate) marketplace: Option<String>,
    /// Left out: the last.
    pub(crate) issue: Option<u32>,
    pub(crate) limit: Option<usize>,
    pub(crate) after: Option<usize>,
}

/// One statement: its control total, its issues, and its records page by page.
#[utoipa::path(get, path = "/v1/statements/{id}", tag = "statements", params(("id" = String, Path), RecordQuery), responses((status = 200, body = StatementDetail)))]
pub(crate) async fn show(
    State(app): State<App>,
    Id(id): Id,
    Params(query): Params<RecordQuery>,
) -> Result<Json<StatementDetail>, Problem> {
    let limit = page_size(query.limit)?;
    let mut found: Vec<KeptStatement> = Vec::new();
    for marketplace in marketplaces(&app, query.marketplace.as_deref()).await? {
        let all = app.store().statements(&marketplace.id, StatementFilter::default()).await?;
        let Some(lineage) = all.iter().find(|one| one.head.id == id).map(|one| one.lineage.clone()) else { continue };
        if !found.is_empty() {
            let text = format!("several marketplaces have a statement {id}; say which marketplace");
            return Err(Problem::invalid("/marketplace", "required", text));
        }
        found = all.into_iter().filter(|one| one.lineage == lineage).collect();
    }
    found.sort_by_cached_key(|one| (one.issue, one.head.id.clone()));
    let is_it = |one: &&KeptStatement| one.head.id == id && query.issue.is_none_or(|issue| issue == one.issue);
    let Some(one) = found.iter().rfind(is_it) else { return Err(Problem::not_found("statement", &id)) };
    let from = query.after.unwrap_or(0);
    let mut records = app.store().statement_records(&one.marketplace, &id, one.issue, from, limit + 1).await?;
    let has_more = records.len() > limit;
    records.truncate(limit);
    Ok(Json(StatementDetail {
        statement: one.into(),
        issues: found.iter().map(Into::into).collect(),
        records: records.iter().map(RecordView::from).collect(),
        has_more,
        next: has_more.then(|| (from + limit).to_string()),
    }))
}
