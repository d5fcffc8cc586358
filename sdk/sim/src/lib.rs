//! Simulated marketplaces and billing systems: stateful, hostile, on loopback only.
//!
//! Owns what a real vendor does to its callers (rules, limits, lost answers); does not own any code of the product,
//! so that a test against a simulator can never pass because both sides share a mistake.

pub mod catalog;
pub mod clock;
pub mod cloudblue;
pub mod cloudiq;
pub mod connectwise;
pub mod control;
pub mod exchange_log;
pub mod fault;
pub mod host;
pub mod prism;
pub mod statements;
pub mod syncro;
pub mod world;
pub mod xero;

pub use clock::SimClock;
pub use exchange_log::{Exchange, ExchangeLog};
pub use fault::{Fault, FaultKind, Faults, Hit};
pub use host::Running;
