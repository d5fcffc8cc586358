//! What a target may answer instead of a result. The class alone drives the host; codes are for people.

use std::fmt;
use std::time::Duration;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureClass {
    Rejected,
    Conflict,
    Auth,
    Forbidden,
    NotFound,
    Throttled,
    Transient,
    UnknownOutcome,
    Unsupported,
    Internal,
}

impl FailureClass {
    pub const ALL: [Self; 10] = [
        Self::Rejected,
        Self::Conflict,
        Self::Auth,
        Self::Forbidden,
        Self::NotFound,
        Self::Throttled,
        Self::Transient,
        Self::UnknownOutcome,
        Self::Unsupported,
        Self::Internal,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Conflict => "conflict",
            Self::Auth => "auth",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::UnknownOutcome => "unknown-outcome",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub class: FailureClass,
    /// Stable, documented ("xero-account-unmapped").
    pub code: String,
    /// What happened and what to do, for a person.
    pub message: String,
    pub retry_after: Option<Duration>,
    pub attributes: Vec<(String, String)>,
}

impl Failure {
    pub fn new(class: FailureClass, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { class, code: code.into(), message: message.into(), retry_after: None, attributes: Vec::new() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.class.name(), self.message)
    }
}

impl std::error::Error for Failure {}
