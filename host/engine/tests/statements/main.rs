//! Check Changes against a source of statements in memory: each statement is billed once and whole, whatever is unreadable,
//! issued anew, read twice or cut short; what a program holds back keeps its money and comes back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod daily;
mod desk;
mod holding;
mod kills;
mod reading;
mod reissues;
mod sharing;
mod source;
