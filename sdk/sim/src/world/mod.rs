//! Owns: a made-up reseller's world (customers, catalogue, subscriptions, orders), grown from a seed.
//! Does not own: serving it over HTTP (`cloudblue`) or what a host should make of it, except the oracle's sums.

mod catalog;
mod complete;
mod compose;
mod customers;
mod dates;
mod events;
mod evolve;
mod expect;
mod files;
mod json;
mod lines;
mod model;
mod money;
pub mod oracle;
mod prng;
mod psa;
mod spec;
mod subscriptions;
mod wire;

pub use catalog::{Plan, Price, Product};
pub use dates::{Interval, Span, Unit};
pub use events::Kind;
pub use evolve::{Draft, NewSale, WorldError};
pub use expect::{ContactMatch, ContactSeed, ItemSeed};
pub use model::{
    Address, Customer, Discount, Line, Order, OrderedProduct, Person, SubscribedProduct, Subscription, World,
};
pub use money::Currency;
pub use prng::Prng;
pub use psa::{CompanySeed, PsaAgreementSeed};
pub use spec::WorldSpec;
pub use wire::{BillingModel, CustomerStatus, FeeKind, OrderStatus, OrderType, PlacementType, SubscriptionStatus};
