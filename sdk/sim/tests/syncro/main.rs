//! The simulated Syncro, driven over loopback as a client would drive the real one: one table or script for each trap.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail the test by panicking")]

mod access;
mod engine;
mod faults;
mod invoices;
mod lines;
mod paging;
mod products;
mod schedules;
mod schema;
mod steering;
mod support;
mod violations;
