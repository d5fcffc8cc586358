//! The store: everything that is kept, and the only place with SQL. `SqliteStore` keeps it in one file,
//! `MemoryStore` in memory for simulations and benchmarks; one suite holds both to the same behaviour.
//! Owns rows, transactions, migrations and sealing at rest; decides nothing about tasks or money.

mod audit;
mod claims;
mod counts;
mod filter;
mod memory;
mod money_rows;
mod precision;
mod record;
mod refusal;
mod sqlite;
mod vault;

pub use counterfoil_domain::ports::{AuditCheck, BadRecord};
pub use memory::MemoryStore;
pub use sqlite::{
    BackupError, Integrity, OpenError, Packed, SqliteStore, UnpackError, WriterFigures, copy_file, pack, unpack,
};
pub use vault::{KeyError, MasterKey, MemoryVault, SqliteVault};
