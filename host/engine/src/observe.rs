//! Read back what was stored and hold it, to the cent, against what was confirmed.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::failure::Failure;
use counterfoil_domain::id::Actor;
use counterfoil_domain::journal::{Batch, BatchState};
use counterfoil_domain::plan::{Observation, Plan, Receipt, SealedPlan};
use counterfoil_domain::ports::{AuditEntry, StoredReceipt, Target, Write};

use crate::engine::{Engine, EngineError};
use crate::linking::read_only;
use crate::progress::Progress;

/// Seconds after each look until the next one: 10 s, 1 and 6 minutes, 1 and 6 hours, then daily.
const LOOKS: [i64; 10] = [10, 60, 360, 3_600, 21_600, 86_400, 86_400, 86_400, 86_400, 86_400];

/// When to look again after so many looks.
pub(crate) fn again_at(looks: u32, now: DateTime<Utc>) -> DateTime<Utc> {
    let index = usize::try_from(looks.saturating_sub(1)).unwrap_or(usize::MAX).min(LOOKS.len() - 1);
    now + Duration::seconds(LOOKS.get(index).copied().unwrap_or(86_400))
}

/// What of one batch is to be read back.
#[derive(Debug)]
pub(crate) struct Unseen {
    /// The batch where nothing else is open in it: it is closed once everything was seen, and stays to be looked at until
    /// then.
    pub(crate) closing: Option<Batch>,
    pub(crate) stored: Vec<(SealedPlan, StoredReceipt)>,
}

/// Reads receipts back: of many batches in one call, because a target that shows lists shows them all at the price of a few.
pub(crate) async fn observe(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    unseen: Vec<Unseen>,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let most = target.card().plan_tasks;
    let mut rest = unseen.into_iter().peekable();
    while rest.peek().is_some() {
        let (mut group, mut count) = (Vec::new(), 0);
        // One batch at least, however large.
        while let Some(one) = rest.next_if(|next| count == 0 || count + next.stored.len() <= most) {
            count += one.stored.len();
            group.push(one);
        }
        observe_together(engine, connection, target, group, progress).await?;
    }
    Ok(())
}

async fn observe_together(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    unseen: Vec<Unseen>,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let receipts: Vec<Receipt> =
        unseen.iter().flat_map(|one| &one.stored).map(|(_, row)| row.receipt.clone()).collect();
    let observed = match receipts.is_empty() {
        true => Vec::new(),
        false => match target.observe(read_only(engine, connection, target), receipts).await {
            Ok(observed) => observed,
            Err(error) => {
                // The documents are there and receipts are kept; only the look failed.
                not_verified(progress, connection.id.to_string(), &error.to_string());
                Vec::new()
            }
        },
    };
    let mut observed = observed.into_iter();
    let mut writes = Vec::new();
    for one in unseen {
        let seen: Vec<_> = observed.by_ref().take(one.stored.len()).collect();
        writes.extend(compared(engine, one, seen, progress));
    }
    if !writes.is_empty() {
        engine.store.commit(writes).await?;
    }
    Ok(())
}

/// What was seen of one batch, held against its plans.
fn compared(
    engine: &Engine,
    Unseen { closing, stored }: Unseen,
    seen: Vec<Result<Observation, Failure>>,
    progress: &mut Progress,
) -> Vec<Write> {
    let now = engine.clock.now();
    let mut writes = Vec::with_capacity(stored.len());
    let mut unseen = stored.len();
    for ((sealed, row), observed) in stored.into_iter().zip(seen) {
        match observed {
            Ok(observation) => {
                unseen -= 1;
                progress.count("documents", observation.documents.len() as u64);
                match differences(&sealed.plan, &row.receipt, &observation) {
                    None => progress.count("verified", 1),
                    Some(text) => {
                        progress.count("mismatches", 1);
                        writes.push(Write::Audit(AuditEntry {
                            at: now,
                            actor: Actor::new("observe"),
                            action: "verify.differs".to_owned(),
                            subject: sealed.plan.task.to_string(),
                            detail: text.clone(),
                        }));
                        progress.shortfall("differs-from-plan", sealed.plan.task.to_string(), text);
                    }
                }
                writes.push(Write::PutReceipt(StoredReceipt { observed: Some((now, observation)), ..row }));
            }
            Err(failure) => not_verified(progress, sealed.plan.task.to_string(), &failure.message),
        }
    }
    if let Some(batch) = closing {
        let probes = batch.probes + 1;
        writes.push(Write::PutBatch(if unseen == 0 || probes as usize > LOOKS.len() {
            Batch { state: BatchState::Closed, probe_at: None, ..batch }
        } else {
            Batch { probes, probe_at: Some(again_at(probes, now)), ..batch }
        }));
    }
    writes
}

fn not_verified(progress: &mut Progress, subject: String, why: &str) {
    progress.problem(
        "not-verified",
        subject,
        format!("it was written, but not read back yet: {why}. It is tried again."),
    );
}

/// What the target shows otherwise than confirmed; none when every document agrees to the cent.
pub(crate) fn differences(plan: &Plan, receipt: &Receipt, seen: &Observation) -> Option<String> {
    for change in &receipt.changes {
        let Some(document) = seen.documents.iter().find(|d| d.key == change.key) else {
            return Some(format!("{} {} was stored, but the target does not show it", change.document, change.number));
        };
        let Some(planned) = plan.changes.iter().find(|c| c.key == change.key) else {
            return Some(format!("{} {} was stored, but is in no plan", change.document, change.number));
        };
        if document.total != planned.total {
            return Some(format!(
                "{} {} shows {} in the target, {} was confirmed",
                change.document, document.number, document.total, planned.total
            ));
        }
    }
    None
}
