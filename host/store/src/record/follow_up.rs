//! Stored form of steps that wait.

use chrono::{DateTime, Utc};
use counterfoil_domain::follow_up::{Awaited, FollowUp, FollowUpState};
use counterfoil_domain::id::{BatchId, ChangeKey, ConnectionId, EntityId, PlanDigest, PluginDigest, TaskId};
use serde::{Deserialize, Serialize};

use super::{Bad, Record, Stored, stored_struct};

stored_struct!(Awaited as AwaitedRow { document: String, reference: EntityId });

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FollowUpStateRow {
    Waiting { at: String },
    Sending { batch: String, at: String },
    Done { at: String },
    Left { why: String, at: String },
    Person { why: String, at: String },
}

impl Stored for FollowUpState {
    type Row = FollowUpStateRow;

    fn to_row(&self) -> FollowUpStateRow {
        match self {
            Self::Waiting { at } => FollowUpStateRow::Waiting { at: at.to_row() },
            Self::Sending { batch, at } => FollowUpStateRow::Sending { batch: batch.to_row(), at: at.to_row() },
            Self::Done { at } => FollowUpStateRow::Done { at: at.to_row() },
            Self::Left { why, at } => FollowUpStateRow::Left { why: why.clone(), at: at.to_row() },
            Self::Person { why, at } => FollowUpStateRow::Person { why: why.clone(), at: at.to_row() },
        }
    }

    fn from_row(row: FollowUpStateRow) -> Result<Self, Bad> {
        let time = |at: String| DateTime::<Utc>::from_row(at).map_err(|bad| bad.inside("at"));
        Ok(match row {
            FollowUpStateRow::Waiting { at } => Self::Waiting { at: time(at)? },
            FollowUpStateRow::Sending { batch, at } => Self::Sending { batch: BatchId::new(batch), at: time(at)? },
            FollowUpStateRow::Done { at } => Self::Done { at: time(at)? },
            FollowUpStateRow::Left { why, at } => Self::Left { why, at: time(at)? },
            FollowUpStateRow::Person { why, at } => Self::Person { why, at: time(at)? },
        })
    }
}

stored_struct!(FollowUp as FollowUpRow {
    connection: ConnectionId,
    task: TaskId,
    plan: PlanDigest,
    change: ChangeKey,
    plugin: PluginDigest,
    title: String,
    waits_for: String,
    documents: Vec<Awaited>,
    state: FollowUpState,
    begun_at: DateTime<Utc>,
    looked_at: Option<DateTime<Utc>>,
    looks: u32,
    failures: u32,
});

impl Record for FollowUp {
    const WHAT: &'static str = "follow-up";
}
