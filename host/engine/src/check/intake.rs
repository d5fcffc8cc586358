//! Orders become tasks: judged, superseding earlier revisions, committed together with what was read.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use counterfoil_domain::changes::{self, Succession};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::{Actor, CustomerId, SubscriptionId, TaskId};
use counterfoil_domain::job::JobKind;
use counterfoil_domain::judge::{self, Judgement};
use counterfoil_domain::market::{Customer, Subscription};
use counterfoil_domain::money::Money;
use counterfoil_domain::order::{Order, OrderKey, OrderStatus, OrderType};
use counterfoil_domain::ports::{KnownOrder, PageRequest, TaskFilter, Write};
use counterfoil_domain::snapshot;
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
    now: DateTime<Utc>,
    window: Option<DateTime<Utc>>,
    /// Subscriptions whose initial task is made by this check.
    initial: BTreeSet<SubscriptionId>,
    /// When earlier initial tasks were made, if any were.
    snapshot_at: Option<DateTime<Utc>>,
}

impl Intake {
    pub(super) async fn open(
        engine: &Engine,
        connection: &Connection,
        window: Option<DateTime<Utc>>,
    ) -> Result<Self, EngineError> {
        let id = &connection.marketplace;
        let customers = engine.store.customers(id, None).await?;
        let subscriptions = engine.store.subscriptions(id, None).await?;
        let filter = TaskFilter { connection: Some(connection.id.clone()), ..TaskFilter::default() };
        let oldest = engine.store.tasks(filter, PageRequest { after: None, limit: 1 }).await?;
        Ok(Self {
            law: LawBook::load(engine, connection).await?,
            connection: connection.clone(),
            customers: customers.into_iter().map(|c| (c.id.clone(), c)).collect(),
            subscriptions: subscriptions.into_iter().map(|s| (s.id.clone(), s)).collect(),
            now: engine.clock.now(),
            window,
            initial: BTreeSet::new(),
            snapshot_at: oldest.first().map(|task| task.observed_at),
        })
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

    pub(super) async fn reload(&mut self, engine: &Engine) -> Result<(), EngineError> {
        let id = &self.connection.marketplace;
        self.customers = engine.store.customers(id, None).await?.into_iter().map(|c| (c.id.clone(), c)).collect();
        self.subscriptions =
            engine.store.subscriptions(id, None).await?.into_iter().map(|s| (s.id.clone(), s)).collect();
        self.law = LawBook::load(engine, &self.connection).await?;
        Ok(())
    }

    /// Which active subscriptions get a snapshot: those that no final sales order of the window stands for.
    pub(super) fn begin_initial(&mut self, orders: &[Read]) {
        let start = self.window.unwrap_or(self.now);
        let represented: BTreeSet<&str> = orders
            .iter()
            .map(|(order, _)| order)
            .filter(|o| o.kind() == OrderType::Sales && o.status == OrderStatus::Completed && o.created_at >= start)
            .filter_map(|order| order.subscription.as_ref().map(SubscriptionId::as_str))
            .collect();
        let all: Vec<Subscription> = self.subscriptions.values().cloned().collect();
        self.initial = snapshot::due(&all, &represented).into_iter().map(|s| s.id.clone()).collect();
        self.snapshot_at = Some(self.now);
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
            let subject = Subject::Order { key: key.clone(), revision: known.revision.clone() };
            if engine.store.task(&subject.task_id(&self.connection.id)).await?.is_some() {
                continue;
            }
            let Some(order) = engine.store.order(&key).await? else { continue };
            let earlier = engine.store.tasks_of_order(&self.connection.id, &key).await?;
            let writes = self.tasks_of(engine, &order, &earlier, progress).await?;
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
        let subject = Subject::Order { key: order.key.clone(), revision: order.revision() };
        let id = subject.task_id(&self.connection.id);
        let (supersedes, verdict) = match changes::succession(&id, earlier) {
            Succession::Known => return Ok(Vec::new()),
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
        } else if let Some(covered) = self.covered(engine, order).await? {
            task.state = TaskState::Ignored(covered);
        }
        progress.count("tasks-new", 1);
        progress.count(&format!("tasks-{}", task.state.name()), 1);
        let mut writes = Vec::new();
        for old in earlier.iter().filter(|old| supersedes.contains(&old.id)) {
            writes.extend(superseded(old, &id, self.now));
        }
        writes.push(Write::InsertTask(task));
        Ok(writes)
    }

    /// The snapshot stands for everything that was provisioned up to it, except past usage.
    async fn covered(&self, engine: &Engine, order: &Order) -> Result<Option<Ignored>, EngineError> {
        let Some(subscription) = &order.subscription else { return Ok(None) };
        // Past usage is never in a snapshot, and a migration says more about itself.
        let judged = matches!(order.kind(), OrderType::Billing | OrderType::Migration);
        let completed = order.status == OrderStatus::Completed;
        let effective = order.provisioned_at.unwrap_or(order.created_at);
        let Some(snapshot_at) = self.snapshot_at.filter(|at| completed && !judged && effective <= *at) else {
            return Ok(None);
        };
        let ours = self.initial.contains(subscription);
        if !ours && engine.store.initial_tasks_of(&self.connection.id, subscription).await?.is_empty() {
            return Ok(None);
        }
        let total = order.money(order.total.unwrap_or_default());
        Ok(Some(Ignored {
            reason: IgnoreReason::CoveredByInitialTask,
            text: format!(
                "the initial task of subscription {subscription}, made on {}, stands for this order of {total}",
                snapshot_at.date_naive()
            ),
            by: Actor::new("rules"),
            at: self.now,
            until: None,
        }))
    }

    /// One task for every active subscription that nothing else stands for.
    pub(super) async fn add_initial(&mut self, engine: &Engine, progress: &mut Progress) -> Result<(), EngineError> {
        let mut writes = Vec::new();
        for id in &self.initial {
            let Some(subscription) = self.subscriptions.get(id) else { continue };
            let Some(currency) = subscription.currency.or(self.law.currency) else { continue };
            let order = snapshot::order(&self.connection.marketplace, subscription, currency, self.now);
            let judgement = snapshot::judge(&order, self.law.law(&self.connection, self.now));
            let subject =
                Subject::Initial { marketplace: self.connection.marketplace.clone(), subscription: id.clone() };
            let task = self.task(subject, JobKind::Initial, &order, &judgement);
            progress.count("tasks-new", 1);
            progress.count("tasks-initial", 1);
            progress.count(&format!("tasks-{}", task.state.name()), 1);
            writes.push(Write::InsertTask(task));
        }
        engine.store.commit(writes).await?;
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

fn superseded(old: &Task, by: &TaskId, now: DateTime<Utc>) -> Option<Write> {
    let state = next(old.state.clone(), Event::Superseded { by: by.clone() }).ok()?;
    Some(Write::UpdateTask(Task { state, updated_at: now, version: old.version + 1, ..old.clone() }))
}
