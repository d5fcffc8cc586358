//! A reseller, one or two connections on a marketplace of statements, and the engine that checks them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use counterfoil_domain::card::{Budgets, Card, Containers, Delivery, Egress, Limits, Scenario};
use counterfoil_domain::connection::{
    Connection, ConnectionState, Exceptions, HostRules, Marketplace, MarketplaceKind, Reseller,
};
use counterfoil_domain::directory::{Account, Draft, Entity, EntityPage};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{
    Actor, ChangeKey, ConnectionId, EntityId, MarketplaceId, PluginDigest, PluginId, ResellerId, RunId,
};
use counterfoil_domain::job::{Job, PriceSource};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::{BillingModel, Fee, OrderType};
use counterfoil_domain::plan::{ChangeReceipt, Located, Observation, Plan, Receipt};
use counterfoil_domain::ports::{
    Answer, Call, Clock as _, Door, Exchange, ManualClock, PageRequest, Pending, SendError, StatementFilter, Store,
    Target, Targets, TaskFilter, Write,
};
use counterfoil_domain::program::{Program, ProgramName};
use counterfoil_domain::run::{Run, RunKind, RunState};
use counterfoil_domain::task::{Task, TaskState};
use counterfoil_domain::wire::Response;
use counterfoil_engine::{Engine, Parts, Sources};
use counterfoil_store::MemoryStore;
use rust_decimal::Decimal;
use tokio::sync::broadcast;

use crate::source::{Source, at};

pub(crate) const NOW: &str = "2026-07-10T06:00:00Z";

fn card() -> Card {
    let fees = [Fee::ResourceRecurring, Fee::ResourceOveruse, Fee::ResourceRecurringRefund];
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
        containers: Containers::No,
        recurring: false,
        adjust: vec![],
        limits: Limits { memory_mib: 64, plan: Duration::from_secs(10), apply: Duration::from_secs(60) },
        settings: vec![],
        scenarios: vec![Scenario {
            name: "existing subscription".into(),
            order: OrderType::Billing,
            models: vec![BillingModel::AfterBillingPeriod],
            usage: None,
            fees: fees.iter().map(|fee| (*fee, PriceSource::Order)).collect(),
            order_price_when: vec![],
            prorate: vec![],
            refused_when: vec![],
        }],
    }
}

/// A target that has nothing and takes nothing: only what is read and judged counts here.
#[derive(Debug)]
struct Paper(Card, PluginDigest);

fn refused<'a, T: Send + 'a>() -> Answer<'a, T> {
    Box::pin(async { Err(Failure::new(FailureClass::Unsupported, "no", "no").into()) })
}

impl Target for Paper {
    fn card(&self) -> &Card {
        &self.0
    }
    fn digest(&self) -> &PluginDigest {
        &self.1
    }
    fn probe(&self, _: Arc<dyn Exchange>) -> Answer<'_, Account> {
        refused()
    }
    fn search(&self, _: Arc<dyn Exchange>, _: String, _: String, _: Option<String>) -> Answer<'_, EntityPage> {
        Box::pin(async { Ok(EntityPage { entities: vec![], next: None }) })
    }
    fn get(&self, _: Arc<dyn Exchange>, _: String, _: Vec<EntityId>) -> Answer<'_, Vec<Entity>> {
        refused()
    }
    fn create(&self, _: Arc<dyn Exchange>, _: String, _: Draft) -> Answer<'_, Entity> {
        refused()
    }
    fn plan(&self, _: Arc<dyn Exchange>, _: Vec<Job>) -> Answer<'_, Vec<Result<Plan, Failure>>> {
        refused()
    }
    fn apply(
        &self,
        _: Arc<dyn Exchange>,
        _: Vec<(Plan, Vec<ChangeReceipt>)>,
    ) -> Answer<'_, Vec<Result<Receipt, Failure>>> {
        refused()
    }
    fn locate(&self, _: Arc<dyn Exchange>, _: Plan, _: ChangeKey) -> Answer<'_, Located> {
        refused()
    }
    fn observe(&self, _: Arc<dyn Exchange>, _: Vec<Receipt>) -> Answer<'_, Vec<Result<Observation, Failure>>> {
        refused()
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
    pub(crate) source: Source,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) engine: Engine,
    runs: Mutex<u32>,
}

pub(crate) fn engine(store: Arc<dyn Store>, source: &Source, clock: &Arc<ManualClock>) -> Engine {
    let sources = Sources::default();
    sources.put_statements(MarketplaceId::new("m"), Arc::new(source.clone()));
    Engine::new(Parts {
        store,
        targets: Arc::new(One(Arc::new(Paper(card(), PluginDigest::new("paper"))))),
        door: Arc::new(NoDoor),
        mailer: Arc::new(counterfoil_engine::NoMailer),
        sources: Arc::new(sources),
        clock: Arc::clone(clock) as Arc<_>,
        changed: broadcast::channel(16).0,
    })
}

impl Desk {
    /// A connection "x" with everything on and everybody linked.
    pub(crate) async fn open() -> Self {
        Self::with(HostRules::default()).await
    }

    pub(crate) async fn with(rules: HostRules) -> Self {
        let clock = Arc::new(ManualClock::at(at(NOW)));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
        let source = Source::default();
        let engine = engine(Arc::clone(&store), &source, &clock);
        let desk = Self { store, source, clock, engine, runs: Mutex::default() };
        let marketplace = Marketplace {
            id: MarketplaceId::new("m"),
            reseller: ResellerId::new("r"),
            kind: MarketplaceKind::CloudIq,
            location: String::new(),
            settings: BTreeMap::new(),
            exceptions: Exceptions::default(),
        };
        let reseller = Write::PutReseller(Reseller { id: ResellerId::new("r"), name: "R".into() });
        desk.put(vec![reseller, Write::PutMarketplace(marketplace)]).await;
        desk.connect("x", rules).await;
        desk
    }

    pub(crate) async fn connect(&self, id: &str, rules: HostRules) {
        let connection = Connection {
            id: ConnectionId::new(id),
            reseller: ResellerId::new("r"),
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
        };
        let mut writes = vec![Write::PutConnection(connection), Write::PutProgram(program(id))];
        writes.extend(["c1", "c2"].map(|customer| link(id, LinkKind::Party, customer)));
        writes.extend(["A", "B", "P1Y:A:A"].map(|code| link(id, LinkKind::Item, code)));
        self.put(writes).await;
    }

    pub(crate) async fn put(&self, writes: Vec<Write>) {
        self.store.commit(writes).await.unwrap();
    }

    pub(crate) async fn check(&self) -> Run {
        self.run("x", RunKind::Check).await
    }

    /// After so many hours.
    pub(crate) async fn later(&self, hours: i64) -> Run {
        self.clock.advance(chrono::Duration::hours(hours));
        self.check().await
    }

    pub(crate) async fn run(&self, connection: &str, kind: RunKind) -> Run {
        let run = self.asked(connection, kind);
        self.put(vec![Write::InsertRun(run.clone())]).await;
        self.engine.round().await.unwrap();
        self.store.run(&run.id).await.unwrap().unwrap()
    }

    pub(crate) fn asked(&self, connection: &str, kind: RunKind) -> Run {
        let mut runs = self.runs.lock().unwrap();
        *runs += 1;
        Run {
            id: RunId::new(format!("run-{runs}")),
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
        }
    }

    pub(crate) async fn tasks_of(&self, connection: &str) -> Vec<Task> {
        let filter = TaskFilter { connection: Some(ConnectionId::new(connection)), ..TaskFilter::default() };
        self.store.tasks(filter, PageRequest { after: None, limit: 10_000 }).await.unwrap()
    }

    /// "customer/motion amount state" of every task, with the reason of ignored ones, sorted.
    pub(crate) async fn shown(&self) -> Vec<String> {
        self.shown_of("x").await
    }

    pub(crate) async fn shown_of(&self, connection: &str) -> Vec<String> {
        let mut shown: Vec<String> = self.tasks_of(connection).await.iter().map(show).collect();
        shown.sort();
        shown
    }

    /// What tasks of the months of the whole year come to, whatever their state.
    pub(crate) async fn money(&self, connection: &str) -> Decimal {
        let (from, before) = ("2026-01-01".parse().unwrap(), "2027-01-01".parse().unwrap());
        let rows = self.store.statement_money(&ConnectionId::new(connection), from, before).await.unwrap();
        rows.iter().map(|row| row.money.amount).sum()
    }

    /// What the statements that count come to: of each lineage its last issue.
    pub(crate) async fn stated(&self) -> Decimal {
        let kept = self.store.statements(&MarketplaceId::new("m"), StatementFilter::default()).await.unwrap();
        let mut last = BTreeMap::new();
        for one in kept.iter().filter(|one| one.kept_as.counts()) {
            let sum: Decimal = one.sums.iter().map(|sum| sum.amount).sum();
            let place = last.entry(one.lineage.clone()).or_insert((one.issue, sum));
            if one.issue > place.0 {
                *place = (one.issue, sum);
            }
        }
        last.values().map(|(_, sum)| *sum).sum()
    }
}

pub(crate) fn show(task: &Task) -> String {
    let who = task.subscription.as_ref().map(ToString::to_string).unwrap_or_default();
    let state = match &task.state {
        TaskState::Ignored(ignored) => ignored.reason.name(),
        other => other.name(),
    };
    format!("{who} {} {state}", task.amount.amount)
}

/// Everything on.
pub(crate) fn program(connection: &str) -> Program {
    let motions: BTreeSet<Motion> = Motion::ALL.iter().copied().filter(|motion| *motion != Motion::Unknown).collect();
    Program {
        enabled: true,
        billing: true,
        azure: true,
        annual: true,
        motions,
        ..Program::off(ConnectionId::new(connection), ProgramName::MicrosoftCsp)
    }
}

fn link(connection: &str, kind: LinkKind, source: &str) -> Write {
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
