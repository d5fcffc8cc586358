//! The conformance kit: drives a plugin's component through every export against a simulated billing system, with faults
//! between the two, and says what holds and what does not. Owns the checks, the fake host around the component and the
//! report; the sandbox, the checker of plans and the way out are the host's own.

mod answers;
mod bench;
mod checks;
mod description;
mod exchange;
mod line;
mod report;
mod run;
mod sample;
pub mod simulator;
mod stage;

pub use description::{AccountWords, Create, Description, DescriptionError, LinkTo, SimulatorWords, VendorAnswer};
pub use report::{Check, Report, Verdict};
pub use run::{KitError, run};
pub use simulator::Remotes;
