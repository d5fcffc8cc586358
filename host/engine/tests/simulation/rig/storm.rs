//! One seed is one scenario: a target with its faults, plans that are confirmed, and a process that dies at its first
//! step, its second, its third … until one life passes; recoveries die too, up to three deep. In the end every document
//! must be there once, or wait for a person where the class allows nothing else.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::id::{ConnectionId, PlanDigest};
use counterfoil_domain::ports::{Clock as _, PageRequest, Store, TaskFilter, Write};
use counterfoil_domain::run::{RunKind, Selection};
use counterfoil_domain::task::{Task, TaskState};
use counterfoil_engine::Engine;
use counterfoil_store::MemoryStore;

use super::dice::Dice;
use super::ledger::Fault;
use super::mortal::{Death, Life, live};
use super::shop::{CLASS_A, Orders, World};
use super::tally::Tally;

/// What a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    A,
    B,
    C,
    /// It takes keys and does not honour them: its card gives them no lifetime.
    KeyIgnored,
}

impl Kind {
    pub(crate) fn class(self) -> DeliveryClass {
        match self {
            Self::A => CLASS_A,
            Self::B => DeliveryClass::B,
            Self::C => DeliveryClass::C,
            Self::KeyIgnored => DeliveryClass::A { lifetime: Duration::ZERO },
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) kind: Kind,
    pub(crate) orders: usize,
    pub(crate) refunds: bool,
    pub(crate) batch: usize,
    pub(crate) singly: bool,
    pub(crate) faults: Vec<Fault>,
    pub(crate) lag: i64,
    pub(crate) settle: u64,
    pub(crate) refused: BTreeSet<String>,
    /// Answers that are lost for good, of class A too: the target never gets well.
    pub(crate) dice: Dice,
}

const FAULTS: [Fault; 12] = [
    Fault::Fine,
    Fault::Fine,
    Fault::Fine,
    Fault::LostBefore,
    Fault::LostAfter,
    Fault::NoConnection,
    Fault::TooMany,
    Fault::ErrorAfter,
    Fault::ErrorBefore,
    Fault::Late(45),
    Fault::Late(600),
    Fault::Busy(90),
];

impl Scenario {
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let kind = dice.pick(&[Kind::A, Kind::B, Kind::C, Kind::A, Kind::B, Kind::KeyIgnored]);
        // Most are small, so that many are tried.
        let (orders, batch) = dice.pick(&[(1, 1), (2, 1), (2, 2), (3, 2), (4, 2), (3, 3), (4, 50)]);
        let lag = dice.pick(&[0, 0, 0, 30, 300]);
        let faults: Vec<Fault> = (0..dice.below(5)).map(|_| dice.pick(&FAULTS)).collect();
        let slow = lag > 0 || faults.contains(&Fault::Late(600));
        let mut refused = BTreeSet::new();
        for n in 1..=orders {
            if dice.chance(8) {
                refused.insert(format!("{}:SO{n}", dice.pick(&["charge", "refund"])));
            }
        }
        Self {
            kind,
            orders,
            refunds: dice.chance(35),
            batch,
            singly: dice.chance(25),
            faults,
            lag,
            settle: if slow { 660 + u64::try_from(lag).unwrap() } else { 60 },
            refused,
            dice,
        }
    }

    /// Everything up to the confirmed plans, in a store of its own.
    pub(crate) fn world(&self) -> (World, Arc<MemoryStore>) {
        let (orders, writes) = confirmed(self.orders, self.refunds);
        let store = Arc::new(MemoryStore::new());
        now_or_never(store.commit(writes)).unwrap();
        let world = World::of(Arc::clone(&store) as Arc<dyn Store>, self.kind.class(), orders);
        {
            let mut books = world.books.lock().unwrap();
            books.honours_keys = self.kind == Kind::A;
            books.faults.extend(&self.faults);
            books.lag = self.lag;
            books.settle = Some(self.settle);
            books.batch_tasks = Some(self.batch);
            books.singly = self.singly;
            books.refused.clone_from(&self.refused);
        }
        (world, store)
    }
}

/// The memory store never waits.
fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(future)
}

type Confirmed = (Arc<Orders>, Vec<Write>);

/// What a store holds after check, plan and confirmation, as one commit: the same for every scenario of a shape.
fn confirmed(orders: usize, refunds: bool) -> Confirmed {
    static MADE: LazyLock<Mutex<std::collections::BTreeMap<(usize, bool), Confirmed>>> = LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap();
    made.entry((orders, refunds)).or_insert_with(|| make(orders, refunds)).clone()
}

fn make(orders: usize, refunds: bool) -> Confirmed {
    now_or_never(async {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let world = World::new(Arc::clone(&store), DeliveryClass::B, orders);
        let world = if refunds { world.with_refunds() } else { world };
        world.set_up().await;
        let engine = world.engine();
        engine.round().await.unwrap();
        world.ask("plan", RunKind::Plan(Selection::AllReady)).await;
        engine.round().await.unwrap();
        world.confirm("sync").await;
        let mut writes = Vec::new();
        writes.extend(store.resellers().await.unwrap().into_iter().map(Write::PutReseller));
        writes.extend(store.marketplaces().await.unwrap().into_iter().map(Write::PutMarketplace));
        writes.extend(store.connections().await.unwrap().into_iter().map(Write::PutConnection));
        let (x, m) = (ConnectionId::new("x"), "m".into());
        writes.extend(store.links(&x, None).await.unwrap().into_iter().map(Write::PutLink));
        writes.push(Write::PutCustomers("m".into(), store.customers(&m, None).await.unwrap()));
        writes.extend(store.cursor(&x).await.unwrap().map(Write::PutCursor));
        for task in world.tasks().await {
            let plan = task.state.plan().unwrap().clone();
            writes.push(Write::PutPlan(store.plan(&plan).await.unwrap().unwrap()));
            writes.push(Write::InsertTask(task));
        }
        for order in &world.orders.0 {
            let (order, observed_at) = (order.clone(), super::shop::now());
            writes.push(Write::PutOrder { order, fingerprint: "completed".into(), observed_at });
        }
        writes.extend(store.unfinished_runs().await.unwrap().into_iter().map(Write::InsertRun));
        (world.orders, writes)
    })
}

fn rests(task: &Task, kind: Kind) -> bool {
    match task.state.name() {
        "synced" | "parked" | "ignored" => true,
        "uncertain" => kind == Kind::C,
        _ => false,
    }
}

/// Rounds, with the clock turned to whatever is due next, until every task rests and every batch is closed.
pub(crate) async fn drive(world: &World, engine: &Engine, kind: Kind, rounds: u32) {
    let x = ConnectionId::new("x");
    for _ in 0..rounds {
        engine.round().await.unwrap();
        let tasks = world.tasks().await;
        let open = world.store.open_batches(&x).await.unwrap();
        let at_rest = tasks.iter().all(|task| rests(task, kind));
        // What waits for a person is looked at for ever.
        if at_rest && (open.is_empty() || tasks.iter().any(|task| task.state.name() == "uncertain")) {
            return;
        }
        let now = world.clock.now();
        let soon = now + chrono::Duration::seconds(1);
        let due = open.iter().map(|batch| batch.probe_at.unwrap_or(soon));
        let due = due.chain(tasks.iter().filter_map(|task| match &task.state {
            TaskState::Retrying { at, .. } => Some(*at),
            TaskState::Queued { .. } => Some(now + chrono::Duration::seconds(90)),
            _ => None,
        }));
        let next = due.min().unwrap_or(soon).max(soon);
        world.clock.advance(next - now);
    }
}

/// Whatever people and clocks do between one process and the next.
async fn meanwhile(world: &World, dice: &mut Dice, life: usize) {
    match dice.below(8) {
        0 => world.clock.advance(chrono::Duration::seconds(i64::try_from(dice.below(900)).unwrap())),
        1 => {
            // A second click on the same plans.
            let page = PageRequest { after: None, limit: 100 };
            let tasks = world.store.tasks(TaskFilter::default(), page).await.unwrap();
            let plans: Vec<PlanDigest> = tasks.iter().filter_map(|task| task.state.plan().cloned()).collect();
            world.ask(&format!("again-{life}"), RunKind::Sync(plans)).await;
        }
        2 => {
            let checks = world.store.unfinished_runs().await.unwrap();
            if !checks.iter().any(|run| run.kind == RunKind::Check) && dice.chance(20) {
                world.ask(&format!("plan-{life}"), RunKind::Plan(Selection::AllReady)).await;
            }
        }
        _ => {}
    }
}

const RECOVERIES: u64 = 3;

/// One crash point of a scenario: the first life dies at `step`, recoveries at seeded ones. None: it lived.
pub(crate) fn one(scenario: &Scenario, step: i64, after: bool) -> Option<Tally> {
    let mut tally = Tally::default();
    let (world, store) = scenario.world();
    let mut dice = scenario.dice.clone();
    for _ in 0..step {
        dice.below(2);
    }
    let kind = scenario.kind;
    let work = |process: World| async move { drive(&process, &process.engine(), kind, 60).await };
    let note = |tally: &mut Tally, life: Life| {
        for (point, count) in life.passed {
            *tally.passed.entry(point).or_default() += count;
        }
        if life.died {
            tally.kills += 1;
            if let Some(point) = life.died_at {
                *tally.died_at.entry(point).or_default() += 1;
            }
        }
        life.died
    };
    if !note(&mut tally, live(&world, &store, Death { step, after }, true, work)) {
        return None;
    }
    tally.crash_points = 1;
    for depth in 0..dice.below(RECOVERIES) {
        now_or_never(meanwhile(&world, &mut dice, usize::try_from(depth).unwrap()));
        let death = Death { step: 1 + i64::try_from(dice.below(12)).unwrap(), after: dice.chance(50) };
        note(&mut tally, live(&world, &store, death, true, work));
    }
    let kills = tally.kills;
    tally.add(settled(scenario, &world, kills));
    Some(tally)
}

/// Lives to the end, and holds the books against what was confirmed.
pub(crate) fn settled(scenario: &Scenario, world: &World, kills: u64) -> Tally {
    now_or_never(async {
        let kind = scenario.kind;
        drive(world, &world.engine(), kind, 400).await;
        // Three crashes with one task in hand: somebody plans it again, and it goes out like any other.
        let poisoned = |task: &Task| matches!(&task.state, TaskState::Parked { failure } if failure.code == "poison");
        let tasks = world.tasks().await;
        let again: Vec<_> = tasks.iter().filter(|task| poisoned(task)).map(|task| task.id.clone()).collect();
        assert!(again.is_empty() || kills >= 3, "parked as poison after {kills} kills");
        if !again.is_empty() {
            world.ask("plan-poisoned", RunKind::Plan(Selection::Tasks(again))).await;
            let engine = world.engine();
            engine.round().await.unwrap();
            world.confirm("sync-poisoned").await;
            drive(world, &engine, kind, 400).await;
        }
        // Whatever the target took in, it has carried out by now.
        world.clock.advance(chrono::Duration::hours(1));
        world.books.lock().unwrap().catch_up();
        judged(scenario, world, &world.tasks().await)
    })
}

fn judged(scenario: &Scenario, world: &World, tasks: &[Task]) -> Tally {
    let mut tally = Tally::default();
    assert_eq!(tasks.len(), scenario.orders, "an order was lost");
    let books = world.books.lock().unwrap();
    for task in tasks {
        let kinds: &[&str] = if scenario.refunds { &["charge", "refund"] } else { &["charge"] };
        let state = task.state.name();
        let mut refused = false;
        for kind in kinds {
            let key = format!("{kind}:{}", task.number);
            // What stands behind a refused document of the same plan is not written.
            refused |= scenario.refused.contains(&key);
            let expected = usize::from(!refused);
            let copies = books.documents.get(&key).map_or(0, Vec::len);
            tally.documents += copies as u64;
            tally.duplicates += copies.saturating_sub(expected) as u64;
            assert!(
                copies <= expected,
                "{key} stands {copies} times in the books, {expected} at most: {:?}",
                task.state
            );
            if scenario.kind == Kind::C {
                let arrived = books.arrived.get(&key).copied().unwrap_or_default();
                assert!(arrived <= 1, "{key} was sent {arrived} times by itself: {:?}", task.state);
                assert!(copies == expected || state == "uncertain" || state == "parked", "{key} is {:?}", task.state);
            } else {
                tally.lost += (expected - copies) as u64;
                assert!(copies == expected, "{key} stands {copies} times in the books: {:?}", task.state);
            }
        }
        match (state, refused) {
            ("synced", false) => tally.resolved += 1,
            ("parked", true) => tally.parked += 1,
            ("uncertain" | "parked", _) if scenario.kind == Kind::C => tally.left_to_person += 1,
            _ => panic!("{} ended {:?}, {}", task.number, task.state, if refused { "refused" } else { "not refused" }),
        }
    }
    tally.answers_lost = books.lost;
    tally
}

/// All crash points of a seed.
pub(crate) fn seed(seed: u64) -> Tally {
    let scenario = Scenario::of(seed);
    let mut tally = Tally { seeds: 1, ..Tally::default() };
    for after in [false, true] {
        for step in 1.. {
            let result = std::panic::catch_unwind(|| one(&scenario, step, after));
            match result {
                Ok(Some(one)) => tally.add(one),
                Ok(None) => break,
                Err(panic) => {
                    let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                    let when = if after { "after" } else { "before" };
                    panic!("died {when} step {step} of {scenario:?}: {text}");
                }
            }
        }
    }
    tally
}
