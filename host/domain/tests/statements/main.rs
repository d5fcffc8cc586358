//! Statements: what becomes of their records, what of a re-issue is billed, what goes on from month to month, and that bills are
//! the statements to the cent.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod desk;
mod dice;
mod issues;
mod jobs;
mod months;
mod orders;
mod plans;
mod table;
