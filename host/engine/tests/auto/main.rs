//! Checks that ask for themselves and tasks that go without a person, through the engine's rounds with a clock that is
//! turned by hand.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with the simulation, which uses all of it")]
#[path = "../simulation/rig/ledger.rs"]
mod ledger;
#[expect(dead_code, reason = "shared with the simulation, which uses all of it")]
#[path = "../simulation/rig/shop.rs"]
mod shop;

mod going;
mod scheduled;
