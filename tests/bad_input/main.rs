//! Input that is wrong: files, secrets, addresses, marketplaces, currencies, accounts, wrong usage. Each is refused in
//! words that say what it means for the money, and none reaches the books.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod asking;
mod marketplace;
mod setup;
mod target;

#[path = "../by_hand/support.rs"]
#[expect(dead_code, reason = "these tests need a part of it")]
mod support;
