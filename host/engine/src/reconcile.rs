//! Reconciling: subscriptions read from the marketplace as they are now, a task each, planned at once. Owns no comparison:
//! that is the target's; what differs is confirmed or ignored like any other plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use counterfoil_domain::changes::{self, Given, Pass};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::{Actor, CustomerId, SubscriptionId, TaskId};
use counterfoil_domain::judge;
use counterfoil_domain::market::{Customer, Subscription};
use counterfoil_domain::order::Order;
use counterfoil_domain::period::Period;
use counterfoil_domain::plan::{Finding, Plan, Severity};
use counterfoil_domain::ports::{MarketplaceClient, Write};
use counterfoil_domain::reconcile::{self, Found, Standing};
use counterfoil_domain::run::Selection;
use counterfoil_domain::task::{Event, IgnoreReason, Ignored, Subject, Task, TaskState};
use counterfoil_domain::turn;

use crate::engine::{Engine, EngineError};
use crate::ground::LawBook;
use crate::progress::Progress;
use crate::propose::{self, moved};

/// A subscription that was reconciled more often for one period has another problem.
const MOST_TURNS: u32 = 1_000;

pub(crate) async fn reconcile(
    engine: &Engine,
    (subscriptions, period): (&[SubscriptionId], Period),
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let connection = engine.connection(&progress.run.connection).await?;
    let target = engine.target(&connection)?;
    if !target.card().reconciles {
        let text = format!("{} cannot be reconciled: it has nothing that recurs", target.card().name);
        progress.shortfall("unsupported", connection.id.to_string(), text);
        return Ok(());
    }
    let read = read(engine, &connection, subscriptions, progress).await?;
    let mut asking = Asking::open(engine, &connection, period).await?;
    for subscription in &read {
        asking.add(engine, subscription, progress).await?;
    }
    let Asking { tasks, writes, .. } = asking;
    engine.store.commit(writes).await?;
    propose::propose(engine, &Selection::Tasks(tasks.clone()), progress).await?;
    for task in &tasks {
        conclude(engine, task, progress).await?;
    }
    Ok(())
}

/// The subscriptions as the marketplace has them now; the store learns of them too.
async fn read(
    engine: &Engine,
    connection: &Connection,
    wanted: &[SubscriptionId],
    progress: &mut Progress,
) -> Result<Vec<Subscription>, EngineError> {
    let marketplaces = engine.store.marketplaces().await?;
    let own = marketplaces.iter().any(|m| m.id == connection.marketplace && m.reseller == connection.reseller);
    let client: Option<Arc<dyn MarketplaceClient>> = engine.sources.get(&connection.marketplace);
    let client = client.filter(|_| own).ok_or_else(|| EngineError::NoMarketplace(connection.marketplace.clone()))?;
    let found = client.records(Vec::new(), wanted.to_vec()).await?;
    for unreadable in &found.unreadable {
        let text = format!("{} cannot be read: {}", unreadable.place, unreadable.problem);
        progress.shortfall("subscription-unreadable", unreadable.id.clone().unwrap_or_default(), text);
    }
    for id in wanted {
        let told = found.unreadable.iter().any(|row| row.id.as_deref() == Some(id.as_str()));
        if !told && !found.subscriptions.iter().any(|subscription| subscription.id == *id) {
            let text = format!(
                "subscription {id} is not in the marketplace; nothing was compared and nothing is ended for it. End its lines in the target by hand if that is right"
            );
            progress.shortfall("subscription-gone", id.to_string(), text);
        }
    }
    let mine: Vec<Subscription> = found.subscriptions.into_iter().filter(|one| wanted.contains(&one.id)).collect();
    if !mine.is_empty() {
        let write = Write::PutSubscriptions(connection.marketplace.clone(), mine.clone());
        engine.store.commit(vec![write]).await?;
    }
    Ok(mine)
}

struct Asking<'a> {
    connection: &'a Connection,
    period: Period,
    book: LawBook,
    now: chrono::DateTime<chrono::Utc>,
    customers: BTreeMap<CustomerId, Customer>,
    tasks: Vec<TaskId>,
    writes: Vec<Write>,
}

impl<'a> Asking<'a> {
    async fn open(engine: &Engine, connection: &'a Connection, period: Period) -> Result<Self, EngineError> {
        let customers = engine.store.customers(&connection.marketplace, None).await?;
        Ok(Self {
            connection,
            period,
            book: LawBook::load(engine, connection).await?,
            now: engine.clock.now(),
            customers: customers.into_iter().map(|customer| (customer.id.clone(), customer)).collect(),
            tasks: Vec::new(),
            writes: Vec::new(),
        })
    }

    async fn add(
        &mut self,
        engine: &Engine,
        subscription: &Subscription,
        progress: &mut Progress,
    ) -> Result<(), EngineError> {
        let Some(currency) = subscription.currency.or(self.book.currency) else {
            let text = format!("subscription {} tells no currency, and no product does", subscription.id);
            progress.shortfall("no-currency", subscription.id.to_string(), text);
            return Ok(());
        };
        let snapshot = |turn| {
            let connection = self.connection;
            let key = reconcile::key(&connection.marketplace, &connection.id, &subscription.id, self.period, turn);
            reconcile::order(key, subscription, currency, self.now)
        };
        let id_of = |turn| {
            let order = snapshot(turn);
            let subject = Subject::Order { revision: order.revision(), key: order.key };
            subject.task_id(&self.connection.id)
        };
        let mut earlier = Vec::new();
        for turn in 0..MOST_TURNS {
            let tasks = engine.store.tasks_of_order(&self.connection.id, &snapshot(turn).key).await?;
            if tasks.is_empty() {
                break;
            }
            earlier.push(tasks);
        }
        match reconcile::standing(&earlier, id_of) {
            Standing::Known(task) => {
                self.tasks.push(task.id.clone());
                let taken_back = self.taken_back(engine, &task).await?;
                self.writes.extend(taken_back);
            }
            Standing::New { turn, gives_way } => {
                let order = snapshot(turn);
                let task = self.task(&order, subscription);
                progress.count("tasks-new", 1);
                for old in &gives_way {
                    self.writes.extend(moved(engine, old, Event::Superseded { by: task.id.clone() }));
                }
                let (fingerprint, observed_at) = (order.revision().to_string(), self.now);
                self.writes.push(Write::PutOrder { order, fingerprint, observed_at });
                self.tasks.push(task.id.clone());
                self.writes.push(Write::InsertTask(task));
            }
        }
        Ok(())
    }

    fn task(&self, order: &Order, subscription: &Subscription) -> Task {
        let given = Given {
            connection: self.connection,
            law: self.book.law(self.connection, self.now),
            pass: Pass::Later { until: self.now },
            customer: self.customers.get(&order.customer),
            subscription: Some(subscription),
            snapshot: None,
        };
        changes::reconcile(order, given)
    }

    /// Asked for again, an ignored one is looked at again.
    async fn taken_back(&self, engine: &Engine, task: &Task) -> Result<Option<Write>, EngineError> {
        if !matches!(task.state, TaskState::Ignored(_)) {
            return Ok(None);
        }
        let Some(order) = engine.store.order(&turn::order_key(task)).await? else { return Ok(None) };
        let verdict = judge::judge(&order, None, self.book.law(self.connection, self.now)).verdict;
        Ok(moved(engine, task, Event::Unignored(verdict.naming_customer(&task.customer_name))))
    }
}

/// What the plan of a task found; one that found nothing is over.
async fn conclude(engine: &Engine, id: &TaskId, progress: &mut Progress) -> Result<(), EngineError> {
    let Some(task) = engine.store.task(id).await? else { return Ok(()) };
    let TaskState::Planned(digest) = &task.state else { return Ok(()) };
    let Some(sealed) = engine.store.plan(digest).await? else { return Ok(()) };
    tell(&task, &sealed.plan, progress);
    let speaks_against = |finding: &Finding| finding.severity != Severity::Notes;
    if !sealed.plan.is_empty() || sealed.findings.iter().any(speaks_against) {
        return Ok(());
    }
    let Some(order) = engine.store.order(&turn::order_key(&task)).await? else { return Ok(()) };
    let ignored = Ignored {
        reason: IgnoreReason::InAgreement,
        text: reconcile::in_agreement(&sealed.plan, &order, task.amount),
        by: Actor::new("reconcile"),
        at: engine.clock.now(),
        until: None,
    };
    if let Some(write) = moved(engine, &task, Event::IgnoredBy(ignored)) {
        progress.count("in-agreement", 1);
        engine.store.commit(vec![write]).await?;
    }
    Ok(())
}

fn tell(task: &Task, plan: &Plan, progress: &mut Progress) {
    for (found, count) in reconcile::counted(plan) {
        if count > 0 {
            progress.count(found.name(), count as u64);
        }
    }
    let differs = |found: &Found| *found != Found::Same;
    for change in &plan.changes {
        let Some(found) = Found::of(change).filter(differs) else { continue };
        progress.problem(found.name(), task.id.to_string(), format!("{}: {}", task.number, change.why));
    }
}
