//! A secret in memory. Owns that it is never printed; sealing at rest belongs to the store.

use std::fmt;

#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The plain text. Call it only where the secret is put on the wire or sealed.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secret that a sign-in by a person leaves behind, and that each refresh replaces.
pub const REFRESH_TOKEN: &str = "refresh_token";

/// When the refresh token was last replaced, in RFC 3339: it rests beside it, because its life counts from then.
pub const REFRESH_TOKEN_SINCE: &str = "refresh_token_since";

/// Whose secret it is. The text form is part of what a sealed secret is bound to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretScope {
    Connection(crate::id::ConnectionId),
    Marketplace(crate::id::MarketplaceId),
}

impl SecretScope {
    pub fn text(&self) -> String {
        match self {
            Self::Connection(id) => format!("connection/{id}"),
            Self::Marketplace(id) => format!("marketplace/{id}"),
        }
    }
}
