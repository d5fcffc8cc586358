//! The proofs of the ConnectWise target: the component as it ships, in its sandbox, with the real engine, journal and door,
//! against the simulated ConnectWise. Each file is one promise: a year that comes to what the marketplace charged, writes
//! whose answers get lost, periods that are invoiced already, comparisons, and names that want to be more than names.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../connectwise/books.rs"]
mod books;
#[expect(dead_code, reason = "shared with the rows, which use all of it")]
#[path = "../connectwise/desk.rs"]
mod desk;
#[path = "../year/dice.rs"]
mod dice;
mod hostile;
mod invoiced;
mod life;
mod lost;
#[path = "../xero_proof/mortal.rs"]
mod mortal;
mod reconcile;
#[expect(dead_code, reason = "shared with the rows, which use all of it")]
#[path = "../connectwise/shelf.rs"]
mod shelf;
mod specs;
mod stand;
mod year;
