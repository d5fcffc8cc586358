//! A marketplace that is a list: what is put on it is what it tells, at once and whole. Owns its customers, products,
//! subscriptions and the building of orders; owns no expectation.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, NaiveDate, Utc};
use counterfoil_domain::id::{CustomerId, LineId, MarketplaceId, OrderId, SubscriptionId};
use counterfoil_domain::market::{
    Customer, OrderHead, Page, PageCursor, Product, Subscription, SubscriptionLine, SubscriptionStatus,
};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{
    BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef,
};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::ports::{DetailError, MarketplaceClient, OrderQuery, Pending, Records, SourceError};
use rust_decimal::Decimal;

pub(crate) fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// First day, and the day after the last.
pub(crate) fn period(from: &str, to: &str) -> Period {
    Period::new(day(from), day(to)).unwrap()
}

/// In the morning of that day.
pub(crate) fn morning(of: NaiveDate) -> DateTime<Utc> {
    of.and_hms_opt(9, 0, 0).unwrap().and_utc()
}

pub(crate) fn customer(id: &str, name: &str) -> Customer {
    Customer {
        id: CustomerId::new(id),
        name: name.to_owned(),
        external_id: None,
        tax_number: None,
        email: None,
        active: true,
    }
}

/// Active, in US dollars, paid before the period.
pub(crate) fn subscription(id: &str, customer: &str, cycle: Cycle, since: NaiveDate) -> Subscription {
    Subscription {
        id: SubscriptionId::new(id),
        name: format!("Subscription {id}"),
        customer: CustomerId::new(customer),
        status: SubscriptionStatus::Active,
        billing_model: BillingModel::BeforeBillingPeriod,
        cycle: Some(cycle),
        currency: Currency::parse("USD").ok(),
        created_at: Some(morning(since)),
        renews_on: None,
        lines: Vec::new(),
    }
}

/// A line of the order to be. Without a product it is the plan's.
pub(crate) fn line(fee: Fee, product: Option<(&str, &str)>, quantity: &str, unit: &str, comes_to: &str) -> OrderLine {
    let product = product.map(|(code, name)| ProductRef { code: code.to_owned(), name: name.to_owned() });
    OrderLine {
        id: LineId::new(""),
        kind: LineKind::Fee(fee),
        description: format!(
            "{}, {}",
            product.as_ref().map_or("Plan", |of| of.name.as_str()),
            fee.name().replace('-', " ")
        ),
        product,
        quantity: amount(quantity),
        unit_price: amount(unit),
        unit_cost: None,
        amount: amount(comes_to),
        service_period: None,
        cycle: None,
    }
}

pub(crate) fn costing(line: OrderLine, each: &str) -> OrderLine {
    OrderLine { unit_cost: Some(amount(each)), ..line }
}

/// An order to be. Its lines are numbered from one.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) number: String,
    pub(crate) kind: OrderType,
    pub(crate) model: BillingModel,
    pub(crate) subscription: String,
    pub(crate) on: NaiveDate,
    /// Of each line that has none of its own.
    pub(crate) period: Option<Period>,
    pub(crate) on_renewal: bool,
    pub(crate) lines: Vec<OrderLine>,
}

impl Draft {
    /// Billed before the period.
    pub(crate) fn new(number: &str, kind: OrderType, subscription: &str, on: NaiveDate, lines: Vec<OrderLine>) -> Self {
        Self {
            number: number.to_owned(),
            kind,
            model: BillingModel::BeforeBillingPeriod,
            subscription: subscription.to_owned(),
            on,
            period: None,
            on_renewal: false,
            lines,
        }
    }
}

#[derive(Debug, Default)]
struct Rows {
    customers: BTreeMap<CustomerId, Customer>,
    products: BTreeMap<String, Product>,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    orders: BTreeMap<OrderId, Order>,
}

#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<Rows>);

impl Shelf {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap()
    }

    pub(crate) fn put_customer(&self, customer: Customer) {
        self.rows().customers.insert(customer.id.clone(), customer);
    }

    pub(crate) fn put_product(&self, (code, name): (&str, &str), metered: bool) {
        let product = ProductRef { code: code.to_owned(), name: name.to_owned() };
        let product = Product { product, metered, price: None, cost: None, currency: None };
        self.rows().products.insert(code.to_owned(), product);
    }

    /// Or another version of it.
    pub(crate) fn put_subscription(&self, subscription: Subscription) {
        self.rows().subscriptions.insert(subscription.id.clone(), subscription);
    }

    /// How many of a product it has from now on.
    pub(crate) fn has(&self, subscription: &str, product: (&str, &str), quantity: &str, unit: &str) {
        let mut rows = self.rows();
        let one = rows.subscriptions.get_mut(&SubscriptionId::new(subscription)).unwrap();
        one.lines.retain(|line| line.product.code != product.0);
        one.lines.push(SubscriptionLine {
            product: ProductRef { code: product.0.to_owned(), name: product.1.to_owned() },
            quantity: amount(quantity),
            unit_price: amount(unit),
            unit_cost: None,
            amount: None,
        });
    }

    /// The subscription has to be there.
    pub(crate) fn put(&self, draft: Draft) -> Order {
        let mut rows = self.rows();
        let subscription = rows.subscriptions[&SubscriptionId::new(draft.subscription)].clone();
        let lines: Vec<OrderLine> = draft
            .lines
            .into_iter()
            .enumerate()
            .map(|(place, line)| OrderLine {
                id: LineId::new((place + 1).to_string()),
                service_period: line.service_period.or(draft.period),
                ..line
            })
            .collect();
        let bills = |line: &&OrderLine| matches!(line.kind, LineKind::Fee(_));
        let order = Order {
            key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new(draft.number.clone()) },
            number: draft.number,
            order_type: draft.kind,
            status: OrderStatus::Completed,
            customer: subscription.customer,
            subscription: Some(subscription.id),
            created_at: morning(draft.on),
            provisioned_at: Some(morning(draft.on)),
            billing_model: draft.model,
            currency: subscription.currency.unwrap(),
            total: Some(lines.iter().filter(bills).map(|line| line.amount).sum()),
            lines,
            on_renewal: draft.on_renewal,
            vendor_rated: false,
            statement: None,
        };
        let known = rows.orders.insert(order.key.order.clone(), order.clone());
        assert!(known.is_none(), "a number twice");
        order
    }
}

fn whole<T>(rows: Vec<T>) -> Page<T> {
    Page { rows, unreadable: Vec::new(), next: None }
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
        let mut heads: Vec<OrderHead> = self.rows().orders.values().filter(inside).map(head).collect();
        heads.sort_by_key(|head| std::cmp::Reverse(head.created_at));
        Box::pin(async { Ok(whole(heads)) })
    }

    fn details(&self, ids: Vec<OrderId>) -> Pending<'_, Vec<(OrderId, Result<Order, DetailError>)>> {
        let rows = self.rows();
        let found = |id: OrderId| {
            let order = rows.orders.get(&id).cloned().ok_or(DetailError::Gone);
            (id, order)
        };
        let answers = ids.into_iter().map(found).collect();
        Box::pin(async { answers })
    }

    fn customers(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>> {
        let all = self.rows().customers.values().cloned().collect();
        Box::pin(async { Ok(whole(all)) })
    }

    fn subscriptions(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Subscription>, SourceError>> {
        let all = self.rows().subscriptions.values().cloned().collect();
        Box::pin(async { Ok(whole(all)) })
    }

    fn records(
        &self,
        customers: Vec<CustomerId>,
        subscriptions: Vec<SubscriptionId>,
    ) -> Pending<'_, Result<Records, SourceError>> {
        let rows = self.rows();
        let customers = customers.iter().filter_map(|id| rows.customers.get(id).cloned()).collect();
        let subscriptions = subscriptions.iter().filter_map(|id| rows.subscriptions.get(id).cloned()).collect();
        Box::pin(async { Ok(Records { customers, subscriptions, unreadable: Vec::new() }) })
    }

    fn products(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Product>, SourceError>> {
        let all = self.rows().products.values().cloned().collect();
        Box::pin(async { Ok(whole(all)) })
    }
}
