//! The effect journal: what was about to be sent, what was answered, what is not known. Owns the states of
//! batches and effects; sending is the engine's business.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::digest::Digester;
use crate::id::{BatchId, ChangeKey, ConnectionId, EffectKey, EntityId, PlanDigest, PluginDigest};
use crate::order::named;
use crate::plan::ChangeReceipt;
use crate::wire::{Request, Response};

named! {
    BatchState {
        /// Plans are being applied, or an effect of it is not known.
        Open = "open",
        /// Every plan in it has its outcome.
        Closed = "closed",
    }
}

/// One `apply` call's worth of plans. It resumes on the plugin that it began with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub id: BatchId,
    pub connection: ConnectionId,
    pub plugin: PluginDigest,
    /// In the order in which they were handed over: a replay must see the same.
    pub plans: Vec<PlanDigest>,
    /// Changes known to exist before the batch began, by their plans.
    pub adopted: Vec<(PlanDigest, ChangeReceipt)>,
    pub state: BatchState,
    pub opened_at: DateTime<Utc>,
    /// How often its effects were looked for, and when the next look is due.
    pub probes: u32,
    pub probe_at: Option<DateTime<Utc>>,
    pub trail: Trail,
}

/// What happened to a batch so far, beside its effects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trail {
    /// `apply` was begun and has not settled: whoever finds it so with the connection's lock in hand knows that the
    /// process went down in it.
    pub applying: bool,
    /// How often guest or process went down with it.
    pub crashes: u32,
    /// Plans outside the sample that is read back.
    pub spared: Vec<PlanDigest>,
    /// Oldest first; the last few of each change.
    pub looks: Vec<Look>,
    /// The step that it carries out, where its tasks are synchronized already.
    pub follow_up: Option<ChangeKey>,
}

/// One change looked for in the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    pub at: DateTime<Utc>,
    pub plan: PlanDigest,
    pub change: ChangeKey,
    pub sighting: Sighting,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sighting {
    Found(EntityId),
    Absent,
    /// More than one that it could be.
    Several(Vec<EntityId>),
    /// It could not be looked for.
    NoAnswer(String),
}

impl Sighting {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Found(_) => "found",
            Self::Absent => "absent",
            Self::Several(_) => "several",
            Self::NoAnswer(_) => "no-answer",
        }
    }
}

/// Looks kept of one change, and what is kept of one.
const MOST_LOOKS: usize = 10;
const MOST_CANDIDATES: usize = 5;
const LONGEST_REASON: usize = 300;

impl Trail {
    /// Keeps what was found, and forgets the oldest look of the same change when there are too many.
    pub fn remember(&mut self, mut look: Look) {
        match &mut look.sighting {
            Sighting::Several(candidates) => candidates.truncate(MOST_CANDIDATES),
            Sighting::NoAnswer(why) => *why = why.chars().take(LONGEST_REASON).collect(),
            Sighting::Found(_) | Sighting::Absent => {}
        }
        let same = |kept: &Look| kept.plan == look.plan && kept.change == look.change;
        if self.looks.iter().filter(|kept| same(kept)).count() >= MOST_LOOKS
            && let Some(oldest) = self.looks.iter().position(same)
        {
            self.looks.remove(oldest);
        }
        self.looks.push(look);
    }

    /// Looks for one plan, oldest first.
    pub fn looks_for<'a>(&'a self, plan: &'a PlanDigest) -> impl Iterator<Item = &'a Look> {
        self.looks.iter().filter(move |look| look.plan == *plan)
    }
}

impl Batch {
    /// The same plans tried again after they were found absent are another batch: `generation` is how
    /// often the first plan was sent before.
    pub fn id(connection: &ConnectionId, plans: &[PlanDigest], generation: u32) -> BatchId {
        let mut digest = Digester::new("batch");
        digest.text(connection.as_str()).text(&generation.to_string()).count(plans.len());
        for plan in plans {
            digest.text(plan.as_str());
        }
        BatchId::new(format!("batch_{}", digest.short()))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectState {
    /// Written before sending. Without an answer it is uncertain, never resent blindly.
    Intent,
    Answered(Response),
    /// Surely not sent (connection refused, refused by policy, over budget): the key may be used again.
    NotSent {
        why: String,
    },
}

impl EffectState {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Answered(_) => "answered",
            Self::NotSent { .. } => "not-sent",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    pub batch: BatchId,
    pub key: EffectKey,
    pub request: Request,
    pub request_digest: String,
    /// What the target is given where it honours one.
    pub idempotency_key: String,
    /// Grows each time it is put on the wire.
    pub attempt: u32,
    pub state: EffectState,
    /// When the key was first put on the wire: its lifetime counts from here.
    pub first_sent_at: DateTime<Utc>,
    pub deadline: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
}

/// Same request under the same key, or the plugin is broken.
pub fn request_digest(request: &Request) -> String {
    let mut digest = Digester::new("request");
    digest
        .text(&request.method.to_ascii_uppercase())
        .text(&request.path)
        .pairs(&request.query)
        .pairs(&request.headers)
        .bytes(&request.body);
    digest.hex()
}

/// Unique per connection, batch and effect; short enough for every target's limit (128 characters).
pub fn idempotency_key(connection: &ConnectionId, batch: &BatchId, key: &EffectKey) -> String {
    let mut digest = Digester::new("idempotency");
    digest.text(connection.as_str()).text(batch.as_str()).text(key.as_str());
    format!("cf-{}", digest.hex())
}

/// What the journal says to do with a write that a guest asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteStep {
    /// Never seen: journal the intent, then send.
    First,
    /// Surely not sent before: journal another attempt, then send.
    Again { attempt: u32 },
    /// Answered before: replay, send nothing.
    Replay(Response),
    /// On the wire before, answer unknown, and the target still honours the key: send the same again.
    SameKey { attempt: u32 },
    /// On the wire before, answer unknown: look first.
    Uncertain,
    /// Another request under a known key: a defect of the plugin.
    Differs,
}

/// Pure: what a recorded effect means for the same key asked for again.
pub fn write_step(
    recorded: Option<&Effect>,
    digest: &str,
    key_lives_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> WriteStep {
    let Some(effect) = recorded else { return WriteStep::First };
    if effect.request_digest != digest {
        return WriteStep::Differs;
    }
    match &effect.state {
        EffectState::Answered(response) => WriteStep::Replay(Response { replayed: true, ..response.clone() }),
        EffectState::NotSent { .. } => WriteStep::Again { attempt: effect.attempt + 1 },
        EffectState::Intent => match key_lives_until {
            // Before its first sending: the clock was set back, and nobody knows how long the key has lived.
            Some(until) if (effect.first_sent_at..until).contains(&now) => {
                WriteStep::SameKey { attempt: effect.attempt + 1 }
            }
            _ => WriteStep::Uncertain,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_looks_of_each_change_are_kept() {
        let mut trail = Trail::default();
        let at = |n: i64| DateTime::UNIX_EPOCH + chrono::Duration::seconds(n);
        for n in 0..25 {
            for change in ["a", "b"] {
                let sighting = Sighting::NoAnswer("x".repeat(1_000));
                trail.remember(Look { at: at(n), plan: "p".into(), change: change.into(), sighting });
            }
        }
        assert_eq!(trail.looks.len(), 2 * MOST_LOOKS);
        let plan = "p".into();
        let times: Vec<_> = trail.looks_for(&plan).filter(|look| look.change == "b".into()).collect();
        assert_eq!((times[0].at, times[MOST_LOOKS - 1].at), (at(15), at(24)));
        assert_eq!(trail.looks_for(&"other".into()).count(), 0);
        assert!(matches!(&trail.looks[0].sighting, Sighting::NoAnswer(why) if why.len() == LONGEST_REASON));
    }
}
