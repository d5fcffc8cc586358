//! How often what failed is tried again, after how long, and when somebody is asked instead. Pure tables. Owns the
//! numbers; moving tasks is the engine's.

use std::time::Duration;

use crate::failure::{Failure, FailureClass};

const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// What a target asks for is believed up to here; an absurd wait is cut.
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
/// Between two tries that nobody named a time for.
const LONGEST_OWN_WAIT: Duration = Duration::from_secs(8 * 3600);
const FIRST_OWN_WAIT: Duration = Duration::from_secs(30);
/// Of counted failures.
pub const MOST_FAILURES: u32 = 5;
/// Of tries that never reached the target: at growing distances they last longer than a day.
pub const MOST_UNREACHED: u32 = 10;
/// A task that was in hand when the guest or the process went down so often is not tried again by itself.
pub const MOST_CRASHES: u32 = 3;
/// Longer than the time in which a plugin's traps are counted against it: one bad task does not pause it for all.
const AFTER_CRASHES: Duration = Duration::from_secs(601);

/// What a failure costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// The target asked for patience: no attempt is used up.
    Free,
    /// So many tries, then somebody is asked.
    Tries(u32),
    /// Trying again cannot help.
    Spent,
    /// The connection stops until somebody signs in; the task only waits.
    SignIn,
    /// It may be there: looked for before anything is sent again.
    Look,
}

/// What is known of a try that failed, beside the class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// No connection, or stopped before anything was on the wire.
    SurelyNot,
    Perhaps,
}

/// The table.
pub fn budget(failure: &Failure, reached: Reached) -> Budget {
    use FailureClass as F;
    match (failure.class, failure.retry_after, reached) {
        (F::Throttled, _, _) | (F::Transient, Some(_), _) => Budget::Free,
        (F::Transient, None, Reached::SurelyNot) => Budget::Tries(MOST_UNREACHED),
        (F::Transient, None, Reached::Perhaps) => Budget::Tries(MOST_FAILURES),
        (F::Auth, _, _) => Budget::SignIn,
        (F::UnknownOutcome, _, _) => Budget::Look,
        (F::Rejected | F::Conflict | F::Forbidden | F::NotFound | F::Unsupported | F::Internal, _, _) => Budget::Spent,
    }
}

impl Budget {
    /// Whether a try that ended so is counted.
    pub fn counts(self) -> bool {
        matches!(self, Self::Tries(_))
    }

    /// Whether it may be tried again after so many counted failures, this one among them.
    pub fn allows(self, failures: u32) -> bool {
        match self {
            Self::Tries(most) => failures < most,
            Self::Free | Self::SignIn | Self::Look => true,
            Self::Spent => false,
        }
    }
}

/// Until the next try, after so many counted failures before this one. "At once" is no time.
pub fn wait(budget: Budget, failures: u32, told: Option<Duration>) -> Duration {
    let growth = if budget == Budget::Tries(MOST_UNREACHED) { 3_u32 } else { 2 };
    let own = FIRST_OWN_WAIT.saturating_mul(growth.saturating_pow(failures.min(10))).min(LONGEST_OWN_WAIT);
    told.unwrap_or(own).clamp(SHORTEST_WAIT, LONGEST_WAIT)
}

/// What was looked for and not there is sent again so often, each time under a new key.
pub fn may_be_sent_again(failures: u32) -> bool {
    failures < MOST_FAILURES
}

/// Crashes of a task after one more. In company it is a suspect and no more: the others of the batch never pay for one.
pub fn crashes_after(crashes: u32, alone: bool) -> u32 {
    if alone { crashes.saturating_add(1) } else { crashes.max(1) }
}

pub fn is_poison(crashes: u32) -> bool {
    crashes >= MOST_CRASHES
}

/// Before what was in hand when the guest went down is tried again.
pub fn wait_after_crash(crashes: u32) -> Duration {
    if crashes <= 1 { SHORTEST_WAIT } else { AFTER_CRASHES }
}

/// Sent in a batch of its own, so that whatever is wrong with it is nobody else's trouble.
pub fn goes_alone(failures: u32, crashes: u32) -> bool {
    crashes > 0 || failures >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(class: FailureClass, seconds: Option<u64>) -> Failure {
        Failure { retry_after: seconds.map(Duration::from_secs), ..Failure::new(class, "c", "m") }
    }

    #[test]
    fn each_class_has_its_budget() {
        use FailureClass as F;
        use Reached::{Perhaps, SurelyNot};
        let table = [
            (F::Throttled, None, SurelyNot, Budget::Free),
            (F::Throttled, Some(0), Perhaps, Budget::Free),
            (F::Throttled, Some(10_000_000), Perhaps, Budget::Free),
            (F::Transient, Some(60), Perhaps, Budget::Free),
            (F::Transient, None, SurelyNot, Budget::Tries(10)),
            (F::Transient, None, Perhaps, Budget::Tries(5)),
            (F::Auth, None, SurelyNot, Budget::SignIn),
            (F::UnknownOutcome, None, Perhaps, Budget::Look),
            (F::Rejected, Some(60), Perhaps, Budget::Spent),
            (F::Conflict, None, Perhaps, Budget::Spent),
            (F::Forbidden, None, SurelyNot, Budget::Spent),
            (F::NotFound, None, Perhaps, Budget::Spent),
            (F::Unsupported, None, Perhaps, Budget::Spent),
            (F::Internal, None, Perhaps, Budget::Spent),
        ];
        for class in F::ALL {
            assert!(table.iter().any(|(of, ..)| *of == class), "{} has no row", class.name());
        }
        for (class, told, reached, expected) in table {
            assert_eq!(budget(&failure(class, told), reached), expected, "{} {told:?} {reached:?}", class.name());
        }
    }

    #[test]
    fn tries_are_used_up_and_patience_is_not() {
        for (budget, last, over) in [(Budget::Tries(5), 4, 5), (Budget::Tries(10), 9, 10)] {
            assert!(budget.allows(last) && !budget.allows(over) && budget.counts());
        }
        assert!(Budget::Free.allows(u32::MAX) && !Budget::Free.counts());
        assert!(!Budget::Spent.allows(0));
    }

    #[test]
    fn waits_grow_are_believed_and_are_cut() {
        let own = |budget, failures| wait(budget, failures, None).as_secs();
        assert_eq!([0, 1, 2, 3].map(|n| own(Budget::Tries(5), n)), [30, 60, 120, 240]);
        assert_eq!([0, 1, 2, 9].map(|n| own(Budget::Tries(10), n)), [30, 90, 270, 28_800]);
        let day: u64 = (0..MOST_UNREACHED - 1).map(|n| own(Budget::Tries(10), n)).sum();
        assert!(day > 24 * 3600, "ten tries last {day} s: a day's outage is shorter");
        for (told, seconds) in [(0, 1), (1, 1), (17, 17), (86_400, 86_400), (u64::MAX, 86_400)] {
            assert_eq!(wait(Budget::Free, 3, Some(Duration::from_secs(told))).as_secs(), seconds);
        }
    }

    #[test]
    fn a_crash_in_company_makes_a_suspect_and_three_alone_a_poison() {
        let mut innocent = 0;
        for _ in 0..20 {
            innocent = crashes_after(innocent, false);
        }
        assert!(!is_poison(innocent) && goes_alone(0, innocent));
        let poison = crashes_after(crashes_after(crashes_after(0, false), true), true);
        assert!(is_poison(poison), "three in all, the first in company");
        // No three traps of one task fall into ten minutes.
        assert!((wait_after_crash(1) + wait_after_crash(2)).as_secs() > 600);
    }
}
