//! What is kept. Reads are split by noun so that each caller takes the narrowest; writes are values, and a
//! commit of several is one transaction, flushed before it is answered. SQLite and memory implement it.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};

use super::{KeptStatement, MailStore, Pending, ProductStore, StatementStore, StoredStatement};
use crate::adjust::Adjustments;
use crate::catalog::{CatalogRun, CatalogStep, Preset};
use crate::claim::Claim;
use crate::connection::{Connection, Marketplace, Reseller};
use crate::follow_up::FollowUp;
use crate::id::{
    Actor, BatchId, ConnectionId, CustomerId, MarketplaceId, OrderId, PlanDigest, ResellerId, Revision, RuleId, RunId,
    SubscriptionId, TaskId,
};
use crate::journal::{Batch, Effect};
use crate::link::{Link, LinkKind};
use crate::mail::Mail;
use crate::market::{Customer, Product, Subscription};
use crate::money::Money;
use crate::order::{Order, OrderKey};
use crate::plan::{Observation, Receipt, SealedPlan};
use crate::product_sync::ProductRow;
use crate::program::Program;
use crate::rule::IgnoreRule;
use crate::run::Run;
use crate::task::Task;
use crate::version::{Activation, InstalledVersion};

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    #[error("the store is busy; try again")]
    Busy,
    #[error("the store cannot be used: {0}")]
    Unavailable(String),
    #[error("a stored {what} cannot be read: {problem}")]
    Corrupt { what: &'static str, problem: String },
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Somebody else changed it first: read again, decide again.
    #[error("task {task} was changed by somebody else (version {expected} expected)")]
    Conflict { task: TaskId, expected: u64 },
    /// A check of this connection is under way: this is its run.
    #[error("run {0} is already doing that")]
    AlreadyRunning(RunId),
    /// An intent under this key is there already.
    #[error("the effect {0} is journaled already")]
    KnownEffect(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far a connection has read its marketplace, in the source's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    pub connection: ConnectionId,
    /// The first check made its initial tasks.
    pub initial_done: bool,
    /// Every order created before this has been seen.
    pub seen_until: DateTime<Utc>,
    /// Our clock: when the list was last walked far behind the cursor, for revisions of what was final.
    pub swept_at: Option<DateTime<Utc>>,
}

/// What is remembered of an order, to tell whether it must be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownOrder {
    pub id: OrderId,
    pub fingerprint: String,
    pub revision: Revision,
    pub is_final: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredReceipt {
    pub plan: PlanDigest,
    pub batch: BatchId,
    pub receipt: Receipt,
    pub stored_at: DateTime<Utc>,
    /// The last time it was read back, and what was seen.
    pub observed: Option<(DateTime<Utc>, Observation)>,
}

/// One call on the wire, redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeRecord {
    pub at: DateTime<Utc>,
    /// "connection/xero-main", "marketplace/ingram".
    pub caller: String,
    pub operation: String,
    pub method: String,
    pub path: String,
    /// 0 when no answer came.
    pub status: u16,
    pub millis: u64,
    /// "answered", "not-sent", "uncertain", "refused".
    pub outcome: String,
    pub note: String,
    /// Groups the calls of one batch or run; may be empty.
    pub context: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub at: DateTime<Utc>,
    pub actor: Actor,
    pub action: String,
    pub subject: String,
    pub detail: String,
}

/// An entry with its place in the log, counted from 1, and the hash that chains it to those before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    pub place: u64,
    pub entry: AuditEntry,
    pub hash: String,
}

/// The result of walking the audit log's whole chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCheck {
    /// How many records are good, counted from the beginning.
    pub records: u64,
    /// Hash of the last good one. Compare it with one kept elsewhere to find a tail that was cut off.
    pub head: String,
    pub first_bad: Option<BadRecord>,
}

impl AuditCheck {
    pub fn is_good(&self) -> bool {
        self.first_bad.is_none()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// Its place in the log, counted from 1.
    pub place: i64,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: Actor,
    /// viewer · biller · approver · operator · admin
    pub role: String,
    /// Argon2id, in its usual text form.
    pub password_hash: String,
    /// SHA-256 of each API token, in hex, with its label.
    pub tokens: Vec<(String, String)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskFilter {
    pub connection: Option<ConnectionId>,
    /// Names of states; empty: all.
    pub states: BTreeSet<String>,
    pub customer: Option<CustomerId>,
    /// In number, customer's name or id.
    pub text: Option<String>,
    /// Code of an ignore reason.
    pub ignore_reason: Option<String>,
    /// Only tasks that were ignored up to a day, and that day is not after this one.
    pub back_by: Option<NaiveDate>,
    /// Id of a statement: only tasks of orders that were made of it.
    pub statement: Option<String>,
}

/// Keyset paging: oldest observation first, ties by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    pub after: Option<(DateTime<Utc>, TaskId)>,
    pub limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskTotal {
    pub state: String,
    /// Code of the reason, for ignored tasks.
    pub reason: Option<String>,
    pub count: u64,
    pub money: Money,
}

/// One thing to write. A commit takes several and does all or nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    PutReseller(Reseller),
    PutMarketplace(Marketplace),
    PutConnection(Connection),
    PutUser(User),
    /// Nothing when there is none.
    RemoveUser(Actor),
    PutPluginVersion(InstalledVersion),
    PutActivation(Activation),
    PutCustomers(MarketplaceId, Vec<Customer>),
    PutSubscriptions(MarketplaceId, Vec<Subscription>),
    PutProducts(MarketplaceId, Vec<Product>),
    /// The order as read, with what its list row looked like.
    PutOrder {
        order: Order,
        fingerprint: String,
        observed_at: DateTime<Utc>,
    },
    PutCursor(Cursor),
    /// New, or nothing when a task of this id is there already.
    InsertTask(Task),
    /// Replaces the task if its stored version is one less than this one's.
    UpdateTask(Task),
    PutLink(Link),
    /// In place of the same issue of it, with its records. One that could not be read gives way to one that was.
    PutStatement(Box<StoredStatement>),
    /// What is told of it anew, its records staying as they are; nothing when it is not there.
    PutStatementHead(KeptStatement),
    PutProgram(Program),
    PutProductRow(ProductRow),
    PutMail(Mail),
    PutRule(IgnoreRule),
    /// Nothing when there is none.
    RemoveRule(RuleId),
    /// Replaces what was adjusted on the task before.
    PutAdjustments(Adjustments),
    /// Whether a customer's tasks may go by themselves on this connection.
    PutSwitch {
        connection: ConnectionId,
        customer: CustomerId,
        on: bool,
    },
    PutPlan(SealedPlan),
    PutBatch(Batch),
    /// Fails with `KnownEffect` when the key is there.
    InsertEffect(Effect),
    UpdateEffect(Effect),
    PutReceipt(StoredReceipt),
    /// Replaces the one of the same plan and change.
    PutFollowUp(FollowUp),
    /// A queued check of a connection that has one queued or running fails with `AlreadyRunning`.
    InsertRun(Run),
    UpdateRun(Run),
    /// A queued run of a marketplace that has one queued or running fails with `AlreadyRunning`.
    InsertCatalogRun(CatalogRun),
    UpdateCatalogRun(CatalogRun),
    /// In place of what the run's turn was before.
    PutCatalogStep(CatalogStep),
    PutPreset(Preset),
    /// Nothing when there is none.
    RemovePreset(ResellerId, String),
    Audit(AuditEntry),
    Exchange(ExchangeRecord),
}

pub trait SetupStore: Send + Sync + fmt::Debug {
    fn resellers(&self) -> Pending<'_, Result<Vec<Reseller>, StoreError>>;
    fn marketplaces(&self) -> Pending<'_, Result<Vec<Marketplace>, StoreError>>;
    fn connections(&self) -> Pending<'_, Result<Vec<Connection>, StoreError>>;
    fn users(&self) -> Pending<'_, Result<Vec<User>, StoreError>>;
    /// Newest first.
    fn audit(&self, limit: usize) -> Pending<'_, Result<Vec<AuditEntry>, StoreError>>;
    /// After this place, oldest first, each with its hash.
    fn audit_records(&self, after: u64, limit: usize) -> Pending<'_, Result<Vec<AuditRecord>, StoreError>>;
    /// Walks the chain from its first record.
    fn audit_check(&self) -> Pending<'_, Result<AuditCheck, StoreError>>;
}

pub trait OrderStore: Send + Sync + fmt::Debug {
    fn cursor(&self, connection: &ConnectionId) -> Pending<'_, Result<Option<Cursor>, StoreError>>;
    /// Those of the given ids that are known.
    fn known_orders(
        &self,
        marketplace: &MarketplaceId,
        ids: Vec<OrderId>,
    ) -> Pending<'_, Result<Vec<KnownOrder>, StoreError>>;
    /// Every order that was not final when it was last read.
    fn open_orders(&self, marketplace: &MarketplaceId) -> Pending<'_, Result<Vec<OrderId>, StoreError>>;
    /// The latest revision.
    fn order(&self, key: &OrderKey) -> Pending<'_, Result<Option<Order>, StoreError>>;
    fn order_count(&self, marketplace: &MarketplaceId) -> Pending<'_, Result<u64, StoreError>>;
    /// Of the given ids, or all when none is given.
    fn customers(
        &self,
        marketplace: &MarketplaceId,
        ids: Option<Vec<CustomerId>>,
    ) -> Pending<'_, Result<Vec<Customer>, StoreError>>;
    fn subscriptions(
        &self,
        marketplace: &MarketplaceId,
        ids: Option<Vec<SubscriptionId>>,
    ) -> Pending<'_, Result<Vec<Subscription>, StoreError>>;
    fn products(&self, marketplace: &MarketplaceId) -> Pending<'_, Result<Vec<Product>, StoreError>>;
}

pub trait TaskStore: Send + Sync + fmt::Debug {
    fn task(&self, id: &TaskId) -> Pending<'_, Result<Option<Task>, StoreError>>;
    fn tasks(&self, filter: TaskFilter, page: PageRequest) -> Pending<'_, Result<Vec<Task>, StoreError>>;
    /// Tasks about this order on this connection, all revisions.
    fn tasks_of_order(&self, connection: &ConnectionId, key: &OrderKey) -> Pending<'_, Result<Vec<Task>, StoreError>>;
    /// Initial tasks about this subscription on this connection.
    fn initial_tasks_of(
        &self,
        connection: &ConnectionId,
        subscription: &SubscriptionId,
    ) -> Pending<'_, Result<Vec<Task>, StoreError>>;
    /// Count and money by state and ignore reason.
    fn totals(&self, connection: Option<ConnectionId>) -> Pending<'_, Result<Vec<TaskTotal>, StoreError>>;
    fn links(&self, connection: &ConnectionId, kind: Option<LinkKind>) -> Pending<'_, Result<Vec<Link>, StoreError>>;
    fn plan(&self, digest: &PlanDigest) -> Pending<'_, Result<Option<SealedPlan>, StoreError>>;
    /// People's standing decisions to ignore, oldest first.
    fn rules(&self, connection: &ConnectionId) -> Pending<'_, Result<Vec<IgnoreRule>, StoreError>>;
    /// What people adjusted on these tasks; those without are left out.
    fn adjustments(&self, tasks: Vec<TaskId>) -> Pending<'_, Result<Vec<Adjustments>, StoreError>>;
    /// What was confirmed for these subscriptions on this connection: claims of the plans of tasks that are queued,
    /// sending, uncertain, retrying or synced.
    fn claims(
        &self,
        connection: &ConnectionId,
        subscriptions: Vec<SubscriptionId>,
    ) -> Pending<'_, Result<Vec<Claim>, StoreError>>;
    /// Customers whose tasks may go by themselves.
    fn switched_on(&self, connection: &ConnectionId) -> Pending<'_, Result<BTreeSet<CustomerId>, StoreError>>;
}

pub trait JournalStore: Send + Sync + fmt::Debug {
    fn batch(&self, id: &BatchId) -> Pending<'_, Result<Option<Batch>, StoreError>>;
    fn open_batches(&self, connection: &ConnectionId) -> Pending<'_, Result<Vec<Batch>, StoreError>>;
    /// How many batches, open or closed, held this plan.
    fn times_sent(&self, plan: &PlanDigest) -> Pending<'_, Result<u32, StoreError>>;
    fn effects(&self, batch: &BatchId) -> Pending<'_, Result<Vec<Effect>, StoreError>>;
    fn receipt(&self, plan: &PlanDigest) -> Pending<'_, Result<Option<StoredReceipt>, StoreError>>;
    /// Of every plan of a task, oldest first.
    fn receipts_of(&self, task: &TaskId) -> Pending<'_, Result<Vec<StoredReceipt>, StoreError>>;
    /// All of a connection, oldest first.
    fn receipts(&self, connection: &ConnectionId) -> Pending<'_, Result<Vec<StoredReceipt>, StoreError>>;
    /// Newest first.
    fn exchanges(&self, caller: Option<String>, limit: usize) -> Pending<'_, Result<Vec<ExchangeRecord>, StoreError>>;
    /// How many calls were put on the wire, by caller.
    fn exchange_counts(&self) -> Pending<'_, Result<Vec<(String, u64)>, StoreError>>;
}

/// Steps of synchronized tasks that wait for somebody in the target.
pub trait FollowUpStore: Send + Sync + fmt::Debug {
    /// Of any plan of a task, oldest first.
    fn follow_ups_of(&self, task: &TaskId) -> Pending<'_, Result<Vec<FollowUp>, StoreError>>;
    /// Of a connection, due up to this time, earliest first.
    fn follow_ups_due(
        &self,
        connection: &ConnectionId,
        until: DateTime<Utc>,
        limit: usize,
    ) -> Pending<'_, Result<Vec<FollowUp>, StoreError>>;
    /// Of a connection, in these states by name, oldest first.
    fn follow_ups(
        &self,
        connection: &ConnectionId,
        states: BTreeSet<String>,
        limit: usize,
    ) -> Pending<'_, Result<Vec<FollowUp>, StoreError>>;
}

pub trait RunStore: Send + Sync + fmt::Debug {
    fn run(&self, id: &RunId) -> Pending<'_, Result<Option<Run>, StoreError>>;
    /// Newest first.
    fn runs(&self, reseller: Option<ResellerId>, limit: usize) -> Pending<'_, Result<Vec<Run>, StoreError>>;
    /// Queued or running, oldest first: what the engine must do or take up again.
    fn unfinished_runs(&self) -> Pending<'_, Result<Vec<Run>, StoreError>>;
}

/// Runs of catalog sync and what became of each reseller.
pub trait CatalogStore: Send + Sync + fmt::Debug {
    fn catalog_run(&self, id: &RunId) -> Pending<'_, Result<Option<CatalogRun>, StoreError>>;
    /// Newest first.
    fn catalog_runs(
        &self,
        reseller: Option<ResellerId>,
        limit: usize,
    ) -> Pending<'_, Result<Vec<CatalogRun>, StoreError>>;
    /// Queued or running, oldest first.
    fn unfinished_catalog_runs(&self) -> Pending<'_, Result<Vec<CatalogRun>, StoreError>>;
    /// In the order of their places, from this one on.
    fn catalog_steps(&self, run: &RunId, from: u64, limit: usize) -> Pending<'_, Result<Vec<CatalogStep>, StoreError>>;
    fn catalog_step(&self, run: &RunId, place: u64) -> Pending<'_, Result<Option<CatalogStep>, StoreError>>;
    /// In the order of their names.
    fn presets(&self, reseller: &ResellerId) -> Pending<'_, Result<Vec<Preset>, StoreError>>;
}

pub trait Store:
    SetupStore
    + OrderStore
    + StatementStore
    + ProductStore
    + MailStore
    + TaskStore
    + JournalStore
    + FollowUpStore
    + RunStore
    + CatalogStore
{
    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<(), CommitError>>;
}
