//! One reseller's desk: a store, the engine, the door out, the Syncro component, a distributor and the Syncro accounts behind
//! it, on clocks that are turned together. Owns putting them up and the steps of a day (check, products, plan, confirm,
//! send); owns no expectation but that a step does not fail by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveDate, Utc};
use counterfoil_domain::card::Card;
use counterfoil_domain::connection::Reseller;
use counterfoil_domain::id::{Actor, ConnectionId, EntityId, MarketplaceId, PlanDigest, PluginId, ResellerId, RunId};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::motion::Motion;
use counterfoil_domain::plan::{SealedPlan, Severity};
use counterfoil_domain::ports::{Clock, Door, PageRequest, Store, Targets as _, TaskFilter, Vault, WallClock, Write};
use counterfoil_domain::program::{Program, ProgramName};
use counterfoil_domain::run::{ProductChoice, Run, RunKind, RunState, Selection};
use counterfoil_domain::secret::{Secret, SecretScope};
use counterfoil_domain::task::{Event, Task, next};
use counterfoil_egress::{ExchangeSink, HttpDoor};
use counterfoil_engine::{Engine, Parts, Sources};
use counterfoil_runtime::build;
use counterfoil_runtime::registry::Registry;
use counterfoil_runtime::sandbox::Sandbox;
use counterfoil_sim::statements::StatementWorld;
use counterfoil_sim::syncro::SyncroState;
use counterfoil_store::{MemoryStore, MemoryVault};
use tokio::sync::{OnceCell, broadcast};

use crate::account::{Account, Setup};
use crate::hands::{Hands, Turning};
use crate::market::{Kind, Market};

/// Compiled once for all tests; each call still gets an instance of its own.
async fn targets() -> Arc<Registry> {
    static LOADED: OnceCell<Arc<Registry>> = OnceCell::const_new();
    let load = || async {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let built = build::build(&root.join("plugins/syncro"), &build::Options::default()).await;
        let path = built.unwrap_or_else(|error| panic!("the Syncro target cannot be built: {error}")).path;
        let registry = Registry::new(Sandbox::new(8, Arc::new(WallClock)).unwrap());
        let target = registry.install_bytes(std::fs::read(&path).unwrap()).await.unwrap();
        registry.activate(&target.card.id, &target.digest).unwrap();
        Arc::new(registry)
    };
    Arc::clone(LOADED.get_or_init(load).await)
}

#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) hands: Hands,
    pub(crate) market: Market,
    pub(crate) accounts: Vec<Account>,
    pub(crate) engine: Engine,
    pub(crate) door: Arc<Turning>,
    pub(crate) parts: Parts,
    runs: u32,
}

impl Desk {
    /// With one account for each setup, which are called "x0", "x1" and so on.
    pub(crate) async fn open(at: DateTime<Utc>, kind: Kind, world: StatementWorld, setups: Vec<Setup>) -> Self {
        Self::on(Hands::at(at), kind, world, setups).await
    }

    pub(crate) async fn on(hands: Hands, kind: Kind, world: StatementWorld, setups: Vec<Setup>) -> Self {
        // Only the first desk installs it; the others find it there.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let targets = targets().await;
        let card = targets.active(&PluginId::new("syncro")).unwrap().card().clone();
        let market = Market::open(kind, world, hands.theirs.clone()).await;
        let mut accounts = Vec::new();
        for (place, setup) in setups.into_iter().enumerate() {
            accounts.push(Account::open(&format!("x{place}"), setup, hands.theirs.clone()).await);
        }
        let inner = door(&market, &accounts, &card, &hands).await;
        let door = Arc::new(Turning::new(inner, hands.clone()));
        let sources = Sources::default();
        let clock = Arc::clone(&hands.ours) as Arc<dyn Clock>;
        let source = market.source(Arc::clone(&door) as Arc<dyn Door>, Arc::clone(&clock));
        sources.put_statements(MarketplaceId::new("m"), source);
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let parts = Parts {
            store: Arc::clone(&store),
            targets,
            door: Arc::clone(&door) as Arc<dyn Door>,
            sources: Arc::new(sources),
            clock,
            mailer: Arc::new(counterfoil_engine::NoMailer),
            changed: broadcast::channel(16).0,
        };
        let engine = Engine::new(parts.clone());
        let reseller = Reseller { id: ResellerId::new("r"), name: "R".into() };
        let mut writes = vec![Write::PutReseller(reseller), Write::PutMarketplace(market.configured())];
        for account in &accounts {
            writes.push(Write::PutConnection(account.connection()));
            writes.push(Write::PutProgram(everything(&account.id)));
        }
        store.commit(writes).await.unwrap();
        Self { store, hands, market, accounts, engine, door, parts, runs: 0 }
    }

    /// Another process over a store, with nothing in memory.
    pub(crate) fn process(&self, store: Arc<dyn Store>) -> Engine {
        Engine::new(Parts { store, ..self.parts.clone() })
    }

    pub(crate) fn x(&self) -> ConnectionId {
        self.accounts[0].id.clone()
    }

    pub(crate) fn books(&self) -> SyncroState {
        self.accounts[0].state()
    }

    /// Marketplace's id, Syncro's id and name.
    pub(crate) fn link(&self, kind: LinkKind, source: &str, (id, name): (i64, &str)) -> Write {
        let id = EntityId::new(id.to_string());
        let target = LinkTarget { id, code: String::new(), name: name.into(), attributes: Vec::new() };
        Write::PutLink(Link {
            key: LinkKey { connection: self.x(), kind, source: source.into() },
            source_name: name.into(),
            state: LinkState::Linked(target),
            why: "chosen".into(),
        })
    }

    pub(crate) async fn commit(&self, writes: Vec<Write>) {
        self.store.commit(writes).await.unwrap();
    }

    /// Sets the first account's program otherwise.
    pub(crate) async fn program(&self, change: impl FnOnce(&mut Program)) {
        let mut program = self.store.programs(&self.x()).await.unwrap().remove(0);
        change(&mut program);
        self.commit(vec![Write::PutProgram(program)]).await;
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.hands.now()
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.hands.pass(time);
    }

    pub(crate) fn until(&self, day: NaiveDate) {
        self.hands.until(day);
    }

    pub(crate) async fn asked(&mut self, connection: &ConnectionId, kind: RunKind) -> RunId {
        self.runs += 1;
        let run = Run {
            id: RunId::new(format!("run-{}", self.runs)),
            reseller: ResellerId::new("r"),
            connection: connection.clone(),
            kind,
            state: RunState::Queued,
            asked_by: Actor::new("ann"),
            asked_at: self.now(),
            started_at: None,
            finished_at: None,
            total: None,
            done: 0,
            counts: vec![],
            problems: vec![],
        };
        let id = run.id.clone();
        self.commit(vec![Write::InsertRun(run)]).await;
        id
    }

    /// Asked for, and followed to its end, whatever that is.
    pub(crate) async fn run(&mut self, kind: RunKind) -> Run {
        let id = self.asked(&self.x(), kind).await;
        self.engine.round().await.unwrap();
        let run = self.store.run(&id).await.unwrap().unwrap();
        assert!(run.state.is_over(), "{run:?}");
        run
    }

    pub(crate) async fn check(&mut self) -> Run {
        let run = self.run(RunKind::Check).await;
        assert_eq!(run.state, RunState::Done, "{:#?}", run.problems);
        run
    }

    pub(crate) async fn plan(&mut self) -> Run {
        self.run(RunKind::Plan(Selection::AllReady)).await
    }

    pub(crate) async fn sync_products(&mut self) -> Run {
        let kind = RunKind::Products { program: ProgramName::MicrosoftCsp, which: ProductChoice::All };
        self.run(kind).await
    }

    /// Check, products, then plans until nothing is ready any more; each is confirmed unless something blocks it, or a
    /// finding needs a person and `accepts` does not name it. Gives what persons had to look at.
    pub(crate) async fn bill(&mut self, accepts: &[&str]) -> BTreeMap<String, usize> {
        self.check().await;
        let run = self.sync_products().await;
        assert_eq!(run.state, RunState::Done, "{:#?}", run.problems);
        self.work(accepts).await
    }

    pub(crate) async fn work(&mut self, accepts: &[&str]) -> BTreeMap<String, usize> {
        let mut needed = BTreeMap::new();
        for _ in 0..30 {
            let run = self.plan().await;
            assert!(matches!(run.state, RunState::Done | RunState::Incomplete), "{:#?}", run.problems);
            let plans = self.confirm(accepts, &mut needed).await;
            let parked: Vec<_> =
                self.tasks(&["parked"]).await.into_iter().map(|task| (task.number, task.state)).collect();
            assert!(parked.is_empty(), "{parked:#?}");
            if plans.is_empty() {
                let waits = |code: &str| code == "waits-its-turn";
                assert!(run.problems.iter().all(|problem| waits(&problem.code)), "{:#?}", run.problems);
                return needed;
            }
            let run = self.run(RunKind::Sync(plans)).await;
            assert_eq!(run.state, RunState::Done, "{:#?}", run.problems);
        }
        panic!("plans without an end");
    }

    /// Confirms every plan that nothing speaks against.
    pub(crate) async fn confirm(&self, accepts: &[&str], needed: &mut BTreeMap<String, usize>) -> Vec<PlanDigest> {
        let (mut writes, mut plans) = (Vec::new(), Vec::new());
        for task in self.tasks(&["planned"]).await {
            let sealed = self.sealed(&task).await;
            assert_ne!(sealed.worst(), Some(Severity::Blocks), "{}: {}", task.number, told(&sealed));
            for finding in sealed.findings.iter().filter(|finding| finding.severity == Severity::NeedsPerson) {
                assert!(accepts.contains(&finding.code.as_str()), "{}: {}", task.number, told(&sealed));
                *needed.entry(finding.code.clone()).or_default() += 1;
            }
            writes.push(moved(task, Event::Confirmed { plan: sealed.digest.clone(), by: Actor::new("ann") }));
            plans.push(sealed.digest);
        }
        self.commit(writes).await;
        plans
    }

    pub(crate) async fn sealed(&self, task: &Task) -> SealedPlan {
        let plan = task.state.plan().unwrap_or_else(|| panic!("{} has no plan: {:#?}", task.number, task.state));
        self.store.plan(plan).await.unwrap().unwrap()
    }

    /// Of the first account, ordered by number.
    pub(crate) async fn tasks(&self, states: &[&str]) -> Vec<Task> {
        let filter = TaskFilter {
            connection: Some(self.x()),
            states: states.iter().map(|state| (*state).to_owned()).collect(),
            ..TaskFilter::default()
        };
        let mut tasks = self.store.tasks(filter, PageRequest { after: None, limit: 1_000_000 }).await.unwrap();
        tasks.sort_by(|a, b| a.number.cmp(&b.number));
        tasks
    }
}

/// A plan without its payload: what speaks against it, and what it does.
fn told(sealed: &SealedPlan) -> String {
    let findings = sealed.findings.iter().map(|one| format!("{:?} {}: {}", one.severity, one.code, one.message));
    let changes = sealed.plan.changes.iter().map(|one| {
        let lines: Vec<_> = one.lines.iter().map(|line| (line.amount, line.bills, &line.attributes)).collect();
        format!("{:?} {:?} {} | {} | {lines:?}", one.action, one.target, one.title, one.why)
    });
    findings.chain(changes).collect::<Vec<_>>().join("\n")
}

/// Everything is on, in the mode that makes only what is used.
pub(crate) fn everything(connection: &ConnectionId) -> Program {
    let all = Motion::ALL.iter().copied().filter(|motion| *motion != Motion::Unknown);
    Program {
        enabled: true,
        billing: true,
        products: true,
        motions: all.collect::<BTreeSet<_>>(),
        azure: true,
        annual: true,
        ..Program::off(connection.clone(), ProgramName::MicrosoftCsp)
    }
}

pub(crate) fn moved(task: Task, event: Event) -> Write {
    let state = next(task.state.clone(), event).unwrap();
    Write::UpdateTask(Task { state, version: task.version + 1, ..task })
}

async fn door(market: &Market, accounts: &[Account], card: &Card, hands: &Hands) -> Arc<HttpDoor> {
    let vault = MemoryVault::new();
    let of_market = SecretScope::Marketplace(MarketplaceId::new("m"));
    for (name, value) in market.secrets() {
        vault.put(&of_market, name, Secret::new(value)).await.unwrap();
    }
    for account in accounts {
        let scope = SecretScope::Connection(account.id.clone());
        vault.put(&scope, "token", Secret::new(account.token())).await.unwrap();
    }
    // Nobody reads the log of calls here: the simulators keep their own.
    let (sink, _) = ExchangeSink::channel(1);
    let door = HttpDoor::new(Arc::new(vault), Arc::clone(&hands.ours) as Arc<_>, sink);
    door.set_route(market.route());
    for account in accounts {
        door.set_route(account.route(card));
    }
    Arc::new(door)
}
