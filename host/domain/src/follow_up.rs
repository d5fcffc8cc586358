//! What is left to do after a task is synchronized: a step of its confirmed plan that waits until somebody did something in
//! the target. Owns which changes may wait, their states, and when is looked again; asking the target is the engine's.

use chrono::{DateTime, Duration, Utc};

use crate::id::{BatchId, ChangeKey, ConnectionId, EntityId, PlanDigest, PluginDigest, TaskId};
use crate::plan::{Action, Change, ChangeReceipt, Receipt, SealedPlan};

/// Attribute of a change: it may wait, for what, in words. It is part of what is confirmed.
pub const MAY_WAIT: &str = "follow-up";
/// Attribute of a change: states of a document, with blanks between, in which it goes on waiting.
const WAITS_WHILE: &str = "waits-while";
/// Attribute of a change: states in which a document is as it must be.
const GOES_WHEN: &str = "goes-when";
/// Attribute of a receipt: the change was not made yet, and for what it waits. With a dot and a kind of document behind it,
/// one that it waits for.
pub const WAITS_FOR: &str = "waits-for";

/// Whether a change may wait for somebody. One that bills something may not: its task would count as billed.
pub fn may_wait(change: &Change) -> bool {
    let marked = change.attributes.iter().any(|(name, _)| name == MAY_WAIT);
    marked && change.action != Action::Keep && change.total.amount.is_zero() && change.lines.is_empty()
}

/// What a receipt says that its change waits for; none: it was made.
pub fn waits(receipt: &ChangeReceipt) -> Option<&str> {
    receipt.attributes.iter().find(|(name, _)| name == WAITS_FOR).map(|(_, words)| words.as_str())
}

/// A document that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// One of the card's document kinds.
    pub document: String,
    pub reference: EntityId,
}

/// The documents that a receipt waits for, in its order.
fn awaited(receipt: &ChangeReceipt) -> Vec<Awaited> {
    let of = |(name, reference): &(String, String)| {
        let document = name.strip_prefix(WAITS_FOR)?.strip_prefix('.')?.to_owned();
        Some(Awaited { document, reference: EntityId::new(reference.clone()) })
    };
    receipt.attributes.iter().filter_map(of).collect()
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowUpState {
    /// For somebody to do something in the target; looked at again then.
    Waiting {
        at: DateTime<Utc>,
    },
    /// On its way, or its answer was lost; looked for then.
    Sending {
        batch: BatchId,
        at: DateTime<Utc>,
    },
    Done {
        at: DateTime<Utc>,
    },
    /// It cannot be done any more, and why.
    Left {
        why: String,
        at: DateTime<Utc>,
    },
    /// It is not known what became of it, or it fails again and again: nothing more happens by itself.
    Person {
        why: String,
        at: DateTime<Utc>,
    },
}

impl FollowUpState {
    pub const NAMES: [&'static str; 5] = ["waiting", "sending", "done", "left", "person"];

    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Sending { .. } => "sending",
            Self::Done { .. } => "done",
            Self::Left { .. } => "left",
            Self::Person { .. } => "person",
        }
    }

    /// When something is due; none: nothing happens by itself.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Waiting { at } | Self::Sending { at, .. } => Some(*at),
            Self::Done { .. } | Self::Left { .. } | Self::Person { .. } => None,
        }
    }
}

/// One step that waits, beside the task that it belongs to. The task stays synchronized whatever becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    pub connection: ConnectionId,
    pub task: TaskId,
    pub plan: PlanDigest,
    pub change: ChangeKey,
    /// The version that made the plan carries it out.
    pub plugin: PluginDigest,
    /// As the confirmed plan calls it.
    pub title: String,
    /// In words.
    pub waits_for: String,
    /// Looked at in this order: while one is not ready, those behind it need no look. Empty: the plugin is asked.
    pub documents: Vec<Awaited>,
    pub state: FollowUpState,
    pub begun_at: DateTime<Utc>,
    pub looked_at: Option<DateTime<Utc>>,
    pub looks: u32,
    /// Attempts that came to nothing for a reason of their own: being told to wait is none.
    pub failures: u32,
}

/// After so many of them, a person decides.
pub const MOST_FAILURES: u32 = 5;
/// Hours until each look; then daily.
const LOOKS: [i64; 5] = [1, 2, 4, 8, 16];
/// A document that nobody approved for so long is looked at once a week.
const OLD: Duration = Duration::days(30);

impl FollowUp {
    /// When to look again after this look.
    pub fn next_look(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if now - self.begun_at > OLD {
            return now + Duration::days(7);
        }
        let hours = usize::try_from(self.looks).ok().and_then(|looks| LOOKS.get(looks)).copied().unwrap_or(24);
        now + Duration::hours(hours)
    }

    /// Looked at, and it still waits.
    #[must_use]
    pub fn still_waits(self, now: DateTime<Utc>) -> Self {
        let looked = Self { looks: self.looks.saturating_add(1), looked_at: Some(now), ..self };
        let at = looked.next_look(now);
        Self { state: FollowUpState::Waiting { at }, ..looked }
    }

    /// The plugin said anew what it waits for.
    #[must_use]
    pub fn told(self, receipt: &ChangeReceipt, words: &str, now: DateTime<Utc>) -> Self {
        Self { waits_for: words.to_owned(), documents: awaited(receipt), ..self }.still_waits(now)
    }

    /// An attempt came to nothing; tried again, but not for ever.
    #[must_use]
    pub fn failed(self, why: &str, now: DateTime<Utc>) -> Self {
        let failures = self.failures + 1;
        if failures < MOST_FAILURES {
            return Self { failures, ..self }.still_waits(now);
        }
        let why = format!("It was tried {failures} times. {why} Do it in the target by hand, or leave it.");
        Self { failures, state: FollowUpState::Person { why, at: now }, ..self }
    }

    pub fn is_open(&self) -> bool {
        matches!(
            self.state,
            FollowUpState::Waiting { .. } | FollowUpState::Sending { .. } | FollowUpState::Person { .. }
        )
    }

    /// Whole days for which it has waited.
    pub fn days(&self, now: DateTime<Utc>) -> i64 {
        (now - self.begun_at).num_days()
    }
}

/// What looking at the awaited documents means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Not yet.
    Waits,
    /// As it must be: the next document is looked at.
    Ready,
    /// Something else: the plugin says what it means.
    Other,
}

/// What a document's state means for a change that waits.
pub fn sight(change: &Change, state: &str) -> Sight {
    let named = |name: &str| {
        let listed = change.attributes.iter().find(|(attribute, _)| attribute == name);
        listed.is_some_and(|(_, states)| states.split_whitespace().any(|one| one.eq_ignore_ascii_case(state)))
    };
    match (named(WAITS_WHILE), named(GOES_WHEN)) {
        (true, _) => Sight::Waits,
        (false, true) => Sight::Ready,
        (false, false) => Sight::Other,
    }
}

/// What is left to do of a plan that was stored. A change that may wait and of which the receipt says nothing was found
/// without its answer: it waits too, and the plugin is asked.
pub fn begun(sealed: &SealedPlan, receipt: &Receipt, now: DateTime<Utc>) -> Vec<FollowUp> {
    let of = |change: &Change| {
        let told = receipt.changes.iter().find(|one| one.key == change.key);
        let words = match told {
            Some(told) => waits(told)?.to_owned(),
            None => change.attributes.iter().find(|(name, _)| name == MAY_WAIT)?.1.clone(),
        };
        let follow_up = FollowUp {
            connection: sealed.connection.clone(),
            task: sealed.plan.task.clone(),
            plan: sealed.digest.clone(),
            change: change.key.clone(),
            plugin: sealed.ground.plugin.clone(),
            title: change.title.clone(),
            waits_for: words,
            documents: told.map(awaited).unwrap_or_default(),
            state: FollowUpState::Waiting { at: now },
            begun_at: now,
            looked_at: None,
            looks: 0,
            failures: 0,
        };
        let at = follow_up.next_look(now);
        Some(FollowUp { state: FollowUpState::Waiting { at }, ..follow_up })
    };
    sealed.plan.changes.iter().filter(|change| may_wait(change)).filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Currency, Money};

    fn change(attributes: &[(&str, &str)], amount: i64) -> Change {
        let usd = Currency::parse("USD").unwrap_or_else(|bad| panic!("{bad}"));
        Change {
            key: "allocation:1".into(),
            action: Action::Create,
            document: "allocation".into(),
            target: None,
            title: "Credit".into(),
            fields: vec![],
            lines: vec![],
            total: Money::new(amount.into(), usd),
            why: String::new(),
            attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    fn waiting() -> FollowUp {
        FollowUp {
            connection: "x".into(),
            task: "t".into(),
            plan: "p".into(),
            change: "allocation:1".into(),
            plugin: "d".into(),
            title: String::new(),
            waits_for: String::new(),
            documents: vec![],
            state: FollowUpState::Waiting { at: DateTime::UNIX_EPOCH },
            begun_at: DateTime::UNIX_EPOCH,
            looked_at: None,
            looks: 0,
            failures: 0,
        }
    }

    #[test]
    fn only_what_bills_nothing_and_says_so_may_wait() {
        for (attributes, amount, expected) in
            [(&[(MAY_WAIT, "approval")][..], 0, true), (&[(MAY_WAIT, "approval")], 1, false), (&[], 0, false)]
        {
            assert_eq!(may_wait(&change(attributes, amount)), expected, "{attributes:?} {amount}");
        }
        let kept = Change { action: Action::Keep, ..change(&[(MAY_WAIT, "approval")], 0) };
        assert!(!may_wait(&kept));
    }

    #[test]
    fn a_state_means_what_the_confirmed_change_says() {
        let change = change(&[(WAITS_WHILE, "DRAFT SUBMITTED"), (GOES_WHEN, "AUTHORISED")], 0);
        for (state, expected) in [
            ("DRAFT", Sight::Waits),
            ("submitted", Sight::Waits),
            ("AUTHORISED", Sight::Ready),
            ("VOIDED", Sight::Other),
            ("missing", Sight::Other),
            ("", Sight::Other),
        ] {
            assert_eq!(sight(&change, state), expected, "{state}");
        }
    }

    #[test]
    fn looks_grow_rare_and_never_more_than_a_few_a_day() {
        let (mut one, mut now, mut hours) = (waiting(), DateTime::UNIX_EPOCH, Vec::new());
        for _ in 0..45 {
            let at = one.next_look(now);
            hours.push((at - now).num_hours());
            now = at;
            one = one.still_waits(now);
        }
        assert_eq!(hours[..8], [1, 2, 4, 8, 16, 24, 24, 24]);
        assert_eq!(hours.last(), Some(&168));
    }

    #[test]
    fn failing_again_and_again_it_is_a_persons() {
        let mut one = waiting();
        for count in 1..=MOST_FAILURES {
            one = one.failed("No.", DateTime::UNIX_EPOCH);
            let expected = if count < MOST_FAILURES { "waiting" } else { "person" };
            assert_eq!(one.state.name(), expected, "{count}");
        }
        assert!(one.is_open() && one.state.due().is_none());
    }
}
