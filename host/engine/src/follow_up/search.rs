//! A step whose answer was lost, or in which the process went down. Owns finding out: as for any write, nothing is sent again
//! before it is known, and two looks that find nothing are needed before it counts as absent.

use counterfoil_domain::connection::Connection;
use counterfoil_domain::follow_up::{FollowUp, FollowUpState};
use counterfoil_domain::id::BatchId;
use counterfoil_domain::journal::{Batch, Look, Sighting};
use counterfoil_domain::plan::Located;
use counterfoil_domain::ports::Write;

use super::carry::{apply, closed, done, ended};
use super::{Step, put_off};
use crate::engine::{Engine, EngineError};
use crate::fate::span;
use crate::linking::read_only;
use crate::lookout::{Way, way};
use crate::observe::again_at;
use crate::progress::Progress;

pub(super) async fn search(
    engine: &Engine,
    connection: &Connection,
    (one, sealed): Step,
    batch: &BatchId,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let now = engine.clock.now();
    let Some(mut batch) = engine.store.batch(batch).await? else {
        let why = "The record of its sending is gone. Look in the target whether it was done.".to_owned();
        return ended(engine, one, FollowUpState::Person { why, at: now }, Vec::new()).await;
    };
    let Some(target) = engine.targets.by_digest(&batch.plugin) else {
        return put_off(engine, [one], now + chrono::Duration::days(1)).await;
    };
    let effects = engine.store.effects(&batch.id).await?;
    // Found so with the lock in hand, the process went down in it.
    let went_down = std::mem::replace(&mut batch.trail.applying, false);
    batch.trail.crashes += u32::from(went_down);
    match way(&target, &batch, &effects, went_down, now) {
        Way::Replay => {
            batch.trail.applying = true;
            engine.store.commit(vec![Write::PutBatch(batch.clone())]).await?;
            apply(engine, connection, &target, (one, sealed), batch, progress).await.map(|_| ())
        }
        Way::Wait(at) => {
            let state = FollowUpState::Sending { batch: batch.id.clone(), at };
            let writes = vec![Write::PutBatch(batch), Write::PutFollowUp(FollowUp { state, ..one })];
            engine.store.commit(writes).await?;
            Ok(())
        }
        Way::Locate => {
            let exchange = read_only(engine, connection, &target);
            let seen = target.locate(exchange, sealed.plan, one.change.clone()).await;
            let located = match seen {
                Ok(Located::Found(receipt)) => return done(engine, one, closed(batch), receipt).await,
                Ok(Located::Absent) => Sighting::Absent,
                Ok(Located::Several(all)) => Sighting::Several(all.into_iter().map(|one| one.reference).collect()),
                Err(error) => Sighting::NoAnswer(error.to_string()),
            };
            missed(engine, one, batch, located, span(target.card().delivery.settle)).await
        }
        Way::Person => {
            let why = "Its answer was lost, and this target cannot be asked for it. Look there whether it was done.";
            let state = FollowUpState::Person { why: why.to_owned(), at: now };
            ended(engine, one, state, vec![Write::PutBatch(closed(batch))]).await
        }
    }
}

/// A look that did not find it.
async fn missed(
    engine: &Engine,
    one: FollowUp,
    mut batch: Batch,
    sighting: Sighting,
    settle: chrono::Duration,
) -> Result<(), EngineError> {
    let now = engine.clock.now();
    let before = batch.trail.looks_for(&one.plan).last().map(|look| look.sighting.clone());
    let twice = sighting == Sighting::Absent && before == Some(Sighting::Absent);
    let several = matches!(sighting, Sighting::Several(_));
    batch.probes += 1;
    batch.trail.remember(Look { at: now, plan: one.plan.clone(), change: one.change.clone(), sighting });
    if several {
        let why =
            "Its answer was lost, and the target shows it more than once. Look there which one counts.".to_owned();
        return ended(engine, one, FollowUpState::Person { why, at: now }, vec![Write::PutBatch(closed(batch))]).await;
    }
    if twice {
        // Surely not done: it goes out again in a batch of its own, under a new key.
        let again = one.failed("Its answer was lost, and it is not there.", now);
        let again = match again.state {
            FollowUpState::Waiting { .. } => FollowUp { state: FollowUpState::Waiting { at: now }, ..again },
            _ => again,
        };
        engine.store.commit(vec![Write::PutBatch(closed(batch)), Write::PutFollowUp(again)]).await?;
        return Ok(());
    }
    let at = again_at(batch.probes, now).max(now + settle);
    let state = FollowUpState::Sending { batch: batch.id.clone(), at };
    engine.store.commit(vec![Write::PutBatch(batch), Write::PutFollowUp(FollowUp { state, ..one })]).await?;
    Ok(())
}
