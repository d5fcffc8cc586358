//! Writes of tasks with their totals, links and plans.

use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::link::Link;
use counterfoil_domain::money::Currency;
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::{CommitError, StoreError};
use counterfoil_domain::task::{Subject, Task};
use rusqlite::{Connection, params};
use rust_decimal::Decimal;

use super::decisions::put_claims;
use super::query::{row, run};
use crate::counts::{Bucket, Share, Shares, reason_of};
use crate::filter::{comes_back, haystack};
use crate::record::{Bad, Stored, encode, time_text};
use crate::refusal::version_number;

/// What a task is looked up by; rarely anything but its state changes.
#[derive(Debug, PartialEq, Eq)]
struct Places {
    connection: String,
    marketplace: String,
    order_id: Option<String>,
    snapshot_of: Option<String>,
    customer: String,
    observed_at: String,
    comes_back: Option<String>,
}

impl Places {
    fn of(task: &Task) -> Self {
        let (marketplace, order_id, snapshot_of) = match &task.subject {
            Subject::Order { key, .. } => (&key.marketplace, Some(key.order.as_str().to_owned()), None),
            Subject::Initial { marketplace, subscription } => {
                (marketplace, None, Some(subscription.as_str().to_owned()))
            }
        };
        Self {
            connection: task.connection.as_str().to_owned(),
            marketplace: marketplace.as_str().to_owned(),
            order_id,
            snapshot_of,
            customer: task.customer.as_str().to_owned(),
            observed_at: time_text(task.observed_at),
            comes_back: comes_back(task).as_ref().map(Stored::to_row),
        }
    }
}

pub(super) fn insert(c: &Connection, task: &Task, shares: &mut Shares) -> Result<(), StoreError> {
    let sealed = encode(task)?;
    let places = Places::of(task);
    let sql =
        "INSERT INTO tasks (id, reseller, connection, marketplace, order_id, snapshot_of, state, reason, customer,
            search, amount, currency, observed_at, comes_back, version, body, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        ON CONFLICT (id) DO NOTHING";
    let written = run(
        c,
        sql,
        params![
            task.id.as_str(),
            task.reseller.as_str(),
            places.connection,
            places.marketplace,
            places.order_id,
            places.snapshot_of,
            task.state.name(),
            reason_of(task),
            places.customer,
            haystack(task),
            task.amount.amount.to_string(),
            task.amount.currency.code(),
            places.observed_at,
            places.comes_back,
            version_number(task)?,
            sealed.body,
            sealed.seal,
        ],
    )?;
    if written == 0 {
        return Ok(());
    }
    shares.enter(Bucket::of(task), task.amount.amount)
}

/// What an update must know of the row that it replaces.
struct Former {
    version: i64,
    places: Places,
    state: String,
    reason: String,
    amount: String,
    currency: String,
}

fn former(c: &Connection, task: &Task) -> Result<Option<Former>, StoreError> {
    let sql =
        "SELECT version, connection, marketplace, order_id, snapshot_of, customer, observed_at, comes_back, state,
            reason, amount, currency FROM tasks WHERE id = $1";
    row(c, sql, params![task.id.as_str()], |r| {
        Ok(Former {
            version: r.get(0)?,
            places: Places {
                connection: r.get(1)?,
                marketplace: r.get(2)?,
                order_id: r.get(3)?,
                snapshot_of: r.get(4)?,
                customer: r.get(5)?,
                observed_at: r.get(6)?,
                comes_back: r.get(7)?,
            },
            state: r.get(8)?,
            reason: r.get(9)?,
            amount: r.get(10)?,
            currency: r.get(11)?,
        })
    })
}

pub(super) fn update(c: &Connection, task: &Task, shares: &mut Shares) -> Result<(), CommitError> {
    let expected = task.version.saturating_sub(1);
    let conflict = || CommitError::Conflict { task: task.id.clone(), expected };
    let former = former(c, task)?.ok_or_else(conflict)?;
    let version = version_number(task)?;
    if former.version.checked_add(1) != Some(version) {
        return Err(conflict());
    }
    let sealed = encode(task)?;
    let places = Places::of(task);
    let sql = "UPDATE tasks SET reseller = $1, state = $2, reason = $3, search = $4, amount = $5, currency = $6,
        version = $7, body = $8, seal = $9 WHERE id = $10";
    run(
        c,
        sql,
        params![
            task.reseller.as_str(),
            task.state.name(),
            reason_of(task),
            haystack(task),
            task.amount.amount.to_string(),
            task.amount.currency.code(),
            version,
            sealed.body,
            sealed.seal,
            task.id.as_str(),
        ],
    )?;
    if places != former.places {
        move_to(c, task, &places)?;
    }
    let (bucket, amount) =
        former.counted().map_err(|bad| StoreError::Corrupt { what: "task", problem: bad.to_string() })?;
    shares.leave(bucket, amount)?;
    Ok(shares.enter(Bucket::of(task), task.amount.amount)?)
}

fn move_to(c: &Connection, task: &Task, places: &Places) -> Result<(), StoreError> {
    let sql = "UPDATE tasks SET connection = $1, marketplace = $2, order_id = $3, snapshot_of = $4, customer = $5,
        observed_at = $6, comes_back = $7 WHERE id = $8";
    let to = params![
        places.connection,
        places.marketplace,
        places.order_id,
        places.snapshot_of,
        places.customer,
        places.observed_at,
        places.comes_back,
        task.id.as_str(),
    ];
    run(c, sql, to).map(|_| ())
}

impl Former {
    fn counted(self) -> Result<(Bucket, Decimal), Bad> {
        let bucket = Bucket {
            connection: ConnectionId::new(self.places.connection),
            state: self.state,
            reason: self.reason,
            currency: Currency::from_row(self.currency)?,
        };
        Ok((bucket, Decimal::from_row(self.amount)?))
    }
}

pub(super) fn add_to_totals(c: &Connection, mut shares: Shares) -> Result<(), StoreError> {
    let read = "SELECT tasks, amount FROM task_totals
        WHERE connection = $1 AND state = $2 AND reason = $3 AND currency = $4";
    let write = "INSERT INTO task_totals (connection, state, reason, currency, tasks, amount)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (connection, state, reason, currency) DO UPDATE SET tasks = excluded.tasks, amount = excluded.amount";
    for (bucket, change) in shares.take() {
        if change == Share::default() {
            continue;
        }
        let (connection, currency) = (bucket.connection.as_str(), bucket.currency.code());
        let stored = row(c, read, params![connection, bucket.state, bucket.reason, currency], |r| {
            Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?))
        })?;
        let before = match stored {
            Some((tasks, amount)) => Share { tasks, amount: total_amount(amount)? },
            None => Share::default(),
        };
        let now = before.plus(change)?;
        let amount = now.amount.to_string();
        run(c, write, params![connection, bucket.state, bucket.reason, currency, now.tasks, amount])?;
    }
    Ok(())
}

pub(super) fn total_amount(text: String) -> Result<Decimal, StoreError> {
    Decimal::from_row(text).map_err(|bad| StoreError::Corrupt { what: "total", problem: bad.to_string() })
}

pub(super) fn put_link(c: &Connection, link: &Link) -> Result<(), StoreError> {
    let sealed = encode(link)?;
    let sql = "INSERT INTO links (connection, kind, source, body, seal) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (connection, kind, source) DO UPDATE SET body = excluded.body, seal = excluded.seal";
    let key = &link.key;
    run(c, sql, params![key.connection.as_str(), key.kind.name(), key.source, sealed.body, sealed.seal]).map(|_| ())
}

pub(super) fn put_plan(c: &Connection, plan: &SealedPlan) -> Result<(), StoreError> {
    let sealed = encode(plan)?;
    let sql = "INSERT INTO plans (digest, connection, task, body, seal) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (digest) DO UPDATE SET connection = excluded.connection, task = excluded.task, body = excluded.body,
            seal = excluded.seal";
    let (digest, connection, task) = (plan.digest.as_str(), plan.connection.as_str(), plan.plan.task.as_str());
    run(c, sql, params![digest, connection, task, sealed.body, sealed.seal])?;
    put_claims(c, plan)
}
