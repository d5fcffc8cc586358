//! Proration and service periods: golden tables from an oracle of its own, properties, and the rows S1.8 to S1.11 of
//! the list of behaviours.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod golden;
mod oracle;
mod properties;
mod row;
mod rows;
mod service;
