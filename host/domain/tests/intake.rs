//! Orders become tasks, over 100,000 histories each: every revision ever seen is in exactly one account after every
//! event, and the same orders make the same tasks however they are delivered. Failing cases are kept beside this file.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::card::Scenario;
use counterfoil_domain::changes::{Given, Pass, take_in};
use counterfoil_domain::connection::{Connection, ConnectionState, Exceptions, HostRules};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{
    Actor, BatchId, ConnectionId, CustomerId, EntityId, LineId, MarketplaceId, OrderId, PlanDigest, PluginId,
    ResellerId, Revision, SubscriptionId,
};
use counterfoil_domain::job::PriceSource;
use counterfoil_domain::judge::{Law, LinkBook, Standing};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType};
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Need, Subject, Task, Verdict, next};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// What every order is taken in with.
struct Office {
    connection: Connection,
    scenarios: Vec<Scenario>,
    links: LinkBook,
    metered: BTreeSet<String>,
}

static OFFICE: LazyLock<Office> = LazyLock::new(|| Office {
    connection: Connection {
        id: ConnectionId::new("x"),
        reseller: ResellerId::new("r"),
        name: "x".into(),
        plugin: PluginId::new("paper"),
        marketplace: MarketplaceId::new("m"),
        state: ConnectionState::Enabled,
        state_reason: String::new(),
        base_url: None,
        token_url: None,
        auth: None,
        exceptions: Exceptions::default(),
        settings: BTreeMap::new(),
        rules: HostRules::default(),
    },
    scenarios: vec![Scenario {
        name: "new sale".into(),
        order: OrderType::Sales,
        models: vec![BillingModel::BeforeBillingPeriod],
        usage: None,
        fees: vec![(Fee::PlanRecurring, PriceSource::Order)],
        order_price_when: vec![],
        prorate: vec![],
        refused_when: vec![],
    }],
    links: LinkBook::new(vec![Link {
        key: LinkKey { connection: ConnectionId::new("x"), kind: LinkKind::Party, source: "c0".into() },
        source_name: "c0".into(),
        state: LinkState::Linked(LinkTarget {
            id: EntityId::new("p"),
            code: String::new(),
            name: "p".into(),
            attributes: vec![],
        }),
        why: "test".into(),
    }]),
    metered: BTreeSet::new(),
});

fn given(at: DateTime<Utc>) -> Given<'static> {
    let office = &*OFFICE;
    Given {
        connection: &office.connection,
        law: Law {
            scenarios: &office.scenarios,
            rules: &office.connection.rules,
            links: &office.links,
            metered: &office.metered,
            standing: Standing::default(),
            now: at,
        },
        pass: Pass::Later { until: DateTime::UNIX_EPOCH },
        customer: None,
        subscription: None,
        snapshot: None,
    }
}

/// Order `id` as its revision `said`: of five things that it can say, the first two are not final.
fn order(id: usize, said: usize) -> Order {
    let status = [OrderStatus::Processing, OrderStatus::Error, OrderStatus::Completed][said.min(2)];
    let amount = (10 * id + said).into();
    Order {
        key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new(id.to_string()) },
        number: format!("SO{id}"),
        order_type: if id % 5 == 4 { OrderType::Renewal } else { OrderType::Sales },
        status,
        customer: CustomerId::new(format!("c{}", id % 2)),
        subscription: Some(SubscriptionId::new("s")),
        created_at: now() - Duration::hours(id as i64),
        provisioned_at: None,
        billing_model: BillingModel::BeforeBillingPeriod,
        currency: Currency::parse("USD").unwrap(),
        total: Some(amount),
        lines: vec![OrderLine {
            id: LineId::new("1"),
            kind: LineKind::Fee(Fee::PlanRecurring),
            product: None,
            description: String::new(),
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

/// Every order and what it can say, built once: digests are the dear part of a case.
static SAYINGS: LazyLock<Vec<Vec<(Order, Revision)>>> = LazyLock::new(|| {
    let said = |id| (0..5).map(move |said| order(id, said)).map(|order| (order.clone(), order.revision())).collect();
    (0..ORDERS).map(said).collect()
});

const ORDERS: usize = 5;

/// All tasks, by order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Books {
    tasks: BTreeMap<usize, Vec<Task>>,
    seen: BTreeSet<(usize, Revision)>,
}

impl Books {
    fn deliver(&mut self, id: usize, said: usize) {
        let (order, revision) = &SAYINGS[id][said];
        self.seen.insert((id, revision.clone()));
        let tasks = self.tasks.entry(id).or_default();
        let taken = take_in(order, tasks, given(now()));
        for gone in taken.gave_way {
            let old = tasks.iter_mut().find(|task| task.id == gone.id).unwrap();
            assert_eq!(old.version + 1, gone.version);
            *old = gone;
        }
        tasks.extend(taken.task);
    }

    /// Something happens to one task, if it may. The order that it is about.
    fn happen(&mut self, which: usize, event: usize) -> Option<usize> {
        let mut all: Vec<(usize, &mut Task)> =
            self.tasks.iter_mut().flat_map(|(id, tasks)| tasks.iter_mut().map(|task| (*id, task))).collect();
        let count = all.len();
        let (id, task) = all.get_mut(which % count.max(1))?;
        let plan = task.state.plan().cloned().unwrap_or_else(|| PlanDigest::new("p"));
        if let Ok(state) = next(task.state.clone(), events(plan).swap_remove(event % EVENTS)) {
            task.state = state;
            task.version += 1;
        }
        Some(*id)
    }

    /// The law of conservation, for what is about one order: nothing else was touched.
    fn balance(&self, id: usize) -> Result<(), TestCaseError> {
        let tasks = &self.tasks[&id];
        let mut live: BTreeMap<&str, usize> = BTreeMap::new();
        for (number, task) in tasks.iter().enumerate() {
            prop_assert!(tasks[..number].iter().all(|other| other.id != task.id), "{} is there twice", task.id);
            prop_assert!(ACCOUNTS.contains(&task.state.account()));
            let Subject::Order { revision, .. } = &task.subject else { continue };
            let told = revision.as_str().split('~').next().unwrap();
            *live.entry(told).or_default() += usize::from(task.state.account() != "superseded");
        }
        for revision in self.seen.iter().filter(|(of, _)| *of == id).map(|(_, revision)| revision.as_str()) {
            let live = live.get(revision);
            prop_assert!(live.is_some(), "a revision of order {id} is nowhere");
            prop_assert!(live <= Some(&1), "a revision of order {id} stands in {live:?} accounts: {tasks:#?}");
        }
        Ok(())
    }

    /// Whatever was just delivered: at most one task of the order can still be sent by itself.
    fn one_can_go(&self, id: usize) -> Result<(), TestCaseError> {
        let goes = |task: &&Task| matches!(task.state.name(), "pending" | "ready" | "planned" | "queued" | "retrying");
        let going = self.tasks[&id].iter().filter(goes).count();
        prop_assert!(going <= 1, "{going} tasks of order {id} can be sent: {:#?}", self.tasks[&id]);
        Ok(())
    }
}

const ACCOUNTS: [&str; 6] = ["open", "synced", "ignored", "parked", "uncertain", "superseded"];
/// All but the superseding, which comes from a delivery only.
const EVENTS: usize = 15;

fn events(plan: PlanDigest) -> Vec<Event> {
    let by = Actor::new("ann");
    let failure = Failure::new(FailureClass::Rejected, "test", "no");
    let mut saved = failure.clone();
    saved.attributes.push(("saved.charge".into(), "1".into()));
    let ignored =
        Ignored { reason: IgnoreReason::ByPerson, text: String::new(), by: by.clone(), at: now(), until: None };
    vec![
        Event::Judged(Verdict::Ready),
        Event::Judged(Verdict::Pending(vec![Need::Decision { why: String::new() }])),
        Event::Planned(PlanDigest::new("p")),
        Event::Unplanned,
        Event::Confirmed { plan, by: by.clone() },
        Event::Sent { batch: BatchId::new("b") },
        Event::Stored,
        Event::AnswerLost { why: String::new() },
        Event::Deferred { at: now(), failure: failure.clone() },
        Event::Due { by: by.clone() },
        Event::GaveUp { failure },
        Event::GaveUp { failure: saved },
        Event::FoundAbsent { by },
        Event::IgnoredBy(ignored),
        Event::Unignored(Verdict::Ready),
    ]
}

fn cases(file: &'static str) -> ProptestConfig {
    ProptestConfig {
        cases: 100_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(file))),
        ..ProptestConfig::default()
    }
}

/// What one order says, in its order, and how often each is delivered.
fn story() -> impl Strategy<Value = Vec<(usize, usize)>> {
    let often = prop_oneof![20 => 1usize..3, 1 => 3usize..51];
    prop::collection::vec((0usize..5, often), 1..4)
}

proptest! {
    #![proptest_config(cases("tests/kept/conservation.txt"))]

    #[test]
    fn every_revision_stands_in_one_account_after_every_event(
        script in prop::collection::vec((any::<bool>(), 0usize..64, 0usize..EVENTS), 1..16),
    ) {
        let mut books = Books::default();
        for (delivers, which, what) in script {
            if delivers {
                let id = which % ORDERS;
                books.deliver(id, what % 5);
                books.one_can_go(id)?;
                books.balance(id)?;
            } else if let Some(id) = books.happen(which, what) {
                books.balance(id)?;
            }
        }
    }
}

proptest! {
    #![proptest_config(cases("tests/kept/delivery.txt"))]

    #[test]
    fn the_same_orders_make_the_same_tasks_however_they_come(
        stories in prop::collection::vec(story(), 1..ORDERS),
        shuffle in any::<u64>(),
        page in 1usize..9,
    ) {
        let mut straight = Books::default();
        for (id, story) in stories.iter().enumerate() {
            for (said, _) in story {
                straight.deliver(id, *said);
            }
        }
        // What one order says stays in its order; everything else is mixed.
        let mut rest: Vec<Vec<usize>> = stories
            .iter()
            .map(|story| story.iter().rev().flat_map(|(said, often)| vec![*said; *often]).collect())
            .collect();
        let mut dice = shuffle | 1;
        let mut mixed = Vec::new();
        while rest.iter().any(|left| !left.is_empty()) {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let id = (dice >> 33) as usize % rest.len();
            mixed.extend(rest[id].pop().map(|said| (id, said)));
        }
        let mut hostile = Books::default();
        for page in mixed.chunks(page) {
            // One commit a page: what the page says of an order twice is taken from its details, once.
            let last: BTreeMap<usize, usize> = page.iter().copied().collect();
            let skipped = page.iter().any(|(id, said)| last[id] != *said);
            if skipped {
                for (id, said) in page {
                    hostile.deliver(*id, *said);
                }
            } else {
                for (id, said) in last {
                    hostile.deliver(id, said);
                }
            }
        }
        prop_assert_eq!(&hostile.tasks, &straight.tasks);
        for id in 0..stories.len() {
            hostile.balance(id)?;
        }
    }
}
