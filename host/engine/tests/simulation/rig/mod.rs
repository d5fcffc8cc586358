//! What the simulations and the deep run share: a reseller, a ledger with faults, processes that die, and seeded storms
//! of all of it. Owns no test.

pub(crate) mod dice;
pub(crate) mod ledger;
pub(crate) mod losses;
pub(crate) mod mortal;
pub(crate) mod points;
pub(crate) mod shop;
pub(crate) mod storm;
pub(crate) mod tally;
