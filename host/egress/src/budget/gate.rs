//! Where callers wait for their turn: short waits here, long ones are handed back to the scheduler.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use counterfoil_domain::ports::{Clock, SendError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ledger::{Ledger, Room, Saving, Told};
use super::line::Scopes;
use super::snapshot::{BudgetKeeper, BudgetSnapshot};
use crate::route::Prepared;

/// A longer wait would hold a guest, a lock and memory for nothing.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Gate {
    ledger: Arc<Mutex<Ledger>>,
    clock: Arc<dyn Clock>,
    keeper: Option<BudgetKeeper>,
    /// One save at a time, or an older one could overwrite a newer.
    saving: Arc<tokio::sync::Mutex<()>>,
}

/// A call that is counted: until this is dropped it counts as under way.
#[derive(Debug)]
pub(crate) struct Flying {
    ledger: Arc<Mutex<Ledger>>,
    clock: Arc<dyn Clock>,
    route: Arc<Prepared>,
}

impl Drop for Flying {
    fn drop(&mut self) {
        let now = self.clock.now();
        lock(&self.ledger).done(&self.route.scopes, now);
    }
}

fn lock(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { ledger: Arc::default(), clock, keeper: None, saving: Arc::default() }
    }

    /// From now on a call goes out only after the keeper knows that it may.
    pub(crate) fn keep_with(&mut self, keeper: BudgetKeeper) {
        self.keeper = Some(keeper);
        self.ledger().keep();
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
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
        self.pass(|ledger, now| ledger.room(scopes, now)).await.map(|_| ())
    }

    /// Returns when the call is counted and may go out at once.
    pub(crate) async fn take(&self, route: &Arc<Prepared>) -> Result<Flying, SendError> {
        loop {
            match self.pass(|ledger, now| ledger.take(&route.scopes, now)).await? {
                Passed::Out => {
                    let route = Arc::clone(route);
                    return Ok(Flying { ledger: Arc::clone(&self.ledger), clock: Arc::clone(&self.clock), route });
                }
                Passed::Unsaved => self.save().await.map_err(|error| SendError::NoConnection {
                    message: format!(
                        "the count of calls cannot be kept ({error}), and after a crash the target's limit could be exceeded; nothing was sent. Make room on the disk, or correct the rights of the data folder"
                    ),
                })?,
            }
        }
    }

    async fn pass(
        &self,
        ask: impl Fn(&mut Ledger, chrono::DateTime<chrono::Utc>) -> Room,
    ) -> Result<Passed, SendError> {
        let mut slept = Duration::ZERO;
        loop {
            let now = self.clock.now();
            let room = ask(&mut self.ledger(), now);
            let (scope, until) = match room {
                Room::Now => return Ok(Passed::Out),
                Room::Unsaved => return Ok(Passed::Unsaved),
                Room::At { scope, until } => (scope, until),
            };
            let wait = (until - now).to_std().unwrap_or_default().max(Duration::from_millis(1));
            // Added up, because a clock in tests may stand still, and others may be quicker at the gate.
            slept += wait;
            if slept > PATIENCE {
                return Err(SendError::OverBudget { scope, until });
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// What an answer tells is on disk before anybody acts on it.
    pub(crate) async fn answered(&self, scopes: &Scopes, told: &Told<'_>) {
        let now = self.clock.now();
        let is_news = self.ledger().answered(scopes, told, now);
        if is_news && let Err(error) = self.save().await {
            tracing::warn!(error, "what the target said about its limits could not be kept; a restart forgets it");
        }
    }

    /// Writes nothing when nothing was counted since.
    pub(crate) async fn save_changes(&self) -> Result<(), String> {
        if self.ledger().has_changed() { self.save().await } else { Ok(()) }
    }

    /// The last one: nothing goes out after it.
    pub(crate) async fn end(&self) -> Result<(), String> {
        self.ledger().end();
        self.save().await
    }

    /// In a task of its own: whoever gives up must not leave a save that is overtaken by the next.
    async fn save(&self) -> Result<(), String> {
        let Some(keeper) = self.keeper.clone() else { return Ok(()) };
        let one_at_a_time = Arc::clone(&self.saving).lock_owned().await;
        let (ledger, clock) = (Arc::clone(&self.ledger), Arc::clone(&self.clock));
        let save = move || {
            let snapshot = lock(&ledger).snapshot(Saving::Renewing, clock.now());
            let kept = keeper.keep(&snapshot);
            match &kept {
                Ok(()) => lock(&ledger).saved(),
                Err(_) => lock(&ledger).not_saved(),
            }
            drop(one_at_a_time);
            kept
        };
        tokio::task::spawn_blocking(save).await.unwrap_or_else(|_| Err("saving broke off".to_owned()))
    }

    pub(crate) fn snapshot(&self) -> BudgetSnapshot {
        let now = self.clock.now();
        self.ledger().snapshot(Saving::AsItIs, now)
    }

    pub(crate) fn restore(&self, snapshot: &BudgetSnapshot) {
        let now = self.clock.now();
        self.ledger().restore(snapshot, now);
    }
}

enum Passed {
    Out,
    Unsaved,
}
