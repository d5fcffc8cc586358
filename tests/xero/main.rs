//! The Xero target in its sandbox, in the running service, on a simulated Xero: orders that share an invoice, credit that
//! goes to its invoice, answers that get lost at each kind of write, and the documents of every scenario.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../s0/bench.rs"]
mod bench;
mod golden;
mod helpers;
mod losing;
mod sharing;
#[path = "../s0/shop.rs"]
#[expect(dead_code, reason = "these tests need a part of it")]
mod shop;
