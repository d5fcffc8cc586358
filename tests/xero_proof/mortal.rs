//! A store whose process dies at its n-th commit, before or after it took effect: nothing of that process goes on. What is
//! stored stays, for the process after it.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::Notify;

#[macro_use]
#[path = "../store_reads.rs"]
mod reads;

use reads::*;

#[derive(Debug)]
pub(crate) struct Mortal {
    inner: Arc<dyn Store>,
    /// Commits that are left.
    left: AtomicI64,
    /// Whether the last one takes effect.
    after: bool,
    pub(crate) died: Notify,
}

impl Mortal {
    pub(crate) fn new(inner: Arc<dyn Store>, commits: i64, after: bool) -> Self {
        Self { inner, left: AtomicI64::new(commits), after, died: Notify::new() }
    }
}

macro_rules! pass {
    ($port:ident { $($name:ident($($arg:ident: $kind:ty),*) -> $out:ty;)* }) => {
        impl $port for Mortal {
            $(fn $name(&self, $($arg: $kind),*) -> Pending<'_, Result<$out, StoreError>> { self.inner.$name($($arg),*) })*
        }
    };
}

every_read!(pass);

impl Store for Mortal {
    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<(), CommitError>> {
        Box::pin(async move {
            let left = self.left.fetch_sub(1, Ordering::SeqCst);
            if left > 1 {
                return self.inner.commit(writes).await;
            }
            if left == 1 && self.after {
                let _ = self.inner.commit(writes).await;
            }
            self.died.notify_one();
            pending().await
        })
    }
}
