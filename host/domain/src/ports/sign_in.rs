//! A person's sign-in to a target, as server and egress speak of it: the code that the target's page handed out, what
//! it was exchanged for, and why it was not. Owns no exchange; egress makes it.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::secret::Secret;

/// What the target's sign-in page is asked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInPage {
    pub authorize_url: String,
    pub client_id: String,
    pub scopes: Vec<String>,
    /// The setting that names the account, where one sign-in opens several.
    pub tenant_setting: Option<String>,
}

/// What came back from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeGrant {
    pub code: Secret,
    /// The PKCE verifier whose challenge the page was asked with.
    pub verifier: Secret,
    pub redirect_uri: String,
}

/// One account that the sign-in opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    pub id: String,
    pub name: String,
}

/// The refresh token is kept already; only what may be shown is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// None: the target has no such list. Err: it could not be read, and the sign-in stands all the same.
    pub tenants: Option<Result<Vec<Tenant>, String>>,
}

/// Why a code became no sign-in. Messages hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// The connection is not set up for it.
    #[error("{0}")]
    NotPossible(String),
    /// Used before, too old, or not of this sign-in.
    #[error("the target did not take the code: {0}")]
    CodeRefused(String),
    #[error("the target does not know the app: {0}")]
    AppRefused(String),
    #[error("the target takes no sign-in before {until}")]
    Later { until: DateTime<Utc> },
    /// The code was not used up.
    #[error("the target could not be asked: {0}")]
    Unreachable(String),
    /// The code may be used up.
    #[error("the target's answer was lost: {0}")]
    Lost(String),
    /// A token without a successor would end with the hour.
    #[error("the target gave no refresh token; the scope that asks for one (offline_access) is missing")]
    NoRefreshToken,
    #[error("the refresh token could not be kept: {0}")]
    NotKept(String),
}

impl CodeError {
    /// Stable, for people and programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotPossible(_) => "no-sign-in",
            Self::CodeRefused(_) => "code-refused",
            Self::AppRefused(_) => "app-refused",
            Self::Later { .. } => "too-early",
            Self::Unreachable(_) => "target-unreachable",
            Self::Lost(_) => "answer-lost",
            Self::NoRefreshToken => "no-refresh-token",
            Self::NotKept(_) => "not-kept",
        }
    }

    /// The same sign-in may be begun again at once, without changing anything first.
    pub fn is_retriable(&self) -> bool {
        matches!(self, Self::CodeRefused(_) | Self::Later { .. } | Self::Unreachable(_) | Self::Lost(_))
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.id)
    }
}
