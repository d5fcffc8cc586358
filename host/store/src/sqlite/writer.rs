//! The one thread that writes. What waits together is written together: several commits share one physical
//! transaction and its flush, each inside its own savepoint. Nobody is answered before the flush returned.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use counterfoil_domain::ports::{CommitError, StoreError};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::query::told;

/// How many commits may wait; more of them wait to wait.
const QUEUE: usize = 1024;

/// Most commits in one transaction: bounds how long the first one waits for the last.
const GROUP: usize = 256;

pub(super) type Outcome = Result<(), CommitError>;
type Work = Box<dyn FnOnce(&Connection) -> Outcome + Send>;

struct Job {
    work: Work,
    answer: oneshot::Sender<Outcome>,
}

/// What the writer did since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterFigures {
    pub commits: u64,
    /// Physical transactions: fewer than commits when they come together.
    pub transactions: u64,
}

#[derive(Debug, Default)]
struct Counters {
    commits: AtomicU64,
    transactions: AtomicU64,
}

#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    counters: Arc<Counters>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

impl Writer {
    pub(super) fn start(connection: Connection) -> std::io::Result<Self> {
        let (sender, jobs) = mpsc::channel(QUEUE);
        let counters = Arc::new(Counters::default());
        let mut desk = Desk { connection, jobs, counters: Arc::clone(&counters) };
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || desk.run())?;
        Ok(Self { jobs: Some(sender), thread: Some(thread), counters })
    }

    /// Waits for the flush. Once handed over, the work is done even if nobody waits any more.
    pub(super) async fn write(&self, work: Work) -> Outcome {
        let stopped = || StoreError::Unavailable("the writer has stopped; start Counterfoil again".to_owned());
        let (answer, answered) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(Job { work, answer }).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    pub(super) fn figures(&self) -> WriterFigures {
        WriterFigures {
            commits: self.counters.commits.load(Ordering::Relaxed),
            transactions: self.counters.transactions.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Writer {
    /// What was handed over is written before the file is let go.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer ended with a panic");
        }
    }
}

struct Desk {
    connection: Connection,
    jobs: mpsc::Receiver<Job>,
    counters: Arc<Counters>,
}

impl Desk {
    fn run(&mut self) {
        while let Some(first) = self.jobs.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(next) = self.jobs.try_recv()
            {
                group.push(next);
            }
            self.serve(group);
        }
    }

    fn serve(&mut self, group: Vec<Job>) {
        let (works, answers): (Vec<Work>, Vec<_>) = group.into_iter().map(|job| (job.work, job.answer)).unzip();
        let count = works.len();
        let outcomes = match together(&mut self.connection, works) {
            Ok(outcomes) => outcomes,
            Err(error) => {
                tracing::warn!(%error, commits = count, "a transaction failed; nothing of it was stored");
                vec![Err(CommitError::Store(error)); count]
            }
        };
        self.counters.transactions.fetch_add(1, Ordering::Relaxed);
        self.counters.commits.fetch_add(u64::try_from(count).unwrap_or(0), Ordering::Relaxed);
        for (answer, outcome) in answers.into_iter().zip(outcomes) {
            // Whoever asked may be gone; what was asked is done all the same.
            let _ = answer.send(outcome);
        }
    }
}

/// One transaction for all. An error of the whole is everybody's: even a refusal was decided on what is now
/// rolled back.
fn together(connection: &mut Connection, works: Vec<Work>) -> Result<Vec<Outcome>, StoreError> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)?;
    let mut outcomes = Vec::with_capacity(works.len());
    for work in works {
        let savepoint = transaction.savepoint().map_err(told)?;
        let outcome = work(&savepoint);
        let ended = if outcome.is_ok() { savepoint.commit() } else { savepoint.finish() };
        // A full disk or a bad page makes SQLite drop the whole transaction by itself.
        if transaction.is_autocommit() {
            let lost = StoreError::Unavailable("SQLite gave the transaction up".to_owned());
            return Err(match outcome {
                Err(CommitError::Store(error)) => error,
                _ => lost,
            });
        }
        ended.map_err(told)?;
        outcomes.push(outcome);
    }
    transaction.commit().map_err(told)?;
    Ok(outcomes)
}

#[cfg(test)]
mod tests;
