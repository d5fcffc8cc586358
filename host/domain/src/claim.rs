//! What a confirmed plan bills: for which subscription, product and period. Owns the record that later plans are held
//! against; what follows from an overlap is the checker's business.

use crate::id::{CustomerId, SubscriptionId, TaskId};
use crate::job::{Job, JobKind};
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
}

/// One for each line that bills something. Without a subscription there is nothing that could be billed twice by period.
pub fn claims(job: &Job) -> Vec<Claim> {
    if job.order.subscription_id.is_empty() {
        return Vec::new();
    }
    let lines = job.order.lines.iter().filter(|line| !line.amount.is_zero());
    let claim = |line: &crate::job::JobLine| Claim {
        task: job.task.clone(),
        number: job.order.number.clone(),
        kind: job.order.kind,
        customer: CustomerId::new(job.order.customer_id.clone()),
        subscription: SubscriptionId::new(job.order.subscription_id.clone()),
        product: line.product_code.clone(),
        fee: line.fee,
        period: line.service_period,
        amount: Money::new(line.amount, job.order.currency),
    };
    lines.map(claim).collect()
}
