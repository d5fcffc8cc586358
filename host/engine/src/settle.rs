//! What an applied batch means for each of its tasks and for the target: gathered for one commit. What one outcome
//! means is `fate`'s.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::follow_up;
use counterfoil_domain::journal::{Batch, BatchState, Effect, EffectState};
use counterfoil_domain::plan::{Plan, Receipt, SealedPlan};
use counterfoil_domain::ports::{StoredReceipt, Target, Write};
use counterfoil_domain::ramp::Outcome;
use counterfoil_domain::resolve::is_left;
use counterfoil_domain::retry::{self, Reached};
use counterfoil_domain::salvage;
use counterfoil_domain::sampling;
use counterfoil_domain::task::{Event, Task, TaskState, next};

use crate::engine::{Engine, EngineError};
use crate::fate::{self, Fate, Known, fate, is_stop, reached, span};
use crate::observe::{self, Unseen};
use crate::progress::Progress;

/// A task that is confirmed, with its plan.
pub(crate) type Confirmed = (Task, SealedPlan);

/// What came back for each plan of a batch.
pub(crate) type Applied = Vec<Result<Receipt, Failure>>;

/// What settling a batch comes to, gathered for one commit.
#[derive(Default)]
struct Settled {
    writes: Vec<Write>,
    stored: Vec<(SealedPlan, StoredReceipt)>,
    open: usize,
    goes_on_at: Option<DateTime<Utc>>,
}

/// Commits what became of a batch. What it tells about the target, none where it tells nothing; and what of it is to be
/// read back, which is the caller's to do: until then the batch stays open, and somebody looks at it again.
pub(crate) async fn settle(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    mut batch: Batch,
    confirmed: Vec<Confirmed>,
    results: Applied,
    progress: &mut Progress,
) -> Result<(Option<Outcome>, Unseen), EngineError> {
    let now = engine.clock.now();
    let effects = engine.store.effects(&batch.id).await?;
    let outcome = outcome(&results, &effects);
    let mut settled = Settled::default();
    let refused = results.iter().filter_map(|result| result.as_ref().err());
    if let Some(failure) = refused.into_iter().find(|failure| failure.class == FailureClass::Auth) {
        settled.writes.extend(needs_sign_in(engine, connection, failure).await?);
    }
    batch.trail.applying = false;
    batch.trail.crashes += u32::from(results.iter().any(|result| matches!(result, Err(failure) if is_stop(failure))));
    let known = Known { effects: &effects, alone: batch.plans.len() == 1, now };
    for ((task, sealed), result) in confirmed.iter().zip(results) {
        let stop = result.as_ref().err().is_some_and(is_stop);
        let fate = fate(engine, connection, target, (task, &sealed.plan), result, known).await;
        let crashes = if stop { retry::crashes_after(task.crashes, known.alone) } else { task.crashes };
        settled.take((task, sealed), (fate, crashes), (&batch, known), progress);
    }
    spare(engine, connection, &mut batch, &mut settled.stored, progress).await?;
    batch.probe_at = Some(match settled.open {
        0 => observe::again_at(batch.probes, now),
        _ => settled.goes_on_at.unwrap_or_else(|| first_probe(target, &effects, now)),
    });
    if settled.open == 0 && settled.stored.is_empty() {
        batch = Batch { state: BatchState::Closed, probe_at: None, ..batch };
    }
    let closing = (settled.open == 0 && batch.state == BatchState::Open).then(|| batch.clone());
    settled.writes.push(Write::PutBatch(batch));
    engine.store.commit(settled.writes).await?;
    Ok((outcome, Unseen { closing, stored: settled.stored }))
}

/// Takes out what is outside the sample that is read back: its batch need not wait for a look at it.
async fn spare(
    engine: &Engine,
    connection: &Connection,
    batch: &mut Batch,
    stored: &mut Vec<(SealedPlan, StoredReceipt)>,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    if stored.is_empty() {
        return Ok(());
    }
    let totals = engine.store.totals(Some(connection.id.clone())).await?;
    let mut written = totals.iter().filter(|total| total.state == "synced").map(|total| total.count).sum();
    // Whatever did not go the straight way is looked at: repeats, documents stored in part or found.
    let straight = batch.probes == 0 && batch.adopted.is_empty();
    stored.retain(|(sealed, row)| {
        let plain = row.receipt.attributes.iter().all(|(name, _)| name != "adopted" && name != "part");
        let read = !(straight && plain) || sampling::is_read_back(written, &sealed.digest);
        written += 1;
        if !read {
            batch.trail.spared.push(sealed.digest.clone());
            progress.count("outside-sample", 1);
        }
        read
    });
    Ok(())
}

impl Settled {
    fn take(
        &mut self,
        (task, sealed): (&Task, &SealedPlan),
        (fate, crashes): (Fate, u32),
        (batch, known): (&Batch, Known<'_>),
        progress: &mut Progress,
    ) {
        let now = known.now;
        let row = |receipt: Receipt| StoredReceipt {
            plan: sealed.digest.clone(),
            batch: batch.id.clone(),
            receipt,
            stored_at: now,
            observed: None,
        };
        let counted = |failure: &Failure, reached| u32::from(retry::budget(failure, reached).counts());
        let mut after = Task { crashes, ..task.clone() };
        let event = match fate {
            Fate::Stored(receipt) => {
                let left = follow_up::begun(sealed, &receipt, now);
                self.writes.extend(left.into_iter().map(Write::PutFollowUp));
                let row = row(receipt);
                self.writes.push(Write::PutReceipt(row.clone()));
                self.stored.push((sealed.clone(), row));
                progress.count("synced", 1);
                Some(Event::Stored)
            }
            Fate::GoesOn { at, failure } => {
                progress.count("deferred", 1);
                after.failures += counted(&failure, Reached::Perhaps);
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
                    Event::Deferred { failure, .. } => {
                        progress.count("deferred", 1);
                        after.failures += counted(failure, reached(failure, known.effects));
                    }
                    _ => {}
                }
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

/// What a batch tells about its target.
fn outcome(results: &Applied, effects: &[Effect]) -> Option<Outcome> {
    let spoke = |effect: &Effect| matches!(&effect.state, EffectState::Answered(answer) if answer.status < 500);
    if effects.iter().any(spoke) || results.iter().any(Result::is_ok) {
        return Some(Outcome::Answered);
    }
    if effects.iter().any(|effect| !matches!(effect.state, EffectState::NotSent { .. })) {
        return Some(Outcome::Lost);
    }
    // Told when to come back is an answer; so is a refusal.
    let silent = |failure: &&Failure| failure.class == FailureClass::Transient && failure.retry_after.is_none();
    let failure = results.iter().filter_map(|result| result.as_ref().err()).find(silent)?;
    Some(match fate::reached(failure, effects) {
        Reached::SurelyNot => Outcome::Unreached,
        Reached::Perhaps => Outcome::Lost,
    })
}

/// Documents of a plan that were stored before the rest of it was refused, as the failure names them. The failure
/// says so to whoever reads it.
fn saved(plan: &Plan, failure: &mut Failure) -> Option<Receipt> {
    let changes = salvage::saved(plan, failure);
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
pub(crate) async fn needs_sign_in(
    engine: &Engine,
    connection: &Connection,
    failure: &Failure,
) -> Result<Option<Write>, EngineError> {
    // Read again: its settings may have been changed while the batch was out.
    let current = engine.connection(&connection.id).await?;
    Ok((current.state == ConnectionState::Enabled).then(|| {
        Write::PutConnection(Connection {
            state: ConnectionState::NeedsSignIn,
            state_reason: format!("{} Nothing is sent until somebody signs in.", failure.message),
            ..current
        })
    }))
}

/// When to look first: while the target honours the key, soon; else when a look is sure to see it.
fn first_probe(target: &Arc<dyn Target>, effects: &[Effect], now: DateTime<Utc>) -> DateTime<Utc> {
    let delivery = &target.card().delivery;
    let unanswered = effects.iter().any(|effect| matches!(effect.state, EffectState::Intent));
    let wait = match delivery.class() {
        DeliveryClass::A { .. } if unanswered => Duration::from_secs(2),
        _ => delivery.settle,
    };
    now + span(wait)
}

/// Whether a task still waits for this batch.
pub(crate) fn is_unsettled(task: &Task, batch: &Batch) -> bool {
    matches!(&task.state,
        TaskState::Sending { batch: of, .. } | TaskState::Uncertain { batch: of, .. } if *of == batch.id)
}
