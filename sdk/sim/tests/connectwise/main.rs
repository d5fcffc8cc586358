//! The simulated ConnectWise, driven over loopback as a client would drive the real one: one table or script for each trap.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test by panicking")]

mod access;
mod conditions;
mod custom_fields;
mod faults;
mod invoicing;
mod paging;
mod periods;
mod schema;
mod support;
mod writes;
