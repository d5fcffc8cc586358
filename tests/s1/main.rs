//! The rows S1 (changes) of the list of behaviours, each as a test that begins with its row's number, and what goes
//! without a person, through the running service: API outside, a target in its sandbox, simulators beyond.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with the rows S0, which use all of it")]
#[path = "../s0/bench.rs"]
mod bench;
#[expect(dead_code, reason = "shared with the rows S0, which use all of it")]
#[path = "../s0/shop.rs"]
mod shop;

mod by_itself;
mod kinds;
