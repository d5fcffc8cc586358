//! Whether a call is alone. Owns the permits: how many calls run at once, and who waits for one.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

#[derive(Debug, Clone)]
pub(super) struct Crowd {
    permits: Arc<Semaphore>,
    most: usize,
}

impl Crowd {
    pub(super) fn new(most: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(most)), most }
    }

    /// A place among those that run. The semaphore is never closed; if it were, running without a permit would only be
    /// slower.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.acquire().await.ok()
    }

    /// Asked by a call that runs: is anybody else running?
    pub(super) fn others(&self) -> bool {
        self.free() + 1 < self.most
    }

    pub(super) fn free(&self) -> usize {
        self.permits.available_permits()
    }
}
