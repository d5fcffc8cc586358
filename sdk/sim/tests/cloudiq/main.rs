//! The simulated Cloud-iQ over loopback HTTP.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on, helpers included")]

mod access;
mod files;
mod http;
mod lists;
mod schema;
mod steering;
