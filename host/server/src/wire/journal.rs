//! The record of calls and the audit log, on the wire.

use counterfoil_domain::ports::{AuditEntry, ExchangeRecord};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

/// One call on the wire, redacted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Exchange)]
pub struct ExchangeView {
    pub at: Time,
    pub caller: String,
    pub operation: String,
    pub method: String,
    pub path: String,
    /// None when no answer came.
    pub status: Option<u16>,
    pub millis: u64,
    /// answered · not-sent · uncertain · refused
    pub outcome: String,
    pub note: String,
    pub context: String,
}

impl From<ExchangeRecord> for ExchangeView {
    fn from(record: ExchangeRecord) -> Self {
        Self {
            at: record.at.into(),
            caller: record.caller,
            operation: record.operation,
            method: record.method,
            path: record.path,
            status: (record.status != 0).then_some(record.status),
            millis: record.millis,
            outcome: record.outcome,
            note: record.note,
            context: record.context,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExchangeList {
    /// Newest first.
    pub exchanges: Vec<ExchangeView>,
    pub has_more: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditView {
    pub at: Time,
    pub actor: String,
    pub action: String,
    pub subject: String,
    pub detail: String,
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            at: entry.at.into(),
            actor: entry.actor.to_string(),
            action: entry.action,
            subject: entry.subject,
            detail: entry.detail,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditList {
    /// Newest first.
    pub entries: Vec<AuditView>,
    pub has_more: bool,
    #[serde(default)]
    pub next: Option<String>,
}
