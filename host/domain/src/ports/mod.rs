//! Ports: what the pure floor asks of the world. Each has at least two real implementations.

mod catalog;
mod clock;
mod door;
mod exchange;
mod mailer;
mod marketplace;
mod product_store;
mod shelf;
mod sign_in;
mod statement;
mod statement_store;
mod store;
mod target;
mod vault;

pub use catalog::{CatalogError, CatalogSource, ReplaceError, Versioned};
pub use clock::{Clock, ManualClock, WallClock};
pub use door::{Call, Caller, Door, Lookup, Outcome, Refusal, Route, SendError, Sending};
pub use exchange::{Exchange, LogLevel};
pub use mailer::{MailStore, Mailer};
pub use marketplace::{DetailError, MarketplaceClient, OrderQuery, Records, SourceError};
pub use product_store::ProductStore;
pub use shelf::{
    Activated, PluginShelf, PluginStore, Provenance, RefusedFile, ShadowReport, ShadowTask, ShelfError, ShelfList,
    Standing, Upload, VersionState,
};
pub use sign_in::{CodeError, CodeGrant, SignInPage, SignedIn, Tenant};
pub use statement::StatementSource;
pub use statement_store::{
    KeptAs, KeptStatement, MoneyRow, StatementFilter, StatementStore, StatementSum, StoredStatement,
};
pub use store::{
    AuditCheck, AuditEntry, AuditRecord, BadRecord, CatalogStore, CommitError, Cursor, ExchangeRecord, FollowUpStore,
    JournalStore, KnownOrder, OrderStore, PageRequest, RunStore, SetupStore, Store, StoreError, StoredReceipt,
    TaskFilter, TaskStore, TaskTotal, User, Write,
};
pub use target::{Answer, CallError, Target, Targets};
pub use vault::{Vault, VaultError};

use std::future::Future;
use std::pin::Pin;

/// What an asynchronous port returns.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
