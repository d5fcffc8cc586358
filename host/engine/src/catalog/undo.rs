//! Taking a sync back, reseller by reseller, where nothing was changed since. What was changed stays, and is named.

use counterfoil_domain::catalog::{CatalogRunKind, CatalogStep, Moved, StepState};
use counterfoil_domain::ports::CatalogSource;

use super::CatalogRunError;
use super::desk::Desk;
use super::writing::{self, Outcome, Way};

const ALL_CHANGED: &str = "everything that was synchronized here was changed since; it stays as it is";

pub(super) async fn undo(desk: &mut Desk<'_>) -> Result<(), CatalogRunError> {
    let of = desk.run.of.clone().unwrap_or_else(|| desk.run.id.clone());
    let made = desk.engine.store.catalog_run(&of).await?.filter(|run| run.kind == CatalogRunKind::Sync);
    let made = made.ok_or_else(|| CatalogRunError::NoSuchRun(of.clone(), CatalogRunKind::Sync))?;
    let source = desk.source()?;
    let total = made.total.unwrap_or_default();
    desk.run.total = Some(total);
    let mut unsure = Vec::new();
    // Sub-resellers first: what they hold refers to what the one above them shows.
    for place in (0..total).rev() {
        desk.go_on()?;
        let Some(done) = desk.engine.store.catalog_step(&of, place).await? else { continue };
        let over = match desk.known(place).await? {
            Some(known) if known.state.is_over() => {
                desk.counted(&known);
                continue;
            }
            Some(known) => looked_again(desk, source.as_ref(), known).await?,
            None => turn(desk, source.as_ref(), done).await?,
        };
        if over.state.is_over() {
            desk.over(over).await?;
        } else {
            unsure.push(place);
        }
    }
    // Of these it was not known whether they landed. What still cannot be seen stays as sending.
    for place in unsure {
        desk.go_on()?;
        let Some(step) = desk.known(place).await? else { continue };
        let over = looked_again(desk, source.as_ref(), step).await?;
        desk.over(over).await?;
    }
    Ok(())
}

/// What was about to be written, or was: `step` is as it was stored.
async fn looked_again(
    desk: &mut Desk<'_>,
    source: &dyn CatalogSource,
    mut step: CatalogStep,
) -> Result<CatalogStep, CatalogRunError> {
    let StepState::Sending { read, wanted } = step.state.clone() else { return Ok(step) };
    let undo = step.undo();
    let again = |mut held| undo.apply_where_unchanged(&mut held).ok().map(|_| held);
    let outcome = writing::resume(desk, source, Way::TakeBack, &step, (&read, &wanted), again).await?;
    let left = match (&outcome, source.reseller(&step.reseller).await) {
        // What stays is known by what is there: the process that counted it is gone.
        (Outcome::Written(_), Ok(now)) => step.left_in(&now.value),
        (Outcome::Written(_), Err(_)) => return Ok(step),
        _ => Vec::new(),
    };
    end(&mut step, outcome, left);
    Ok(step)
}

async fn turn(
    desk: &mut Desk<'_>,
    source: &dyn CatalogSource,
    done: CatalogStep,
) -> Result<CatalogStep, CatalogRunError> {
    let mut step = CatalogStep { run: desk.run.id.clone(), ..done };
    // A sync that could not see whether it had written may have.
    let surely = matches!(step.state, StepState::Written { .. });
    if !surely && step.state.is_over() {
        step.state = StepState::Nothing;
        return Ok(step);
    }
    let held = match source.reseller(&step.reseller).await {
        Ok(held) => held,
        Err(error) => {
            step.state = StepState::Failed { why: error.to_string() };
            return Ok(step);
        }
    };
    let mut catalog = held.value;
    let left = match step.undo().apply_where_unchanged(&mut catalog) {
        Ok(undone) if undone.taken_back.is_empty() => {
            let why = ALL_CHANGED.to_owned();
            step.state = if surely { StepState::Refused { why } } else { StepState::Nothing };
            return Ok(step);
        }
        Ok(undone) => undone.left,
        Err(stale) => {
            step.state = StepState::Refused { why: stale.to_string() };
            return Ok(step);
        }
    };
    let outcome = writing::write(desk, source, Way::TakeBack, &mut step, (&catalog, held.version)).await?;
    end(&mut step, outcome, left);
    Ok(step)
}

fn end(step: &mut CatalogStep, outcome: Outcome, left: Vec<Moved>) {
    match outcome {
        Outcome::Written(_) => {
            step.state = StepState::TakenBack { left: left.iter().map(|moved| moved.key.to_string()).collect() };
        }
        Outcome::NotWritten(why) => step.state = StepState::Failed { why },
        Outcome::Unknown => {}
    }
}
