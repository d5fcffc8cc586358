//! Orders as additions of agreements: planned, written, looked for, and read back.
//!
//! Owns the list of its modules. Which additions an order needs is decided in pure code: `calendar`, `former`, `placing` and
//! the kinds of orders below it. What is sent is in the payload of the plan, and nothing is decided after that.

mod agreement;
mod amounts;
mod apply;
mod body;
mod cancel;
mod change;
mod desk;
mod draft;
mod former;
mod locate;
mod marker;
mod observe;
mod once;
mod payload;
mod placing;
mod plan;
mod preview;
mod reconcile;
mod refusals;
mod requests;
mod sale;
mod settings;
mod stored;

#[cfg(test)]
mod tests;

pub(crate) use apply::apply;
pub(crate) use locate::locate;
pub(crate) use observe::observe;
pub(crate) use plan::plan;
