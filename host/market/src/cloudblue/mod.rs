//! The Simple API over HTTP. Owns walking its lists safely, asking for details and what its answers mean for the
//! caller; owns no connection and no sign-in: both are the door's, which `route` tells how.

mod answer;
mod call;
mod client;
mod gather;
mod list;
mod pace;
mod route;
mod walk;

pub use client::CloudBlueClient;
pub use pace::Pace;
pub use route::{SETTINGS, route};
