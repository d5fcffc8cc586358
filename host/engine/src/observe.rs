//! Read back what was stored and hold it, to the cent, against what was confirmed.

use std::sync::Arc;

use counterfoil_domain::connection::Connection;
use counterfoil_domain::plan::{Observation, Plan, Receipt, SealedPlan};
use counterfoil_domain::ports::{StoredReceipt, Target, Write};

use crate::engine::{Engine, EngineError};
use crate::linking::read_only;
use crate::progress::Progress;

pub(crate) async fn observe(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    stored: Vec<(SealedPlan, StoredReceipt)>,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    if stored.is_empty() {
        return Ok(());
    }
    let receipts: Vec<Receipt> = stored.iter().map(|(_, row)| row.receipt.clone()).collect();
    let observed = match target.observe(read_only(engine, connection, target), receipts).await {
        Ok(observed) => observed,
        Err(error) => {
            // The documents are there and receipts are kept; only the look failed.
            progress.problem(
                "not-verified",
                connection.id.to_string(),
                format!("what was written could not be read back yet: {error}"),
            );
            return Ok(());
        }
    };
    let now = engine.clock.now();
    let mut writes = Vec::with_capacity(stored.len());
    for ((sealed, row), observed) in stored.into_iter().zip(observed) {
        match observed {
            Ok(observation) => {
                progress.count("documents", observation.documents.len() as u64);
                match differences(&sealed.plan, &row.receipt, &observation) {
                    None => progress.count("verified", 1),
                    Some(text) => {
                        progress.count("mismatches", 1);
                        progress.problem("differs-from-plan", sealed.plan.task.to_string(), text);
                    }
                }
                writes.push(Write::PutReceipt(StoredReceipt { observed: Some((now, observation)), ..row }));
            }
            Err(failure) => {
                progress.problem(
                    "not-verified",
                    sealed.plan.task.to_string(),
                    format!("it was written, but not read back: {}", failure.message),
                );
            }
        }
    }
    engine.store.commit(writes).await?;
    Ok(())
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
