//! A marketplace that answers at once: as many orders as asked for, newest first, honouring the day from which the list is
//! wanted.

use std::collections::HashMap;
use std::sync::RwLock;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::id::{CustomerId, LineId, MarketplaceId, OrderId, SubscriptionId};
use counterfoil_domain::market::{
    Customer, OrderHead, Page, PageCursor, Product, Subscription, SubscriptionLine, SubscriptionStatus,
};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{
    BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef,
};
use counterfoil_domain::period::Cycle;
use counterfoil_domain::ports::{DetailError, MarketplaceClient, OrderQuery, Pending, Records, SourceError};
use rust_decimal::Decimal;

pub(crate) const CUSTOMERS: usize = 2_000;
pub(crate) const PRODUCTS: usize = 200;
const PAGE: usize = 1_000;

pub(crate) fn usd() -> Currency {
    Currency::parse("USD").unwrap()
}

/// Each of its own customer and subscription, as far as there are some; two lines.
pub(crate) fn order(n: usize, subscribed: usize, created_at: DateTime<Utc>) -> Order {
    let line = |id: &str, fee, cents: usize| {
        let amount = Decimal::new(i64::try_from(cents).unwrap(), 2);
        OrderLine {
            id: LineId::new(id),
            kind: LineKind::Fee(fee),
            product: Some(product((n + cents) % PRODUCTS)),
            description: "Business Premium".into(),
            quantity: 1.into(),
            unit_price: amount,
            unit_cost: Some(amount / Decimal::TWO),
            amount,
            service_period: None,
            cycle: Some(Cycle::Months(1)),
        }
    };
    let lines = vec![line("1", Fee::ResourceSetup, 1_000 + n), line("2", Fee::ResourceRecurring, 2_000 + n)];
    Order {
        key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new(format!("o{n:07}")) },
        number: format!("SO{n:07}"),
        order_type: OrderType::Sales,
        status: OrderStatus::Completed,
        customer: customer(n),
        subscription: Some(subscription(n % subscribed)),
        created_at,
        provisioned_at: Some(created_at),
        billing_model: BillingModel::BeforeBillingPeriod,
        currency: usd(),
        total: Some(lines.iter().map(|line| line.amount).sum()),
        lines,
        on_renewal: false,
        vendor_rated: false,
        statement: None,
    }
}

pub(crate) fn customer(n: usize) -> CustomerId {
    CustomerId::new(format!("c{}", n % CUSTOMERS))
}

fn subscription(n: usize) -> SubscriptionId {
    SubscriptionId::new(format!("s{n}"))
}

pub(crate) fn product(n: usize) -> ProductRef {
    ProductRef { code: format!("P{n}"), name: format!("Product {n}") }
}

/// Newest first.
#[derive(Debug, Default)]
struct Shelf {
    orders: Vec<Order>,
    places: HashMap<OrderId, usize>,
}

#[derive(Debug)]
pub(crate) struct Shop {
    shelf: RwLock<Shelf>,
    /// How many subscriptions there are.
    subscribed: usize,
}

impl Shop {
    /// The first `orders` orders stand for all subscriptions, so that no initial task is made.
    pub(crate) fn new(orders: usize) -> Self {
        Self { shelf: RwLock::default(), subscribed: orders.min(CUSTOMERS) }
    }

    /// `count` orders with numbers from `first`, a minute apart, up to `until`.
    pub(crate) fn add(&self, first: usize, count: usize, until: DateTime<Utc>) {
        let minute = |n: usize| Duration::minutes(i64::try_from(n).unwrap());
        let mut shelf = self.shelf.write().unwrap();
        shelf.orders.extend((0..count).map(|n| order(first + n, self.subscribed, until - minute(n))));
        shelf.orders.sort_by_key(|order| std::cmp::Reverse(order.created_at));
        shelf.places = shelf.orders.iter().enumerate().map(|(at, order)| (order.key.order.clone(), at)).collect();
    }
}

fn page<T>(rows: Vec<T>) -> Page<T> {
    Page { rows, unreadable: vec![], next: None }
}

impl MarketplaceClient for Shop {
    fn orders(&self, query: OrderQuery) -> Pending<'_, Result<Page<OrderHead>, SourceError>> {
        let shelf = self.shelf.read().unwrap();
        let from: usize = query.after.map_or(0, |after| after.0.parse().unwrap());
        let wanted = |order: &&Order| query.created_from.is_none_or(|from| order.created_at >= from);
        let head = |order: &Order| OrderHead {
            id: order.key.order.clone(),
            number: order.number.clone(),
            status: order.status,
            created_at: order.created_at,
            fingerprint: order.status.name().to_owned(),
        };
        let rows: Vec<OrderHead> = shelf.orders.iter().skip(from).take(PAGE).take_while(wanted).map(head).collect();
        let next = (rows.len() == PAGE).then(|| PageCursor((from + PAGE).to_string()));
        Box::pin(async move { Ok(Page { next, ..page(rows) }) })
    }

    fn details(&self, ids: Vec<OrderId>) -> Pending<'_, Vec<(OrderId, Result<Order, DetailError>)>> {
        let shelf = self.shelf.read().unwrap();
        let found = ids
            .into_iter()
            .map(|id| {
                let order = shelf.places.get(&id).map(|at| shelf.orders[*at].clone());
                (id, order.ok_or(DetailError::Gone))
            })
            .collect();
        Box::pin(async move { found })
    }

    fn customers(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>> {
        let one = |n| Customer {
            id: customer(n),
            name: format!("Customer {n} LLC"),
            external_id: None,
            tax_number: None,
            email: Some(format!("billing@customer{n}.example")),
            active: true,
        };
        Box::pin(async move { Ok(page((0..CUSTOMERS).map(one).collect())) })
    }

    fn subscriptions(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Subscription>, SourceError>> {
        let one = |n| Subscription {
            id: subscription(n),
            name: "Business Premium".into(),
            customer: customer(n),
            status: SubscriptionStatus::Active,
            billing_model: BillingModel::BeforeBillingPeriod,
            cycle: Some(Cycle::Months(1)),
            currency: Some(usd()),
            created_at: None,
            renews_on: None,
            lines: vec![SubscriptionLine {
                product: product(n % PRODUCTS),
                quantity: 1.into(),
                unit_price: 20.into(),
                unit_cost: None,
                amount: Some(20.into()),
            }],
        };
        Box::pin(async move { Ok(page((0..self.subscribed).map(one).collect())) })
    }

    fn records(
        &self,
        customers: Vec<CustomerId>,
        subscriptions: Vec<SubscriptionId>,
    ) -> Pending<'_, Result<Records, SourceError>> {
        let everybody = Records::default();
        // Each check of the bench knows everybody from its first.
        assert!(customers.is_empty() && subscriptions.is_empty(), "{customers:?} {subscriptions:?}");
        Box::pin(async move { Ok(everybody) })
    }

    fn products(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Product>, SourceError>> {
        let one = |n| Product {
            product: product(n),
            metered: false,
            price: Some(20.into()),
            cost: None,
            currency: Some(usd()),
        };
        Box::pin(async move { Ok(page((0..PRODUCTS).map(one).collect())) })
    }
}
