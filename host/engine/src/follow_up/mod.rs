//! Steps of synchronized tasks that wait for somebody in the target: looked at many at once and seldom, and handed on when
//! their time has come. Owns the looks; carrying a step out is `carry`'s, finding a lost answer `search`'s.

mod carry;
mod search;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::follow_up::{FollowUp, FollowUpState, Sight, sight};
use counterfoil_domain::id::PluginDigest;
use counterfoil_domain::money::Money;
use counterfoil_domain::plan::{Action, Change, ChangeReceipt, Observation, Receipt, SealedPlan};
use counterfoil_domain::ports::{Target, Write};

use crate::engine::{Engine, EngineError};
use crate::fate::span;
use crate::linking::read_only;
use crate::progress::Progress;
use crate::propose::call_failure;
use crate::settle;

/// Due so soon, it is looked at along with what is due now: one call tells of many.
const ALONG: Duration = Duration::minutes(45);
/// Looked at in one round; the rest follows in the next.
const MOST: usize = 500;
/// Receipts in one call.
const CHUNK: usize = 200;
/// A target that cannot be read now is left alone for so long.
const LATER: Duration = Duration::hours(1);
/// No step is due further ahead: where one is, the clock was set back since.
const FURTHEST: Duration = Duration::days(8);
const EVER: Duration = Duration::days(36_500);

/// A step with the plan that it is of.
pub(crate) type Step = (FollowUp, SealedPlan);

fn is_now(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    at <= now || at > now + FURTHEST
}

/// Whether anything is due of a connection.
pub(crate) async fn is_due(engine: &Engine, connection: &Connection) -> Result<bool, EngineError> {
    let now = engine.clock.now();
    let first = engine.store.follow_ups_due(&connection.id, now + EVER, 1).await?;
    Ok(first.iter().filter_map(|one| one.state.due()).any(|at| is_now(at, now)))
}

/// What is due of a connection. Caller holds the connection's lock.
pub(crate) async fn keep(engine: &Engine, connection: &Connection, progress: &mut Progress) -> Result<(), EngineError> {
    // Paused meanwhile, or it has to be signed in to again.
    let current = engine.connection(&connection.id).await?;
    if current.state != ConnectionState::Enabled || engine.is_stopping() {
        return Ok(());
    }
    let now = engine.clock.now();
    let mut due = engine.store.follow_ups_due(&connection.id, now + ALONG, MOST).await?;
    if due.is_empty() {
        due = engine.store.follow_ups_due(&connection.id, now + EVER, MOST).await?;
    }
    let mut waiting: BTreeMap<PluginDigest, Vec<Step>> = BTreeMap::new();
    for one in due {
        let Some(sealed) = engine.store.plan(&one.plan).await? else { continue };
        match &one.state {
            FollowUpState::Sending { batch, at } if is_now(*at, now) => {
                let batch = batch.clone();
                search::search(engine, connection, (one, sealed), &batch, progress).await?;
            }
            FollowUpState::Sending { .. } => {}
            _ => waiting.entry(one.plugin.clone()).or_default().push((one, sealed)),
        }
    }
    for (plugin, steps) in waiting {
        let Some(target) = engine.targets.by_digest(&plugin) else {
            put_off(engine, steps.into_iter().map(|(one, _)| one), now + Duration::days(1)).await?;
            continue;
        };
        for chunk in steps.chunks(CHUNK) {
            look(engine, connection, &target, chunk, progress).await?;
        }
    }
    Ok(())
}

/// Not looked at: that counts for nothing.
async fn put_off(
    engine: &Engine,
    steps: impl IntoIterator<Item = FollowUp>,
    at: DateTime<Utc>,
) -> Result<(), EngineError> {
    let writes = steps.into_iter().map(|one| {
        let state = match one.state {
            FollowUpState::Sending { batch, .. } => FollowUpState::Sending { batch, at },
            _ => FollowUpState::Waiting { at },
        };
        Write::PutFollowUp(FollowUp { state, ..one })
    });
    engine.store.commit(writes.collect()).await?;
    Ok(())
}

/// One place after the other in the lists of awaited documents: of a step whose first document is not ready, the next is
/// not asked for.
async fn look(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    steps: &[Step],
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let now = engine.clock.now();
    let mut open: Vec<&Step> = steps.iter().collect();
    let (mut ready, mut writes): (Vec<&Step>, Vec<Write>) = (Vec::new(), Vec::new());
    for place in 0.. {
        let (asked, all_seen): (Vec<&Step>, Vec<&Step>) =
            open.into_iter().partition(|(one, _)| one.documents.len() > place);
        ready.extend(all_seen);
        if asked.is_empty() {
            break;
        }
        let mut left = Vec::new();
        for (step, seen) in asked.iter().zip(observed(engine, connection, target, &asked, place).await) {
            let state = match seen {
                Ok(state) => state,
                Err(failure) if failure.class == FailureClass::NotFound => String::new(),
                Err(failure) => {
                    unread(engine, connection, &step.0, &failure, progress).await?;
                    continue;
                }
            };
            match change_of(step).map_or(Sight::Other, |change| sight(change, &state)) {
                Sight::Waits => writes.push(Write::PutFollowUp(step.0.clone().still_waits(now))),
                Sight::Ready => left.push(*step),
                Sight::Other => ready.push(*step),
            }
        }
        open = left;
    }
    if !writes.is_empty() {
        engine.store.commit(writes).await?;
    }
    let mut steps = ready.into_iter();
    for (one, sealed) in steps.by_ref() {
        if let Some(at) = carry::carry(engine, connection, target, (one.clone(), sealed.clone()), progress).await? {
            // What the target said of this one holds for those behind it.
            return put_off(engine, steps.map(|(one, _)| one.clone()), at).await;
        }
    }
    Ok(())
}

pub(crate) fn change_of((one, sealed): &Step) -> Option<&Change> {
    sealed.plan.changes.iter().find(|change| change.key == one.change)
}

/// The state of each step's document at this place.
async fn observed(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    steps: &[&Step],
    place: usize,
) -> Vec<Result<String, Failure>> {
    let receipts: Vec<Receipt> = steps.iter().filter_map(|step| shown_by(step, place)).collect();
    let count = steps.len();
    match target.observe(read_only(engine, connection, target), receipts).await {
        Ok(seen) if seen.len() == count => {
            let state = |seen: Observation| seen.documents.into_iter().next().map(|one| one.state).unwrap_or_default();
            seen.into_iter().map(|one| one.map(state)).collect()
        }
        Ok(_) => {
            vec![Err(Failure::new(FailureClass::Transient, "observe-incomplete", "Not all were answered.")); count]
        }
        Err(error) => vec![Err(call_failure(&error)); count],
    }
}

/// A receipt by which the target shows a document. What it comes to plays no part here.
fn shown_by(step: &Step, place: usize) -> Option<Receipt> {
    let (one, sealed) = step;
    let awaited = one.documents.get(place)?;
    let currency = change_of(step).map_or(sealed.source_total.currency, |change| change.total.currency);
    let change = ChangeReceipt {
        key: one.change.clone(),
        action: Action::Keep,
        document: awaited.document.clone(),
        reference: awaited.reference.clone(),
        number: String::new(),
        total: Some(Money::zero(currency)),
        attributes: Vec::new(),
    };
    Some(Receipt { task: one.task.clone(), changes: vec![change], attributes: Vec::new() })
}

/// The target could not be read: no look was taken.
async fn unread(
    engine: &Engine,
    connection: &Connection,
    one: &FollowUp,
    failure: &Failure,
    progress: &mut Progress,
) -> Result<DateTime<Utc>, EngineError> {
    if failure.class == FailureClass::Auth {
        let stop = settle::needs_sign_in(engine, connection, failure).await?;
        engine.store.commit(Vec::from_iter(stop)).await?;
    }
    let at = engine.clock.now() + failure.retry_after.map_or(LATER, |wait| span(wait).max(LATER));
    let at = at.min(engine.clock.now() + Duration::days(1));
    progress.problem("not-looked", one.task.to_string(), format!("{}: {}", one.title, failure.message));
    put_off(engine, [one.clone()], at).await?;
    Ok(at)
}
