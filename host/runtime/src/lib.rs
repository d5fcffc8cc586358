//! Targets in their sandbox: reads a component and its card, refuses what asks for too much, runs each call in a
//! fresh instance under limits, and keeps the versions that are loaded. Owns wasmtime and nothing else does;
//! owns no HTTP, no credentials, no journal.

pub mod build;
pub mod component;
mod convert;
pub mod manifest;
pub mod recording;
pub mod registry;
pub mod sandbox;
