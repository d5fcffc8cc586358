//! Every reason for which an order is not synchronized, each reached, and which of several is told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use counterfoil_domain::card::Scenario;
use counterfoil_domain::changes::{Given, Pass, take_in};
use counterfoil_domain::connection::{Connection, ConnectionState, Exceptions, HostRules};
use counterfoil_domain::id::{
    ConnectionId, CustomerId, EntityId, LineId, MarketplaceId, OrderId, PluginId, ResellerId, RuleId, SubscriptionId,
};
use counterfoil_domain::job::PriceSource;
use counterfoil_domain::judge::{Law, LinkBook, Standing};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{
    BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef,
};
use counterfoil_domain::rule::{Amounts, Criteria, IgnoreRule};
use counterfoil_domain::snapshot;
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Task, TaskState, Verdict, next};
use rust_decimal::Decimal;

fn at(day: &str) -> DateTime<Utc> {
    format!("{day}T09:00:00Z").parse().unwrap()
}

fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

fn order() -> Order {
    let line = OrderLine {
        id: LineId::new("1"),
        kind: LineKind::Fee(Fee::ResourceRecurring),
        product: Some(ProductRef { code: "SEAT".into(), name: "Seat".into() }),
        description: "a seat".into(),
        quantity: Decimal::TWO,
        unit_price: Decimal::TEN,
        unit_cost: None,
        amount: Decimal::from(20),
        service_period: None,
        cycle: None,
    };
    Order {
        key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new("1") },
        number: "SO000001".into(),
        order_type: OrderType::Sales,
        status: OrderStatus::Completed,
        customer: CustomerId::new("c"),
        subscription: Some(SubscriptionId::new("s")),
        created_at: at("2026-11-10"),
        provisioned_at: Some(at("2026-11-10")),
        billing_model: BillingModel::BeforeBillingPeriod,
        currency: usd(),
        total: Some(Decimal::from(20)),
        lines: vec![line],
        on_renewal: false,
        vendor_rated: false,
    }
}

/// What an order is judged beside. Made so that the order above is ready.
struct World {
    scenarios: Vec<Scenario>,
    rules: Vec<IgnoreRule>,
    links: LinkBook,
    currencies: Option<BTreeSet<Currency>>,
    connection: Connection,
    pass: Pass,
    snapshot: Option<DateTime<Utc>>,
}

fn link(kind: LinkKind, source: &str, state: LinkState) -> Link {
    let key = LinkKey { connection: ConnectionId::new("x"), kind, source: source.into() };
    Link { key, source_name: String::new(), state, why: String::new() }
}

fn linked() -> LinkState {
    let id = EntityId::new("t");
    LinkState::Linked(LinkTarget { id, code: String::new(), name: String::new(), attributes: vec![] })
}

impl World {
    fn new() -> Self {
        let sale = Scenario {
            name: "new sale".into(),
            order: OrderType::Sales,
            models: vec![BillingModel::BeforeBillingPeriod],
            usage: None,
            fees: vec![(Fee::ResourceRecurring, PriceSource::Order)],
            order_price_when: vec![],
            refused_when: vec![],
            prorate: vec![],
        };
        let links = [(LinkKind::Party, "c"), (LinkKind::Item, "SEAT")].map(|(kind, id)| link(kind, id, linked()));
        let connection = Connection {
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
        };
        Self {
            scenarios: vec![sale],
            rules: vec![],
            links: LinkBook::new(links.into()),
            currencies: None,
            connection,
            pass: Pass::Later { until: at("2026-11-08") },
            snapshot: None,
        }
    }

    fn rule(&mut self, criteria: Criteria) {
        let id = RuleId::new(format!("rule_{}", self.rules.len()));
        let connection = self.connection.id.clone();
        let (text, by) = ("bills itself".to_owned(), "ann".into());
        self.rules.push(IgnoreRule { id, connection, criteria, text, by, at: at("2026-11-01"), until: None });
    }

    fn law<'a>(&'a self, metered: &'a BTreeSet<String>) -> Law<'a> {
        Law {
            scenarios: &self.scenarios,
            rules: &self.connection.rules,
            links: &self.links,
            metered,
            standing: Standing { rules: &self.rules, currencies: self.currencies.as_ref() },
            now: at("2026-11-21"),
        }
    }

    fn taken(&self, order: &Order) -> Task {
        let metered = BTreeSet::new();
        let given = Given {
            connection: &self.connection,
            law: self.law(&metered),
            pass: self.pass,
            customer: None,
            subscription: None,
            snapshot: self.snapshot,
        };
        take_in(order, &[], given).task.unwrap()
    }
}

type Change = fn(&mut World, &mut Order);

/// Each reason but a person's own, by what brings it about.
const ROWS: &[(IgnoreReason, &str, Change)] = &[
    (IgnoreReason::UnsupportedOrderType, "no scenario of this target takes renewal orders", |_, o| {
        o.order_type = OrderType::Renewal;
    }),
    (IgnoreReason::UnsupportedOrderType, "no scenario of this target takes renewal orders", |_, o| {
        (o.order_type, o.lines) = (OrderType::Renewal, vec![]);
    }),
    (IgnoreReason::UnsupportedBillingModel, "external-rating", |_, o| o.billing_model = BillingModel::ExternalRating),
    (IgnoreReason::UnsupportedBillingModel, "external-rating", |_, o| {
        (o.billing_model, o.lines) = (BillingModel::ExternalRating, vec![]);
    }),
    (IgnoreReason::UnsupportedFee, "penalty", |_, o| o.lines[0].kind = LineKind::Fee(Fee::Penalty)),
    (IgnoreReason::UnsupportedFee, "meteoriteFee", |_, o| o.lines[0].kind = LineKind::Other("meteoriteFee".into())),
    (IgnoreReason::NotFinal, "processing", |_, o| o.status = OrderStatus::Processing),
    (IgnoreReason::NotFinal, "in error", |_, o| o.status = OrderStatus::Error),
    (IgnoreReason::NotFinal, "cancelled", |_, o| o.status = OrderStatus::Cancelled),
    (IgnoreReason::ZeroAmount, "no line of it bills anything", |_, o| o.lines[0].amount = Decimal::ZERO),
    (IgnoreReason::ZeroAmount, "no line of it bills anything", |_, o| {
        o.lines[0].kind = LineKind::NotBillable("payment".into());
    }),
    (IgnoreReason::MigratedSubscription, "migrated", |_, o| o.order_type = OrderType::Migration),
    (
        IgnoreReason::CoveredByInitialTask,
        "initial task of subscription s, made on 2026-11-15, stands for this",
        |w, _| {
            w.snapshot = Some(at("2026-11-15"));
        },
    ),
    (IgnoreReason::OlderThanStartWindow, "from before 2026-11-12", |w, _| {
        w.connection.rules.start_on = Some("2026-11-12".parse().unwrap());
    }),
    (IgnoreReason::ExcludedCustomer, "customer c: excluded by ann: \"bills itself\"", |w, _| {
        w.rule(Criteria { customer: Some(CustomerId::new("c")), ..Criteria::default() });
    }),
    (IgnoreReason::ExcludedCustomer, "customer c is never synchronized", |w, _| {
        w.links.insert(link(LinkKind::Party, "c", LinkState::NeverSync));
    }),
    (IgnoreReason::ExcludedProduct, "product SEAT: excluded by ann", |w, _| {
        w.rule(Criteria { product: Some("SEAT".into()), ..Criteria::default() });
    }),
    (IgnoreReason::ExcludedProduct, "item SEAT is never synchronized", |w, _| {
        w.links.insert(link(LinkKind::Item, "SEAT", LinkState::NeverSync));
    }),
    (IgnoreReason::ExcludedOrderType, "sales orders: excluded by ann", |w, _| {
        w.rule(Criteria { order_type: Some(OrderType::Sales), ..Criteria::default() });
    }),
    (IgnoreReason::ExcludedAmount, "at most 20.00 USD: excluded by ann", |w, _| {
        w.rule(Criteria { amount: Some((Amounts::AtMost(Decimal::from(20)), usd())), ..Criteria::default() });
    }),
    (IgnoreReason::CurrencyNotOffered, "bills nothing in USD; it offers EUR, NZD", |w, _| {
        w.currencies = Some(["NZD", "EUR"].map(|code| Currency::parse(code).unwrap()).into());
    }),
];

#[test]
fn every_reason_is_reached_and_says_what_is_the_matter() {
    assert_eq!(World::new().taken(&order()).state, TaskState::Ready, "else the rows prove nothing");
    let mut reached: BTreeSet<IgnoreReason> = BTreeSet::new();
    for (reason, words, change) in ROWS {
        let (mut world, mut order) = (World::new(), order());
        change(&mut world, &mut order);
        let task = world.taken(&order);
        let TaskState::Ignored(ignored) = &task.state else { panic!("{reason}: {:?}", task.state) };
        assert_eq!(ignored.reason, *reason, "{}", ignored.text);
        assert!(ignored.text.contains(words), "{reason}: {}", ignored.text);
        assert_eq!((ignored.at, task.amount.amount), (at("2026-11-21"), Decimal::from(20)), "{reason} shows its money");
        reached.insert(*reason);
    }
    let by_person = Ignored {
        reason: IgnoreReason::ByPerson,
        text: "paid by hand".into(),
        by: "ann".into(),
        at: at("2026-11-21"),
        until: None,
    };
    let state = next(TaskState::Ready, Event::IgnoredBy(by_person.clone())).unwrap();
    assert_eq!(state, TaskState::Ignored(by_person));
    reached.insert(IgnoreReason::ByPerson);
    assert_eq!(reached, IgnoreReason::ALL.iter().copied().collect());
}

/// Of two that hold, the reason in the first column is told.
#[test]
fn facts_come_before_people_people_before_the_table_and_the_table_before_the_currency() {
    let everybody: Change = |w, _| w.rule(Criteria { customer: Some(CustomerId::new("c")), ..Criteria::default() });
    let no_currency: Change = |w, _| w.currencies = Some([Currency::parse("EUR").unwrap()].into());
    let rows: [(IgnoreReason, [Change; 2]); 9] = [
        (IgnoreReason::NotFinal, [everybody, |_, o| o.status = OrderStatus::Processing]),
        (IgnoreReason::MigratedSubscription, [everybody, |_, o| o.order_type = OrderType::Migration]),
        (IgnoreReason::ZeroAmount, [everybody, |_, o| o.lines[0].amount = Decimal::ZERO]),
        (IgnoreReason::ExcludedCustomer, [everybody, |_, o| o.order_type = OrderType::Renewal]),
        (IgnoreReason::ExcludedCustomer, [everybody, |_, o| o.lines.clear()]),
        (IgnoreReason::ExcludedCustomer, [everybody, no_currency]),
        (IgnoreReason::UnsupportedOrderType, [no_currency, |_, o| o.order_type = OrderType::Renewal]),
        (IgnoreReason::CoveredByInitialTask, [everybody, |w, _| w.snapshot = Some(at("2026-11-15"))]),
        (IgnoreReason::CurrencyNotOffered, [no_currency, |_, o| o.lines.clear()]),
    ];
    for (expected, changes) in rows {
        let (mut world, mut order) = (World::new(), order());
        changes.iter().for_each(|change| change(&mut world, &mut order));
        let TaskState::Ignored(ignored) = world.taken(&order).state else { panic!("{expected}") };
        assert_eq!(ignored.reason, expected, "{}", ignored.text);
    }
}

#[test]
fn nothing_is_concluded_from_what_is_not_known_and_from_rules_that_are_over() {
    let rows: [(&str, Change); 3] = [
        ("the target's currencies are not known", |w, _| w.currencies = None),
        ("it offers this one", |w, _| w.currencies = Some([usd(), Currency::parse("EUR").unwrap()].into())),
        ("the rule's day has come", |w, _| {
            w.rule(Criteria { customer: Some(CustomerId::new("c")), ..Criteria::default() });
            w.rules[0].until = Some("2026-11-21".parse().unwrap());
        }),
    ];
    for (name, change) in rows {
        let (mut world, mut order) = (World::new(), order());
        change(&mut world, &mut order);
        assert_eq!(world.taken(&order).state, TaskState::Ready, "{name}");
    }
}

/// The oldest rule is told; a snapshot is ignored with its customer's orders, and not with the sales.
#[test]
fn rules_hold_for_snapshots_too() {
    let (snapshot, metered) = (order(), BTreeSet::new());
    let judged = |world: &World| match snapshot::judge(&snapshot, world.law(&metered)).verdict {
        Verdict::Ignored(ignored) => Some(ignored.reason),
        _ => None,
    };
    let mut world = World::new();
    world.rule(Criteria { order_type: Some(OrderType::Sales), ..Criteria::default() });
    assert_eq!(judged(&world), None);
    world.rule(Criteria { product: Some("SEAT".into()), ..Criteria::default() });
    world.rule(Criteria { customer: Some(CustomerId::new("c")), ..Criteria::default() });
    assert_eq!(judged(&world), Some(IgnoreReason::ExcludedProduct));
    world.rules.clear();
    world.currencies = Some([Currency::parse("EUR").unwrap()].into());
    assert_eq!(judged(&world), Some(IgnoreReason::CurrencyNotOffered));
}
