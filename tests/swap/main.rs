//! Versions of a plugin beside each other: swapped under load, installed and refused, watched in their folder, kept over a
//! restart, compiled once, and held against each other before one takes the place of the other.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../s0/bench.rs"]
#[expect(dead_code, reason = "shared with tests that use more of it")]
mod bench;
mod books;
mod cards;
mod commands;
mod compiling;
mod folder;
#[path = "../targets/guests.rs"]
#[expect(dead_code, reason = "shared with tests that use more of it")]
mod guests;
mod load;
mod restart;
mod shop;
mod versions;
