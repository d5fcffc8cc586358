//! The audit log's chain, on the wire: whether it is as it was written, and its records with their hashes.

use counterfoil_domain::ports::{AuditCheck, AuditRecord};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditCheck)]
pub struct AuditCheckView {
    /// Every record is what was written.
    pub good: bool,
    /// How many records are good, counted from the first.
    pub records: u64,
    /// Hash of the last good one: kept elsewhere, it shows later whether the end was cut off.
    pub head: String,
    pub first_bad: Option<BadRecordView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BadRecord)]
pub struct BadRecordView {
    /// Its place in the log, counted from 1.
    pub place: i64,
    pub why: String,
}

impl From<AuditCheck> for AuditCheckView {
    fn from(check: AuditCheck) -> Self {
        let first_bad = check.first_bad.map(|bad| BadRecordView { place: bad.place, why: bad.why });
        Self { good: first_bad.is_none(), records: check.records, head: check.head, first_bad }
    }
}

/// A line of the export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditRecord)]
pub struct AuditRecordView {
    pub place: u64,
    pub at: Time,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub detail: String,
    pub hash: String,
}

impl From<AuditRecord> for AuditRecordView {
    fn from(record: AuditRecord) -> Self {
        let AuditRecord { place, entry, hash } = record;
        Self {
            place,
            at: entry.at.into(),
            actor: entry.actor.to_string(),
            action: entry.action,
            subject: entry.subject,
            detail: entry.detail,
            hash,
        }
    }
}
