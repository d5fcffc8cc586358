//! Slows down guessing of passwords, by account and by address together and apart. Never locks anybody
//! out: a stranger's guesses make the owner wait a minute at most.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

const FORGET_AFTER: TimeDelta = TimeDelta::hours(1);
const MOST: usize = 20_000;
const LONGEST_NAME: usize = 100;

/// How many failures are free, and the longest wait after that.
#[derive(Debug, Clone, Copy)]
struct Bound {
    free: u32,
    longest_seconds: i64,
}

/// From one address against one account: doubling, up to a quarter of an hour.
const PAIR: Bound = Bound { free: 4, longest_seconds: 900 };
/// One address against all accounts.
const ADDRESS: Bound = Bound { free: 20, longest_seconds: 900 };
/// One account from everywhere: the victim must still get in.
const ACCOUNT: Bound = Bound { free: 10, longest_seconds: 60 };

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: DateTime<Utc>,
}

impl Failures {
    fn wait_until(&self, bound: Bound) -> DateTime<Utc> {
        let over = self.count.saturating_sub(bound.free);
        if over == 0 {
            return self.last;
        }
        let seconds = 2_i64.saturating_pow(over.min(30)).min(bound.longest_seconds);
        self.last + TimeDelta::seconds(seconds)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Throttle(HashMap<(String, String), Failures>);

fn keys(account: &str, address: &str) -> [((String, String), Bound); 3] {
    // No account has such a name: what a stranger sends must not fill the memory.
    let account: String = account.chars().take(LONGEST_NAME).collect();
    let account = account.as_str();
    [
        ((account.to_owned(), address.to_owned()), PAIR),
        ((String::new(), address.to_owned()), ADDRESS),
        ((account.to_owned(), String::new()), ACCOUNT),
    ]
}

impl Throttle {
    /// Whole seconds to wait before the next attempt; none: try.
    pub(crate) fn wait(&self, account: &str, address: &str, now: DateTime<Utc>) -> Option<u64> {
        let until = keys(account, address)
            .iter()
            .filter_map(|(key, bound)| self.0.get(key).map(|failures| failures.wait_until(*bound)))
            .max()?;
        let left = (until - now).num_milliseconds();
        if left <= 0 { None } else { u64::try_from(left).ok().map(|millis| millis.div_ceil(1000)) }
    }

    pub(crate) fn failed(&mut self, account: &str, address: &str, now: DateTime<Utc>) {
        if self.0.len() > MOST {
            self.0.retain(|_, failures| now - failures.last < FORGET_AFTER);
        }
        for (key, _) in keys(account, address) {
            let failures = self.0.entry(key).or_insert(Failures { count: 0, last: now });
            if now - failures.last >= FORGET_AFTER {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
        }
    }

    /// Signing in clears what this address did to this account, and nothing that others did.
    pub(crate) fn succeeded(&mut self, account: &str, address: &str) {
        let [(pair, _), ..] = keys(account, address);
        self.0.remove(&pair);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_gets_slow_and_the_owner_gets_in() {
        let mut throttle = Throttle::default();
        let mut now = DateTime::UNIX_EPOCH;
        let mut tries = 0;
        while now < DateTime::UNIX_EPOCH + TimeDelta::hours(1) {
            match throttle.wait("ann", "1.1.1.1", now) {
                Some(seconds) => now += TimeDelta::seconds(i64::try_from(seconds).unwrap()),
                None => {
                    tries += 1;
                    throttle.failed("ann", "1.1.1.1", now);
                }
            }
        }
        assert!(tries <= 16, "{tries} tries in an hour");
        assert_eq!(throttle.wait("bob", "2.2.2.2", now), None, "others are not touched");
        assert!(throttle.wait("ann", "2.2.2.2", now).unwrap_or(0) <= 60, "the owner waits a minute at most");

        throttle.succeeded("ann", "1.1.1.1");
        assert!(throttle.wait("ann", "1.1.1.1", now).unwrap_or(0) <= 60);
    }

    #[test]
    fn a_name_of_a_megabyte_is_not_kept() {
        let mut throttle = Throttle::default();
        throttle.failed(&"x".repeat(1 << 20), "1.1.1.1", DateTime::UNIX_EPOCH);
        let kept: usize = throttle.0.keys().map(|(account, address)| account.len() + address.len()).sum();
        assert!(kept < 1_000, "{kept}");
    }

    #[test]
    fn one_address_against_many_accounts_is_slowed_too() {
        let mut throttle = Throttle::default();
        let now = DateTime::UNIX_EPOCH;
        for n in 0..30 {
            throttle.failed(&format!("user{n}"), "1.1.1.1", now);
        }
        assert!(throttle.wait("fresh", "1.1.1.1", now).is_some());
    }
}
