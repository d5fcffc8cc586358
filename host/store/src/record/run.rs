//! Stored form of runs.

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{Actor, ConnectionId, PlanDigest, ResellerId, RunId, SubscriptionId, TaskId};
use counterfoil_domain::period::Period;
use counterfoil_domain::program::ProgramName;
use counterfoil_domain::run::{Problem, ProductChoice, Run, RunKind, RunState, Selection};
use serde::{Deserialize, Serialize};

use super::{Bad, Record, Stored, stored_struct};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum SelectionRow {
    AllReady,
    Tasks(Vec<String>),
}

impl Stored for Selection {
    type Row = SelectionRow;

    fn to_row(&self) -> SelectionRow {
        match self {
            Self::AllReady => SelectionRow::AllReady,
            Self::Tasks(tasks) => SelectionRow::Tasks(tasks.to_row()),
        }
    }

    fn from_row(row: SelectionRow) -> Result<Self, Bad> {
        Ok(match row {
            SelectionRow::AllReady => Self::AllReady,
            SelectionRow::Tasks(tasks) => Self::Tasks(Vec::<TaskId>::from_row(tasks)?),
        })
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RunKindRow {
    Check,
    Backfill((String, String)),
    Plan(SelectionRow),
    Reconcile(Vec<String>, (String, String)),
    Sync(Vec<String>),
    Products(String, Option<Vec<String>>),
}

impl Stored for RunKind {
    type Row = RunKindRow;

    fn to_row(&self) -> RunKindRow {
        match self {
            Self::Check => RunKindRow::Check,
            Self::Backfill(days) => RunKindRow::Backfill(days.to_row()),
            Self::Plan(selection) => RunKindRow::Plan(selection.to_row()),
            Self::Reconcile { subscriptions, period } => RunKindRow::Reconcile(subscriptions.to_row(), period.to_row()),
            Self::Sync(plans) => RunKindRow::Sync(plans.to_row()),
            Self::Products { program, which } => {
                let these = match which {
                    ProductChoice::All => None,
                    ProductChoice::These(codes) => Some(codes.clone()),
                };
                RunKindRow::Products(program.name().to_owned(), these)
            }
        }
    }

    fn from_row(row: RunKindRow) -> Result<Self, Bad> {
        Ok(match row {
            RunKindRow::Check => Self::Check,
            RunKindRow::Backfill(days) => Self::Backfill(Period::from_row(days)?),
            RunKindRow::Plan(selection) => Self::Plan(Selection::from_row(selection)?),
            RunKindRow::Reconcile(subscriptions, period) => Self::Reconcile {
                subscriptions: Vec::<SubscriptionId>::from_row(subscriptions)?,
                period: Period::from_row(period)?,
            },
            RunKindRow::Sync(plans) => Self::Sync(Vec::<PlanDigest>::from_row(plans)?),
            RunKindRow::Products(program, these) => Self::Products {
                program: ProgramName::parse(&program).ok_or_else(|| Bad::new(format!("no program \"{program}\"")))?,
                which: these.map_or(ProductChoice::All, ProductChoice::These),
            },
        })
    }
}

stored_struct!(Problem as ProblemRow { code: String, subject: String, message: String });

stored_struct!(Run as RunRow {
    id: RunId,
    reseller: ResellerId,
    connection: ConnectionId,
    kind: RunKind,
    state: RunState,
    asked_by: Actor,
    asked_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    total: Option<u64>,
    done: u64,
    counts: Vec<(String, u64)>,
    problems: Vec<Problem>,
});

impl Record for Run {
    const WHAT: &'static str = "run";
}
