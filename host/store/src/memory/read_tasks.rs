//! Task lists from memory: one range for each connection and state that has tasks, merged.

use std::collections::BTreeSet;
use std::ops::Bound;

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{ConnectionId, SubscriptionId, TaskId};
use counterfoil_domain::order::OrderKey;
use counterfoil_domain::ports::{PageRequest, TaskFilter};
use counterfoil_domain::task::{Task, TaskState};

use super::shelves::{Shelves, TaskPlace};
use super::statements;
use crate::filter::{fits, needle};
use crate::precision::cut;

pub(super) fn tasks(shelves: &Shelves, filter: &TaskFilter, page: &PageRequest) -> Vec<Task> {
    let needle = needle(filter);
    let mut found: Vec<&Task> = Vec::new();
    for (connection, state) in lists(shelves, filter) {
        let list = after(shelves, connection, state, page);
        let of_statement =
            |task: &Task| filter.statement.as_ref().is_none_or(|id| statements::is_of(shelves, task, id));
        let fitting = list.filter(|task| fits(filter, needle.as_deref(), task) && of_statement(task));
        found.extend(fitting.take(page.limit));
    }
    found.sort_by(|a, b| (a.observed_at, &a.id).cmp(&(b.observed_at, &b.id)));
    found.into_iter().take(page.limit).cloned().collect()
}

fn lists<'a>(shelves: &'a Shelves, filter: &TaskFilter) -> BTreeSet<(&'a ConnectionId, &'static str)> {
    let asked = |state: &str| filter.states.is_empty() || filter.states.contains(state);
    let name = |state: &str| TaskState::NAMES.into_iter().find(|name| *name == state);
    let filled = shelves.totals.iter().filter(|(_, share)| share.tasks > 0).map(|(bucket, _)| bucket);
    filled
        .filter(|bucket| filter.connection.as_ref().is_none_or(|id| *id == bucket.connection) && asked(&bucket.state))
        .filter_map(|bucket| Some((&bucket.connection, name(&bucket.state)?)))
        .collect()
}

fn after<'a>(
    shelves: &'a Shelves,
    connection: &'a ConnectionId,
    state: &'static str,
    page: &PageRequest,
) -> impl Iterator<Item = &'a Task> {
    let first = (connection.clone(), state, DateTime::<Utc>::MIN_UTC, TaskId::new(""));
    let start: Bound<TaskPlace> = match &page.after {
        Some((at, id)) => Bound::Excluded((connection.clone(), state, cut(*at), id.clone())),
        None => Bound::Included(first),
    };
    shelves
        .task_places
        .range((start, Bound::Unbounded))
        .take_while(move |((c, s, _, _), ())| c == connection && *s == state)
        .filter_map(|((_, _, _, id), ())| shelves.tasks.get(id))
}

fn in_order<'a>(shelves: &'a Shelves, ids: impl Iterator<Item = &'a TaskId>) -> Vec<Task> {
    let mut tasks: Vec<Task> = ids.filter_map(|id| shelves.tasks.get(id)).cloned().collect();
    tasks.sort_by(|a, b| (a.observed_at, &a.id).cmp(&(b.observed_at, &b.id)));
    tasks
}

pub(super) fn of_order(shelves: &Shelves, connection: &ConnectionId, key: &OrderKey) -> Vec<Task> {
    let first = (connection.clone(), key.clone(), TaskId::new(""));
    let same = shelves.tasks_of_order.range(first..).take_while(|((c, k, _), ())| c == connection && k == key);
    in_order(shelves, same.map(|((_, _, id), ())| id))
}

pub(super) fn of_snapshot(shelves: &Shelves, connection: &ConnectionId, subscription: &SubscriptionId) -> Vec<Task> {
    let first = (connection.clone(), subscription.clone(), TaskId::new(""));
    let same = shelves.tasks_of_snapshot.range(first..);
    let same = same.take_while(|((c, s, _), ())| c == connection && s == subscription);
    in_order(shelves, same.map(|((_, _, id), ())| id))
}
