//! The Xero target as it ships, a component in its sandbox, against the simulated Xero: engine, journal and the door out are
//! the real ones, only the marketplace is a list and the clocks are turned by hand. Each file is one promise: the scenario
//! table to the cent, answers that get lost, batches of which a part is refused, the calls that it may cost, every error
//! that Xero is known to give, and a whole year.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod budget;
mod desk;
mod errors;
mod lost;
mod mortal;
mod outage;
mod partial;
mod rows;
mod shelf;
mod statement;
mod table;
mod waiting;
mod year;
