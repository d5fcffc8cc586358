//! The only way out of the host. Every request of a plugin or a marketplace client passes, in this order:
//! policy (`policy`), the caller's base URL (`base`, `discovery`), checked addresses (`address`, `guard`), budgets
//! (`budget`), credentials (`auth`), the wire (`wire`), and scrubbing of what comes back (`scrub`); each call
//! leaves a record (`record`). Decisions are pure functions; `door` alone strings them together.
//! Owns no storage: secrets come from the vault port, budgets are exported and imported as values.

mod address;
mod auth;
mod base;
mod budget;
mod discovery;
mod door;
mod guard;
mod mail;
mod policy;
mod record;
mod route;
mod scrub;
mod spelling;
mod step;
mod wire;

pub use address::{Reach, reach};
pub use auth::CodeSignIn;
pub use budget::{BudgetKeeper, BudgetSnapshot, SnapshotError};
pub use door::HttpDoor;
pub use guard::Resolver;
pub use mail::{FolderMailer, MailSettingsError, SmtpMailer};
pub use record::ExchangeSink;
pub use route::check_route;
