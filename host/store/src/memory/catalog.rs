//! Catalog sync, from memory.

use counterfoil_domain::catalog::{CatalogRun, CatalogStep, Preset};
use counterfoil_domain::id::{ResellerId, RunId};
use counterfoil_domain::ports::CommitError;

use super::shelves::{Change, Shelves};
use crate::refusal::{known_catalog_run, unknown_catalog_run};

pub(super) fn insert_run(change: &mut Change<'_>, run: CatalogRun) -> Result<(), CommitError> {
    if !run.state.is_over() {
        let unfinished = unfinished_runs(change.now());
        if let Some(running) = unfinished.iter().find(|other| other.marketplace == run.marketplace) {
            return Err(CommitError::AlreadyRunning(running.id.clone()));
        }
    }
    if change.now().catalog_runs.contains_key(&run.id) {
        return Err(known_catalog_run(&run).into());
    }
    change.put(|s| &mut s.catalog_runs, run.id.clone(), run);
    Ok(())
}

pub(super) fn update_run(change: &mut Change<'_>, run: CatalogRun) -> Result<(), CommitError> {
    if !change.now().catalog_runs.contains_key(&run.id) {
        return Err(unknown_catalog_run(&run).into());
    }
    change.put(|s| &mut s.catalog_runs, run.id.clone(), run);
    Ok(())
}

pub(super) fn runs(shelves: &Shelves, reseller: Option<&ResellerId>, limit: usize) -> Vec<CatalogRun> {
    let of = |run: &&CatalogRun| reseller.is_none_or(|id| run.reseller == *id);
    let mut runs: Vec<CatalogRun> = shelves.catalog_runs.values().filter(of).cloned().collect();
    runs.sort_by(|a, b| (b.asked_at, &b.id).cmp(&(a.asked_at, &a.id)));
    runs.truncate(limit);
    runs
}

pub(super) fn unfinished_runs(shelves: &Shelves) -> Vec<CatalogRun> {
    let mut runs: Vec<CatalogRun> = shelves.catalog_runs.values().filter(|run| !run.state.is_over()).cloned().collect();
    runs.sort_by(|a, b| (a.asked_at, &a.id).cmp(&(b.asked_at, &b.id)));
    runs
}

pub(super) fn steps(shelves: &Shelves, run: &RunId, from: u64, limit: usize) -> Vec<CatalogStep> {
    let ours = shelves.catalog_steps.range((run.clone(), from)..).take_while(|((of, _), _)| of == run);
    ours.take(limit).map(|(_, step)| step.clone()).collect()
}

pub(super) fn presets(shelves: &Shelves, reseller: &ResellerId) -> Vec<Preset> {
    let ours = shelves.presets.range((reseller.clone(), String::new())..).take_while(|((of, _), _)| of == reseller);
    ours.map(|(_, preset)| preset.clone()).collect()
}
