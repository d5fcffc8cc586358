//! A store around the store: whatever the server commits has its line for the audit log in the same commit. Every test of
//! this suite runs on it, so each route that changes something is held to it wherever it is tested.

use std::sync::{Arc, Mutex, PoisonError};

use counterfoil_store::MemoryStore;

#[macro_use]
#[path = "../../../../tests/store_reads.rs"]
mod reads;

use reads::*;

/// What was committed without a line, in the words of its first write.
#[derive(Debug, Default)]
pub(crate) struct Silent(Arc<Mutex<Vec<String>>>);

/// Whatever a test is about, it fails when something was committed without a line.
impl Drop for Silent {
    fn drop(&mut self) {
        let silent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::thread::panicking() {
            assert_eq!(*silent, Vec::<String>::new(), "committed without a line in the audit log");
        }
    }
}

#[derive(Debug)]
pub(crate) struct Audited {
    inner: Arc<MemoryStore>,
    silent: Arc<Mutex<Vec<String>>>,
}

impl Audited {
    pub(crate) fn new(inner: Arc<MemoryStore>, silent: &Silent) -> Self {
        Self { inner, silent: Arc::clone(&silent.0) }
    }
}

macro_rules! pass {
    ($port:ident { $($name:ident($($arg:ident: $kind:ty),*) -> $out:ty;)* }) => {
        impl $port for Audited {
            $(fn $name(&self, $($arg: $kind),*) -> Pending<'_, Result<$out, StoreError>> { self.inner.$name($($arg),*) })*
        }
    };
}

every_read!(pass);

impl Store for Audited {
    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<(), CommitError>> {
        let is_told = writes.is_empty() || writes.iter().any(|write| matches!(write, Write::Audit(_)));
        if !is_told {
            let first = writes.first().map(|write| format!("{write:?}").chars().take(120).collect());
            self.silent.lock().unwrap_or_else(PoisonError::into_inner).extend::<Option<String>>(first);
        }
        self.inner.commit(writes)
    }
}
