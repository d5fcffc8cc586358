//! Catalog sync through the engine: a preview, its synchronization, taking it back; with every mishap between them, and a
//! process that ends at every point.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod kills;
mod levels;
mod mishaps;
mod rig;
mod sample;
mod shop;
mod taking_back;
mod wire;
mod writing;
