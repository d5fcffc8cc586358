//! Stored form of batches, effects and exchanges.

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{BatchId, ChangeKey, ConnectionId, EffectKey, EntityId, PlanDigest, PluginDigest};
use counterfoil_domain::journal::{Batch, BatchState, Effect, EffectState, Look, Sighting, Trail};
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
    trail: Trail,
});

stored_struct!(Look as LookRow {
    at: DateTime<Utc>,
    plan: PlanDigest,
    change: ChangeKey,
    sighting: Sighting,
});

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SightingRow {
    Found(String),
    Absent,
    Several(Vec<String>),
    NoAnswer(String),
}

impl Stored for Sighting {
    type Row = SightingRow;

    fn to_row(&self) -> SightingRow {
        match self {
            Self::Found(reference) => SightingRow::Found(reference.to_string()),
            Self::Absent => SightingRow::Absent,
            Self::Several(candidates) => SightingRow::Several(candidates.iter().map(ToString::to_string).collect()),
            Self::NoAnswer(why) => SightingRow::NoAnswer(why.clone()),
        }
    }

    fn from_row(row: SightingRow) -> Result<Self, Bad> {
        Ok(match row {
            SightingRow::Found(reference) => Self::Found(EntityId::new(reference)),
            SightingRow::Absent => Self::Absent,
            SightingRow::Several(candidates) => Self::Several(candidates.into_iter().map(EntityId::new).collect()),
            SightingRow::NoAnswer(why) => Self::NoAnswer(why),
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TrailRow {
    applying: bool,
    crashes: u32,
    spared: Vec<String>,
    looks: Vec<LookRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    follow_up: Option<String>,
}

impl Stored for Trail {
    /// Batches of earlier versions have none.
    type Row = Option<TrailRow>;

    fn to_row(&self) -> Option<TrailRow> {
        (*self != Self::default()).then(|| TrailRow {
            applying: self.applying,
            crashes: self.crashes,
            spared: self.spared.iter().map(ToString::to_string).collect(),
            looks: self.looks.to_row(),
            follow_up: self.follow_up.to_row(),
        })
    }

    fn from_row(row: Option<TrailRow>) -> Result<Self, Bad> {
        let Some(row) = row else { return Ok(Self::default()) };
        Ok(Self {
            applying: row.applying,
            crashes: row.crashes,
            spared: row.spared.into_iter().map(PlanDigest::new).collect(),
            looks: Vec::from_row(row.looks).map_err(|bad| bad.inside("looks"))?,
            follow_up: row.follow_up.map(ChangeKey::new),
        })
    }
}

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
