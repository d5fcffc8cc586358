//! What an applied batch means for each of its tasks. The failure's class decides; the journal knows what
//! was on the wire.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::journal::{Batch, BatchState, Effect, EffectState};
use counterfoil_domain::plan::{Action, Located, Plan, Receipt};
use counterfoil_domain::ports::{StoredReceipt, Target, Write};
use counterfoil_domain::task::{Event, Task, TaskState, next};

use crate::dispatch::{Applied, Confirmed};
use crate::engine::{Engine, EngineError};
use crate::linking::read_only;
use crate::observe;
use crate::progress::Progress;

/// How often a task may be put off before somebody is asked.
const MOST_FAILURES: u32 = 5;
/// An absurd wait is cut to this.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// What happens to one task now.
#[derive(Debug)]
enum Fate {
    Stored(Receipt),
    Moves(Event),
    /// Put off, and the connection needs somebody to sign in.
    SignIn(Event),
}

pub(crate) async fn settle(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    mut batch: Batch,
    confirmed: Vec<Confirmed>,
    results: Applied,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let now = engine.clock.now();
    let effects = engine.store.effects(&batch.id).await?;
    let mut writes = Vec::new();
    let mut stored = Vec::new();
    let mut open = 0;
    for ((task, sealed), result) in confirmed.iter().zip(results) {
        let fate = fate(engine, connection, target, (task, &sealed.plan), result, &effects, now).await;
        let event = match fate {
            Fate::Stored(receipt) => {
                let row = StoredReceipt {
                    plan: sealed.digest.clone(),
                    batch: batch.id.clone(),
                    receipt,
                    stored_at: now,
                    observed: None,
                };
                writes.push(Write::PutReceipt(row.clone()));
                stored.push((sealed.clone(), row));
                progress.count("synced", 1);
                Event::Stored
            }
            Fate::Moves(event) => event,
            Fate::SignIn(event) => {
                let paused = Connection {
                    state: ConnectionState::NeedsSignIn,
                    state_reason: "the target did not accept the credentials; nothing is sent until somebody signs in"
                        .to_owned(),
                    ..connection.clone()
                };
                writes.push(Write::PutConnection(paused));
                event
            }
        };
        match &event {
            Event::AnswerLost { .. } => progress.count("uncertain", 1),
            Event::Deferred { .. } => progress.count("deferred", 1),
            Event::GaveUp { .. } => progress.count("parked", 1),
            _ => {}
        }
        let mut after = task.clone();
        if let Ok(state) = next(task.state.clone(), event.clone()) {
            let failures = task.failures + u32::from(counts(&event));
            after = Task { state, failures, updated_at: now, version: task.version + 1, ..after };
            writes.push(Write::UpdateTask(after.clone()));
        }
        open += usize::from(is_unsettled(&after, &batch));
    }
    if open == 0 {
        batch.state = BatchState::Closed;
        batch.probe_at = None;
    } else {
        batch.probe_at = Some(first_probe(target, &effects, now));
    }
    writes.push(Write::PutBatch(batch));
    engine.store.commit(writes).await?;
    observe::observe(engine, connection, target, stored, progress).await
}

/// Calls that the target refused for being too many cost no attempt.
fn counts(event: &Event) -> bool {
    match event {
        Event::Deferred { failure, .. } => failure.class != FailureClass::Throttled,
        _ => false,
    }
}

/// When to look first: while the target honours the key, soon; else when a look is sure to see it.
fn first_probe(target: &Arc<dyn Target>, effects: &[Effect], now: DateTime<Utc>) -> DateTime<Utc> {
    let delivery = &target.card().delivery;
    let unanswered = effects.iter().any(|effect| matches!(effect.state, EffectState::Intent));
    let wait = match delivery.class() {
        DeliveryClass::A { .. } if unanswered => Duration::from_secs(2),
        _ => delivery.settle,
    };
    now + chrono::Duration::from_std(wait).unwrap_or_else(|_| chrono::Duration::minutes(1))
}

async fn fate(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    (task, plan): (&Task, &Plan),
    result: Result<Receipt, Failure>,
    effects: &[Effect],
    now: DateTime<Utc>,
) -> Fate {
    let failure = match result {
        Ok(receipt) => match incomplete(plan, &receipt) {
            None => return Fate::Stored(receipt),
            Some(why) => Failure::new(FailureClass::UnknownOutcome, "receipt-incomplete", why),
        },
        Err(failure) => failure,
    };
    // "Nothing was written" is about the last try. Where an earlier one is still without an answer, it is not known.
    let passing = matches!(failure.class, FailureClass::Throttled | FailureClass::Transient | FailureClass::Auth);
    if passing && effects.iter().any(|effect| effect.state == EffectState::Intent) {
        return Fate::Moves(Event::AnswerLost { why: failure.message });
    }
    match failure.class {
        FailureClass::Throttled | FailureClass::Transient => put_off(task, failure, now),
        FailureClass::Auth => {
            let at = now + chrono::Duration::minutes(1);
            Fate::SignIn(Event::Deferred { at, failure })
        }
        FailureClass::UnknownOutcome => {
            // Stopped before anything was on the wire: nothing was written, whatever the guest would have said.
            if effects.iter().all(|effect| matches!(effect.state, EffectState::NotSent { .. })) {
                let failure = Failure { class: FailureClass::Internal, ..failure };
                return Fate::Moves(Event::GaveUp { failure });
            }
            Fate::Moves(Event::AnswerLost { why: failure.message })
        }
        FailureClass::Conflict => conflict(engine, connection, target, plan, failure).await,
        FailureClass::Rejected
        | FailureClass::Forbidden
        | FailureClass::NotFound
        | FailureClass::Unsupported
        | FailureClass::Internal => Fate::Moves(Event::GaveUp { failure }),
    }
}

fn put_off(task: &Task, failure: Failure, now: DateTime<Utc>) -> Fate {
    if failure.class != FailureClass::Throttled && task.failures + 1 >= MOST_FAILURES {
        return Fate::Moves(Event::GaveUp { failure });
    }
    // 30 s, 1, 2, 4, 8 minutes, unless the target names a time.
    let own = Duration::from_secs(30 << task.failures.min(6));
    let wait = failure.retry_after.unwrap_or(own).min(LONGEST_WAIT);
    let at = now + chrono::Duration::from_std(wait).unwrap_or_else(|_| chrono::Duration::hours(1));
    Fate::Moves(Event::Deferred { at, failure })
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
    for change in plan.changes.iter().filter(|change| change.action != Action::Keep) {
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
        .filter(|change| change.action != Action::Keep)
        .find(|change| !receipt.changes.iter().any(|r| r.key == change.key && !r.reference.as_str().is_empty()))
        .map(|change| format!("the target said nothing about \"{}\"", change.title))
}

/// Whether a task still waits for this batch.
pub(crate) fn is_unsettled(task: &Task, batch: &Batch) -> bool {
    matches!(&task.state,
        TaskState::Sending { batch: of, .. } | TaskState::Uncertain { batch: of, .. } if *of == batch.id)
}
