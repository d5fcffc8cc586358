//! Engine and domain against a ledger with faults: exactly once, or a person decides. Deterministic: the clock
//! is turned by hand, and a crash is the n-th commit that never returns.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod adjusting;
mod crash;
mod deep;
mod desk;
mod fairness;
mod faults;
mod mishaps;
mod outage;
mod poison;
mod resting;
mod rig;
mod sample;

use rig::{ledger, mortal, shop};
