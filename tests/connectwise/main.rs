//! ConnectWise as it ships, a component in its sandbox, against the simulated ConnectWise: the rows S1 and S2 of the list of
//! behaviours, each as a test that begins with its row's number; the scenario table as pages for people; and the rules of
//! links. Money goes through engine, journal and door on clocks that are turned by hand; links through a whole service.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with the rows S0, which use all of it")]
#[path = "../s0/bench.rs"]
mod bench;
#[expect(dead_code, reason = "shared with the rows S0, which use all of it")]
#[path = "../s0/shop.rs"]
mod shop;

mod books;
mod changes;
#[expect(dead_code, reason = "shared with the proofs, which use all of it")]
mod desk;
mod linking;
mod office;
mod page;
mod rows;
mod sales;
mod scene;
mod service;
mod shelf;
mod table;
