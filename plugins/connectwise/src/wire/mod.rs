//! The JSON of ConnectWise PSA, as far as this target reads and writes it.
//!
//! Owns shapes, no meaning. What is read tolerates what is missing; what is written names only members of the oldest
//! model that the card's version setting allows, because an unknown member fails the whole request.

mod agreement;
mod company;
mod day;
mod id;
mod item;
mod op;
mod tables;

pub(crate) use agreement::{Agreement, BillingCycle, Recap};
pub(crate) use company::{Company, Contact, NewCompany, NewSite};
pub(crate) use day::Day;
pub(crate) use id::{Id, IdOnly, Reference};
pub(crate) use item::{CatalogItem, NewCatalogItem};
pub(crate) use op::Op;
pub(crate) use tables::{Country, Currency, Entry, SystemInfo};
