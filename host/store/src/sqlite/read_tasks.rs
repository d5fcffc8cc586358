//! Reads of tasks, totals, links and plans. Owns how a task list stays quick at a million tasks: each asked
//! state is read from its own place in an index, no more ids than a page, and the pages are merged.

use std::collections::BTreeSet;

use counterfoil_domain::id::{ConnectionId, PlanDigest, SubscriptionId, TaskId};
use counterfoil_domain::link::{Link, LinkKind};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::OrderKey;
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::{PageRequest, StoreError, TaskFilter, TaskTotal};
use counterfoil_domain::task::Task;
use rusqlite::{Connection, params, params_from_iter};

use super::query::{big, record_of, records, rows};
use super::write_tasks::total_amount;
use crate::counts::{Bucket, Share, totals as added_up};
use crate::filter::needle;
use crate::record::{Stored, time_text};

pub(super) fn task(c: &Connection, id: &TaskId) -> Result<Option<Task>, StoreError> {
    record_of(c, "SELECT body, seal FROM tasks WHERE id = $1", params![id.as_str()], |task: &Task| task.id == *id)
}

pub(super) fn tasks_of_order(
    c: &Connection,
    connection: &ConnectionId,
    key: &OrderKey,
) -> Result<Vec<Task>, StoreError> {
    let sql = "SELECT body, seal FROM tasks WHERE connection = $1 AND marketplace = $2 AND order_id = $3
        ORDER BY observed_at, id";
    records(c, sql, params![connection.as_str(), key.marketplace.as_str(), key.order.as_str()])
}

pub(super) fn initial_tasks_of(
    c: &Connection,
    connection: &ConnectionId,
    subscription: &SubscriptionId,
) -> Result<Vec<Task>, StoreError> {
    let sql = "SELECT body, seal FROM tasks WHERE connection = $1 AND snapshot_of = $2 ORDER BY observed_at, id";
    records(c, sql, params![connection.as_str(), subscription.as_str()])
}

/// Where in the indexes the tasks of a filter lie.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Everywhere,
    ComingBack,
    Customer,
    Statement { connection: String },
    State { connection: String, state: String, reason: String },
}

fn places(c: &Connection, filter: &TaskFilter) -> Result<BTreeSet<Place>, StoreError> {
    if filter.statement.is_some() {
        let connections = match &filter.connection {
            Some(connection) => BTreeSet::from([connection.as_str().to_owned()]),
            None => shares(c, None)?.into_iter().map(|(bucket, _)| bucket.connection.as_str().to_owned()).collect(),
        };
        return Ok(connections.into_iter().map(|connection| Place::Statement { connection }).collect());
    }
    if filter.back_by.is_some() {
        return Ok(BTreeSet::from([Place::ComingBack]));
    }
    if filter.customer.is_some() {
        return Ok(BTreeSet::from([Place::Customer]));
    }
    if filter.connection.is_none() && filter.states.is_empty() && filter.ignore_reason.is_none() {
        return Ok(BTreeSet::from([Place::Everywhere]));
    }
    // The totals know which connections, states and reasons have tasks at all.
    let asked = |bucket: &Bucket| {
        filter.connection.as_ref().is_none_or(|id| *id == bucket.connection)
            && (filter.states.is_empty() || filter.states.contains(&bucket.state))
            && filter.ignore_reason.as_ref().is_none_or(|reason| *reason == bucket.reason)
    };
    let known = shares(c, filter.connection.as_ref())?;
    let place = |bucket: Bucket| Place::State {
        connection: bucket.connection.as_str().to_owned(),
        state: bucket.state,
        reason: bucket.reason,
    };
    Ok(known.into_iter().filter(|(b, share)| share.tasks > 0 && asked(b)).map(|(b, _)| place(b)).collect())
}

/// A statement put together from conditions; its parameters are numbered as they come.
#[derive(Debug, Default)]
struct Conditions {
    texts: Vec<String>,
    values: Vec<String>,
}

impl Conditions {
    /// `$` in the text stands for the value.
    fn and(&mut self, text: &str, value: impl Into<String>) {
        self.values.push(value.into());
        self.texts.push(text.replace('$', &format!("${}", self.values.len())));
    }

    fn and_one_of(&mut self, column: &str, values: &BTreeSet<String>) {
        let first = self.values.len() + 1;
        self.values.extend(values.iter().cloned());
        let numbers: Vec<String> = (first..=self.values.len()).map(|n| format!("${n}")).collect();
        self.texts.push(format!("{column} IN ({})", numbers.join(", ")));
    }
}

/// A column no index shall be chosen by: the other conditions are the better way in.
fn not_by_index(column: &str) -> String {
    format!("({column} || '')")
}

fn beside(all: &mut Conditions, filter: &TaskFilter) {
    if let Some(connection) = &filter.connection {
        all.and(&format!("{} = $", not_by_index("connection")), connection.as_str());
    }
    if !filter.states.is_empty() {
        all.and_one_of(&not_by_index("state"), &filter.states);
    }
    if let Some(reason) = &filter.ignore_reason {
        all.and(&format!("{} = $", not_by_index("reason")), reason);
    }
}

fn conditions(place: &Place, filter: &TaskFilter, page: &PageRequest) -> Conditions {
    let mut all = Conditions::default();
    match place {
        Place::Everywhere => {}
        Place::State { connection, state, reason } => {
            all.and("connection = $", connection);
            all.and("state = $", state);
            all.and("reason = $", reason);
        }
        Place::Customer => {
            all.and("customer = $", filter.customer.as_ref().map_or("", |id| id.as_str()));
            beside(&mut all, filter);
        }
        Place::Statement { connection } => {
            // Its orders lead to their tasks; everything else is looked at then.
            all.values.extend([connection.clone(), filter.statement.clone().unwrap_or_default()]);
            let n = all.values.len();
            all.texts.push(format!(
                "id IN (SELECT t.id FROM orders o JOIN tasks t
                    ON t.connection = ${} AND t.marketplace = o.marketplace AND t.order_id = o.id
                    WHERE o.statement = ${n})",
                n - 1
            ));
            if let Some(customer) = &filter.customer {
                all.and(&format!("{} = $", not_by_index("customer")), customer.as_str());
            }
            if let Some(day) = &filter.back_by {
                all.and("comes_back <= $", day.to_row());
            }
            beside(&mut all, filter);
        }
        Place::ComingBack => {
            all.and("comes_back <= $", filter.back_by.as_ref().map(Stored::to_row).unwrap_or_default());
            if let Some(customer) = &filter.customer {
                all.and(&format!("{} = $", not_by_index("customer")), customer.as_str());
            }
            beside(&mut all, filter);
        }
    }
    if let Some(text) = needle(filter) {
        let plain = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        all.and("search LIKE $ ESCAPE '\\'", format!("%{plain}%"));
    }
    if let Some((at, id)) = &page.after {
        all.values.extend([time_text(*at), id.as_str().to_owned()]);
        let n = all.values.len();
        all.texts.push(format!("(observed_at, id) > (${}, ${n})", n - 1));
    }
    all
}

/// One page from one place, in order. Ids only: an index has them, and of what several places give most is
/// not on the page.
fn statement(all: &Conditions, limit: usize) -> String {
    let filter = if all.texts.is_empty() { String::new() } else { format!("WHERE {}", all.texts.join(" AND ")) };
    format!("SELECT observed_at, id FROM tasks {filter} ORDER BY observed_at, id LIMIT {}", big(limit))
}

pub(super) fn tasks(c: &Connection, filter: &TaskFilter, page: &PageRequest) -> Result<Vec<Task>, StoreError> {
    let mut found: Vec<(String, TaskId)> = Vec::new();
    for place in places(c, filter)? {
        let all = conditions(&place, filter, page);
        let sql = statement(&all, page.limit);
        let shape = |r: &rusqlite::Row<'_>| Ok((r.get(0)?, TaskId::new(r.get::<_, String>(1)?)));
        found.extend(rows(c, &sql, params_from_iter(&all.values), shape)?);
    }
    found.sort();
    found.truncate(page.limit);
    let whole = |(_, id): &(String, TaskId)| {
        let missing =
            || StoreError::Corrupt { what: "task list", problem: format!("task {id} is in it, but not there") };
        task(c, id)?.ok_or_else(missing)
    };
    found.iter().map(whole).collect()
}

fn shares(c: &Connection, connection: Option<&ConnectionId>) -> Result<Vec<(Bucket, Share)>, StoreError> {
    type Total = (String, String, String, String, i64, String);
    let shape = |r: &rusqlite::Row<'_>| -> rusqlite::Result<Total> {
        Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?))
    };
    let found = match connection {
        Some(id) => {
            let sql =
                "SELECT connection, state, reason, currency, tasks, amount FROM task_totals WHERE connection = $1";
            rows(c, sql, params![id.as_str()], shape)?
        }
        None => rows(c, "SELECT connection, state, reason, currency, tasks, amount FROM task_totals", [], shape)?,
    };
    let share = |(connection, state, reason, currency, tasks, amount): Total| {
        let currency = Currency::from_row(currency)
            .map_err(|bad| StoreError::Corrupt { what: "total", problem: bad.to_string() })?;
        let bucket = Bucket { connection: ConnectionId::new(connection), state, reason, currency };
        Ok((bucket, Share { tasks, amount: total_amount(amount)? }))
    };
    found.into_iter().map(share).collect()
}

pub(super) fn totals(c: &Connection, connection: Option<&ConnectionId>) -> Result<Vec<TaskTotal>, StoreError> {
    let shares = shares(c, connection)?;
    added_up(shares.iter().map(|(bucket, share)| (bucket, share)))
}

pub(super) fn links(
    c: &Connection,
    connection: &ConnectionId,
    kind: Option<LinkKind>,
) -> Result<Vec<Link>, StoreError> {
    let mut links: Vec<Link> = match kind {
        Some(kind) => {
            let sql = "SELECT body, seal FROM links WHERE connection = $1 AND kind = $2 ORDER BY source";
            records(c, sql, params![connection.as_str(), kind.name()])?
        }
        None => records(c, "SELECT body, seal FROM links WHERE connection = $1", params![connection.as_str()])?,
    };
    links.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(links)
}

pub(super) fn plan(c: &Connection, digest: &PlanDigest) -> Result<Option<SealedPlan>, StoreError> {
    let is_it = |plan: &SealedPlan| plan.digest == *digest;
    record_of(c, "SELECT body, seal FROM plans WHERE digest = $1", params![digest.as_str()], is_it)
}

#[cfg(test)]
mod tests;
