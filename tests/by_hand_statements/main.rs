//! Statements as a newcomer meets them, with the binary as child processes and the README's commands: from an empty folder to
//! lines of recurring invoices, the one customer that is mapped by hand, products, and the account of the money.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod msp;
#[expect(dead_code, reason = "shared with the tests of the other target, which use all of it")]
#[path = "../by_hand/support.rs"]
mod support;
mod walk;
