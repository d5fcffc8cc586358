//! Which routes have one sign-in in common. A refresh token that several use must be refreshed by one at a time, or the
//! one kills what the others hold. Owns that there is one place per vault and secret scope; not what happens in it.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use counterfoil_domain::ports::Vault;
use counterfoil_domain::secret::SecretScope;

use super::tokens::State;

#[derive(Debug)]
pub(crate) struct Shared {
    // Kept alive here, so that no other vault comes to lie at the address that it is known by.
    vault: Arc<dyn Vault>,
    home: SecretScope,
    pub(super) state: Arc<tokio::sync::Mutex<State>>,
    /// How many fetches have ended.
    pub(super) flights: AtomicU64,
}

impl Shared {
    pub(super) fn is_of(&self, vault: &Arc<dyn Vault>, home: &SecretScope) -> bool {
        self.home == *home && address(&self.vault) == address(vault)
    }
}

type Key = (usize, SecretScope);

/// Routes are made ready one by one and have no parent in common but the vault, so they find each other here.
static SHARED: LazyLock<Mutex<HashMap<Key, Weak<Shared>>>> = LazyLock::new(Mutex::default);

fn address(vault: &Arc<dyn Vault>) -> usize {
    Arc::as_ptr(vault).cast::<()>() as usize
}

/// The one of this vault and scope, made where there is none.
pub(super) fn of(vault: &Arc<dyn Vault>, home: SecretScope) -> Arc<Shared> {
    let mut all = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (address(vault), home.clone());
    if let Some(known) = all.get(&key).and_then(Weak::upgrade) {
        return known;
    }
    all.retain(|_, shared| shared.strong_count() > 0);
    let made =
        Arc::new(Shared { vault: Arc::clone(vault), home, state: Arc::default(), flights: AtomicU64::default() });
    all.insert(key, Arc::downgrade(&made));
    made
}
