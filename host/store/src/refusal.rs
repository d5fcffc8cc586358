//! What neither store accepts, said in the same words.

use counterfoil_domain::catalog::CatalogRun;
use counterfoil_domain::journal::Effect;
use counterfoil_domain::ports::StoreError;
use counterfoil_domain::run::{Run, RunKind};
use counterfoil_domain::task::Task;

pub(crate) fn unknown_effect(effect: &Effect) -> StoreError {
    StoreError::Unavailable(format!("effect {} of {} was never journaled", effect.key, effect.batch))
}

pub(crate) fn known_run(run: &Run) -> StoreError {
    StoreError::Unavailable(format!("run {} is there already", run.id))
}

pub(crate) fn unknown_run(run: &Run) -> StoreError {
    StoreError::Unavailable(format!("run {} was never asked for", run.id))
}

pub(crate) fn known_catalog_run(run: &CatalogRun) -> StoreError {
    StoreError::Unavailable(format!("catalog run {} is there already", run.id))
}

pub(crate) fn unknown_catalog_run(run: &CatalogRun) -> StoreError {
    StoreError::Unavailable(format!("catalog run {} was never asked for", run.id))
}

/// Whether it reads what the marketplace has: of these, a connection has one at a time.
pub(crate) fn is_check(kind: &RunKind) -> bool {
    matches!(kind, RunKind::Check | RunKind::Backfill(_))
}

/// The version as databases count.
pub(crate) fn version_number(task: &Task) -> Result<i64, StoreError> {
    i64::try_from(task.version)
        .map_err(|_| StoreError::Unavailable(format!("task {} has an impossible version, {}", task.id, task.version)))
}
