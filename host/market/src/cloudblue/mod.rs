//! The Simple API over HTTP. Owns walking its lists safely and asking for details; owns no patience (`ask`), no
//! connection and no sign-in: those are the door's, which `route` tells how.

mod client;
mod list;
mod route;
mod walk;

pub use crate::ask::Pace;
pub use client::CloudBlueClient;
pub use route::{SETTINGS, route};
