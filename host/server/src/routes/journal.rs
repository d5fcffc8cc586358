//! The record of calls on the wire, and the audit log.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, SecondsFormat, Utc};
use counterfoil_domain::ports::AuditEntry;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{bad_cursor, page_size};
use crate::extract::Params;
use crate::parts::App;
use crate::problem::Problem;
use crate::wire::{AuditList, Day, ExchangeList, PageEnd};

/// Entries that are read at first; four times as many each time that they do not do.
const FIRST_LOOK: usize = 1_000;

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

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Who, as the log names them.
    pub(crate) actor: Option<String>,
    /// "task.ignore", or only what stands before the dot.
    pub(crate) action: Option<String>,
    /// In the subject or the detail.
    pub(crate) text: Option<String>,
    /// The first day.
    pub(crate) from: Option<Day>,
    /// The last day.
    pub(crate) to: Option<Day>,
    pub(crate) limit: Option<usize>,
    pub(crate) after: Option<String>,
}

impl AuditQuery {
    fn takes(&self, entry: &AuditEntry) -> bool {
        let has = |text: &str| {
            let text = text.to_lowercase();
            entry.subject.to_lowercase().contains(&text) || entry.detail.to_lowercase().contains(&text)
        };
        let is_action = |action: &str| {
            entry.action == action || entry.action.strip_prefix(action).is_some_and(|rest| rest.starts_with('.'))
        };
        let day = entry.at.date_naive();
        self.actor.as_deref().is_none_or(|actor| entry.actor.as_str() == actor)
            && self.action.as_deref().is_none_or(is_action)
            && self.text.as_deref().is_none_or(has)
            && self.from.is_none_or(|from| day >= from.0)
            && self.to.is_none_or(|to| day <= to.0)
    }
}

/// Where an entry stands: its time, and how many of the same time were written before it. What is written later changes
/// neither.
fn places(newest_first: &[AuditEntry]) -> Vec<PageEnd> {
    let mut before: HashMap<DateTime<Utc>, u64> = HashMap::new();
    let mut places = Vec::with_capacity(newest_first.len());
    for entry in newest_first.iter().rev() {
        let earlier = before.entry(entry.at).or_default();
        places.push(PageEnd(entry.at.to_rfc3339_opts(SecondsFormat::AutoSi, true), earlier.to_string()));
        *earlier += 1;
    }
    places.reverse();
    places
}

/// The entries read with their places, newest first. Where there are older ones, those of the last time are left out: not
/// all of that time may have been read.
async fn newest(app: &App, most: usize) -> Result<(Vec<(PageEnd, AuditEntry)>, bool), Problem> {
    let mut entries = app.store().audit(most).await?;
    let is_all = entries.len() < most;
    if !is_all && let Some(last) = entries.last().map(|entry| entry.at) {
        entries.retain(|entry| entry.at != last);
    }
    let places = places(&entries);
    Ok((places.into_iter().zip(entries).collect(), is_all))
}

/// Who did what, newest first.
#[utoipa::path(get, path = "/v1/audit", tag = "journal", params(AuditQuery), responses((status = 200, body = AuditList)))]
pub(crate) async fn audit(
    State(app): State<App>,
    Params(query): Params<AuditQuery>,
) -> Result<Json<AuditList>, Problem> {
    let limit = page_size(query.limit)?;
    let after = query.after.as_deref().map(|after| PageEnd::decode(after).ok_or_else(bad_cursor)).transpose()?;
    let mut most = FIRST_LOOK;
    loop {
        let (entries, is_all) = newest(&app, most).await?;
        let start = match &after {
            None => Some(0),
            Some(after) => entries.iter().position(|(place, _)| place == after).map(|found| found + 1),
        };
        let rest = start.map_or(&[][..], |start| &entries[start..]);
        let found: Vec<_> = rest.iter().filter(|(_, entry)| query.takes(entry)).take(limit + 1).cloned().collect();
        if found.len() <= limit && !is_all {
            most = most.saturating_mul(4);
            continue;
        }
        if start.is_none() {
            return Err(bad_cursor());
        }
        let has_more = found.len() > limit;
        let page = &found[..found.len().min(limit)];
        let next = page.last().filter(|_| has_more).map(|(place, _)| place.encode());
        let entries = page.iter().map(|(_, entry)| entry.clone().into()).collect();
        return Ok(Json(AuditList { entries, has_more, next }));
    }
}
