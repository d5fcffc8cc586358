//! What judgements and plans rest on, loaded once for many: scenarios, links, metered products, settings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use counterfoil_domain::adjust::{self, Adjusted, Adjustments};
use counterfoil_domain::assemble::{self, Parts};
use counterfoil_domain::card::{Card, Scenario};
use counterfoil_domain::checker::Neighbour;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::directory::Entity;
use counterfoil_domain::id::{EntityId, TaskId};
use counterfoil_domain::job::Job;
use counterfoil_domain::judge::{self, Judgement, Law, LinkBook, Standing};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::Order;
use counterfoil_domain::plan::Ground;
use counterfoil_domain::ports::Target;
use counterfoil_domain::pricing::PriceError;
use counterfoil_domain::program::{Program, ProgramName};
use counterfoil_domain::rule::IgnoreRule;
use counterfoil_domain::snapshot;
use counterfoil_domain::task::{Subject, Task};

use crate::containers::Containers;
use crate::engine::{Engine, EngineError};

/// Everything that an order of one connection is judged by, owned.
#[derive(Debug)]
pub(crate) struct LawBook {
    scenarios: Vec<Scenario>,
    pub(crate) links: LinkBook,
    metered: BTreeSet<String>,
    /// Codes of every product of the catalogue.
    pub(crate) products: BTreeSet<String>,
    /// Of products that name one: what a subscription without a currency is taken to be in.
    pub(crate) currency: Option<Currency>,
    /// People's standing decisions to ignore.
    pub(crate) ignoring: Vec<IgnoreRule>,
    /// A subscription needs a container.
    containers: bool,
    /// What recurs stands in it until something else is said.
    pub(crate) recurring: bool,
    /// What the connection takes of statements.
    pub(crate) program: Option<Program>,
    /// What the target said that it can bill in.
    offered: Option<BTreeSet<Currency>>,
}

impl LawBook {
    pub(crate) async fn load(engine: &Engine, connection: &Connection) -> Result<Self, EngineError> {
        let target = engine.target(connection)?;
        let settings = settings(target.card(), connection);
        let products = engine.store.products(&connection.marketplace).await?;
        let links = engine.store.links(&connection.id, None).await?;
        Ok(Self {
            scenarios: target.card().scenarios.clone(),
            links: LinkBook::new(links),
            currency: products.iter().find_map(|product| product.currency),
            metered: products.iter().filter(|p| p.metered).map(|p| p.product.code.to_lowercase()).collect(),
            products: products.into_iter().map(|p| p.product.code).collect(),
            containers: target.card().puts_into_containers(&settings),
            recurring: target.card().recurs(&settings),
            program: program(engine, connection).await?,
            ignoring: engine.store.rules(&connection.id).await?,
            offered: engine.offers.of(&connection.id),
        })
    }

    pub(crate) fn law<'a>(&'a self, connection: &'a Connection, now: DateTime<Utc>) -> Law<'a> {
        let (rules, currencies) = (self.ignoring.as_slice(), self.offered.as_ref());
        let (containers, recurring) = (self.containers, self.recurring);
        let standing = Standing { rules, currencies, containers, recurring, program: self.program.as_ref() };
        Law {
            scenarios: &self.scenarios,
            rules: &connection.rules,
            links: &self.links,
            metered: &self.metered,
            standing,
            now,
        }
    }
}

/// What a connection takes of statements; there is one program by now.
pub(crate) async fn program(engine: &Engine, connection: &Connection) -> Result<Option<Program>, EngineError> {
    let all = engine.store.programs(&connection.id).await?;
    Ok(all.into_iter().find(|program| program.name == ProgramName::MicrosoftCsp))
}

/// A task's order: from the source as it stands now, or the snapshot of its subscription as it was taken.
pub(crate) async fn order_of(engine: &Engine, task: &Task, book: &LawBook) -> Result<Option<Order>, EngineError> {
    match &task.subject {
        Subject::Order { key, .. } => Ok(engine.store.order(key).await?),
        Subject::Initial { marketplace, subscription } => {
            let key = snapshot::key(marketplace, &task.connection, subscription);
            if let Some(kept) = engine.store.order(&key).await? {
                return Ok(Some(kept));
            }
            let found = engine.store.subscriptions(marketplace, Some(vec![subscription.clone()])).await?;
            let currency = book.currency.unwrap_or(task.amount.currency);
            Ok(found.first().map(|s| snapshot::order(marketplace, s, currency, task.observed_at)))
        }
    }
}

/// Judges a task's order anew, with today's links and rules, and with what people set and decided on the task.
pub(crate) fn judge_task<'a>(
    task: &Task,
    adjusted: &'a Adjusted<'_>,
    adjustments: Option<&Adjustments>,
    subscription: Option<&counterfoil_domain::market::Subscription>,
    law: Law<'_>,
) -> Judgement<'a> {
    let judgement = match task.subject {
        Subject::Order { .. } => judge::judge(&adjusted.order, subscription, law),
        Subject::Initial { .. } => snapshot::judge(&adjusted.order, law),
    };
    adjust::judged(adjusted, adjustments, judgement, law)
}

/// What people set on these tasks.
pub(crate) async fn adjustments(engine: &Engine, tasks: &[Task]) -> Result<BTreeMap<TaskId, Adjustments>, EngineError> {
    let ids = tasks.iter().map(|task| task.id.clone()).collect();
    let all = engine.store.adjustments(ids).await?;
    Ok(all.into_iter().map(|adjustments| (adjustments.task.clone(), adjustments)).collect())
}

/// A connection's settings with the card's defaults for what is not set.
pub(crate) fn settings(card: &Card, connection: &Connection) -> Vec<(String, String)> {
    card.filled(&connection.settings)
}

/// A task made ready for a target: its job, and the ground that a plan of it will rest on.
#[derive(Debug, Clone)]
pub(crate) struct Prepared {
    pub(crate) job: Job,
    pub(crate) ground: Ground,
    pub(crate) order: Order,
    /// What other subscriptions have in its container.
    pub(crate) neighbours: Vec<Neighbour>,
}

/// The job of a judged order. `items` are the target's catalogue entries that the prices need.
pub(crate) fn prepare(
    engine: &Engine,
    task: &Task,
    order: &Order,
    judgement: &Judgement<'_>,
    with: With<'_>,
) -> Result<Prepared, PriceError> {
    let parts = Parts {
        task: &task.id,
        kind: task.kind,
        connection: with.connection,
        customer: with.customer,
        subscription: with.subscription,
        links: &with.book.links,
        items: with.items,
        containers: with.containers.read(),
        settings: with.settings,
        recurring: with.target.card().recurs(with.settings),
        adjustments: with.adjustments,
        today: engine.clock.now().date_naive(),
    };
    let job = assemble::job(order, &judgement.lines, parts)?;
    let ground = Ground {
        revision: job.order.revision.clone(),
        links: assemble::links_digest(&job, &with.book.links),
        settings: assemble::settings_digest(with.settings, with.connection),
        rules: assemble::rules_digest(&judgement.lines, &job),
        adjustments: assemble::adjustments_digest(&job),
        target_records: assemble::target_records_digest(&job, with.items, with.containers.read()),
        plugin: with.target.digest().clone(),
    };
    let neighbours = with.containers.neighbours(task, &with.book.links);
    Ok(Prepared { job, ground, order: order.clone(), neighbours })
}

/// What a job is prepared with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct With<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) target: &'a Arc<dyn Target>,
    pub(crate) book: &'a LawBook,
    pub(crate) customer: Option<&'a counterfoil_domain::market::Customer>,
    pub(crate) subscription: Option<&'a counterfoil_domain::market::Subscription>,
    pub(crate) items: &'a BTreeMap<EntityId, Entity>,
    pub(crate) containers: &'a Containers,
    pub(crate) settings: &'a [(String, String)],
    pub(crate) adjustments: Option<&'a Adjustments>,
}
