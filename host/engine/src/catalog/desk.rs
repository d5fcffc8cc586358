//! One run under way: its row, and what became of each reseller. Owns that a step is on disk before the next one begins.

use std::sync::Arc;

use counterfoil_domain::catalog::{CatalogRun, CatalogStep, StepState};
use counterfoil_domain::ports::{CatalogSource, Write};
use counterfoil_domain::run::RunState;

use super::CatalogRunError;
use crate::engine::Engine;

#[derive(Debug)]
pub(super) struct Desk<'e> {
    pub(super) engine: &'e Engine,
    pub(super) run: CatalogRun,
    /// A reseller did not get what was to be done.
    short: bool,
}

impl<'e> Desk<'e> {
    pub(super) async fn begin(engine: &'e Engine, mut run: CatalogRun) -> Result<Self, CatalogRunError> {
        run.state = RunState::Running;
        run.started_at.get_or_insert(engine.clock.now());
        // A run that is taken up again counts from its steps.
        run.done = 0;
        let mut desk = Self { engine, run, short: false };
        desk.store(Vec::new()).await?;
        Ok(desk)
    }

    pub(super) fn source(&self) -> Result<Arc<dyn CatalogSource>, CatalogRunError> {
        let id = &self.run.marketplace;
        self.engine.sources.catalogs(id).ok_or_else(|| CatalogRunError::NoCatalogs(id.clone()))
    }

    /// Between two resellers: whether to go on.
    pub(super) fn go_on(&self) -> Result<(), CatalogRunError> {
        if self.engine.is_stopping() { Err(CatalogRunError::Stopping) } else { Ok(()) }
    }

    /// What this run knows of a reseller's turn already.
    pub(super) async fn known(&self, place: u64) -> Result<Option<CatalogStep>, CatalogRunError> {
        Ok(self.engine.store.catalog_step(&self.run.id, place).await?)
    }

    /// About to write: on disk before anything is sent.
    pub(super) async fn intend(&mut self, step: CatalogStep) -> Result<(), CatalogRunError> {
        self.store(vec![Write::PutCatalogStep(step)]).await
    }

    /// A turn is over.
    pub(super) async fn over(&mut self, step: CatalogStep) -> Result<(), CatalogRunError> {
        self.counted(&step);
        self.store(vec![Write::PutCatalogStep(step)]).await
    }

    /// A turn was over before.
    pub(super) fn counted(&mut self, step: &CatalogStep) {
        self.run.done += 1;
        self.short |= is_short(&step.state);
    }

    async fn store(&mut self, mut writes: Vec<Write>) -> Result<(), CatalogRunError> {
        writes.push(Write::UpdateCatalogRun(self.run.clone()));
        self.engine.store.commit(writes).await?;
        let _nobody_listens = self.engine.changed.send(self.run.id.clone());
        Ok(())
    }

    /// The end: failed as a whole, or as its steps are.
    pub(super) async fn end(mut self, failed: Option<CatalogRunError>) -> Result<(), CatalogRunError> {
        self.run.state = match &failed {
            Some(_) => RunState::Failed,
            None if self.short => RunState::Incomplete,
            None => RunState::Done,
        };
        if let Some(error) = &failed {
            tracing::warn!(run = %self.run.id, %error, "catalog run failed");
        }
        self.run.problem = failed.map(|error| error.to_string());
        self.run.finished_at = Some(self.engine.clock.now());
        self.store(Vec::new()).await
    }
}

fn is_short(state: &StepState) -> bool {
    match state {
        StepState::Refused { .. } | StepState::Failed { .. } | StepState::Sending { .. } => true,
        StepState::TakenBack { left } => !left.is_empty(),
        StepState::Compared | StepState::Written { .. } | StepState::Nothing => false,
    }
}
