//! The rest of what a marketplace tells: customers, subscriptions, products, and order list rows.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::id::{CustomerId, OrderId, SubscriptionId};
use crate::money::Currency;
use crate::order::{BillingModel, OrderStatus, ProductRef, named};
use crate::period::Cycle;
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub id: CustomerId,
    pub name: String,
    /// The reseller's own number for the customer in another system.
    pub external_id: Option<String>,
    pub tax_number: Option<String>,
    pub email: Option<String>,
    pub active: bool,
}

named! {
    SubscriptionStatus {
        Pending = "pending",
        Active = "active",
        Hold = "hold",
        Terminated = "terminated",
        Removed = "removed",
        Unknown = "unknown",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionLine {
    pub product: ProductRef,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub unit_cost: Option<Decimal>,
    /// Quantity × price as the marketplace states it, where it does.
    pub amount: Option<Decimal>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: SubscriptionId,
    pub name: String,
    pub customer: CustomerId,
    pub status: SubscriptionStatus,
    pub billing_model: BillingModel,
    pub cycle: Option<Cycle>,
    pub currency: Option<Currency>,
    pub created_at: Option<DateTime<Utc>>,
    pub renews_on: Option<NaiveDate>,
    pub lines: Vec<SubscriptionLine>,
}

impl Subscription {
    /// Its first billing period was cut or stretched to the account's statement day.
    pub fn aligned_with_statement_day(&self) -> bool {
        self.cycle == Some(Cycle::StatementDay)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub product: ProductRef,
    /// Its catalogue prices are only of type overuse.
    pub metered: bool,
    pub price: Option<Decimal>,
    pub cost: Option<Decimal>,
    pub currency: Option<Currency>,
}

/// A row of the order list. Lists leave details out, so a row only tells whether to read the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderHead {
    pub id: OrderId,
    pub number: String,
    pub status: OrderStatus,
    pub created_at: DateTime<Utc>,
    /// Changes when anything the list shows of the order changes.
    pub fingerprint: String,
}

/// A row or record that could not be read. The good ones beside it are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What it calls itself, as far as it could be told.
    pub id: Option<String>,
    /// Where it stands ("orders page at offset 200, row 7", "orders/SO17.json").
    pub place: String,
    /// The field and what is wrong with it.
    pub problem: String,
}

/// One page of a forward-only walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub unreadable: Vec<Unreadable>,
    pub next: Option<PageCursor>,
}

/// Opaque to everybody but the client that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageCursor(pub String);
