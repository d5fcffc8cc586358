//! Orders become tasks: judged, superseding earlier revisions, committed together with what was read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use counterfoil_domain::assemble;
use counterfoil_domain::changes::{self, Succession};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::{Actor, CustomerId, SubscriptionId, TaskId};
use counterfoil_domain::job::JobKind;
use counterfoil_domain::judge::{self, Judgement};
use counterfoil_domain::market::{Customer, Subscription};
use counterfoil_domain::money::Money;
use counterfoil_domain::order::{Order, OrderKey, OrderStatus, OrderType};
use counterfoil_domain::ports::{KnownOrder, Write};
use counterfoil_domain::snapshot::{self, Cover};
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Need, Subject, Task, TaskState, Verdict, next};

use super::Read;
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
    /// When the check began, before anything was read: what changes while it reads is not in its snapshots.
    now: DateTime<Utc>,
    window: Option<DateTime<Utc>>,
    /// The snapshots that this check makes.
    initial: BTreeMap<SubscriptionId, Order>,
}

impl Intake {
    pub(super) async fn open(
        engine: &Engine,
        connection: &Connection,
        window: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Self, EngineError> {
        let id = &connection.marketplace;
        // Everybody for the first check, which looks for subscriptions without an order; later only who is named.
        let first = window.is_some();
        let customers = if first { engine.store.customers(id, None).await? } else { Vec::new() };
        let subscriptions = if first { engine.store.subscriptions(id, None).await? } else { Vec::new() };
        Ok(Self {
            law: LawBook::load(engine, connection).await?,
            connection: connection.clone(),
            customers: customers.into_iter().map(|c| (c.id.clone(), c)).collect(),
            subscriptions: subscriptions.into_iter().map(|s| (s.id.clone(), s)).collect(),
            now,
            window,
            initial: BTreeMap::new(),
        })
    }

    pub(super) fn is_first(&self) -> bool {
        self.window.is_some()
    }

    /// Somebody or something that the lists did not have when they were last read. Only completed orders
    /// count: each is read once, so that the lists are not read again with every check.
    pub(super) fn names_strangers(&self, orders: &[Read]) -> bool {
        orders.iter().map(|(order, _)| order).filter(|order| order.status == OrderStatus::Completed).any(|order| {
            let subscription = order.subscription.as_ref();
            !self.customers.contains_key(&order.customer)
                || subscription.is_some_and(|id| !self.subscriptions.contains_key(id))
        })
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
        self.law = LawBook::load(engine, &self.connection).await?;
        Ok(())
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
        let start = self.window.unwrap_or(self.now);
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

    pub(super) async fn take_in(
        &mut self,
        engine: &Engine,
        orders: Vec<Read>,
        progress: &mut Progress,
    ) -> Result<(), EngineError> {
        let ids = orders.iter().map(|(order, _)| order.key.order.clone()).collect();
        let known = engine.store.known_orders(&self.connection.marketplace, ids).await?;
        let known: BTreeSet<_> = known.into_iter().map(|known| known.id).collect();
        let mut writes = Vec::with_capacity(orders.len() * 2);
        for (order, fingerprint) in orders {
            let earlier = if known.contains(&order.key.order) {
                engine.store.tasks_of_order(&self.connection.id, &order.key).await?
            } else {
                Vec::new()
            };
            writes.extend(self.tasks_of(engine, &order, &earlier, progress).await?);
            writes.push(Write::PutOrder { order, fingerprint, observed_at: self.now });
        }
        engine.store.commit(writes).await?;
        Ok(())
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
            let read = (order, known.fingerprint.clone());
            self.meet(engine, std::slice::from_ref(&read)).await?;
            let writes = self.tasks_of(engine, &read.0, &earlier, progress).await?;
            engine.store.commit(writes).await?;
        }
        Ok(())
    }

    async fn tasks_of(
        &self,
        engine: &Engine,
        order: &Order,
        earlier: &[Task],
        progress: &mut Progress,
    ) -> Result<Vec<Write>, EngineError> {
        let subject = changes::subject(&order.key, &order.revision(), earlier);
        let id = subject.task_id(&self.connection.id);
        let (supersedes, verdict) = match changes::succession(&id, earlier) {
            Succession::Known { supersedes } => {
                return Ok(self.give_way(earlier, &supersedes, &id));
            }
            Succession::New { supersedes } => (supersedes, None),
            Succession::AfterSending { supersedes, sent_amount, .. } => {
                let why = format!(
                    "order {} was revised after {sent_amount} of it was synchronized; nothing more is billed before a person decides",
                    order.number
                );
                (supersedes, Some(Verdict::Pending(vec![Need::Decision { why }])))
            }
        };
        let subscription = order.subscription.as_ref().and_then(|id| self.subscriptions.get(id));
        let judgement = judge::judge(order, subscription, self.law.law(&self.connection, self.now));
        let mut task = self.task(subject, judge::job_kind(order), order, &judgement);
        if let Some(verdict) = verdict {
            task.state = verdict.into();
        } else if let Some(verdict) = self.before_start(order, earlier) {
            task.state = verdict.into();
        } else if let Some(verdict) = self.covered(engine, order, earlier).await? {
            task.state = verdict.into();
        }
        progress.count("tasks-new", 1);
        progress.count(&format!("tasks-{}", task.state.name()), 1);
        let mut writes = self.give_way(earlier, &supersedes, &id);
        writes.push(Write::InsertTask(task));
        Ok(writes)
    }

    fn give_way(&self, earlier: &[Task], supersedes: &[TaskId], by: &TaskId) -> Vec<Write> {
        let old = earlier.iter().filter(|old| supersedes.contains(&old.id));
        old.filter_map(|old| superseded(old, by, self.now)).collect()
    }

    /// When the snapshot that stands for a subscription was taken, if one was.
    async fn snapshot_at(&self, engine: &Engine, id: &SubscriptionId) -> Result<Option<DateTime<Utc>>, EngineError> {
        if self.initial.contains_key(id) {
            return Ok(Some(self.now));
        }
        let made = engine.store.initial_tasks_of(&self.connection.id, id).await?;
        Ok(made.iter().map(|task| task.observed_at).min())
    }

    /// The snapshot stands for everything that was provisioned up to it, except past usage.
    async fn covered(&self, engine: &Engine, order: &Order, earlier: &[Task]) -> Result<Option<Verdict>, EngineError> {
        let Some(subscription) = &order.subscription else { return Ok(None) };
        if order.status != OrderStatus::Completed {
            return Ok(None);
        }
        let Some(at) = self.snapshot_at(engine, subscription).await? else { return Ok(None) };
        let watched = earlier.iter().any(|task| task.observed_at >= at && waits(task));
        let total = order.money(order.total.unwrap_or_default());
        let day = at.date_naive();
        match snapshot::covers(at, order, watched, &self.connection.rules) {
            Cover::None => Ok(None),
            Cover::Whole => Ok(Some(Verdict::Ignored(Ignored {
                reason: IgnoreReason::CoveredByInitialTask,
                text: format!(
                    "the initial task of subscription {subscription}, made on {day}, stands for this order of {total}"
                ),
                by: Actor::new("rules"),
                at: self.now,
                until: None,
            }))),
            Cover::Part => {
                let why = format!(
                    "a part of this order of {total} is for periods that the initial task of subscription {subscription}, made on {day}, bills already"
                );
                Ok(Some(Verdict::Pending(vec![Need::Decision { why }])))
            }
        }
    }

    /// Orders before the day that a person named, which appear only after the first check.
    fn before_start(&self, order: &Order, earlier: &[Task]) -> Option<Verdict> {
        let start = self.connection.rules.start_on.filter(|_| self.window.is_none() && earlier.is_empty())?;
        (order.created_at < changes::start_of(start)).then(|| {
            Verdict::Ignored(Ignored {
                reason: IgnoreReason::OlderThanStartWindow,
                text: format!("the order is from before {start}, the day from which orders are synchronized"),
                by: Actor::new("rules"),
                at: self.now,
                until: None,
            })
        })
    }

    /// One task for every active subscription that nothing else stands for. The snapshot is kept as it was taken: what the
    /// subscription becomes later is billed by its own orders.
    pub(super) async fn add_initial(&mut self, engine: &Engine, progress: &mut Progress) -> Result<(), EngineError> {
        let mut writes = Vec::new();
        for (id, order) in &self.initial {
            let judgement = snapshot::judge(order, self.law.law(&self.connection, self.now));
            let subject =
                Subject::Initial { marketplace: self.connection.marketplace.clone(), subscription: id.clone() };
            let task = self.task(subject, JobKind::Initial, order, &judgement);
            progress.count("tasks-new", 1);
            progress.count("tasks-initial", 1);
            progress.count(&format!("tasks-{}", task.state.name()), 1);
            writes.push(Write::PutOrder { order: order.clone(), fingerprint: String::new(), observed_at: self.now });
            writes.push(Write::InsertTask(task));
        }
        for chunk in writes.chunks(1_000) {
            engine.store.commit(chunk.to_vec()).await?;
        }
        Ok(())
    }

    fn task(&self, subject: Subject, kind: JobKind, order: &Order, judgement: &Judgement<'_>) -> Task {
        let customer_name =
            self.customers.get(&order.customer).map_or_else(|| order.customer.to_string(), |c| c.name.clone());
        let state = judgement.verdict.clone().naming_customer(&customer_name).into();
        Task {
            id: subject.task_id(&self.connection.id),
            reseller: self.connection.reseller.clone(),
            connection: self.connection.id.clone(),
            subject,
            kind,
            number: order.number.clone(),
            customer: order.customer.clone(),
            customer_name,
            subscription: order.subscription.clone(),
            amount: Money::new(judge::amount(order, &judgement.lines), order.currency),
            scenario: judgement.scenario.clone(),
            state,
            created_at: order.created_at,
            observed_at: self.now,
            updated_at: self.now,
            failures: 0,
            crashes: 0,
            version: 1,
        }
    }
}

/// An order that was seen before it was final.
fn waits(task: &Task) -> bool {
    matches!(&task.state, TaskState::Ignored(ignored) if ignored.reason == IgnoreReason::NotFinal)
}

fn superseded(old: &Task, by: &TaskId, now: DateTime<Utc>) -> Option<Write> {
    let state = next(old.state.clone(), Event::Superseded { by: by.clone() }).ok()?;
    Some(Write::UpdateTask(Task { state, updated_at: now, version: old.version + 1, ..old.clone() }))
}
