//! What a dead process left in its file, held against what its targets saw: the step of the write protocol at which it
//! died is told by the two together, not by what the test had meant to do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, Utc};
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::journal::{Batch, Effect, EffectState};
use counterfoil_domain::ports::JournalStore as _;
use counterfoil_store::SqliteStore;
use serde_json::Value;

use crate::kinds::Kind;
use crate::ledger::{Ledger, Moment, Stage};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Point {
    /// Not ready yet.
    Starting,
    /// The batch is kept, no intent yet.
    BatchBegun,
    /// The intent is written, nothing of it was seen by the target.
    IntentWritten,
    /// The target had it, and had not carried it out.
    Sent,
    /// Carried out, no answer.
    CarriedOut,
    /// The answer was handed over, and not recorded.
    Answered,
    /// The answer is recorded, its task does not know.
    Recorded,
    /// The task is settled, the document not read back.
    NotReadBack,
    /// Recovery: the batch of an earlier life was applied again.
    AppliedAgain,
    /// Recovery: a look was on the wire.
    Looking,
    /// Recovery: a look was noted, and the next one is to come.
    BetweenLooks,
}

impl Point {
    pub(crate) const ALL: [Self; 11] = [
        Self::Starting,
        Self::BatchBegun,
        Self::IntentWritten,
        Self::Sent,
        Self::CarriedOut,
        Self::Answered,
        Self::Recorded,
        Self::NotReadBack,
        Self::AppliedAgain,
        Self::Looking,
        Self::BetweenLooks,
    ];
}

/// What is looked at: the life that ended, and how long its sends wait for an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    pub(crate) born: DateTime<Utc>,
    pub(crate) timeout: Duration,
}

impl Life {
    /// When it was last put on the wire.
    fn sent_at(&self, effect: &Effect) -> DateTime<Utc> {
        effect.deadline - chrono::Duration::from_std(self.timeout).unwrap()
    }

    fn point_of(&self, batch: &Batch, effect: &Effect, ledger: &Ledger) -> Option<Point> {
        match &effect.state {
            EffectState::Intent if self.sent_at(effect) >= self.born => {
                let charge: Value = serde_json::from_slice(&effect.request.body).unwrap();
                Some(match ledger.stage(charge["note"].as_str().unwrap(), self.sent_at(effect)) {
                    None => Point::IntentWritten,
                    Some(Stage::Arrived) => Point::Sent,
                    Some(Stage::CarriedOut) => Point::CarriedOut,
                    Some(Stage::Answered) => Point::Answered,
                })
            }
            EffectState::Answered(_) if batch.trail.applying && effect.answered_at >= Some(self.born) => {
                Some(Point::Recorded)
            }
            _ => None,
        }
    }
}

/// Everything that was under way when it died. Fails if the file is not as it was written.
pub(crate) async fn left(store: &SqliteStore, ledgers: &BTreeMap<Kind, Ledger>, life: Life) -> BTreeSet<Point> {
    let integrity = store.integrity().await.unwrap();
    assert!(integrity.is_good(), "the file is damaged: {:?}", integrity.problems);
    let mut points = BTreeSet::new();
    for (kind, ledger) in ledgers {
        if ledger.fired().contains(&Moment::Looked) {
            points.insert(Point::Looking);
        }
        for batch in store.open_batches(&ConnectionId::new(kind.connection())).await.unwrap() {
            let effects = store.effects(&batch.id).await.unwrap();
            points.extend(effects.iter().filter_map(|effect| life.point_of(&batch, effect, ledger)));
            let again = |effect: &&Effect| effect.attempt > 1 && effect.state == EffectState::Intent;
            let sent_again = effects.iter().filter(again).any(|effect| life.sent_at(effect) >= life.born);
            if sent_again || batch.trail.applying && batch.trail.crashes > 0 {
                points.insert(Point::AppliedAgain);
            }
            if batch.trail.applying && effects.is_empty() && batch.opened_at >= life.born {
                points.insert(Point::BatchBegun);
            }
            if batch.trail.looks.last().is_some_and(|look| look.at >= life.born) {
                points.insert(Point::BetweenLooks);
            }
            for plan in &batch.plans {
                let row = store.receipt(plan).await.unwrap();
                let unseen = |row: &counterfoil_domain::ports::StoredReceipt| {
                    row.batch == batch.id && row.observed.is_none() && row.stored_at >= life.born
                };
                if row.as_ref().is_some_and(unseen) {
                    points.insert(Point::NotReadBack);
                }
            }
        }
    }
    points
}

/// Writes of which nobody knows whether they were carried out.
pub(crate) async fn unanswered(store: &SqliteStore, kind: Kind) -> usize {
    let mut count = 0;
    for batch in store.open_batches(&ConnectionId::new(kind.connection())).await.unwrap() {
        let effects = store.effects(&batch.id).await.unwrap();
        count += effects.iter().filter(|effect| effect.state == EffectState::Intent).count();
    }
    count
}
