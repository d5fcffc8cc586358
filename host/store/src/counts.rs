//! Totals of tasks by connection, state, ignore reason and currency, kept as tasks change. Both stores use
//! it, so that both count the same.

use std::collections::BTreeMap;

use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::ports::{StoreError, TaskTotal};
use counterfoil_domain::task::{Task, TaskState};
use rust_decimal::Decimal;

/// What a task is counted under. `reason` is empty for tasks that are not ignored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bucket {
    pub(crate) connection: ConnectionId,
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) currency: Currency,
}

impl Bucket {
    pub(crate) fn of(task: &Task) -> Self {
        Self {
            connection: task.connection.clone(),
            state: task.state.name().to_owned(),
            reason: reason_of(task).to_owned(),
            currency: task.amount.currency,
        }
    }
}

pub(crate) fn reason_of(task: &Task) -> &'static str {
    match &task.state {
        TaskState::Ignored(ignored) => ignored.reason.name(),
        _ => "",
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) tasks: i64,
    pub(crate) amount: Decimal,
}

impl Share {
    pub(crate) fn plus(self, other: Self) -> Result<Self, StoreError> {
        let sums = self.tasks.checked_add(other.tasks).zip(self.amount.checked_add(other.amount));
        let Some((tasks, amount)) = sums else {
            return Err(StoreError::Unavailable(
                "the totals are larger than can be counted exactly; one of the amounts cannot be right".to_owned(),
            ));
        };
        Ok(Self { tasks, amount })
    }
}

/// What changed, by bucket.
#[derive(Debug, Default)]
pub(crate) struct Shares(BTreeMap<Bucket, Share>);

impl Shares {
    pub(crate) fn enter(&mut self, bucket: Bucket, amount: Decimal) -> Result<(), StoreError> {
        self.change(bucket, Share { tasks: 1, amount })
    }

    pub(crate) fn leave(&mut self, bucket: Bucket, amount: Decimal) -> Result<(), StoreError> {
        self.change(bucket, Share { tasks: -1, amount: -amount })
    }

    fn change(&mut self, bucket: Bucket, by: Share) -> Result<(), StoreError> {
        let share = self.0.entry(bucket).or_default();
        *share = share.plus(by)?;
        Ok(())
    }

    pub(crate) fn take(&mut self) -> impl Iterator<Item = (Bucket, Share)> + use<> {
        std::mem::take(&mut self.0).into_iter()
    }
}

/// Added up over connections; buckets without a task are left out.
pub(crate) fn totals<'a>(shares: impl Iterator<Item = (&'a Bucket, &'a Share)>) -> Result<Vec<TaskTotal>, StoreError> {
    let mut sums: BTreeMap<(&str, &str, Currency), Share> = BTreeMap::new();
    for (bucket, share) in shares {
        let sum = sums.entry((&bucket.state, &bucket.reason, bucket.currency)).or_default();
        *sum = sum.plus(*share)?;
    }
    sums.into_iter()
        .filter(|(_, share)| share.tasks != 0)
        .map(|((state, reason, currency), share)| {
            let count = u64::try_from(share.tasks).map_err(|_| StoreError::Corrupt {
                what: "total",
                problem: format!("{} tasks are {state}", share.tasks),
            })?;
            Ok(TaskTotal {
                state: state.to_owned(),
                reason: (!reason.is_empty()).then(|| reason.to_owned()),
                count,
                money: Money::new(share.amount, currency),
            })
        })
        .collect()
}

/// Whether a recorded call went out: refused ones and those that found no connection did not.
pub(crate) fn on_the_wire(outcome: &str) -> bool {
    !matches!(outcome, "refused" | "not-sent")
}
