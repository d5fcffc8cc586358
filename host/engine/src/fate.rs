//! What one plan's outcome means for its task: the failure's class, what the journal knows was on the wire, and the
//! budgets of `domain::retry` decide. Owns no commit; a conflict is looked at in the target.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::follow_up::may_wait;
use counterfoil_domain::journal::{Effect, EffectState};
use counterfoil_domain::plan::{Action, Located, Plan, Receipt};
use counterfoil_domain::ports::Target;
use counterfoil_domain::retry::{self, Budget, Reached};
use counterfoil_domain::task::{Event, Task};

use crate::engine::Engine;
use crate::exchange::{DIFFERS, NO_CONNECTION};
use crate::linking::read_only;

/// Codes of a guest that went down in `apply`, or that answered for too few.
pub(crate) const STOPPED: &str = "apply-stopped";
pub(crate) const INCOMPLETE: &str = "apply-incomplete";

/// What happens to one task now.
#[derive(Debug)]
pub(crate) enum Fate {
    Stored(Receipt),
    Moves(Event),
    /// Something of the batch is stored and this task's rest was surely not sent: it goes out under the same keys
    /// in the same batch, so that nothing stored is written again.
    GoesOn {
        at: DateTime<Utc>,
        failure: Failure,
    },
}

/// What is known beside the outcome.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) effects: &'a [Effect],
    /// Its batch holds nothing else.
    pub(crate) alone: bool,
    pub(crate) now: DateTime<Utc>,
}

/// The guest went down, or answered for too few: for which of its plans, nobody can say.
pub(crate) fn is_stop(failure: &Failure) -> bool {
    failure.code == STOPPED || failure.code == INCOMPLETE
}

/// Nothing of a batch ever left, or surely nothing of it arrived.
pub(crate) fn is_surely_unsent(effects: &[Effect]) -> bool {
    effects.iter().all(|effect| matches!(effect.state, EffectState::NotSent { .. }))
}

pub(crate) fn reached(failure: &Failure, effects: &[Effect]) -> Reached {
    let surely_not = if effects.is_empty() { failure.code == NO_CONNECTION } else { is_surely_unsent(effects) };
    if surely_not { Reached::SurelyNot } else { Reached::Perhaps }
}

fn was_carried_out(effect: &Effect) -> bool {
    matches!(&effect.state, EffectState::Answered(response) if (200..300).contains(&response.status))
}

/// Replayed it would come again, whatever the target thinks by now.
fn is_kept_error(effect: &Effect) -> bool {
    matches!(&effect.state, EffectState::Answered(response) if response.status >= 500)
}

pub(crate) async fn fate(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    (task, plan): (&Task, &Plan),
    result: Result<Receipt, Failure>,
    known: Known<'_>,
) -> Fate {
    let failure = match result {
        Ok(receipt) => match incomplete(plan, &receipt) {
            None => return Fate::Stored(receipt),
            Some(why) => Failure::new(FailureClass::UnknownOutcome, "receipt-incomplete", why),
        },
        Err(failure) => failure,
    };
    // "Nothing was written" is about the last try, and a defect of the plugin says nothing at all. Where an earlier
    // try is still without an answer, it is not known.
    let passing = matches!(failure.class, FailureClass::Throttled | FailureClass::Transient | FailureClass::Auth);
    // What is in the way may be what the unanswered write left there.
    let proves_nothing = passing || matches!(failure.class, FailureClass::Internal | FailureClass::Conflict);
    let unanswered = known.effects.iter().any(|effect| effect.state == EffectState::Intent);
    if failure.code == DIFFERS || proves_nothing && unanswered {
        return Fate::Moves(Event::AnswerLost { why: failure.message });
    }
    if passing && known.effects.iter().any(was_carried_out) {
        if known.effects.iter().any(is_kept_error) {
            return Fate::Moves(Event::AnswerLost { why: failure.message });
        }
        return match put_off(task, failure, Reached::Perhaps, known.now) {
            Event::Deferred { at, failure } => Fate::GoesOn { at, failure },
            Event::GaveUp { failure } => Fate::Moves(Event::AnswerLost { why: failure.message }),
            other => Fate::Moves(other),
        };
    }
    match failure.class {
        FailureClass::Throttled | FailureClass::Transient | FailureClass::Auth => {
            let reached = reached(&failure, known.effects);
            Fate::Moves(put_off(task, failure, reached, known.now))
        }
        // Stopped before anything was on the wire: nothing was written, whatever the guest would have said.
        FailureClass::UnknownOutcome if is_surely_unsent(known.effects) => {
            Fate::Moves(if is_stop(&failure) { stopped(task, failure, known) } else { gave_up(failure) })
        }
        FailureClass::UnknownOutcome => Fate::Moves(Event::AnswerLost { why: failure.message }),
        FailureClass::Conflict => conflict(engine, connection, target, plan, failure).await,
        FailureClass::Rejected
        | FailureClass::Forbidden
        | FailureClass::NotFound
        | FailureClass::Unsupported
        | FailureClass::Internal => Fate::Moves(Event::GaveUp { failure }),
    }
}

fn gave_up(failure: Failure) -> Event {
    Event::GaveUp { failure: Failure { class: FailureClass::Internal, ..failure } }
}

/// The guest went down before anything was sent: whose fault it was shows when each is sent alone.
fn stopped(task: &Task, failure: Failure, known: Known<'_>) -> Event {
    let crashes = retry::crashes_after(task.crashes, known.alone);
    if retry::is_poison(crashes) {
        return gave_up(poison(&failure, crashes));
    }
    Event::Deferred { at: known.now + span(retry::wait_after_crash(crashes)), failure }
}

/// Why a task is not tried again by itself after so many crashes.
pub(crate) fn poison(failure: &Failure, crashes: u32) -> Failure {
    let text = format!(
        "{} It went down {crashes} times with this task in hand. Nothing of the task was written; tell the plugin's author, then plan it again.",
        failure.message
    );
    Failure::new(FailureClass::Internal, "poison", text)
}

pub(crate) fn span(wait: std::time::Duration) -> chrono::Duration {
    chrono::Duration::from_std(wait).unwrap_or_else(|_| chrono::Duration::days(1))
}

/// Deferred, or given up after too many times.
pub(crate) fn put_off(task: &Task, failure: Failure, reached: Reached, now: DateTime<Utc>) -> Event {
    let budget = retry::budget(&failure, reached);
    if budget == Budget::SignIn {
        // The connection stops; this is for when it is let in again.
        return Event::Deferred { at: now + chrono::Duration::minutes(1), failure };
    }
    if !budget.allows(task.failures + u32::from(budget.counts())) {
        return Event::GaveUp { failure };
    }
    Event::Deferred { at: now + span(retry::wait(budget, task.failures, failure.retry_after)), failure }
}

/// The target has something in the way: if that is our own document, it is adopted.
async fn conflict(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    plan: &Plan,
    failure: Failure,
) -> Fate {
    let mut receipts = Vec::new();
    for change in plan.changes.iter().filter(|change| change.action != Action::Keep && !may_wait(change)) {
        let looked = target.locate(read_only(engine, connection, target), plan.clone(), change.key.clone()).await;
        match looked {
            Ok(Located::Found(receipt)) if receipt.total.is_none_or(|total| total == change.total) => {
                receipts.push(receipt)
            }
            _ => return Fate::Moves(Event::GaveUp { failure }),
        }
    }
    if receipts.is_empty() {
        return Fate::Moves(Event::GaveUp { failure });
    }
    let attributes = vec![("adopted".to_owned(), failure.message)];
    Fate::Stored(Receipt { task: plan.task.clone(), changes: receipts, attributes })
}

/// Why a receipt cannot stand for its plan; none if it can.
fn incomplete(plan: &Plan, receipt: &Receipt) -> Option<String> {
    if receipt.task != plan.task {
        return Some("the receipt answers to another task".to_owned());
    }
    plan.changes
        .iter()
        .filter(|change| change.action != Action::Keep && !may_wait(change))
        .find(|change| !receipt.changes.iter().any(|r| r.key == change.key && !r.reference.as_str().is_empty()))
        .map(|change| format!("the target said nothing about \"{}\"", change.title))
}
