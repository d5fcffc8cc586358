//! Owns: the records of the world and how they are found. The records mirror the marketplace, not our host.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::catalog::{Plan, Product};
use super::dates::{Interval, Span, containing, statement};
use super::money::Currency;
use super::prng::Prng;
use super::wire::{BillingModel, CustomerStatus, FeeKind, OrderStatus, OrderType, PlacementType, SubscriptionStatus};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub phone: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    pub street: String,
    pub city: String,
    pub postal_code: String,
    pub country: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub id: String,
    pub external_id: Option<String>,
    pub tax_reg_id: Option<String>,
    pub name: String,
    pub status: CustomerStatus,
    pub person: Person,
    pub address: Address,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscribedProduct {
    /// Index into `World::products`.
    pub product: usize,
    pub quantity: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: String,
    pub name: String,
    pub customer_id: String,
    /// Index into `World::plans`.
    pub plan: usize,
    pub status: SubscriptionStatus,
    pub billing_model: BillingModel,
    pub billing_period: Span,
    pub subscription_period: Span,
    /// Set when billing is aligned with the account's statement day.
    pub statement_day: Option<u32>,
    /// First day of the first billing period.
    pub created: NaiveDate,
    pub last_modified: NaiveDate,
    pub ended: Option<NaiveDate>,
    pub auto_renew: bool,
    pub vendor_subscription_id: String,
    pub products: Vec<SubscribedProduct>,
}

impl Subscription {
    /// The whole billing period that contains `date`.
    #[must_use]
    pub fn billing_interval(&self, date: NaiveDate) -> Interval {
        match self.statement_day {
            Some(day) => statement(day, date),
            None => containing(self.created, self.billing_period, date),
        }
    }

    #[must_use]
    pub fn subscription_interval(&self, date: NaiveDate) -> Interval {
        containing(self.created, self.subscription_period, date)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    pub percent: Decimal,
    pub amount: Decimal,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub fee: FeeKind,
    /// Index into `World::products`; none is a fee of the plan itself.
    pub product: Option<usize>,
    pub duration: Span,
    pub description: String,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    /// Net of discount, prorated where the period is a part.
    pub extended: Decimal,
    pub discount: Option<Discount>,
    pub tax: Decimal,
    /// What the line pays for.
    pub period: Option<Interval>,
    /// The whole billing period it is prorated against.
    pub(crate) whole: Option<Interval>,
    /// Billing periods paid at once.
    pub(crate) times: u32,
    pub(crate) name: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderedProduct {
    pub product: usize,
    pub quantity: Decimal,
    pub placement: PlacementType,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub id: String,
    pub number: String,
    pub order_type: OrderType,
    pub customer_id: String,
    pub subscription_id: Option<String>,
    pub po_number: Option<String>,
    pub created: DateTime<Utc>,
    pub provisioned: Option<DateTime<Utc>>,
    pub status: OrderStatus,
    pub currency: Currency,
    pub total: Decimal,
    pub billing_model: BillingModel,
    pub scheduled_on_renewal: bool,
    /// Empty where the marketplace shows none (renewals, some cancellations): the total stands alone.
    pub lines: Vec<Line>,
    pub products: Vec<OrderedProduct>,
}

/// Everything one reseller has in the marketplace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    pub(crate) today: NaiveDate,
    pub(crate) currency: Currency,
    pub(crate) customers: Vec<Customer>,
    pub(crate) products: Vec<Product>,
    pub(crate) plans: Vec<Plan>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) orders: Vec<Order>,
    /// Indices of `orders`, oldest creation first.
    pub(crate) by_creation: Vec<usize>,
    pub(crate) order_index: HashMap<String, usize>,
    pub(crate) number_index: HashMap<String, usize>,
    pub(crate) subscription_index: HashMap<String, usize>,
    pub(crate) customer_index: HashMap<String, usize>,
    pub(crate) rng: Prng,
}

impl World {
    #[must_use]
    pub fn today(&self) -> NaiveDate {
        self.today
    }

    #[must_use]
    pub fn currency(&self) -> Currency {
        self.currency
    }

    #[must_use]
    pub fn customers(&self) -> &[Customer] {
        &self.customers
    }

    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    #[must_use]
    pub fn plans(&self) -> &[Plan] {
        &self.plans
    }

    #[must_use]
    pub fn subscriptions(&self) -> &[Subscription] {
        &self.subscriptions
    }

    #[must_use]
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// Newest creation first, as the marketplace lists them.
    pub fn newest_first(&self) -> impl Iterator<Item = &Order> {
        self.by_creation.iter().rev().filter_map(|index| self.orders.get(*index))
    }

    #[must_use]
    pub fn order(&self, id: &str) -> Option<&Order> {
        self.orders.get(*self.order_index.get(id)?)
    }

    #[must_use]
    pub fn order_numbered(&self, number: &str) -> Option<&Order> {
        self.orders.get(*self.number_index.get(number)?)
    }

    #[must_use]
    pub fn customer(&self, id: &str) -> Option<&Customer> {
        self.customers.get(*self.customer_index.get(id)?)
    }

    #[must_use]
    pub fn subscription(&self, id: &str) -> Option<&Subscription> {
        self.subscriptions.get(*self.subscription_index.get(id)?)
    }

    /// Files an order; the creation time decides its place.
    pub(crate) fn file_order(&mut self, order: Order) {
        let index = self.orders.len();
        let at = self.by_creation.partition_point(|other| self.orders[*other].created <= order.created);
        self.by_creation.insert(at, index);
        self.order_index.insert(order.id.clone(), index);
        self.number_index.insert(order.number.clone(), index);
        self.orders.push(order);
    }
}
