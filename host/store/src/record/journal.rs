//! Stored form of batches, effects and exchanges.

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{BatchId, ConnectionId, EffectKey, PlanDigest, PluginDigest};
use counterfoil_domain::journal::{Batch, BatchState, Effect, EffectState};
use counterfoil_domain::plan::ChangeReceipt;
use counterfoil_domain::ports::ExchangeRecord;
use counterfoil_domain::wire::{Request, Response};
use serde::{Deserialize, Serialize};

use super::{Bad, Record, Stored, stored_struct};

stored_struct!(Batch as BatchRow {
    id: BatchId,
    connection: ConnectionId,
    plugin: PluginDigest,
    plans: Vec<PlanDigest>,
    adopted: Vec<(PlanDigest, ChangeReceipt)>,
    state: BatchState,
    opened_at: DateTime<Utc>,
    probes: u32,
    probe_at: Option<DateTime<Utc>>,
});

impl Record for Batch {
    const WHAT: &'static str = "batch";
}

stored_struct!(Request as RequestRow {
    operation: String,
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
});

stored_struct!(Response as ResponseRow {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    replayed: bool,
});

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EffectStateRow {
    Intent,
    Answered(ResponseRow),
    NotSent { why: String },
}

impl Stored for EffectState {
    type Row = EffectStateRow;

    fn to_row(&self) -> EffectStateRow {
        match self {
            Self::Intent => EffectStateRow::Intent,
            Self::Answered(response) => EffectStateRow::Answered(response.to_row()),
            Self::NotSent { why } => EffectStateRow::NotSent { why: why.clone() },
        }
    }

    fn from_row(row: EffectStateRow) -> Result<Self, Bad> {
        Ok(match row {
            EffectStateRow::Intent => Self::Intent,
            EffectStateRow::Answered(response) => Self::Answered(Response::from_row(response)?),
            EffectStateRow::NotSent { why } => Self::NotSent { why },
        })
    }
}

stored_struct!(Effect as EffectRow {
    batch: BatchId,
    key: EffectKey,
    request: Request,
    request_digest: String,
    idempotency_key: String,
    attempt: u32,
    state: EffectState,
    first_sent_at: DateTime<Utc>,
    deadline: DateTime<Utc>,
    answered_at: Option<DateTime<Utc>>,
});

impl Record for Effect {
    const WHAT: &'static str = "effect";
}

stored_struct!(ExchangeRecord as ExchangeRow {
    at: DateTime<Utc>,
    caller: String,
    operation: String,
    method: String,
    path: String,
    status: u16,
    millis: u64,
    outcome: String,
    note: String,
    context: String,
});

impl Record for ExchangeRecord {
    const WHAT: &'static str = "exchange";
}
