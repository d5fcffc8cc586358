//! After a check: what may go is planned, confirmed and sent once, and everything else waits for a person.

use std::collections::BTreeMap;
use std::sync::Arc;

use counterfoil_domain::adjust::Adjustments;
use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::connection::{AutoSync, Connection, ConnectionState, HostRules};
use counterfoil_domain::id::{Actor, ConnectionId, CustomerId, EntityId, RunId};
use counterfoil_domain::job::JobKind;
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::order::Order;
use counterfoil_domain::ports::{AuditEntry, Clock as _, Write};
use counterfoil_domain::run::{Run, RunKind, RunState, Selection};
use counterfoil_domain::task::{Task, TaskState};
use counterfoil_engine::Engine;
use counterfoil_store::MemoryStore;

use crate::ledger::Fault;
use crate::shop::{CLASS_A, Orders, World, order};

const X: &str = "x";

fn on() -> AutoSync {
    AutoSync { on: true, kinds: vec![], most: None }
}

struct Bench {
    world: World,
    engine: Engine,
}

impl Bench {
    /// Set up and switched as said; nothing is checked yet.
    async fn new(orders: Vec<Order>, class: DeliveryClass, auto_sync: AutoSync, customers: &[&str]) -> Self {
        let world = World::new(Arc::new(MemoryStore::new()), class, 0);
        let world = World { orders: Arc::new(Orders(orders)), ..world };
        world.set_up().await;
        let mut writes: Vec<Write> = customers.iter().map(|customer| switch(customer, true)).collect();
        let rules = HostRules { auto_sync, ..HostRules::default() };
        writes.push(Write::PutConnection(Connection { rules, ..world.connection().await }));
        writes.push(Write::PutLink(party("d")));
        world.store.commit(writes).await.unwrap();
        let engine = world.engine();
        Self { world, engine }
    }

    async fn rounds(&self, count: usize) {
        for _ in 0..count {
            self.engine.round().await.unwrap();
            self.world.clock.advance(chrono::Duration::seconds(1));
        }
    }

    async fn check(&self, id: &str) {
        self.world.ask(id, RunKind::Check).await;
        self.rounds(6).await;
    }

    /// Number, state and who confirmed where that is still known.
    async fn states(&self) -> BTreeMap<String, &'static str> {
        self.world.tasks().await.into_iter().map(|task| (task.number.clone(), task.state.name())).collect()
    }

    async fn task(&self, number: &str) -> Task {
        self.world.tasks().await.into_iter().find(|task| task.number == number).unwrap()
    }

    async fn runs_by(&self, actor: &str) -> Vec<Run> {
        let runs = self.world.store.runs(None, 500).await.unwrap();
        runs.into_iter().filter(|run| run.asked_by.as_str() == actor).collect()
    }

    async fn confirmations(&self) -> Vec<AuditEntry> {
        let all = self.world.store.audit(500).await.unwrap();
        all.into_iter().filter(|entry| entry.action == "plan.confirm").collect()
    }

    async fn put(&self, write: Write) {
        self.world.store.commit(vec![write]).await.unwrap();
    }
}

fn switch(customer: &str, on: bool) -> Write {
    Write::PutSwitch { connection: ConnectionId::new(X), customer: CustomerId::new(customer), on }
}

fn party(customer: &str) -> Link {
    Link {
        key: LinkKey { connection: ConnectionId::new(X), kind: LinkKind::Party, source: customer.into() },
        source_name: customer.into(),
        state: LinkState::Linked(LinkTarget {
            id: EntityId::new(format!("p-{customer}")),
            code: String::new(),
            name: customer.into(),
            attributes: vec![],
        }),
        why: "test".into(),
    }
}

fn of(customer: &str, n: usize) -> Order {
    Order { customer: CustomerId::new(customer), ..order(n) }
}

fn expect(states: &[(&str, &'static str)]) -> BTreeMap<String, &'static str> {
    states.iter().map(|(number, state)| ((*number).to_owned(), *state)).collect()
}

#[tokio::test]
async fn after_a_check_what_may_go_goes_once_and_the_rest_waits() {
    let bench = Bench::new(vec![of("c", 1), of("d", 2)], CLASS_A, on(), &["c"]).await;
    bench.rounds(6).await;
    assert_eq!(bench.states().await, expect(&[("SO1", "synced"), ("SO2", "ready")]));
    assert_eq!(bench.world.sends(), [1, 0]);

    let runs = bench.runs_by("auto-sync").await;
    let kinds: Vec<(&str, RunState)> = runs.iter().map(|run| (run.kind.name(), run.state)).collect();
    assert_eq!(kinds, [("sync", RunState::Done), ("plan", RunState::Done)]);
    let confirmed = bench.confirmations().await;
    assert_eq!(confirmed.len(), 1);
    assert_eq!(confirmed[0].actor, Actor::new("auto-sync"));
    assert_eq!(confirmed[0].subject, bench.task("SO1").await.id.to_string());
    assert!(confirmed[0].detail.contains("10.01 USD"), "{}", confirmed[0].detail);

    // More rounds, another process and another check find nothing new.
    bench.rounds(20).await;
    let bench = Bench { engine: bench.world.engine(), world: bench.world };
    bench.rounds(20).await;
    bench.check("again").await;
    assert_eq!((bench.world.sends(), bench.world.copies()), (vec![1, 0], vec![1, 0]));
    assert_eq!((bench.runs_by("auto-sync").await.len(), bench.confirmations().await.len()), (2, 1));

    // Switched on, the other customer's goes after the next check.
    bench.put(switch("d", true)).await;
    bench.rounds(6).await;
    assert_eq!(bench.world.sends(), [1, 0], "nothing was checked since");
    bench.check("third").await;
    assert_eq!((bench.world.sends(), bench.world.copies()), (vec![1, 1], vec![1, 1]));
}

#[tokio::test]
async fn one_switch_alone_is_not_enough() {
    let table: [(AutoSync, &[&str], ConnectionState); 5] = [
        (AutoSync::default(), &["c"], ConnectionState::Enabled),
        (on(), &[], ConnectionState::Enabled),
        (on(), &["d"], ConnectionState::Enabled),
        (AutoSync { kinds: vec![JobKind::Billing], ..on() }, &["c"], ConnectionState::Enabled),
        (on(), &["c"], ConnectionState::Paused),
    ];
    for (auto_sync, customers, state) in table {
        let at = format!("{auto_sync:?} {customers:?} {state}");
        let bench = Bench::new(vec![of("c", 1)], CLASS_A, auto_sync, customers).await;
        let connection = Connection { state, ..bench.world.connection().await };
        bench.put(Write::PutConnection(connection)).await;
        bench.rounds(10).await;
        assert_eq!(bench.states().await, expect(&[("SO1", "ready")]), "{at}");
        assert_eq!((bench.runs_by("auto-sync").await, bench.confirmations().await), (vec![], vec![]), "{at}");
    }
}

#[tokio::test]
async fn the_limit_counts_the_plan_to_the_cent() {
    // 10.01 and 10.02: orders one and two.
    for (most, states) in [
        ("10.00", [("SO1", "planned"), ("SO2", "planned")]),
        ("10.01", [("SO1", "synced"), ("SO2", "planned")]),
        ("10.02", [("SO1", "synced"), ("SO2", "synced")]),
    ] {
        let auto_sync = AutoSync { most: Some(most.parse().unwrap()), ..on() };
        let bench = Bench::new(vec![of("c", 1), of("c", 2)], CLASS_A, auto_sync, &["c"]).await;
        bench.rounds(8).await;
        assert_eq!(bench.states().await, expect(&states), "{most}");
        // What is over the limit is not planned again with every check.
        let plans = bench.runs_by("auto-sync").await.len();
        bench.check("again").await;
        assert_eq!(bench.runs_by("auto-sync").await.len(), plans, "{most}");
    }
}

#[tokio::test]
async fn money_to_and_fro_counts_both_ways() {
    // A charge of 10.01 and a refund of 4.00 are 14.01.
    for (most, state) in [("14.00", "planned"), ("14.01", "synced")] {
        let auto_sync = AutoSync { most: Some(most.parse().unwrap()), ..on() };
        let bench = Bench::new(vec![of("c", 1)], CLASS_A, auto_sync, &["c"]).await;
        let world = bench.world.clone().with_refunds();
        let bench = Bench { engine: world.engine(), world };
        bench.rounds(8).await;
        assert_eq!(bench.states().await, expect(&[("SO1", state)]), "{most}");
    }
}

#[tokio::test]
async fn what_a_person_decided_or_must_accept_waits_for_a_person() {
    // One order has another total than its lines; on the other somebody set something.
    let mut differs = of("c", 1);
    differs.total = differs.total.map(|total| total + rust_decimal::Decimal::ONE);
    let bench = Bench::new(vec![differs, of("c", 2)], CLASS_A, AutoSync::default(), &["c"]).await;
    bench.rounds(3).await;
    let second = bench.task("SO2").await;
    let decided = Adjustments {
        decided: Some("as agreed".into()),
        ..Adjustments::none(second.id.clone(), Actor::new("ann"), bench.world.clock.now())
    };
    bench.put(Write::PutAdjustments(decided)).await;
    let rules = HostRules { auto_sync: on(), ..HostRules::default() };
    bench.put(Write::PutConnection(Connection { rules, ..bench.world.connection().await })).await;
    bench.check("second").await;
    assert_eq!(bench.states().await, expect(&[("SO1", "planned"), ("SO2", "ready")]));
    // Planned by somebody it waits all the same.
    bench.world.ask("by-ann", RunKind::Plan(Selection::AllReady)).await;
    bench.check("third").await;
    assert_eq!(bench.states().await, expect(&[("SO1", "planned"), ("SO2", "planned")]));
    assert_eq!((bench.world.sends(), bench.confirmations().await), (vec![0, 0], vec![]));
}

#[tokio::test]
async fn while_an_answer_is_lost_nothing_more_of_that_customer_goes() {
    let all = vec![of("c", 1)];
    let bench = Bench::new(all, DeliveryClass::C, on(), &["c", "d"]).await;
    bench.world.books.lock().unwrap().faults.push_back(Fault::LostAfter);
    bench.rounds(6).await;
    assert_eq!(bench.states().await, expect(&[("SO1", "uncertain")]));

    let world = World { orders: Arc::new(Orders(vec![of("c", 1), of("c", 2), of("d", 3)])), ..bench.world };
    let bench = Bench { engine: world.engine(), world };
    bench.check("second").await;
    assert_eq!(bench.states().await, expect(&[("SO1", "uncertain"), ("SO2", "ready"), ("SO3", "synced")]));
    assert_eq!(bench.world.sends(), [1, 0, 1]);

    // Found out: the other goes after the next check.
    let task = bench.task("SO1").await;
    let state = counterfoil_domain::task::next(task.state.clone(), counterfoil_domain::task::Event::Stored).unwrap();
    bench.put(Write::UpdateTask(Task { state, version: task.version + 1, ..task })).await;
    bench.check("third").await;
    assert_eq!(bench.states().await, expect(&[("SO1", "synced"), ("SO2", "synced"), ("SO3", "synced")]));
    assert_eq!(bench.world.copies(), [1, 1, 1]);
}

#[tokio::test]
async fn somebody_who_is_quicker_wins_and_nothing_is_confirmed_twice() {
    let bench = Bench::new(vec![of("c", 1), of("c", 2)], CLASS_A, AutoSync::default(), &["c"]).await;
    bench.rounds(2).await;
    bench.world.ask("by-ann", RunKind::Plan(Selection::AllReady)).await;
    bench.rounds(1).await;
    bench.world.confirm("sync-ann").await;
    let rules = HostRules { auto_sync: on(), ..HostRules::default() };
    bench.put(Write::PutConnection(Connection { rules, ..bench.world.connection().await })).await;
    bench.check("second").await;
    bench.check("third").await;
    assert_eq!(bench.states().await, expect(&[("SO1", "synced"), ("SO2", "synced")]));
    assert_eq!((bench.world.sends(), bench.world.copies()), (vec![1, 1], vec![1, 1]));
    assert_eq!(bench.runs_by("auto-sync").await, []);
}

#[tokio::test]
async fn a_plan_whose_ground_moved_is_refused_and_goes_as_it_is_after_the_next_check() {
    let bench = Bench::new(vec![of("c", 1)], CLASS_A, on(), &["c"]).await;
    // Check, plan, confirm: one round each.
    bench.rounds(2).await;
    assert_eq!(bench.task("SO1").await.state.name(), "queued");
    let TaskState::Queued { by, .. } = bench.task("SO1").await.state else { panic!("it is queued") };
    assert_eq!(by, Actor::new("auto-sync"));
    let LinkState::Linked(mut moved) = party("c").state else { panic!("it is linked") };
    moved.id = EntityId::new("another");
    bench.put(Write::PutLink(Link { state: LinkState::Linked(moved), ..party("c") })).await;
    bench.rounds(6).await;
    assert_eq!((bench.states().await, bench.world.sends()), (expect(&[("SO1", "ready")]), vec![0]));
    let sync = bench.runs_by("auto-sync").await;
    assert_eq!(sync[0].state, RunState::Incomplete);
    assert_eq!(sync[0].problems[0].code, "plan-stale");

    bench.check("second").await;
    assert_eq!((bench.states().await, bench.world.sends()), (expect(&[("SO1", "synced")]), vec![1]));
}

#[tokio::test]
async fn a_process_that_dies_between_the_steps_is_followed_by_one_that_goes_on() {
    let bench = Bench::new(vec![of("c", 1), of("c", 2)], CLASS_A, on(), &["c"]).await;
    // A new process for every round.
    for _ in 0..8 {
        bench.world.engine().round().await.unwrap();
        bench.world.clock.advance(chrono::Duration::seconds(1));
    }
    assert_eq!(bench.states().await, expect(&[("SO1", "synced"), ("SO2", "synced")]));
    assert_eq!((bench.world.sends(), bench.world.copies()), (vec![1, 1], vec![1, 1]));
    let ids: Vec<RunId> = bench.runs_by("auto-sync").await.into_iter().map(|run| run.id).collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
    assert!(ids.iter().all(|id| id.as_str().starts_with("run_") && id.as_str().len() == 30), "{ids:?}");
}

#[tokio::test]
async fn reading_chosen_days_and_a_check_that_failed_send_nothing_by_themselves() {
    let bench = Bench::new(vec![of("c", 1)], CLASS_A, AutoSync::default(), &["c"]).await;
    bench.rounds(2).await;
    let rules = HostRules { auto_sync: on(), ..HostRules::default() };
    // Its plugin is not there: the check fails before it reads anything.
    let marketplace = "nowhere".into();
    let broken = Connection { rules, marketplace, ..bench.world.connection().await };
    bench.put(Write::PutConnection(broken)).await;
    bench.check("second").await;
    let run = bench.world.store.run(&RunId::new("second")).await.unwrap().unwrap();
    assert_eq!(run.state, RunState::Failed);
    assert_eq!(bench.states().await, expect(&[("SO1", "ready")]));

    let whole = Connection { marketplace: "m".into(), ..bench.world.connection().await };
    bench.put(Write::PutConnection(whole)).await;
    let days = counterfoil_domain::period::Period::new("2026-10-01".parse().unwrap(), "2026-11-01".parse().unwrap());
    bench.world.ask("days", RunKind::Backfill(days.unwrap())).await;
    bench.rounds(6).await;
    assert_eq!(bench.states().await, expect(&[("SO1", "ready")]));
    bench.check("third").await;
    assert_eq!(bench.states().await, expect(&[("SO1", "synced")]));
}

#[tokio::test]
async fn of_a_subscription_that_is_in_order_one_goes_with_each_check() {
    let of_one = |n: usize| Order { subscription: Some("s".into()), ..of("c", n) };
    // The third was created first.
    let bench = Bench::new((1..=3).map(of_one).collect(), CLASS_A, on(), &["c"]).await;
    bench.world.books.lock().unwrap().in_order = true;
    let bench = Bench { engine: bench.world.engine(), world: bench.world };
    let mut seen = Vec::new();
    for check in ["", "second", "third"] {
        match check {
            "" => bench.rounds(8).await,
            id => bench.check(id).await,
        }
        seen.push(bench.world.sends());
    }
    assert_eq!(seen, [[0, 0, 1], [0, 1, 1], [1, 1, 1]]);
    assert_eq!(bench.world.copies(), [1, 1, 1]);
    let said: Vec<String> =
        bench.runs_by("auto-sync").await.into_iter().flat_map(|run| run.problems).map(|p| p.message).collect();
    assert!(said.is_empty(), "whoever waits is not asked about: {said:?}");
}
