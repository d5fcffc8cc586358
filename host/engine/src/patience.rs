//! Waiting inside a run, for reads only: a used-up minute is waited for, a used-up day is not. Writes are put
//! off by `settle` instead, because nothing may hold a connection while it waits.

use std::time::Duration;

use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::ports::CallError;

/// Longer than any window of a minute; whatever wants more is a matter for another run.
const LONGEST: Duration = Duration::from_secs(90);
const SHORTEST: Duration = Duration::from_secs(1);
/// A target that goes on saying "too many" has another reason.
const MOST_PAUSES: u32 = 8;

/// How long the target wants to be left alone; none where that is not what it said, or too long to wait for.
pub(crate) fn pause(failure: &Failure) -> Option<Duration> {
    let wait = failure.retry_after.unwrap_or(SHORTEST).max(SHORTEST);
    (failure.class == FailureClass::Throttled && wait <= LONGEST).then_some(wait)
}

/// How often one call was waited for.
#[derive(Debug, Default)]
pub(crate) struct Patience(u32);

impl Patience {
    /// Waits if something is wanted and patience is left. True: ask again.
    pub(crate) async fn again(&mut self, wanted: Option<Duration>) -> bool {
        let Some(wait) = wanted.filter(|_| self.0 < MOST_PAUSES) else { return false };
        self.0 += 1;
        tokio::time::sleep(wait).await;
        true
    }
}

/// What a call that failed as a whole wants.
pub(crate) fn after<T>(answer: &Result<T, CallError>) -> Option<Duration> {
    match answer {
        Err(CallError::Failed(failure)) => pause(failure),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_waited_for_and_a_day_is_not() {
        let said = |class, seconds: Option<u64>| {
            let failure = Failure { retry_after: seconds.map(Duration::from_secs), ..Failure::new(class, "c", "m") };
            pause(&failure).map(|wait| wait.as_secs())
        };
        let throttled = FailureClass::Throttled;
        for (class, seconds, expected) in [
            (throttled, Some(20), Some(20)),
            (throttled, Some(0), Some(1)),
            (throttled, None, Some(1)),
            (throttled, Some(90), Some(90)),
            (throttled, Some(91), None),
            (throttled, Some(86_400), None),
            (FailureClass::Transient, Some(20), None),
            (FailureClass::Rejected, None, None),
        ] {
            assert_eq!(said(class, seconds), expected, "{class:?} {seconds:?}");
        }
    }
}
