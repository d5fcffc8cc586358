//! Stored form of customers, subscriptions, products and cursors.

use chrono::{DateTime, NaiveDate, Utc};
use counterfoil_domain::id::{ConnectionId, CustomerId, SubscriptionId};
use counterfoil_domain::market::{Customer, Product, Subscription, SubscriptionLine, SubscriptionStatus};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{BillingModel, ProductRef};
use counterfoil_domain::period::Cycle;
use counterfoil_domain::ports::Cursor;
use rust_decimal::Decimal;

use super::{Record, stored_struct};

stored_struct!(Customer as CustomerRow {
    id: CustomerId,
    name: String,
    external_id: Option<String>,
    tax_number: Option<String>,
    email: Option<String>,
    active: bool,
});

impl Record for Customer {
    const WHAT: &'static str = "customer";
}

stored_struct!(SubscriptionLine as SubscriptionLineRow {
    product: ProductRef,
    quantity: Decimal,
    unit_price: Decimal,
    unit_cost: Option<Decimal>,
    amount: Option<Decimal>,
});

stored_struct!(Subscription as SubscriptionRow {
    id: SubscriptionId,
    name: String,
    customer: CustomerId,
    status: SubscriptionStatus,
    billing_model: BillingModel,
    cycle: Option<Cycle>,
    currency: Option<Currency>,
    created_at: Option<DateTime<Utc>>,
    renews_on: Option<NaiveDate>,
    lines: Vec<SubscriptionLine>,
});

impl Record for Subscription {
    const WHAT: &'static str = "subscription";
}

stored_struct!(Product as ProductRow {
    product: ProductRef,
    metered: bool,
    price: Option<Decimal>,
    cost: Option<Decimal>,
    currency: Option<Currency>,
});

impl Record for Product {
    const WHAT: &'static str = "product";
}

stored_struct!(Cursor as CursorRow {
    connection: ConnectionId,
    initial_done: bool,
    seen_until: DateTime<Utc>,
    #[serde(default)]
    swept_at: Option<DateTime<Utc>>,
});

impl Record for Cursor {
    const WHAT: &'static str = "cursor";
}
