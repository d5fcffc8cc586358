//! A folder of exported answers: `customers.json`, `subscriptions.json`, `products.json`, and orders in `orders.json`
//! or one a file under `orders/`. Each file is a list, `{"data": […]}` or, under `orders/`, a single record.

mod client;
mod folder;
mod index;

pub use client::FileMarketplace;

/// Every setting that a marketplace of this kind understands, and what it says.
pub const SETTINGS: &[(&str, &str)] = &[("currency", "the currency of orders that name none")];
