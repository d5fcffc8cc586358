//! The vendors' own interface descriptions have the last word: every request that the service sends, and every answer
//! that a simulator gives it, is held against them. They are looked for in the folder that `COUNTERFOIL_SPECS` names,
//! else beside the checkout in `../shared/specs`; where they are not at hand, the tests say so and check nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../s0/bench.rs"]
mod bench;
mod cloudblue;
mod credit;
mod description;
mod everything;
#[path = "../xero/helpers.rs"]
#[expect(dead_code, reason = "these tests need a part of it")]
mod helpers;
#[path = "../s0/shop.rs"]
#[expect(dead_code, reason = "these tests need a part of it")]
mod shop;
mod xero;
