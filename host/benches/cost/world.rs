//! A reseller whose customers and products are linked, an engine over any store, and the runs of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use counterfoil_domain::connection::{
    Connection, ConnectionState, Exceptions, HostRules, Marketplace, MarketplaceKind, Reseller,
};
use counterfoil_domain::id::{Actor, ConnectionId, EntityId, MarketplaceId, PlanDigest, PluginId, ResellerId, RunId};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::ports::{Clock, Door, MarketplaceClient, PageRequest, Store, Target, TaskFilter, Write};
use counterfoil_domain::run::{Run, RunKind, RunState, Selection};
use counterfoil_domain::task::{Event, Task, next};
use counterfoil_engine::{Engine, Parts, Sources};
use counterfoil_store::{MemoryStore, SqliteStore};
use tempfile::TempDir;
use tokio::sync::broadcast;

use super::instant::Only;
use super::shop::{CUSTOMERS, PRODUCTS, Shop, customer, product};
use super::tally::{Tallied, Tally};
use super::xero::{Xero, contact};

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// Time goes on as it does for users, and days pass when told.
#[derive(Debug)]
struct Running {
    started: Instant,
    ahead: Mutex<chrono::Duration>,
}

impl Clock for Running {
    fn now(&self) -> DateTime<Utc> {
        now() + self.started.elapsed() + *self.ahead.lock().unwrap()
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kept {
    InMemory,
    OnDisk,
}

impl Kept {
    pub(crate) const ALL: [Self; 2] = [Self::InMemory, Self::OnDisk];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InMemory => "memory",
            Self::OnDisk => "sqlite",
        }
    }
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) shop: Arc<Shop>,
    pub(crate) xero: Arc<Xero>,
    pub(crate) tally: Arc<Tally>,
    clock: Arc<Running>,
    store: Arc<dyn Store>,
    engine: Engine,
    runs: std::cell::Cell<u32>,
    /// Removed with its file after everything above let go of it.
    _folder: TempDir,
}

impl World {
    /// With `orders` orders in the marketplace, three days old.
    pub(crate) async fn new(kept: Kept, target: &Arc<dyn Target>, orders: usize) -> Self {
        let folder = TempDir::new().unwrap();
        let tally = Arc::new(Tally::default());
        let store: Arc<dyn Store> = match kept {
            Kept::InMemory => Arc::new(Tallied::new(MemoryStore::new(), &tally)),
            Kept::OnDisk => Arc::new(Tallied::new(SqliteStore::open(folder.path().join("bench.db")).unwrap(), &tally)),
        };
        let (shop, xero) = (Arc::new(Shop::new(orders)), Arc::new(Xero::default()));
        shop.add(0, orders, now() - chrono::Duration::days(3));
        let sources = Sources::default();
        sources.put(MarketplaceId::new("m"), Arc::clone(&shop) as Arc<dyn MarketplaceClient>);
        let clock = Arc::new(Running { started: Instant::now(), ahead: Mutex::new(chrono::Duration::zero()) });
        let engine = Engine::new(Parts {
            store: Arc::clone(&store),
            targets: Arc::new(Only(Arc::clone(target))),
            door: Arc::clone(&xero) as Arc<dyn Door>,
            sources: Arc::new(sources),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            mailer: Arc::new(counterfoil_engine::NoMailer),
            changed: broadcast::channel(16).0,
        });
        store.commit(setup()).await.unwrap();
        Self { shop, xero, tally, clock, store, engine, runs: std::cell::Cell::new(0), _folder: folder }
    }

    pub(crate) fn advance(&self, by: chrono::Duration) {
        *self.clock.ahead.lock().unwrap() += by;
    }

    /// One run from its row to its end.
    pub(crate) async fn carry_out(&self, kind: RunKind) -> Duration {
        let run = self.run(kind);
        let id = run.id.clone();
        self.store.commit(vec![Write::InsertRun(run)]).await.unwrap();
        self.finish(&id).await
    }

    pub(crate) async fn check(&self) -> Duration {
        self.carry_out(RunKind::Check).await
    }

    pub(crate) async fn plan(&self) -> Duration {
        self.carry_out(RunKind::Plan(Selection::AllReady)).await
    }

    /// Confirms whatever is planned, as the server would, and sends it. Only the sending is timed.
    pub(crate) async fn sync(&self) -> Duration {
        let mut writes = Vec::new();
        let mut plans: Vec<PlanDigest> = Vec::new();
        for task in self.tasks("planned").await {
            let plan = task.state.plan().unwrap().clone();
            let state =
                next(task.state.clone(), Event::Confirmed { plan: plan.clone(), by: Actor::new("ann") }).unwrap();
            writes.push(Write::UpdateTask(Task { state, version: task.version + 1, ..task }));
            plans.push(plan);
        }
        let run = self.run(RunKind::Sync(plans));
        let id = run.id.clone();
        writes.push(Write::InsertRun(run));
        self.store.commit(writes).await.unwrap();
        self.finish(&id).await
    }

    pub(crate) async fn tasks(&self, state: &str) -> Vec<Task> {
        let filter = TaskFilter { states: [state.to_owned()].into(), ..TaskFilter::default() };
        self.store.tasks(filter, PageRequest { after: None, limit: 100_000 }).await.unwrap()
    }

    async fn finish(&self, id: &RunId) -> Duration {
        self.tally.clear();
        let start = Instant::now();
        self.engine.round().await.unwrap();
        let took = start.elapsed();
        // A run that fell short would be quick for the wrong reason.
        let run = self.store.run(id).await.unwrap().unwrap();
        assert_eq!(run.state, RunState::Done, "{:?}", run.problems);
        took
    }

    fn run(&self, kind: RunKind) -> Run {
        self.runs.set(self.runs.get() + 1);
        Run {
            id: RunId::new(format!("run-{}", self.runs.get())),
            reseller: ResellerId::new("r"),
            connection: ConnectionId::new("x"),
            kind,
            state: RunState::Queued,
            asked_by: Actor::new("ann"),
            asked_at: now(),
            started_at: None,
            finished_at: None,
            total: None,
            done: 0,
            counts: vec![],
            problems: vec![],
        }
    }
}

fn setup() -> Vec<Write> {
    let reseller = ResellerId::new("r");
    let settings = [("account_code", "200"), ("tax_type", "OUTPUT2")];
    let mut writes = vec![
        Write::PutReseller(Reseller { id: reseller.clone(), name: "R".into() }),
        Write::PutMarketplace(Marketplace {
            id: MarketplaceId::new("m"),
            reseller: reseller.clone(),
            kind: MarketplaceKind::File,
            location: String::new(),
            settings: BTreeMap::new(),
            exceptions: Exceptions::default(),
        }),
        Write::PutConnection(Connection {
            id: ConnectionId::new("x"),
            reseller,
            name: "X".into(),
            plugin: PluginId::new("xero"),
            marketplace: MarketplaceId::new("m"),
            state: ConnectionState::Enabled,
            state_reason: String::new(),
            base_url: None,
            token_url: None,
            auth: None,
            exceptions: Exceptions::default(),
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            rules: HostRules::default(),
        }),
    ];
    writes.extend((0..CUSTOMERS).map(|n| link(LinkKind::Party, customer(n).as_str(), contact(n))));
    writes.extend((0..PRODUCTS).map(|n| link(LinkKind::Item, &product(n).code, format!("item-{n}"))));
    writes
}

fn link(kind: LinkKind, source: &str, target: String) -> Write {
    Write::PutLink(Link {
        key: LinkKey { connection: ConnectionId::new("x"), kind, source: source.to_owned() },
        source_name: source.to_owned(),
        state: LinkState::Linked(LinkTarget {
            id: EntityId::new(target),
            code: source.to_owned(),
            name: source.to_owned(),
            attributes: vec![],
        }),
        why: "set up".into(),
    })
}
