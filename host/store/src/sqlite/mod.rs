//! The store in one SQLite file: one writer, several readers. Owns how reads and writes get to their
//! threads; the statements are in the files beside.

mod archive;
mod backup;
mod catalog;
mod decisions;
mod follow_ups;
mod mails;
mod open;
mod plugins;
mod product_rows;
mod query;
mod read_journal;
mod read_market;
mod read_setup;
mod read_tasks;
mod readers;
mod secrets;
mod sqlite_only;
mod statements;
mod steps;
mod write;
mod write_journal;
mod write_tasks;
mod writer;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use counterfoil_domain::adjust::Adjustments;
use counterfoil_domain::catalog::{CatalogRun, CatalogStep, Preset};
use counterfoil_domain::claim::Claim;
use counterfoil_domain::connection::{Connection, Marketplace, Reseller};
use counterfoil_domain::follow_up::FollowUp;
use counterfoil_domain::id::{
    BatchId, ConnectionId, CustomerId, MarketplaceId, OrderId, PlanDigest, ResellerId, RunId, SubscriptionId, TaskId,
};
use counterfoil_domain::journal::{Batch, Effect};
use counterfoil_domain::link::{Link, LinkKind};
use counterfoil_domain::mail::Mail;
use counterfoil_domain::market::{Customer, Product, Subscription};
use counterfoil_domain::order::{Order, OrderKey};
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::{
    AuditCheck, AuditEntry, AuditRecord, CatalogStore, CommitError, Cursor, ExchangeRecord, FollowUpStore,
    JournalStore, KeptStatement, KnownOrder, MailStore, MoneyRow, OrderStore, PageRequest, Pending, PluginStore,
    ProductStore, RunStore, SetupStore, StatementFilter, StatementStore, Store, StoreError, StoredReceipt,
    StoredStatement, TaskFilter, TaskStore, TaskTotal, User, Write,
};
use counterfoil_domain::product_sync::ProductRow;
use counterfoil_domain::program::{Program, ProgramName};
use counterfoil_domain::rule::IgnoreRule;
use counterfoil_domain::run::Run;
use counterfoil_domain::statement::Record as Line;
use counterfoil_domain::task::Task;
use counterfoil_domain::version::{Activation, InstalledVersion};

pub use archive::{Packed, UnpackError, pack, unpack};
pub use backup::{BackupError, Integrity, copy_file};
pub use open::OpenError;
use readers::Readers;
pub use writer::WriterFigures;
use writer::{Outcome, Writer};

type Read<'a, T> = Pending<'a, Result<T, StoreError>>;

/// Cheap to clone; the file is let go when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    file: Arc<OpenFile>,
}

/// Fields are dropped in this order: readers, writer, then the lock.
#[derive(Debug)]
struct OpenFile {
    readers: Readers,
    writer: Writer,
    path: PathBuf,
    _lock: File,
}

impl SqliteStore {
    /// Opens or creates the file and brings it to the current schema.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let failed = |problem: String| OpenError::Failed { path: path.to_path_buf(), problem };
        let opened = open::open(path)?;
        let readers = Readers::start(path).map_err(|error| failed(error.to_string()))?;
        let writer = Writer::start(opened.writer).map_err(|error| failed(error.to_string()))?;
        Ok(Self { file: Arc::new(OpenFile { readers, writer, path: path.to_path_buf(), _lock: opened.lock }) })
    }

    pub fn path(&self) -> &Path {
        &self.file.path
    }

    pub fn figures(&self) -> WriterFigures {
        self.file.writer.figures()
    }

    /// Walks the audit chain from its first record.
    pub async fn verify_audit(&self) -> Result<AuditCheck, StoreError> {
        self.file.readers.read(read_setup::verify_audit).await
    }

    /// When this file was last made of a backup; none: never.
    pub async fn restored_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.file.readers.read(read_setup::restored_at).await
    }

    fn read<T, F>(&self, work: F) -> Read<'_, T>
    where
        T: Send + 'static,
        F: FnOnce(&rusqlite::Connection) -> Result<T, StoreError> + Send + 'static,
    {
        Box::pin(self.file.readers.read(work))
    }

    async fn write(&self, work: impl FnOnce(&rusqlite::Connection) -> Outcome + Send + 'static) -> Outcome {
        self.file.writer.write(Box::new(work)).await
    }
}

impl SetupStore for SqliteStore {
    fn resellers(&self) -> Read<'_, Vec<Reseller>> {
        self.read(read_setup::resellers)
    }

    fn marketplaces(&self) -> Read<'_, Vec<Marketplace>> {
        self.read(read_setup::marketplaces)
    }

    fn connections(&self) -> Read<'_, Vec<Connection>> {
        self.read(read_setup::connections)
    }

    fn users(&self) -> Read<'_, Vec<User>> {
        self.read(read_setup::users)
    }

    fn audit(&self, limit: usize) -> Read<'_, Vec<AuditEntry>> {
        self.read(move |c| read_setup::audit(c, limit))
    }

    fn audit_records(&self, after: u64, limit: usize) -> Read<'_, Vec<AuditRecord>> {
        self.read(move |c| read_setup::audit_records(c, after, limit))
    }

    fn audit_check(&self) -> Read<'_, AuditCheck> {
        self.read(read_setup::verify_audit)
    }
}

impl PluginStore for SqliteStore {
    fn plugin_versions(&self) -> Read<'_, Vec<InstalledVersion>> {
        self.read(plugins::versions)
    }

    fn activations(&self) -> Read<'_, Vec<Activation>> {
        self.read(plugins::activations)
    }
}

impl OrderStore for SqliteStore {
    fn cursor(&self, connection: &ConnectionId) -> Read<'_, Option<Cursor>> {
        let connection = connection.clone();
        self.read(move |c| read_market::cursor(c, &connection))
    }

    fn known_orders(&self, marketplace: &MarketplaceId, ids: Vec<OrderId>) -> Read<'_, Vec<KnownOrder>> {
        let marketplace = marketplace.clone();
        self.read(move |c| read_market::known_orders(c, &marketplace, ids))
    }

    fn open_orders(&self, marketplace: &MarketplaceId) -> Read<'_, Vec<OrderId>> {
        let marketplace = marketplace.clone();
        self.read(move |c| read_market::open_orders(c, &marketplace))
    }

    fn order(&self, key: &OrderKey) -> Read<'_, Option<Order>> {
        let key = key.clone();
        self.read(move |c| read_market::order(c, &key))
    }

    fn order_count(&self, marketplace: &MarketplaceId) -> Read<'_, u64> {
        let marketplace = marketplace.clone();
        self.read(move |c| read_market::order_count(c, &marketplace))
    }

    fn customers(&self, marketplace: &MarketplaceId, ids: Option<Vec<CustomerId>>) -> Read<'_, Vec<Customer>> {
        let marketplace = marketplace.clone();
        self.read(move |c| read_market::customers(c, &marketplace, ids))
    }

    fn subscriptions(
        &self,
        marketplace: &MarketplaceId,
        ids: Option<Vec<SubscriptionId>>,
    ) -> Read<'_, Vec<Subscription>> {
        let marketplace = marketplace.clone();
        self.read(move |c| read_market::subscriptions(c, &marketplace, ids))
    }

    fn products(&self, marketplace: &MarketplaceId) -> Read<'_, Vec<Product>> {
        let marketplace = marketplace.clone();
        self.read(move |c| read_market::products(c, &marketplace))
    }
}

impl StatementStore for SqliteStore {
    fn statements(&self, marketplace: &MarketplaceId, filter: StatementFilter) -> Read<'_, Vec<KeptStatement>> {
        let marketplace = marketplace.clone();
        self.read(move |c| statements::list(c, &marketplace, &filter))
    }

    fn statement(&self, marketplace: &MarketplaceId, id: &str, issue: u32) -> Read<'_, Option<StoredStatement>> {
        let (marketplace, id) = (marketplace.clone(), id.to_owned());
        self.read(move |c| statements::whole(c, &marketplace, &id, issue))
    }

    fn statement_records(
        &self,
        marketplace: &MarketplaceId,
        id: &str,
        issue: u32,
        from: usize,
        limit: usize,
    ) -> Read<'_, Vec<Line>> {
        let (marketplace, id) = (marketplace.clone(), id.to_owned());
        self.read(move |c| statements::some_records(c, &marketplace, (&id, issue), (from, limit)))
    }

    fn orders_of_statement(&self, marketplace: &MarketplaceId, id: &str) -> Read<'_, Vec<KnownOrder>> {
        let (marketplace, id) = (marketplace.clone(), id.to_owned());
        self.read(move |c| statements::orders_of(c, &marketplace, &id))
    }

    fn statement_tasks_of(
        &self,
        connection: &ConnectionId,
        subscription: &SubscriptionId,
        limit: usize,
    ) -> Read<'_, Vec<Task>> {
        let (connection, subscription) = (connection.clone(), subscription.clone());
        self.read(move |c| statements::tasks_of(c, &connection, &subscription, limit))
    }

    fn statement_money(
        &self,
        connection: &ConnectionId,
        from: NaiveDate,
        before: NaiveDate,
    ) -> Read<'_, Vec<MoneyRow>> {
        let connection = connection.clone();
        self.read(move |c| statements::money(c, &connection, from, before))
    }

    fn programs(&self, connection: &ConnectionId) -> Read<'_, Vec<Program>> {
        let connection = connection.clone();
        self.read(move |c| statements::programs(c, &connection))
    }
}

impl MailStore for SqliteStore {
    fn mails_due(&self, until: DateTime<Utc>, limit: usize) -> Read<'_, Vec<Mail>> {
        self.read(move |c| mails::due(c, until, limit))
    }

    fn mail(&self, id: &str) -> Read<'_, Option<Mail>> {
        let id = id.to_owned();
        self.read(move |c| mails::one(c, &id))
    }
}

impl ProductStore for SqliteStore {
    fn product_rows(&self, connection: &ConnectionId, program: ProgramName) -> Read<'_, Vec<ProductRow>> {
        let connection = connection.clone();
        self.read(move |c| product_rows::of(c, &connection, program))
    }
}

impl TaskStore for SqliteStore {
    fn task(&self, id: &TaskId) -> Read<'_, Option<Task>> {
        let id = id.clone();
        self.read(move |c| read_tasks::task(c, &id))
    }

    fn tasks(&self, filter: TaskFilter, page: PageRequest) -> Read<'_, Vec<Task>> {
        self.read(move |c| read_tasks::tasks(c, &filter, &page))
    }

    fn tasks_of_order(&self, connection: &ConnectionId, key: &OrderKey) -> Read<'_, Vec<Task>> {
        let (connection, key) = (connection.clone(), key.clone());
        self.read(move |c| read_tasks::tasks_of_order(c, &connection, &key))
    }

    fn initial_tasks_of(&self, connection: &ConnectionId, subscription: &SubscriptionId) -> Read<'_, Vec<Task>> {
        let (connection, subscription) = (connection.clone(), subscription.clone());
        self.read(move |c| read_tasks::initial_tasks_of(c, &connection, &subscription))
    }

    fn totals(&self, connection: Option<ConnectionId>) -> Read<'_, Vec<TaskTotal>> {
        self.read(move |c| read_tasks::totals(c, connection.as_ref()))
    }

    fn links(&self, connection: &ConnectionId, kind: Option<LinkKind>) -> Read<'_, Vec<Link>> {
        let connection = connection.clone();
        self.read(move |c| read_tasks::links(c, &connection, kind))
    }

    fn plan(&self, digest: &PlanDigest) -> Read<'_, Option<SealedPlan>> {
        let digest = digest.clone();
        self.read(move |c| read_tasks::plan(c, &digest))
    }

    fn rules(&self, connection: &ConnectionId) -> Read<'_, Vec<IgnoreRule>> {
        let connection = connection.clone();
        self.read(move |c| decisions::rules(c, &connection))
    }

    fn adjustments(&self, tasks: Vec<TaskId>) -> Read<'_, Vec<Adjustments>> {
        self.read(move |c| decisions::adjustments(c, &tasks))
    }

    fn claims(&self, connection: &ConnectionId, subscriptions: Vec<SubscriptionId>) -> Read<'_, Vec<Claim>> {
        let connection = connection.clone();
        self.read(move |c| decisions::claims(c, &connection, subscriptions))
    }

    fn switched_on(&self, connection: &ConnectionId) -> Read<'_, BTreeSet<CustomerId>> {
        let connection = connection.clone();
        self.read(move |c| decisions::switched_on(c, &connection))
    }
}

impl JournalStore for SqliteStore {
    fn batch(&self, id: &BatchId) -> Read<'_, Option<Batch>> {
        let id = id.clone();
        self.read(move |c| read_journal::batch(c, &id))
    }

    fn open_batches(&self, connection: &ConnectionId) -> Read<'_, Vec<Batch>> {
        let connection = connection.clone();
        self.read(move |c| read_journal::open_batches(c, &connection))
    }

    fn times_sent(&self, plan: &PlanDigest) -> Read<'_, u32> {
        let plan = plan.clone();
        self.read(move |c| read_journal::times_sent(c, &plan))
    }

    fn effects(&self, batch: &BatchId) -> Read<'_, Vec<Effect>> {
        let batch = batch.clone();
        self.read(move |c| read_journal::effects(c, &batch))
    }

    fn receipt(&self, plan: &PlanDigest) -> Read<'_, Option<StoredReceipt>> {
        let plan = plan.clone();
        self.read(move |c| read_journal::receipt(c, &plan))
    }

    fn receipts_of(&self, task: &TaskId) -> Read<'_, Vec<StoredReceipt>> {
        let task = task.clone();
        self.read(move |c| read_journal::receipts_of(c, &task))
    }

    fn receipts(&self, connection: &ConnectionId) -> Read<'_, Vec<StoredReceipt>> {
        let connection = connection.clone();
        self.read(move |c| read_journal::receipts(c, &connection))
    }

    fn exchanges(&self, caller: Option<String>, limit: usize) -> Read<'_, Vec<ExchangeRecord>> {
        self.read(move |c| read_journal::exchanges(c, caller.as_deref(), limit))
    }

    fn exchange_counts(&self) -> Read<'_, Vec<(String, u64)>> {
        self.read(read_journal::exchange_counts)
    }
}

impl FollowUpStore for SqliteStore {
    fn follow_ups_of(&self, task: &TaskId) -> Read<'_, Vec<FollowUp>> {
        let task = task.clone();
        self.read(move |c| follow_ups::of(c, &task))
    }

    fn follow_ups_due(&self, connection: &ConnectionId, until: DateTime<Utc>, limit: usize) -> Read<'_, Vec<FollowUp>> {
        let connection = connection.clone();
        self.read(move |c| follow_ups::due(c, &connection, until, limit))
    }

    fn follow_ups(&self, connection: &ConnectionId, states: BTreeSet<String>, limit: usize) -> Read<'_, Vec<FollowUp>> {
        let connection = connection.clone();
        self.read(move |c| follow_ups::in_states(c, &connection, &states, limit))
    }
}

impl RunStore for SqliteStore {
    fn run(&self, id: &RunId) -> Read<'_, Option<Run>> {
        let id = id.clone();
        self.read(move |c| read_journal::run(c, &id))
    }

    fn runs(&self, reseller: Option<ResellerId>, limit: usize) -> Read<'_, Vec<Run>> {
        self.read(move |c| read_journal::runs(c, reseller.as_ref(), limit))
    }

    fn unfinished_runs(&self) -> Read<'_, Vec<Run>> {
        self.read(read_journal::unfinished_runs)
    }
}

impl CatalogStore for SqliteStore {
    fn catalog_run(&self, id: &RunId) -> Read<'_, Option<CatalogRun>> {
        let id = id.clone();
        self.read(move |c| catalog::catalog_run(c, &id))
    }

    fn catalog_runs(&self, reseller: Option<ResellerId>, limit: usize) -> Read<'_, Vec<CatalogRun>> {
        self.read(move |c| catalog::runs(c, reseller.as_ref(), limit))
    }

    fn unfinished_catalog_runs(&self) -> Read<'_, Vec<CatalogRun>> {
        self.read(catalog::unfinished_runs)
    }

    fn catalog_steps(&self, run: &RunId, from: u64, limit: usize) -> Read<'_, Vec<CatalogStep>> {
        let run = run.clone();
        self.read(move |c| catalog::steps(c, &run, from, limit))
    }

    fn catalog_step(&self, run: &RunId, place: u64) -> Read<'_, Option<CatalogStep>> {
        let run = run.clone();
        self.read(move |c| catalog::step(c, &run, place))
    }

    fn presets(&self, reseller: &ResellerId) -> Read<'_, Vec<Preset>> {
        let reseller = reseller.clone();
        self.read(move |c| catalog::presets(c, &reseller))
    }
}

impl Store for SqliteStore {
    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<(), CommitError>> {
        Box::pin(self.write(move |c| write::all(c, &writes)))
    }
}
