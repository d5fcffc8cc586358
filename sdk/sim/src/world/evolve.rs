//! Owns: how a world goes on: growing it at first, and the orders and revisions after that.
//! Does not own completion (`complete`).

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};

use super::catalog;
use super::customers;
use super::events::{self, Event, Kind};
use super::model::{Order, World};
use super::prng::Prng;
use super::spec::WorldSpec;
use super::subscriptions::{self, Stretch};
use super::wire::{BillingModel, OrderStatus, OrderType, SubscriptionStatus};

/// Why the world cannot go on that way. Asking again does not help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorldError {
    NoSuchOrder(String),
    NoSuchSubscription(String),
    NoSuchCustomer(String),
    /// No plan sells a product of this part number.
    NotSold(String),
    /// An order number or id is already taken.
    Taken(String),
}

impl fmt::Display for WorldError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchOrder(number) => write!(out, "the world has no order {number}"),
            Self::NoSuchSubscription(id) => write!(out, "the world has no subscription {id}"),
            Self::NoSuchCustomer(id) => write!(out, "the world has no customer {id}"),
            Self::NotSold(mpn) => write!(out, "no plan sells {mpn}"),
            Self::Taken(name) => write!(out, "the world already has an order {name}"),
        }
    }
}

impl std::error::Error for WorldError {}

/// A new subscription and its sales order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSale {
    /// Any customer if absent.
    pub customer_id: Option<String>,
    /// The part number of a product; its plan is sold. The first plan if absent.
    pub mpn: Option<String>,
    pub quantity: i64,
    pub at: DateTime<Utc>,
    pub status: OrderStatus,
}

/// Another order of a subscription there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    pub kind: Kind,
    pub subscription_id: String,
    pub at: DateTime<Utc>,
    pub status: OrderStatus,
    /// Seats more or less, for changes; drawn if absent.
    pub delta: Option<i64>,
}

impl World {
    /// Grows a world. At least one customer, and one subscription if there are to be orders.
    #[must_use]
    pub fn generate(spec: &WorldSpec) -> Self {
        let spec = WorldSpec {
            customers: spec.customers.max(1),
            subscriptions: spec.subscriptions.max(usize::from(spec.orders > 0)),
            ..spec.clone()
        };
        let mut rng = Prng::new(spec.seed);
        let stretch = Stretch::up_to(spec.today);
        let (products, plans) = catalog::build(&mut rng, spec.currency);
        let customers = customers::build(&mut rng, spec.customers);
        let shelf = (products.as_slice(), plans.as_slice());
        let (mut subscriptions, sales) = subscriptions::build(&mut rng, &spec, stretch, &customers, shelf);
        let planned = events::plan(&mut rng, stretch, spec.orders, &sales, &mut subscriptions);
        // Ends are set again when the cancellations are composed.
        for subscription in &mut subscriptions {
            subscription.ended = None;
        }
        let customer_index = customers.iter().enumerate().map(|(at, one)| (one.id.clone(), at)).collect();
        let subscription_index = subscriptions.iter().enumerate().map(|(at, one)| (one.id.clone(), at)).collect();
        let mut world = Self {
            today: spec.today,
            currency: spec.currency,
            customers,
            products,
            plans,
            subscriptions,
            orders: Vec::with_capacity(planned.len()),
            by_creation: Vec::with_capacity(planned.len()),
            order_index: HashMap::new(),
            number_index: HashMap::new(),
            subscription_index,
            customer_index,
            rng,
        };
        for event in planned {
            world.compose(event, None);
        }
        if spec.one_total_off {
            world.put_one_total_off(stretch.month_ago);
        }
        world
    }

    fn put_one_total_off(&mut self, since: NaiveDate) {
        let coin = self.currency.smallest();
        let victim = self.orders.iter_mut().find(|order| {
            order.order_type == OrderType::Sales
                && order.status == OrderStatus::Completed
                && order.billing_model == BillingModel::BeforeBillingPeriod
                && order.created.date_naive() >= since
        });
        if let Some(order) = victim {
            order.total += coin;
        }
    }

    /// Sells a plan to a customer. Gives the order's number.
    ///
    /// # Errors
    /// If the customer is unknown or nothing sells the part number.
    pub fn new_sale(&mut self, sale: &NewSale) -> Result<String, WorldError> {
        let customer_id = match &sale.customer_id {
            Some(id) => self.customer(id).ok_or_else(|| WorldError::NoSuchCustomer(id.clone()))?.id.clone(),
            None => self.customers[self.rng.index(self.customers.len())].id.clone(),
        };
        let plan = match &sale.mpn {
            Some(mpn) => self.plan_selling(mpn).ok_or_else(|| WorldError::NotSold(mpn.clone()))?,
            None => 0,
        };
        let index = self.subscriptions.len();
        let day = sale.at.date_naive();
        let shelf = (plan, &self.plans[plan]);
        let mut made = subscriptions::subscription(&mut self.rng, index, &customer_id, day, shelf, &self.products);
        for held in &mut made.products {
            held.quantity = sale.quantity;
        }
        let completed = sale.status == OrderStatus::Completed;
        if !completed {
            made.status = SubscriptionStatus::Pending;
        }
        self.subscription_index.insert(made.id.clone(), index);
        self.subscriptions.push(made);
        let event = Event {
            at: sale.at,
            subscription: index,
            kind: Kind::Sale,
            status: sale.status,
            about: None,
            provisioned: completed.then_some(day),
            bare: false,
        };
        let filed = self.compose(event, None);
        Ok(self.orders[filed].number.clone())
    }

    fn plan_selling(&self, mpn: &str) -> Option<usize> {
        let product = self.products.iter().position(|product| product.mpn == mpn)?;
        self.plans.iter().position(|plan| plan.products.contains(&product))
    }

    /// Adds an order of a kind to a subscription. Gives its number.
    ///
    /// # Errors
    /// If there is no such subscription.
    pub fn add_order(&mut self, draft: &Draft) -> Result<String, WorldError> {
        let missing = || WorldError::NoSuchSubscription(draft.subscription_id.clone());
        let subscription = *self.subscription_index.get(&draft.subscription_id).ok_or_else(missing)?;
        let day = draft.at.date_naive();
        let event = Event {
            at: draft.at,
            subscription,
            kind: draft.kind,
            status: draft.status,
            about: None,
            provisioned: (draft.status == OrderStatus::Completed).then_some(day),
            bare: false,
        };
        let filed = self.compose(event, draft.delta);
        Ok(self.orders[filed].number.clone())
    }

    /// Files an order made by hand, exactly as it is.
    ///
    /// # Errors
    /// If its id or number is taken.
    pub fn insert_order(&mut self, order: Order) -> Result<(), WorldError> {
        if self.order_index.contains_key(&order.id) || self.number_index.contains_key(&order.number) {
            return Err(WorldError::Taken(order.number));
        }
        self.file_order(order);
        Ok(())
    }

    /// Changes an order in place, keeping its id, number and creation time.
    ///
    /// # Errors
    /// If there is no such order.
    pub fn revise_order(&mut self, number: &str, change: impl FnOnce(&mut Order)) -> Result<(), WorldError> {
        let order = self.order_mut(number)?;
        let kept = (order.id.clone(), order.number.clone(), order.created);
        change(order);
        (order.id, order.number, order.created) = kept;
        Ok(())
    }

    fn order_mut(&mut self, number: &str) -> Result<&mut Order, WorldError> {
        let index = self.number_index.get(number).copied();
        index.and_then(|index| self.orders.get_mut(index)).ok_or_else(|| WorldError::NoSuchOrder(number.to_owned()))
    }
}
