//! ConnectWise as a newcomer meets it, with the binary as child processes: from an empty folder to additions on agreements,
//! a change of one of them, and what is said where keys or roles are wrong.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod printed;
mod psa;
mod refused;
#[expect(dead_code, reason = "shared with the tests of the other target, which use all of it")]
#[path = "../by_hand/support.rs"]
mod support;
mod walk;
