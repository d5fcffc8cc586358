//! Small steps every query takes: prepare once, bind, read, and say in our words what went wrong.

use counterfoil_domain::ports::StoreError;
use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Params, Row};

use crate::record::{Record, Sealed, decode};

/// What SQLite's answer means to a caller.
pub(super) fn told(error: rusqlite::Error) -> StoreError {
    use rusqlite::Error as E;
    match &error {
        E::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt {
                what: "page of the database",
                problem: format!("{error}; stop, and restore a backup with `counterfoil restore`"),
            },
            ErrorCode::DiskFull => StoreError::Unavailable(
                "the disk is full. Nothing of this was stored and nothing was sent. Free some space".to_owned(),
            ),
            _ => StoreError::Unavailable(error.to_string()),
        },
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::InvalidColumnType(..)
        | E::Utf8Error(..) => StoreError::Corrupt { what: "column", problem: error.to_string() },
        _ => StoreError::Unavailable(error.to_string()),
    }
}

pub(super) fn run(connection: &Connection, sql: &str, parameters: impl Params) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(told)?;
    statement.execute(parameters).map_err(told)
}

/// At most one row, in any shape.
pub(super) fn row<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    shape: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(told)?;
    statement.query_row(parameters, shape).optional().map_err(told)
}

pub(super) fn rows<T>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    shape: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(told)?;
    statement.query_map(parameters, shape).map_err(told)?.collect::<Result<_, _>>().map_err(told)
}

/// The first two columns are body and seal.
pub(super) fn sealed(row: &Row<'_>) -> rusqlite::Result<Sealed> {
    Ok(Sealed { body: row.get(0)?, seal: row.get(1)? })
}

pub(super) fn record<T: Record>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<Option<T>, StoreError> {
    row(connection, sql, parameters, sealed)?.as_ref().map(decode).transpose()
}

/// The record that was asked for, and no other: a damaged index leads to the wrong row, whose own seal is good.
pub(super) fn record_of<T: Record>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
    is_it: impl FnOnce(&T) -> bool,
) -> Result<Option<T>, StoreError> {
    match record(connection, sql, parameters)? {
        Some(found) if !is_it(&found) => Err(StoreError::Corrupt {
            what: T::WHAT,
            problem: "its index leads to another one; stop, and restore a backup with `counterfoil restore`".to_owned(),
        }),
        found => Ok(found),
    }
}

pub(super) fn records<T: Record>(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<Vec<T>, StoreError> {
    rows(connection, sql, parameters, sealed)?.iter().map(decode).collect()
}

/// Limits and numbers of ours as SQL holds them.
pub(super) fn big(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}
