//! A store that notes how often it was asked for what, and how long callers waited for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

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

#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<BTreeMap<&'static str, (u64, Duration)>>);

impl Tally {
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap().clear();
    }

    fn add(&self, name: &'static str, took: Duration) {
        let mut all = self.0.lock().unwrap();
        let one = all.entry(name).or_default();
        one.0 += 1;
        one.1 += took;
    }

    /// The costliest first.
    pub(crate) fn print(&self) {
        let all = self.0.lock().unwrap();
        let mut rows: Vec<_> = all.iter().collect();
        rows.sort_by_key(|(_, (_, took))| std::cmp::Reverse(*took));
        let total: Duration = rows.iter().map(|(_, (_, took))| *took).sum();
        println!("      waited for the store {:.3} s:", total.as_secs_f64());
        for (name, (calls, took)) in rows.into_iter().take(8) {
            println!("        {name:<18} {calls:>7} calls {:>8.3} s", took.as_secs_f64());
        }
    }
}

#[derive(Debug)]
pub(crate) struct Tallied<S> {
    inner: S,
    tally: Arc<Tally>,
}

impl<S> Tallied<S> {
    pub(crate) fn new(inner: S, tally: &Arc<Tally>) -> Self {
        Self { inner, tally: Arc::clone(tally) }
    }
}

macro_rules! pass {
    ($port:ident { $($name:ident($($arg:ident: $kind:ty),*) -> $out:ty;)* }) => {
        impl<S: Store> $port for Tallied<S> {
            $(fn $name(&self, $($arg: $kind),*) -> Pending<'_, Result<$out, StoreError>> {
                let start = Instant::now();
                let asked = self.inner.$name($($arg),*);
                Box::pin(async move {
                    let answer = asked.await;
                    self.tally.add(stringify!($name), start.elapsed());
                    answer
                })
            })*
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

impl<S: Store> Store for Tallied<S> {
    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<(), CommitError>> {
        Box::pin(async move {
            let start = Instant::now();
            let done = self.inner.commit(writes).await;
            self.tally.add("commit", start.elapsed());
            done
        })
    }
}
