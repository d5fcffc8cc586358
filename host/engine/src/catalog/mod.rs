//! Catalog sync: previews, their synchronization, and taking one back. Owns the order of reads and writes; what differs is
//! decided in the domain, where catalogs are is a port.

mod desk;
mod ladder;
mod preview;
mod sync;
mod undo;
mod writing;

use counterfoil_domain::catalog::{Broken, CatalogRun, CatalogRunKind, ScopeError};
use counterfoil_domain::id::{MarketplaceId, ResellerId, RunId};
use counterfoil_domain::ports::{CatalogError, CommitError, StoreError, Write};
use counterfoil_domain::run::RunState;

use crate::engine::Engine;
use desk::Desk;

/// What a run as a whole can fail with. What fails with one reseller is that reseller's step.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CatalogRunError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error("{0}. Nothing more was written")]
    Source(#[from] CatalogError),
    #[error(transparent)]
    Scope(#[from] ScopeError),
    #[error(transparent)]
    Broken(#[from] Broken),
    #[error("marketplace {0} holds no catalogs, or is not configured. Nothing was read or written")]
    NoCatalogs(MarketplaceId),
    #[error("run {0} is not there, or is no {1}. Nothing was written")]
    NoSuchRun(RunId, CatalogRunKind),
    #[error("reseller \"{0}\" is not in the list of resellers any more. Nothing more was written")]
    Gone(ResellerId),
    /// The process ends; the run is taken up again at the next start.
    #[error("stopping")]
    Stopping,
}

/// Taken up again it would only stop again; its steps say what was written.
pub(crate) async fn stopped_by_defect(engine: &Engine, run: &RunId, defect: &str) {
    tracing::error!(%run, defect, "a catalog run was stopped by a defect");
    let Ok(Some(mut run)) = engine.store.catalog_run(run).await else { return };
    run.state = RunState::Failed;
    run.problem = Some("a defect of this service stopped the run; its steps say what was written".to_owned());
    run.finished_at = Some(engine.clock.now());
    if let Err(error) = engine.store.commit(vec![Write::UpdateCatalogRun(run)]).await {
        tracing::error!(%error, "the end of a catalog run could not be stored");
    }
}

/// Does one run, or goes on with it.
pub(crate) async fn carry_out(engine: &Engine, run: CatalogRun) {
    let (id, kind) = (run.id.clone(), run.kind);
    let result = match Desk::begin(engine, run).await {
        Ok(mut desk) => {
            let done = match kind {
                CatalogRunKind::Preview => preview::preview(&mut desk).await,
                CatalogRunKind::Sync => sync::sync(&mut desk).await,
                CatalogRunKind::Undo => undo::undo(&mut desk).await,
            };
            match done {
                Err(CatalogRunError::Stopping) => return,
                done => desk.end(done.err()).await,
            }
        }
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        tracing::error!(run = %id, %error, "a catalog run could not be stored; it is taken up again");
    }
}
