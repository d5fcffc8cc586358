//! The store in memory: for simulations and benchmarks, where the disk is not the question. Gone with the
//! process.

mod catalog;
mod decisions;
mod follow_ups;
mod read_tasks;
mod shelves;
mod statements;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::{Mutex, PoisonError};

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
use counterfoil_domain::mail::{Mail, MailState};
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

use crate::audit::ChainRecord;
use crate::counts::totals;
use crate::precision::cut;
use crate::record::Record as _;
use shelves::Shelves;

type Read<'a, T> = Pending<'a, Result<T, StoreError>>;

#[derive(Debug, Default)]
pub struct MemoryStore {
    shelves: Mutex<Shelves>,
}

impl MemoryStore {
    pub fn new() -> Self {
        Self::default()
    }

    /// Read at once: nothing of it waits.
    fn read<T: Send + 'static>(&self, look: impl FnOnce(&Shelves) -> T) -> Read<'_, T> {
        self.try_read(|shelves| Ok(look(shelves)))
    }

    fn try_read<T: Send + 'static>(&self, look: impl FnOnce(&Shelves) -> Result<T, StoreError>) -> Read<'_, T> {
        let found = look(&self.shelves.lock().unwrap_or_else(PoisonError::into_inner));
        Box::pin(ready(found))
    }
}

/// Nobody can reach into memory, so the chain is made when it is asked for; its hashes are those of a file.
fn chained(audit: &BTreeMap<u64, AuditEntry>) -> Vec<AuditRecord> {
    let mut before = String::new();
    let record = |(place, entry): (&u64, &AuditEntry)| {
        before = ChainRecord::of(*place, entry).hash(&before);
        AuditRecord { place: *place, entry: entry.clone(), hash: before.clone() }
    };
    audit.iter().map(record).collect()
}

impl SetupStore for MemoryStore {
    fn resellers(&self) -> Read<'_, Vec<Reseller>> {
        self.read(|s| s.resellers.values().cloned().collect())
    }

    fn marketplaces(&self) -> Read<'_, Vec<Marketplace>> {
        self.read(|s| s.marketplaces.values().cloned().collect())
    }

    fn connections(&self) -> Read<'_, Vec<Connection>> {
        self.read(|s| s.connections.values().cloned().collect())
    }

    fn users(&self) -> Read<'_, Vec<User>> {
        self.read(|s| s.users.values().cloned().collect())
    }

    fn audit(&self, limit: usize) -> Read<'_, Vec<AuditEntry>> {
        self.read(|s| s.audit.values().rev().take(limit).cloned().collect())
    }

    fn audit_records(&self, after: u64, limit: usize) -> Read<'_, Vec<AuditRecord>> {
        self.read(|s| chained(&s.audit).into_iter().filter(|one| one.place > after).take(limit).collect())
    }

    fn audit_check(&self) -> Read<'_, AuditCheck> {
        self.read(|s| {
            let head = chained(&s.audit).pop().map(|last| last.hash).unwrap_or_default();
            AuditCheck { records: s.audit.len() as u64, head, first_bad: None }
        })
    }
}

impl PluginStore for MemoryStore {
    fn plugin_versions(&self) -> Read<'_, Vec<InstalledVersion>> {
        self.read(|s| {
            let mut all: Vec<InstalledVersion> = s.plugin_versions.values().cloned().collect();
            all.sort_by(|a, b| (&a.plugin, a.installed_at, &a.digest).cmp(&(&b.plugin, b.installed_at, &b.digest)));
            all
        })
    }

    fn activations(&self) -> Read<'_, Vec<Activation>> {
        self.read(|s| s.activations.values().cloned().collect())
    }
}

impl OrderStore for MemoryStore {
    fn cursor(&self, connection: &ConnectionId) -> Read<'_, Option<Cursor>> {
        self.read(|s| s.cursors.get(connection).cloned())
    }

    fn known_orders(&self, marketplace: &MarketplaceId, ids: Vec<OrderId>) -> Read<'_, Vec<KnownOrder>> {
        self.read(|s| {
            let known = |id: OrderId| {
                let key = OrderKey { marketplace: marketplace.clone(), order: id };
                let kept = s.orders.get(&key)?;
                Some(KnownOrder {
                    id: key.order,
                    fingerprint: kept.fingerprint.clone(),
                    revision: kept.revision.clone(),
                    is_final: kept.order.status.is_final(),
                })
            };
            ids.into_iter().filter_map(known).collect()
        })
    }

    fn open_orders(&self, marketplace: &MarketplaceId) -> Read<'_, Vec<OrderId>> {
        self.read(|s| {
            let all = s.open_orders.range(Shelves::first_order(marketplace)..);
            all.map(|(key, ())| key)
                .take_while(|key| key.marketplace == *marketplace)
                .map(|key| key.order.clone())
                .collect()
        })
    }

    fn order(&self, key: &OrderKey) -> Read<'_, Option<Order>> {
        self.read(|s| s.orders.get(key).map(|kept| kept.order.clone()))
    }

    fn order_count(&self, marketplace: &MarketplaceId) -> Read<'_, u64> {
        self.read(|s| s.order_counts.get(marketplace).copied().unwrap_or(0))
    }

    fn customers(&self, marketplace: &MarketplaceId, ids: Option<Vec<CustomerId>>) -> Read<'_, Vec<Customer>> {
        self.read(|s| match ids {
            Some(ids) => {
                ids.into_iter().filter_map(|id| s.customers.get(&(marketplace.clone(), id))).cloned().collect()
            }
            None => {
                let all = s.customers.range((marketplace.clone(), CustomerId::new(""))..);
                all.take_while(|((m, _), _)| m == marketplace).map(|(_, customer)| customer.clone()).collect()
            }
        })
    }

    fn subscriptions(
        &self,
        marketplace: &MarketplaceId,
        ids: Option<Vec<SubscriptionId>>,
    ) -> Read<'_, Vec<Subscription>> {
        self.read(|s| match ids {
            Some(ids) => {
                ids.into_iter().filter_map(|id| s.subscriptions.get(&(marketplace.clone(), id))).cloned().collect()
            }
            None => {
                let all = s.subscriptions.range((marketplace.clone(), SubscriptionId::new(""))..);
                all.take_while(|((m, _), _)| m == marketplace).map(|(_, subscription)| subscription.clone()).collect()
            }
        })
    }

    fn products(&self, marketplace: &MarketplaceId) -> Read<'_, Vec<Product>> {
        self.read(|s| {
            let all = s.products.range((marketplace.clone(), String::new())..);
            all.take_while(|((m, _), _)| m == marketplace).map(|(_, product)| product.clone()).collect()
        })
    }
}

impl StatementStore for MemoryStore {
    fn statements(&self, marketplace: &MarketplaceId, filter: StatementFilter) -> Read<'_, Vec<KeptStatement>> {
        self.read(|s| statements::list(s, marketplace, &filter))
    }

    fn statement(&self, marketplace: &MarketplaceId, id: &str, issue: u32) -> Read<'_, Option<StoredStatement>> {
        self.read(|s| s.statements.get(&(marketplace.clone(), id.to_owned(), issue)).cloned())
    }

    fn statement_records(
        &self,
        marketplace: &MarketplaceId,
        id: &str,
        issue: u32,
        from: usize,
        limit: usize,
    ) -> Read<'_, Vec<Line>> {
        self.read(|s| statements::some_records(s, &(marketplace.clone(), id.to_owned(), issue), from, limit))
    }

    fn orders_of_statement(&self, marketplace: &MarketplaceId, id: &str) -> Read<'_, Vec<KnownOrder>> {
        self.read(|s| statements::orders_of(s, marketplace, id))
    }

    fn statement_tasks_of(
        &self,
        connection: &ConnectionId,
        subscription: &SubscriptionId,
        limit: usize,
    ) -> Read<'_, Vec<Task>> {
        self.read(|s| statements::tasks_of(s, connection, subscription, limit))
    }

    fn statement_money(
        &self,
        connection: &ConnectionId,
        from: NaiveDate,
        before: NaiveDate,
    ) -> Read<'_, Vec<MoneyRow>> {
        self.try_read(|s| statements::money(s, connection, from, before))
    }

    fn programs(&self, connection: &ConnectionId) -> Read<'_, Vec<Program>> {
        self.read(|s| s.programs.values().filter(|program| program.connection == *connection).cloned().collect())
    }
}

impl MailStore for MemoryStore {
    fn mails_due(&self, until: DateTime<Utc>, limit: usize) -> Read<'_, Vec<Mail>> {
        let until = cut(until);
        self.read(|s| {
            let waits = |mail: &&Mail| mail.state == MailState::Waiting && mail.at <= until;
            let mut due: Vec<Mail> = s.mails.values().filter(waits).cloned().collect();
            due.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
            due.truncate(limit);
            due
        })
    }

    fn mail(&self, id: &str) -> Read<'_, Option<Mail>> {
        self.read(|s| s.mails.get(id).cloned())
    }
}

impl ProductStore for MemoryStore {
    fn product_rows(&self, connection: &ConnectionId, program: ProgramName) -> Read<'_, Vec<ProductRow>> {
        let ours = |row: &&ProductRow| row.connection == *connection && row.program == program;
        self.read(|s| s.product_rows.values().filter(ours).cloned().collect())
    }
}

impl TaskStore for MemoryStore {
    fn task(&self, id: &TaskId) -> Read<'_, Option<Task>> {
        self.read(|s| s.tasks.get(id).cloned())
    }

    fn tasks(&self, filter: TaskFilter, page: PageRequest) -> Read<'_, Vec<Task>> {
        self.read(|s| read_tasks::tasks(s, &filter, &page))
    }

    fn tasks_of_order(&self, connection: &ConnectionId, key: &OrderKey) -> Read<'_, Vec<Task>> {
        self.read(|s| read_tasks::of_order(s, connection, key))
    }

    fn initial_tasks_of(&self, connection: &ConnectionId, subscription: &SubscriptionId) -> Read<'_, Vec<Task>> {
        self.read(|s| read_tasks::of_snapshot(s, connection, subscription))
    }

    fn totals(&self, connection: Option<ConnectionId>) -> Read<'_, Vec<TaskTotal>> {
        let asked = |id: &ConnectionId| connection.as_ref().is_none_or(|connection| connection == id);
        self.try_read(|s| totals(s.totals.iter().filter(|(bucket, _)| asked(&bucket.connection))))
    }

    fn links(&self, connection: &ConnectionId, kind: Option<LinkKind>) -> Read<'_, Vec<Link>> {
        self.read(|s| {
            let asked = |link: &&Link| link.key.connection == *connection && kind.is_none_or(|k| link.key.kind == k);
            s.links.values().filter(asked).cloned().collect()
        })
    }

    fn plan(&self, digest: &PlanDigest) -> Read<'_, Option<SealedPlan>> {
        self.try_read(|s| {
            let Some(plan) = s.plans.get(digest) else { return Ok(None) };
            plan.check().map_err(|bad| StoreError::Corrupt { what: SealedPlan::WHAT, problem: bad.to_string() })?;
            Ok(Some(plan.clone()))
        })
    }

    fn rules(&self, connection: &ConnectionId) -> Read<'_, Vec<IgnoreRule>> {
        self.read(|s| decisions::rules(s, connection))
    }

    fn adjustments(&self, tasks: Vec<TaskId>) -> Read<'_, Vec<Adjustments>> {
        self.read(|s| tasks.iter().filter_map(|task| s.adjustments.get(task)).cloned().collect())
    }

    fn claims(&self, connection: &ConnectionId, subscriptions: Vec<SubscriptionId>) -> Read<'_, Vec<Claim>> {
        self.read(|s| decisions::claims(s, connection, subscriptions))
    }

    fn switched_on(&self, connection: &ConnectionId) -> Read<'_, BTreeSet<CustomerId>> {
        self.read(|s| decisions::switched_on(s, connection))
    }
}

impl JournalStore for MemoryStore {
    fn batch(&self, id: &BatchId) -> Read<'_, Option<Batch>> {
        self.read(|s| s.batches.get(id).cloned())
    }

    fn open_batches(&self, connection: &ConnectionId) -> Read<'_, Vec<Batch>> {
        self.read(|s| {
            let open = s.open_batches.keys().filter(|(c, _, _)| c == connection);
            open.filter_map(|(_, _, id)| s.batches.get(id)).cloned().collect()
        })
    }

    fn times_sent(&self, plan: &PlanDigest) -> Read<'_, u32> {
        self.read(|s| {
            let all = s.batches_of_plan.range((plan.clone(), BatchId::new(""))..);
            u32::try_from(all.take_while(|((p, _), ())| p == plan).count()).unwrap_or(u32::MAX)
        })
    }

    fn effects(&self, batch: &BatchId) -> Read<'_, Vec<Effect>> {
        self.read(|s| {
            let order = s.effect_order.range((batch.clone(), 0)..=(batch.clone(), u64::MAX));
            order.filter_map(|((b, _), key)| s.effects.get(&(b.clone(), key.clone()))).cloned().collect()
        })
    }

    fn receipt(&self, plan: &PlanDigest) -> Read<'_, Option<StoredReceipt>> {
        self.read(|s| s.receipts.get(plan).cloned())
    }

    fn receipts_of(&self, task: &TaskId) -> Read<'_, Vec<StoredReceipt>> {
        self.read(|s| {
            let plans = s.plans_of_task.range((task.clone(), PlanDigest::new(""))..);
            let plans = plans.take_while(|((of, _), ())| of == task);
            let mut receipts: Vec<StoredReceipt> =
                plans.filter_map(|((_, plan), ())| s.receipts.get(plan)).cloned().collect();
            receipts.sort_by(|a, b| (a.stored_at, &a.plan).cmp(&(b.stored_at, &b.plan)));
            receipts
        })
    }

    fn receipts(&self, connection: &ConnectionId) -> Read<'_, Vec<StoredReceipt>> {
        self.read(|s| {
            let ours =
                |r: &&StoredReceipt| s.batches.get(&r.batch).is_some_and(|batch| batch.connection == *connection);
            let mut receipts: Vec<StoredReceipt> = s.receipts.values().filter(ours).cloned().collect();
            receipts.sort_by(|a, b| (a.stored_at, &a.plan).cmp(&(b.stored_at, &b.plan)));
            receipts
        })
    }

    fn exchanges(&self, caller: Option<String>, limit: usize) -> Read<'_, Vec<ExchangeRecord>> {
        self.read(|s| {
            let asked = |record: &&ExchangeRecord| caller.as_ref().is_none_or(|caller| *caller == record.caller);
            s.exchanges.values().rev().filter(asked).take(limit).cloned().collect()
        })
    }

    fn exchange_counts(&self) -> Read<'_, Vec<(String, u64)>> {
        self.read(|s| s.exchange_counts.iter().map(|(caller, count)| (caller.clone(), *count)).collect())
    }
}

impl FollowUpStore for MemoryStore {
    fn follow_ups_of(&self, task: &TaskId) -> Read<'_, Vec<FollowUp>> {
        self.read(|s| follow_ups::of(s, task))
    }

    fn follow_ups_due(&self, connection: &ConnectionId, until: DateTime<Utc>, limit: usize) -> Read<'_, Vec<FollowUp>> {
        self.read(|s| follow_ups::due(s, connection, until, limit))
    }

    fn follow_ups(&self, connection: &ConnectionId, states: BTreeSet<String>, limit: usize) -> Read<'_, Vec<FollowUp>> {
        self.read(|s| follow_ups::in_states(s, connection, &states, limit))
    }
}

impl RunStore for MemoryStore {
    fn run(&self, id: &RunId) -> Read<'_, Option<Run>> {
        self.read(|s| s.runs.get(id).cloned())
    }

    fn runs(&self, reseller: Option<ResellerId>, limit: usize) -> Read<'_, Vec<Run>> {
        self.read(|s| {
            let newest = s.runs_by_time.keys().rev().filter_map(|(_, id)| s.runs.get(id));
            newest.filter(|run| reseller.as_ref().is_none_or(|id| run.reseller == *id)).take(limit).cloned().collect()
        })
    }

    fn unfinished_runs(&self) -> Read<'_, Vec<Run>> {
        self.read(|s| s.unfinished_runs.keys().filter_map(|(_, id)| s.runs.get(id)).cloned().collect())
    }
}

impl CatalogStore for MemoryStore {
    fn catalog_run(&self, id: &RunId) -> Read<'_, Option<CatalogRun>> {
        self.read(|s| s.catalog_runs.get(id).cloned())
    }

    fn catalog_runs(&self, reseller: Option<ResellerId>, limit: usize) -> Read<'_, Vec<CatalogRun>> {
        self.read(|s| catalog::runs(s, reseller.as_ref(), limit))
    }

    fn unfinished_catalog_runs(&self) -> Read<'_, Vec<CatalogRun>> {
        self.read(catalog::unfinished_runs)
    }

    fn catalog_steps(&self, run: &RunId, from: u64, limit: usize) -> Read<'_, Vec<CatalogStep>> {
        self.read(|s| catalog::steps(s, run, from, limit))
    }

    fn catalog_step(&self, run: &RunId, place: u64) -> Read<'_, Option<CatalogStep>> {
        self.read(|s| s.catalog_steps.get(&(run.clone(), place)).cloned())
    }

    fn presets(&self, reseller: &ResellerId) -> Read<'_, Vec<Preset>> {
        self.read(|s| catalog::presets(s, reseller))
    }
}

impl Store for MemoryStore {
    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<(), CommitError>> {
        // When it is polled, not when it is called: a commit nobody waits for is none.
        Box::pin(async move { write::all(&mut self.shelves.lock().unwrap_or_else(PoisonError::into_inner), writes) })
    }
}
