//! Where callers wait for their turn: short waits here, long ones are handed back to the scheduler.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use counterfoil_domain::ports::{Clock, SendError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ledger::{Ledger, Room, Told};
use super::line::Scopes;
use super::snapshot::BudgetSnapshot;

/// A longer wait would hold a guest, a lock and memory for nothing.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Gate {
    ledger: Mutex<Ledger>,
    clock: Arc<dyn Clock>,
}

impl Gate {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { ledger: Mutex::default(), clock }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of the connection's calls at a time.
    pub(crate) async fn permit(&self, permits: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, SendError> {
        let busy = || SendError::OverBudget {
            scope: "concurrency".to_owned(),
            until: self.clock.now() + chrono::Duration::seconds(1),
        };
        match tokio::time::timeout(PATIENCE, Arc::clone(permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }

    /// Returns when a call could go out, counting nothing: signing in for a call that must wait is waste.
    pub(crate) async fn wait_for_room(&self, scopes: &Scopes) -> Result<(), SendError> {
        self.pass(|ledger, now| ledger.room(scopes, now)).await
    }

    /// Returns when the call is counted and may go out at once.
    pub(crate) async fn take(&self, scopes: &Scopes) -> Result<(), SendError> {
        self.pass(|ledger, now| ledger.take(scopes, now)).await
    }

    async fn pass(&self, ask: impl Fn(&mut Ledger, chrono::DateTime<chrono::Utc>) -> Room) -> Result<(), SendError> {
        let mut slept = Duration::ZERO;
        loop {
            let now = self.clock.now();
            let room = ask(&mut self.ledger(), now);
            let Room::At { scope, until } = room else { return Ok(()) };
            let wait = (until - now).to_std().unwrap_or_default().max(Duration::from_millis(1));
            // Added up, because a clock in tests may stand still, and others may be quicker at the gate.
            slept += wait;
            if slept > PATIENCE {
                return Err(SendError::OverBudget { scope, until });
            }
            tokio::time::sleep(wait).await;
        }
    }

    pub(crate) fn answered(&self, scopes: &Scopes, told: &Told<'_>) {
        let now = self.clock.now();
        self.ledger().answered(scopes, told, now);
    }

    pub(crate) fn snapshot(&self) -> BudgetSnapshot {
        let now = self.clock.now();
        self.ledger().snapshot(now)
    }

    pub(crate) fn restore(&self, snapshot: &BudgetSnapshot) {
        let now = self.clock.now();
        self.ledger().restore(snapshot, now);
    }
}
