//! After a backup was restored: what it does not know as sent may have been sent since it was made. Each such plan is
//! looked for in the target, like one whose answer was lost, before it goes out for the first time.

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::digest::Digester;
use counterfoil_domain::id::BatchId;
use counterfoil_domain::journal::{Batch, BatchState, Trail};
use counterfoil_domain::plan::SealedPlan;
use counterfoil_domain::ports::Write;
use counterfoil_domain::task::{Event, Task, next};

use crate::dispatch::Stored;
use crate::engine::{Engine, EngineError};
use crate::progress::Progress;
use crate::settle::Confirmed;

/// An order created so long after the restore was surely not sent before it, whatever the clock of its marketplace says.
const SLACK: Duration = Duration::hours(48);

const WHY: &str = "the data was restored from a backup, after which it may have been sent; it is looked for first";

/// Those that were surely not sent between backup and restore, or were looked for since. The others are uncertain now, and
/// in the lookout's hands. Caller holds the connection's lock.
pub(crate) async fn sure(
    engine: &Engine,
    connection: &Connection,
    confirmed: Vec<Confirmed>,
    stored: &Stored,
    progress: &mut Progress,
) -> Result<Vec<Confirmed>, EngineError> {
    let Some(at) = engine.restored else { return Ok(confirmed) };
    let now = engine.clock.now();
    let mut sure = Vec::with_capacity(confirmed.len());
    let mut writes = Vec::new();
    let mut held = 0;
    for (task, sealed) in confirmed {
        let id = look(at, &sealed);
        if task.created_at > at + SLACK || engine.store.batch(&id).await?.is_some() {
            sure.push((task, sealed));
            continue;
        }
        let lost = Event::AnswerLost { why: WHY.to_owned() };
        let sent = next(task.state.clone(), Event::Sent { batch: id.clone() });
        let Ok(state) = sent.and_then(|state| next(state, lost)) else { continue };
        writes.push(Write::PutBatch(Batch {
            id,
            connection: connection.id.clone(),
            plugin: sealed.ground.plugin.clone(),
            adopted: stored.iter().filter(|(plan, _)| *plan == sealed.digest).cloned().collect(),
            plans: vec![sealed.digest],
            state: BatchState::Open,
            opened_at: now,
            probes: 0,
            probe_at: None,
            trail: Trail::default(),
        }));
        writes.push(Write::UpdateTask(Task { state, updated_at: now, version: task.version + 1, ..task }));
        held += 1;
    }
    if held == 0 {
        return Ok(sure);
    }
    engine.store.commit(writes).await?;
    progress.count("looked-for-first", held);
    progress.advance(usize::try_from(held).unwrap_or(usize::MAX)).await?;
    Ok(sure)
}

/// The same plan is looked for once after a restore: whoever sends it again after that has been told, or has decided.
fn look(restored: DateTime<Utc>, sealed: &SealedPlan) -> BatchId {
    let mut digest = Digester::new("restored");
    digest.text(&restored.to_rfc3339()).text(sealed.digest.as_str());
    BatchId::new(format!("batch_{}", digest.short()))
}
