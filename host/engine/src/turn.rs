//! Which tasks wait for others of their subscription: looks up who there is; whose turn it is, is the domain's word.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_domain::card::Card;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::{CustomerId, SubscriptionId, TaskId};
use counterfoil_domain::ports::{PageRequest, TaskFilter};
use counterfoil_domain::task::Task;
use counterfoil_domain::turn::{self, Entry, KEEPS_WAITING, Waits};

use crate::engine::{Engine, EngineError};
use crate::linking::in_state;

/// For so many customers the tasks are asked for one by one; for more, all open ones are read.
const FEW: usize = 20;

/// Tasks that may not be planned yet, each with what it waits for.
pub(crate) async fn waiting(
    engine: &Engine,
    connection: &Connection,
    card: &Card,
    tasks: &[Task],
) -> Result<BTreeMap<TaskId, Waits>, EngineError> {
    let asking: Vec<&Task> = tasks.iter().filter(|task| turn::may_wait(task, card.in_order)).collect();
    if asking.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut by_subscription: BTreeMap<SubscriptionId, Vec<Task>> = BTreeMap::new();
    for open in open(engine, connection, &asking).await? {
        let Some(subscription) = open.subscription.clone() else { continue };
        by_subscription.entry(subscription).or_default().push(open);
    }
    let wanted: BTreeSet<&SubscriptionId> = asking.iter().filter_map(|task| task.subscription.as_ref()).collect();
    let mut entries: BTreeMap<SubscriptionId, Vec<Entry>> = BTreeMap::new();
    for (subscription, open) in by_subscription {
        if open.len() < 2 || !wanted.contains(&subscription) {
            continue;
        }
        let mut all = Vec::with_capacity(open.len());
        for task in open {
            let order = engine.store.order(&turn::order_key(&task)).await?;
            all.push(Entry::new(task, order.as_ref()));
        }
        entries.insert(subscription, all);
    }
    let mut waiting = BTreeMap::new();
    for task in asking {
        let Some(all) = task.subscription.as_ref().and_then(|id| entries.get(id)) else { continue };
        // One that is no longer open, or that was read in another state, is judged as it is now.
        let Some(own) = all.iter().find(|entry| entry.task.id == task.id) else { continue };
        if let Some(waits) = turn::waits_for(own, all, card.in_order) {
            waiting.insert(task.id.clone(), waits);
        }
    }
    Ok(waiting)
}

/// What these may have to wait for, themselves among them.
async fn open(engine: &Engine, connection: &Connection, asking: &[&Task]) -> Result<Vec<Task>, EngineError> {
    let customers: BTreeSet<&CustomerId> = asking.iter().map(|task| &task.customer).collect();
    if customers.len() > FEW {
        return in_state(engine, connection, &KEEPS_WAITING).await;
    }
    let mut all = Vec::new();
    for customer in customers {
        let filter = TaskFilter {
            connection: Some(connection.id.clone()),
            states: KEEPS_WAITING.iter().map(|state| (*state).to_owned()).collect(),
            customer: Some(customer.clone()),
            ..TaskFilter::default()
        };
        let mut page = PageRequest { after: None, limit: 1_000 };
        loop {
            let tasks = engine.store.tasks(filter.clone(), page.clone()).await?;
            let Some(last) = tasks.last() else { break };
            page.after = Some((last.observed_at, last.id.clone()));
            all.extend(tasks);
        }
    }
    Ok(all)
}
