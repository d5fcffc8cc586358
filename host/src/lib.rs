//! The binary's parts: configuration, wiring of the floors, and the command line. Only `compose` names
//! concrete types on both sides of a port.

pub mod backup;
pub mod cli;
pub mod compose;
pub mod config;
pub mod exit;
mod live;
mod mailing;
mod recording;
pub mod restore;
mod shelf;
mod sign_in;
mod wiring;
