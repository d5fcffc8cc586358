//! Synchronizing what a preview showed: each reseller is read again, and written only where the same comparison still says
//! the same.

use counterfoil_domain::catalog::run::{moved_since_preview, wanted};
use counterfoil_domain::catalog::{CatalogRunKind, CatalogStep, ResellerCatalog, Step, StepState};
use counterfoil_domain::id::CatalogVersion;
use counterfoil_domain::ports::CatalogSource;

use super::CatalogRunError;
use super::desk::Desk;
use super::ladder::Ladder;
use super::writing::{self, Outcome, Way};

pub(super) async fn sync(desk: &mut Desk<'_>) -> Result<(), CatalogRunError> {
    let of = desk.run.of.clone().unwrap_or_else(|| desk.run.id.clone());
    let preview = desk.engine.store.catalog_run(&of).await?.filter(|run| run.kind == CatalogRunKind::Preview);
    let preview = preview.ok_or_else(|| CatalogRunError::NoSuchRun(of.clone(), CatalogRunKind::Preview))?;
    let source = desk.source()?;
    let provider = source.provider().await?;
    let nodes = source.resellers().await?;
    desk.run.total = preview.total;
    let mut ladder = Ladder::new(&provider.value, nodes, preview.order.options, preview.order.display);
    let mut unsure = Vec::new();
    for place in 0..preview.total.unwrap_or_default() {
        desk.go_on()?;
        let Some(shown) = desk.engine.store.catalog_step(&of, place).await? else { continue };
        match desk.known(place).await? {
            Some(known) if known.state.is_over() => desk.counted(&known),
            known => match turn(desk, source.as_ref(), &mut ladder, shown, known).await? {
                done if done.state.is_over() => desk.over(done).await?,
                _ => unsure.push(place),
            },
        }
    }
    // Of these it was not known whether they landed. What still cannot be seen stays as sending.
    for place in unsure {
        desk.go_on()?;
        let Some(step) = desk.known(place).await? else { continue };
        let done = looked_again(desk, source.as_ref(), step).await?;
        desk.over(done).await?;
    }
    Ok(())
}

async fn looked_again(
    desk: &mut Desk<'_>,
    source: &dyn CatalogSource,
    step: CatalogStep,
) -> Result<CatalogStep, CatalogRunError> {
    let StepState::Sending { read, wanted } = step.state.clone() else { return Ok(step) };
    let again = |held: ResellerCatalog| made(held, &step);
    let outcome = writing::resume(desk, source, Way::Make, &step, (&read, &wanted), again).await?;
    Ok(ended(step, read, outcome))
}

async fn turn(
    desk: &mut Desk<'_>,
    source: &dyn CatalogSource,
    ladder: &mut Ladder<'_>,
    shown: CatalogStep,
    known: Option<CatalogStep>,
) -> Result<CatalogStep, CatalogRunError> {
    let at = Step {
        reseller: shown.reseller.clone(),
        upstream: shown.upstream.clone(),
        template: shown.template.clone(),
        level: usize::try_from(shown.level).unwrap_or(usize::MAX),
    };
    let mut step = CatalogStep { run: desk.run.id.clone(), ..shown };
    if let Some(known) = known {
        return looked_again(desk, source, known).await;
    }
    if step.state != StepState::Compared {
        return Ok(step);
    }
    let found = async {
        ladder.stand(&at, source).await?;
        let held = source.reseller(&at.reseller).await?;
        let set = ladder.compare(&at, &held.value)?;
        Ok::<_, CatalogRunError>((held, set))
    };
    let (held, set) = match found.await {
        Ok(found) => found,
        Err(error @ (CatalogRunError::Source(_) | CatalogRunError::Broken(_) | CatalogRunError::Gone(_))) => {
            step.state = StepState::Failed { why: error.to_string() };
            return Ok(step);
        }
        Err(error) => return Err(error),
    };
    if set.digest() != step.digest {
        step.state = StepState::Refused { why: moved_since_preview(&at.reseller) };
        return Ok(step);
    }
    match wanted(held.value.clone(), &set) {
        Ok(wanted) => {
            let sent = (&wanted.catalog, held.version.clone());
            let outcome = writing::write(desk, source, Way::Make, &mut step, sent).await?;
            // What is there otherwise is read again by whoever is below.
            if matches!(outcome, Outcome::Written(_)) && ladder.serves_others(&at) {
                ladder.climb(&at, &wanted.catalog);
            }
            Ok(ended(step, held.version, outcome))
        }
        Err(stale) => {
            step.state = StepState::Refused { why: stale.to_string() };
            Ok(step)
        }
    }
}

/// The catalog that the step makes of what is held, from the changes that were stored with it.
fn made(mut held: ResellerCatalog, step: &CatalogStep) -> Option<ResellerCatalog> {
    step.redo(&mut held).ok()?;
    Some(held)
}

fn ended(mut step: CatalogStep, read: CatalogVersion, outcome: Outcome) -> CatalogStep {
    match outcome {
        Outcome::Written(written) => step.state = StepState::Written { read, written },
        Outcome::NotWritten(why) => step.state = StepState::Failed { why },
        Outcome::Unknown => {}
    }
    step
}
