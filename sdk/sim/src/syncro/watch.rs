//! Owns what a caller must never do to somebody's billing, and the record of each time it did. Does not own refusing it: the
//! real one lets it happen.

use super::params::Params;
use crate::exchange_log::Exchange;

/// What was done that nobody wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViolationKind {
    /// Any DELETE: none can be undone.
    Delete,
    /// A call of a payments or e-mail route.
    PaymentOrEmail,
    /// A write to a line, or to an invoice's line, that the API did not make.
    ForeignLine,
    /// A PUT to a recurring invoice that a person made.
    ForeignSchedule,
    /// A PUT changed something of a product that is not its price or its cost.
    ProductChanged,
    /// A PUT left a flag out, and that changed it.
    FlagByOmission,
    /// The token stood in the address, where logs keep it.
    KeyInAddress,
}

impl ViolationKind {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::PaymentOrEmail => "payment_or_email",
            Self::ForeignLine => "foreign_line",
            Self::ForeignSchedule => "foreign_schedule",
            Self::ProductChanged => "product_changed",
            Self::FlagByOmission => "flag_by_omission",
            Self::KeyInAddress => "key_in_address",
        }
    }
}

/// One such act with the call that was it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub kind: ViolationKind,
    pub what: String,
    pub exchange: Exchange,
}

/// Flags that a body did not name and that are not what they were: name, before, after.
pub(crate) fn changed_by_omission(params: &Params, flags: &[(&'static str, bool, bool)]) -> Vec<&'static str> {
    flags
        .iter()
        .filter(|(name, before, after)| before != after && !params.has(name))
        .map(|(name, _, _)| *name)
        .collect()
}

/// Whether a path is one that charges or mails somebody.
pub(crate) fn is_payment_or_email(path: &[&str]) -> bool {
    path.iter().any(|part| matches!(*part, "payments" | "payment_profiles" | "email" | "payment_methods" | "sms"))
}
