//! A marketplace that is a list: what is put on it is what it tells, at once and whole. Owns its customers, products and
//! the building of orders; owns no expectation.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{CustomerId, LineId, MarketplaceId, OrderId, SubscriptionId};
use counterfoil_domain::market::{
    Customer, OrderHead, Page, PageCursor, Product, Subscription, SubscriptionStatus, Unreadable,
};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{
    BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef,
};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::ports::{DetailError, MarketplaceClient, OrderQuery, Pending, Records, SourceError};
use rust_decimal::Decimal;

/// Code, name, price in Xero, pay-per-use.
pub(crate) const PRODUCTS: [(&str, &str, &str, bool); 3] = [
    ("SEAT-STD", "Business seats", "31.40", false),
    ("EGRESS-GB", "Outgoing traffic, per GB", "0.09", true),
    ("AZURE-PLAN", "Azure plan", "1.00", false),
];
pub(crate) const SEATS: usize = 0;

pub(crate) fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn product(number: usize) -> ProductRef {
    ProductRef { code: PRODUCTS[number].0.to_owned(), name: PRODUCTS[number].1.to_owned() }
}

pub(crate) fn customer_id(number: usize) -> CustomerId {
    CustomerId::new(format!("c{number}"))
}

pub(crate) fn customer_name(number: usize) -> String {
    match number {
        0 => "Green Lane Dental".to_owned(),
        number => format!("Customer {number:04}"),
    }
}

/// A line of the order to be.
pub(crate) fn line(fee: Fee, of: Option<usize>, quantity: &str, unit: &str, comes_to: &str) -> OrderLine {
    let of = of.map(product);
    OrderLine {
        id: LineId::new(""),
        kind: LineKind::Fee(fee),
        description: format!("{}, {}", of.as_ref().map_or("Plan", |of| of.name.as_str()), fee.name().replace('-', " ")),
        product: of,
        quantity: amount(quantity),
        unit_price: amount(unit),
        unit_cost: None,
        amount: amount(comes_to),
        service_period: None,
        cycle: None,
    }
}

/// An order to be.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) number: String,
    pub(crate) kind: OrderType,
    pub(crate) model: BillingModel,
    pub(crate) customer: usize,
    pub(crate) at: DateTime<Utc>,
    pub(crate) cycle: Cycle,
    pub(crate) period: Option<Period>,
    pub(crate) lines: Vec<OrderLine>,
}

impl Draft {
    /// A sale of seats, billed before the period, all at one price.
    pub(crate) fn sale(number: String, customer: usize, at: DateTime<Utc>, comes_to: &str) -> Self {
        let lines = vec![line(Fee::ResourceSetup, Some(SEATS), "1", comes_to, comes_to)];
        let (kind, model) = (OrderType::Sales, BillingModel::BeforeBillingPeriod);
        Self { number, kind, model, customer, at, cycle: Cycle::Months(1), period: None, lines }
    }

    /// A cancellation that charges a fee and gives money back: an invoice and a credit note.
    pub(crate) fn cancellation(number: String, customer: usize, at: DateTime<Utc>) -> Self {
        let lines = vec![
            line(Fee::CancellationFee, None, "1", "75.00", "75.00"),
            line(Fee::ResourceRecurringRefund, Some(SEATS), "-2", "22.00", "-25.55"),
        ];
        let (kind, model) = (OrderType::Cancellation, BillingModel::BeforeBillingPeriod);
        Self { number, kind, model, customer, at, cycle: Cycle::Months(1), period: None, lines }
    }

    fn order(self) -> (Order, Cycle) {
        let lines: Vec<OrderLine> = self
            .lines
            .into_iter()
            .enumerate()
            .map(|(place, line)| OrderLine {
                id: LineId::new((place + 1).to_string()),
                service_period: self.period,
                ..line
            })
            .collect();
        let bills = |line: &&OrderLine| matches!(line.kind, LineKind::Fee(_));
        let order = Order {
            key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new(self.number.clone()) },
            // Its own: nothing that was billed before has anything to do with it.
            subscription: Some(SubscriptionId::new(format!("sub-{}", self.number))),
            number: self.number,
            order_type: self.kind,
            status: OrderStatus::Completed,
            customer: customer_id(self.customer),
            created_at: self.at,
            provisioned_at: Some(self.at),
            billing_model: self.model,
            currency: Currency::parse("USD").unwrap(),
            total: Some(lines.iter().filter(bills).map(|line| line.amount).sum()),
            lines,
            on_renewal: false,
            vendor_rated: false,
            statement: None,
        };
        (order, self.cycle)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Shelf {
    orders: Mutex<BTreeMap<String, (Order, Cycle)>>,
}

impl Shelf {
    fn orders(&self) -> MutexGuard<'_, BTreeMap<String, (Order, Cycle)>> {
        self.orders.lock().unwrap()
    }

    pub(crate) fn put(&self, draft: Draft) {
        let known = self.orders().insert(draft.number.clone(), draft.order());
        assert!(known.is_none(), "a number twice");
    }

    /// About the subscription that the order of this number sold.
    pub(crate) fn put_for(&self, draft: Draft, sold: &str) {
        let number = draft.number.clone();
        let (order, cycle) = draft.order();
        let order = Order { subscription: Some(SubscriptionId::new(format!("sub-{sold}"))), ..order };
        let known = self.orders().insert(number, (order, cycle));
        assert!(known.is_none(), "a number twice");
    }

    fn subscription(&self, id: &SubscriptionId) -> Option<Subscription> {
        let number = id.as_str().strip_prefix("sub-")?;
        let (order, cycle) = self.orders().get(number)?.clone();
        Some(Subscription {
            id: id.clone(),
            name: format!("Subscription of {number}"),
            customer: order.customer,
            status: SubscriptionStatus::Active,
            billing_model: order.billing_model,
            cycle: Some(cycle),
            currency: Some(order.currency),
            created_at: Some(order.created_at),
            renews_on: None,
            lines: vec![],
        })
    }
}

fn customer(id: CustomerId) -> Customer {
    let number = id.as_str()[1..].parse().unwrap();
    Customer { id, name: customer_name(number), external_id: None, tax_number: None, email: None, active: true }
}

fn whole<T>(rows: Vec<T>) -> Page<T> {
    Page { rows, unreadable: Vec::<Unreadable>::new(), next: None }
}

impl MarketplaceClient for Shelf {
    fn orders(&self, query: OrderQuery) -> Pending<'_, Result<Page<OrderHead>, SourceError>> {
        let head = |order: &Order| OrderHead {
            id: order.key.order.clone(),
            number: order.number.clone(),
            status: order.status,
            created_at: order.created_at,
            fingerprint: order.revision().to_string(),
        };
        let inside = |order: &&Order| {
            query.created_from.is_none_or(|from| order.created_at >= from)
                && query.created_before.is_none_or(|before| order.created_at < before)
        };
        let orders = self.orders();
        let mut rows: Vec<OrderHead> = orders.values().map(|(order, _)| order).filter(inside).map(head).collect();
        rows.sort_by_key(|head| std::cmp::Reverse(head.created_at));
        Box::pin(async { Ok(whole(rows)) })
    }

    fn details(&self, ids: Vec<OrderId>) -> Pending<'_, Vec<(OrderId, Result<Order, DetailError>)>> {
        let orders = self.orders();
        let found = |id: OrderId| {
            let order = orders.get(id.as_str()).map(|(order, _)| order.clone()).ok_or(DetailError::Gone);
            (id, order)
        };
        let answers = ids.into_iter().map(found).collect();
        Box::pin(async { answers })
    }

    fn customers(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>> {
        Box::pin(async { Ok(whole(Vec::new())) })
    }

    /// None yet when the first check asks.
    fn subscriptions(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Subscription>, SourceError>> {
        Box::pin(async { Ok(whole(Vec::new())) })
    }

    fn records(
        &self,
        customers: Vec<CustomerId>,
        subscriptions: Vec<SubscriptionId>,
    ) -> Pending<'_, Result<Records, SourceError>> {
        let subscriptions = subscriptions.iter().filter_map(|id| self.subscription(id)).collect();
        let customers = customers.into_iter().map(customer).collect();
        Box::pin(async { Ok(Records { customers, subscriptions, unreadable: Vec::new() }) })
    }

    fn products(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Product>, SourceError>> {
        let one = |number| Product {
            product: product(number),
            metered: PRODUCTS[number].3,
            price: None,
            cost: None,
            currency: None,
        };
        Box::pin(async move { Ok(whole((0..PRODUCTS.len()).map(one).collect())) })
    }
}
