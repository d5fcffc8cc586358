//! Time, memory and words: a full call within the card's limits, and no more lines in the log than a call may write.

use std::time::Duration;

use super::steps::{needed, plains};
use crate::bench::{Bench, Miss, Told, failed};

/// No card's call is larger here: the kit tests the shape, not the endurance.
const MOST_JOBS: usize = 25;

pub(super) async fn time_and_memory(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let count = bench.card.plan_tasks.min(MOST_JOBS);
    let made = needed(plains(&stage, count).await)?;
    let jobs: Vec<_> = made.into_iter().map(|made| made.job).collect();
    stage.plan(jobs).await.map_err(|error| Miss::Failed(format!("plan of {count} jobs: {error}")))?;
    let tally = bench.tally();
    let limits = &bench.card.limits;
    let most = usize::try_from(limits.memory_mib).unwrap_or(usize::MAX).saturating_mul(1024 * 1024);
    if tally.peak_memory > most / 10 * 9 {
        return failed(format!("{} of memory were used, of {} MiB", mib(tally.peak_memory), limits.memory_mib));
    }
    for (call, longest) in &tally.longest {
        let limit = if *call == "apply" || *call == "create" { limits.apply } else { limits.plan };
        if *longest > limit / 10 * 9 {
            return failed(format!("a call of {call} took {} ms, of {}", longest.as_millis(), limit.as_millis()));
        }
    }
    let longest = tally.longest.values().max().copied().unwrap_or(Duration::ZERO);
    // Figures of one machine are no part of a verdict that is compared: only what they were within.
    let room = if longest * 10 < limits.plan { "with room" } else { "close to the limit" };
    Ok(format!("{count} jobs in one call, {room}, within {} MiB", limits.memory_mib))
}

fn mib(bytes: usize) -> String {
    format!("{} MiB", bytes / (1024 * 1024))
}

pub(super) async fn log(bench: &Bench) -> Told {
    let tally = bench.tally();
    if tally.calls == 0 {
        return Err(Miss::Skipped("no call was made".to_owned()));
    }
    match tally.flooded.first() {
        Some((call, lines)) => failed(format!(
            "a call of {call} wrote {lines} log lines more than one call may write; {} calls did so",
            tally.flooded.len()
        )),
        None => Ok("no call wrote too much".to_owned()),
    }
}
