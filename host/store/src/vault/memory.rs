//! Secrets in memory, for simulations: gone with the process, never printed.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use counterfoil_domain::ports::{Pending, Vault, VaultError};
use counterfoil_domain::secret::{Secret, SecretScope};

#[derive(Debug, Default)]
pub struct MemoryVault {
    secrets: Mutex<BTreeMap<(SecretScope, String), Secret>>,
}

impl MemoryVault {
    pub fn new() -> Self {
        Self::default()
    }

    fn secrets(&self) -> MutexGuard<'_, BTreeMap<(SecretScope, String), Secret>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vault for MemoryVault {
    fn get(&self, scope: &SecretScope, name: &str) -> Pending<'_, Result<Option<Secret>, VaultError>> {
        let found = self.secrets().get(&(scope.clone(), name.to_owned())).cloned();
        Box::pin(ready(Ok(found)))
    }

    fn put(&self, scope: &SecretScope, name: &str, secret: Secret) -> Pending<'_, Result<(), VaultError>> {
        let key = (scope.clone(), name.to_owned());
        Box::pin(async move {
            self.secrets().insert(key, secret);
            Ok(())
        })
    }

    fn names(&self, scope: &SecretScope) -> Pending<'_, Result<Vec<String>, VaultError>> {
        let names = self.secrets().keys().filter(|(s, _)| s == scope).map(|(_, name)| name.clone()).collect();
        Box::pin(ready(Ok(names)))
    }
}
