//! The shell around the domain's decisions: reads marketplaces, makes tasks, proposes plans, dispatches
//! effects, looks for lost ones. Knows no SQL, no HTTP and no wasmtime: only ports.

mod auto;
mod check;
mod comeback;
mod crashed;
mod dispatch;
mod engine;
mod exchange;
mod fate;
mod ground;
mod in_vain;
mod linking;
mod lookout;
mod observe;
mod offers;
mod patience;
mod prepared;
mod progress;
mod propose;
mod schedule;
mod settle;
mod shadow;
mod worker;

pub use engine::{Engine, EngineError, Parts, Sources};
pub use exchange::{Journaled, Over, ReadOnly};
pub use shadow::shadow;
pub use worker::{BeforeRound, Worker};
