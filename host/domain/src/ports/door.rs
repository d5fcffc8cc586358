//! The only way out of the host, as its callers see it. Egress is one implementation; scripted doors in
//! tests and benchmarks are another.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::Pending;
use crate::card::{Auth, Budgets, Discovery, Egress};
use crate::connection::Exceptions;
use crate::id::{ConnectionId, MarketplaceId};
use crate::wire::{Request, Response};

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
    Connection(ConnectionId),
    Marketplace(MarketplaceId),
}

/// Everything the door must know of a caller. Placeholders are filled already; `auth` names secrets only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub caller: Caller,
    /// Final base URL.
    pub base_url: String,
    /// Where the target itself tells a newer one.
    pub discovery: Option<Lookup>,
    pub egress: Egress,
    pub auth: Option<Auth>,
    /// Sent with every request; empty values were left out.
    pub static_headers: Vec<(String, String)>,
    pub budgets: Budgets,
    /// Budgets of scope `app` are shared by all routes with the same word here (the plugin or marketplace kind).
    pub app: String,
    pub exceptions: Exceptions,
    /// Parts of a token request that are no secrets: "realm", "username", "marketplace", …
    pub auth_parameters: Vec<(String, String)>,
}

/// A card's discovery, made ready for one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    pub url: String,
    /// The base URL with only the placeholders open that the answer fills.
    pub base: String,
    /// (placeholder, what stands in where the answer tells nothing)
    pub settings: Vec<(String, String)>,
    /// Names of the settings that say whom to ask about, for messages.
    pub named_by: Vec<String>,
    pub discovery: Discovery,
}

/// Whether the request may change something, decided by the caller and checked against the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sending {
    Read,
    Write {
        /// Header and value, where the target honours one.
        idempotency: Option<(String, String)>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub caller: Caller,
    pub sending: Sending,
    pub request: Request,
    pub timeout: Duration,
}

/// Whether anything can have reached the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Surely nothing.
    NotSent,
    /// Bytes went out and no whole answer came back.
    Uncertain,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which rule refused ("path-not-on-card", "private-address", "header-not-allowed").
    pub rule: String,
    pub message: String,
    /// The line that would allow it, where one would.
    pub remedy: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// A budget is used up. Nothing was sent; the wait costs no attempt.
    #[error("the {scope} budget allows the next call at {until}")]
    OverBudget { scope: String, until: DateTime<Utc> },
    #[error("sign-in failed: {message}")]
    SignIn {
        message: String,
        /// A person must act; otherwise it is worth trying again.
        needs_person: bool,
    },
    #[error("no connection: {message}")]
    NoConnection { message: String },
    #[error("the answer was lost: {message}")]
    AnswerLost { message: String },
    /// The answer came, but is larger than the card allows.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge { limit: usize },
}

impl SendError {
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Refused(_) | Self::OverBudget { .. } | Self::SignIn { .. } | Self::NoConnection { .. } => {
                Outcome::NotSent
            }
            Self::AnswerLost { .. } | Self::TooLarge { .. } => Outcome::Uncertain,
        }
    }
}

pub trait Door: Send + Sync + fmt::Debug {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>>;
}
