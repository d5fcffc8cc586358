//! How patiently one question is asked. Waits are spread by what is asked, so that calls that were refused together do
//! not come back together; no randomness is needed for that.

use std::time::Duration;

use counterfoil_domain::connection::Marketplace;
use counterfoil_domain::digest::Digester;

use crate::simple_api::{SetupProblem, number_setting};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How often one question is put before it is given up for this run.
    pub tries: u32,
    /// The first wait where nobody says how long; it doubles.
    pub first_wait: Duration,
    /// A longer wait is not slept through but given back, so that the run can be put off.
    pub longest_wait: Duration,
    /// How many details are asked for at a time.
    pub at_once: usize,
    pub timeout: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            tries: 6,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            at_once: 4,
            timeout: Duration::from_secs(60),
        }
    }
}

impl Pace {
    pub(crate) fn of(marketplace: &Marketplace) -> Result<Self, SetupProblem> {
        let default = Self::default();
        let tries = number_setting(marketplace, "tries", 1..=20, "a number from 1 to 20 is expected")?;
        let longest =
            number_setting(marketplace, "longest_wait_seconds", 0..=600, "a number of seconds up to 600 is expected")?;
        Ok(Self {
            tries: tries.unwrap_or(default.tries),
            longest_wait: longest.map_or(default.longest_wait, |seconds| Duration::from_secs(u64::from(seconds))),
            at_once: concurrency(marketplace)?.try_into().unwrap_or(default.at_once),
            ..default
        })
    }

    /// Doubles with every attempt, and up to half as much again.
    pub(crate) fn backoff(&self, seed: &str, attempt: u32) -> Duration {
        let doubled = self.first_wait.saturating_mul(1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX));
        let doubled = doubled.min(self.longest_wait);
        (doubled + spread(doubled, seed, attempt)).min(self.longest_wait)
    }
}

/// Up to half of the wait, always the same for the same question and attempt.
pub(crate) fn spread(wait: Duration, seed: &str, attempt: u32) -> Duration {
    let mut digest = Digester::new("backoff");
    digest.text(seed).text(&attempt.to_string());
    let part = digest.short().get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok()).unwrap_or(0);
    wait.saturating_mul(part) / 0x2_0000
}

pub(crate) fn concurrency(marketplace: &Marketplace) -> Result<u32, SetupProblem> {
    let set = number_setting(marketplace, "concurrency", 1..=64, "a number from 1 to 64 is expected")?;
    Ok(set.unwrap_or(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_are_spread_and_bounded() {
        let pace = Pace::default();
        for attempt in 1..=40 {
            let wait = pace.backoff("order 7", attempt);
            let doubled = pace.first_wait.saturating_mul(2_u32.saturating_pow(attempt - 1)).min(pace.longest_wait);
            assert!(wait >= doubled && wait <= pace.longest_wait, "attempt {attempt}: {wait:?}");
            assert_eq!(wait, pace.backoff("order 7", attempt));
        }
        assert_ne!(pace.backoff("order 7", 2), pace.backoff("order 8", 2));
    }
}
