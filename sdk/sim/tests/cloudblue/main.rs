//! The simulated CloudBlue marketplace over loopback HTTP.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on, helpers included")]

mod http;
mod lists;
mod schema;
mod signing_in;
mod traps;
