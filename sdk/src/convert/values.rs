//! Numbers, money, days, failures and HTTP messages.
//!
//! Owns the bounds of single values. The contract carries at most nine decimals in 64 bits; this crate calculates with
//! 28 digits, so going out can fail where coming in cannot.

use std::time::Duration;

use rust_decimal::Decimal;

use super::{FromRaw, IntoRaw};
use crate::bindings::counterfoil::target::types as raw;
use crate::{Attributes, Class, Currency, Date, Failure, Money, Period, decimal};

impl FromRaw<raw::Decimal> for Decimal {
    fn from_raw(raw: raw::Decimal) -> Result<Self, Failure> {
        decimal::from_parts(raw.coefficient, raw.scale)
    }
}

impl IntoRaw<raw::Decimal> for Decimal {
    fn into_raw(self) -> Result<raw::Decimal, Failure> {
        let (coefficient, scale) = decimal::to_parts(self)?;
        Ok(raw::Decimal { coefficient, scale })
    }
}

impl FromRaw<raw::Money> for Money {
    fn from_raw(raw: raw::Money) -> Result<Self, Failure> {
        Ok(Self::new(Decimal::from_raw(raw.amount)?, Currency::parse(&raw.currency)?))
    }
}

impl IntoRaw<raw::Money> for Money {
    fn into_raw(self) -> Result<raw::Money, Failure> {
        Ok(raw::Money { amount: self.amount.into_raw()?, currency: self.currency.to_string() })
    }
}

impl FromRaw<String> for Currency {
    fn from_raw(raw: String) -> Result<Self, Failure> {
        Self::parse(&raw)
    }
}

impl FromRaw<String> for Date {
    fn from_raw(raw: String) -> Result<Self, Failure> {
        Self::parse(&raw)
    }
}

impl FromRaw<raw::Period> for Period {
    fn from_raw(raw: raw::Period) -> Result<Self, Failure> {
        Self::new(Date::parse(&raw.start)?, Date::parse(&raw.end)?)
    }
}

// Failures convert without failing: whatever went wrong before must get through.
impl From<raw::Failure> for Failure {
    fn from(raw: raw::Failure) -> Self {
        Self {
            class: class_from(raw.class),
            code: raw.code,
            message: raw.message,
            retry_after: raw.retry_after_ms.map(Duration::from_millis),
            attributes: Attributes::from(raw.attributes),
        }
    }
}

impl From<Failure> for raw::Failure {
    fn from(failure: Failure) -> Self {
        Self {
            class: class_into(failure.class),
            code: failure.code,
            message: failure.message,
            // Half a billion years is long enough: saturating keeps the conversion total.
            retry_after_ms: failure.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
            attributes: failure.attributes.into_pairs(),
        }
    }
}

fn class_from(raw: raw::FailureClass) -> Class {
    match raw {
        raw::FailureClass::Rejected => Class::Rejected,
        raw::FailureClass::Conflict => Class::Conflict,
        raw::FailureClass::Auth => Class::Auth,
        raw::FailureClass::Forbidden => Class::Forbidden,
        raw::FailureClass::NotFound => Class::NotFound,
        raw::FailureClass::Throttled => Class::Throttled,
        raw::FailureClass::Transient => Class::Transient,
        raw::FailureClass::UnknownOutcome => Class::UnknownOutcome,
        raw::FailureClass::Unsupported => Class::Unsupported,
        raw::FailureClass::Internal => Class::Internal,
    }
}

fn class_into(class: Class) -> raw::FailureClass {
    match class {
        Class::Rejected => raw::FailureClass::Rejected,
        Class::Conflict => raw::FailureClass::Conflict,
        Class::Auth => raw::FailureClass::Auth,
        Class::Forbidden => raw::FailureClass::Forbidden,
        Class::NotFound => raw::FailureClass::NotFound,
        Class::Throttled => raw::FailureClass::Throttled,
        Class::Transient => raw::FailureClass::Transient,
        Class::UnknownOutcome => raw::FailureClass::UnknownOutcome,
        Class::Unsupported => raw::FailureClass::Unsupported,
        Class::Internal => raw::FailureClass::Internal,
    }
}

/// The door to the host's HTTP: requests out, answers in. Natively there is no host to send through.
#[cfg(target_arch = "wasm32")]
pub(crate) mod remote {
    use crate::bindings::counterfoil::target::remote as raw;
    use crate::{Request, Response};

    /// A request for the host.
    pub(crate) fn request(request: Request) -> raw::Request {
        raw::Request {
            operation: request.operation,
            method: request.method,
            path: request.path,
            query: request.query,
            headers: request.headers,
            body: request.body,
        }
    }

    /// An answer of the host.
    pub(crate) fn response(raw: raw::Response) -> Response {
        Response { status: raw.status, headers: raw.headers, body: raw.body, replayed: raw.replayed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_survives_both_ways() {
        let classes = [
            Class::Rejected,
            Class::Conflict,
            Class::Auth,
            Class::Forbidden,
            Class::NotFound,
            Class::Throttled,
            Class::Transient,
            Class::UnknownOutcome,
            Class::Unsupported,
            Class::Internal,
        ];
        for class in classes {
            let failure = Failure {
                retry_after: Some(Duration::from_millis(1500)),
                ..Failure::new(class, "code", "text").with("a", "b")
            };
            assert_eq!(Failure::from(raw::Failure::from(failure.clone())), failure);
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_not_a_panic() {
        assert!(Decimal::from_raw(raw::Decimal { coefficient: 1, scale: 10 }).is_err());
        assert!(
            Money::from_raw(raw::Money { amount: raw::Decimal { coefficient: 1, scale: 2 }, currency: "usd".into() })
                .is_err()
        );
        assert!(IntoRaw::<raw::Decimal>::into_raw(Decimal::MAX).is_err());
        assert!(Period::from_raw(raw::Period { start: "2026-02-30".into(), end: "2026-03-01".into() }).is_err());
    }
}
