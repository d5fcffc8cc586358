//! The vault in the store's own file: a rotated token and the commits around it are flushed by one writer.

use counterfoil_domain::ports::{CommitError, Pending, StoreError, Vault, VaultError};
use counterfoil_domain::secret::{Secret, SecretScope};

use super::MasterKey;
use super::sealed::{seal, unseal};
use crate::sqlite::SqliteStore;

#[derive(Debug, Clone)]
pub struct SqliteVault {
    store: SqliteStore,
    key: MasterKey,
}

impl SqliteVault {
    pub fn new(store: SqliteStore, key: MasterKey) -> Self {
        Self { store, key }
    }

    async fn read(&self, scope: SecretScope, name: String) -> Result<Option<Secret>, VaultError> {
        let stored = self.store.sealed_secret(scope.text(), name.clone()).await.map_err(|error| unavailable(&error))?;
        let Some(stored) = stored else { return Ok(None) };
        match unseal(&self.key, &scope, &name, &stored) {
            Some(secret) => Ok(Some(secret)),
            None => Err(VaultError::WrongKey { scope: scope.text(), name }),
        }
    }

    async fn write(&self, scope: SecretScope, name: String, secret: Secret) -> Result<(), VaultError> {
        let mut nonce = [0_u8; 24];
        getrandom::fill(&mut nonce)
            .map_err(|error| VaultError::Unavailable(format!("the system gives no random bytes: {error}")))?;
        let sealed = seal(&self.key, nonce, &scope, &name, &secret)
            .ok_or_else(|| VaultError::Unavailable(format!("the secret {name} is too long to be sealed")))?;
        self.store.put_sealed_secret(scope.text(), name, sealed).await.map_err(|error| match error {
            CommitError::Store(error) => unavailable(&error),
            other => VaultError::Unavailable(other.to_string()),
        })
    }
}

fn unavailable(error: &StoreError) -> VaultError {
    VaultError::Unavailable(error.to_string())
}

impl Vault for SqliteVault {
    fn get(&self, scope: &SecretScope, name: &str) -> Pending<'_, Result<Option<Secret>, VaultError>> {
        Box::pin(self.read(scope.clone(), name.to_owned()))
    }

    fn put(&self, scope: &SecretScope, name: &str, secret: Secret) -> Pending<'_, Result<(), VaultError>> {
        Box::pin(self.write(scope.clone(), name.to_owned(), secret))
    }

    fn names(&self, scope: &SecretScope) -> Pending<'_, Result<Vec<String>, VaultError>> {
        let scope = scope.text();
        Box::pin(async move { self.store.secret_names(scope).await.map_err(|error| unavailable(&error)) })
    }
}
