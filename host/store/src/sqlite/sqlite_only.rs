//! All that only SQLite understands: pragmas, its file header, its backup and its own integrity check.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

/// "CFL1": tells our files from those of other programs.
const APPLICATION: i64 = 0x4346_4C31;

const BUSY: Duration = Duration::from_secs(5);

/// Files up to this size are checked whole when they are opened; larger ones when asked.
const CHECKED_AT_OPENING: u64 = 64 * 1024 * 1024;

/// What the file at a path is, before SQLite touches it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    Absent,
    Sqlite,
    Other,
}

pub(super) fn header(path: &Path) -> std::io::Result<Header> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Header::Absent),
        Err(error) => return Err(error),
    };
    let mut start = Vec::with_capacity(16);
    file.take(16).read_to_end(&mut start)?;
    Ok(match start.as_slice() {
        [] => Header::Absent,
        b"SQLite format 3\0" => Header::Sqlite,
        _ => Header::Other,
    })
}

pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepared(Connection::open_with_flags(path, flags)?)
}

/// For copying: changes nothing, not even by accident.
fn open_to_read(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepared(Connection::open_with_flags(path, flags)?)
}

fn prepared(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// Whose file it is: its application id, the number of its schema, and whether it holds anything.
#[derive(Debug)]
pub(super) struct Nature {
    pub(super) is_ours: bool,
    pub(super) is_empty: bool,
    pub(super) schema: i64,
}

pub(super) fn nature(connection: &Connection) -> rusqlite::Result<Nature> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let schema: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(Nature { is_ours: application == APPLICATION, is_empty: tables == 0, schema })
}

pub(super) fn claim(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION)
}

/// FULL: an acknowledged commit is on the disk, not on its way.
pub(super) fn tune_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.pragma_update_and_check(None, "journal_size_limit", 64 * 1024 * 1024, |_| Ok(()))
}

pub(super) fn tune_reader(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -8_192)
}

/// What SQLite itself finds wrong with a file that is small enough to look through while somebody waits.
pub(super) fn quick_problems(connection: &Connection, path: &Path) -> rusqlite::Result<Vec<String>> {
    if std::fs::metadata(path).map_or(0, |file| file.len()) > CHECKED_AT_OPENING {
        return Ok(Vec::new());
    }
    problems(connection, "PRAGMA quick_check(5)")
}

pub(super) fn all_problems(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    problems(connection, "PRAGMA integrity_check(50)")
}

fn problems(connection: &Connection, pragma: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(pragma)?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

/// One consistent moment of `from`, whoever writes to it meanwhile: the copy is made in one step, under one
/// read transaction.
pub(super) fn copy(from: &Path, to: &Path) -> rusqlite::Result<()> {
    let from = open_to_read(from)?;
    let mut copy = Connection::open(to)?;
    Backup::new(&from, &mut copy)?.run_to_completion(i32::MAX, Duration::from_millis(50), None)?;
    // A copy is one file: no write-ahead log beside it.
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    Ok(())
}
