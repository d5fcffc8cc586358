//! Check Changes: walk the marketplace, read what changed, turn it into tasks, move the cursor last.

mod intake;
mod lists;
mod reading;
mod statements;
mod walk;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use counterfoil_domain::changes::{self, Pass};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::order::OrderKey;
use counterfoil_domain::period::Period;
use counterfoil_domain::ports::{Cursor, KnownOrder, MarketplaceClient, PageRequest, TaskFilter, Write};
use counterfoil_domain::run::RunKind;
use counterfoil_domain::task::{Need, Task, TaskState};

use crate::engine::{Engine, EngineError};
use crate::linking;
use crate::progress::Progress;
use intake::{Intake, Strangers};
use lists::Listed;
use reading::{Read, read_all};
use walk::Walk;

/// Orders read and committed together.
const CHUNK: usize = 500;

/// More subscriptions than this are not asked for only to find out whether an empty list is true.
const MOST_PROBES: usize = 20;

/// One connection and its source.
#[derive(Debug)]
struct Source {
    connection: Connection,
    client: Arc<dyn MarketplaceClient>,
}

pub(crate) async fn check(engine: &Engine, progress: &mut Progress) -> Result<(), EngineError> {
    let connection = engine.connection(&progress.run.connection).await?;
    if let Some(source) = engine.sources.statements(&connection.marketplace) {
        is_ours(engine, &connection).await?;
        statements::check(engine, &connection, source, progress).await?;
        reconsider(engine, &connection, progress).await?;
        return linking::link_by_keys(engine, &connection, progress).await;
    }
    let source = open(engine, connection).await?;
    let cursor = engine.store.cursor(&source.connection.id).await?;
    match progress.run.kind.clone() {
        RunKind::Backfill(days) => backfill(engine, &source, cursor.as_ref(), days, progress).await?,
        _ => check_changes(engine, &source, cursor, progress).await?,
    }
    reconsider(engine, &source.connection, progress).await?;
    linking::link_by_keys(engine, &source.connection, progress).await
}

/// What waits for a decision because of a sending that came to nothing.
async fn reconsider(engine: &Engine, connection: &Connection, progress: &mut Progress) -> Result<(), EngineError> {
    let decides = |task: &Task| matches!(&task.state, TaskState::Pending(needs) if needs.iter().any(|need| matches!(need, Need::Decision { .. })));
    let waiting: Vec<Task> = linking::pending(engine, connection).await?.into_iter().filter(decides).collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let now = engine.clock.now();
    let mut intake = Intake::open(engine, connection, Pass::Later { until: now }, now).await?;
    intake.reconsider(engine, &waiting, progress).await
}

/// One reseller's orders are no business of another's connection: for it there is no such marketplace.
async fn is_ours(engine: &Engine, connection: &Connection) -> Result<(), EngineError> {
    let marketplaces = engine.store.marketplaces().await?;
    if marketplaces.iter().any(|m| m.id == connection.marketplace && m.reseller != connection.reseller) {
        return Err(EngineError::NoMarketplace(connection.marketplace.clone()));
    }
    Ok(())
}

async fn open(engine: &Engine, connection: Connection) -> Result<Source, EngineError> {
    is_ours(engine, &connection).await?;
    let client = engine
        .sources
        .get(&connection.marketplace)
        .ok_or_else(|| EngineError::NoMarketplace(connection.marketplace.clone()))?;
    Ok(Source { connection, client })
}

async fn check_changes(
    engine: &Engine,
    source: &Source,
    cursor: Option<Cursor>,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let connection = &source.connection;
    let now = engine.clock.now();
    let pass = pass(engine, connection, cursor.as_ref(), now).await?;
    if let Some(start) = pass.window().filter(|_| cursor.is_none()) {
        let attempt =
            Cursor { connection: connection.id.clone(), initial_done: false, seen_until: start, swept_at: None };
        engine.store.commit(vec![Write::PutCursor(attempt)]).await?;
    }
    let listed = match pass {
        Pass::First { .. } => lists::all(engine, source, progress).await?,
        _ => Listed::default(),
    };
    let (complete, newest) = walk_and_take(engine, source, &pass, listed, now, progress).await?;
    match changes::cursor_after(&pass, cursor.as_ref(), connection, newest, now).filter(|_| complete) {
        Some(moved) => engine.store.commit(vec![Write::PutCursor(moved)]).await?,
        None => progress.shortfall(
            "cursor-not-moved",
            connection.id.to_string(),
            "something could not be read; the cursor stays where it was, and the next check reads from there again. No order is lost and none is billed twice.",
        ),
    }
    Ok(())
}

/// The days that a person chose, however long ago. The cursor stays where it is.
async fn backfill(
    engine: &Engine,
    source: &Source,
    cursor: Option<&Cursor>,
    days: Period,
    progress: &mut Progress,
) -> Result<(), EngineError> {
    let connection = &source.connection;
    if cursor.is_none_or(|cursor| !cursor.initial_done) {
        return Err(EngineError::NotChecked(connection.id.clone()));
    }
    let now = engine.clock.now();
    let (complete, _) = walk_and_take(engine, source, &Pass::Range(days), Listed::default(), now, progress).await?;
    if !complete {
        let text = format!(
            "not everything of {days} could be read; what could is here. Read the same days again: no order becomes a task twice."
        );
        progress.shortfall("backfill-incomplete", connection.id.to_string(), text);
    }
    Ok(())
}

/// Which walk is due.
async fn pass(
    engine: &Engine,
    connection: &Connection,
    cursor: Option<&Cursor>,
    now: DateTime<Utc>,
) -> Result<Pass, EngineError> {
    let Some(done) = cursor.filter(|cursor| cursor.initial_done) else {
        return Ok(Pass::First { window: changes::first_window(&connection.rules, cursor, now) });
    };
    if !changes::sweep_is_due(done, now) {
        return Ok(Pass::later(done));
    }
    let filter = TaskFilter { connection: Some(connection.id.clone()), ..TaskFilter::default() };
    let oldest = engine.store.tasks(filter, PageRequest { after: None, limit: 1 }).await?;
    let first_task = oldest.first().map(|task| task.observed_at);
    Ok(Pass::deep(done, changes::history(&connection.rules, first_task, now)))
}

/// Whether everything could be read, and the newest order that was seen.
async fn walk_and_take(
    engine: &Engine,
    source: &Source,
    pass: &Pass,
    listed: Listed,
    now: DateTime<Utc>,
    progress: &mut Progress,
) -> Result<(bool, Option<DateTime<Utc>>), EngineError> {
    let walk = walk::walk(engine, source, pass, progress).await?;
    progress.count("orders-seen", walk.seen);
    progress.count("orders-unchanged", walk.unchanged);
    progress.count("orders-before-window", walk.before_window);
    progress.run.total = Some(walk.to_read.len() as u64);
    progress.save().await?;
    let mut complete = walk.complete && listed.complete;
    if pass.window().is_some() || !walk.to_read.is_empty() || !walk.known.is_empty() {
        let intake = Intake::open(engine, &source.connection, *pass, now).await?;
        complete &= if pass.window().is_some() {
            take_first(engine, source, intake, listed, &walk, progress).await?
        } else {
            take_later(engine, source, intake, &walk, progress).await?
        };
    }
    Ok((complete, walk.newest))
}

/// The first check must know every sales order before it can say which subscriptions they stand for.
async fn take_first(
    engine: &Engine,
    source: &Source,
    mut intake: Intake,
    listed: Listed,
    walk: &Walk,
    progress: &mut Progress,
) -> Result<bool, EngineError> {
    let (mut orders, mut sure) = read_all(&source.client, &walk.to_read, progress).await?;
    // Only an order can be the sale that stands for a subscription: an unreadable product holds nothing back.
    sure &= walk.complete && !hides_subscriptions(source, &listed, &orders, progress).await?;
    orders.extend(stored(engine, &source.connection, &walk.known).await?);
    intake.begin_initial(engine, listed.subscriptions, &orders).await?;
    if sure {
        // Before the orders that they stand for: no order is ignored for a snapshot that was never taken.
        intake.add_initial(engine, progress).await?;
    } else {
        // What could not be read may be the sale that stands for a subscription. Whatever hangs on that waits for a
        // check that reads everything: a snapshot beside such a sale would bill twice.
        orders.retain(|(order, _)| intake.is_sure_of(order));
    }
    for chunk in orders.chunks(CHUNK) {
        intake.take_in(engine, chunk.to_vec(), progress).await?;
    }
    if sure && listed.complete {
        intake.catch_up(engine, &walk.known, progress).await?;
    }
    Ok(sure)
}

/// An empty list of subscriptions, while one that an order names is active: no snapshot would ever be made of it.
async fn hides_subscriptions(
    source: &Source,
    listed: &Listed,
    orders: &[Read],
    progress: &mut Progress,
) -> Result<bool, EngineError> {
    if !listed.subscriptions.is_empty() {
        return Ok(false);
    }
    let mut named: Vec<_> = orders.iter().filter_map(|(order, _)| order.subscription.clone()).collect();
    named.sort_unstable();
    named.dedup();
    named.truncate(MOST_PROBES);
    if named.is_empty() {
        return Ok(false);
    }
    let found = source.client.records(Vec::new(), named).await?;
    let active = |status| status == counterfoil_domain::market::SubscriptionStatus::Active;
    let Some(hidden) = found.subscriptions.iter().find(|one| active(one.status)) else { return Ok(false) };
    let text = format!(
        "the marketplace's list of subscriptions is empty, and subscription {} is active. Nothing is billed for subscriptions before the list can be read; check again.",
        hidden.id
    );
    progress.shortfall("list-empty", hidden.id.to_string(), text);
    Ok(true)
}

async fn take_later(
    engine: &Engine,
    source: &Source,
    mut intake: Intake,
    walk: &Walk,
    progress: &mut Progress,
) -> Result<bool, EngineError> {
    let mut complete = true;
    let (mut lists_read, mut products_read) = (false, false);
    for chunk in walk.to_read.chunks(CHUNK) {
        let (orders, whole) = read_all(&source.client, chunk, progress).await?;
        complete &= whole;
        intake.meet(engine, &orders).await?;
        let strangers = if lists_read { Strangers::default() } else { intake.strangers(&orders) };
        if strangers.count() > changes::MOST_BY_ID {
            (lists_read, products_read) = (true, true);
            complete &= lists::all(engine, source, progress).await?.complete;
            intake.reload(engine, &orders).await?;
        } else if strangers.count() > 0 {
            complete &= lists::some(engine, source, strangers, progress).await?;
            intake.meet(engine, &orders).await?;
        }
        if !products_read && intake.names_new_products(&orders) {
            products_read = true;
            complete &= lists::products(engine, source, progress).await?;
            intake.reload_law(engine).await?;
        }
        intake.take_in(engine, orders, progress).await?;
    }
    intake.catch_up(engine, &walk.known, progress).await?;
    Ok(complete)
}

/// Orders that are known because another connection of the marketplace, or a check that did not end, read them.
async fn stored(engine: &Engine, connection: &Connection, known: &[KnownOrder]) -> Result<Vec<Read>, EngineError> {
    let mut orders = Vec::with_capacity(known.len());
    for known in known {
        let key = OrderKey { marketplace: connection.marketplace.clone(), order: known.id.clone() };
        orders.extend(engine.store.order(&key).await?.map(|order| (order, known.fingerprint.clone())));
    }
    Ok(orders)
}
