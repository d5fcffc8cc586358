//! Many tasks made ready for their target at once: orders, customers, catalogue prices and containers are read in bulk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use counterfoil_domain::connection::Connection;
use counterfoil_domain::directory::Entity;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{CustomerId, EntityId, SubscriptionId};
use counterfoil_domain::market::{Customer, Subscription};
use counterfoil_domain::order::Order;
use counterfoil_domain::ports::Target;
use counterfoil_domain::task::{Task, Verdict};
use counterfoil_domain::{adjust, assemble};

use crate::containers::Containers;
use crate::engine::{Engine, EngineError};
use crate::ground::{self, LawBook, Prepared, With};
use crate::linking::read_only;

/// Entities asked for in one call. How many fit into one address is the target's matter.
pub(crate) const GET_CHUNK: usize = 1_000;

/// Why a task cannot be planned.
#[derive(Debug, Clone)]
pub(crate) enum Unprepared {
    /// The rules say otherwise by now.
    Judged(Verdict),
    Failed(Failure),
}

pub(crate) async fn prepare_all(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    book: &LawBook,
    tasks: &[Task],
) -> Result<Vec<Result<Prepared, Unprepared>>, EngineError> {
    let law = book.law(connection, engine.clock.now());
    let people = People::load(engine, connection, tasks).await?;
    let adjustments = ground::adjustments(engine, tasks).await?;
    let mut orders: Vec<Option<Order>> = Vec::with_capacity(tasks.len());
    let mut wanted = BTreeSet::new();
    let mut ready = Vec::with_capacity(tasks.len());
    for task in tasks {
        let order = ground::order_of(engine, task, book).await?;
        if let Some(order) = &order {
            let set = adjustments.get(&task.id);
            let adjusted = adjust::applied(order, set);
            let judgement = ground::judge_task(task, &adjusted, set, people.subscription(task), law);
            wanted.extend(assemble::items_needed(&judgement.lines, &book.links));
            if judgement.verdict == Verdict::Ready {
                ready.push(task);
            }
        }
        orders.push(order);
    }
    let items = items(engine, connection, target, wanted).await?;
    let containers = Containers::load(engine, connection, target, &book.links, &ready).await?;
    let settings = ground::settings(target.card(), connection);
    let mut prepared = Vec::with_capacity(tasks.len());
    for (task, order) in tasks.iter().zip(&orders) {
        let Some(order) = order else {
            let text = format!("the order of task {} is not in the store any more; check changes again", task.number);
            prepared.push(Err(Unprepared::Failed(Failure::new(FailureClass::NotFound, "order-gone", text))));
            continue;
        };
        let set = adjustments.get(&task.id);
        let adjusted = adjust::applied(order, set);
        let judgement = ground::judge_task(task, &adjusted, set, people.subscription(task), law);
        if judgement.verdict != Verdict::Ready {
            prepared.push(Err(Unprepared::Judged(judgement.verdict)));
            continue;
        }
        if let Some(gone) = containers.gone(task, &book.links, connection) {
            prepared.push(Err(Unprepared::Failed(gone)));
            continue;
        }
        let with = With {
            connection,
            target,
            book,
            customer: people.customers.get(&task.customer),
            subscription: people.subscription(task),
            items: &items,
            containers: &containers,
            settings: &settings,
            adjustments: set,
        };
        prepared.push(ground::prepare(engine, task, order, &judgement, with).map_err(|error| {
            let text =
                format!("{}: {error}. Nothing was written; set the price, or take the marketplace's.", task.number);
            Unprepared::Failed(Failure::new(FailureClass::Rejected, "no-price", text))
        }));
    }
    Ok(prepared)
}

struct People {
    customers: BTreeMap<CustomerId, Customer>,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
}

impl People {
    async fn load(engine: &Engine, connection: &Connection, tasks: &[Task]) -> Result<Self, EngineError> {
        let id = &connection.marketplace;
        let customers: BTreeSet<CustomerId> = tasks.iter().map(|task| task.customer.clone()).collect();
        let subscriptions: BTreeSet<SubscriptionId> =
            tasks.iter().filter_map(|task| task.subscription.clone()).collect();
        let customers = engine.store.customers(id, Some(customers.into_iter().collect())).await?;
        let subscriptions = engine.store.subscriptions(id, Some(subscriptions.into_iter().collect())).await?;
        Ok(Self {
            customers: customers.into_iter().map(|c| (c.id.clone(), c)).collect(),
            subscriptions: subscriptions.into_iter().map(|s| (s.id.clone(), s)).collect(),
        })
    }

    fn subscription(&self, task: &Task) -> Option<&Subscription> {
        task.subscription.as_ref().and_then(|id| self.subscriptions.get(id))
    }
}

async fn items(
    engine: &Engine,
    connection: &Connection,
    target: &Arc<dyn Target>,
    wanted: BTreeSet<EntityId>,
) -> Result<BTreeMap<EntityId, Entity>, EngineError> {
    let wanted: Vec<EntityId> = wanted.into_iter().collect();
    let exchange = read_only(engine, connection, target);
    let mut items = BTreeMap::new();
    for chunk in wanted.chunks(GET_CHUNK) {
        let found = target.get(Arc::clone(&exchange), "item".to_owned(), chunk.to_vec()).await?;
        items.extend(found.into_iter().map(|item| (item.id.clone(), item)));
    }
    Ok(items)
}
