//! Steps that wait, from memory.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use counterfoil_domain::follow_up::FollowUp;
use counterfoil_domain::id::{ChangeKey, ConnectionId, PlanDigest, TaskId};

use super::shelves::{Change, Shelves};
use crate::precision::cut;

pub(super) fn put(change: &mut Change<'_>, one: FollowUp) {
    let key = (one.plan.clone(), one.change.clone());
    if let Some(former) = change.now().follow_ups.get(&key)
        && let Some(due) = former.state.due()
    {
        let place = (former.connection.clone(), due, key.0.clone(), key.1.clone());
        change.remove(|s| &mut s.follow_ups_due, place);
    }
    if let Some(due) = one.state.due() {
        let place = (one.connection.clone(), due, key.0.clone(), key.1.clone());
        change.put(|s| &mut s.follow_ups_due, place, ());
    }
    change.put(|s| &mut s.follow_ups, key, one);
}

fn in_order(mut found: Vec<FollowUp>) -> Vec<FollowUp> {
    found.sort_by(|a, b| (a.begun_at, &a.plan, &a.change).cmp(&(b.begun_at, &b.plan, &b.change)));
    found
}

pub(super) fn of(shelves: &Shelves, task: &TaskId) -> Vec<FollowUp> {
    in_order(shelves.follow_ups.values().filter(|one| one.task == *task).cloned().collect())
}

pub(super) fn due(shelves: &Shelves, connection: &ConnectionId, until: DateTime<Utc>, limit: usize) -> Vec<FollowUp> {
    let first = (connection.clone(), DateTime::<Utc>::MIN_UTC, PlanDigest::new(""), ChangeKey::new(""));
    let until = cut(until);
    let ours = shelves.follow_ups_due.range(first..);
    ours.take_while(|((of, at, _, _), ())| of == connection && *at <= until)
        .filter_map(|((_, _, plan, change), ())| shelves.follow_ups.get(&(plan.clone(), change.clone())))
        .take(limit)
        .cloned()
        .collect()
}

pub(super) fn in_states(
    shelves: &Shelves,
    connection: &ConnectionId,
    states: &BTreeSet<String>,
    limit: usize,
) -> Vec<FollowUp> {
    let asked = |one: &&FollowUp| one.connection == *connection && states.contains(one.state.name());
    let mut found = in_order(shelves.follow_ups.values().filter(asked).cloned().collect());
    found.truncate(limit);
    found
}
