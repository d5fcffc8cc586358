//! Adding a target changes no host crate: a plugin that the host has never heard of is put into the plugins folder and
//! works beside Xero on the same marketplace; and one that means harm, in the same place, harms nobody.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../s0/bench.rs"]
mod bench;
mod guests;
mod hostile;
mod ledger;
mod side_by_side;
