//! Product sync: a program's products become items of the target. Owns the order of the work and that each step is on disk
//! before the next begins; what a product needs is `domain::product_sync`'s to say. A run that was cut off goes on where
//! it was: what stands as wanted costs nothing.

mod desk;
mod used;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use counterfoil_domain::connection::{Connection, ConnectionState};
use counterfoil_domain::directory::Entity;
use counterfoil_domain::id::EntityId;
use counterfoil_domain::link::{Link, LinkKind};
use counterfoil_domain::ports::{CallError, StatementSource, Target};
use counterfoil_domain::product_sync::{self, Carriers, Forecast, ProductRow, ProductState, Seen, Step, Used, Wanted};
use counterfoil_domain::program::{Program, ProgramName};
use counterfoil_domain::run::ProductChoice;
use counterfoil_domain::statement::ListedProduct;

use crate::engine::{Engine, EngineError};
use crate::linking;
use crate::patience::{self, Patience};
use crate::progress::Progress;
use desk::Desk;

/// Ids that are asked for at once.
const TOGETHER: usize = 25;

/// All that the steps are decided from.
#[derive(Debug)]
struct Scene {
    connection: Connection,
    program: Program,
    target: Arc<dyn Target>,
    wanted: BTreeMap<String, Wanted>,
    /// Everything of the program that was ever looked at.
    rows: BTreeMap<String, ProductRow>,
    links: BTreeMap<String, Link>,
    /// Items of the target by id: the whole catalogue where anything is to be found in it, else those that are linked.
    items: BTreeMap<EntityId, Entity>,
    /// The whole catalogue was read for this run.
    listed: bool,
}

pub(crate) async fn sync(
    engine: &Engine,
    (name, choice): (ProgramName, &ProductChoice),
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let connection = engine.connection(&progress.run.connection).await?;
    if connection.state != ConnectionState::Enabled {
        let (state, reason) = (connection.state.to_string(), connection.state_reason.clone());
        return Err(EngineError::Paused { connection: connection.id, state, reason });
    }
    let programs = engine.store.programs(&connection.id).await?;
    let Some(program) = programs.into_iter().find(|of| of.name == name && of.enabled && of.products) else {
        let text = format!(
            "product sync of {} is off for {}. No item was made or changed. Switch the program and its products on.",
            name.text(),
            connection.name
        );
        progress.shortfall("products-off", connection.id.to_string(), text);
        return Ok(());
    };
    let scene = scene(engine, connection, program, choice).await?;
    work(engine, scene, choice, progress).await
}

async fn scene(
    engine: &Engine,
    connection: Connection,
    program: Program,
    choice: &ProductChoice,
) -> Result<Scene, EngineError> {
    let source = engine
        .sources
        .statements(&connection.marketplace)
        .ok_or_else(|| EngineError::NoMarketplace(connection.marketplace.clone()))?;
    let target = engine.target(&connection)?;
    let used: BTreeMap<String, Used> = used::used(engine, &connection).await?;
    let listed = price_list(&source).await?;
    let mut wanted = product_sync::wanted(&program, &listed, &used);
    let rows = engine.store.product_rows(&connection.id, program.name).await?;
    let rows: BTreeMap<String, ProductRow> = rows.into_iter().map(|row| (row.code.clone(), row)).collect();
    if let ProductChoice::These(codes) = choice {
        wanted.retain(|code, _| codes.contains(code));
    }
    let links = engine.store.links(&connection.id, Some(LinkKind::Item)).await?;
    let links: BTreeMap<String, Link> = links.into_iter().map(|link| (link.key.source.clone(), link)).collect();
    let mut scene = Scene { connection, program, target, wanted, rows, links, items: BTreeMap::new(), listed: false };
    scene.look(engine).await?;
    Ok(scene)
}

impl Scene {
    /// Reads what the target has: everything while something must be found there, else what is linked.
    async fn look(&mut self, engine: &Engine) -> Result<(), EngineError> {
        let unlinked = |code: &String| self.links.get(code).and_then(Link::target).is_none();
        if self.wanted.keys().any(unlinked) {
            let all = linking::list(engine, &self.connection, &self.target, "item").await?;
            self.items = all.into_iter().map(|item| (item.id.clone(), item)).collect();
            self.listed = true;
        }
        // Lists may leave out what is switched off: only what is asked for by its id and not there is gone.
        let linked = self.wanted.keys().filter_map(|code| self.links.get(code)?.target());
        let missing: BTreeSet<EntityId> =
            linked.map(|to| to.id.clone()).filter(|id| !self.items.contains_key(id)).collect();
        let missing: Vec<EntityId> = missing.into_iter().collect();
        let exchange = linking::read_only(engine, &self.connection, &self.target);
        for ids in missing.chunks(TOGETHER) {
            let mut patience = Patience::default();
            let found = loop {
                let found = self.target.get(Arc::clone(&exchange), "item".to_owned(), ids.to_vec()).await;
                if !patience.again(patience::after(&found)).await {
                    break found?;
                }
            };
            self.items.extend(found.into_iter().map(|item| (item.id.clone(), item)));
        }
        Ok(())
    }

    fn step(&self, wanted: &Wanted, carriers: &Carriers<'_>, engine: &Engine) -> Step {
        let link = self.links.get(&wanted.code);
        let linked = link.and_then(Link::target).and_then(|to| self.items.get(&to.id));
        let seen = Seen { linked, carriers: carriers.of_product(wanted) };
        let offered = engine.offers.of(&self.connection.id);
        product_sync::step(wanted, self.rows.get(&wanted.code), link, &seen, offered.as_ref())
    }
}

async fn price_list(source: &Arc<dyn StatementSource>) -> Result<Vec<ListedProduct>, EngineError> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = source.products(after.clone()).await?;
        all.extend(page.rows);
        match page.next {
            Some(next) if Some(&next) != after.as_ref() => after = Some(next),
            _ => return Ok(all),
        }
    }
}

async fn work(
    engine: &Engine,
    scene: Scene,
    choice: &ProductChoice,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let carriers = Carriers::of(scene.items.values());
    let steps: Vec<(&Wanted, Step)> =
        scene.wanted.values().map(|wanted| (wanted, scene.step(wanted, &carriers, engine))).collect();
    let mut forecast = Forecast::default();
    steps.iter().for_each(|(_, step)| forecast.add(step));
    progress.run.total = Some(steps.len() as u64);
    progress.count("products-to-create", forecast.create);
    progress.count("products-to-update", forecast.revise);
    progress.count("calls-forecast", forecast.calls());
    progress.count("minutes-forecast", forecast.takes(&limits(&scene)).as_secs().div_ceil(60));
    progress.save().await?;
    let desk = Desk { engine, scene: &scene };
    for (wanted, step) in steps {
        if engine.is_stopping() {
            return Err(EngineError::Stopping);
        }
        let done = desk.carry_out(wanted, step, progress).await?;
        progress.advance(1).await?;
        if done == desk::Done::TargetAway {
            let text = "the target takes no requests now; what is left is done by the next run, nothing twice";
            progress.shortfall("target-away", scene.connection.id.to_string(), text);
            break;
        }
    }
    if *choice == ProductChoice::All {
        desk.orphan(progress).await?;
    }
    // Tasks that waited for an item have one now.
    let waiting = linking::pending(engine, &scene.connection).await?;
    linking::judge_again(engine, &scene.connection, waiting, progress).await
}

fn limits(scene: &Scene) -> Vec<(u32, Duration)> {
    scene.target.card().budgets.limits.iter().map(|limit| (limit.calls, limit.window)).collect()
}

/// Nothing else to be done there before somebody, or time, mends it.
fn is_away(error: &CallError) -> bool {
    use counterfoil_domain::failure::FailureClass as Class;
    match error {
        CallError::Failed(failure) => {
            matches!(failure.class, Class::Auth | Class::Throttled) || failure.class == Class::Transient
        }
        CallError::Trap { .. } | CallError::Timeout { .. } | CallError::Memory { .. } | CallError::Nonsense(_) => false,
    }
}

/// Left as it is when the target lost a product: which state the row gets.
fn state_of(entity: &Entity) -> ProductState {
    if entity.active { ProductState::Synced } else { ProductState::Inactive }
}
