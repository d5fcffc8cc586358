//! A reseller with a few orders, an engine over any store, and the driving of it to rest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::connection::{
    Connection, ConnectionState, Exceptions, HostRules, Marketplace, MarketplaceKind, Reseller,
};
use counterfoil_domain::id::{
    Actor, ConnectionId, CustomerId, EntityId, LineId, MarketplaceId, OrderId, PluginId, ResellerId, RunId,
    SubscriptionId,
};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::market::{Customer, OrderHead, Page, PageCursor, Product, Subscription};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType};
use counterfoil_domain::ports::{
    DetailError, Door, ManualClock, MarketplaceClient, OrderQuery, PageRequest, Pending, Records, SourceError, Store,
    TaskFilter, Write,
};
use counterfoil_domain::run::{Run, RunKind, RunState, Selection};
use counterfoil_domain::task::{Event, Task, next};
use counterfoil_engine::{Engine, Parts, Sources};
use tokio::sync::broadcast;

use super::ledger::{Books, Ledger, LedgerTarget, OneTarget};

pub(crate) const CLASS_A: DeliveryClass = DeliveryClass::A { lifetime: Duration::from_secs(300) };

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// Orders that never change.
#[derive(Debug)]
pub(crate) struct Orders(pub(crate) Vec<Order>);

impl Orders {
    pub(crate) fn some(count: usize) -> Self {
        Self((1..=count).map(order).collect())
    }
}

pub(crate) fn order(n: usize) -> Order {
    let amount = rust_decimal::Decimal::new(1_000 + n as i64, 2);
    Order {
        key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new(format!("o{n}")) },
        number: format!("SO{n}"),
        order_type: OrderType::Sales,
        status: OrderStatus::Completed,
        customer: CustomerId::new("c"),
        subscription: None,
        created_at: now() - chrono::Duration::minutes(n as i64),
        provisioned_at: None,
        billing_model: BillingModel::BeforeBillingPeriod,
        currency: Currency::parse("USD").unwrap(),
        total: Some(amount),
        lines: vec![OrderLine {
            id: LineId::new("1"),
            kind: LineKind::Fee(Fee::PlanRecurring),
            product: None,
            description: "plan".into(),
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

fn page<T>(rows: Vec<T>) -> Page<T> {
    Page { rows, unreadable: vec![], next: None }
}

impl MarketplaceClient for Orders {
    fn orders(&self, _: OrderQuery) -> Pending<'_, Result<Page<OrderHead>, SourceError>> {
        let heads = self.0.iter().map(|order| OrderHead {
            id: order.key.order.clone(),
            number: order.number.clone(),
            status: order.status,
            created_at: order.created_at,
            fingerprint: order.status.name().to_owned(),
        });
        let heads = heads.collect();
        Box::pin(async move { Ok(page(heads)) })
    }

    fn details(&self, ids: Vec<OrderId>) -> Pending<'_, Vec<(OrderId, Result<Order, DetailError>)>> {
        let found = ids
            .into_iter()
            .map(|id| {
                let order = self.0.iter().find(|order| order.key.order == id).cloned();
                (id, order.ok_or(DetailError::Gone))
            })
            .collect();
        Box::pin(async move { found })
    }

    fn customers(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>> {
        let customer = Customer {
            id: CustomerId::new("c"),
            name: "Green Lane LLC".into(),
            external_id: None,
            tax_number: None,
            email: None,
            active: true,
        };
        Box::pin(async move { Ok(page(vec![customer])) })
    }

    fn subscriptions(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Subscription>, SourceError>> {
        Box::pin(async { Ok(page(vec![])) })
    }

    fn records(&self, _: Vec<CustomerId>, _: Vec<SubscriptionId>) -> Pending<'_, Result<Records, SourceError>> {
        Box::pin(async { Ok(Records::default()) })
    }

    fn products(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Product>, SourceError>> {
        Box::pin(async { Ok(page(vec![])) })
    }
}

/// What survives a crash: the store, the books and the clock.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) books: Arc<Mutex<Books>>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) class: DeliveryClass,
    pub(crate) orders: Arc<Orders>,
    /// Instead of the wire to the books.
    pub(crate) door: Option<Arc<dyn Door>>,
}

impl World {
    pub(crate) fn new(store: Arc<dyn Store>, class: DeliveryClass, orders: usize) -> Self {
        Self::of(store, class, Arc::new(Orders::some(orders)))
    }

    pub(crate) fn of(store: Arc<dyn Store>, class: DeliveryClass, orders: Arc<Orders>) -> Self {
        let clock = Arc::new(ManualClock::at(now()));
        let honours_keys = matches!(class, DeliveryClass::A { .. });
        let books = Books { honours_keys, clock: Some(Arc::clone(&clock)), ..Books::default() };
        Self { store, books: Arc::new(Mutex::new(books)), clock, class, orders, door: None }
    }

    /// Each order also gives money back, in a document of its own.
    pub(crate) fn with_refunds(self) -> Self {
        let mut orders = self.orders.0.clone();
        for order in &mut orders {
            let mut refund = order.lines[0].clone();
            refund.id = LineId::new("2");
            refund.kind = LineKind::Fee(Fee::PlanRecurringRefund);
            refund.unit_price = rust_decimal::Decimal::new(-400, 2);
            refund.amount = refund.unit_price;
            order.total = order.total.map(|total| total + refund.amount);
            order.lines.push(refund);
        }
        Self { orders: Arc::new(Orders(orders)), ..self }
    }

    pub(crate) fn with_store(&self, store: Arc<dyn Store>) -> Self {
        Self { store, ..self.clone() }
    }

    /// A process: what it held in memory is gone with it.
    pub(crate) fn engine(&self) -> Engine {
        let sources = Sources::default();
        sources.put(MarketplaceId::new("m"), Arc::clone(&self.orders) as Arc<dyn MarketplaceClient>);
        Engine::new(Parts {
            store: Arc::clone(&self.store),
            targets: Arc::new(OneTarget(Arc::new(LedgerTarget::new(self.class, Arc::clone(&self.books))))),
            door: self.door.clone().unwrap_or_else(|| Arc::new(Ledger(Arc::clone(&self.books)))),
            sources: Arc::new(sources),
            clock: Arc::clone(&self.clock) as Arc<_>,
            mailer: Arc::new(counterfoil_engine::NoMailer),
            changed: broadcast::channel(16).0,
        })
    }

    pub(crate) async fn set_up(&self) {
        let reseller = ResellerId::new("r");
        let link = Link {
            key: LinkKey { connection: ConnectionId::new("x"), kind: LinkKind::Party, source: "c".into() },
            source_name: "Green Lane LLC".into(),
            state: LinkState::Linked(LinkTarget {
                id: EntityId::new("p"),
                code: String::new(),
                name: "Green Lane LLC".into(),
                attributes: vec![],
            }),
            why: "test".into(),
        };
        let writes = vec![
            Write::PutReseller(Reseller { id: reseller.clone(), name: "R".into() }),
            Write::PutMarketplace(Marketplace {
                id: MarketplaceId::new("m"),
                reseller: reseller.clone(),
                kind: MarketplaceKind::File,
                location: String::new(),
                settings: BTreeMap::new(),
                exceptions: Exceptions::default(),
            }),
            Write::PutConnection(Connection {
                id: ConnectionId::new("x"),
                reseller,
                name: "X".into(),
                plugin: PluginId::new("ledger"),
                marketplace: MarketplaceId::new("m"),
                state: ConnectionState::Enabled,
                state_reason: String::new(),
                base_url: None,
                token_url: None,
                auth: None,
                exceptions: Exceptions::default(),
                settings: BTreeMap::new(),
                rules: HostRules::default(),
            }),
            Write::PutLink(link),
        ];
        self.store.commit(writes).await.unwrap();
        self.ask("check", RunKind::Check).await;
    }

    pub(crate) async fn ask(&self, id: &str, kind: RunKind) {
        let run = Run {
            id: RunId::new(id),
            reseller: ResellerId::new("r"),
            connection: ConnectionId::new("x"),
            kind,
            state: RunState::Queued,
            asked_by: Actor::new("ann"),
            asked_at: now(),
            started_at: None,
            finished_at: None,
            total: None,
            done: 0,
            counts: vec![],
            problems: vec![],
        };
        self.store.commit(vec![Write::InsertRun(run)]).await.unwrap();
    }

    pub(crate) async fn connection(&self) -> Connection {
        let all = self.store.connections().await.unwrap();
        all.into_iter().find(|connection| connection.id == ConnectionId::new("x")).unwrap()
    }

    /// Somebody signs in, or takes back a pause.
    pub(crate) async fn let_in(&self) {
        let connection = Connection { state: ConnectionState::Enabled, ..self.connection().await };
        self.store.commit(vec![Write::PutConnection(connection)]).await.unwrap();
    }

    pub(crate) async fn tasks(&self) -> Vec<Task> {
        self.store.tasks(TaskFilter::default(), PageRequest { after: None, limit: 10_000 }).await.unwrap()
    }

    /// Confirms what is planned, as the server would: tasks and run in one commit.
    pub(crate) async fn confirm(&self, run: &str) {
        let mut writes = Vec::new();
        let mut plans = Vec::new();
        for task in self.tasks().await {
            let Some(plan) = task.state.plan().filter(|_| task.state.name() == "planned").cloned() else { continue };
            let event = Event::Confirmed { plan: plan.clone(), by: Actor::new("ann") };
            let state = next(task.state.clone(), event).unwrap();
            writes.push(Write::UpdateTask(Task { state, version: task.version + 1, ..task }));
            plans.push(plan);
        }
        if plans.is_empty() {
            return;
        }
        writes.push(Write::InsertRun(Run {
            id: RunId::new(run),
            reseller: ResellerId::new("r"),
            connection: ConnectionId::new("x"),
            kind: RunKind::Sync(plans),
            state: RunState::Queued,
            asked_by: Actor::new("ann"),
            asked_at: now(),
            started_at: None,
            finished_at: None,
            total: None,
            done: 0,
            counts: vec![],
            problems: vec![],
        }));
        self.store.commit(writes).await.unwrap();
    }

    /// Everything up to a confirmed sync, then rounds with the clock turned until nothing moves.
    pub(crate) async fn work(&self, engine: &Engine, rounds: u32) {
        for round in 0..rounds {
            engine.round().await.unwrap();
            let tasks = self.tasks().await;
            if tasks.iter().any(|task| task.state.name() == "ready") {
                self.ask(&format!("plan-{round}-{}", tasks.len()), RunKind::Plan(Selection::AllReady)).await;
            }
            if tasks.iter().any(|task| task.state.name() == "planned") {
                self.confirm(&format!("sync-{round}-{}", tasks.len())).await;
            }
            let rest = |task: &Task| matches!(task.state.name(), "synced" | "parked" | "ignored");
            if !tasks.is_empty() && tasks.iter().all(rest) {
                return;
            }
            self.clock.advance(chrono::Duration::seconds(20));
        }
    }

    /// How often each order stands in the books.
    pub(crate) fn copies(&self) -> Vec<usize> {
        self.copies_of("charge")
    }

    pub(crate) fn copies_of(&self, kind: &str) -> Vec<usize> {
        let mut books = self.books.lock().unwrap();
        books.catch_up();
        let count = |order: &Order| books.documents.get(&format!("{kind}:{}", order.number)).map_or(0, Vec::len);
        self.orders.0.iter().map(count).collect()
    }

    pub(crate) fn sends(&self) -> Vec<u32> {
        let books = self.books.lock().unwrap();
        self.orders
            .0
            .iter()
            .map(|o| books.sends.get(&format!("charge:{}", o.number)).copied().unwrap_or_default())
            .collect()
    }
}
