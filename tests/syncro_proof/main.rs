//! The proofs of statements to Syncro: the component as it ships, in its sandbox, with the real engine, journal, door and
//! marketplace clients, against the simulated Syncro, Cloud-iQ and PRISM. Each file is one promise: a year in which each
//! customer and billing motion is invoiced what the distributor's statements say, months in which something goes wrong with
//! the runs, products that are made once, writes whose answers get lost, and requests that the vendors describe.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account;
mod desk;
#[path = "../year/dice.rs"]
mod dice;
mod hands;
mod invoiced;
mod lost;
mod market;
#[path = "../xero_proof/mortal.rs"]
mod mortal;
mod office;
mod products;
mod runs;
mod specs;
mod switched;
mod year;
