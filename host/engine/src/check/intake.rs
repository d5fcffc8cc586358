//! Takes orders in: looks up what each is decided with, and commits what the domain decides, together with what was read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use counterfoil_domain::adjust;
use counterfoil_domain::assemble;
use counterfoil_domain::changes::{self, Given, Pass, Succession};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::{CustomerId, OrderId, SubscriptionId, TaskId};
use counterfoil_domain::market::{Customer, Subscription};
use counterfoil_domain::order::{Order, OrderKey, OrderStatus, OrderType};
use counterfoil_domain::ports::{KnownOrder, Write};
use counterfoil_domain::snapshot;
use counterfoil_domain::task::{Subject, Task};

use super::reading::Read;
use crate::engine::{Engine, EngineError};
use crate::ground::LawBook;
use crate::progress::Progress;

/// What all orders of one check are taken in with.
#[derive(Debug)]
pub(super) struct Intake {
    connection: Connection,
    law: LawBook,
    customers: BTreeMap<CustomerId, Customer>,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    /// Whom the marketplace was asked about already: what it does not have is not asked for twice.
    asked: (BTreeSet<CustomerId>, BTreeSet<SubscriptionId>),
    /// When the check began, before anything was read: what changes while it reads is not in its snapshots.
    now: DateTime<Utc>,
    pass: Pass,
    /// The snapshots that this check makes.
    initial: BTreeMap<SubscriptionId, Order>,
}

/// Whom orders name and nobody knows.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    pub(super) customers: Vec<CustomerId>,
    pub(super) subscriptions: Vec<SubscriptionId>,
}

impl Strangers {
    pub(super) fn count(&self) -> usize {
        self.customers.len() + self.subscriptions.len()
    }
}

impl Intake {
    pub(super) async fn open(
        engine: &Engine,
        connection: &Connection,
        pass: Pass,
        now: DateTime<Utc>,
    ) -> Result<Self, EngineError> {
        let id = &connection.marketplace;
        // Everybody for the first check, which looks for subscriptions without an order; later only who is named.
        let first = pass.window().is_some();
        let customers = if first { engine.store.customers(id, None).await? } else { Vec::new() };
        let subscriptions = if first { engine.store.subscriptions(id, None).await? } else { Vec::new() };
        Ok(Self {
            law: LawBook::load(engine, connection).await?,
            connection: connection.clone(),
            customers: customers.into_iter().map(|c| (c.id.clone(), c)).collect(),
            subscriptions: subscriptions.into_iter().map(|s| (s.id.clone(), s)).collect(),
            asked: Default::default(),
            now,
            pass,
            initial: BTreeMap::new(),
        })
    }

    /// Somebody or something that was not there when the lists were last read. Only completed orders count: each is read
    /// once, so that nobody is asked for again with every check.
    pub(super) fn strangers(&mut self, orders: &[Read]) -> Strangers {
        let mut strangers = Strangers::default();
        for (order, _) in orders.iter().filter(|(order, _)| order.status == OrderStatus::Completed) {
            if !self.customers.contains_key(&order.customer) && self.asked.0.insert(order.customer.clone()) {
                strangers.customers.push(order.customer.clone());
            }
            let Some(id) = &order.subscription else { continue };
            if !self.subscriptions.contains_key(id) && self.asked.1.insert(id.clone()) {
                strangers.subscriptions.push(id.clone());
            }
        }
        strangers
    }

    /// Looks up whom these orders name, as far as they are not known yet: a check costs what changed, however many there
    /// are.
    pub(super) async fn meet(&mut self, engine: &Engine, orders: &[Read]) -> Result<(), EngineError> {
        let id = &self.connection.marketplace;
        let orders = || orders.iter().map(|(order, _)| order);
        let customers: BTreeSet<&CustomerId> =
            orders().map(|order| &order.customer).filter(|id| !self.customers.contains_key(id)).collect();
        if !customers.is_empty() {
            let found = engine.store.customers(id, Some(customers.into_iter().cloned().collect())).await?;
            self.customers.extend(found.into_iter().map(|c| (c.id.clone(), c)));
        }
        let subscriptions: BTreeSet<&SubscriptionId> = orders()
            .filter_map(|order| order.subscription.as_ref())
            .filter(|id| !self.subscriptions.contains_key(id))
            .collect();
        if !subscriptions.is_empty() {
            let found = engine.store.subscriptions(id, Some(subscriptions.into_iter().cloned().collect())).await?;
            self.subscriptions.extend(found.into_iter().map(|s| (s.id.clone(), s)));
        }
        Ok(())
    }

    /// The lists were read again: what they said before is forgotten.
    pub(super) async fn reload(&mut self, engine: &Engine, orders: &[Read]) -> Result<(), EngineError> {
        self.customers.clear();
        self.subscriptions.clear();
        self.meet(engine, orders).await?;
        self.reload_law(engine).await
    }

    /// Products that the catalogue did not have when it was last read: whether they are pay-per-use is not known.
    pub(super) fn names_new_products(&self, orders: &[Read]) -> bool {
        let completed = orders.iter().map(|(order, _)| order).filter(|o| o.status == OrderStatus::Completed);
        let mut named = completed.flat_map(|order| assemble::products(&order.lines));
        named.any(|product| !self.law.products.contains(&product.code))
    }

    pub(super) async fn reload_law(&mut self, engine: &Engine) -> Result<(), EngineError> {
        self.law = LawBook::load(engine, &self.connection).await?;
        Ok(())
    }

    /// Which active subscriptions get a snapshot: those that no final sales order of the window stands for. Only what the
    /// list shows now counts; the store also remembers subscriptions that have ended.
    pub(super) async fn begin_initial(
        &mut self,
        engine: &Engine,
        listed: Vec<Subscription>,
        orders: &[Read],
    ) -> Result<(), EngineError> {
        let start = self.pass.window().unwrap_or(self.now);
        let represented: BTreeSet<&str> = orders
            .iter()
            .map(|(order, _)| order)
            .filter(|o| o.kind() == OrderType::Sales && o.status == OrderStatus::Completed && o.created_at >= start)
            .filter_map(|order| order.subscription.as_ref().map(SubscriptionId::as_str))
            .collect();
        let fallback = self.law.currency.or_else(|| listed.iter().find_map(|s| s.currency));
        let fallback = fallback.or_else(|| orders.first().map(|(order, _)| order.currency));
        for subscription in snapshot::due(&listed, &represented) {
            if !engine.store.initial_tasks_of(&self.connection.id, &subscription.id).await?.is_empty() {
                continue;
            }
            // Nothing names a currency anywhere: a lone subscription that is never billed anything yet.
            let Some(currency) = subscription.currency.or(fallback) else { continue };
            let key = snapshot::key(&self.connection.marketplace, &self.connection.id, &subscription.id);
            let order = snapshot::order(&self.connection.marketplace, subscription, currency, self.now);
            self.initial.insert(subscription.id.clone(), Order { key, ..order });
        }
        Ok(())
    }

    /// That no snapshot will stand for it, even where a part of the marketplace could not be read.
    pub(super) fn is_sure_of(&self, order: &Order) -> bool {
        let known = |id: &SubscriptionId| self.subscriptions.contains_key(id) && !self.initial.contains_key(id);
        order.subscription.as_ref().is_none_or(known)
    }

    /// One task for every active subscription that nothing else stands for.
    pub(super) async fn add_initial(&mut self, engine: &Engine, progress: &mut Progress) -> Result<(), EngineError> {
        let mut writes = Vec::new();
        for (id, order) in &self.initial {
            let task = changes::initial(id, order, self.given(order, None));
            count(&task, progress);
            progress.count("tasks-initial", 1);
            writes.push(Write::PutOrder { order: order.clone(), fingerprint: String::new(), observed_at: self.now });
            writes.push(Write::InsertTask(task));
        }
        for chunk in writes.chunks(1_000) {
            engine.store.commit(chunk.to_vec()).await?;
        }
        Ok(())
    }

    pub(super) async fn take_in(
        &mut self,
        engine: &Engine,
        orders: Vec<Read>,
        progress: &mut Progress,
    ) -> Result<(), EngineError> {
        let writes = self.writes(engine, orders, progress).await?;
        engine.store.commit(writes).await?;
        Ok(())
    }

    /// Customers and subscriptions that are written in the same commit as the orders that name them.
    pub(super) fn introduce(
        &mut self,
        customers: impl Iterator<Item = Customer>,
        subscriptions: impl Iterator<Item = Subscription>,
    ) {
        self.customers.extend(customers.map(|customer| (customer.id.clone(), customer)));
        self.subscriptions.extend(subscriptions.map(|subscription| (subscription.id.clone(), subscription)));
    }

    /// What taking orders in writes.
    pub(super) async fn writes(
        &self,
        engine: &Engine,
        orders: Vec<Read>,
        progress: &mut Progress,
    ) -> Result<Vec<Write>, EngineError> {
        let ids = orders.iter().map(|(order, _)| order.key.order.clone()).collect();
        let known = engine.store.known_orders(&self.connection.marketplace, ids).await?;
        let known: BTreeMap<OrderId, bool> = known.into_iter().map(|known| (known.id, known.is_final)).collect();
        let mut writes = Vec::with_capacity(orders.len() * 2);
        for (order, fingerprint) in orders {
            let known_final = known.get(&order.key.order).copied();
            let earlier = match known_final {
                Some(_) => engine.store.tasks_of_order(&self.connection.id, &order.key).await?,
                None => Vec::new(),
            };
            if !self.pass.only_counts(order.created_at, known_final == Some(true), &earlier) {
                writes.extend(self.tasks_of(engine, &order, &earlier, progress).await?);
            }
            writes.push(Write::PutOrder { order, fingerprint, observed_at: self.now });
        }
        Ok(writes)
    }

    /// Orders that were read by another connection of the same marketplace: known, but not yet ours.
    pub(super) async fn catch_up(
        &mut self,
        engine: &Engine,
        known: &[KnownOrder],
        progress: &mut Progress,
    ) -> Result<(), EngineError> {
        for known in known {
            let key = OrderKey { marketplace: self.connection.marketplace.clone(), order: known.id.clone() };
            let earlier = engine.store.tasks_of_order(&self.connection.id, &key).await?;
            let id = changes::subject(&key, &known.revision, &earlier).task_id(&self.connection.id);
            let settled = Succession::Known { supersedes: Vec::new() };
            if changes::succession(&id, &earlier) == settled {
                continue;
            }
            let Some(order) = engine.store.order(&key).await? else { continue };
            if self.pass.only_counts(order.created_at, known.is_final, &earlier) {
                continue;
            }
            let read = (order, known.fingerprint.clone());
            self.meet(engine, std::slice::from_ref(&read)).await?;
            let writes = self.tasks_of(engine, &read.0, &earlier, progress).await?;
            engine.store.commit(writes).await?;
        }
        Ok(())
    }

    /// Revisions that waited for an earlier one to be sent, of which then nothing was stored.
    pub(super) async fn reconsider(
        &mut self,
        engine: &Engine,
        waiting: &[Task],
        progress: &mut Progress,
    ) -> Result<(), EngineError> {
        for task in waiting {
            let Subject::Order { key, .. } = &task.subject else { continue };
            let all = engine.store.tasks_of_order(&self.connection.id, key).await?;
            if all.len() < 2 {
                continue;
            }
            let Some(order) = engine.store.order(key).await? else { continue };
            let read = (order, String::new());
            self.meet(engine, std::slice::from_ref(&read)).await?;
            let order = &read.0;
            let snapshot = match &order.subscription {
                Some(id) => self.snapshot_at(engine, id).await?,
                None => None,
            };
            let Some(again) = changes::reconsider(task, order, &all, self.given(order, snapshot)) else { continue };
            let mut writes = Vec::new();
            if let Some(task) = again.task {
                let gave_way = again.gave_way.iter().map(|old| old.id.clone()).collect();
                writes.extend(carried(engine, order, &task, gave_way, progress).await?);
                progress.count("tasks-judged-again", 1);
                writes.push(Write::UpdateTask(task));
            }
            writes.extend(again.gave_way.into_iter().map(Write::UpdateTask));
            engine.store.commit(writes).await?;
        }
        Ok(())
    }

    /// The decision, and what it writes.
    async fn tasks_of(
        &self,
        engine: &Engine,
        order: &Order,
        earlier: &[Task],
        progress: &mut Progress,
    ) -> Result<Vec<Write>, EngineError> {
        let asks = changes::asks_for_snapshot(order, earlier, &self.connection.id);
        let snapshot = match order.subscription.as_ref().filter(|_| asks) {
            Some(id) => self.snapshot_at(engine, id).await?,
            None => None,
        };
        let taken = changes::take_in(order, earlier, self.given(order, snapshot));
        let mut writes = Vec::new();
        if let Some(task) = taken.task {
            let gave_way: Vec<TaskId> = taken.gave_way.iter().map(|old| old.id.clone()).collect();
            writes.extend(carried(engine, order, &task, gave_way, progress).await?);
            count(&task, progress);
            writes.push(Write::InsertTask(task));
        }
        writes.extend(taken.gave_way.into_iter().map(Write::UpdateTask));
        Ok(writes)
    }

    fn given<'a>(&'a self, order: &Order, snapshot: Option<DateTime<Utc>>) -> Given<'a> {
        Given {
            connection: &self.connection,
            law: self.law.law(&self.connection, self.now),
            pass: self.pass,
            customer: self.customers.get(&order.customer),
            subscription: order.subscription.as_ref().and_then(|id| self.subscriptions.get(id)),
            snapshot,
        }
    }

    /// When the snapshot that stands for a subscription was taken, if one was.
    async fn snapshot_at(&self, engine: &Engine, id: &SubscriptionId) -> Result<Option<DateTime<Utc>>, EngineError> {
        if self.initial.contains_key(id) {
            return Ok(Some(self.now));
        }
        let made = engine.store.initial_tasks_of(&self.connection.id, id).await?;
        Ok(made.iter().map(|task| task.observed_at).min())
    }
}

fn count(task: &Task, progress: &mut Progress) {
    progress.count("tasks-new", 1);
    progress.count(&format!("tasks-{}", task.state.name()), 1);
}

/// What people set on the revision that gives way, as far as it holds for the new one. What does not is said: somebody
/// chose it, and the bill is another without it.
async fn carried(
    engine: &Engine,
    order: &Order,
    task: &Task,
    gave_way: Vec<TaskId>,
    progress: &mut Progress,
) -> Result<Option<Write>, EngineError> {
    if gave_way.is_empty() {
        return Ok(None);
    }
    let set = engine.store.adjustments(gave_way).await?;
    let Some(last) = set.into_iter().filter(|old| !old.is_empty()).max_by_key(|old| old.at) else { return Ok(None) };
    let new = adjust::carried(&last, order, task.id.clone());
    for dropped in &new.dropped {
        let text = format!(
            "order {} was revised and no longer takes what was set on it: {dropped}. Look at its task before it is billed.",
            order.number
        );
        progress.problem("adjustment-dropped", order.number.clone(), text);
    }
    Ok(Some(Write::PutAdjustments(new)))
}
