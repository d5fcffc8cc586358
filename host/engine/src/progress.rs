//! A run's row while it is worked on: figures, problems, and telling whoever watches.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::id::RunId;
use counterfoil_domain::ports::{Clock, CommitError, Store, Write};
use counterfoil_domain::run::{Problem, Run, RunState};
use tokio::sync::broadcast;

/// How old figures may be before they are written anew: a run's row names all its plans, so writing it for every batch
/// costs more than the batch.
const BETWEEN_SAVES: Duration = Duration::milliseconds(250);

/// More than this and the list helps nobody; the count goes on.
const MOST_PROBLEMS: usize = 200;

#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) run: Run,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    changed: broadcast::Sender<RunId>,
    /// Something was left undone: the run ends incomplete.
    incomplete: bool,
    /// Upkeep has no row of its own.
    silent: bool,
    saved_at: Option<DateTime<Utc>>,
}

impl Progress {
    pub(crate) fn new(
        run: Run,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        changed: broadcast::Sender<RunId>,
    ) -> Self {
        Self { run, store, clock, changed, incomplete: false, silent: false, saved_at: None }
    }

    /// Counts without a row: for work that nobody asked for by name.
    pub(crate) fn silent(run: Run, engine: &crate::Engine) -> Self {
        let (store, clock) = (Arc::clone(&engine.store), Arc::clone(&engine.clock));
        Self { silent: true, ..Self::new(run, store, clock, engine.changed.clone()) }
    }

    pub(crate) async fn start(&mut self) -> Result<(), CommitError> {
        self.run.state = RunState::Running;
        self.run.started_at.get_or_insert(self.clock.now());
        // A run taken up again after a restart counts afresh.
        self.run.counts.clear();
        self.run.problems.clear();
        self.run.done = 0;
        self.save().await
    }

    pub(crate) fn count(&mut self, name: &str, more: u64) {
        self.run.count(name, more);
    }

    pub(crate) fn problem(&mut self, code: &str, subject: impl Into<String>, message: impl Into<String>) {
        self.run.count("problems", 1);
        let message = message.into();
        if self.silent {
            tracing::warn!(connection = %self.run.connection, code, message, "upkeep");
        }
        if self.run.problems.len() < MOST_PROBLEMS {
            self.run.problems.push(Problem { code: code.to_owned(), subject: subject.into(), message });
        }
    }

    /// A problem that leaves work undone.
    pub(crate) fn shortfall(&mut self, code: &str, subject: impl Into<String>, message: impl Into<String>) {
        self.incomplete = true;
        self.problem(code, subject, message);
    }

    /// So many more are done. Written when the last figures are old enough; the end of a run always is.
    pub(crate) async fn advance(&mut self, done: usize) -> Result<(), CommitError> {
        self.run.done += done as u64;
        let now = self.clock.now();
        if self.saved_at.is_some_and(|at| (Duration::zero()..BETWEEN_SAVES).contains(&(now - at))) {
            return Ok(());
        }
        self.save().await
    }

    pub(crate) async fn save(&mut self) -> Result<(), CommitError> {
        if self.silent {
            return Ok(());
        }
        self.store.commit(vec![Write::UpdateRun(self.run.clone())]).await?;
        self.saved_at = Some(self.clock.now());
        // Nobody watching is no error.
        let _ = self.changed.send(self.run.id.clone());
        Ok(())
    }

    pub(crate) async fn finish(&mut self, failed: Option<String>) -> Result<(), CommitError> {
        self.run.state = match (&failed, self.incomplete) {
            (Some(_), _) => RunState::Failed,
            (None, true) => RunState::Incomplete,
            (None, false) => RunState::Done,
        };
        if let Some(message) = failed {
            self.problem("run-failed", self.run.connection.to_string(), message);
        }
        self.run.finished_at = Some(self.clock.now());
        self.save().await
    }
}
