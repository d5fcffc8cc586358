//! Crashes: the n-th commit never returns, before or after it took effect, for n = 1, 2, 3 … until a whole
//! life passes. A new process takes up what the store holds. Then the same with a crash during recovery.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::connection::{Connection, Marketplace, Reseller};
use counterfoil_domain::id::*;
use counterfoil_domain::journal::{Batch, Effect};
use counterfoil_domain::link::{Link, LinkKind};
use counterfoil_domain::market::{Customer, Product, Subscription};
use counterfoil_domain::order::{Order, OrderKey};
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::*;
use counterfoil_domain::run::Run;
use counterfoil_domain::task::Task;
use counterfoil_store::MemoryStore;
use tokio::sync::Notify;

use super::ledger::Fault;
use super::shop::{CLASS_A, World};

/// A store whose process dies at one commit.
#[derive(Debug)]
struct Mortal {
    inner: Arc<MemoryStore>,
    left: AtomicI64,
    /// Whether the fatal commit took effect.
    after: bool,
    died: Arc<Notify>,
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
});
pass!(JournalStore {
    batch(id: &BatchId) -> Option<Batch>;
    open_batches(connection: &ConnectionId) -> Vec<Batch>;
    times_sent(plan: &PlanDigest) -> u32;
    effects(batch: &BatchId) -> Vec<Effect>;
    receipt(plan: &PlanDigest) -> Option<StoredReceipt>;
    receipts(connection: &ConnectionId) -> Vec<StoredReceipt>;
    exchanges(caller: Option<String>, limit: usize) -> Vec<ExchangeRecord>;
    exchange_counts() -> Vec<(String, u64)>;
});
pass!(RunStore {
    run(id: &RunId) -> Option<Run>;
    runs(reseller: Option<ResellerId>, limit: usize) -> Vec<Run>;
    unfinished_runs() -> Vec<Run>;
});

impl Store for Mortal {
    fn commit(&self, writes: Vec<Write>) -> Pending<'_, Result<(), CommitError>> {
        Box::pin(async move {
            match self.left.fetch_sub(1, Ordering::SeqCst) {
                n if n > 1 => self.inner.commit(writes).await,
                n => {
                    if n == 1 && self.after {
                        let _ = self.inner.commit(writes).await;
                    }
                    self.died.notify_one();
                    pending().await
                }
            }
        })
    }
}

/// One process: ends at its fatal commit, with everything that it had spawned. True: it died.
fn live(world: &World, inner: &Arc<MemoryStore>, commits: i64, after: bool) -> bool {
    let died = Arc::new(Notify::new());
    let mortal = Mortal { inner: Arc::clone(inner), left: AtomicI64::new(commits), after, died: Arc::clone(&died) };
    let process = world.with_store(Arc::new(mortal));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let engine = process.engine();
        tokio::select! {
            () = died.notified() => true,
            () = process.work(&engine, 120) => false,
        }
    })
}

fn in_the_end(world: &World, what: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(world.work(&world.engine(), 400));
    let tasks = runtime.block_on(world.tasks());
    let copies = world.copies();
    assert_eq!(tasks.len(), world.orders.0.len(), "{what}: an order was lost");
    if world.class == DeliveryClass::C {
        for (task, (copies, sends)) in tasks.iter().zip(copies.iter().zip(world.sends())) {
            // What was refused for too many calls was surely not carried out.
            let refused = u32::from(what.contains("TooMany"));
            assert!(*copies <= 1 && sends <= 1 + refused, "{what}: {} was sent {sends} times by itself", task.number);
        }
        assert!(tasks.iter().all(|task| ["synced", "uncertain"].contains(&task.state.name())), "{what}");
        return;
    }
    assert!(copies.iter().all(|copies| *copies == 1), "{what}: copies in the books: {copies:?}");
    for task in &tasks {
        assert_eq!(task.state.name(), "synced", "{what}: {} is {:?}", task.number, task.state);
    }
}

fn fresh(class: DeliveryClass, faults: &[Fault]) -> (World, Arc<MemoryStore>) {
    let inner = Arc::new(MemoryStore::new());
    let world = World::new(Arc::clone(&inner) as Arc<dyn Store>, class, 5);
    world.books.lock().unwrap().faults.extend(faults);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(world.set_up());
    (world, inner)
}

#[test]
fn a_crash_at_every_commit_loses_nothing_and_bills_once() {
    let mut points = 0;
    for class in [CLASS_A, DeliveryClass::B, DeliveryClass::C] {
        for faults in [&[][..], &[Fault::LostAfter], &[Fault::LostBefore], &[Fault::TooMany, Fault::LostAfter]] {
            for after in [false, true] {
                for n in 1.. {
                    let (world, inner) = fresh(class, faults);
                    let died = live(&world, &inner, n, after);
                    if !died {
                        break;
                    }
                    points += 1;
                    in_the_end(
                        &world,
                        &format!("{class:?} {faults:?}, commit {n} {}", if after { "done" } else { "not done" }),
                    );
                }
            }
        }
    }
    println!("{points} crash points");
    assert!(points > 200, "only {points} crash points: the life of a task has more commits than that");
}

#[test]
fn a_crash_during_recovery_loses_nothing_and_bills_once() {
    let mut points = 0;
    for class in [CLASS_A, DeliveryClass::B] {
        for first in (4..24).step_by(2) {
            for second in 1..8 {
                let (world, inner) = fresh(class, &[Fault::LostAfter]);
                live(&world, &inner, first, first % 4 == 0);
                live(&world, &inner, second, second % 2 == 0);
                points += 1;
                in_the_end(&world, &format!("{class:?}, commits {first} then {second}"));
            }
        }
    }
    println!("{points} nested crash points");
}

#[test]
fn a_plugin_that_asks_otherwise_after_a_crash_never_hides_what_is_stored() {
    for class in [CLASS_A, DeliveryClass::B] {
        for n in 1.. {
            let (world, inner) = fresh(class, &[]);
            let died = live(&world, &inner, n, true);
            if !died {
                break;
            }
            world.books.lock().unwrap().garbled = true;
            in_the_end(&world, &format!("{class:?}, garbled after commit {n}"));
        }
    }
}

#[test]
fn a_crash_at_every_commit_of_plans_with_two_documents_bills_each_once() {
    for class in [CLASS_A, DeliveryClass::B] {
        for faults in [&[Fault::Fine, Fault::TooMany][..], &[Fault::Fine, Fault::LostBefore], &[Fault::LostAfter]] {
            for after in [false, true] {
                for n in 1.. {
                    let (world, inner) = fresh(class, faults);
                    let world = world.with_refunds();
                    let died = live(&world, &inner, n, after);
                    if !died {
                        break;
                    }
                    let what = format!("{class:?} {faults:?}, two documents, commit {n}, {after}");
                    in_the_end(&world, &what);
                    assert_eq!(world.copies_of("refund"), [1; 5], "{what}");
                }
            }
        }
    }
}
