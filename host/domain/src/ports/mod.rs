//! Ports: what the pure floor asks of the world. Each has at least two real implementations.

mod catalog;
mod clock;
mod door;
mod exchange;
mod marketplace;
mod shelf;
mod sign_in;
mod store;
mod target;
mod vault;

pub use catalog::{CatalogError, CatalogSource, ReplaceError, Versioned};
pub use clock::{Clock, ManualClock, WallClock};
pub use door::{Call, Caller, Door, Lookup, Outcome, Refusal, Route, SendError, Sending};
pub use exchange::{Exchange, LogLevel};
pub use marketplace::{DetailError, MarketplaceClient, OrderQuery, Records, SourceError};
pub use shelf::{
    Activated, PluginShelf, PluginStore, Provenance, RefusedFile, ShadowReport, ShadowTask, ShelfError, ShelfList,
    Standing, Upload, VersionState,
};
pub use sign_in::{CodeError, CodeGrant, SignInPage, SignedIn, Tenant};
pub use store::{
    AuditEntry, CatalogStore, CommitError, Cursor, ExchangeRecord, FollowUpStore, JournalStore, KnownOrder, OrderStore,
    PageRequest, RunStore, SetupStore, Store, StoreError, StoredReceipt, TaskFilter, TaskStore, TaskTotal, User, Write,
};
pub use target::{Answer, CallError, Target, Targets};
pub use vault::{Vault, VaultError};

use std::future::Future;
use std::pin::Pin;

/// What an asynchronous port returns.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
