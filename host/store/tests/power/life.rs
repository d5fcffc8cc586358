//! A life of the store as it is recorded, and what must hold of its file afterwards.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{Actor, OrderId, Revision, TaskId};
use counterfoil_domain::job::JobKind;
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::order::OrderKey;
use counterfoil_domain::ports::{
    AuditEntry, JournalStore as _, PageRequest, SetupStore as _, Store as _, TaskFilter, TaskStore as _, Write,
};
use counterfoil_domain::task::{Subject, Task, TaskState};
use counterfoil_store::SqliteStore;

use super::disk::{Chance, Event};
use super::vfs;

const COMMITS: u64 = 420;
const NAME: &str = "store.db";

fn at(n: u64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::Duration::seconds(i64::try_from(n).unwrap())
}

/// Long enough that a few hundred of them fill a write-ahead log up to its checkpoint.
fn padding(chance: &mut Chance) -> String {
    "x".repeat(usize::try_from(200 + chance.below(12_000)).unwrap())
}

fn task(n: u64, padding: String) -> Task {
    let key = OrderKey { marketplace: "m".into(), order: OrderId::new(format!("{n}")) };
    Task {
        id: TaskId::new(format!("task_{n:06}")),
        reseller: "r".into(),
        connection: "c".into(),
        subject: Subject::Order { key, revision: Revision::new("r") },
        kind: JobKind::Sales,
        number: format!("SO{n}"),
        customer: "k".into(),
        customer_name: padding,
        subscription: None,
        amount: Money::new(rust_decimal::Decimal::from(n), Currency::parse("USD").unwrap()),
        scenario: String::new(),
        state: TaskState::Ready,
        created_at: at(n),
        observed_at: at(n),
        updated_at: at(n),
        failures: 0,
        crashes: 0,
        version: 1,
    }
}

/// Two things that belong together: a task, and the line of the audit log that says so. Some commits touch an older task
/// too, so that pages are written over.
fn commit(n: u64, chance: &mut Chance, versions: &mut BTreeMap<u64, u64>) -> Vec<Write> {
    let mut writes = vec![Write::InsertTask(task(n, padding(chance)))];
    if n > 3 && chance.below(3) == 0 {
        let older = chance.below(n);
        let version = versions.entry(older).or_insert(1);
        *version += 1;
        writes.push(Write::UpdateTask(Task { version: *version, updated_at: at(n), ..task(older, padding(chance)) }));
    }
    writes.push(Write::Audit(AuditEntry {
        at: at(n),
        actor: Actor::new("test"),
        action: "commit".to_owned(),
        subject: format!("task_{n:06}"),
        detail: String::new(),
    }));
    writes
}

pub(crate) fn record(seed: u64) -> Vec<Event> {
    // The record is one for the process: one life at a time.
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    vfs::watch(folder.path().to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut chance = Chance::new(seed);
    let mut versions = BTreeMap::new();
    let store = SqliteStore::open(folder.path().join(NAME)).unwrap();
    for n in 0..COMMITS {
        runtime.block_on(store.commit(commit(n, &mut chance, &mut versions))).unwrap();
        vfs::acknowledged(n);
    }
    let events = vfs::stop();
    drop(store);
    events
}

/// Flushes of the database itself: the log was written back into it.
pub(crate) fn checkpoints(events: &[Event]) -> u64 {
    events.iter().filter(|event| matches!(event, Event::Flushed { file } if file == Path::new(NAME))).count() as u64
}

/// What the store had promised up to the cut.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    commits: u64,
}

impl Acknowledged {
    pub(crate) fn happened(&mut self, event: &Event) {
        if let Event::Acknowledged(n) = event {
            self.commits = n + 1;
        }
    }
}

/// What is wrong after a cut.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) kind: &'static str,
    detail: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind, self.detail)
    }
}

fn problem(kind: &'static str, detail: impl std::fmt::Debug) -> Problem {
    Problem { kind, detail: format!("{detail:?}") }
}

pub(crate) fn verify(files: &BTreeMap<PathBuf, Vec<u8>>, acknowledged: &Acknowledged) -> Result<(), Problem> {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    let store = SqliteStore::open(folder.path().join(NAME)).map_err(|error| problem("does not open", error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let integrity = store.integrity().await.map_err(|error| problem("unreadable", error))?;
        if !integrity.is_good() {
            return Err(problem("corrupt", integrity));
        }
        let chain = store.verify_audit().await.map_err(|error| problem("unreadable", error))?;
        if !chain.is_good() {
            return Err(problem("audit chain", chain));
        }
        let page = PageRequest { after: None, limit: 10_000 };
        let tasks = store.tasks(TaskFilter::default(), page).await.map_err(|error| problem("unreadable", error))?;
        let audit = store.audit(10_000).await.map_err(|error| problem("unreadable", error))?;
        let there = tasks.len() as u64;
        if there < acknowledged.commits {
            return Err(problem("acknowledged and lost", (there, acknowledged.commits)));
        }
        // A commit is whole or not at all, and none is missing between others.
        let in_turn = tasks.iter().zip(0..).all(|(task, n)| task.id == TaskId::new(format!("task_{n:06}")));
        if audit.len() as u64 != there || !in_turn || there > acknowledged.commits + 1 {
            return Err(problem("half a commit", (there, audit.len())));
        }
        // And it goes on from there.
        let mut chance = Chance::new(there);
        let next = commit(there, &mut chance, &mut BTreeMap::from([(u64::MAX, 0)]))
            .into_iter()
            .filter(|write| !matches!(write, Write::UpdateTask(_)))
            .collect();
        store.commit(next).await.map_err(|error| problem("cannot go on", error))?;
        store.exchange_counts().await.map_err(|error| problem("unreadable", error))?;
        Ok(())
    })
}
