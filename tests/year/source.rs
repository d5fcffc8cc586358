//! The marketplace that tells the year: late, in small pages, newest first; and, in foul weather, unreadable, throttled,
//! empty, or so slow that whoever asks dies over it.

use std::future::pending;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{CustomerId, LineId, MarketplaceId, OrderId, SubscriptionId};
use counterfoil_domain::market::{
    Customer, OrderHead, Page, PageCursor, Product, Subscription, SubscriptionLine, SubscriptionStatus, Unreadable,
};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{LineKind, Order, OrderKey, OrderLine, ProductRef};
use counterfoil_domain::period::{self, Period};
use counterfoil_domain::ports::{
    Clock, DetailError, ManualClock, MarketplaceClient, OrderQuery, Pending, Records, SourceError,
};
use rust_decimal::Decimal;
use tokio::sync::Notify;

use super::dice::Dice;
use super::life::{CUSTOMERS, Cycle, Life, Line, PRODUCTS, Told, Version, start};

const PAGE: usize = 40;

#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) life: Arc<Life>,
    clock: Arc<ManualClock>,
    dice: Mutex<Dice>,
    /// Whether anything goes wrong at present.
    foul: Mutex<bool>,
    pub(crate) died: Notify,
}

pub(crate) fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

/// Whole coins as money.
pub(crate) fn coins(amount: i64, currency: Currency) -> Decimal {
    Decimal::new(amount, currency.minor_units())
}

fn product(number: usize) -> ProductRef {
    ProductRef { code: format!("P{number}"), name: format!("Product {number}") }
}

impl Source {
    pub(crate) fn new(life: Arc<Life>, clock: Arc<ManualClock>, seed: u64) -> Self {
        let dice = Mutex::new(Dice::new(seed ^ 0xFA11));
        Self { life, clock, dice, foul: Mutex::new(false), died: Notify::new() }
    }

    pub(crate) fn weather(&self, foul: bool) {
        *self.foul.lock().unwrap() = foul;
    }

    fn bad_luck(&self, in_thousand: i64) -> bool {
        *self.foul.lock().unwrap() && self.dice.lock().unwrap().chance(in_thousand)
    }

    /// Perhaps nobody is there any more to hear the answer.
    async fn survive(&self, in_thousand: i64) {
        if self.bad_luck(in_thousand) {
            self.died.notify_one();
            pending::<()>().await;
        }
    }

    fn trouble(&self) -> Result<(), SourceError> {
        if self.bad_luck(12) {
            return Err(SourceError::Malformed { place: "orders page".into(), problem: "no JSON".into() });
        }
        if self.bad_luck(8) {
            return Err(SourceError::Throttled { until: self.clock.now() + chrono::Duration::minutes(5) });
        }
        if self.bad_luck(6) {
            return Err(SourceError::Unreachable("reset".into()));
        }
        Ok(())
    }

    fn list(&self, query: &OrderQuery) -> Page<OrderHead> {
        let now = self.clock.now();
        if self.bad_luck(10) {
            return Page { rows: vec![], unreadable: vec![], next: None };
        }
        let inside = |told: &&Told| {
            query.created_from.is_none_or(|from| told.created >= from)
                && query.created_before.is_none_or(|before| told.created < before)
        };
        let mut seen: Vec<(&Told, &Version)> =
            self.life.orders.iter().filter(inside).filter_map(|told| Some((told, told.at(now)?))).collect();
        seen.sort_by_key(|(told, _)| std::cmp::Reverse(told.created));
        let from: usize = query.after.as_ref().map_or(0, |after| after.0.parse().unwrap());
        let head = |(told, version): &(&Told, &Version)| OrderHead {
            id: OrderId::new(told.number.clone()),
            number: told.number.clone(),
            status: version.status,
            created_at: told.created,
            fingerprint: format!("{}/{}", version.status, version.total),
        };
        // Some rows of the page before come again.
        let start = from.saturating_sub(3);
        let end = (from + PAGE).min(seen.len());
        let rows = seen[start..end].iter().map(head).collect();
        let next = (end < seen.len()).then(|| PageCursor(end.to_string()));
        Page { rows, unreadable: vec![], next }
    }

    fn order(&self, id: &OrderId) -> Result<Order, DetailError> {
        let unreadable = |problem: &str| {
            DetailError::Unreadable(Unreadable {
                id: Some(id.to_string()),
                place: "order".into(),
                problem: problem.into(),
            })
        };
        if self.bad_luck(4) {
            return Err(unreadable("no total"));
        }
        if self.bad_luck(2) {
            return Err(DetailError::Source(SourceError::Unreachable("reset".into())));
        }
        let place: usize = id.as_str()[2..].parse().unwrap();
        let told = self.life.orders.get(place).ok_or(DetailError::Gone)?;
        Ok(self.told(told, told.at(self.clock.now()).ok_or(DetailError::Gone)?))
    }

    fn told(&self, told: &Told, version: &Version) -> Order {
        let one = &self.life.subscriptions[told.subscription];
        let currency = currency(self.life.currency(told.subscription));
        let line = |(number, line): (usize, &Line)| OrderLine {
            id: LineId::new(number.to_string()),
            kind: line.fee.map_or_else(|| LineKind::NotBillable("payment".into()), LineKind::Fee),
            product: Some(product(one.product)),
            description: product(one.product).name,
            quantity: line.quantity.into(),
            unit_price: coins(line.unit, currency),
            unit_cost: None,
            amount: coins(line.amount, currency),
            service_period: line.period.map(|(start, end)| Period::new(start, end).unwrap()),
            cycle: None,
        };
        Order {
            key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new(told.number.clone()) },
            number: told.number.clone(),
            order_type: told.kind,
            status: version.status,
            customer: customer_id(one.customer),
            subscription: Some(subscription_id(told.subscription)),
            created_at: told.created,
            provisioned_at: version
                .status
                .is_final()
                .then(|| told.versions.iter().find(|v| v.status.is_final()).unwrap().from),
            billing_model: one.model,
            currency,
            total: Some(coins(version.total, currency)),
            lines: version.lines.iter().enumerate().map(line).collect(),
            on_renewal: told.on_renewal,
            vendor_rated: false,
            statement: None,
        }
    }

    fn customer(&self, number: usize) -> Customer {
        Customer {
            id: customer_id(number),
            name: format!("Customer {number}"),
            // Every other one can be linked by itself.
            external_id: number.is_multiple_of(2).then(|| format!("X{number}")),
            tax_number: None,
            email: None,
            active: true,
        }
    }

    fn subscription(&self, number: usize) -> Subscription {
        let one = &self.life.subscriptions[number];
        let currency = currency(self.life.currency(number));
        let ended = one.ended.is_some_and(|day| day <= self.clock.now().date_naive());
        let line = SubscriptionLine {
            product: product(one.product),
            quantity: one.at_start.into(),
            unit_price: coins(one.price, currency),
            unit_cost: None,
            amount: None,
        };
        Subscription {
            id: subscription_id(number),
            name: format!("Subscription {number}"),
            customer: customer_id(one.customer),
            status: if ended { SubscriptionStatus::Terminated } else { SubscriptionStatus::Active },
            billing_model: one.model,
            cycle: Some(match one.cycle {
                Cycle::Monthly => period::Cycle::Months(1),
                Cycle::Statement => period::Cycle::StatementDay,
                Cycle::Annual => period::Cycle::Months(12),
            }),
            currency: Some(currency),
            created_at: Some(one.created),
            renews_on: None,
            lines: vec![line],
        }
    }

    fn active(&self, now: DateTime<Utc>) -> Vec<Subscription> {
        let there = |number: &usize| self.life.subscriptions[*number].created <= now;
        let all = (0..self.life.subscriptions.len()).filter(there).map(|number| self.subscription(number));
        all.filter(|one| one.status == SubscriptionStatus::Active).collect()
    }
}

pub(crate) fn customer_id(number: usize) -> CustomerId {
    CustomerId::new(format!("c{number}"))
}

pub(crate) fn subscription_id(number: usize) -> SubscriptionId {
    SubscriptionId::new(format!("s{number}"))
}

fn whole<T>(rows: Vec<T>) -> Page<T> {
    Page { rows, unreadable: vec![], next: None }
}

impl MarketplaceClient for Source {
    fn orders(&self, query: OrderQuery) -> Pending<'_, Result<Page<OrderHead>, SourceError>> {
        Box::pin(async move {
            self.survive(15).await;
            self.trouble()?;
            Ok(self.list(&query))
        })
    }

    fn details(&self, ids: Vec<OrderId>) -> Pending<'_, Vec<(OrderId, Result<Order, DetailError>)>> {
        Box::pin(async move {
            let answers = ids.into_iter().map(|id| (id.clone(), self.order(&id))).collect();
            // Read, and never taken in.
            self.survive(60).await;
            answers
        })
    }

    fn customers(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Customer>, SourceError>> {
        Box::pin(async { Ok(whole((0..CUSTOMERS).map(|number| self.customer(number)).collect())) })
    }

    fn subscriptions(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Subscription>, SourceError>> {
        assert_eq!(self.clock.now(), start(), "only the first check reads the whole list");
        Box::pin(async { Ok(whole(self.active(self.clock.now()))) })
    }

    fn records(
        &self,
        customers: Vec<CustomerId>,
        subscriptions: Vec<SubscriptionId>,
    ) -> Pending<'_, Result<Records, SourceError>> {
        let place = |id: &str| id[1..].parse::<usize>().unwrap();
        Box::pin(async move {
            self.survive(60).await;
            self.trouble()?;
            Ok(Records {
                customers: customers.iter().map(|id| self.customer(place(id.as_str()))).collect(),
                subscriptions: subscriptions.iter().map(|id| self.subscription(place(id.as_str()))).collect(),
                unreadable: vec![],
            })
        })
    }

    fn products(&self, _: Option<PageCursor>) -> Pending<'_, Result<Page<Product>, SourceError>> {
        let one =
            |number| Product { product: product(number), metered: false, price: None, cost: None, currency: None };
        Box::pin(async move { Ok(whole((0..PRODUCTS).map(one).collect())) })
    }
}
