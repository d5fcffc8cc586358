//! What earlier tasks of a subscription stored, for a job that gives something back: the plugin may have to know the document
//! that the credit is for. And what the task itself stored before its rest was refused. Owns which are named and in what order; what becomes of them is the plugin's plan.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::claim::Claim;
use counterfoil_domain::former::{self, Stored};
use counterfoil_domain::id::{ConnectionId, SubscriptionId, TaskId};
use counterfoil_domain::job::{Job, JobLine};
use counterfoil_domain::salvage::Kept;
use counterfoil_domain::task::TaskState;

use crate::engine::{Engine, EngineError};
use crate::ground::{LawBook, Prepared};

/// Named to a job, best first.
const MOST: usize = 12;
/// Tasks whose receipts are read for one job: the last of them are the likely ones.
const MOST_TASKS: usize = 120;

/// Names to the job what earlier tasks of its subscription stored that was to be paid: attributes "earlier.1.reference",
/// "earlier.1.document", "earlier.1.number", "earlier.1.order", and so on. Those that billed a product of which something is
/// given back come first, then the newest.
pub(crate) async fn name(
    engine: &Engine,
    job: &mut Job,
    history: &BTreeMap<SubscriptionId, Vec<Claim>>,
) -> Result<(), EngineError> {
    let Some(claims) = history.get(&SubscriptionId::new(job.order.subscription_id.clone())) else { return Ok(()) };
    let credits: Vec<&JobLine> = job.order.lines.iter().filter(|line| line.amount.is_sign_negative()).collect();
    if credits.iter().all(|line| line.amount.is_zero()) {
        return Ok(());
    }
    let paid = |claim: &&Claim| {
        claim.task != job.task && claim.amount.amount.is_sign_positive() && claim.amount.currency == job.order.currency
    };
    // Whether it billed what is given back, and the number of its order.
    let mut tasks: BTreeMap<&TaskId, (bool, &str)> = BTreeMap::new();
    for claim in claims.iter().filter(paid) {
        let same = credits.iter().any(|line| bills(claim, line));
        let task = tasks.entry(&claim.task).or_insert((false, &claim.number));
        task.0 |= same;
    }
    let mut found = Vec::new();
    for (task, (same, number)) in tasks.into_iter().take(MOST_TASKS) {
        for row in engine.store.receipts_of(task).await? {
            for change in row.receipt.changes {
                let bills =
                    change.total.is_some_and(|total| total.amount.is_sign_positive() && !total.amount.is_zero());
                if bills && !change.reference.as_str().is_empty() {
                    found.push((same, row.stored_at, number.to_owned(), change));
                }
            }
        }
    }
    found.sort_by(|a, b| (b.0, b.1, &b.2).cmp(&(a.0, a.1, &a.2)));
    let mut seen = BTreeSet::new();
    found.retain(|(_, _, _, change)| seen.insert(change.reference.clone()));
    for (place, (_, _, number, change)) in found.into_iter().take(MOST).enumerate() {
        let mut put =
            |field: &str, value: String| job.attributes.push((format!("earlier.{}.{field}", place + 1), value));
        put("document", change.document);
        put("reference", change.reference.to_string());
        put("number", change.number);
        put("order", number);
    }
    Ok(())
}

/// Names to the job what earlier plans of its own task stored: attributes "stored.1.key", "stored.1.reference", and so on. What
/// ended something is no more to be seen from what ended by itself.
pub(crate) fn own(job: &mut Job, kept: &[Kept]) {
    for (place, Kept { receipt, .. }) in kept.iter().enumerate() {
        job.attributes.push((format!("stored.{}.key", place + 1), receipt.key.to_string()));
        job.attributes.push((format!("stored.{}.reference", place + 1), receipt.reference.to_string()));
    }
}

/// Tasks of a customer's motion whose receipts are read: years of statements, with their corrections.
const MOST_FORMER: usize = 48;

/// Names to the job of a statement what synchronized tasks of the same customer and motion stored of what recurs.
pub(crate) async fn former(
    engine: &Engine,
    connection: &ConnectionId,
    book: &LawBook,
    prepared: &mut Prepared,
) -> Result<(), EngineError> {
    if !book.recurring || prepared.order.statement.is_none() {
        return Ok(());
    }
    let job = &mut prepared.job;
    let subscription = SubscriptionId::new(job.order.subscription_id.clone());
    let tasks = engine.store.statement_tasks_of(connection, &subscription, MOST_FORMER).await?;
    let mut rows = Vec::new();
    for task in tasks {
        if task.id != job.task && matches!(task.state, TaskState::Synced { .. }) {
            let receipts = engine.store.receipts_of(&task.id).await?;
            rows.extend(receipts.into_iter().map(|row| (task.id.clone(), row)));
        }
    }
    let stored: Vec<Stored<'_>> = rows
        .iter()
        .flat_map(|(task, row)| {
            row.receipt.changes.iter().map(|change| Stored { task, stored_at: row.stored_at, change })
        })
        .collect();
    job.attributes.extend(former::attributes(&stored));
    Ok(())
}

/// The same product, and days that meet where both have any.
fn bills(claim: &Claim, line: &JobLine) -> bool {
    let meet = match (claim.period, line.service_period) {
        (Some(billed), Some(given)) => billed.start() < given.end() && given.start() < billed.end(),
        _ => true,
    };
    claim.product == line.product_code && meet
}
