//! A process that dies: at its n-th step, which is a commit or a call on the wire, before or after it took effect.
//! Everything that it had in memory is gone with it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

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
use counterfoil_domain::wire::Response;
use counterfoil_store::MemoryStore;
use tokio::sync::Notify;

use super::ledger::Ledger;
use super::points::{Point, batch_in};
use super::shop::World;

/// When it dies, and where it did.
#[derive(Debug)]
struct Fate {
    left: AtomicI64,
    /// Whether the fatal step took effect.
    after: bool,
    /// Calls are steps too, and each step has a name.
    named: bool,
    died: Notify,
    at: Mutex<Option<Point>>,
    passed: Mutex<BTreeMap<Point, u64>>,
}

/// What to do with a step.
enum Step {
    Goes,
    DiesAfter,
    Dies,
}

impl Fate {
    fn step(&self, point: Option<Point>) -> Step {
        if let Some(point) = point {
            *self.passed.lock().unwrap().entry(point).or_default() += 1;
        }
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            n if n > 1 => Step::Goes,
            n => {
                if n == 1 {
                    *self.at.lock().unwrap() = point;
                }
                if n == 1 && self.after { Step::DiesAfter } else { Step::Dies }
            }
        }
    }

    async fn dies<T>(&self) -> T {
        self.died.notify_one();
        pending().await
    }
}

/// A store whose process dies.
#[derive(Debug)]
struct Mortal {
    inner: Arc<MemoryStore>,
    fate: Arc<Fate>,
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
            let point = if self.fate.named {
                let before = match batch_in(&writes) {
                    Some(batch) => self.inner.batch(&batch.id).await.unwrap(),
                    None => None,
                };
                Some(Point::of_commit(&writes, before.as_ref()))
            } else {
                None
            };
            match self.fate.step(point) {
                Step::Goes => return self.inner.commit(writes).await,
                Step::DiesAfter => {
                    let _ = self.inner.commit(writes).await;
                }
                Step::Dies => {}
            }
            self.fate.dies().await
        })
    }
}

/// A wire whose process dies.
#[derive(Debug)]
struct MortalDoor {
    inner: Ledger,
    fate: Arc<Fate>,
}

impl Door for MortalDoor {
    fn send(&self, call: Call) -> Pending<'_, Result<Response, SendError>> {
        Box::pin(async move {
            match self.fate.step(Some(Point::of_call(&call))) {
                Step::Goes => return self.inner.send(call).await,
                Step::DiesAfter => {
                    let _ = self.inner.send(call).await;
                }
                Step::Dies => {}
            }
            self.fate.dies().await
        })
    }
}

/// What became of a process: where it died, if it did, and the steps that it made.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) died_at: Option<Point>,
    pub(crate) died: bool,
    pub(crate) passed: BTreeMap<Point, u64>,
}

/// When a process dies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Death {
    pub(crate) step: i64,
    pub(crate) after: bool,
}

/// One process over a store and a world that outlive it. `work` is what it does until it is done.
pub(crate) fn live<F, Work>(world: &World, inner: &Arc<MemoryStore>, death: Death, named: bool, work: F) -> Life
where
    F: FnOnce(World) -> Work,
    Work: Future<Output = ()>,
{
    let fate = Arc::new(Fate {
        left: AtomicI64::new(death.step),
        after: death.after,
        named,
        died: Notify::new(),
        at: Mutex::default(),
        passed: Mutex::default(),
    });
    let mut process = world.with_store(Arc::new(Mortal { inner: Arc::clone(inner), fate: Arc::clone(&fate) }));
    if named {
        process.door = Some(Arc::new(MortalDoor { inner: Ledger(Arc::clone(&world.books)), fate: Arc::clone(&fate) }));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let died = runtime.block_on(async {
        tokio::select! {
            () = fate.died.notified() => true,
            () = work(process) => false,
        }
    });
    drop(runtime);
    let died_at = fate.at.lock().unwrap().take();
    let passed = std::mem::take(&mut *fate.passed.lock().unwrap());
    Life { died_at, died, passed }
}
