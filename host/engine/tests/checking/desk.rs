//! A reseller, two connections on one marketplace, and the engine that checks them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use counterfoil_domain::card::{Budgets, Card, Delivery, Egress, Limits, Scenario};
use counterfoil_domain::connection::{
    Connection, ConnectionState, Exceptions, HostRules, Marketplace, MarketplaceKind, Reseller,
};
use counterfoil_domain::directory::{Account, Draft, Entity, EntityPage};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{
    Actor, ChangeKey, ConnectionId, EntityId, MarketplaceId, PlanDigest, PluginDigest, PluginId, ResellerId, RunId,
};
use counterfoil_domain::job::{Job, PriceSource};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::order::{BillingModel, Fee, OrderType};
use counterfoil_domain::plan::{ChangeReceipt, Located, Observation, Plan, Receipt};
use counterfoil_domain::ports::{
    Answer, Call, CallError, Clock, Door, Exchange, ManualClock, PageRequest, Pending, SendError, Store, Target,
    Targets, TaskFilter, Write,
};
use counterfoil_domain::run::{Run, RunKind, RunState};
use counterfoil_domain::task::{Task, TaskState};
use counterfoil_domain::wire::Response;
use counterfoil_engine::{Engine, Parts, Sources};
use counterfoil_store::MemoryStore;
use tokio::sync::broadcast;

use super::market::{Market, at};

pub(crate) const NOW: &str = "2026-11-21T10:00:00Z";

fn row(name: &str, order: OrderType, models: &[BillingModel], fees: &[Fee]) -> Scenario {
    Scenario {
        name: name.into(),
        order,
        models: models.to_vec(),
        usage: None,
        fees: fees.iter().map(|fee| (*fee, PriceSource::Catalogue)).collect(),
        order_price_when: vec![],
        prorate: vec![],
        refused_when: vec![],
    }
}

pub(crate) fn card() -> Card {
    use BillingModel::{AfterBillingPeriod, BeforeBillingPeriod};
    let recurs = [Fee::ResourceRecurring, Fee::ResourceSetup, Fee::ResourceOveruse];
    Card {
        id: PluginId::new("paper"),
        name: "Paper".into(),
        version: "1".into(),
        publisher: "tests".into(),
        summary: String::new(),
        contract: "0.1".into(),
        documents: vec!["sheet".into()],
        egress: Egress {
            base_url: "https://paper.example".into(),
            discovery: None,
            allow: vec![],
            request_headers: vec![],
            response_headers: vec![],
            max_response_bytes: 1 << 20,
            timeout: Duration::from_secs(30),
        },
        auth: vec![],
        static_headers: vec![],
        budgets: Budgets { concurrency: 1, limits: vec![], retry_after_header: String::new(), problem_header: None },
        delivery: Delivery {
            idempotency_header: None,
            idempotency_lifetime: Duration::ZERO,
            locate_is_reliable: true,
            settle: Duration::from_secs(1),
        },
        batch_tasks: 50,
        plan_tasks: 50,
        in_order: None,
        reconciles: false,
        containers: counterfoil_domain::card::Containers::No,
        recurring: false,
        adjust: vec![],
        limits: Limits { memory_mib: 64, plan: Duration::from_secs(10), apply: Duration::from_secs(60) },
        settings: vec![],
        scenarios: vec![
            row("new sale", OrderType::Sales, &[BeforeBillingPeriod], &recurs),
            row("change", OrderType::Change, &[BeforeBillingPeriod], &recurs),
            row("existing subscription", OrderType::Billing, &[AfterBillingPeriod], &recurs),
            row("cancellation", OrderType::Cancellation, &[BeforeBillingPeriod], &[Fee::ResourceRecurringRefund]),
        ],
    }
}

pub(crate) type Planner = fn(&Job) -> Plan;

/// A target that lists its parties and keeps the jobs it is asked to plan.
#[derive(Debug)]
pub(crate) struct Paper {
    card: Card,
    digest: PluginDigest,
    pub(crate) parties: Mutex<Vec<Entity>>,
    pub(crate) jobs: Mutex<Vec<Job>>,
    /// Codes of the currencies that it lists, beside its own, NZD.
    pub(crate) currencies: Mutex<Vec<String>>,
    /// How often its parties were searched.
    pub(crate) searches: AtomicU32,
    /// Its containers; none: it knows of no such thing.
    pub(crate) containers: Mutex<Option<Vec<Entity>>>,
    /// What it was asked for by id: the kind, and how many.
    pub(crate) got: Mutex<Vec<(String, usize)>>,
    /// How it plans; none: later.
    pub(crate) planner: Mutex<Option<Planner>>,
}

fn refused<T>() -> Result<T, CallError> {
    Err(Failure::new(FailureClass::Unsupported, "no", "no").into())
}

impl Target for Paper {
    fn card(&self) -> &Card {
        &self.card
    }

    fn digest(&self) -> &PluginDigest {
        &self.digest
    }

    fn probe(&self, _: Arc<dyn Exchange>) -> Answer<'_, Account> {
        Box::pin(async {
            Ok(Account {
                id: "paper".into(),
                name: "Paper".into(),
                base_currency: counterfoil_domain::money::Currency::parse("NZD").unwrap(),
                country: "NZ".into(),
                time_zone: "UTC".into(),
                locked_until: None,
                attributes: vec![],
            })
        })
    }

    fn search(&self, _: Arc<dyn Exchange>, kind: String, _: String, _: Option<String>) -> Answer<'_, EntityPage> {
        self.searches.fetch_add(u32::from(kind == "party"), Ordering::SeqCst);
        let currency = |code: &String| Entity {
            kind: "currency".into(),
            id: EntityId::new(code.clone()),
            code: code.clone(),
            name: code.clone(),
            currency: None,
            cycle: None,
            active: true,
            price: None,
            cost: None,
            attributes: vec![],
        };
        let entities = match kind.as_str() {
            "party" => self.parties.lock().unwrap().clone(),
            "currency" => self.currencies.lock().unwrap().iter().map(currency).collect(),
            _ => vec![],
        };
        Box::pin(async move { Ok(EntityPage { entities, next: None }) })
    }

    fn get(&self, _: Arc<dyn Exchange>, kind: String, ids: Vec<EntityId>) -> Answer<'_, Vec<Entity>> {
        self.got.lock().unwrap().push((kind.clone(), ids.len()));
        let all = self.containers.lock().unwrap().clone();
        Box::pin(async move {
            match all {
                Some(all) if kind == "container" => Ok(all.into_iter().filter(|one| ids.contains(&one.id)).collect()),
                None if kind == "container" => refused(),
                _ => Ok(vec![]),
            }
        })
    }

    fn create(&self, _: Arc<dyn Exchange>, _: String, _: Draft) -> Answer<'_, Entity> {
        Box::pin(async { refused() })
    }

    fn plan(&self, _: Arc<dyn Exchange>, jobs: Vec<Job>) -> Answer<'_, Vec<Result<Plan, Failure>>> {
        let planner = *self.planner.lock().unwrap();
        let plan = |job: &Job| match planner {
            Some(plan) => Ok(plan(job)),
            None => Err(Failure::new(FailureClass::Transient, "later", "later")),
        };
        let none = jobs.iter().map(plan).collect();
        self.jobs.lock().unwrap().extend(jobs);
        Box::pin(async move { Ok(none) })
    }

    fn apply(
        &self,
        _: Arc<dyn Exchange>,
        _: Vec<(Plan, Vec<ChangeReceipt>)>,
    ) -> Answer<'_, Vec<Result<Receipt, Failure>>> {
        Box::pin(async { refused() })
    }

    fn locate(&self, _: Arc<dyn Exchange>, _: Plan, _: ChangeKey) -> Answer<'_, Located> {
        Box::pin(async { refused() })
    }

    fn observe(&self, _: Arc<dyn Exchange>, _: Vec<Receipt>) -> Answer<'_, Vec<Result<Observation, Failure>>> {
        Box::pin(async { refused() })
    }
}

#[derive(Debug)]
struct One(Arc<Paper>);

impl Targets for One {
    fn active(&self, _: &PluginId) -> Option<Arc<dyn Target>> {
        Some(Arc::clone(&self.0) as Arc<dyn Target>)
    }

    fn by_digest(&self, _: &PluginDigest) -> Option<Arc<dyn Target>> {
        Some(Arc::clone(&self.0) as Arc<dyn Target>)
    }

    fn cards(&self) -> Vec<(PluginDigest, Card)> {
        vec![]
    }
}

#[derive(Debug)]
struct NoDoor;

impl Door for NoDoor {
    fn send(&self, _: Call) -> Pending<'_, Result<Response, SendError>> {
        Box::pin(async { Err(SendError::NoConnection { message: "there is no network here".into() }) })
    }
}

#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) market: Market,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) paper: Arc<Paper>,
    engine: Engine,
    runs: Mutex<u32>,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        Self::with(HostRules::default()).await
    }

    pub(crate) async fn with(rules: HostRules) -> Self {
        Self::of(rules, card()).await
    }

    /// With another card.
    pub(crate) async fn of(rules: HostRules, card: Card) -> Self {
        let clock = Arc::new(ManualClock::at(at(NOW)));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let market = Market::new(Arc::clone(&clock));
        let digest = PluginDigest::new("paper");
        let paper = Paper {
            card,
            digest,
            parties: Mutex::default(),
            jobs: Mutex::default(),
            currencies: Mutex::default(),
            searches: AtomicU32::new(0),
            containers: Mutex::default(),
            got: Mutex::default(),
            planner: Mutex::default(),
        };
        let paper = Arc::new(paper);
        let sources = Sources::default();
        sources.put(MarketplaceId::new("m"), Arc::new(market.clone()));
        let engine = Engine::new(Parts {
            store: Arc::clone(&store),
            targets: Arc::new(One(Arc::clone(&paper))),
            door: Arc::new(NoDoor),
            sources: Arc::new(sources),
            clock: Arc::clone(&clock) as Arc<_>,
            mailer: Arc::new(counterfoil_engine::NoMailer),
            changed: broadcast::channel(16).0,
        });
        let desk = Self { store, market, clock, paper, engine, runs: Mutex::default() };
        let mut writes = vec![
            Write::PutReseller(Reseller { id: ResellerId::new("r"), name: "R".into() }),
            Write::PutMarketplace(Marketplace {
                id: MarketplaceId::new("m"),
                reseller: ResellerId::new("r"),
                kind: MarketplaceKind::File,
                location: String::new(),
                settings: BTreeMap::new(),
                exceptions: Exceptions::default(),
            }),
            Write::PutConnection(connection("x", "r", rules)),
        ];
        writes.extend([(LinkKind::Party, "c"), (LinkKind::Item, "SEAT")].map(|(kind, source)| link("x", kind, source)));
        desk.store.commit(writes).await.unwrap();
        desk
    }

    /// Another connection of the same reseller on the same marketplace.
    pub(crate) async fn second(&self) {
        let mut writes = vec![Write::PutConnection(connection("y", "r", HostRules::default()))];
        writes.extend([(LinkKind::Party, "c"), (LinkKind::Item, "SEAT")].map(|(kind, source)| link("y", kind, source)));
        self.store.commit(writes).await.unwrap();
    }

    pub(crate) async fn check(&self) -> Run {
        self.check_of("x").await
    }

    pub(crate) async fn check_of(&self, connection: &str) -> Run {
        self.run(connection, RunKind::Check).await
    }

    pub(crate) async fn run(&self, connection: &str, kind: RunKind) -> Run {
        let number = {
            let mut runs = self.runs.lock().unwrap();
            *runs += 1;
            *runs
        };
        let run = Run {
            id: RunId::new(format!("run-{number}")),
            reseller: ResellerId::new("r"),
            connection: ConnectionId::new(connection),
            kind,
            state: RunState::Queued,
            asked_by: Actor::new("ann"),
            asked_at: self.clock.now(),
            started_at: None,
            finished_at: None,
            total: None,
            done: 0,
            counts: vec![],
            problems: vec![],
        };
        self.store.commit(vec![Write::InsertRun(run.clone())]).await.unwrap();
        self.engine.round().await.unwrap();
        self.store.run(&run.id).await.unwrap().unwrap()
    }

    /// Nobody asked for anything.
    pub(crate) async fn round(&self) {
        self.engine.round().await.unwrap();
    }

    pub(crate) async fn tasks(&self) -> Vec<Task> {
        self.tasks_of("x").await
    }

    pub(crate) async fn tasks_of(&self, connection: &str) -> Vec<Task> {
        let filter = TaskFilter { connection: Some(ConnectionId::new(connection)), ..TaskFilter::default() };
        self.store.tasks(filter, PageRequest { after: None, limit: 100_000 }).await.unwrap()
    }

    /// "number state" of every task, with the reason of ignored ones, sorted.
    pub(crate) async fn shown(&self) -> Vec<String> {
        self.shown_of("x").await
    }

    pub(crate) async fn shown_of(&self, connection: &str) -> Vec<String> {
        let mut shown: Vec<String> = self.tasks_of(connection).await.iter().map(show).collect();
        shown.sort();
        shown
    }

    pub(crate) async fn sent(&self, number: &str) {
        let task = self.tasks().await.into_iter().find(|task| task.number == number).unwrap();
        let state = TaskState::Synced { plan: PlanDigest::new("p") };
        let synced = Task { state, version: task.version + 1, ..task };
        self.store.commit(vec![Write::UpdateTask(synced)]).await.unwrap();
    }
}

fn show(task: &Task) -> String {
    match &task.state {
        TaskState::Ignored(ignored) => format!("{} {}", task.number, ignored.reason),
        other => format!("{} {}", task.number, other.name()),
    }
}

pub(crate) fn link(connection: &str, kind: LinkKind, source: &str) -> Write {
    Write::PutLink(Link {
        key: LinkKey { connection: ConnectionId::new(connection), kind, source: source.into() },
        source_name: source.into(),
        state: LinkState::Linked(LinkTarget {
            id: EntityId::new(format!("t-{source}")),
            code: source.into(),
            name: source.into(),
            attributes: vec![],
        }),
        why: "test".into(),
    })
}

pub(crate) fn connection(id: &str, reseller: &str, rules: HostRules) -> Connection {
    Connection {
        id: ConnectionId::new(id),
        reseller: ResellerId::new(reseller),
        name: id.into(),
        plugin: PluginId::new("paper"),
        marketplace: MarketplaceId::new("m"),
        state: ConnectionState::Enabled,
        state_reason: String::new(),
        base_url: None,
        token_url: None,
        auth: None,
        exceptions: Exceptions::default(),
        settings: BTreeMap::new(),
        rules,
    }
}
