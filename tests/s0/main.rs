//! The rows S0 (orders to Xero) and D (division of work) of the list of behaviours, each as a test that begins with its
//! row's number, through the running service: API outside, the Xero target in its sandbox, simulators beyond.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bench;
mod checking;
mod division;
mod ignoring;
mod safely;
mod scenarios;
mod shop;
