//! The HTTP door: the `/v1` API, sign-in, and the first page of the dashboard. Reads through the store's
//! ports and writes commands as queued runs; owns no rule about money and never calls the engine.

mod access;
pub mod auth;
mod extract;
mod guard;
mod headers;
mod html;
mod ids;
mod linking;
mod pages;
mod parts;
mod problem;
mod programs;
mod router;
mod routes;
mod serve;
mod sessions;
pub mod setup;
mod sign_ins;
mod suggest;
mod throttle;
pub mod wire;

pub use access::{Access, ROUTES, Role, Rule};
pub use parts::{
    Create, Get, InspectMarketplace, LiveTargets, MarketplaceReport, Probe, Redeem, Search, ServerParts, SignInPages,
    SignIns,
};
pub use problem::{Code, Fault, OutcomeWord, ProblemBody};
pub use router::{openapi, router};
pub use serve::{ServeError, serve};
