//! Every reason for which an order is not synchronized, each reached, and which of several is told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use counterfoil_domain::card::{Circumstance, Scenario};
use counterfoil_domain::changes::{Given, Pass, take_in};
use counterfoil_domain::connection::{Connection, ConnectionState, Exceptions, HostRules};
use counterfoil_domain::id::{
    ConnectionId, CustomerId, EntityId, LineId, MarketplaceId, OrderId, PluginId, ResellerId, RuleId, SubscriptionId,
};
use counterfoil_domain::job::PriceSource;
use counterfoil_domain::judge::{self, Law, LinkBook, Standing};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::market::{Subscription, SubscriptionStatus};
use counterfoil_domain::money::Currency;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::{
    BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef,
};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::program::{HELD_BACK, Program, ProgramName, comes_back};
use counterfoil_domain::rule::{Amounts, Criteria, IgnoreRule};
use counterfoil_domain::snapshot;
use counterfoil_domain::statement::StatementPart;
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Need, Task, TaskState, Verdict, next};
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
        statement: None,
    }
}

/// What an order is judged beside. Made so that the order above is ready.
struct World {
    scenarios: Vec<Scenario>,
    rules: Vec<IgnoreRule>,
    links: LinkBook,
    currencies: Option<BTreeSet<Currency>>,
    containers: bool,
    program: Option<Program>,
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
            containers: false,
            program: None,
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
            standing: Standing {
                rules: &self.rules,
                currencies: self.currencies.as_ref(),
                containers: self.containers,
                program: self.program.as_ref(),
                ..Standing::default()
            },
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

/// Of a statement, with everything switched on but what the change switches off.
fn of_statement(world: &mut World, order: &mut Order, motion: Motion, off: fn(&mut Program)) {
    let mut program = Program::off(ConnectionId::new("x"), ProgramName::MicrosoftCsp);
    (program.enabled, program.billing, program.azure, program.annual) = (true, true, true, true);
    program.motions = Motion::ALL.iter().copied().collect();
    off(&mut program);
    world.program = Some(program);
    let period = Period::new("2026-10-01".parse().unwrap(), "2026-11-01".parse().unwrap()).unwrap();
    order.statement = Some(Box::new(StatementPart {
        statement: "ST1".into(),
        stream: "seat".into(),
        period,
        motion,
        issue: 1,
        before: Decimal::ZERO,
        lines: BTreeMap::new(),
    }));
}

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
    (IgnoreReason::ProgramOff, "switch it on: its money is kept, and it comes back by itself", |w, o| {
        of_statement(w, o, Motion::MonthlyMonthly, |program| program.enabled = false);
    }),
    (IgnoreReason::ProgramOff, "the program is off for this connection", |w, o| {
        of_statement(w, o, Motion::MonthlyMonthly, |_| {});
        w.program = None;
    }),
    (IgnoreReason::BillingOff, "switch its billing on", |w, o| {
        of_statement(w, o, Motion::MonthlyMonthly, |program| program.billing = false);
    }),
    (IgnoreReason::MotionOff, "\"Monthly billing with annual commitment (P1Y:M)\" is not selected", |w, o| {
        of_statement(w, o, Motion::AnnualMonthly, |program| _ = program.motions.remove(&Motion::AnnualMonthly));
    }),
    (IgnoreReason::AzureOff, "switch \"Sync Azure\" on", |w, o| {
        of_statement(w, o, Motion::Usage, |program| program.azure = false);
    }),
    (IgnoreReason::AnnualOff, "switch \"Sync Annual Subscriptions\" on", |w, o| {
        of_statement(w, o, Motion::AnnualUpfront, |program| program.annual = false);
    }),
    (IgnoreReason::UnknownMotion, "bill it by hand", |w, o| of_statement(w, o, Motion::Unknown, |_| {})),
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
    // Said by the engine after a plan, of reconcile tasks alone.
    reached.insert(IgnoreReason::InAgreement);
    assert_eq!(reached, IgnoreReason::ALL.iter().copied().collect());
}

/// Of two that hold, the reason in the first column is told.
#[test]
fn facts_come_before_people_people_before_the_table_and_the_table_before_the_currency() {
    let everybody: Change = |w, _| w.rule(Criteria { customer: Some(CustomerId::new("c")), ..Criteria::default() });
    let no_currency: Change = |w, _| w.currencies = Some([Currency::parse("EUR").unwrap()].into());
    let program_off: Change = |w, o| of_statement(w, o, Motion::MonthlyMonthly, |program| program.enabled = false);
    let rows: [(IgnoreReason, [Change; 2]); 12] = [
        (IgnoreReason::ZeroAmount, [program_off, |_, o| o.lines[0].amount = Decimal::ZERO]),
        (IgnoreReason::ExcludedCustomer, [program_off, everybody]),
        (IgnoreReason::ProgramOff, [program_off, |_, o| o.order_type = OrderType::Renewal]),
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
    let rows: [(&str, Change); 5] = [
        ("all of the program is on", |w, o| of_statement(w, o, Motion::AnnualUpfront, |_| {})),
        ("usage is switched by itself", |w, o| {
            of_statement(w, o, Motion::Usage, |program| program.motions.clear());
        }),
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

/// A program that is set otherwise brings back what it held back, and nothing else.
#[test]
fn what_a_program_held_back_comes_back_when_it_is_set_otherwise() {
    type Set = fn(&mut Program);
    let rows: [(IgnoreReason, Motion, Set, Option<&str>); 8] = [
        (IgnoreReason::ProgramOff, Motion::MonthlyMonthly, |_| {}, Some("Microsoft CSP bills")),
        (IgnoreReason::ProgramOff, Motion::MonthlyMonthly, |p| p.enabled = false, None),
        (
            IgnoreReason::ProgramOff,
            Motion::MonthlyMonthly,
            |p| p.billing = false,
            Some("for another reason now: billing-off"),
        ),
        (IgnoreReason::MotionOff, Motion::AnnualMonthly, |_| {}, Some("(P1Y:M)")),
        (IgnoreReason::MotionOff, Motion::AnnualMonthly, |p| p.motions.clear(), None),
        (IgnoreReason::AzureOff, Motion::Usage, |_| {}, Some("Usage (Azure)")),
        (IgnoreReason::UnknownMotion, Motion::Unknown, |_| {}, None),
        (IgnoreReason::ExcludedCustomer, Motion::MonthlyMonthly, |_| {}, None),
    ];
    for (reason, motion, set, expected) in rows {
        let (mut world, mut order) = (World::new(), order());
        of_statement(&mut world, &mut order, motion, set);
        let back = comes_back(reason, world.program.as_ref(), motion);
        match expected {
            Some(words) => assert!(back.as_ref().is_some_and(|why| why.contains(words)), "{reason}: {back:?}"),
            None => assert_eq!(back, None, "{reason}"),
        }
    }
    let reached: BTreeSet<IgnoreReason> = HELD_BACK.into_iter().collect();
    assert_eq!(reached.len(), 6);
    let program = Program::off(ConnectionId::new("x"), ProgramName::MicrosoftCsp);
    let on = Program { enabled: true, ..program.clone() };
    let mailed = Program { emails: vec!["a@example.com".into()], daily_at: Some(60), ..program.clone() };
    assert_ne!(program.digest(), on.digest());
    assert_eq!(program.digest(), mailed.digest(), "who is told decides nothing");
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

/// An order without lines: a person decides, unless no row could take it whatever they decide.
#[test]
fn a_row_that_refuses_is_asked_before_a_person_is() {
    let aligned = |aligned: bool| Subscription {
        id: SubscriptionId::new("s"),
        name: "s".into(),
        customer: CustomerId::new("c"),
        status: SubscriptionStatus::Active,
        billing_model: BillingModel::BeforeBillingPeriod,
        cycle: Some(if aligned { Cycle::StatementDay } else { Cycle::Months(1) }),
        currency: Some(usd()),
        created_at: None,
        renews_on: None,
        lines: vec![],
    };
    let refuses = vec![Circumstance::AlignedWithStatementDay];
    let metered = BTreeSet::new();
    let order = Order { lines: vec![], ..order() };
    for (refused_when, another_row, subscription, decides) in [
        (refuses.clone(), false, Some(aligned(true)), false),
        (refuses.clone(), true, Some(aligned(true)), true),
        (refuses.clone(), false, Some(aligned(false)), true),
        (refuses, false, None, true),
        (vec![], false, Some(aligned(true)), true),
    ] {
        let mut world = World::new();
        world.scenarios[0].refused_when = refused_when;
        if another_row {
            let more = Scenario { refused_when: vec![], name: "another".into(), ..world.scenarios[0].clone() };
            world.scenarios.push(more);
        }
        let judgement = judge::judge(&order, subscription.as_ref(), world.law(&metered));
        match judgement.verdict {
            Verdict::Pending(needs) => {
                assert!(decides && matches!(needs.as_slice(), [Need::Decision { .. }]), "{needs:?}");
            }
            Verdict::Ignored(ignored) => {
                assert!(!decides, "{ignored:?}");
                assert_eq!(ignored.reason, IgnoreReason::UnsupportedBillingModel);
                assert!(ignored.text.contains("aligned with the statement day"), "{}", ignored.text);
            }
            Verdict::Ready => panic!("nothing is billed without a line"),
        }
    }
}

/// A container holds nothing but items: there a fee of the plan needs the item of its fee, and elsewhere it does not.
#[test]
fn a_fee_of_the_plan_waits_for_its_item_where_lines_go_into_containers() {
    let metered = BTreeSet::new();
    for (containers, state, waits) in [
        (true, None, true),
        (true, Some(LinkState::Unlinked), true),
        (true, Some(linked()), false),
        (false, None, false),
    ] {
        let mut world = World { containers, ..World::new() };
        world.scenarios[0].fees.push((Fee::PlanRecurring, PriceSource::Order));
        world.links.insert(link(LinkKind::Container, "s", linked()));
        if let Some(state) = state.clone() {
            world.links.insert(link(LinkKind::Fee, "plan-recurring", state));
        }
        let mut order = order();
        order.lines[0].product = None;
        order.lines[0].kind = LineKind::Fee(Fee::PlanRecurring);
        let name = || "plan-recurring".to_owned();
        let need = Need::Link { kind: LinkKind::Fee, source: name(), name: name() };
        let expected = if waits { Verdict::Pending(vec![need]) } else { Verdict::Ready };
        let verdict = judge::judge(&order, None, world.law(&metered)).verdict;
        assert_eq!(verdict, expected, "{containers} {state:?}");
    }
}

/// Where lines go into containers, a subscription needs one; an order of no subscription, or another target, does not.
#[test]
fn a_subscription_waits_for_its_container() {
    let metered = BTreeSet::new();
    let never = LinkState::NeverSync;
    for (containers, subscription, state, waits) in [
        (true, true, None, true),
        (true, true, Some(LinkState::Unlinked), true),
        (true, true, Some(linked()), false),
        (true, false, None, false),
        (false, true, None, false),
        (false, true, Some(LinkState::Unlinked), false),
    ] {
        let mut world = World { containers, ..World::new() };
        if let Some(state) = state.clone() {
            world.links.insert(link(LinkKind::Container, "s", state));
        }
        let order = Order { subscription: subscription.then(|| SubscriptionId::new("s")), ..order() };
        let verdict = judge::judge(&order, None, world.law(&metered)).verdict;
        let need = Need::Link { kind: LinkKind::Container, source: "s".into(), name: "s".into() };
        let expected = if waits { Verdict::Pending(vec![need]) } else { Verdict::Ready };
        assert_eq!(verdict, expected, "{containers} {subscription} {state:?}");
    }
    let mut world = World { containers: true, ..World::new() };
    world.links.insert(link(LinkKind::Container, "s", never));
    assert!(matches!(judge::judge(&order(), None, world.law(&metered)).verdict, Verdict::Ignored(_)));
}

/// In a container something goes on until it is ended or made less there, also where no money is given back for it.
#[test]
fn an_order_that_comes_to_no_money_still_changes_what_recurs_in_a_container() {
    use OrderType::{Cancellation, Change, Sales};
    let none: &[(Fee, i64, i64)] = &[];
    for (containers, kind, lines, total, expected) in [
        (true, Cancellation, none, Some(0), "ready 0"),
        (true, Cancellation, none, None, "ready 0"),
        (true, Cancellation, none, Some(7), "pending"),
        (true, Cancellation, &[(Fee::ResourceRecurringRefund, -2, 10)], Some(0), "ready 0"),
        (true, Change, &[(Fee::ResourceDowngrade, -2, 10)], Some(0), "ready 1"),
        (true, Change, &[(Fee::ResourceDowngrade, -2, 0)], Some(0), "ready 1"),
        (true, Change, &[(Fee::ResourceRecurring, 2, 10)], Some(0), "ready 1"),
        (true, Change, &[(Fee::ResourceRecurring, 2, 0)], Some(0), "zero-amount"),
        (true, Change, &[(Fee::ResourceDowngrade, 0, 10)], Some(0), "zero-amount"),
        (true, Sales, &[(Fee::ResourceRecurring, 2, 10)], Some(0), "zero-amount"),
        (false, Cancellation, none, Some(0), "pending"),
        (false, Cancellation, &[(Fee::ResourceRecurringRefund, -2, 10)], Some(0), "zero-amount"),
        (false, Change, &[(Fee::ResourceDowngrade, -2, 10)], Some(0), "zero-amount"),
    ] {
        let mut world = World { containers, ..World::new() };
        world.links.insert(link(LinkKind::Container, "s", linked()));
        let row = |order, name: &str| Scenario { order, name: name.into(), ..world.scenarios[0].clone() };
        let fees = vec![(Fee::ResourceRecurring, PriceSource::Order), (Fee::ResourceDowngrade, PriceSource::Order)];
        let change = Scenario { fees, prorate: vec![Fee::ResourceRecurring], ..row(Change, "change") };
        let more = [change, row(Cancellation, "cancellation")];
        world.scenarios.extend(more);
        let mut order = Order { order_type: kind, total: total.map(Decimal::from), ..order() };
        let line = order.lines.remove(0);
        let free = |(fee, quantity, unit): &(Fee, i64, i64)| OrderLine {
            kind: LineKind::Fee(*fee),
            quantity: Decimal::from(*quantity),
            unit_price: Decimal::from(*unit),
            amount: Decimal::ZERO,
            ..line.clone()
        };
        order.lines = lines.iter().map(free).collect();
        let metered = BTreeSet::new();
        let judged = judge::judge(&order, None, world.law(&metered));
        let told = match &judged.verdict {
            Verdict::Ready => format!("ready {}", judged.lines.len()),
            Verdict::Pending(_) => "pending".to_owned(),
            Verdict::Ignored(ignored) => ignored.reason.to_string(),
        };
        assert_eq!(told, expected, "{containers} {kind} {lines:?} {total:?}");
        assert!(judged.lines.iter().all(|line| !line.prorate), "what is given for nothing is not charged by days");
    }
}
