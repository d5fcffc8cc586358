//! What a confirmed plan bills: for which subscription, product and period. Owns the record that later plans are held
//! against; what follows from an overlap is the checker's business.

use crate::container;
use crate::id::{CustomerId, LineId, SubscriptionId, TaskId};
use crate::job::{Job, JobKind, JobLine};
use crate::money::Money;
use crate::order::Fee;
use crate::period::Period;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub task: TaskId,
    /// The order's number.
    pub number: String,
    pub kind: JobKind,
    pub customer: CustomerId,
    pub subscription: SubscriptionId,
    /// Code of the product; empty for a fee of the plan itself.
    pub product: String,
    pub fee: Fee,
    pub period: Option<Period>,
    pub amount: Money,
    /// Where it is of a statement.
    pub statement: Option<OfStatement>,
}

/// A statement bills many things of one product for the same days, and corrects itself later: only the same line is the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfStatement {
    /// The same for the same line of whatever statement.
    pub line: LineId,
    /// The statement's days.
    pub period: Period,
}

/// One for each line that bills something. Without a subscription there is nothing that could be billed twice by period.
pub fn claims(job: &Job) -> Vec<Claim> {
    if job.order.subscription_id.is_empty() {
        return Vec::new();
    }
    let lines = job.order.lines.iter().filter(|line| !line.amount.is_zero());
    let of = job.order.statement_period();
    let claim = |line: &JobLine| Claim {
        task: job.task.clone(),
        number: job.order.number.clone(),
        kind: job.order.kind,
        customer: CustomerId::new(job.order.customer_id.clone()),
        subscription: SubscriptionId::new(job.order.subscription_id.clone()),
        product: line.product_code.clone(),
        fee: line.fee,
        period: container::paid(job, line),
        amount: charged(job, line),
        statement: of.map(|period| OfStatement { line: line.id.clone(), period }),
    };
    lines.map(claim).collect()
}

/// This order's money for a line, whatever recurs after it: where the target prorates, the part that it will charge.
fn charged(job: &Job, line: &JobLine) -> Money {
    let share = line.proration.as_ref().and_then(|prorated| prorated.by_target.as_ref());
    share.map_or_else(|| Money::new(line.amount, job.order.currency), |share| share.amount)
}
