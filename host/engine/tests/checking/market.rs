//! A marketplace in memory: orders become visible when they like, pages are of any size, records may be broken.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{CustomerId, LineId, MarketplaceId, OrderId, SubscriptionId};
use counterfoil_domain::market::{
    Customer, OrderHead, Page, PageCursor, Product, Subscription, SubscriptionLine, SubscriptionStatus, Unreadable,
};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{
    BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef,
};
use counterfoil_domain::period::Cycle;
use counterfoil_domain::ports::{
    Clock, DetailError, ManualClock, MarketplaceClient, OrderQuery, Pending, Records, SourceError,
};
use rust_decimal::Decimal;

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    let text = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    text.parse().unwrap()
}

pub(crate) fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

pub(crate) fn seat() -> ProductRef {
    ProductRef { code: "SEAT".into(), name: "Seat".into() }
}

pub(crate) fn order(id: &str, kind: OrderType, subscription: &str, created: &str) -> Order {
    Order {
        key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new(id) },
        number: format!("N-{id}"),
        order_type: kind,
        status: OrderStatus::Completed,
        customer: CustomerId::new("c"),
        subscription: (!subscription.is_empty()).then(|| SubscriptionId::new(subscription)),
        created_at: at(created),
        provisioned_at: Some(at(created)),
        billing_model: BillingModel::BeforeBillingPeriod,
        currency: usd(),
        total: Some(Decimal::TEN),
        lines: vec![line(Fee::ResourceRecurring, "10")],
        on_renewal: false,
        vendor_rated: false,
        statement: None,
    }
}

pub(crate) fn line(fee: Fee, amount: &str) -> OrderLine {
    let amount: Decimal = amount.parse().unwrap();
    OrderLine {
        id: LineId::new(fee.name()),
        kind: LineKind::Fee(fee),
        product: Some(seat()),
        description: "seat".into(),
        quantity: Decimal::ONE,
        unit_price: amount,
        unit_cost: None,
        amount,
        service_period: None,
        cycle: None,
    }
}

pub(crate) fn subscription(id: &str, seats: i64) -> Subscription {
    Subscription {
        id: SubscriptionId::new(id),
        name: id.into(),
        customer: CustomerId::new("c"),
        status: SubscriptionStatus::Active,
        billing_model: BillingModel::BeforeBillingPeriod,
        cycle: Some(Cycle::Months(1)),
        currency: Some(usd()),
        created_at: None,
        renews_on: None,
        lines: vec![SubscriptionLine {
            product: seat(),
            quantity: seats.into(),
            unit_price: Decimal::TEN,
            unit_cost: None,
            amount: None,
        }],
    }
}

pub(crate) fn customer(id: &str, external: Option<&str>) -> Customer {
    Customer {
        id: CustomerId::new(id),
        name: format!("Customer {id}"),
        external_id: external.map(str::to_owned),
        tax_number: None,
        email: None,
        active: true,
    }
}

/// An order, and when the source begins to show it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) order: Order,
    pub(crate) from: Option<DateTime<Utc>>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) orders: Vec<Listed>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) customers: Vec<Customer>,
    pub(crate) products: Vec<Product>,
    /// Orders whose details cannot be read.
    pub(crate) broken: BTreeSet<String>,
    /// From this page on, the list cannot be read.
    pub(crate) broken_page: Option<usize>,
    /// Every page says that the next one is the first again.
    pub(crate) circles: bool,
    pub(crate) page: usize,
    /// Every page shows so many rows of the one before again.
    pub(crate) repeats: usize,
    /// The clock goes on by so much while subscriptions are read.
    pub(crate) takes: Option<chrono::Duration>,
    pub(crate) subscriptions_read: usize,
    pub(crate) products_read: usize,
    /// Customers and subscriptions asked for by id, list rows shown, orders read whole.
    pub(crate) records_read: usize,
    pub(crate) rows_shown: usize,
    pub(crate) details_read: usize,
    /// Every order list is empty, whatever there is.
    pub(crate) hollow: bool,
    /// The list of subscriptions is empty, whatever there is.
    pub(crate) no_list: bool,
    /// The source pays no attention to the days it is asked for.
    pub(crate) deaf: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Market {
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) clock: Arc<ManualClock>,
}

impl Market {
    pub(crate) fn new(clock: Arc<ManualClock>) -> Self {
        let state = State { page: 100, customers: vec![customer("c", None)], ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), clock }
    }

    pub(crate) fn add(&self, order: Order) {
        self.state.lock().unwrap().orders.push(Listed { order, from: None });
    }

    pub(crate) fn put(&self, order: Order) {
        self.state.lock().unwrap().orders.retain(|listed| listed.order.key != order.key);
        self.add(order);
    }

    fn list(&self, query: &OrderQuery) -> Result<Page<OrderHead>, SourceError> {
        let mut state = self.state.lock().unwrap();
        let now = self.clock.now();
        let seen = |listed: &&Listed| listed.from.is_none_or(|from| from <= now);
        let wanted = |listed: &&Listed| {
            let at = listed.order.created_at;
            let inside =
                query.created_from.is_none_or(|from| at >= from) && query.created_before.is_none_or(|to| at < to);
            !state.hollow && (state.deaf || inside)
        };
        let mut orders: Vec<&Order> = state.orders.iter().filter(seen).filter(wanted).map(|l| &l.order).collect();
        orders.sort_by_key(|order| std::cmp::Reverse(order.created_at));
        let number: usize = query.after.as_ref().map_or(0, |cursor| cursor.0.parse().unwrap());
        if state.broken_page.is_some_and(|broken| number >= broken) {
            return Err(SourceError::Malformed { place: format!("page {number}"), problem: "no JSON".into() });
        }
        let start = (number * state.page).saturating_sub(state.repeats);
        let end = ((number + 1) * state.page).min(orders.len());
        let head = |order: &&Order| OrderHead {
            id: order.key.order.clone(),
            number: order.number.clone(),
            status: order.status,
            created_at: order.created_at,
            fingerprint: format!("{}/{:?}", order.status, order.total),
        };
        let next = (end < orders.len()).then(|| PageCursor((number + 1).to_string()));
        let next = next.map(|next| if state.circles && number > 0 { PageCursor(number.to_string()) } else { next });
        let rows: Vec<OrderHead> = orders[start.min(end)..end].iter().map(head).collect();
        state.rows_shown += rows.len();
        Ok(Page { rows, unreadable: vec![], next })
    }

    fn detail(&self, id: &OrderId) -> Result<Order, DetailError> {
        let mut state = self.state.lock().unwrap();
        state.details_read += 1;
        if state.broken.contains(id.as_str()) {
            let unreadable = Unreadable { id: Some(id.to_string()), place: "order".into(), problem: "no total".into() };
            return Err(DetailError::Unreadable(unreadable));
        }
        let found = state.orders.iter().find(|listed| listed.order.key.order == *id);
        found.map(|listed| listed.order.clone()).ok_or(DetailError::Gone)
    }
}

fn whole<T>(rows: Vec<T>) -> Page<T> {
    Page { rows, unreadable: vec![], next: None }
}

impl MarketplaceClient for Market {
    fn orders(&self, query: OrderQuery) -> Pending<'_, Result<Page<OrderHead>, SourceError>> {
        Box::pin(async move { self.list(&query) })
    }

    fn details(&self, ids: Vec<OrderId>) -> Pending<'_, Vec<(OrderId, Result<Order, DetailError>)>> {
        Box::pin(async move { ids.into_iter().map(|id| (id.clone(), self.detail(&id))).collect() })
    }

    fn customers(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>> {
        Box::pin(async move { Ok(whole(self.state.lock().unwrap().customers.clone())) })
    }

    fn subscriptions(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Subscription>, SourceError>> {
        Box::pin(async move {
            let mut state = self.state.lock().unwrap();
            state.subscriptions_read += 1;
            let active = |s: &&Subscription| s.status == SubscriptionStatus::Active;
            let shown = |_: &&Subscription| !state.no_list;
            let rows = state.subscriptions.iter().filter(active).filter(shown).cloned().collect();
            if let Some(takes) = state.takes {
                self.clock.advance(takes);
            }
            Ok(whole(rows))
        })
    }

    fn records(
        &self,
        customers: Vec<CustomerId>,
        subscriptions: Vec<SubscriptionId>,
    ) -> Pending<'_, Result<Records, SourceError>> {
        Box::pin(async move {
            let mut state = self.state.lock().unwrap();
            state.records_read += customers.len() + subscriptions.len();
            Ok(Records {
                customers: state.customers.iter().filter(|one| customers.contains(&one.id)).cloned().collect(),
                subscriptions: state
                    .subscriptions
                    .iter()
                    .filter(|one| subscriptions.contains(&one.id))
                    .cloned()
                    .collect(),
                unreadable: vec![],
            })
        })
    }

    fn products(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Product>, SourceError>> {
        Box::pin(async move {
            let mut state = self.state.lock().unwrap();
            state.products_read += 1;
            Ok(whole(state.products.clone()))
        })
    }
}
