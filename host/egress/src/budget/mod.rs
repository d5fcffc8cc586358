//! How often and how much at once: windows per scope, closures after a 429, calls in flight. The counting is
//! pure and takes the time as an argument; `gate` alone waits.

mod gate;
mod ledger;
mod line;
mod retry_after;
mod share;
mod snapshot;
mod tally;
mod window;

pub(crate) use gate::{Flying, Gate};
pub(crate) use ledger::Told;
pub(crate) use line::Scopes;
pub(crate) use retry_after::asked_wait;
pub use snapshot::{BudgetKeeper, BudgetSnapshot, SnapshotError};

#[cfg(test)]
mod tests;
