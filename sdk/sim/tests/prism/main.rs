//! The simulated PRISM over loopback HTTP.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on, helpers included")]

mod access;
mod http;
mod invoices;
mod lists;
