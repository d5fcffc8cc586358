//! Check Changes against a marketplace in memory that is late, malformed and repetitive: no order is lost, none is
//! billed twice, and each is in exactly one account.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod backfill;
mod conservation;
mod containers;
mod cursor;
mod deep;
mod desk;
mod ignoring;
mod initial;
mod late;
mod linking;
mod market;
mod reconciling;
mod revisions;
mod turns;
