//! The containers that tasks' lines go into, read anew for each plan: an agreement that was invoiced, cancelled or changed
//! meanwhile is planned with as it is now. Owns the reading; what follows from it is decided in the domain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use counterfoil_domain::checker::Neighbour;
use counterfoil_domain::connection::{Connection, ManyToOne};
use counterfoil_domain::directory::Entity;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{EntityId, SubscriptionId};
use counterfoil_domain::judge::LinkBook;
use counterfoil_domain::link::{Link, LinkKind, LinkTarget};
use counterfoil_domain::market::Subscription;
use counterfoil_domain::ports::{CallError, Target};
use counterfoil_domain::task::Task;

use crate::engine::{Engine, EngineError};
use crate::linking::read_only;
use crate::prepared::GET_CHUNK;

#[derive(Debug, Default)]
pub(crate) struct Containers {
    /// What the target told; none: it has no containers to tell of.
    read: Option<BTreeMap<EntityId, Entity>>,
    /// By container: the subscriptions that are linked to it.
    sharing: BTreeMap<EntityId, Vec<Subscription>>,
    nothing: BTreeMap<EntityId, Entity>,
}

/// The container that a task's subscription is linked to.
fn linked<'a>(task: &Task, book: &'a LinkBook) -> Option<&'a LinkTarget> {
    book.get(LinkKind::Container, task.subscription.as_ref()?.as_str()).and_then(Link::target)
}

impl Containers {
    /// One bulk read for all; where nothing is linked to a container, none.
    pub(crate) async fn load(
        engine: &Engine,
        connection: &Connection,
        target: &Arc<dyn Target>,
        book: &LinkBook,
        tasks: &[&Task],
    ) -> Result<Self, EngineError> {
        let wanted: BTreeSet<&EntityId> = tasks.iter().filter_map(|task| linked(task, book)).map(|to| &to.id).collect();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let sharing = sharing(engine, connection, book, &wanted).await?;
        let wanted: Vec<EntityId> = wanted.into_iter().cloned().collect();
        let exchange = read_only(engine, connection, target);
        let mut read = BTreeMap::new();
        for chunk in wanted.chunks(GET_CHUNK) {
            match target.get(Arc::clone(&exchange), "container".to_owned(), chunk.to_vec()).await {
                Ok(found) => read.extend(found.into_iter().map(|container| (container.id.clone(), container))),
                Err(CallError::Failed(failure)) if failure.class == FailureClass::Unsupported => {
                    return Ok(Self { read: None, sharing, nothing: BTreeMap::new() });
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Self { read: Some(read), sharing, nothing: BTreeMap::new() })
    }

    pub(crate) fn read(&self) -> &BTreeMap<EntityId, Entity> {
        self.read.as_ref().unwrap_or(&self.nothing)
    }

    /// Why a task cannot be planned: what its lines would go into is not there any more.
    pub(crate) fn gone(&self, task: &Task, book: &LinkBook, connection: &Connection) -> Option<Failure> {
        let container = linked(task, book)?;
        if self.read.as_ref()?.contains_key(&container.id) {
            return None;
        }
        let name = if container.name.trim().is_empty() { "the container" } else { container.name.as_str() };
        let subscription = task.subscription.as_ref().map(ToString::to_string).unwrap_or_default();
        let text = format!(
            "{name} ({}) is not in {} any more, so there is nothing that its lines could go into. Nothing was written; link subscription {subscription} to another container and plan again.",
            container.id, connection.name
        );
        Some(Failure::new(FailureClass::NotFound, "container-gone", text))
    }

    /// What the other subscriptions of the task's container have in it.
    pub(crate) fn neighbours(&self, task: &Task, book: &LinkBook) -> Vec<Neighbour> {
        let all = linked(task, book).and_then(|container| self.sharing.get(&container.id)).into_iter().flatten();
        let others = all.filter(|subscription| Some(&subscription.id) != task.subscription.as_ref());
        let in_it = others.flat_map(|subscription| subscription.lines.iter().map(move |line| (subscription, line)));
        in_it
            .filter_map(|(subscription, line)| {
                let item = book.get(LinkKind::Item, &line.product.code).and_then(Link::target)?;
                Some(Neighbour {
                    subscription: format!("{} ({})", subscription.name, subscription.id),
                    product: line.product.code.clone(),
                    item: item.id.clone(),
                })
            })
            .collect()
    }
}

/// Subscriptions that are linked to these containers, where it counts who shares one.
async fn sharing(
    engine: &Engine,
    connection: &Connection,
    book: &LinkBook,
    wanted: &BTreeSet<&EntityId>,
) -> Result<BTreeMap<EntityId, Vec<Subscription>>, EngineError> {
    let mut sharing: BTreeMap<EntityId, Vec<Subscription>> = BTreeMap::new();
    if connection.rules.many_to_one != ManyToOne::SeparateContainers {
        return Ok(sharing);
    }
    let of_kind = book.all().filter(|link| link.key.kind == LinkKind::Container);
    let linked: BTreeMap<SubscriptionId, EntityId> = of_kind
        .filter_map(|link| Some((link.key.source.as_str().into(), link.target()?.id.clone())))
        .filter(|(_, container)| wanted.contains(container))
        .collect();
    let ids = linked.keys().cloned().collect();
    for subscription in engine.store.subscriptions(&connection.marketplace, Some(ids)).await? {
        let Some(container) = linked.get(&subscription.id) else { continue };
        sharing.entry(container.clone()).or_default().push(subscription);
    }
    Ok(sharing)
}
