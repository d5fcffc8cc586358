//! Runs on the wire.

use std::collections::BTreeMap;

use counterfoil_domain::outcome::outcome;
use counterfoil_domain::run::{Problem, Run, RunKind, Selection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Day, Time};

/// Something that a run could not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RunProblem)]
pub struct ProblemView {
    pub code: String,
    pub subject: String,
    pub message: String,
}

impl From<&Problem> for ProblemView {
    fn from(problem: &Problem) -> Self {
        Self { code: problem.code.clone(), subject: problem.subject.clone(), message: problem.message.clone() }
    }
}

/// Days on the marketplace's calendar (UTC), both included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DaysView {
    pub from: Day,
    pub to: Day,
}

/// What to check. Without days: what changed since the last check. With both: the orders created on those days, however
/// long ago.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckBody {
    /// The first day (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Day>,
    /// The last day (UTC), itself included; today at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Day>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Run)]
pub struct RunView {
    pub id: String,
    pub reseller: String,
    pub connection: String,
    /// check · backfill · plan · reconcile · sync · products
    pub kind: String,
    /// queued · running · done · incomplete · failed
    pub state: String,
    /// Nothing more will happen in it.
    pub is_over: bool,
    /// How it ended, in a word: no-change · success · warning · error; none while it is not over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    pub asked_by: String,
    pub asked_at: Time,
    pub started_at: Option<Time>,
    pub finished_at: Option<Time>,
    pub total: Option<u64>,
    pub done: u64,
    pub counts: BTreeMap<String, u64>,
    pub problems: Vec<ProblemView>,
    /// Of a backfill, and of reconciling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<DaysView>,
    /// Of reconciling.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<String>,
    /// Of a plan run; empty: all that are ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<String>,
    /// Of a sync run: the confirmed digests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<String>,
    /// Of a product sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
}

impl From<&Run> for RunView {
    fn from(run: &Run) -> Self {
        let (tasks, plans) = match &run.kind {
            RunKind::Check
            | RunKind::Backfill(_)
            | RunKind::Plan(Selection::AllReady)
            | RunKind::Reconcile { .. }
            | RunKind::Products { .. } => (Vec::new(), Vec::new()),
            RunKind::Plan(Selection::Tasks(tasks)) => (tasks.iter().map(ToString::to_string).collect(), Vec::new()),
            RunKind::Sync(plans) => (Vec::new(), plans.iter().map(ToString::to_string).collect()),
        };
        let days = match &run.kind {
            RunKind::Backfill(days) | RunKind::Reconcile { period: days, .. } => {
                Some(DaysView { from: days.start().into(), to: days.last().into() })
            }
            RunKind::Check | RunKind::Plan(_) | RunKind::Sync(_) | RunKind::Products { .. } => None,
        };
        let subscriptions = match &run.kind {
            RunKind::Reconcile { subscriptions, .. } => subscriptions.iter().map(ToString::to_string).collect(),
            RunKind::Check | RunKind::Backfill(_) | RunKind::Plan(_) | RunKind::Sync(_) | RunKind::Products { .. } => {
                Vec::new()
            }
        };
        let program = match &run.kind {
            RunKind::Products { program, .. } => Some(program.name().to_owned()),
            _ => None,
        };
        Self {
            id: run.id.to_string(),
            reseller: run.reseller.to_string(),
            connection: run.connection.to_string(),
            kind: run.kind.name().to_owned(),
            state: run.state.name().to_owned(),
            is_over: run.state.is_over(),
            outcome: outcome(run).map(|outcome| outcome.name().to_owned()),
            asked_by: run.asked_by.to_string(),
            asked_at: run.asked_at.into(),
            started_at: run.started_at.map(Into::into),
            finished_at: run.finished_at.map(Into::into),
            total: run.total,
            done: run.done,
            counts: run.counts.iter().cloned().collect(),
            problems: run.problems.iter().map(Into::into).collect(),
            days,
            subscriptions,
            tasks,
            plans,
            program,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunPage {
    /// Newest first.
    pub runs: Vec<RunView>,
    pub has_more: bool,
    pub next: Option<String>,
}
