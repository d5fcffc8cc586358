//! Failures, in both directions.

use std::time::Duration;

use counterfoil_domain::failure::{Failure, FailureClass};

use super::raw;
use super::values::clip;

const MAX_CODE: usize = 128;
const MAX_MESSAGE: usize = 4096;
const MAX_VALUE: usize = 1024;
const MAX_ATTRIBUTES: usize = 64;

/// A failure must get through whatever it looks like, so it is cut to size, never refused.
pub(crate) fn failure(raw: raw::Failure) -> Failure {
    let code = if raw.code.trim().is_empty() { "plugin-no-code".to_owned() } else { clip(&raw.code, MAX_CODE) };
    let attributes = raw.attributes.into_iter().take(MAX_ATTRIBUTES);
    Failure {
        class: class(raw.class),
        code,
        message: clip(&raw.message, MAX_MESSAGE),
        retry_after: raw.retry_after_ms.map(Duration::from_millis),
        attributes: attributes.map(|(name, value)| (clip(&name, MAX_CODE), clip(&value, MAX_VALUE))).collect(),
    }
}

pub(crate) fn raw_failure(failure: Failure) -> raw::Failure {
    raw::Failure {
        class: raw_class(failure.class),
        code: failure.code,
        message: failure.message,
        retry_after_ms: failure.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        attributes: failure.attributes,
    }
}

fn class(raw: raw::FailureClass) -> FailureClass {
    match raw {
        raw::FailureClass::Rejected => FailureClass::Rejected,
        raw::FailureClass::Conflict => FailureClass::Conflict,
        raw::FailureClass::Auth => FailureClass::Auth,
        raw::FailureClass::Forbidden => FailureClass::Forbidden,
        raw::FailureClass::NotFound => FailureClass::NotFound,
        raw::FailureClass::Throttled => FailureClass::Throttled,
        raw::FailureClass::Transient => FailureClass::Transient,
        raw::FailureClass::UnknownOutcome => FailureClass::UnknownOutcome,
        raw::FailureClass::Unsupported => FailureClass::Unsupported,
        raw::FailureClass::Internal => FailureClass::Internal,
    }
}

fn raw_class(class: FailureClass) -> raw::FailureClass {
    match class {
        FailureClass::Rejected => raw::FailureClass::Rejected,
        FailureClass::Conflict => raw::FailureClass::Conflict,
        FailureClass::Auth => raw::FailureClass::Auth,
        FailureClass::Forbidden => raw::FailureClass::Forbidden,
        FailureClass::NotFound => raw::FailureClass::NotFound,
        FailureClass::Throttled => raw::FailureClass::Throttled,
        FailureClass::Transient => raw::FailureClass::Transient,
        FailureClass::UnknownOutcome => raw::FailureClass::UnknownOutcome,
        FailureClass::Unsupported => raw::FailureClass::Unsupported,
        FailureClass::Internal => raw::FailureClass::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_survives_the_round_trip() {
        for class in FailureClass::ALL {
            let mut told = Failure::new(class, "some-code", "What happened.");
            told.retry_after = Some(Duration::from_millis(1500));
            told.attributes.push(("correlation-id".to_owned(), "7".to_owned()));
            assert_eq!(failure(raw_failure(told.clone())), told);
        }
    }

    #[test]
    fn an_endless_failure_is_cut_and_a_nameless_one_named() {
        let mut raw = raw_failure(Failure::new(FailureClass::Rejected, " ", "m".repeat(100_000)));
        raw.attributes = vec![("n".repeat(5000), "v".repeat(5000)); 1000];
        let read = failure(raw);
        assert_eq!(read.code, "plugin-no-code");
        assert!(read.message.len() <= MAX_MESSAGE + 3);
        assert_eq!(read.attributes.len(), MAX_ATTRIBUTES);
        assert!(read.attributes.iter().all(|(name, value)| name.len() <= MAX_CODE + 3 && value.len() <= MAX_VALUE + 3));
    }
}
