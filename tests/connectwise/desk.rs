//! One reseller's desk: a store, the engine, the door out, the ConnectWise component, and the simulated ConnectWise behind
//! it, on clocks that are turned together. Owns putting them up and the steps of a day (check, adjust, plan, confirm, send,
//! wait); owns no expectation but that a step does not fail by itself. Shared with the proofs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use counterfoil_domain::adjust::{self, Basis, Raw, RawLine};
use counterfoil_domain::card::Card;
use counterfoil_domain::connection::{
    Connection, ConnectionState, Exceptions, HostRules, Marketplace, MarketplaceKind, Reseller,
};
use counterfoil_domain::decide;
use counterfoil_domain::id::{Actor, ConnectionId, EntityId, MarketplaceId, PlanDigest, PluginId, ResellerId, RunId};
use counterfoil_domain::judge::LinkBook;
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::plan::{SealedPlan, Severity};
use counterfoil_domain::ports::{
    Caller, Clock as _, Lookup, ManualClock, MarketplaceClient, PageRequest, Route, Store, Targets as _, TaskFilter,
    Vault, WallClock, Write,
};
use counterfoil_domain::run::{Run, RunKind, RunState, Selection};
use counterfoil_domain::secret::{Secret, SecretScope};
use counterfoil_domain::task::{Event, Subject, Task, next};
use counterfoil_egress::{ExchangeSink, HttpDoor};
use counterfoil_engine::{Engine, Parts, Sources};
use counterfoil_runtime::build;
use counterfoil_runtime::registry::Registry;
use counterfoil_runtime::sandbox::Sandbox;
use counterfoil_sim::connectwise::{CwConfig, CwHandle, CwSim};
use counterfoil_sim::{Exchange, SimClock};
use counterfoil_store::{MemoryStore, MemoryVault};
use tokio::sync::{OnceCell, broadcast};

/// Compiled once for all tests; each call still gets an instance of its own.
async fn targets() -> Arc<Registry> {
    static LOADED: OnceCell<Arc<Registry>> = OnceCell::const_new();
    let load = || async {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let built = build::build(&root.join("plugins/connectwise"), &build::Options::default()).await;
        let path = built.unwrap_or_else(|error| panic!("the ConnectWise target cannot be built: {error}")).path;
        let registry = Registry::new(Sandbox::new(8, Arc::new(WallClock)).unwrap());
        let target = registry.install_bytes(std::fs::read(&path).unwrap()).await.unwrap();
        registry.activate(&target.card.id, &target.digest).unwrap();
        Arc::new(registry)
    };
    Arc::clone(LOADED.get_or_init(load).await)
}

/// How a desk is set up. What is not said is as a new connection has it.
#[derive(Debug)]
pub(crate) struct Setup {
    /// Both clocks begin here.
    pub(crate) at: DateTime<Utc>,
    pub(crate) rules: HostRules,
    /// Beside host, company and client id.
    pub(crate) settings: Vec<(&'static str, &'static str)>,
    pub(crate) books: CwConfig,
    /// The card's budgets count; without them a clock that stands still would stop everything after a minute's calls.
    pub(crate) budgets: bool,
}

impl Setup {
    pub(crate) fn at(at: DateTime<Utc>) -> Self {
        Self { at, rules: HostRules::default(), settings: vec![], books: CwConfig::default(), budgets: false }
    }
}

#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) books: CwHandle,
    pub(crate) engine: Engine,
    card: Card,
    pub(crate) parts: Parts,
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
        let card = targets.active(&PluginId::new("connectwise")).unwrap().card().clone();
        let books = CwSim::new(setup.books.clone(), SimClock::fixed(setup.at)).start(None).await.unwrap();
        books.state().add_currency("USD");
        let clock = Arc::new(ManualClock::at(setup.at));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let connection = connection(&books, &setup);
        let door = door(&connection, &card, (&books, &setup), &clock).await;
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
        Self { store, clock, books, engine, card, parts, runs: 0 }
    }

    /// Another process over a store, with nothing in memory.
    pub(crate) fn process(&self, store: Arc<dyn Store>) -> Engine {
        Engine::new(Parts { store, ..self.parts.clone() })
    }

    /// Marketplace's id, ConnectWise's id and name.
    pub(crate) async fn link(&self, kind: LinkKind, source: &str, (id, name): (i64, &str)) {
        let id = EntityId::new(id.to_string());
        let target = LinkTarget { id, code: String::new(), name: name.into(), attributes: Vec::new() };
        let link = Link {
            key: LinkKey { connection: x(), kind, source: source.into() },
            source_name: name.into(),
            state: LinkState::Linked(target),
            why: "chosen".into(),
        };
        self.store.commit(vec![Write::PutLink(link)]).await.unwrap();
    }

    /// What a thing of the marketplace is linked to.
    pub(crate) async fn linked_to(&self, kind: LinkKind, source: &str) -> i64 {
        let links = self.store.links(&x(), Some(kind)).await.unwrap();
        let link = links.iter().find(|link| link.key.source == source).unwrap();
        link.target().unwrap().id.as_str().parse().unwrap()
    }

    /// Somebody changes the price of an item's additions that go on, in ConnectWise.
    pub(crate) fn reprice(&self, agreement: i64, item: &str, price: rust_decimal::Decimal) {
        for one in self.additions(agreement).iter().filter(|one| one.item == item && one.cancelled.is_none()) {
            self.books.state().set_price(one.id, price);
        }
    }

    /// Other rules for what comes.
    pub(crate) async fn rules(&self, change: impl FnOnce(&mut Connection)) {
        let mut connection = self.connection().await;
        change(&mut connection);
        self.store.commit(vec![Write::PutConnection(connection)]).await.unwrap();
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Both clocks, ours and ConnectWise's.
    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.books.clock().advance(time);
    }

    /// Until noon of that day, unless it is later already.
    pub(crate) fn until(&self, day: NaiveDate) {
        let noon = day.and_hms_opt(12, 0, 0).unwrap().and_utc();
        self.pass((noon - self.now()).max(Duration::zero()));
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

    /// The order's only task, whatever it was planned as.
    pub(crate) async fn replan(&mut self, number: &str) -> Run {
        let task = self.task(number).await;
        self.run(RunKind::Plan(Selection::Tasks(vec![task.id]))).await
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
        let plan = task.state.plan().unwrap_or_else(|| panic!("{} has no plan: {:#?}", task.number, task.state));
        self.store.plan(plan).await.unwrap().unwrap()
    }

    /// Of the order's only task.
    pub(crate) async fn plan_of(&self, number: &str) -> SealedPlan {
        self.sealed(&self.task(number).await).await
    }

    /// Confirms and sends what is planned.
    pub(crate) async fn sync(&mut self) -> Run {
        let plans = self.confirm().await;
        if plans.is_empty() {
            let states: Vec<_> = self.tasks(&[]).await.into_iter().map(|task| (task.number, task.state)).collect();
            panic!("nothing is planned: {states:#?}");
        }
        self.run(RunKind::Sync(plans)).await
    }

    /// Check, plan, confirm, send, to the good end of each.
    pub(crate) async fn bill(&mut self) {
        self.check().await;
        for run in [self.plan().await, self.sync().await] {
            assert_eq!(run.state, RunState::Done, "{:#?}", run.problems);
        }
    }

    /// What a person sets on the order's task, through the rules that hold it against the order.
    pub(crate) async fn adjust(&self, number: &str, lines: Vec<RawLine>, document: &[(&str, &str)]) {
        let task = self.task(number).await;
        let Subject::Order { key, .. } = &task.subject else { panic!("{task:#?}") };
        let order = self.store.order(key).await.unwrap().unwrap();
        let links = LinkBook::new(self.store.links(&x(), None).await.unwrap());
        let before = self.store.adjustments(vec![task.id.clone()]).await.unwrap().pop();
        let document = document.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let basis = Basis {
            task: &task.id,
            order: &order,
            links: &links,
            adjust: &self.card.adjust,
            before: before.as_ref(),
            by: &Actor::new("ann"),
            at: self.now(),
        };
        let set = adjust::checked(&Raw { document, lines, decision: None }, basis).unwrap();
        let state = decide::adjusted(&task.state).unwrap();
        let version = task.version + 1;
        let task = Task { state, version, ..task };
        self.store.commit(vec![Write::UpdateTask(task), Write::PutAdjustments(set)]).await.unwrap();
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

    /// Requests that change something, as ConnectWise got them.
    pub(crate) fn writes(&self) -> Vec<Exchange> {
        let mut all = self.books.log().entries();
        all.retain(|one| one.method != "GET");
        all
    }
}

pub(crate) fn moved(task: Task, event: Event) -> Write {
    let state = next(task.state.clone(), event).unwrap();
    Write::UpdateTask(Task { state, version: task.version + 1, ..task })
}

/// A line that is adjusted.
pub(crate) fn on_line(line: &str) -> RawLine {
    RawLine { line: line.to_owned(), ..RawLine::default() }
}

fn connection(books: &CwHandle, setup: &Setup) -> Connection {
    let own = [
        ("site", "api-na.myconnectwise.net"),
        ("company", setup.books.company_id.as_str()),
        ("client_id", setup.books.client_id.as_str()),
    ];
    let mut settings: BTreeMap<String, String> =
        own.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter().collect();
    settings.extend(setup.settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Connection {
        id: x(),
        reseller: ResellerId::new("r"),
        name: "ConnectWise".into(),
        plugin: PluginId::new("connectwise"),
        marketplace: MarketplaceId::new("m"),
        state: ConnectionState::Enabled,
        state_reason: String::new(),
        base_url: Some(format!("{}/{{codebase}}/apis/3.0", books.root_url())),
        token_url: None,
        auth: None,
        exceptions: Exceptions { plain_http: true, private_addresses: true },
        settings,
        rules: setup.rules.clone(),
    }
}

async fn door(
    connection: &Connection,
    card: &Card,
    (books, setup): (&CwHandle, &Setup),
    clock: &Arc<ManualClock>,
) -> Arc<HttpDoor> {
    let vault = MemoryVault::new();
    let user = format!("{}+{}", setup.books.company_id, setup.books.public_key);
    for (name, value) in [("username", user.as_str()), ("password", setup.books.private_key.as_str())] {
        vault.put(&SecretScope::Connection(connection.id.clone()), name, Secret::new(value)).await.unwrap();
    }
    let mut of_card = card.budgets.clone();
    if !setup.budgets {
        of_card.limits.clear();
    }
    // Nobody reads the log of calls here: the simulator keeps its own.
    let (sink, _) = ExchangeSink::channel(1);
    let door = HttpDoor::new(Arc::new(vault), Arc::clone(clock) as Arc<_>, sink);
    let base = connection.base_url.clone().unwrap();
    let header = |name: &str, value: String| (name.to_owned(), value);
    door.set_route(Route {
        caller: Caller::Connection(connection.id.clone()),
        base_url: base.replace("{codebase}", "v4_6_release"),
        discovery: Some(Lookup {
            url: format!("{}/login/companyinfo/{}", books.root_url(), setup.books.company_id),
            base,
            settings: vec![("codebase".to_owned(), "v4_6_release".to_owned())],
            named_by: vec!["company".to_owned()],
            discovery: card.egress.discovery.clone().unwrap(),
        }),
        egress: card.egress.clone(),
        auth: card.auth.first().cloned(),
        static_headers: vec![
            header("clientId", setup.books.client_id.clone()),
            header("Accept", "application/vnd.connectwise.com+json; version=2025.1".to_owned()),
        ],
        budgets: of_card,
        app: "plugin/connectwise".into(),
        exceptions: connection.exceptions.clone(),
        auth_parameters: Vec::new(),
    });
    Arc::new(door)
}
