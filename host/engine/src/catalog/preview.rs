//! A preview: every reseller of the run is read and compared, one at a time. Writes nothing outside.

use counterfoil_domain::catalog::{CatalogStep, Step, StepState, resolve};
use counterfoil_domain::ports::CatalogSource;

use super::CatalogRunError;
use super::desk::Desk;
use super::ladder::{Ladder, with};

pub(super) async fn preview(desk: &mut Desk<'_>) -> Result<(), CatalogRunError> {
    let source = desk.source()?;
    let provider = source.provider().await?;
    let nodes = source.resellers().await?;
    let order = desk.run.order.clone();
    let steps = resolve(&order.scope, order.depth, &nodes)?;
    desk.run.total = Some(steps.steps.len() as u64);
    desk.run.notes = steps.warning().into_iter().collect();
    let ladder = Ladder::new(&provider.value, nodes, order.options, order.display);
    let mut ladder = ladder.planning(&steps.steps);
    for (place, step) in steps.steps.iter().enumerate() {
        desk.go_on()?;
        let place = place as u64;
        // Of a list of resellers that changed meanwhile, another one may have this turn now.
        if let Some(known) = desk.known(place).await?.filter(|known| is_of(known, step)) {
            desk.counted(&known);
            continue;
        }
        let done = compared(desk, source.as_ref(), &mut ladder, place, step).await?;
        desk.over(done).await?;
    }
    Ok(())
}

fn is_of(known: &CatalogStep, step: &Step) -> bool {
    known.reseller == step.reseller && known.upstream == step.upstream && known.template == step.template
}

/// What cannot be read of one reseller is said of that one; the others have their turn.
async fn compared(
    desk: &Desk<'_>,
    source: &dyn CatalogSource,
    ladder: &mut Ladder<'_>,
    place: u64,
    step: &Step,
) -> Result<CatalogStep, CatalogRunError> {
    let new = |state| CatalogStep::new(&desk.run.id, place, step, state);
    let looked = async {
        ladder.stand(step, source).await?;
        let held = source.reseller(&step.reseller).await?.value;
        let set = ladder.compare(step, &held)?;
        Ok::<_, CatalogRunError>((held, set))
    };
    let (held, set) = match looked.await {
        Ok(found) => found,
        Err(error @ (CatalogRunError::Source(_) | CatalogRunError::Broken(_) | CatalogRunError::Gone(_))) => {
            return Ok(new(StepState::Failed { why: error.to_string() }));
        }
        Err(error) => return Err(error),
    };
    if ladder.serves_others(step) {
        ladder.climb(step, &with(held, &set));
    }
    let state = if set.is_empty() { StepState::Nothing } else { StepState::Compared };
    Ok(new(state).showing(set))
}
