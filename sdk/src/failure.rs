//! What went wrong, in the only terms the host acts on.
//!
//! Owns the failure classes and their constructors. Does not decide what happens next: the host does, by class
//! alone, so choosing the class is the most important thing that a plugin says.

use std::fmt;
use std::time::Duration;

use crate::Attributes;

/// How the host must act. When in doubt about a write, say [`UnknownOutcome`](Class::UnknownOutcome): it costs a
/// look-up, where a wrong [`Transient`](Class::Transient) costs a customer a second bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The target refused the content; sending it again cannot help.
    Rejected,
    /// The target already has something in the way, or it changed under us.
    Conflict,
    /// Credentials are expired or wrong; the connection pauses until someone signs in.
    Auth,
    /// Signed in, but not allowed; the message names the permission.
    Forbidden,
    /// A record that the plan rests on is gone.
    NotFound,
    /// Too many calls; nothing was written.
    Throttled,
    /// A passing fault; nothing was written.
    Transient,
    /// The write may or may not have happened. The host looks before it does anything else.
    UnknownOutcome,
    /// This target cannot do what was asked.
    Unsupported,
    /// A defect of the plugin.
    Internal,
}

/// A failure of one call, or of one job or plan within a call.
///
/// ```
/// use counterfoil_sdk::{Class, Failure};
///
/// let failure = Failure::rejected("acme-account-unmapped", "Account 200 is archived. Choose another in the settings.")
///     .with("account-code", "200");
/// assert_eq!(failure.class, Class::Rejected);
/// assert_eq!(failure.attributes.get("account-code"), Some("200"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Drives the host.
    pub class: Class,
    /// A stable code for people and documentation, prefixed with the target's name ("xero-account-unmapped").
    pub code: String,
    /// One or two sentences for billing staff: what happened, what to do.
    pub message: String,
    /// How long to wait, when the target said so.
    pub retry_after: Option<Duration>,
    /// Anything else worth keeping: a correlation id, the document that was saved before the failure.
    pub attributes: Attributes,
}

impl Failure {
    /// A failure of any class; the constructors below read better.
    #[must_use]
    pub fn new(class: Class, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class, code: code.into(), message: message.into(), retry_after: None, attributes: Attributes::new() }
    }

    /// The target refused the content; sending it again cannot help.
    #[must_use]
    pub fn rejected(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::Rejected, code, message)
    }

    /// Something is in the way in the target, or it changed under us.
    #[must_use]
    pub fn conflict(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::Conflict, code, message)
    }

    /// Credentials are expired or wrong.
    #[must_use]
    pub fn auth(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::Auth, code, message)
    }

    /// Not allowed; name the permission in the message.
    #[must_use]
    pub fn forbidden(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::Forbidden, code, message)
    }

    /// A record that the work rests on is gone.
    #[must_use]
    pub fn not_found(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::NotFound, code, message)
    }

    /// Too many calls, nothing written. `retry_after` is what the target said, if it said anything.
    #[must_use]
    pub fn throttled(code: impl Into<String>, message: impl Into<String>, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..Self::new(Class::Throttled, code, message) }
    }

    /// A passing fault, and it is certain that nothing was written.
    #[must_use]
    pub fn transient(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::Transient, code, message)
    }

    /// The write may or may not have happened.
    #[must_use]
    pub fn unknown_outcome(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::UnknownOutcome, code, message)
    }

    /// This target cannot do what was asked.
    #[must_use]
    pub fn unsupported(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::Unsupported, code, message)
    }

    /// A defect of the plugin, or a host that broke the contract.
    #[must_use]
    pub fn internal(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Class::Internal, code, message)
    }

    /// The same failure with one more attribute.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.set(name, value);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.code)
    }
}

impl std::error::Error for Failure {}
