//! Owns: a made-up reseller as two statement marketplaces bill it: tenants, subscriptions and their lives, the statements
//! that come of them month by month, and an oracle of what those statements come to.
//! Does not own how they are served (`cloudiq`, `prism`) or what a host should make of them, except the oracle's sums.

mod azure;
mod catalog;
mod charge;
pub(crate) mod door;
mod fixture;
mod generate;
mod life;
mod model;
mod month;
mod motion;
pub mod oracle;
mod prices;
mod record;
mod reissue;
mod statement;

pub use door::{Budget, Violation};
pub use fixture::DEMO_NAMES;
pub use generate::StatementSpec;
pub use life::{Ending, Extra, Meter, Step, Subscription};
pub use model::{InvoiceProfile, Organization, Parts, Product, ProductKind, StatementWorld, Tenant};
pub use month::Month;
pub(crate) use month::{after as days_after, before as days_before};
pub use motion::{Motion, Provision, Schedule};
pub use prices::ListPrice;
pub use record::{Charge, Record, Share};
pub use reissue::{NoSuchStatement, Reissue};
pub use statement::{Grouping, Series, Statement};
