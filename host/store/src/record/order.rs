//! Stored form of orders.

use chrono::{DateTime, Utc};
use counterfoil_domain::id::{CustomerId, LineId, MarketplaceId, OrderId, SubscriptionId};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{
    BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef,
};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::statement::StatementPart;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Bad, Record, Stored, stored_struct};

stored_struct!(ProductRef as ProductRefRow { code: String, name: String });

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LineKindRow {
    Fee(String),
    NotBillable(String),
    Other(String),
}

impl Stored for LineKind {
    type Row = LineKindRow;

    fn to_row(&self) -> LineKindRow {
        match self {
            Self::Fee(fee) => LineKindRow::Fee(fee.to_row()),
            Self::NotBillable(name) => LineKindRow::NotBillable(name.clone()),
            Self::Other(name) => LineKindRow::Other(name.clone()),
        }
    }

    fn from_row(row: LineKindRow) -> Result<Self, Bad> {
        Ok(match row {
            LineKindRow::Fee(name) => Self::Fee(Fee::from_row(name)?),
            LineKindRow::NotBillable(name) => Self::NotBillable(name),
            LineKindRow::Other(name) => Self::Other(name),
        })
    }
}

stored_struct!(OrderLine as OrderLineRow {
    id: LineId,
    kind: LineKind,
    product: Option<ProductRef>,
    description: String,
    quantity: Decimal,
    unit_price: Decimal,
    unit_cost: Option<Decimal>,
    amount: Decimal,
    service_period: Option<Period>,
    cycle: Option<Cycle>,
});

stored_struct!(OrderKey as OrderKeyRow { marketplace: MarketplaceId, order: OrderId });

stored_struct!(Order as OrderRow {
    key: OrderKey,
    number: String,
    order_type: OrderType,
    status: OrderStatus,
    customer: CustomerId,
    subscription: Option<SubscriptionId>,
    created_at: DateTime<Utc>,
    provisioned_at: Option<DateTime<Utc>>,
    billing_model: BillingModel,
    currency: Currency,
    total: Option<Decimal>,
    lines: Vec<OrderLine>,
    on_renewal: bool,
    vendor_rated: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    statement: Option<Box<StatementPart>>,
});

impl Record for Order {
    const WHAT: &'static str = "order";
}
