//! Any marketplace to any target: orders of CloudBlue into Syncro's invoices and recurring invoices, statements of Cloud-iQ into
//! Xero's invoices and ConnectWise's agreements, through a running service, each to the cent of the source; and that no crate
//! of the host knows a target by its name.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "shared with the rows S0, which use all of it")]
#[path = "../s0/bench.rs"]
mod bench;
#[expect(dead_code, reason = "shared with the rows S4, which use all of it")]
#[path = "../s4/house.rs"]
mod house;
#[expect(dead_code, reason = "shared with the rows S4, which use all of it")]
#[path = "../s4/scene.rs"]
mod scene;
#[expect(dead_code, reason = "shared with the rows S0, which use all of it")]
#[path = "../s0/shop.rs"]
mod shop;

mod names;
mod orders;
mod statements;
