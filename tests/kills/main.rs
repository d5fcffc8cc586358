//! The real binary, ended for real: kill -9 at named points of the write protocol and at any moment, a plugin's target that
//! takes the service down, and SIGTERM while a target hangs. A file of its own, simulators over HTTP, restarts in between.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod batch;
#[path = "../s0/bench.rs"]
#[expect(dead_code, reason = "shared with tests that use more of it")]
mod bench;
#[path = "../../host/engine/tests/simulation/rig/dice.rs"]
mod dice;
mod drain;
mod house;
mod http;
mod journal;
mod judge;
mod kinds;
mod ledger;
mod poison;
mod shop;
mod storm;
mod tally;
#[path = "../swap/versions.rs"]
#[expect(dead_code, reason = "shared with tests that use more of it")]
mod versions;
