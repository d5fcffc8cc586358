//! What an applied batch means for each of its tasks. The failure's class decides; the journal knows what
//! was on the wire.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::EntityId;
use counterfoil_domain::journal::{Batch, Effect, EffectState};
use counterfoil_domain::plan::{Action, Change, ChangeReceipt, Located, Plan, Receipt, SealedPlan};
use counterfoil_domain::ports::{StoredReceipt, Target, Write};
use counterfoil_domain::resolve::is_left;
use counterfoil_domain::task::{Event, Task, TaskState, next};

use crate::engine::{Engine, EngineError};
use crate::exchange::DIFFERS;
use crate::linking::read_only;
use crate::observe;
use crate::progress::Progress;

/// How often a task may be put off before somebody is asked.
const MOST_FAILURES: u32 = 5;
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// An absurd wait is cut to this.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

/// A task that is confirmed, with its plan.
pub(crate) type Confirmed = (Task, SealedPlan);

/// What came back for each plan of a batch.
pub(crate) type Applied = Vec<Result<Receipt, Failure>>;

/// What happens to one task now.
#[derive(Debug)]
enum Fate {
    Stored(Receipt),
    Moves(Event),
    /// Something of the batch is stored and this task's rest was surely not sent: it goes out under the same keys
    /// in the same batch, so that nothing stored is written again.
    GoesOn {
        at: DateTime<Utc>,
        failure: Failure,
    },
}

/// What settling a batch comes to, gathered for one commit.
#[derive(Default)]
struct Settled {
    writes: Vec<Write>,
    stored: Vec<(SealedPlan, StoredReceipt)>,
    open: usize,
    goes_on_at: Option<DateTime<Utc>>,
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
    let mut settled = Settled::default();
    if results.iter().any(|result| matches!(result, Err(failure) if failure.class == FailureClass::Auth)) {
        settled.writes.extend(needs_sign_in(engine, connection).await?);
    }
    for ((task, sealed), result) in confirmed.iter().zip(results) {
        let fate = fate(engine, connection, target, (task, &sealed.plan), result, &effects, now).await;
        settled.take((task, sealed), fate, &batch, now, progress);
    }
    if settled.open > 0 {
        let soon = settled.goes_on_at.unwrap_or_else(|| first_probe(target, &effects, now));
        batch.probe_at = Some(soon);
    } else {
        batch.probe_at = Some(observe::again_at(batch.probes, now));
    }
    let closing = (settled.open == 0).then(|| batch.clone());
    settled.writes.push(Write::PutBatch(batch));
    engine.store.commit(settled.writes).await?;
    observe::observe(engine, connection, target, closing, settled.stored, progress).await
}

impl Settled {
    fn take(
        &mut self,
        (task, sealed): (&Task, &SealedPlan),
        fate: Fate,
        batch: &Batch,
        now: DateTime<Utc>,
        progress: &mut Progress,
    ) {
        let row = |receipt: Receipt| StoredReceipt {
            plan: sealed.digest.clone(),
            batch: batch.id.clone(),
            receipt,
            stored_at: now,
            observed: None,
        };
        let mut after = task.clone();
        let event = match fate {
            Fate::Stored(receipt) => {
                let row = row(receipt);
                self.writes.push(Write::PutReceipt(row.clone()));
                self.stored.push((sealed.clone(), row));
                progress.count("synced", 1);
                Some(Event::Stored)
            }
            Fate::GoesOn { at, failure } => {
                progress.count("deferred", 1);
                after.failures += u32::from(failure.class != FailureClass::Throttled);
                self.goes_on_at = self.goes_on_at.max(Some(at));
                None
            }
            Fate::Moves(Event::GaveUp { mut failure }) => {
                progress.count("parked", 1);
                if let Some(part) = saved(&sealed.plan, &mut failure) {
                    let row = row(part);
                    self.writes.push(Write::PutReceipt(row.clone()));
                    self.stored.push((sealed.clone(), row));
                }
                Some(Event::GaveUp { failure })
            }
            Fate::Moves(event) => {
                match &event {
                    Event::AnswerLost { .. } => progress.count("uncertain", 1),
                    Event::Deferred { .. } => progress.count("deferred", 1),
                    _ => {}
                }
                after.failures += u32::from(counts(&event));
                Some(event)
            }
        };
        // What a person left keeps their words.
        let event = event.filter(|event| !is_left(&task.state) || *event == Event::Stored);
        if let Some(state) = event.and_then(|event| next(task.state.clone(), event).ok()) {
            after.state = state;
        }
        if after != *task {
            (after.updated_at, after.version) = (now, task.version + 1);
            self.writes.push(Write::UpdateTask(after.clone()));
        }
        self.open += usize::from(is_unsettled(&after, batch));
    }
}

/// Documents of a plan that were stored before the rest of it was refused, as the failure names them. The failure
/// says so to whoever reads it.
fn saved(plan: &Plan, failure: &mut Failure) -> Option<Receipt> {
    let named = |change: &Change| {
        let name = format!("saved.{}", change.key);
        let (_, reference) = failure.attributes.iter().find(|(attribute, _)| *attribute == name)?;
        Some(ChangeReceipt {
            key: change.key.clone(),
            action: change.action,
            document: change.document.clone(),
            reference: EntityId::new(reference.clone()),
            number: String::new(),
            total: None,
            attributes: Vec::new(),
        })
    };
    let changes: Vec<ChangeReceipt> = plan.changes.iter().filter_map(named).collect();
    if changes.is_empty() {
        return None;
    }
    let titles = plan.changes.iter().filter(|change| changes.iter().any(|saved| saved.key == change.key));
    let titles: Vec<&str> = titles.map(|change| change.title.as_str()).collect();
    failure.message = format!(
        "{} A part of the plan is stored: {}. Plan again: what is there is not written a second time.",
        failure.message,
        titles.join(", ")
    );
    Some(Receipt::part(plan, changes))
}

/// The connection as it stands now, stopped until somebody signs in. None where it is stopped already.
pub(crate) async fn needs_sign_in(engine: &Engine, connection: &Connection) -> Result<Option<Write>, EngineError> {
    // Read again: its settings may have been changed while the batch was out.
    let current = engine.connection(&connection.id).await?;
    Ok((current.state == ConnectionState::Enabled).then(|| {
        Write::PutConnection(Connection {
            state: ConnectionState::NeedsSignIn,
            state_reason: "the target did not accept the credentials; nothing is sent until somebody signs in"
                .to_owned(),
            ..current
        })
    }))
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
    // "Nothing was written" is about the last try, and a defect of the plugin says nothing at all. Where an earlier
    // try is still without an answer, it is not known.
    let passing = matches!(failure.class, FailureClass::Throttled | FailureClass::Transient | FailureClass::Auth);
    let proves_nothing = passing || failure.class == FailureClass::Internal;
    if failure.code == DIFFERS || proves_nothing && effects.iter().any(|effect| effect.state == EffectState::Intent) {
        return Fate::Moves(Event::AnswerLost { why: failure.message });
    }
    if passing && effects.iter().any(was_carried_out) {
        return match put_off(task, failure, now) {
            Event::Deferred { at, failure } => Fate::GoesOn { at, failure },
            Event::GaveUp { failure } => Fate::Moves(Event::AnswerLost { why: failure.message }),
            other => Fate::Moves(other),
        };
    }
    match failure.class {
        FailureClass::Throttled | FailureClass::Transient | FailureClass::Auth => {
            Fate::Moves(put_off(task, failure, now))
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

fn was_carried_out(effect: &Effect) -> bool {
    matches!(&effect.state, EffectState::Answered(response) if (200..300).contains(&response.status))
}

/// Deferred, or given up after too many times.
pub(crate) fn put_off(task: &Task, failure: Failure, now: DateTime<Utc>) -> Event {
    if failure.class == FailureClass::Auth {
        // The connection stops; this is for when it is let in again.
        return Event::Deferred { at: now + chrono::Duration::minutes(1), failure };
    }
    if failure.class != FailureClass::Throttled && task.failures + 1 >= MOST_FAILURES {
        return Event::GaveUp { failure };
    }
    // 30 s, 1, 2, 4, 8 minutes, unless the target names a time. "At once" is no time.
    let own = Duration::from_secs(30 << task.failures.min(6));
    let wait = failure.retry_after.unwrap_or(own).clamp(SHORTEST_WAIT, LONGEST_WAIT);
    let at = now + chrono::Duration::from_std(wait).unwrap_or_else(|_| chrono::Duration::hours(1));
    Event::Deferred { at, failure }
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
