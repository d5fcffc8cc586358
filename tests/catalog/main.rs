//! Catalog sync through the binary: what each option sends, row by row; catalogs that are not as they should be; and the
//! service over a folder of catalogs, with previews, syncs, undos, kills and other people's changes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad;
mod folder;
mod house;
mod http;
mod kills;
mod levels;
mod rows;
mod script;
mod service;
