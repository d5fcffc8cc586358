//! Rows of products of programs.

use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::ports::StoreError;
use counterfoil_domain::product_sync::ProductRow;
use counterfoil_domain::program::ProgramName;
use rusqlite::{Connection, params};

use super::query::{records, run};
use crate::record::encode;

pub(super) fn put(c: &Connection, row: &ProductRow) -> Result<(), StoreError> {
    let sealed = encode(row)?;
    let sql = "INSERT INTO product_rows (connection, program, code, state, body, seal) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (connection, program, code) DO UPDATE SET state = excluded.state, body = excluded.body,
            seal = excluded.seal";
    let (connection, program, state) = (row.connection.as_str(), row.program.name(), row.state.name());
    run(c, sql, params![connection, program, row.code, state, sealed.body, sealed.seal]).map(|_| ())
}

pub(super) fn of(
    c: &Connection,
    connection: &ConnectionId,
    program: ProgramName,
) -> Result<Vec<ProductRow>, StoreError> {
    let sql = "SELECT body, seal FROM product_rows WHERE connection = $1 AND program = $2 ORDER BY code";
    records(c, sql, params![connection.as_str(), program.name()])
}
