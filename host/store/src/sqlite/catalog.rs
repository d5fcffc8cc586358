//! Catalog sync: runs, each reseller's turn, presets; written and read.

use counterfoil_domain::catalog::{CatalogRun, CatalogStep, Preset};
use counterfoil_domain::id::{ResellerId, RunId};
use counterfoil_domain::ports::{CommitError, StoreError};
use rusqlite::{Connection, params};

use super::query::{big, record, record_of, records, row, run};
use crate::record::{encode, time_text};
use crate::refusal::{known_catalog_run, unknown_catalog_run};

pub(super) fn insert_run(c: &Connection, asked: &CatalogRun) -> Result<(), CommitError> {
    if !asked.state.is_over() {
        let sql = "SELECT id FROM catalog_runs WHERE marketplace = $1 AND state IN ('queued', 'running')
            ORDER BY asked_at, id LIMIT 1";
        if let Some(id) = row(c, sql, params![asked.marketplace.as_str()], |r| r.get::<_, String>(0))? {
            return Err(CommitError::AlreadyRunning(RunId::new(id)));
        }
    }
    let sealed = encode(asked)?;
    let sql = "INSERT INTO catalog_runs (id, reseller, marketplace, kind, state, asked_at, body, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING";
    let (id, reseller, marketplace) = (asked.id.as_str(), asked.reseller.as_str(), asked.marketplace.as_str());
    let (kind, state, at) = (asked.kind.name(), asked.state.name(), time_text(asked.asked_at));
    let written = run(c, sql, params![id, reseller, marketplace, kind, state, at, sealed.body, sealed.seal])?;
    if written == 0 {
        return Err(known_catalog_run(asked).into());
    }
    Ok(())
}

pub(super) fn update_run(c: &Connection, asked: &CatalogRun) -> Result<(), StoreError> {
    let sealed = encode(asked)?;
    let sql = "UPDATE catalog_runs SET state = $1, body = $2, seal = $3 WHERE id = $4";
    let written = run(c, sql, params![asked.state.name(), sealed.body, sealed.seal, asked.id.as_str()])?;
    if written == 0 {
        return Err(unknown_catalog_run(asked));
    }
    Ok(())
}

pub(super) fn put_step(c: &Connection, step: &CatalogStep) -> Result<(), StoreError> {
    let sealed = encode(step)?;
    let sql = "INSERT INTO catalog_steps (run, place, body, seal) VALUES ($1, $2, $3, $4)
        ON CONFLICT (run, place) DO UPDATE SET body = excluded.body, seal = excluded.seal";
    run(c, sql, params![step.run.as_str(), place(step.place), sealed.body, sealed.seal]).map(|_| ())
}

pub(super) fn put_preset(c: &Connection, preset: &Preset) -> Result<(), StoreError> {
    let sealed = encode(preset)?;
    let sql = "INSERT INTO catalog_presets (reseller, name, body, seal) VALUES ($1, $2, $3, $4)
        ON CONFLICT (reseller, name) DO UPDATE SET body = excluded.body, seal = excluded.seal";
    run(c, sql, params![preset.reseller.as_str(), preset.name, sealed.body, sealed.seal]).map(|_| ())
}

pub(super) fn remove_preset(c: &Connection, reseller: &ResellerId, name: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM catalog_presets WHERE reseller = $1 AND name = $2";
    run(c, sql, params![reseller.as_str(), name]).map(|_| ())
}

pub(super) fn catalog_run(c: &Connection, id: &RunId) -> Result<Option<CatalogRun>, StoreError> {
    let sql = "SELECT body, seal FROM catalog_runs WHERE id = $1";
    record_of(c, sql, params![id.as_str()], |run: &CatalogRun| run.id == *id)
}

pub(super) fn runs(c: &Connection, reseller: Option<&ResellerId>, limit: usize) -> Result<Vec<CatalogRun>, StoreError> {
    match reseller {
        Some(reseller) => {
            let sql =
                "SELECT body, seal FROM catalog_runs WHERE reseller = $1 ORDER BY asked_at DESC, id DESC LIMIT $2";
            records(c, sql, params![reseller.as_str(), big(limit)])
        }
        None => {
            let sql = "SELECT body, seal FROM catalog_runs ORDER BY asked_at DESC, id DESC LIMIT $1";
            records(c, sql, params![big(limit)])
        }
    }
}

pub(super) fn unfinished_runs(c: &Connection) -> Result<Vec<CatalogRun>, StoreError> {
    let sql = "SELECT body, seal FROM catalog_runs WHERE state IN ('queued', 'running') ORDER BY asked_at, id";
    records(c, sql, [])
}

pub(super) fn steps(c: &Connection, of: &RunId, from: u64, limit: usize) -> Result<Vec<CatalogStep>, StoreError> {
    let sql = "SELECT body, seal FROM catalog_steps WHERE run = $1 AND place >= $2 ORDER BY place LIMIT $3";
    records(c, sql, params![of.as_str(), place(from), big(limit)])
}

pub(super) fn step(c: &Connection, of: &RunId, at: u64) -> Result<Option<CatalogStep>, StoreError> {
    record(c, "SELECT body, seal FROM catalog_steps WHERE run = $1 AND place = $2", params![of.as_str(), place(at)])
}

pub(super) fn presets(c: &Connection, reseller: &ResellerId) -> Result<Vec<Preset>, StoreError> {
    let sql = "SELECT body, seal FROM catalog_presets WHERE reseller = $1 ORDER BY name";
    records(c, sql, params![reseller.as_str()])
}

fn place(place: u64) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}
