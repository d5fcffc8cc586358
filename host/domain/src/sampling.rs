//! Which written documents are read back: all of a connection's first ones, a sample of the others. Pure. Owns the
//! choice; reading back and comparing is the engine's.

use crate::digest::Digester;
use crate::id::PlanDigest;

/// A connection that misreads amounts does so from its first documents on: every one of these is held against its plan.
pub const ALWAYS_FIRST: u64 = 100;
/// Afterwards so many in a hundred: a target that begins to differ is seen within a day's work, and reading costs calls
/// that writing needs.
pub const PERCENT: u64 = 5;

/// `written_before` counts the connection's plans that were stored earlier. The same plan is always answered the same,
/// so that a restart in between cannot talk itself out of a look.
pub fn is_read_back(written_before: u64, plan: &PlanDigest) -> bool {
    written_before < ALWAYS_FIRST || share(plan) < PERCENT
}

/// 0 to 99, evenly over digests.
fn share(plan: &PlanDigest) -> u64 {
    let mut digest = Digester::new("read-back");
    digest.text(plan.as_str());
    let hex = digest.hex();
    hex.get(..8).and_then(|first| u64::from_str_radix(first, 16).ok()).unwrap_or(0) % 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hundred_are_read_back_and_then_five_in_a_hundred() {
        let plan = |n: u64| PlanDigest::new(format!("plan-{n}"));
        assert!((0..ALWAYS_FIRST).all(|n| is_read_back(n, &plan(n))));
        let later = (ALWAYS_FIRST..ALWAYS_FIRST + 10_000).filter(|n| is_read_back(*n, &plan(*n))).count();
        assert!((400..600).contains(&later), "{later} of 10,000");
        for n in 0..500 {
            assert_eq!(is_read_back(100, &plan(n)), is_read_back(1_000_000, &plan(n)), "the plan alone decides");
        }
    }
}
