//! Whether a task may go without a person: the conditions, each with the word and the sentence that people see. Owns no
//! confirming and no sending; a plan that goes by itself goes the same way as one that somebody confirmed.

use std::fmt;

use rust_decimal::Decimal;

use crate::adjust::Adjustments;
use crate::connection::{AutoSync, Connection, ConnectionState};
use crate::job::JobKind;
use crate::order::named;
use crate::plan::{Plan, SealedPlan, Severity};
use crate::task::{Task, TaskState};

named! {
    /// Why a task waits for a person.
    Why {
        ConnectionOff = "connection-off",
        ConnectionPaused = "connection-paused",
        CustomerOff = "customer-off",
        Initial = "initial",
        Reconcile = "reconcile",
        KindNotChosen = "kind-not-chosen",
        DecidedByPerson = "decided-by-person",
        /// Another task of the customer was sent and never answered.
        CustomerUncertain = "customer-uncertain",
        NotPlanned = "not-planned",
        PlanAltered = "plan-altered",
        PlanEmpty = "plan-empty",
        FindingBlocks = "finding-blocks",
        FindingNeedsPerson = "finding-needs-person",
        OverLimit = "over-limit",
    }
}

impl Why {
    /// What is so, and what to do about it.
    pub fn text(self) -> &'static str {
        match self {
            Self::ConnectionOff => {
                "Auto-sync is off for this connection. Confirm the plan, or switch auto-sync on in the setup file."
            }
            Self::ConnectionPaused => {
                "The connection is paused or needs a sign-in: nothing is sent until it is enabled again."
            }
            Self::CustomerOff => "Auto-sync is off for this customer. Confirm the plan, or switch the customer on.",
            Self::Initial => "The first snapshot of a subscription is never sent by itself. Look at it and confirm it.",
            Self::Reconcile => {
                "What reconciling found never goes by itself. Look at each difference, then confirm or ignore it."
            }
            Self::KindNotChosen => "Orders of this type are not chosen for auto-sync. Confirm the plan.",
            Self::DecidedByPerson => {
                "Somebody decided about this task or set values on it. Whoever did confirms its plan."
            }
            Self::CustomerUncertain => {
                "Something sent for this customer was never answered. Resolve that first: until then nothing of this customer goes by itself."
            }
            Self::NotPlanned => {
                "The task does not stand on a plan that can be confirmed. Plan it, where it can be; after the next check that is done by itself."
            }
            Self::PlanAltered => {
                "The stored plan does not match its digest. Plan again, and find out who changed the database."
            }
            Self::PlanEmpty => "The plan writes nothing: the target has it already. Confirm it, or ignore the task.",
            Self::FindingBlocks => "The checker blocks the plan. Correct what its findings name, then plan again.",
            Self::FindingNeedsPerson => {
                "The checker found what a person must accept. Look at the findings and confirm."
            }
            Self::OverLimit => "The plan moves more money than auto-sync may. Confirm it.",
        }
    }
}

/// What is known of a task beside itself and its plan.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    pub connection: &'a Connection,
    /// The customer's own switch.
    pub switched_on: bool,
    /// What people set on the task, if anything ever.
    pub adjustments: Option<&'a Adjustments>,
    /// The customer has a task on this connection of which nobody knows whether it was written.
    pub uncertain: bool,
}

/// What can be said before there is a plan. Whatever is refused here needs none made by itself.
pub fn may_plan(task: &Task, standing: Standing<'_>) -> Result<(), Why> {
    let auto = &standing.connection.rules.auto_sync;
    let refusals = [
        (!auto.on, Why::ConnectionOff),
        (standing.connection.state != ConnectionState::Enabled, Why::ConnectionPaused),
        (!standing.switched_on, Why::CustomerOff),
        (task.kind == JobKind::Initial, Why::Initial),
        (task.kind == JobKind::Reconcile, Why::Reconcile),
        (!chosen(auto, task.kind), Why::KindNotChosen),
        (standing.adjustments.is_some_and(|all| !all.is_empty()), Why::DecidedByPerson),
        (standing.uncertain, Why::CustomerUncertain),
    ];
    first(&refusals)
}

/// Whether this plan of this task may be confirmed without a person.
pub fn allowed(task: &Task, sealed: &SealedPlan, standing: Standing<'_>) -> Result<(), Why> {
    may_plan(task, standing)?;
    let stands = sealed.plan.task == task.id
        && sealed.connection == task.connection
        && matches!(&task.state, TaskState::Planned(digest) if *digest == sealed.digest);
    let most = standing.connection.rules.auto_sync.most;
    let worst = sealed.worst();
    let refusals = [
        (!stands, Why::NotPlanned),
        (!sealed.is_intact(), Why::PlanAltered),
        (sealed.plan.is_empty(), Why::PlanEmpty),
        (worst == Some(Severity::Blocks), Why::FindingBlocks),
        (worst == Some(Severity::NeedsPerson), Why::FindingNeedsPerson),
        (most.is_some_and(|most| moves(&sealed.plan).is_none_or(|money| money > most)), Why::OverLimit),
    ];
    first(&refusals)
}

fn first(refusals: &[(bool, Why)]) -> Result<(), Why> {
    refusals.iter().find(|(refused, _)| *refused).map_or(Ok(()), |(_, why)| Err(*why))
}

fn chosen(auto: &AutoSync, kind: JobKind) -> bool {
    auto.kinds.is_empty() || auto.kinds.contains(&kind)
}

/// The money that a plan moves, whichever way: an invoice and a credit note of the same amount are not nothing. None:
/// more than can be counted.
pub fn moves(plan: &Plan) -> Option<Decimal> {
    plan.changes.iter().try_fold(Decimal::ZERO, |sum, change| sum.checked_add(change.total.amount.abs()))
}
