//! PRISM (rhipe): invoices, their lines as CSV, tenants with their subscriptions, and price lists, read and nothing else. Owns
//! its paths and what it calls things; what rows mean beyond that is `statement`'s.
//!
//! Not verified on a real partner, and decided here: an invoice without an end is for a month; a SKU without a prefix, of which
//! nothing else tells the term, is committed by the month, because PRISM shows every other motion with one.

mod client;
mod decode;
mod route;

pub use client::PrismClient;
pub use route::{SETTINGS, route};
