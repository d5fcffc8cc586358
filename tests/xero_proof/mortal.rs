//! A store whose process dies at its n-th commit, before or after it took effect: nothing of that process goes on. What is
//! stored stays, for the process after it.

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use counterfoil_domain::adjust::Adjustments;
use counterfoil_domain::catalog::{CatalogRun, CatalogStep, Preset};
use counterfoil_domain::claim::Claim;
use counterfoil_domain::connection::{Connection, Marketplace, Reseller};
use counterfoil_domain::follow_up::FollowUp;
use counterfoil_domain::id::*;
use counterfoil_domain::journal::{Batch, Effect};
use counterfoil_domain::link::{Link, LinkKind};
use counterfoil_domain::market::{Customer, Product, Subscription};
use counterfoil_domain::order::{Order, OrderKey};
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::*;
use counterfoil_domain::rule::IgnoreRule;
use counterfoil_domain::run::Run;
use counterfoil_domain::task::Task;
use tokio::sync::Notify;

#[derive(Debug)]
pub(crate) struct Mortal {
    inner: Arc<dyn Store>,
    /// Commits that are left.
    left: AtomicI64,
    /// Whether the last one takes effect.
    after: bool,
    pub(crate) died: Notify,
}

impl Mortal {
    pub(crate) fn new(inner: Arc<dyn Store>, commits: i64, after: bool) -> Self {
        Self { inner, left: AtomicI64::new(commits), after, died: Notify::new() }
    }
}

macro_rules! pass {
    ($port:ident { $($name:ident($($arg:ident: $kind:ty),*) -> $out:ty;)* }) => {
        impl $port for Mortal {
            $(fn $name(&self, $($arg: $kind),*) -> Pending<'_, Result<$out, StoreError>> { self.inner.$name($($arg),*) })*
        }
    };
}

pass!(SetupStore {
    resellers() -> Vec<Reseller>;
    marketplaces() -> Vec<Marketplace>;
    connections() -> Vec<Connection>;
    users() -> Vec<User>;
    audit(limit: usize) -> Vec<AuditEntry>;
});
pass!(OrderStore {
    cursor(connection: &ConnectionId) -> Option<Cursor>;
    known_orders(marketplace: &MarketplaceId, ids: Vec<OrderId>) -> Vec<KnownOrder>;
    open_orders(marketplace: &MarketplaceId) -> Vec<OrderId>;
    order(key: &OrderKey) -> Option<Order>;
    order_count(marketplace: &MarketplaceId) -> u64;
    customers(marketplace: &MarketplaceId, ids: Option<Vec<CustomerId>>) -> Vec<Customer>;
    subscriptions(marketplace: &MarketplaceId, ids: Option<Vec<SubscriptionId>>) -> Vec<Subscription>;
    products(marketplace: &MarketplaceId) -> Vec<Product>;
});
pass!(TaskStore {
    task(id: &TaskId) -> Option<Task>;
    tasks(filter: TaskFilter, page: PageRequest) -> Vec<Task>;
    tasks_of_order(connection: &ConnectionId, key: &OrderKey) -> Vec<Task>;
    initial_tasks_of(connection: &ConnectionId, subscription: &SubscriptionId) -> Vec<Task>;
    totals(connection: Option<ConnectionId>) -> Vec<TaskTotal>;
    links(connection: &ConnectionId, kind: Option<LinkKind>) -> Vec<Link>;
    plan(digest: &PlanDigest) -> Option<SealedPlan>;
    rules(connection: &ConnectionId) -> Vec<IgnoreRule>;
    adjustments(tasks: Vec<TaskId>) -> Vec<Adjustments>;
    claims(connection: &ConnectionId, subscriptions: Vec<SubscriptionId>) -> Vec<Claim>;
    switched_on(connection: &ConnectionId) -> BTreeSet<CustomerId>;
});
pass!(JournalStore {
    batch(id: &BatchId) -> Option<Batch>;
    open_batches(connection: &ConnectionId) -> Vec<Batch>;
    times_sent(plan: &PlanDigest) -> u32;
    effects(batch: &BatchId) -> Vec<Effect>;
    receipt(plan: &PlanDigest) -> Option<StoredReceipt>;
    receipts_of(task: &TaskId) -> Vec<StoredReceipt>;
    receipts(connection: &ConnectionId) -> Vec<StoredReceipt>;
    exchanges(caller: Option<String>, limit: usize) -> Vec<ExchangeRecord>;
    exchange_counts() -> Vec<(String, u64)>;
});
pass!(FollowUpStore {
    follow_ups_of(task: &TaskId) -> Vec<FollowUp>;
    follow_ups_due(connection: &ConnectionId, until: DateTime<Utc>, limit: usize) -> Vec<FollowUp>;
    follow_ups(connection: &ConnectionId, states: BTreeSet<String>, limit: usize) -> Vec<FollowUp>;
});
pass!(RunStore {
    run(id: &RunId) -> Option<Run>;
    runs(reseller: Option<ResellerId>, limit: usize) -> Vec<Run>;
    unfinished_runs() -> Vec<Run>;
});

pass!(CatalogStore {
    catalog_run(id: &RunId) -> Option<CatalogRun>;
    catalog_runs(reseller: Option<ResellerId>, limit: usize) -> Vec<CatalogRun>;
    unfinished_catalog_runs() -> Vec<CatalogRun>;
    catalog_steps(run: &RunId, from: u64, limit: usize) -> Vec<CatalogStep>;
    catalog_step(run: &RunId, place: u64) -> Option<CatalogStep>;
    presets(reseller: &ResellerId) -> Vec<Preset>;
});

impl Store for Mortal {
    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<(), CommitError>> {
        Box::pin(async move {
            let left = self.left.fetch_sub(1, Ordering::SeqCst);
            if left > 1 {
                return self.inner.commit(writes).await;
            }
            if left == 1 && self.after {
                let _ = self.inner.commit(writes).await;
            }
            self.died.notify_one();
            pending().await
        })
    }
}
