//! The simulated Xero, driven over loopback as a client would drive the real one: one table or script for each trap.

#![expect(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a test's helpers fail the test by panicking, and a table is as long as its rows"
)]

#[path = "xero/access.rs"]
mod access;
#[path = "xero/directory.rs"]
mod directory;
#[path = "xero/documents.rs"]
mod documents;
#[path = "xero/faults.rs"]
mod faults;
#[path = "xero/lists.rs"]
mod lists;
#[path = "xero/schema.rs"]
mod schema;
#[path = "xero/support.rs"]
mod support;
#[path = "xero/writes.rs"]
mod writes;
