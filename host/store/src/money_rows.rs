//! What tasks of statements come to, added up; both stores use it, so that both count the same.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use counterfoil_domain::id::CustomerId;
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::motion::Motion;
use counterfoil_domain::period::Period;
use counterfoil_domain::ports::{MoneyRow, StoreError};
use rust_decimal::Decimal;

use crate::counts::Share;

/// What a task of a statement is counted under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Heap {
    pub(crate) start: NaiveDate,
    pub(crate) end: NaiveDate,
    pub(crate) motion: Motion,
    pub(crate) customer: CustomerId,
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) currency: Currency,
}

#[derive(Debug, Default)]
pub(crate) struct Heaps(BTreeMap<Heap, Share>);

impl Heaps {
    pub(crate) fn add(&mut self, heap: Heap, amount: Decimal) -> Result<(), StoreError> {
        let share = self.0.entry(heap).or_default();
        *share = share.plus(Share { tasks: 1, amount })?;
        Ok(())
    }

    pub(crate) fn rows(self) -> Result<Vec<MoneyRow>, StoreError> {
        let row = |(heap, share): (Heap, Share)| {
            let corrupt = |problem: String| StoreError::Corrupt { what: "period of a statement", problem };
            Ok(MoneyRow {
                period: Period::new(heap.start, heap.end).map_err(|error| corrupt(error.to_string()))?,
                motion: heap.motion,
                customer: heap.customer,
                reason: (!heap.reason.is_empty()).then_some(heap.reason),
                state: heap.state,
                tasks: share.tasks.unsigned_abs(),
                money: Money::new(share.amount, heap.currency),
            })
        };
        self.0.into_iter().map(row).collect()
    }
}

/// Records that are kept in one row.
pub(crate) const CHUNK: usize = 500;
