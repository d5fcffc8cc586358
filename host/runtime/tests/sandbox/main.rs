//! The sandbox as its users see it: cards, packages, good and hostile plugins, versions.

// The linter lets tests unwrap where it can see that they are tests.
#![cfg(test)]

mod common;
mod hostile;
mod manifest;
mod package;
mod recording;
mod registry;
mod stress;
mod target;
