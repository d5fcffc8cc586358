//! The rows S4 of the list of behaviours (Syncro), each as a test that begins with its row's number: the API and the command
//! line outside, a running service, the Syncro component in its sandbox, and a simulated Cloud-iQ and Syncro beyond.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with the rows S0, which use all of it")]
#[path = "../s0/bench.rs"]
mod bench;

mod connecting;
mod house;
mod mapping;
mod products;
mod programs;
mod scene;
