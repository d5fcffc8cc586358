//! What is kept of statements, and how a connection's programs are set. SQLite and memory implement it.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{KnownOrder, Pending, StoreError};
use crate::id::{ConnectionId, CustomerId, MarketplaceId, SubscriptionId};
use crate::market::Unreadable;
use crate::money::{Currency, Money};
use crate::motion::Motion;
use crate::order::named;
use crate::period::Period;
use crate::program::Program;
use crate::run::Problem;
use crate::statement::{Record, Statement, StatementHead};
use crate::task::Task;

named! {
    /// What a statement was taken as.
    KeptAs {
        First = "first",
        /// It says what another, or the same one earlier, said: nothing to do.
        Same = "same",
        /// The difference to what its lineage said before was billed.
        Reissue = "reissue",
        /// Beside another of the same stream and period.
        Additional = "additional",
        /// Records of it could not be read: nothing of it is billed, and it is read again.
        Unreadable = "unreadable",
        /// It is listed, and its records are not there yet.
        WithoutFile = "without-file",
    }
}

impl KeptAs {
    /// Its records are known, and count.
    pub fn counts(self) -> bool {
        matches!(self, Self::First | Self::Reissue | Self::Additional)
    }
}

/// What the records of one motion and currency come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementSum {
    pub motion: Motion,
    pub currency: Currency,
    pub records: u64,
    /// What the distributor charges.
    pub cost: Decimal,
    /// What the reseller's customers are to pay.
    pub amount: Decimal,
}

/// A statement without its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptStatement {
    pub marketplace: MarketplaceId,
    pub head: StatementHead,
    /// 1 as it was first read, more for its re-issues; 0: it could not be read yet.
    pub issue: u32,
    /// The id of the statement that the line of issues began with.
    pub lineage: String,
    pub kept_as: KeptAs,
    /// Digest of what it bills.
    pub content: String,
    pub read_at: DateTime<Utc>,
    pub sums: Vec<StatementSum>,
    /// What was found when it was read: control total, price changes, records that could not be read.
    pub problems: Vec<Problem>,
}

impl KeptStatement {
    pub fn records(&self) -> u64 {
        self.sums.iter().map(|sum| sum.records).sum()
    }
}

/// A statement, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredStatement {
    pub kept: KeptStatement,
    pub records: Vec<Record>,
    pub unreadable: Vec<Unreadable>,
}

impl StoredStatement {
    pub fn statement(&self) -> Statement {
        Statement { head: self.kept.head.clone(), records: self.records.clone(), unreadable: self.unreadable.clone() }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatementFilter {
    pub stream: Option<String>,
    /// Of periods that start on this day or later,
    pub from: Option<NaiveDate>,
    /// and before this one.
    pub before: Option<NaiveDate>,
}

/// What the tasks of one period, motion, customer, state and currency come to. Tasks that gave way are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyRow {
    pub period: Period,
    pub motion: Motion,
    pub customer: CustomerId,
    pub state: String,
    /// Code of the reason, for ignored tasks.
    pub reason: Option<String>,
    pub tasks: u64,
    pub money: Money,
}

pub trait StatementStore: Send + Sync + fmt::Debug {
    /// Without their records: by period, id and issue.
    fn statements(
        &self,
        marketplace: &MarketplaceId,
        filter: StatementFilter,
    ) -> Pending<'_, Result<Vec<KeptStatement>, StoreError>>;
    fn statement(
        &self,
        marketplace: &MarketplaceId,
        id: &str,
        issue: u32,
    ) -> Pending<'_, Result<Option<StoredStatement>, StoreError>>;
    /// A part of its records, in their order.
    fn statement_records(
        &self,
        marketplace: &MarketplaceId,
        id: &str,
        issue: u32,
        from: usize,
        limit: usize,
    ) -> Pending<'_, Result<Vec<Record>, StoreError>>;
    /// The orders that were made of one statement, by id.
    fn orders_of_statement(
        &self,
        marketplace: &MarketplaceId,
        id: &str,
    ) -> Pending<'_, Result<Vec<KnownOrder>, StoreError>>;
    /// Tasks of the statement orders of one customer and motion, those of the newest period first.
    fn statement_tasks_of(
        &self,
        connection: &ConnectionId,
        subscription: &SubscriptionId,
        limit: usize,
    ) -> Pending<'_, Result<Vec<Task>, StoreError>>;
    /// Of statements whose period starts on the first day or later, and before the second; by period, motion, customer,
    /// state, reason and currency.
    fn statement_money(
        &self,
        connection: &ConnectionId,
        from: NaiveDate,
        before: NaiveDate,
    ) -> Pending<'_, Result<Vec<MoneyRow>, StoreError>>;
    /// In the order of their names.
    fn programs(&self, connection: &ConnectionId) -> Pending<'_, Result<Vec<Program>, StoreError>>;
}
