//! One reseller's desk: a store, the engine, the door out, the Xero component, and the simulated Xero behind it, on clocks
//! that are turned together. Owns putting them up and the steps of a day (check, plan, confirm, send, wait); owns no
//! expectation but that a step does not fail by itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::card::Card;
use counterfoil_domain::connection::{
    Connection, ConnectionState, Exceptions, HostRules, Marketplace, MarketplaceKind, Reseller,
};
use counterfoil_domain::id::{Actor, ConnectionId, EntityId, MarketplaceId, PlanDigest, PluginId, ResellerId, RunId};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::plan::{SealedPlan, Severity};
use counterfoil_domain::ports::{
    Caller, Clock as _, ManualClock, MarketplaceClient, PageRequest, Route, Store, Targets, TaskFilter, Vault,
    WallClock, Write,
};
use counterfoil_domain::run::{Run, RunKind, RunState, Selection};
use counterfoil_domain::secret::{Secret, SecretScope};
use counterfoil_domain::task::{Event, Task, next};
use counterfoil_egress::{ExchangeSink, HttpDoor};
use counterfoil_engine::{Engine, Parts, Sources};
use counterfoil_runtime::build;
use counterfoil_runtime::registry::Registry;
use counterfoil_runtime::sandbox::{CallReport, Sandbox};
use counterfoil_sim::xero::{Document, Limits, XeroConfig, XeroHandle, XeroOrg, XeroSim};
use counterfoil_sim::{Exchange, SimClock};
use counterfoil_store::{MemoryStore, MemoryVault};
use rust_decimal::Decimal;
use tokio::sync::{OnceCell, broadcast};

/// A desk is set up on this day, at noon.
pub(crate) fn opening() -> DateTime<Utc> {
    "2026-03-13T12:00:00Z".parse().unwrap()
}

/// Compiled once for all tests; each call still gets an instance of its own.
async fn targets() -> Arc<Registry> {
    static LOADED: OnceCell<Arc<Registry>> = OnceCell::const_new();
    let load = || async {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let built = build::build(&root.join("plugins/xero"), &build::Options::default()).await;
        let path = built.unwrap_or_else(|error| panic!("the Xero target cannot be built: {error}")).path;
        let registry = Registry::new(Sandbox::new(8, Arc::new(WallClock)).unwrap());
        let target = registry.install_bytes(std::fs::read(&path).unwrap()).await.unwrap();
        registry.activate(&target.card.id, &target.digest).unwrap();
        Arc::new(registry)
    };
    Arc::clone(LOADED.get_or_init(load).await)
}

/// What the sandbox says of the last calls of the Xero component.
pub(crate) async fn reports() -> Vec<CallReport> {
    targets().await.active_version(&PluginId::new("xero")).unwrap().recent_calls()
}

/// How a desk is set up. What is not said is as a new connection has it.
#[derive(Debug)]
pub(crate) struct Setup {
    /// Xero's clock begins where it stands.
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) rules: HostRules,
    /// Beside account and tax rate.
    pub(crate) settings: Vec<(&'static str, &'static str)>,
    /// That the organisation has beside its own, US dollars.
    pub(crate) currencies: Vec<&'static str>,
    /// The card's budgets count; without them a clock that stands still would stop everything after a minute's calls.
    pub(crate) budgets: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let clock = Arc::new(ManualClock::at(opening()));
        Self { clock, rules: HostRules::default(), settings: vec![], currencies: vec![], budgets: false }
    }
}

#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) books: XeroHandle,
    pub(crate) engine: Engine,
    parts: Parts,
    runs: u32,
}

fn x() -> ConnectionId {
    ConnectionId::new("x")
}

impl Desk {
    pub(crate) async fn open(source: Arc<dyn MarketplaceClient>, setup: Setup) -> Self {
        // Only the first desk installs it; the others find it there.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let targets = targets().await;
        let card = targets.active(&PluginId::new("xero")).unwrap().card().clone();
        let mut org = XeroOrg::new("5b1e7c1c-6f0b-4a3e-9d5c-2f4a8d1b7e60", "Books", "NZ", "USD");
        org.currencies = setup.currencies.iter().map(|code| (*code).to_owned()).collect();
        let limits = if setup.budgets { Limits::default() } else { Limits::generous() };
        let config = XeroConfig { orgs: vec![org], limits, ..XeroConfig::default() };
        let books = XeroSim::new(config, SimClock::fixed(setup.clock.now())).start(None).await.unwrap();

        let clock = Arc::clone(&setup.clock);
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let connection = connection(&books, &setup);
        let door = door(&connection, &card, &clock, setup.budgets).await;
        let sources = Sources::default();
        sources.put(MarketplaceId::new("m"), source);
        let parts = Parts {
            store: Arc::clone(&store),
            targets,
            door,
            sources: Arc::new(sources),
            clock: Arc::clone(&clock) as Arc<_>,
            mailer: Arc::new(counterfoil_engine::NoMailer),
            changed: broadcast::channel(16).0,
        };
        let engine = Engine::new(parts.clone());
        let marketplace = Marketplace {
            id: MarketplaceId::new("m"),
            reseller: connection.reseller.clone(),
            kind: MarketplaceKind::File,
            location: String::new(),
            settings: BTreeMap::new(),
            exceptions: Exceptions::default(),
        };
        let reseller = Reseller { id: connection.reseller.clone(), name: "R".into() };
        let writes =
            vec![Write::PutReseller(reseller), Write::PutMarketplace(marketplace), Write::PutConnection(connection)];
        store.commit(writes).await.unwrap();
        Self { store, clock, books, engine, parts, runs: 0 }
    }

    /// Another process over a store, with nothing in memory.
    pub(crate) fn process(&self, store: Arc<dyn Store>) -> Engine {
        Engine::new(Parts { store, ..self.parts.clone() })
    }

    /// A customer of the marketplace, as a contact.
    pub(crate) async fn customer(&self, source: &str, name: &str) -> String {
        let id = self.books.state().add_contact(name, None);
        self.link(LinkKind::Party, source, (&id, "", name)).await;
        id
    }

    /// A product or fee of the marketplace, as an item.
    pub(crate) async fn item(&self, kind: LinkKind, source: &str, name: &str, price: Decimal) {
        let id = self.books.state().add_item(source, name, price, "200");
        self.link(kind, source, (&id, source, name)).await;
    }

    async fn link(&self, kind: LinkKind, source: &str, (id, code, name): (&str, &str, &str)) {
        let target = LinkTarget { id: EntityId::new(id), code: code.into(), name: name.into(), attributes: Vec::new() };
        let link = Link {
            key: LinkKey { connection: x(), kind, source: source.into() },
            source_name: name.into(),
            state: LinkState::Linked(target),
            why: "chosen".into(),
        };
        self.store.commit(vec![Write::PutLink(link)]).await.unwrap();
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Both clocks, ours and Xero's.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.books.clock().advance(time);
    }

    /// Asked for, and followed to its end, whatever that is.
    pub(crate) async fn run(&mut self, kind: RunKind) -> Run {
        self.runs += 1;
        let run = Run {
            id: RunId::new(format!("run-{}", self.runs)),
            reseller: ResellerId::new("r"),
            connection: x(),
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
        let run = self.store.run(&run.id).await.unwrap().unwrap();
        assert!(run.state.is_over(), "{run:?}");
        run
    }

    /// To its good end.
    pub(crate) async fn check(&mut self) {
        let run = self.run(RunKind::Check).await;
        assert_eq!(run.state, RunState::Done, "{:#?}", run.problems);
    }

    pub(crate) async fn plan(&mut self) -> Run {
        self.run(RunKind::Plan(Selection::AllReady)).await
    }

    /// Confirms every plan that nothing speaks against.
    pub(crate) async fn confirm(&self) -> Vec<PlanDigest> {
        let mut writes = Vec::new();
        let mut plans = Vec::new();
        for task in self.tasks(&["planned"]).await {
            let sealed = self.sealed(&task).await;
            if sealed.worst() == Some(Severity::Blocks) {
                println!("blocked: {} {:?}", task.number, sealed.findings);
                continue;
            }
            writes.push(moved(task, Event::Confirmed { plan: sealed.digest.clone(), by: Actor::new("ann") }));
            plans.push(sealed.digest);
        }
        self.store.commit(writes).await.unwrap();
        plans
    }

    pub(crate) async fn sealed(&self, task: &Task) -> SealedPlan {
        self.store.plan(task.state.plan().unwrap()).await.unwrap().unwrap()
    }

    /// Confirms and sends what is planned.
    pub(crate) async fn sync(&mut self) -> Run {
        let plans = self.confirm().await;
        assert!(!plans.is_empty(), "nothing is planned");
        self.run(RunKind::Sync(plans)).await
    }

    /// Check, plan, confirm, send, to the good end of each.
    pub(crate) async fn bill(&mut self) {
        self.check().await;
        for run in [self.plan().await, self.sync().await] {
            assert_eq!(run.state, RunState::Done, "{:#?}", run.problems);
        }
    }

    /// Ordered by number.
    pub(crate) async fn tasks(&self, states: &[&str]) -> Vec<Task> {
        let filter = TaskFilter {
            connection: Some(x()),
            states: states.iter().map(|state| (*state).to_owned()).collect(),
            ..TaskFilter::default()
        };
        let mut tasks = self.store.tasks(filter, PageRequest { after: None, limit: 1_000_000 }).await.unwrap();
        tasks.sort_by(|a, b| a.number.cmp(&b.number));
        tasks
    }

    /// The only task of an order.
    pub(crate) async fn task(&self, number: &str) -> Task {
        let mut tasks = self.tasks(&[]).await;
        tasks.retain(|task| task.number == number);
        assert_eq!(tasks.len(), 1, "{number}: {tasks:#?}");
        tasks.remove(0)
    }

    pub(crate) async fn connection(&self) -> Connection {
        self.store.connections().await.unwrap().remove(0)
    }

    /// An order's documents in the books.
    pub(crate) fn documents(&self, number: &str) -> Vec<Document> {
        let mut documents = self.books.state().documents();
        documents.retain(|document| order_of(document) == number);
        documents
    }

    /// "PUT /Invoices" → how often Xero was asked; signing in is no call of an organisation.
    pub(crate) fn calls(&self) -> BTreeMap<String, usize> {
        let mut calls = BTreeMap::new();
        for exchange in self.books.log().entries() {
            if let Some(path) = exchange.path.strip_prefix("/api.xro/2.0") {
                let resource = path.split('/').nth(1).unwrap_or_default();
                *calls.entry(format!("{} /{resource}", exchange.method)).or_default() += 1;
            }
        }
        calls
    }

    /// Writes that Xero carried out or answered from its memory of keys: key and body. A path that ends with a slash is that
    /// of one document.
    pub(crate) fn writes(&self, (method, path): (&str, &str)) -> Vec<(String, String)> {
        let of = |one: &Exchange| {
            let whole = one.path.ends_with(path) || path.ends_with('/') && one.path.contains(path);
            one.method == method && whole
        };
        let writes = self.books.log().entries().into_iter().filter(of);
        writes
            .map(|one| {
                let key = one.request_headers.iter().find(|(name, _)| name == "idempotency-key");
                (key.map(|(_, key)| key.clone()).unwrap_or_default(), one.body)
            })
            .collect()
    }
}

/// The order that a document says it is for: its reference begins with the number.
pub(crate) fn order_of(document: &Document) -> &str {
    document.reference.as_deref().unwrap_or_default().split(' ').next().unwrap_or_default()
}

pub(crate) fn moved(task: Task, event: Event) -> Write {
    let state = next(task.state.clone(), event).unwrap();
    Write::UpdateTask(Task { state, version: task.version + 1, ..task })
}

fn connection(books: &XeroHandle, setup: &Setup) -> Connection {
    let mut settings = BTreeMap::from(
        [("account_code", "200"), ("tax_type", "OUTPUT2")].map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    settings.extend(setup.settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Connection {
        id: x(),
        reseller: ResellerId::new("r"),
        name: "Books".into(),
        plugin: PluginId::new("xero"),
        marketplace: MarketplaceId::new("m"),
        state: ConnectionState::Enabled,
        state_reason: String::new(),
        base_url: Some(books.base_url()),
        token_url: Some(books.token_url()),
        auth: None,
        exceptions: Exceptions { plain_http: true, private_addresses: true },
        settings,
        rules: setup.rules.clone(),
    }
}

async fn door(connection: &Connection, card: &Card, clock: &Arc<ManualClock>, budgets: bool) -> Arc<HttpDoor> {
    let vault = MemoryVault::new();
    for (name, value) in [("client_id", "sim-client"), ("client_secret", "sim-secret")] {
        vault.put(&SecretScope::Connection(connection.id.clone()), name, Secret::new(value)).await.unwrap();
    }
    let mut auth = card.auth[0].clone();
    auth.token_url.clone_from(&connection.token_url);
    let mut of_card = card.budgets.clone();
    if !budgets {
        of_card.limits.clear();
    }
    // Nobody reads the log of calls here: the simulator keeps its own.
    let (sink, _) = ExchangeSink::channel(1);
    let door = HttpDoor::new(Arc::new(vault), Arc::clone(clock) as Arc<_>, sink);
    door.set_route(Route {
        caller: Caller::Connection(connection.id.clone()),
        base_url: connection.base_url.clone().unwrap(),
        discovery: None,
        egress: card.egress.clone(),
        auth: Some(auth),
        // A custom connection belongs to one organisation: no tenant is named.
        static_headers: Vec::new(),
        budgets: of_card,
        app: "plugin/xero".into(),
        exceptions: connection.exceptions.clone(),
        auth_parameters: Vec::new(),
    });
    Arc::new(door)
}
