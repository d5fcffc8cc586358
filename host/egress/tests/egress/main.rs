//! The door against real sockets on loopback: what leaves, what comes back, what is never reached.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod addresses;
mod budgets;
mod delivery;
mod discovery;
mod faults;
mod leaks;
mod mail;
mod redirects;
mod sign_in;
mod support;
