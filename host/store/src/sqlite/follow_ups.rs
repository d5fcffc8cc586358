//! Rows of steps that wait.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use counterfoil_domain::follow_up::FollowUp;
use counterfoil_domain::id::{ConnectionId, TaskId};
use counterfoil_domain::ports::StoreError;
use rusqlite::{Connection, params};

use super::query::{big, records, run};
use crate::record::{encode, time_text};

pub(super) fn put(c: &Connection, one: &FollowUp) -> Result<(), StoreError> {
    let sealed = encode(one)?;
    let sql = "INSERT INTO follow_ups (plan, change_key, connection, task, state, due, begun_at, body, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (plan, change_key) DO UPDATE SET connection = excluded.connection, task = excluded.task,
            state = excluded.state, due = excluded.due, begun_at = excluded.begun_at, body = excluded.body,
            seal = excluded.seal";
    let (plan, change, connection) = (one.plan.as_str(), one.change.as_str(), one.connection.as_str());
    let (due, begun_at) = (one.state.due().map(time_text), time_text(one.begun_at));
    let (task, state) = (one.task.as_str(), one.state.name());
    run(c, sql, params![plan, change, connection, task, state, due, begun_at, sealed.body, sealed.seal]).map(|_| ())
}

pub(super) fn of(c: &Connection, task: &TaskId) -> Result<Vec<FollowUp>, StoreError> {
    let sql = "SELECT body, seal FROM follow_ups WHERE task = $1 ORDER BY begun_at, plan, change_key";
    records(c, sql, params![task.as_str()])
}

pub(super) fn due(
    c: &Connection,
    connection: &ConnectionId,
    until: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<FollowUp>, StoreError> {
    let sql = "SELECT body, seal FROM follow_ups WHERE connection = $1 AND due IS NOT NULL AND due <= $2
        ORDER BY due, plan, change_key LIMIT $3";
    records(c, sql, params![connection.as_str(), time_text(until), big(limit)])
}

/// One state after the other, so that each is found by its index.
pub(super) fn in_states(
    c: &Connection,
    connection: &ConnectionId,
    states: &BTreeSet<String>,
    limit: usize,
) -> Result<Vec<FollowUp>, StoreError> {
    let sql = "SELECT body, seal FROM follow_ups WHERE connection = $1 AND state = $2
        ORDER BY begun_at, plan, change_key LIMIT $3";
    let mut found: Vec<FollowUp> = Vec::new();
    for state in states {
        found.extend(records::<FollowUp>(c, sql, params![connection.as_str(), state, big(limit)])?);
    }
    found.sort_by(|a, b| (a.begun_at, &a.plan, &a.change).cmp(&(b.begun_at, &b.plan, &b.change)));
    found.truncate(limit);
    Ok(found)
}
