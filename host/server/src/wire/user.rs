//! People who sign in and their API tokens, on the wire. No hash of anything leaves the server.

use counterfoil_domain::ports::User;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    pub name: String,
    /// viewer · biller · approver · operator · admin
    pub role: String,
    /// Labels of the API tokens.
    pub tokens: Vec<String>,
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self {
            name: user.name.to_string(),
            role: user.role.clone(),
            tokens: user.tokens.iter().map(|(_, label)| label.clone()).collect(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserList {
    /// By name.
    pub users: Vec<UserView>,
}

/// Somebody new.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserBody {
    pub name: String,
    /// viewer · biller · approver · operator · admin
    pub role: String,
    pub password: String,
}

impl std::fmt::Debug for UserBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserBody({}, {})", self.name, self.role)
    }
}

/// What is left out stays as it is.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// Administrators only.
    pub role: Option<String>,
    pub password: Option<String>,
    /// Needed to change the own password.
    pub old_password: Option<String>,
}

impl std::fmt::Debug for UserChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserChange(role {:?}, password {})", self.role, self.password.is_some())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserRemoved {
    pub removed: UserView,
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenBody {
    /// What it is for: "nightly check".
    pub label: String,
}

/// A new API token. It is told this once: only its hash is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenMade {
    pub user: String,
    pub label: String,
    pub token: String,
}

impl std::fmt::Debug for TokenMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenMade({}/{})", self.user, self.label)
    }
}
