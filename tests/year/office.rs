//! The reseller's office: checks every day, links, decides, plans, confirms; and starts the engine again when it died.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, Utc};
use counterfoil_domain::connection::{
    Connection, ConnectionState, Exceptions, HostRules, Marketplace, MarketplaceKind, Reseller,
};
use counterfoil_domain::id::{Actor, ConnectionId, EntityId, MarketplaceId, PlanDigest, PluginId, ResellerId, RunId};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::period::Period;
use counterfoil_domain::plan::Severity;
use counterfoil_domain::ports::{Clock, ManualClock, MarketplaceClient, PageRequest, Store, TaskFilter, Write};
use counterfoil_domain::run::{Run, RunKind, RunState, Selection};
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Need, Subject, Task, TaskState, next};
use counterfoil_engine::{Engine, Parts, Sources};
use counterfoil_store::MemoryStore;
use tokio::sync::broadcast;

use super::books::{Books, BooksTarget, Only};
use super::dice::Dice;
use super::life::{Life, start};
use super::source::Source;
use super::tally;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    Fair,
    /// Pages that cannot be read, throttling, empty answers, and crashes in the middle of a check.
    Foul,
}

/// What a year came to.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) orders: usize,
    pub(crate) tasks: usize,
    pub(crate) synced: usize,
    pub(crate) initial: usize,
    pub(crate) superseded: usize,
    pub(crate) after_sending: usize,
    pub(crate) without_details: usize,
    pub(crate) migrations: usize,
    /// Orders that completed two months and more after they were placed.
    pub(crate) months_later: usize,
    pub(crate) blocked: usize,
    pub(crate) crashes: usize,
    pub(crate) incomplete: usize,
}

#[derive(Debug)]
pub(crate) struct Office {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    source: Arc<Source>,
    books: Books,
    engine: Engine,
    weather: Weather,
    dice: Dice,
    runs: u32,
    told: Told,
}

fn x() -> ConnectionId {
    ConnectionId::new("x")
}

impl Office {
    pub(crate) async fn open(life: Life, seed: u64, weather: Weather) -> Self {
        let clock = Arc::new(ManualClock::at(start()));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let source = Arc::new(Source::new(Arc::new(life), Arc::clone(&clock), seed));
        let books = Books::default();
        let engine = engine(&store, &clock, &source, &books);
        let reseller = ResellerId::new("r");
        let connection = Connection {
            id: x(),
            reseller: reseller.clone(),
            name: "Books".into(),
            plugin: PluginId::new("books"),
            marketplace: MarketplaceId::new("m"),
            state: ConnectionState::Enabled,
            state_reason: String::new(),
            base_url: None,
            token_url: None,
            auth: None,
            exceptions: Exceptions::default(),
            settings: BTreeMap::new(),
            rules: HostRules { recurring_before_period: true, ..HostRules::default() },
        };
        let marketplace = Marketplace {
            id: MarketplaceId::new("m"),
            reseller: reseller.clone(),
            kind: MarketplaceKind::File,
            location: String::new(),
            settings: BTreeMap::new(),
            exceptions: Exceptions::default(),
        };
        let writes = vec![
            Write::PutReseller(Reseller { id: reseller, name: "R".into() }),
            Write::PutMarketplace(marketplace),
            Write::PutConnection(connection),
        ];
        store.commit(writes).await.unwrap();
        let dice = Dice::new(seed ^ 0x0FF1CE);
        Self { store, clock, source, books, engine, weather, dice, runs: 0, told: Told::default() }
    }

    /// The first check, then 365 days.
    pub(crate) async fn year(&mut self) {
        assert_eq!(self.run(RunKind::Check).await.state, RunState::Done);
        let mut filled = None;
        for day in 0..365 {
            let morning = start() + Duration::days(day) + Duration::minutes(self.dice.within(1, 120));
            let month_ends = (morning + Duration::days(1)).day() == 1;
            self.turn_to(morning);
            // At a month's end everything can be read, so that there is something to compare.
            self.source.weather(self.weather == Weather::Foul && !month_ends);
            if day == 200 {
                filled = Some(self.fill().await);
            }
            self.check().await;
            if month_ends || (self.weather == Weather::Fair && day % 7 == 0) {
                let life = &self.source.life;
                tally::balance(life, &self.tasks(&[]).await, &self.books, self.clock.now(), filled);
            }
            self.decide().await;
            self.bill().await;
            if self.dice.chance(300) {
                let noon = self.clock.now() + Duration::hours(7);
                self.turn_to(noon);
                self.check().await;
            }
        }
        let tasks = self.tasks(&[]).await;
        self.source.weather(false);
        self.count(&tasks);
    }

    fn turn_to(&self, time: DateTime<Utc>) {
        self.clock.advance(time - self.clock.now());
    }

    async fn check(&mut self) {
        let run = self.run(RunKind::Check).await;
        if run.state != RunState::Done {
            assert_eq!(self.weather, Weather::Foul, "{:?}", run.problems);
            self.told.incomplete += 1;
        }
    }

    /// Somebody wants three weeks of the time before the window, until all of it could be read.
    async fn fill(&mut self) -> (NaiveDate, NaiveDate) {
        let (from, to) =
            (NaiveDate::from_ymd_opt(2025, 11, 1).unwrap(), NaiveDate::from_ymd_opt(2025, 11, 20).unwrap());
        let days = Period::new(from, to + Days::new(1)).unwrap();
        loop {
            let run = self.run(RunKind::Backfill(days)).await;
            if run.state == RunState::Done && run.counted("orders-seen") > 0 {
                return (from, to);
            }
            assert_eq!(self.weather, Weather::Foul, "{:?}", run.problems);
        }
    }

    /// Asked for, and followed to its end: through crashes, if need be.
    async fn run(&mut self, kind: RunKind) -> Run {
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
        loop {
            tokio::select! {
                done = self.engine.round() => {
                    done.unwrap();
                    return self.store.run(&run.id).await.unwrap().unwrap();
                }
                () = self.source.died.notified() => {}
            }
            // A new process takes up what the store holds.
            self.told.crashes += 1;
            self.engine = engine(&self.store, &self.clock, &self.source, &self.books);
        }
    }

    async fn tasks(&self, states: &[&str]) -> Vec<Task> {
        let filter = TaskFilter {
            connection: Some(x()),
            states: states.iter().map(|state| (*state).to_owned()).collect(),
            ..TaskFilter::default()
        };
        self.store.tasks(filter, PageRequest { after: None, limit: 1_000_000 }).await.unwrap()
    }

    /// Links what does not link itself. Half of what needs a decision is ignored, the rest is left lying.
    async fn decide(&mut self) {
        let now = self.clock.now();
        let mut writes = Vec::new();
        for task in self.tasks(&["pending"]).await {
            let TaskState::Pending(needs) = &task.state else { continue };
            for need in needs {
                if let Need::Link { kind, source, .. } = need {
                    writes.push(link(*kind, source));
                }
            }
            let decides = needs.iter().any(|need| matches!(need, Need::Decision { .. }));
            if decides && task.observed_at == now && self.dice.chance(500) {
                let by_person = Ignored {
                    reason: IgnoreReason::ByPerson,
                    text: "billed by hand".into(),
                    by: Actor::new("ann"),
                    at: now,
                    until: None,
                };
                writes.push(moved(task, Event::IgnoredBy(by_person)));
            }
        }
        self.store.commit(writes).await.unwrap();
    }

    /// Plans what is ready and confirms nearly all of it.
    async fn bill(&mut self) {
        if self.tasks(&["ready"]).await.is_empty() && self.tasks(&["planned"]).await.is_empty() {
            return;
        }
        self.run(RunKind::Plan(Selection::AllReady)).await;
        let mut writes = Vec::new();
        let mut plans: Vec<PlanDigest> = Vec::new();
        for task in self.tasks(&["planned"]).await {
            let plan = task.state.plan().unwrap().clone();
            let sealed = self.store.plan(&plan).await.unwrap().unwrap();
            if sealed.worst() == Some(Severity::Blocks) {
                println!("blocked: {} {:?}", task.number, sealed.findings);
                self.told.blocked += 1;
            } else if self.dice.chance(950) {
                writes.push(moved(task, Event::Confirmed { plan: plan.clone(), by: Actor::new("ann") }));
                plans.push(plan);
            }
        }
        if plans.is_empty() {
            return;
        }
        self.store.commit(writes).await.unwrap();
        self.run(RunKind::Sync(plans)).await;
    }

    fn count(&mut self, tasks: &[Task]) {
        self.told.orders = self.source.life.orders.len();
        self.told.tasks = tasks.len();
        for task in tasks {
            let sent_before = matches!(&task.state, TaskState::Pending(needs) if needs.iter().any(|need| need.to_string().contains("was revised after")));
            let bare = matches!(&task.state, TaskState::Pending(needs) if needs.iter().any(|need| need.to_string().contains("gives no lines")));
            self.told.synced += usize::from(task.state.name() == "synced");
            self.told.superseded += usize::from(task.state.name() == "superseded");
            self.told.initial += usize::from(matches!(task.subject, Subject::Initial { .. }));
            self.told.after_sending += usize::from(sent_before);
            self.told.without_details += usize::from(bare);
            let reason = match &task.state {
                TaskState::Ignored(ignored) => Some(ignored.reason),
                _ => None,
            };
            self.told.migrations += usize::from(reason == Some(IgnoreReason::MigratedSubscription));
            let done = task.observed_at - task.created_at > Duration::days(60);
            let judged = reason != Some(IgnoreReason::NotFinal) && task.created_at > start();
            self.told.months_later += usize::from(done && judged && task.state.account() != "superseded");
        }
    }

    pub(crate) fn told(&self) -> &Told {
        &self.told
    }
}

fn engine(store: &Arc<dyn Store>, clock: &Arc<ManualClock>, source: &Arc<Source>, books: &Books) -> Engine {
    let sources = Sources::default();
    sources.put(MarketplaceId::new("m"), Arc::clone(source) as Arc<dyn MarketplaceClient>);
    Engine::new(Parts {
        store: Arc::clone(store),
        targets: Arc::new(Only(Arc::new(BooksTarget::new()))),
        door: Arc::new(books.clone()),
        sources: Arc::new(sources),
        clock: Arc::clone(clock) as Arc<_>,
        mailer: Arc::new(counterfoil_engine::NoMailer),
        changed: broadcast::channel(16).0,
    })
}

fn moved(task: Task, event: Event) -> Write {
    let state = next(task.state.clone(), event).unwrap();
    Write::UpdateTask(Task { state, version: task.version + 1, ..task })
}

fn link(kind: LinkKind, source: &str) -> Write {
    Write::PutLink(Link {
        key: LinkKey { connection: x(), kind, source: source.into() },
        source_name: source.into(),
        state: LinkState::Linked(LinkTarget {
            id: EntityId::new(format!("by-hand-{source}")),
            code: source.into(),
            name: source.into(),
            attributes: vec![],
        }),
        why: "chosen".into(),
    })
}
