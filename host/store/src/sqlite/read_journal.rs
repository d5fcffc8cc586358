//! Reads of batches, effects, receipts, exchanges and runs.

use counterfoil_domain::id::{BatchId, ConnectionId, PlanDigest, ResellerId, RunId, TaskId};
use counterfoil_domain::journal::{Batch, Effect};
use counterfoil_domain::ports::{ExchangeRecord, StoreError, StoredReceipt};
use counterfoil_domain::run::Run;
use rusqlite::{Connection, params};

use super::query::{big, record_of, records, row, rows};

pub(super) fn batch(c: &Connection, id: &BatchId) -> Result<Option<Batch>, StoreError> {
    record_of(c, "SELECT body, seal FROM batches WHERE id = $1", params![id.as_str()], |batch: &Batch| batch.id == *id)
}

pub(super) fn open_batches(c: &Connection, connection: &ConnectionId) -> Result<Vec<Batch>, StoreError> {
    let sql = "SELECT body, seal FROM batches WHERE connection = $1 AND state = 'open' ORDER BY opened_at, id";
    records(c, sql, params![connection.as_str()])
}

pub(super) fn times_sent(c: &Connection, plan: &PlanDigest) -> Result<u32, StoreError> {
    let count =
        row(c, "SELECT count(*) FROM batch_plans WHERE plan = $1", params![plan.as_str()], |r| r.get::<_, i64>(0))?;
    Ok(u32::try_from(count.unwrap_or(0)).unwrap_or(u32::MAX))
}

pub(super) fn effects(c: &Connection, batch: &BatchId) -> Result<Vec<Effect>, StoreError> {
    records(c, "SELECT body, seal FROM effects WHERE batch = $1 ORDER BY place", params![batch.as_str()])
}

pub(super) fn receipt(c: &Connection, plan: &PlanDigest) -> Result<Option<StoredReceipt>, StoreError> {
    let is_it = |receipt: &StoredReceipt| receipt.plan == *plan;
    record_of(c, "SELECT body, seal FROM receipts WHERE plan = $1", params![plan.as_str()], is_it)
}

pub(super) fn receipts_of(c: &Connection, task: &TaskId) -> Result<Vec<StoredReceipt>, StoreError> {
    let sql = "SELECT receipts.body, receipts.seal FROM plans JOIN receipts ON receipts.plan = plans.digest
        WHERE plans.task = $1 ORDER BY receipts.stored_at, receipts.plan";
    records(c, sql, params![task.as_str()])
}

/// A receipt belongs to the connection of its batch.
pub(super) fn receipts(c: &Connection, connection: &ConnectionId) -> Result<Vec<StoredReceipt>, StoreError> {
    let sql = "SELECT receipts.body, receipts.seal FROM batches JOIN receipts ON receipts.batch = batches.id
        WHERE batches.connection = $1 ORDER BY receipts.stored_at, receipts.plan";
    records(c, sql, params![connection.as_str()])
}

pub(super) fn exchanges(c: &Connection, caller: Option<&str>, limit: usize) -> Result<Vec<ExchangeRecord>, StoreError> {
    match caller {
        Some(caller) => {
            let sql = "SELECT body, seal FROM exchanges WHERE caller = $1 ORDER BY place DESC LIMIT $2";
            records(c, sql, params![caller, big(limit)])
        }
        None => records(c, "SELECT body, seal FROM exchanges ORDER BY place DESC LIMIT $1", params![big(limit)]),
    }
}

pub(super) fn exchange_counts(c: &Connection) -> Result<Vec<(String, u64)>, StoreError> {
    let sql = "SELECT name, reading FROM counters WHERE kind = 'exchanges' ORDER BY name";
    rows(c, sql, [], |r| Ok((r.get(0)?, u64::try_from(r.get::<_, i64>(1)?).unwrap_or(0))))
}

pub(super) fn run(c: &Connection, id: &RunId) -> Result<Option<Run>, StoreError> {
    record_of(c, "SELECT body, seal FROM runs WHERE id = $1", params![id.as_str()], |run: &Run| run.id == *id)
}

pub(super) fn runs(c: &Connection, reseller: Option<&ResellerId>, limit: usize) -> Result<Vec<Run>, StoreError> {
    match reseller {
        Some(reseller) => {
            let sql = "SELECT body, seal FROM runs WHERE reseller = $1 ORDER BY asked_at DESC, id DESC LIMIT $2";
            records(c, sql, params![reseller.as_str(), big(limit)])
        }
        None => {
            let sql = "SELECT body, seal FROM runs ORDER BY asked_at DESC, id DESC LIMIT $1";
            records(c, sql, params![big(limit)])
        }
    }
}

pub(super) fn unfinished_runs(c: &Connection) -> Result<Vec<Run>, StoreError> {
    records(c, "SELECT body, seal FROM runs WHERE state IN ('queued', 'running') ORDER BY asked_at, id", [])
}
