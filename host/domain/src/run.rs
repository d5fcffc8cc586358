//! Runs: pieces of work that a person, the API or a schedule asked for. A run is written as queued and
//! picked up by the engine, so that a confirmed action survives a restart.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::id::{Actor, ConnectionId, PlanDigest, ResellerId, RunId, SubscriptionId, TaskId};
use crate::order::named;
use crate::period::Period;
use crate::program::ProgramName;

/// Which tasks a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Every task that is ready, or planned and not blocked.
    AllReady,
    Tasks(Vec<TaskId>),
}

/// Which products a run is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductChoice {
    All,
    /// By their codes.
    These(Vec<String>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunKind {
    /// Check Changes.
    Check,
    /// Check Changes for the orders created on these days, however long ago.
    Backfill(Period),
    Plan(Selection),
    /// Hold what the marketplace has of these subscriptions now against what the target has for the period.
    Reconcile {
        subscriptions: Vec<SubscriptionId>,
        period: Period,
    },
    /// Confirmed plans by digest: what was shown is what is sent.
    Sync(Vec<PlanDigest>),
    /// The products of a program become items of the target.
    Products {
        program: ProgramName,
        which: ProductChoice,
    },
}

impl RunKind {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Backfill(_) => "backfill",
            Self::Plan(_) => "plan",
            Self::Reconcile { .. } => "reconcile",
            Self::Sync(_) => "sync",
            Self::Products { .. } => "products",
        }
    }
}

named! {
    RunState {
        Queued = "queued",
        Running = "running",
        Done = "done",
        /// Something could not be read or written; what was possible is done, nothing is lost.
        Incomplete = "incomplete",
        Failed = "failed",
    }
}

impl RunState {
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Incomplete | Self::Failed)
    }
}

/// Something that a run could not do, in a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub code: String,
    /// The order, task, link or page it is about; may be empty.
    pub subject: String,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub id: RunId,
    pub reseller: ResellerId,
    pub connection: ConnectionId,
    pub kind: RunKind,
    pub state: RunState,
    pub asked_by: Actor,
    pub asked_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    /// Known total of the work, once it is known.
    pub total: Option<u64>,
    pub done: u64,
    /// Named figures: "orders-seen", "tasks-new", "ignored", "synced", …
    pub counts: Vec<(String, u64)>,
    pub problems: Vec<Problem>,
}

impl Run {
    pub fn count(&mut self, name: &str, more: u64) {
        match self.counts.iter_mut().find(|(n, _)| n == name) {
            Some((_, count)) => *count += more,
            None => self.counts.push((name.to_owned(), more)),
        }
    }

    pub fn counted(&self, name: &str) -> u64 {
        self.counts.iter().find(|(n, _)| n == name).map_or(0, |(_, count)| *count)
    }
}
