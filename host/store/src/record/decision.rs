//! Stored form of what people decided: rules to ignore by, adjustments of tasks; and of what plans claim.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use counterfoil_domain::adjust::{AddedLine, Adjustments, LineAdjustment, LineSet};
use counterfoil_domain::claim::{Claim, OfStatement};
use counterfoil_domain::id::{Actor, ConnectionId, CustomerId, LineId, RuleId, SubscriptionId, TaskId};
use counterfoil_domain::job::{Billing, JobKind, PriceSource};
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::order::{Fee, OrderType, ProductRef};
use counterfoil_domain::period::Period;
use counterfoil_domain::rule::{Amounts, Criteria, IgnoreRule};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Bad, Record, Stored, stored_struct};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AmountsRow {
    AtMost(String),
    AtLeast(String),
}

impl Stored for Amounts {
    type Row = AmountsRow;

    fn to_row(&self) -> AmountsRow {
        match self {
            Self::AtMost(amount) => AmountsRow::AtMost(amount.to_row()),
            Self::AtLeast(amount) => AmountsRow::AtLeast(amount.to_row()),
        }
    }

    fn from_row(row: AmountsRow) -> Result<Self, Bad> {
        Ok(match row {
            AmountsRow::AtMost(amount) => Self::AtMost(Decimal::from_row(amount)?),
            AmountsRow::AtLeast(amount) => Self::AtLeast(Decimal::from_row(amount)?),
        })
    }
}

stored_struct!(Criteria as CriteriaRow {
    customer: Option<CustomerId>,
    product: Option<String>,
    order_type: Option<OrderType>,
    amount: Option<(Amounts, Currency)>,
    subscription: Option<SubscriptionId>,
    print: Option<String>,
});

stored_struct!(IgnoreRule as IgnoreRuleRow {
    id: RuleId,
    connection: ConnectionId,
    criteria: Criteria,
    text: String,
    by: Actor,
    at: DateTime<Utc>,
    until: Option<NaiveDate>,
});

impl Record for IgnoreRule {
    const WHAT: &'static str = "rule";
}

stored_struct!(LineSet as LineSetRow {
    period: Option<Period>,
    description: Option<String>,
    quantity: Option<Decimal>,
    unit_price: Option<Decimal>,
    unit_cost: Option<Decimal>,
    billing: Option<Billing>,
    taxable: Option<bool>,
    price_source: Option<PriceSource>,
});

stored_struct!(LineAdjustment as LineAdjustmentRow { line: LineId, fee: Fee, product: Option<String>, set: LineSet });

stored_struct!(AddedLine as AddedLineRow {
    id: LineId,
    fee: Fee,
    product: Option<ProductRef>,
    description: String,
    quantity: Decimal,
    unit_price: Decimal,
    unit_cost: Option<Decimal>,
    period: Option<Period>,
    taxable: Option<bool>,
});

stored_struct!(Adjustments as AdjustmentsRow {
    task: TaskId,
    #[serde(default)]
    document: BTreeMap<String, String>,
    lines: Vec<LineAdjustment>,
    added: Vec<AddedLine>,
    decided: Option<String>,
    by: Actor,
    at: DateTime<Utc>,
    dropped: Vec<String>,
});

impl Record for Adjustments {
    const WHAT: &'static str = "adjustment";
}

stored_struct!(OfStatement as ClaimedLineRow { line: LineId, period: Period });

stored_struct!(Claim as ClaimRow {
    task: TaskId,
    number: String,
    kind: JobKind,
    customer: CustomerId,
    subscription: SubscriptionId,
    product: String,
    fee: Fee,
    period: Option<Period>,
    amount: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    statement: Option<OfStatement>,
});

impl Record for Claim {
    const WHAT: &'static str = "claim";
}
