//! Catalogs outside: what is written is read again, what cannot be read is refused by its place, files are replaced in one
//! step, and the HTTP client and the simulator keep to the API's description.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod files;
mod http;
mod refused;
mod round;
mod sample;
mod spec;
