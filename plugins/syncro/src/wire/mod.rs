//! Syncro's records as they travel.
//!
//! Owns the list of its modules. Every record is kept as it came, member by member: what is sent back is an echo of it.

mod id;
mod invoice;
mod line;
mod product;
mod row;
mod schedule;

pub(crate) use id::Id;
pub(crate) use invoice::{Invoice, InvoiceLine};
pub(crate) use line::Line;
pub(crate) use product::Product;
pub(crate) use row::{Body, Row};
pub(crate) use schedule::Schedule;
