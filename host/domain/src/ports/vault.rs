//! Where secrets rest: sealed in the store, or in memory for tests.

use std::fmt;

use super::Pending;
use crate::secret::{Secret, SecretScope};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("the secret {name} of {scope} cannot be opened with this master key")]
    WrongKey { scope: String, name: String },
    #[error("the vault cannot be used: {0}")]
    Unavailable(String),
}

pub trait Vault: Send + Sync + fmt::Debug {
    fn get(&self, scope: &SecretScope, name: &str) -> Pending<'_, Result<Option<Secret>, VaultError>>;

    /// Returns when it is safe on disk: rotated tokens must be persisted before use.
    fn put(&self, scope: &SecretScope, name: &str, secret: Secret) -> Pending<'_, Result<(), VaultError>>;

    /// Names only.
    fn names(&self, scope: &SecretScope) -> Pending<'_, Result<Vec<String>, VaultError>>;
}
