//! Stored form of tasks and links.

use chrono::{DateTime, NaiveDate, Utc};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{
    Actor, BatchId, ConnectionId, CustomerId, EntityId, MarketplaceId, PlanDigest, ResellerId, Revision,
    SubscriptionId, TaskId,
};
use counterfoil_domain::job::JobKind;
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::money::Money;
use counterfoil_domain::order::OrderKey;
use counterfoil_domain::task::{IgnoreReason, Ignored, Need, Subject, Task, TaskState, Until};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::order::OrderKeyRow;
use super::{Bad, Record, Stored, stored_struct};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SubjectRow {
    Order { key: OrderKeyRow, revision: String },
    Initial { marketplace: String, subscription: String },
}

impl Stored for Subject {
    type Row = SubjectRow;

    fn to_row(&self) -> SubjectRow {
        match self {
            Self::Order { key, revision } => SubjectRow::Order { key: key.to_row(), revision: revision.to_row() },
            Self::Initial { marketplace, subscription } => {
                SubjectRow::Initial { marketplace: marketplace.to_row(), subscription: subscription.to_row() }
            }
        }
    }

    fn from_row(row: SubjectRow) -> Result<Self, Bad> {
        Ok(match row {
            SubjectRow::Order { key, revision } => {
                Self::Order { key: OrderKey::from_row(key)?, revision: Revision::new(revision) }
            }
            SubjectRow::Initial { marketplace, subscription } => Self::Initial {
                marketplace: MarketplaceId::new(marketplace),
                subscription: SubscriptionId::new(subscription),
            },
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NeedRow {
    Link { kind: String, source: String, name: String },
    Decision { why: String },
}

impl Stored for Need {
    type Row = NeedRow;

    fn to_row(&self) -> NeedRow {
        match self {
            Self::Link { kind, source, name } => {
                NeedRow::Link { kind: kind.to_row(), source: source.clone(), name: name.clone() }
            }
            Self::Decision { why } => NeedRow::Decision { why: why.clone() },
        }
    }

    fn from_row(row: NeedRow) -> Result<Self, Bad> {
        Ok(match row {
            NeedRow::Link { kind, source, name } => Self::Link { kind: LinkKind::from_row(kind)?, source, name },
            NeedRow::Decision { why } => Self::Decision { why },
        })
    }
}

/// Told apart by their shape: a day was all that there was at first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum UntilRow {
    Day(String),
    NextPeriod { next_period: String },
    Change { same: String },
}

impl Stored for Until {
    type Row = UntilRow;

    fn to_row(&self) -> UntilRow {
        match self {
            Self::Day(day) => UntilRow::Day(day.to_row()),
            Self::NextPeriod { starts } => UntilRow::NextPeriod { next_period: starts.to_row() },
            Self::Change { print } => UntilRow::Change { same: print.clone() },
        }
    }

    fn from_row(row: UntilRow) -> Result<Self, Bad> {
        Ok(match row {
            UntilRow::Day(day) => Self::Day(NaiveDate::from_row(day)?),
            UntilRow::NextPeriod { next_period } => Self::NextPeriod { starts: NaiveDate::from_row(next_period)? },
            UntilRow::Change { same } => Self::Change { print: same },
        })
    }
}

stored_struct!(Ignored as IgnoredRow {
    reason: IgnoreReason,
    text: String,
    by: Actor,
    at: DateTime<Utc>,
    until: Option<Until>,
});

stored_struct!(Failure as FailureRow {
    class: FailureClass,
    code: String,
    message: String,
    retry_after: Option<Duration>,
    attributes: Vec<(String, String)>,
});

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TaskStateRow {
    Pending(Vec<NeedRow>),
    Ready,
    Planned(String),
    Queued { plan: String, by: String },
    Sending { plan: String, batch: String },
    Synced { plan: String },
    Uncertain { plan: String, batch: String, why: String },
    Retrying { plan: String, at: String, failure: FailureRow },
    Parked { failure: FailureRow },
    Ignored(IgnoredRow),
    Superseded { by: String },
}

impl Stored for TaskState {
    type Row = TaskStateRow;

    fn to_row(&self) -> TaskStateRow {
        use TaskStateRow as R;
        match self {
            Self::Pending(needs) => R::Pending(needs.to_row()),
            Self::Ready => R::Ready,
            Self::Planned(plan) => R::Planned(plan.to_row()),
            Self::Queued { plan, by } => R::Queued { plan: plan.to_row(), by: by.to_row() },
            Self::Sending { plan, batch } => R::Sending { plan: plan.to_row(), batch: batch.to_row() },
            Self::Synced { plan } => R::Synced { plan: plan.to_row() },
            Self::Uncertain { plan, batch, why } => {
                R::Uncertain { plan: plan.to_row(), batch: batch.to_row(), why: why.clone() }
            }
            Self::Retrying { plan, at, failure } => {
                R::Retrying { plan: plan.to_row(), at: at.to_row(), failure: failure.to_row() }
            }
            Self::Parked { failure } => R::Parked { failure: failure.to_row() },
            Self::Ignored(ignored) => R::Ignored(ignored.to_row()),
            Self::Superseded { by } => R::Superseded { by: by.to_row() },
        }
    }

    fn from_row(row: TaskStateRow) -> Result<Self, Bad> {
        use TaskStateRow as R;
        Ok(match row {
            R::Pending(needs) => Self::Pending(Vec::from_row(needs)?),
            R::Ready => Self::Ready,
            R::Planned(plan) => Self::Planned(PlanDigest::new(plan)),
            R::Queued { plan, by } => Self::Queued { plan: PlanDigest::new(plan), by: Actor::new(by) },
            R::Sending { plan, batch } => Self::Sending { plan: PlanDigest::new(plan), batch: BatchId::new(batch) },
            R::Synced { plan } => Self::Synced { plan: PlanDigest::new(plan) },
            R::Uncertain { plan, batch, why } => {
                Self::Uncertain { plan: PlanDigest::new(plan), batch: BatchId::new(batch), why }
            }
            R::Retrying { plan, at, failure } => Self::Retrying {
                plan: PlanDigest::new(plan),
                at: DateTime::from_row(at)?,
                failure: Failure::from_row(failure)?,
            },
            R::Parked { failure } => Self::Parked { failure: Failure::from_row(failure)? },
            R::Ignored(ignored) => Self::Ignored(Ignored::from_row(ignored)?),
            R::Superseded { by } => Self::Superseded { by: TaskId::new(by) },
        })
    }
}

stored_struct!(Task as TaskRow {
    id: TaskId,
    reseller: ResellerId,
    connection: ConnectionId,
    subject: Subject,
    kind: JobKind,
    number: String,
    customer: CustomerId,
    customer_name: String,
    subscription: Option<SubscriptionId>,
    amount: Money,
    scenario: String,
    state: TaskState,
    created_at: DateTime<Utc>,
    observed_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    failures: u32,
    crashes: u32,
    version: u64,
});

impl Record for Task {
    const WHAT: &'static str = "task";
}

stored_struct!(LinkKey as LinkKeyRow { connection: ConnectionId, kind: LinkKind, source: String });
stored_struct!(LinkTarget as LinkTargetRow {
    id: EntityId,
    code: String,
    name: String,
    attributes: Vec<(String, String)>,
});

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LinkStateRow {
    Linked(LinkTargetRow),
    Unlinked,
    NeverSync,
}

impl Stored for LinkState {
    type Row = LinkStateRow;

    fn to_row(&self) -> LinkStateRow {
        match self {
            Self::Linked(target) => LinkStateRow::Linked(target.to_row()),
            Self::Unlinked => LinkStateRow::Unlinked,
            Self::NeverSync => LinkStateRow::NeverSync,
        }
    }

    fn from_row(row: LinkStateRow) -> Result<Self, Bad> {
        Ok(match row {
            LinkStateRow::Linked(target) => Self::Linked(LinkTarget::from_row(target)?),
            LinkStateRow::Unlinked => Self::Unlinked,
            LinkStateRow::NeverSync => Self::NeverSync,
        })
    }
}

stored_struct!(Link as LinkRow { key: LinkKey, source_name: String, state: LinkState, why: String });

impl Record for Link {
    const WHAT: &'static str = "link";
}
