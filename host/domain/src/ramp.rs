//! How much is sent at a time to a target that was down: nothing for a while, then one plan, two, four, until it is whole
//! again. A pure function of the outcomes of its batches, one after another. Owns the numbers; sending is the engine's.

use chrono::{DateTime, Duration, Utc};

/// Between two tries of a target that is down.
const FIRST_HOLD_SECONDS: i64 = 30;
const LONGEST_HOLD_SECONDS: i64 = 600;
/// One lost answer is an accident, two in a row are an outage.
const LOST_IS_DOWN: u32 = 2;

/// How a batch ended, as far as it tells about the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It answered, whatever it said.
    Answered,
    /// It was surely not reached.
    Unreached,
    /// It was asked, and nothing came back.
    Lost,
}

/// What the last batches of a connection say about its target. The default is a target that is whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ramp {
    /// Batches in a row without an answer.
    silent: u32,
    /// Plans in the next batch; none: as many as the card allows.
    width: Option<usize>,
    held_until: Option<DateTime<Utc>>,
    /// It was down and has answered since; not asked for yet.
    back: bool,
}

impl Ramp {
    /// After one more batch, of which the card allows `full` plans.
    #[must_use]
    pub fn after(self, outcome: Outcome, full: usize, now: DateTime<Utc>) -> Self {
        let silent = match outcome {
            Outcome::Answered => {
                let wider = self.width.map(|width| width.saturating_mul(2)).filter(|width| *width < full);
                let back = self.back || self.width.is_some();
                return Self { silent: 0, width: wider, held_until: None, back };
            }
            Outcome::Unreached => (self.silent + 1).max(LOST_IS_DOWN),
            Outcome::Lost => self.silent + 1,
        };
        // Still on its way up: one silence is enough to begin again.
        if silent < LOST_IS_DOWN && self.width.is_none() {
            return Self { silent, ..self };
        }
        let doublings = silent.saturating_sub(LOST_IS_DOWN).min(10);
        let seconds = (FIRST_HOLD_SECONDS << doublings).min(LONGEST_HOLD_SECONDS);
        let held_until = Some(now + Duration::seconds(seconds));
        Self { silent, width: Some(1), held_until, back: false }
    }

    /// Plans of the next batch.
    pub fn width(&self, full: usize) -> usize {
        self.width.unwrap_or(full).min(full).max(1)
    }

    /// Nothing goes out by itself yet. A time further ahead than any hold: the clock was set back since.
    pub fn is_held(&self, now: DateTime<Utc>) -> bool {
        let furthest = now + Duration::seconds(LONGEST_HOLD_SECONDS);
        self.held_until.is_some_and(|until| now < until && until <= furthest)
    }

    /// It was down and answers again, told once: what waits for it alone need not wait longer.
    pub fn take_back(&mut self) -> bool {
        std::mem::take(&mut self.back)
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome::{Answered, Lost, Unreached};
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-21T10:00:00Z".parse().unwrap()
    }

    fn after(outcomes: &[Outcome], full: usize) -> Ramp {
        outcomes.iter().fold(Ramp::default(), |ramp, outcome| ramp.after(*outcome, full, now()))
    }

    #[test]
    fn a_target_comes_back_by_doubling() {
        let table: &[(&[Outcome], usize, usize)] = &[
            (&[], 50, 50),
            (&[Answered], 50, 50),
            (&[Lost], 50, 50),
            (&[Lost, Answered, Lost], 50, 50),
            (&[Lost, Lost], 50, 1),
            (&[Unreached], 50, 1),
            (&[Unreached, Answered], 50, 2),
            (&[Unreached, Answered, Answered], 50, 4),
            (&[Unreached, Answered, Answered, Answered, Answered, Answered], 50, 32),
            (&[Unreached, Answered, Answered, Answered, Answered, Answered, Answered], 50, 50),
            (&[Unreached, Answered, Answered, Lost], 50, 1),
            (&[Unreached, Answered], 1, 1),
            (&[], 0, 1),
        ];
        for (outcomes, full, width) in table {
            assert_eq!(after(outcomes, *full).width(*full), *width, "{outcomes:?} of {full}");
        }
        let mut whole = after(&[Unreached, Answered], 2);
        assert!(whole.take_back() && !whole.take_back(), "told once");
        assert_eq!(whole, Ramp::default(), "whole again");
    }

    #[test]
    fn holds_grow_end_and_never_last_after_a_clock_was_set_back() {
        let held = |count: usize| {
            let ramp = after(&vec![Unreached; count], 50);
            (0..).find(|s| !ramp.is_held(now() + Duration::seconds(*s))).unwrap()
        };
        assert_eq!([1, 2, 3, 4, 5, 6, 60].map(held), [30, 60, 120, 240, 480, 600, 600]);
        assert!(!after(&[Unreached], 50).is_held(now() - Duration::hours(1)));
        assert!(!after(&[Lost], 50).is_held(now()));
        for outcomes in [&[][..], &[Answered], &[Unreached], &[Unreached, Answered, Unreached], &[Lost, Answered]] {
            assert!(!after(outcomes, 50).take_back(), "{outcomes:?}");
        }
    }
}
