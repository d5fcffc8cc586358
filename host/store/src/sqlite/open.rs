//! Opening a database file: whose it is, whether this binary knows its schema, and bringing it up to date.
//! A file that is not ours, newer or damaged is never touched.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use rusqlite_migration::Migrations;

use super::sqlite_only::{self, Header};
use super::steps::steps;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error(
        "{} is not a Counterfoil database: {problem}. Nothing was changed and nothing will be sent. Name the right file in \
         the configuration, or put a backup in its place with `counterfoil restore`", .path.display()
    )]
    NotADatabase { path: PathBuf, problem: String },
    #[error(
        "{} was written by a newer Counterfoil (schema {found}, this one knows {known}). Nothing was changed and nothing \
         will be sent. Start the newer version, or restore a backup from before the upgrade", .path.display()
    )]
    NewerSchema { path: PathBuf, found: i64, known: i64 },
    #[error(
        "{} is in use by another program, most likely another Counterfoil. Two at once could bill twice, so this one \
         stops. End the other one first", .path.display()
    )]
    Locked { path: PathBuf },
    #[error(
        "{} cannot be written: {problem}. Nothing will be sent, because nothing could be recorded. Give the account that \
         runs Counterfoil write access to the file and its folder, and room on the disk", .path.display()
    )]
    NotWritable { path: PathBuf, problem: String },
    #[error(
        "{} is damaged: {problem}. Nothing was repaired and nothing will be sent. Keep the file as it is and restore a \
         backup with `counterfoil restore`", .path.display()
    )]
    Damaged { path: PathBuf, problem: String },
    #[error(
        "{} cannot be opened: {problem}. Nothing was sent", .path.display()
    )]
    Failed { path: PathBuf, problem: String },
}

/// An opened file: the connection that writes, and the lock that keeps a second host away.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) writer: Connection,
    pub(super) lock: File,
}

pub(super) fn open(path: &Path) -> Result<Opened, OpenError> {
    let not_writable = |error: std::io::Error| OpenError::NotWritable { path: path.into(), problem: error.to_string() };
    let header = sqlite_only::header(path).map_err(not_writable)?;
    if header == Header::Other {
        let problem = "it does not begin like a SQLite file".to_owned();
        return Err(OpenError::NotADatabase { path: path.into(), problem });
    }
    let lock = lock(path)?;
    let meant = |error: rusqlite::Error| meaning(path, &error);
    let mut writer = sqlite_only::open(path).map_err(meant)?;
    judge(&writer, path)?;
    sqlite_only::tune_writer(&writer).map_err(meant)?;
    can_write(&mut writer).map_err(meant)?;
    Migrations::new(steps()).to_latest(&mut writer).map_err(|error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => meaning(path, &err),
        other => OpenError::Failed { path: path.into(), problem: other.to_string() },
    })?;
    Ok(Opened { writer, lock })
}

/// Beside the file, because SQLite's own locks are on the file and let a second host in between writes.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let not_writable = |error: std::io::Error| OpenError::NotWritable { path: path.into(), problem: error.to_string() };
    let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(not_writable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: path.into() }),
        Err(TryLockError::Error(error)) => Err(not_writable(error)),
    }
}

fn judge(writer: &Connection, path: &Path) -> Result<(), OpenError> {
    let meant = |error: rusqlite::Error| meaning(path, &error);
    let nature = sqlite_only::nature(writer).map_err(meant)?;
    if nature.is_empty && nature.schema == 0 {
        return sqlite_only::claim(writer).map_err(meant);
    }
    if !nature.is_ours {
        let problem = "it is a SQLite file, but of another program".to_owned();
        return Err(OpenError::NotADatabase { path: path.into(), problem });
    }
    let known = i64::try_from(steps().len()).unwrap_or(i64::MAX);
    if nature.schema > known {
        return Err(OpenError::NewerSchema { path: path.into(), found: nature.schema, known });
    }
    let problems = sqlite_only::quick_problems(writer, path).map_err(meant)?;
    if problems.is_empty() {
        return Ok(());
    }
    Err(OpenError::Damaged { path: path.into(), problem: problems.join("; ") })
}

/// Finds out now, not at the first commit.
fn can_write(writer: &mut Connection) -> rusqlite::Result<()> {
    writer.transaction_with_behavior(TransactionBehavior::Immediate)?.rollback()
}

fn meaning(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.to_path_buf();
    let problem = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase { path, problem },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path, problem },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => OpenError::Locked { path },
        Some(
            ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure,
        ) => OpenError::NotWritable { path, problem },
        _ => OpenError::Failed { path, problem },
    }
}
