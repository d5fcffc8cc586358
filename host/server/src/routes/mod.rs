//! The API's handlers, one file a noun. Each reads, converts and answers; what may follow what is decided
//! in the domain.

pub(crate) mod adjusting;
pub(crate) mod audit_log;
pub(crate) mod authorize;
pub(crate) mod auto_sync;
pub(crate) mod catalog;
mod choosing;
pub(crate) mod commands;
pub(crate) mod connections;
pub(crate) mod events;
pub(crate) mod follow_ups;
pub(crate) mod ignoring;
pub(crate) mod journal;
pub(crate) mod link_suggestions;
pub(crate) mod link_table;
pub(crate) mod links;
pub(crate) mod notices;
pub(crate) mod plans;
pub(crate) mod plugins;
pub(crate) mod products;
pub(crate) mod programs;
pub(crate) mod reconciling;
pub(crate) mod resolving;
pub(crate) mod rules;
pub(crate) mod runs;
pub(crate) mod setup;
pub(crate) mod statements;
pub(crate) mod summary;
pub(crate) mod syncs;
pub(crate) mod system;
pub(crate) mod tasks;
mod turn;
pub(crate) mod users;

use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::{Actor, ConnectionId};
use counterfoil_domain::ports::{AuditEntry, Write};

use crate::parts::App;
use crate::problem::Problem;

pub(crate) const DEFAULT_LIMIT: usize = 50;
pub(crate) const MOST: usize = 500;

/// How many rows a page has.
pub(crate) fn page_size(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        None => Ok(DEFAULT_LIMIT),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(limit) => Err(Problem::invalid("/limit", "out-of-range", format!("{limit} is not between 1 and {MOST}"))),
    }
}

pub(crate) fn bad_cursor() -> Problem {
    Problem::invalid("/after", "bad-cursor", "this is not a cursor that a list of this kind gave")
}

pub(crate) async fn connection(app: &App, id: &str) -> Result<Connection, Problem> {
    let id = ConnectionId::from(id);
    let all = app.store().connections().await?;
    all.into_iter().find(|connection| connection.id == id).ok_or_else(|| Problem::not_found("connection", id.as_str()))
}

pub(crate) fn audit(
    app: &App,
    actor: &Actor,
    action: &str,
    subject: impl ToString,
    detail: impl Into<String>,
) -> Write {
    Write::Audit(AuditEntry {
        at: app.now(),
        actor: actor.clone(),
        action: action.to_owned(),
        subject: subject.to_string(),
        detail: detail.into(),
    })
}

/// A page of rows that are all in memory, by the key that they are sorted by.
pub(crate) fn slice<T>(
    rows: Vec<T>,
    after: Option<&str>,
    limit: usize,
    key: impl Fn(&T) -> String,
) -> (Vec<T>, Option<String>) {
    let mut rest: Vec<T> = rows.into_iter().filter(|row| after.is_none_or(|after| key(row).as_str() > after)).collect();
    rest.sort_by_key(&key);
    let has_more = rest.len() > limit;
    rest.truncate(limit);
    let next = rest.last().filter(|_| has_more).map(key);
    (rest, next)
}
