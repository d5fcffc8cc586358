//! Check Changes, the decisions: what to walk, what to read, what an order seen again means for the tasks
//! that are there. Reading and committing are the engine's business.

mod intake;
mod pass;
mod succession;

pub use intake::{Given, TakenIn, asks_for_snapshot, initial, reconcile, reconsider, take_in};
pub use pass::{
    BadRange, OVERLAP_HOURS, Pass, Reading, SWEEP_DAYS, cursor_after, first_window, history, range, start_of,
    sweep_is_due, window_start,
};
pub use succession::{Succession, subject, succession};

/// More unknown customers and subscriptions than this and reading the whole lists costs less than asking for each.
pub const MOST_BY_ID: usize = 100;
