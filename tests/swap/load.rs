//! Swap under load: thousands of tasks go through the engine while the active version changes five times a second. None
//! fails, none is billed twice, and every batch names the digest that made it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use counterfoil_domain::connection::{
    Connection, ConnectionState, Exceptions, HostRules, Marketplace, MarketplaceKind, Reseller,
};
use counterfoil_domain::id::{Actor, CustomerId, LineId, OrderId, PluginDigest, RunId, SubscriptionId};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::market::{Customer, OrderHead, Page, PageCursor, Product, Subscription};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType};
use counterfoil_domain::ports::{
    Clock, DetailError, JournalStore as _, MarketplaceClient, OrderQuery, PageRequest, Pending, Records, RunStore as _,
    SourceError, Store as _, TaskFilter, TaskStore as _, WallClock, Write,
};
use counterfoil_domain::run::{Run, RunKind, RunState, Selection};
use counterfoil_domain::task::{Event, Task, next};
use counterfoil_engine::{Engine, Parts, Sources};
use counterfoil_runtime::registry::Registry;
use counterfoil_runtime::sandbox::Sandbox;
use counterfoil_store::MemoryStore;
use tokio::sync::broadcast;

use crate::books::Books;
use crate::versions;

const TASKS: usize = 5_000;
/// Planned and sent at a time: less than a version lives.
const AT_ONCE: usize = 100;
const SWAP_EVERY: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(150);

#[derive(Debug)]
struct Orders(Vec<Order>);

fn page<T>(rows: Vec<T>) -> Page<T> {
    Page { rows, unreadable: vec![], next: None }
}

fn order(n: usize) -> Order {
    let amount = rust_decimal::Decimal::new(1_000 + i64::try_from(n).unwrap(), 2);
    let created: DateTime<Utc> = Utc::now() - chrono::Duration::minutes(i64::try_from(n).unwrap());
    Order {
        key: OrderKey { marketplace: "m".into(), order: OrderId::new(format!("o{n}")) },
        number: format!("SO{n}"),
        order_type: OrderType::Sales,
        status: OrderStatus::Completed,
        customer: CustomerId::new("c"),
        subscription: None,
        created_at: created,
        provisioned_at: None,
        billing_model: BillingModel::BeforeBillingPeriod,
        currency: Currency::parse("USD").unwrap(),
        total: Some(amount),
        lines: vec![OrderLine {
            id: LineId::new("1"),
            kind: LineKind::Fee(Fee::PlanRecurring),
            product: None,
            description: "plan".into(),
            quantity: 1.into(),
            unit_price: amount,
            unit_cost: None,
            amount,
            service_period: None,
            cycle: None,
        }],
        on_renewal: false,
        vendor_rated: false,
        statement: None,
    }
}

impl MarketplaceClient for Orders {
    fn orders(&self, _: OrderQuery) -> Pending<'_, Result<Page<OrderHead>, SourceError>> {
        let heads = self.0.iter().map(|order| OrderHead {
            id: order.key.order.clone(),
            number: order.number.clone(),
            status: order.status,
            created_at: order.created_at,
            fingerprint: "f".to_owned(),
        });
        let heads = heads.collect();
        Box::pin(async move { Ok(page(heads)) })
    }

    fn details(&self, ids: Vec<OrderId>) -> Pending<'_, Vec<(OrderId, Result<Order, DetailError>)>> {
        let number = |id: &OrderId| id.as_str()[1..].parse::<usize>().unwrap();
        let found = ids.into_iter().map(|id| (id.clone(), Ok(self.0[number(&id)].clone()))).collect();
        Box::pin(async move { found })
    }

    fn customers(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>> {
        let customer = Customer {
            id: "c".into(),
            name: "Green Lane LLC".into(),
            external_id: None,
            tax_number: None,
            email: None,
            active: true,
        };
        Box::pin(async move { Ok(page(vec![customer])) })
    }

    fn subscriptions(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Subscription>, SourceError>> {
        Box::pin(async { Ok(page(vec![])) })
    }

    fn records(&self, _: Vec<CustomerId>, _: Vec<SubscriptionId>) -> Pending<'_, Result<Records, SourceError>> {
        Box::pin(async { Ok(Records::default()) })
    }

    fn products(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Product>, SourceError>> {
        Box::pin(async { Ok(page(vec![])) })
    }
}

struct Floor {
    store: Arc<MemoryStore>,
    engine: Engine,
    asked: AtomicUsize,
}

impl Floor {
    async fn set_up(&self) {
        let link = Link {
            key: LinkKey { connection: "x".into(), kind: LinkKind::Party, source: "c".into() },
            source_name: "Green Lane LLC".into(),
            state: LinkState::Linked(LinkTarget {
                id: "c-1".into(),
                code: String::new(),
                name: "Green Lane LLC".into(),
                attributes: vec![],
            }),
            why: "test".into(),
        };
        let marketplace = Marketplace {
            id: "m".into(),
            reseller: "r".into(),
            kind: MarketplaceKind::File,
            location: String::new(),
            settings: BTreeMap::new(),
            exceptions: Exceptions::default(),
        };
        let connection = Connection {
            id: "x".into(),
            reseller: "r".into(),
            name: "X".into(),
            plugin: "tiny".into(),
            marketplace: "m".into(),
            state: ConnectionState::Enabled,
            state_reason: String::new(),
            base_url: None,
            token_url: None,
            auth: None,
            exceptions: Exceptions::default(),
            settings: BTreeMap::new(),
            rules: HostRules::default(),
        };
        let writes = vec![
            Write::PutReseller(Reseller { id: "r".into(), name: "R".into() }),
            Write::PutMarketplace(marketplace),
            Write::PutConnection(connection),
            Write::PutLink(link),
        ];
        self.store.commit(writes).await.unwrap();
    }

    fn run(&self, kind: RunKind) -> Run {
        let n = self.asked.fetch_add(1, Ordering::SeqCst);
        Run {
            id: RunId::new(format!("run-{n:05}")),
            reseller: "r".into(),
            connection: "x".into(),
            kind,
            state: RunState::Queued,
            asked_by: Actor::new("ann"),
            asked_at: Utc::now(),
            started_at: None,
            finished_at: None,
            total: None,
            done: 0,
            counts: vec![],
            problems: vec![],
        }
    }

    /// A run to its end. What it says of single tasks: plans whose version was replaced are planned anew, nothing else.
    async fn work(&self, kind: RunKind, mut writes: Vec<Write>) {
        let run = self.run(kind);
        let id = run.id.clone();
        writes.push(Write::InsertRun(run));
        self.store.commit(writes).await.unwrap();
        self.engine.round().await.unwrap();
        let run = self.store.run(&id).await.unwrap().unwrap();
        assert!(run.state.is_over(), "{run:?}");
        assert_ne!(run.state, RunState::Failed, "{run:?}");
        let told: BTreeSet<&str> = run.problems.iter().map(|problem| problem.code.as_str()).collect();
        assert!(told.is_subset(&BTreeSet::from(["plan-stale"])), "{told:?} {:?}", run.problems.first());
    }

    async fn tasks(&self, state: &str, limit: usize) -> Vec<Task> {
        let filter = TaskFilter { states: BTreeSet::from([state.to_owned()]), ..TaskFilter::default() };
        self.store.tasks(filter, PageRequest { after: None, limit }).await.unwrap()
    }

    /// Confirms these plans, as the server does: tasks and run in one commit.
    async fn sync(&self, planned: Vec<Task>) {
        let (mut writes, mut plans) = (Vec::new(), Vec::new());
        for task in planned {
            let plan = task.state.plan().unwrap().clone();
            let event = Event::Confirmed { plan: plan.clone(), by: Actor::new("ann") };
            let state = next(task.state.clone(), event).unwrap();
            writes.push(Write::UpdateTask(Task { state, version: task.version + 1, ..task }));
            plans.push(plan);
        }
        self.work(RunKind::Sync(plans), writes).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn thousands_of_tasks_lose_nothing_while_versions_change() {
    let batch = ("tasks = 10", "tasks = 50");
    let versions = [versions::with(&[batch]).await, versions::wider("0.2.0", &[batch]).await];
    let digests: BTreeSet<PluginDigest> = versions.iter().map(|one| one.digest.clone()).collect();
    assert_eq!(digests.len(), 2);
    let clock: Arc<dyn Clock> = Arc::new(WallClock);
    let registry = Arc::new(Registry::new(Sandbox::new(16, Arc::clone(&clock)).unwrap()));
    for version in &versions {
        registry.install(version).await.unwrap();
    }
    registry.activate(&"tiny".into(), &versions[0].digest).unwrap();
    let (store, books, sources) = (Arc::new(MemoryStore::new()), Books::default(), Sources::default());
    sources.put("m".into(), Arc::new(Orders((0..TASKS).map(order).collect())));
    let engine = Engine::new(Parts {
        store: store.clone(),
        targets: registry.clone(),
        door: Arc::new(books.clone()),
        sources: Arc::new(sources),
        clock,
        mailer: Arc::new(counterfoil_engine::NoMailer),
        changed: broadcast::channel(16).0,
    });
    let floor = Floor { store: store.clone(), engine, asked: AtomicUsize::new(0) };
    floor.set_up().await;
    floor.work(RunKind::Check, vec![]).await;
    assert_eq!(floor.tasks("ready", TASKS + 1).await.len(), TASKS);

    let (stop, swaps) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let swapper = tokio::spawn({
        let (registry, stop, swaps, versions) = (registry.clone(), stop.clone(), swaps.clone(), versions.clone());
        async move {
            while !stop.load(Ordering::SeqCst) {
                tokio::time::sleep(SWAP_EVERY).await;
                let turn = swaps.fetch_add(1, Ordering::SeqCst) + 1;
                registry.activate(&"tiny".into(), &versions[turn % 2].digest).unwrap();
            }
        }
    });
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < PATIENCE, "it does not end; {} swaps", swaps.load(Ordering::SeqCst));
        let ready: Vec<_> = floor.tasks("ready", AT_ONCE).await.into_iter().map(|task| task.id).collect();
        if !ready.is_empty() {
            floor.work(RunKind::Plan(Selection::Tasks(ready)), vec![]).await;
        }
        let planned = floor.tasks("planned", AT_ONCE).await;
        if planned.is_empty() {
            break;
        }
        floor.sync(planned).await;
    }
    stop.store(true, Ordering::SeqCst);
    swapper.await.unwrap();
    floor.engine.round().await.unwrap();

    // Every task is done, every order is in the books once.
    let synced = floor.tasks("synced", TASKS + 1).await;
    assert_eq!(synced.len(), TASKS);
    let written = books.written();
    assert_eq!((written.len(), written.values().copied().max()), (TASKS, Some(1)));
    // Every receipt leads to the version that made it, and both versions made some.
    let mut made_by: BTreeMap<PluginDigest, usize> = BTreeMap::new();
    for task in &synced {
        let sealed = store.plan(task.state.plan().unwrap()).await.unwrap().unwrap();
        let receipt = store.receipt(&sealed.digest).await.unwrap().unwrap();
        let batch = store.batch(&receipt.batch).await.unwrap().unwrap();
        assert_eq!(batch.plugin, sealed.ground.plugin, "{}: planned by one and sent by another", task.number);
        *made_by.entry(batch.plugin).or_default() += 1;
    }
    assert_eq!(made_by.keys().cloned().collect::<BTreeSet<_>>(), digests, "{made_by:?}");
    let swaps = swaps.load(Ordering::SeqCst);
    assert!(swaps >= 5, "{swaps} swaps in {:?} say little", begun.elapsed());
    eprintln!("{TASKS} tasks in {:?} over {swaps} swaps: {made_by:?}", begun.elapsed());
}
