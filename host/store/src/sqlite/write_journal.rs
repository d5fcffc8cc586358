//! Writes of batches, effects, receipts, runs and exchanges.

use counterfoil_domain::id::RunId;
use counterfoil_domain::journal::{Batch, Effect};
use counterfoil_domain::ports::{CommitError, ExchangeRecord, StoreError, StoredReceipt};
use counterfoil_domain::run::Run;
use rusqlite::{Connection, params};

use super::query::{row, run as execute};
use super::write::count;
use crate::counts::on_the_wire;
use crate::record::{encode, time_text};
use crate::refusal::{is_check, known_run, unknown_effect, unknown_run};

pub(super) fn put_batch(c: &Connection, batch: &Batch) -> Result<(), StoreError> {
    let sealed = encode(batch)?;
    let id = batch.id.as_str();
    let sql = "INSERT INTO batches (id, connection, state, opened_at, body, seal) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (id) DO UPDATE SET connection = excluded.connection, state = excluded.state,
            opened_at = excluded.opened_at, body = excluded.body, seal = excluded.seal";
    let opened_at = time_text(batch.opened_at);
    execute(c, sql, params![id, batch.connection.as_str(), batch.state.name(), opened_at, sealed.body, sealed.seal])?;
    execute(c, "DELETE FROM batch_plans WHERE batch = $1", params![id])?;
    let sql = "INSERT INTO batch_plans (plan, batch) VALUES ($1, $2) ON CONFLICT (plan, batch) DO NOTHING";
    for plan in &batch.plans {
        execute(c, sql, params![plan.as_str(), id])?;
    }
    Ok(())
}

pub(super) fn insert_effect(c: &Connection, effect: &Effect) -> Result<(), CommitError> {
    let sealed = encode(effect)?;
    let place = row(
        c,
        "SELECT COALESCE(MAX(place), 0) + 1 FROM effects WHERE batch = $1",
        params![effect.batch.as_str()],
        |r| r.get::<_, i64>(0),
    )?;
    let sql = "INSERT INTO effects (batch, effect_key, place, body, seal) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (batch, effect_key) DO NOTHING";
    let (batch, key) = (effect.batch.as_str(), effect.key.as_str());
    if execute(c, sql, params![batch, key, place.unwrap_or(1), sealed.body, sealed.seal])? == 0 {
        return Err(CommitError::KnownEffect(key.to_owned()));
    }
    Ok(())
}

pub(super) fn update_effect(c: &Connection, effect: &Effect) -> Result<(), StoreError> {
    let sealed = encode(effect)?;
    let sql = "UPDATE effects SET body = $1, seal = $2 WHERE batch = $3 AND effect_key = $4";
    let (batch, key) = (effect.batch.as_str(), effect.key.as_str());
    if execute(c, sql, params![sealed.body, sealed.seal, batch, key])? == 0 {
        return Err(unknown_effect(effect));
    }
    Ok(())
}

pub(super) fn put_receipt(c: &Connection, receipt: &StoredReceipt) -> Result<(), StoreError> {
    let sealed = encode(receipt)?;
    let sql = "INSERT INTO receipts (plan, batch, stored_at, body, seal) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (plan) DO UPDATE SET batch = excluded.batch, stored_at = excluded.stored_at, body = excluded.body,
            seal = excluded.seal";
    let (plan, batch, stored_at) = (receipt.plan.as_str(), receipt.batch.as_str(), time_text(receipt.stored_at));
    execute(c, sql, params![plan, batch, stored_at, sealed.body, sealed.seal]).map(|_| ())
}

pub(super) fn insert_run(c: &Connection, run: &Run) -> Result<(), CommitError> {
    if is_check(&run.kind) && !run.state.is_over() {
        let sql = "SELECT id FROM runs WHERE connection = $1 AND kind IN ('check', 'backfill')
            AND state IN ('queued', 'running') ORDER BY asked_at, id LIMIT 1";
        if let Some(id) = row(c, sql, params![run.connection.as_str()], |r| r.get::<_, String>(0))? {
            return Err(CommitError::AlreadyRunning(RunId::new(id)));
        }
    }
    let sealed = encode(run)?;
    let sql = "INSERT INTO runs (id, reseller, connection, kind, state, asked_at, body, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING";
    let (id, reseller, connection) = (run.id.as_str(), run.reseller.as_str(), run.connection.as_str());
    let (kind, state, asked_at) = (run.kind.name(), run.state.name(), time_text(run.asked_at));
    let written = execute(c, sql, params![id, reseller, connection, kind, state, asked_at, sealed.body, sealed.seal])?;
    if written == 0 {
        return Err(known_run(run).into());
    }
    Ok(())
}

pub(super) fn update_run(c: &Connection, run: &Run) -> Result<(), StoreError> {
    let sealed = encode(run)?;
    let sql =
        "UPDATE runs SET reseller = $1, connection = $2, kind = $3, state = $4, asked_at = $5, body = $6, seal = $7
        WHERE id = $8";
    let (id, reseller, connection) = (run.id.as_str(), run.reseller.as_str(), run.connection.as_str());
    let (kind, state, asked_at) = (run.kind.name(), run.state.name(), time_text(run.asked_at));
    let written = execute(c, sql, params![reseller, connection, kind, state, asked_at, sealed.body, sealed.seal, id])?;
    if written == 0 {
        return Err(unknown_run(run));
    }
    Ok(())
}

pub(super) fn append_exchange(c: &Connection, record: &ExchangeRecord) -> Result<(), StoreError> {
    let sealed = encode(record)?;
    let place = row(c, "SELECT COALESCE(MAX(place), 0) + 1 FROM exchanges", [], |r| r.get::<_, i64>(0))?;
    let sql = "INSERT INTO exchanges (place, caller, body, seal) VALUES ($1, $2, $3, $4)";
    execute(c, sql, params![place.unwrap_or(1), record.caller, sealed.body, sealed.seal])?;
    if on_the_wire(&record.outcome) { count(c, "exchanges", &record.caller) } else { Ok(()) }
}
