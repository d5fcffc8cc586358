//! The README's section "By hand", with the binary as child processes: from an empty folder to documents in Xero, and
//! what must hold after a restart, a kill -9 and a lost answer.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crash;
mod decisions;
mod folder;
mod printed;
mod readme;
#[expect(dead_code, reason = "the other tests need the rest")]
mod support;
