//! Backups while the store is in use, and the question whether everything in it can still be read.

use std::path::{Path, PathBuf};

use counterfoil_domain::adjust::Adjustments;
use counterfoil_domain::claim::Claim;
use counterfoil_domain::follow_up::FollowUp;
use counterfoil_domain::mail::Mail;
use counterfoil_domain::market::{Customer, Product, Subscription};
use counterfoil_domain::order::Order;
use counterfoil_domain::ports::StoreError;
use counterfoil_domain::product_sync::ProductRow;
use counterfoil_domain::rule::IgnoreRule;
use counterfoil_domain::task::Task;
use counterfoil_domain::{connection, journal, link, plan, ports, run, version};
use rusqlite::Connection;

use super::query::{sealed, told};
use super::{SqliteStore, sqlite_only};
use crate::record::{Record, decode};

/// How many problems are told; one is enough to restore a backup.
const TOLD: usize = 50;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    #[error("{} is there already. Nothing was written. Name a file that does not exist", .0.display())]
    Exists(PathBuf),
    #[error("the backup to {} failed: {problem}. The store itself is not affected", .path.display())]
    Failed { path: PathBuf, problem: String },
}

/// What was found wrong; nothing: everything can be read and is what was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Integrity {
    pub problems: Vec<String>,
    /// How many records were read.
    pub records: u64,
}

impl Integrity {
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Copies one consistent moment of a store's file, whether a host has it open or not. The copy appears under
/// its name only when it is whole and on the disk.
pub fn copy_file(from: &Path, to: &Path) -> Result<(), BackupError> {
    let failed = |problem: String| BackupError::Failed { path: to.to_path_buf(), problem };
    if to.exists() {
        return Err(BackupError::Exists(to.to_path_buf()));
    }
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    // Left over from a backup that was cut short.
    if part.exists() {
        std::fs::remove_file(&part).map_err(|error| failed(error.to_string()))?;
    }
    sqlite_only::copy(from, &part).map_err(|error| failed(error.to_string()))?;
    let flushed = std::fs::File::open(&part).and_then(|file| file.sync_all());
    flushed.and_then(|()| std::fs::rename(&part, to)).map_err(|error| failed(error.to_string()))
}

impl SqliteStore {
    /// On a thread of its own: reads and commits go on meanwhile.
    pub async fn backup_to(&self, to: impl Into<PathBuf>) -> Result<(), BackupError> {
        let (from, to) = (self.path().to_path_buf(), to.into());
        let failed = |path: PathBuf, problem: String| BackupError::Failed { path, problem };
        let (answer, answered) = tokio::sync::oneshot::channel();
        let name = to.clone();
        std::thread::Builder::new()
            .name("store-backup".to_owned())
            .spawn(move || {
                let _ = answer.send(copy_file(&from, &to));
            })
            .map_err(|error| failed(name.clone(), error.to_string()))?;
        answered.await.map_err(|_| failed(name, "its thread ended early".to_owned()))?
    }

    /// Reads everything once: SQLite's own check, then every record against its seal.
    pub async fn integrity(&self) -> Result<Integrity, StoreError> {
        self.file.readers.read(look_through).await
    }
}

fn look_through(c: &Connection) -> Result<Integrity, StoreError> {
    let mut found = Integrity { problems: sqlite_only::all_problems(c).map_err(told)?, records: 0 };
    look_at::<connection::Reseller>(c, "SELECT body, seal FROM resellers", &mut found)?;
    look_at::<connection::Marketplace>(c, "SELECT body, seal FROM marketplaces", &mut found)?;
    look_at::<connection::Connection>(c, "SELECT body, seal FROM connections", &mut found)?;
    look_at::<ports::User>(c, "SELECT body, seal FROM users", &mut found)?;
    look_at::<version::InstalledVersion>(c, "SELECT body, seal FROM plugin_versions", &mut found)?;
    look_at::<version::Activation>(c, "SELECT body, seal FROM plugin_activations", &mut found)?;
    look_at::<Customer>(c, "SELECT body, seal FROM customers", &mut found)?;
    look_at::<Subscription>(c, "SELECT body, seal FROM subscriptions", &mut found)?;
    look_at::<Product>(c, "SELECT body, seal FROM products", &mut found)?;
    look_at::<ports::Cursor>(c, "SELECT body, seal FROM cursors", &mut found)?;
    look_at::<Order>(c, "SELECT body, seal FROM orders", &mut found)?;
    look_at::<Task>(c, "SELECT body, seal FROM tasks", &mut found)?;
    look_at::<link::Link>(c, "SELECT body, seal FROM links", &mut found)?;
    look_at::<IgnoreRule>(c, "SELECT body, seal FROM rules", &mut found)?;
    look_at::<Adjustments>(c, "SELECT body, seal FROM adjustments", &mut found)?;
    look_at::<Claim>(c, "SELECT body, seal FROM claims", &mut found)?;
    look_at::<plan::SealedPlan>(c, "SELECT body, seal FROM plans", &mut found)?;
    look_at::<journal::Batch>(c, "SELECT body, seal FROM batches", &mut found)?;
    look_at::<journal::Effect>(c, "SELECT body, seal FROM effects", &mut found)?;
    look_at::<ports::StoredReceipt>(c, "SELECT body, seal FROM receipts", &mut found)?;
    look_at::<Mail>(c, "SELECT body, seal FROM mails", &mut found)?;
    look_at::<ProductRow>(c, "SELECT body, seal FROM product_rows", &mut found)?;
    look_at::<FollowUp>(c, "SELECT body, seal FROM follow_ups", &mut found)?;
    look_at::<run::Run>(c, "SELECT body, seal FROM runs", &mut found)?;
    look_at::<ports::ExchangeRecord>(c, "SELECT body, seal FROM exchanges", &mut found)?;
    Ok(found)
}

fn look_at<T: Record>(c: &Connection, sql: &str, found: &mut Integrity) -> Result<(), StoreError> {
    let mut statement = c.prepare(sql).map_err(told)?;
    let mut rows = statement.query([]).map_err(told)?;
    loop {
        let outcome = match rows.next() {
            Ok(None) => return Ok(()),
            Ok(Some(row)) => sealed(row).map_err(told).and_then(|record| decode::<T>(&record)),
            Err(error) => {
                found.problems.push(told(error).to_string());
                return Ok(());
            }
        };
        found.records += 1;
        if let Err(problem) = outcome
            && found.problems.len() < TOLD
        {
            found.problems.push(problem.to_string());
        }
    }
}
