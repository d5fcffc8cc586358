//! Reads of what an operator set up, and of the audit log.

use chrono::{DateTime, Utc};
use counterfoil_domain::connection::{Connection as Configured, Marketplace, Reseller};
use counterfoil_domain::id::Actor;
use counterfoil_domain::ports::{AuditCheck, AuditEntry, AuditRecord, StoreError, User};
use rusqlite::{Connection, Row, params};

use super::query::{big, records, row, rows, told};
use crate::audit::{ChainRecord, Walk};
use crate::record::time_from;

pub(super) fn resellers(c: &Connection) -> Result<Vec<Reseller>, StoreError> {
    records(c, "SELECT body, seal FROM resellers ORDER BY id", [])
}

pub(super) fn marketplaces(c: &Connection) -> Result<Vec<Marketplace>, StoreError> {
    records(c, "SELECT body, seal FROM marketplaces ORDER BY id", [])
}

pub(super) fn connections(c: &Connection) -> Result<Vec<Configured>, StoreError> {
    records(c, "SELECT body, seal FROM connections ORDER BY id", [])
}

pub(super) fn users(c: &Connection) -> Result<Vec<User>, StoreError> {
    records(c, "SELECT body, seal FROM users ORDER BY name", [])
}

fn chain_record(r: &Row<'_>) -> rusqlite::Result<ChainRecord> {
    Ok(ChainRecord {
        place: r.get(0)?,
        happened_at: r.get(1)?,
        actor: r.get(2)?,
        action: r.get(3)?,
        subject: r.get(4)?,
        detail: r.get(5)?,
    })
}

fn happened(text: &str) -> Result<DateTime<Utc>, StoreError> {
    time_from(text).map_err(|bad| StoreError::Corrupt { what: "audit record", problem: bad.to_string() })
}

fn audit_entry(record: ChainRecord) -> Result<AuditEntry, StoreError> {
    let at = happened(&record.happened_at)?;
    let ChainRecord { actor, action, subject, detail, .. } = record;
    Ok(AuditEntry { at, actor: Actor::new(actor), action, subject, detail })
}

pub(super) fn audit(c: &Connection, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
    let sql = "SELECT place, happened_at, actor, action, subject, detail FROM audit ORDER BY place DESC LIMIT $1";
    rows(c, sql, params![big(limit)], chain_record)?.into_iter().map(audit_entry).collect()
}

pub(super) fn audit_records(c: &Connection, after: u64, limit: usize) -> Result<Vec<AuditRecord>, StoreError> {
    let sql = "SELECT place, happened_at, actor, action, subject, detail, hash FROM audit
        WHERE place > $1 ORDER BY place LIMIT $2";
    let found = rows(c, sql, params![big(after), big(limit)], |r| Ok((chain_record(r)?, r.get::<_, String>(6)?)))?;
    let record = |(record, hash): (ChainRecord, String)| {
        let place = u64::try_from(record.place).unwrap_or_default();
        Ok(AuditRecord { place, entry: audit_entry(record)?, hash })
    };
    found.into_iter().map(record).collect()
}

/// When the file was last made of a backup.
pub(super) fn restored_at(c: &Connection) -> Result<Option<DateTime<Utc>>, StoreError> {
    let sql = "SELECT happened_at FROM audit WHERE action = 'store.restored' ORDER BY place DESC LIMIT 1";
    let at: Option<String> = row(c, sql, [], |r| r.get(0))?;
    at.as_deref().map(happened).transpose()
}

pub(super) fn verify_audit(c: &Connection) -> Result<AuditCheck, StoreError> {
    let head = row(c, "SELECT place, hash FROM audit_head WHERE one = 1", [], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let sql = "SELECT place, happened_at, actor, action, subject, detail, hash FROM audit ORDER BY place";
    let mut statement = c.prepare(sql).map_err(told)?;
    let mut rows = statement.query([]).map_err(told)?;
    let mut walk = Walk::default();
    while let Some(r) = rows.next().map_err(told)? {
        let record = chain_record(r).map_err(told)?;
        let hash: String = r.get(6).map_err(told)?;
        if !walk.step(&record, &hash) {
            break;
        }
    }
    Ok(walk.finish(head))
}
