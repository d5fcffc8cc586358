//! Crayon Cloud-iQ: billing statements, their records, tenants and the price list, read and nothing else. Owns its paths, its
//! lists for each organization, and what it calls things; what rows mean beyond that is `statement`'s.
//!
//! Not verified on a real tenant, and decided here: a statement is issued when its period ends (the list tells no day); a price
//! of the list is for one billing period of its default billing cycle; the term stands in `PurchasePeriod`.

mod client;
mod decode;
mod route;

pub use client::CloudIqClient;
pub use route::{SETTINGS, route};
