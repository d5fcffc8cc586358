//! The shell around the domain's decisions: reads marketplaces, makes tasks, proposes plans, dispatches
//! effects, looks for lost ones. Knows no SQL, no HTTP and no wasmtime: only ports.

mod ask;
mod auto;
mod catalog;
mod check;
mod comeback;
mod containers;
mod crashed;
mod dispatch;
mod earlier;
mod engine;
pub mod entity;
mod exchange;
mod fate;
mod follow_up;
mod ground;
mod in_vain;
mod linking;
mod lookout;
mod mail;
mod observe;
mod offers;
mod patience;
mod prepared;
mod products;
mod progress;
mod propose;
mod reconcile;
mod restored;
mod schedule;
mod settle;
mod shadow;
mod turn;
mod worker;

pub use engine::{Engine, EngineError, Parts, Sources};
pub use exchange::{Journaled, Over, ReadOnly};
pub use mail::NoMailer;
pub use shadow::shadow;
pub use worker::{BeforeRound, Worker};
