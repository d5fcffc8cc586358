//! Statements on the wire: what was read, what it comes to, and whether that is what the source says.

use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::ports::{KeptStatement, StatementSum};
use counterfoil_domain::statement::Record;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::run::ProblemView;
use super::{MoneyView, PeriodView, Time, totals_by_currency};

/// What the records of one motion come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementSumView {
    pub motion: String,
    pub records: u64,
    /// What the distributor charges.
    pub cost: MoneyView,
    /// What the customers are to pay.
    pub amount: MoneyView,
}

impl From<&StatementSum> for StatementSumView {
    fn from(sum: &StatementSum) -> Self {
        Self {
            motion: sum.motion.name().to_owned(),
            records: sum.records,
            cost: Money::new(sum.cost, sum.currency).into(),
            amount: Money::new(sum.amount, sum.currency).into(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Statement)]
pub struct StatementView {
    pub marketplace: String,
    pub id: String,
    /// 1 as it was first read, more when it was issued anew; 0: it could not be read yet.
    pub issue: u32,
    /// The statement that its line of issues began with.
    pub lineage: String,
    pub stream: String,
    pub stream_name: String,
    pub period: PeriodView,
    /// first · same · reissue · additional · unreadable · without-file
    pub kept_as: String,
    pub issued_at: Time,
    pub read_at: Time,
    pub records: u64,
    /// What the source says that it charges.
    pub total: Option<MoneyView>,
    /// What the records come to, at the distributor's prices and at the customers'.
    pub cost: Vec<MoneyView>,
    pub amount: Vec<MoneyView>,
    /// What the records are more than the source says; none: it says nothing, or nothing was read.
    pub difference: Option<MoneyView>,
    pub sums: Vec<StatementSumView>,
    pub problems: Vec<ProblemView>,
}

impl From<&KeptStatement> for StatementView {
    fn from(kept: &KeptStatement) -> Self {
        let head = &kept.head;
        let of = |pick: fn(&StatementSum) -> Decimal| {
            totals_by_currency(kept.sums.iter().map(|sum| Money::new(pick(sum), sum.currency)))
        };
        let cost = |currency: Currency| -> Decimal {
            kept.sums.iter().filter(|sum| sum.currency == currency).map(|sum| sum.cost).sum()
        };
        let difference = head.total.filter(|_| kept.issue > 0).map(|total| cost(head.currency) - total);
        Self {
            marketplace: kept.marketplace.to_string(),
            id: head.id.clone(),
            issue: kept.issue,
            lineage: kept.lineage.clone(),
            stream: head.stream.clone(),
            stream_name: head.stream_name.clone(),
            period: head.period.into(),
            kept_as: kept.kept_as.name().to_owned(),
            issued_at: head.issued_at.into(),
            read_at: kept.read_at.into(),
            records: kept.records(),
            total: head.total.map(|total| Money::new(total, head.currency).into()),
            cost: of(|sum| sum.cost),
            amount: of(|sum| sum.amount),
            difference: difference.map(|difference| Money::new(difference, head.currency).into()),
            sums: kept.sums.iter().map(Into::into).collect(),
            problems: kept.problems.iter().map(Into::into).collect(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementPage {
    /// Newest period first.
    pub statements: Vec<StatementView>,
    pub has_more: bool,
    pub next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = StatementRecord)]
pub struct RecordView {
    pub customer: String,
    pub customer_name: String,
    pub subscription: String,
    pub subscription_name: String,
    /// With the prefix of its motion.
    pub product: String,
    pub product_name: String,
    pub motion: String,
    /// What the source calls the motion, where it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub motion_told: String,
    pub charge: String,
    pub charge_name: String,
    pub quantity: String,
    pub unit_cost: MoneyView,
    pub unit_price: MoneyView,
    pub cost: MoneyView,
    pub amount: MoneyView,
    pub charge_period: Option<PeriodView>,
}

impl From<&Record> for RecordView {
    fn from(record: &Record) -> Self {
        let money = |amount: Decimal| MoneyView::from(Money::new(amount, record.currency));
        Self {
            customer: record.customer.to_string(),
            customer_name: record.customer_name.clone(),
            subscription: record.subscription.clone(),
            subscription_name: record.subscription_name.clone(),
            product: record.motion.code(&record.product.code),
            product_name: record.product.name.clone(),
            motion: record.motion.name().to_owned(),
            motion_told: record.motion_told.clone(),
            charge: record.charge.name().to_owned(),
            charge_name: record.charge_name.clone(),
            quantity: record.quantity.normalize().to_string(),
            unit_cost: money(record.unit_cost),
            unit_price: money(record.unit_price),
            cost: money(record.cost),
            amount: money(record.amount),
            charge_period: record.charge_period.map(Into::into),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementDetail {
    pub statement: StatementView,
    /// Every issue of its line, this one included.
    pub issues: Vec<StatementView>,
    pub records: Vec<RecordView>,
    pub has_more: bool,
    pub next: Option<String>,
}
