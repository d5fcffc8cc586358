//! Questions to a source, each asked until it is answered or patience ends, and what an answer, or the lack of one, means.
//! Owns no words of any source: what stands in an answer is its reader's business.

mod answer;
mod call;
mod gather;
mod pace;

pub use pace::Pace;

pub(crate) use call::{Caretaker, Question, Reply, segment};
pub(crate) use gather::gather;
pub(crate) use pace::concurrency;
