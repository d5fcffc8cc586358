//! One order, its subscription, its links and a connection, for the tests of what people adjust and decide.
#![expect(dead_code, reason = "each test takes what it needs")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, TimeZone as _, Utc};
use counterfoil_domain::adjust::{self, Adjustments, Raw, RawLine, RawPeriod};
use counterfoil_domain::assemble::{self, Parts};
use counterfoil_domain::card::Scenario;
use counterfoil_domain::connection::*;
use counterfoil_domain::directory::Entity;
use counterfoil_domain::id::*;
use counterfoil_domain::job::{Job, JobKind, PriceSource};
use counterfoil_domain::judge::{self, Judgement, Law, LinkBook, Standing};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::market::{Subscription, SubscriptionLine, SubscriptionStatus};
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::order::*;
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::pricing::PriceError;
use counterfoil_domain::task::{Subject, Task, TaskState};
use rust_decimal::Decimal;

pub(crate) fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

pub(crate) fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 9, 0, 0).unwrap()
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn product(code: &str) -> ProductRef {
    ProductRef { code: code.into(), name: format!("Product {code}") }
}

pub(crate) fn line(id: &str, fee: Fee, code: Option<&str>, quantity: &str, price: &str, amount: &str) -> OrderLine {
    OrderLine {
        id: id.into(),
        kind: LineKind::Fee(fee),
        product: code.map(product),
        description: format!("line {id} of the order"),
        quantity: number(quantity),
        unit_price: number(price),
        unit_cost: None,
        amount: number(amount),
        service_period: None,
        cycle: None,
    }
}

/// Two lines: 18 × 33.00 recurring for P1, of which the marketplace bills 594.00, and a setup of 10.00 for the plan.
pub(crate) fn order() -> Order {
    Order {
        key: OrderKey { marketplace: "m".into(), order: "1".into() },
        number: "SO1".into(),
        order_type: OrderType::Sales,
        status: OrderStatus::Completed,
        customer: "c".into(),
        subscription: Some("s".into()),
        created_at: now(),
        provisioned_at: Some(Utc.with_ymd_and_hms(2026, 11, 12, 8, 0, 0).unwrap()),
        billing_model: BillingModel::BeforeBillingPeriod,
        currency: usd(),
        total: Some(number("604.00")),
        lines: vec![
            line("1", Fee::ResourceRecurring, Some("P1"), "18", "33.00", "594.00"),
            line("2", Fee::PlanSetup, None, "1", "10.00", "10.00"),
        ],
        on_renewal: false,
        vendor_rated: false,
        statement: None,
    }
}

pub(crate) fn subscription() -> Subscription {
    let line = |code: &str, quantity: &str, price: &str| SubscriptionLine {
        product: product(code),
        quantity: number(quantity),
        unit_price: number(price),
        unit_cost: Some(number("20")),
        amount: None,
    };
    Subscription {
        id: "s".into(),
        name: "Office".into(),
        customer: "c".into(),
        status: SubscriptionStatus::Active,
        billing_model: BillingModel::BeforeBillingPeriod,
        cycle: Some(Cycle::Months(1)),
        currency: Some(usd()),
        created_at: Some(Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap()),
        renews_on: None,
        lines: vec![line("P1", "18", "33.00"), line("P2", "3", "10.00")],
    }
}

pub(crate) fn scenario(order: OrderType, model: BillingModel, fees: &[Fee], prorate: &[Fee]) -> Scenario {
    Scenario {
        name: order.name().to_owned(),
        order,
        models: vec![model],
        usage: None,
        fees: fees.iter().map(|fee| (*fee, PriceSource::Catalogue)).collect(),
        order_price_when: vec![],
        refused_when: vec![],
        prorate: prorate.to_vec(),
    }
}

pub(crate) fn link(kind: LinkKind, source: &str, target: &str) -> Link {
    let target =
        LinkTarget { id: target.into(), code: target.into(), name: format!("Item {target}"), attributes: vec![] };
    Link {
        key: LinkKey { connection: "x".into(), kind, source: source.into() },
        source_name: source.into(),
        state: LinkState::Linked(target),
        why: String::new(),
    }
}

/// The customer and P1 are linked, nothing else is.
pub(crate) fn links() -> LinkBook {
    LinkBook::new(vec![link(LinkKind::Party, "c", "party"), link(LinkKind::Item, "P1", "item-1")])
}

pub(crate) fn connection(rules: HostRules) -> Connection {
    Connection {
        id: "x".into(),
        reseller: "r".into(),
        name: "X".into(),
        plugin: "p".into(),
        marketplace: "m".into(),
        state: ConnectionState::Enabled,
        state_reason: String::new(),
        base_url: None,
        token_url: None,
        auth: None,
        exceptions: Exceptions::default(),
        settings: BTreeMap::new(),
        rules,
    }
}

pub(crate) fn task(order: &Order, state: TaskState) -> Task {
    let subject = Subject::Order { key: order.key.clone(), revision: order.revision() };
    Task {
        id: "t".into(),
        reseller: "r".into(),
        connection: "x".into(),
        subject,
        kind: JobKind::Sales,
        number: order.number.clone(),
        customer: order.customer.clone(),
        customer_name: "C".into(),
        subscription: order.subscription.clone(),
        amount: Money::new(order.total.unwrap_or_default(), order.currency),
        scenario: "sales".into(),
        state,
        created_at: now(),
        observed_at: now(),
        updated_at: now(),
        failures: 0,
        crashes: 0,
        version: 1,
    }
}

/// `line field=value …`, as people type it.
pub(crate) fn typed(rows: &str) -> Raw {
    let mut raw = Raw::default();
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let mut words = row.split_whitespace();
        let mut line = RawLine { line: words.next().unwrap().to_owned(), ..RawLine::default() };
        let mut period = RawPeriod::default();
        for word in words {
            let (field, value) = word.split_once('=').unwrap();
            let text = Some(value.replace('_', " "));
            match field {
                "quantity" => line.quantity = text,
                "price" => line.unit_price = text,
                "cost" => line.unit_cost = text,
                "billing" => line.billing = text,
                "source" => line.price_source = text,
                "description" => line.description = text,
                "taxable" => line.taxable = Some(value == "yes"),
                "start" => period.start = text,
                "end" => period.end = text,
                other => panic!("no field {other}"),
            }
        }
        line.period = Some(period).filter(|period| *period != RawPeriod::default());
        raw.lines.push(line);
    }
    raw
}

pub(crate) fn set(order: &Order, rows: &str) -> Adjustments {
    let links = links();
    let (task, by) = (TaskId::new("t"), Actor::new("ann"));
    let basis = adjust::Basis { task: &task, order, links: &links, adjust: &[], before: None, by: &by, at: now() };
    adjust::checked(&typed(rows), basis).unwrap()
}

/// All that a job is made with; each test changes what it is about.
pub(crate) struct Shop {
    pub(crate) order: Order,
    pub(crate) subscription: Subscription,
    pub(crate) links: LinkBook,
    pub(crate) rules: HostRules,
    pub(crate) scenarios: Vec<Scenario>,
    pub(crate) items: BTreeMap<EntityId, Entity>,
    pub(crate) containers: BTreeMap<EntityId, Entity>,
    pub(crate) kind: JobKind,
}

impl Shop {
    pub(crate) fn new(order: Order) -> Self {
        let fees: Vec<Fee> = Fee::ALL.to_vec();
        let scenarios = vec![
            scenario(OrderType::Sales, order.billing_model, &fees, &[Fee::ResourceRecurring]),
            scenario(OrderType::Change, order.billing_model, &fees, &[Fee::ResourceRecurring]),
            scenario(OrderType::Billing, order.billing_model, &fees, &[]),
            scenario(OrderType::Renewal, order.billing_model, &fees, &[]),
        ];
        let kind = judge::job_kind(&order);
        // Whole prices unless a test is about proration.
        let rules = HostRules { proration: counterfoil_domain::proration::Method::None, ..HostRules::default() };
        Self {
            order,
            subscription: subscription(),
            links: links(),
            rules,
            scenarios,
            items: BTreeMap::new(),
            containers: BTreeMap::new(),
            kind,
        }
    }

    pub(crate) fn item(mut self, id: &str, price: &str) -> Self {
        let item = Entity {
            kind: "item".into(),
            id: id.into(),
            code: id.into(),
            name: format!("Catalogue {id}"),
            currency: None,
            cycle: None,
            active: true,
            price: Some(number(price)),
            cost: Some(number("1")),
            attributes: vec![],
        };
        self.items.insert(id.into(), item);
        self
    }

    /// The subscription goes into a container that the target tells of: "name=value …".
    pub(crate) fn container(mut self, told: &str) -> Self {
        self.links.insert(link(LinkKind::Container, "s", "agreement"));
        let mut entity = Entity {
            kind: "container".into(),
            id: "agreement".into(),
            code: String::new(),
            name: "Gold".into(),
            currency: Some(usd()),
            cycle: Some("P1M".into()),
            active: true,
            price: None,
            cost: None,
            attributes: vec![],
        };
        for (name, value) in told.split_whitespace().filter_map(|word| word.split_once('=')) {
            match name {
                "cycle" => entity.cycle = Some(value.to_owned()).filter(|value| value != "none"),
                "currency" => entity.currency = Currency::parse(value).ok(),
                "active" => entity.active = value == "true",
                _ => entity.attributes.push((name.to_owned(), value.to_owned())),
            }
        }
        self.containers.insert("agreement".into(), entity);
        self
    }

    pub(crate) fn judged<R>(&self, set: Option<&Adjustments>, then: impl FnOnce(Judgement<'_>) -> R) -> R {
        let adjusted = adjust::applied(&self.order, set);
        let metered = BTreeSet::new();
        let law = Law {
            scenarios: &self.scenarios,
            rules: &self.rules,
            links: &self.links,
            metered: &metered,
            standing: Standing::default(),
            now: now(),
        };
        let judgement = judge::judge(&adjusted.order, Some(&self.subscription), law);
        then(adjust::judged(&adjusted, set, judgement, law))
    }

    pub(crate) fn job(&self, set: Option<&Adjustments>) -> Result<Job, PriceError> {
        let connection = connection(self.rules.clone());
        let task = TaskId::new("t");
        self.judged(set, |judgement| {
            let parts = Parts {
                task: &task,
                kind: self.kind,
                connection: &connection,
                customer: None,
                subscription: Some(&self.subscription),
                links: &self.links,
                items: &self.items,
                containers: &self.containers,
                settings: &[],
                recurring: false,
                adjustments: set,
                today: now().date_naive(),
            };
            assemble::job(&self.order, &judgement.lines, parts)
        })
    }
}

pub(crate) fn period(start: &str, end: &str) -> Period {
    Period::new(day(start), day(end)).unwrap()
}
