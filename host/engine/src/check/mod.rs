//! Check Changes: walk the marketplace, read what changed, turn it into tasks, move the cursor last.

mod intake;
mod lists;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use counterfoil_domain::changes;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::OrderId;
use counterfoil_domain::market::Subscription;
use counterfoil_domain::order::OrderKey;
use counterfoil_domain::ports::{Cursor, DetailError, KnownOrder, MarketplaceClient, Write};

use crate::engine::{Engine, EngineError};
use crate::linking;
use crate::progress::Progress;
use intake::Intake;
use walk::Walk;

/// Where the cursor of an empty marketplace stands. Never our clock: it is not the source's.
const NOTHING_SEEN: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Orders read and committed together.
const CHUNK: usize = 500;

pub(crate) async fn check(engine: &Engine, progress: &mut Progress) -> Result<(), EngineError> {
    let connection = engine.connection(&progress.run.connection).await?;
    // One reseller's orders are no business of another's connection: for it there is no such marketplace.
    let marketplaces = engine.store.marketplaces().await?;
    if marketplaces.iter().any(|m| m.id == connection.marketplace && m.reseller != connection.reseller) {
        return Err(EngineError::NoMarketplace(connection.marketplace.clone()));
    }
    let client = engine
        .sources
        .get(&connection.marketplace)
        .ok_or_else(|| EngineError::NoMarketplace(connection.marketplace.clone()))?;
    let cursor = engine.store.cursor(&connection.id).await?;
    let now = engine.clock.now();
    let first = cursor.as_ref().is_none_or(|cursor| !cursor.initial_done);
    let window = first.then(|| changes::first_window(&connection.rules, cursor.as_ref(), now));
    if let Some(start) = window.filter(|_| cursor.is_none()) {
        let attempt = Cursor { connection: connection.id.clone(), initial_done: false, seen_until: start };
        engine.store.commit(vec![Write::PutCursor(attempt)]).await?;
    }
    let cursor = cursor.filter(|cursor| cursor.initial_done);

    let (listed, mut complete) =
        if first { lists::all(engine, &connection, &client, progress).await? } else { (Vec::new(), true) };
    let walk = walk::walk(engine, &connection, &client, cursor.as_ref(), window, progress).await?;
    complete &= walk.complete;
    progress.count("orders-seen", walk.seen);
    progress.count("orders-unchanged", walk.unchanged);
    progress.count("orders-before-window", walk.before_window);
    progress.run.total = Some(walk.to_read.len() as u64);
    progress.save().await?;

    if first || !walk.to_read.is_empty() || !walk.known.is_empty() {
        let intake = Intake::open(engine, &connection, window, now).await?;
        complete = take_all(engine, &connection, &client, intake, listed, (&walk, complete), progress).await?;
    }

    if let Some(seen_until) = changes::moved(cursor.as_ref(), seen(walk.newest, window, &connection), complete) {
        let cursor = Cursor { connection: connection.id.clone(), initial_done: true, seen_until };
        engine.store.commit(vec![Write::PutCursor(cursor)]).await?;
    } else {
        progress.shortfall(
            "cursor-not-moved",
            connection.id.to_string(),
            "something could not be read; the cursor stays where it was, and the next check reads from there again. No order is lost and none is billed twice.",
        );
    }
    linking::link_by_keys(engine, &connection, progress).await?;
    Ok(())
}

/// How far the walk saw. After the first check of a quiet marketplace at least so far that no later walk goes back behind
/// the window: what was only counted there must not become tasks.
fn seen(
    newest: Option<DateTime<Utc>>,
    window: Option<DateTime<Utc>>,
    connection: &Connection,
) -> Option<DateTime<Utc>> {
    let floor = window.filter(|_| connection.rules.start_on.is_none());
    let floor = floor.map(|start| start + chrono::Duration::hours(changes::OVERLAP_HOURS));
    newest.max(floor).or(Some(NOTHING_SEEN))
}

/// Whatever the walk found, taken in. False: something could not be read.
async fn take_all(
    engine: &Engine,
    connection: &Connection,
    client: &Arc<dyn MarketplaceClient>,
    mut intake: Intake,
    listed: Vec<Subscription>,
    (walk, mut complete): (&Walk, bool),
    progress: &mut Progress,
) -> Result<bool, EngineError> {
    if intake.is_first() {
        // The first check must know every sales order before it can say which subscriptions they stand for.
        let (mut orders, whole) = read_all(client, &walk.to_read, progress).await?;
        complete &= whole;
        // Only an order can be the sale that stands for a subscription: an unreadable product holds nothing back.
        let sure = walk.complete && whole;
        orders.extend(stored(engine, connection, &walk.known).await?);
        intake.begin_initial(engine, listed, &orders).await?;
        if !sure {
            // What could not be read may be the sale that stands for a subscription. Whatever hangs on that waits for a
            // check that reads everything: a snapshot beside such a sale would bill twice.
            orders.retain(|(order, _)| intake.is_sure_of(order));
        }
        if sure {
            // Before the orders that they stand for: no order is ignored for a snapshot that was never taken.
            intake.add_initial(engine, progress).await?;
        }
        for chunk in orders.chunks(CHUNK) {
            intake.take_in(engine, chunk.to_vec(), progress).await?;
        }
        if !complete {
            return Ok(false);
        }
    } else {
        let mut refreshed = false;
        let mut products_read = false;
        for chunk in walk.to_read.chunks(CHUNK) {
            let (orders, whole) = read_all(client, chunk, progress).await?;
            complete &= whole;
            intake.meet(engine, &orders).await?;
            if !refreshed && intake.names_strangers(&orders) {
                (refreshed, products_read) = (true, true);
                complete &= lists::all(engine, connection, client, progress).await?.1;
                intake.reload(engine, &orders).await?;
            }
            if !products_read && intake.names_new_products(&orders) {
                products_read = true;
                complete &= lists::products(engine, connection, client, progress).await?;
                intake.reload_law(engine).await?;
            }
            intake.take_in(engine, orders, progress).await?;
        }
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

/// An order with what its list row looked like.
pub(crate) type Read = (counterfoil_domain::order::Order, String);

/// Details of many, one call each (the client bounds how many at once). False: some are missing.
async fn read_all(
    client: &Arc<dyn MarketplaceClient>,
    rows: &[(OrderId, String)],
    progress: &mut Progress,
) -> Result<(Vec<Read>, bool), EngineError> {
    let mut complete = true;
    let mut orders = Vec::with_capacity(rows.len());
    for chunk in rows.chunks(CHUNK) {
        let fingerprints: BTreeMap<&OrderId, &String> = chunk.iter().map(|(id, print)| (id, print)).collect();
        let wanted: BTreeSet<OrderId> = chunk.iter().map(|(id, _)| id.clone()).collect();
        for (id, result) in client.details(wanted.into_iter().collect()).await {
            match result {
                Ok(order) => {
                    let fingerprint = fingerprints.get(&id).map(|print| (*print).clone()).unwrap_or_default();
                    orders.push((order, fingerprint));
                }
                Err(DetailError::Gone) => {
                    progress.problem(
                        "order-gone",
                        id.to_string(),
                        "the order is no longer in the marketplace; its tasks stay as they are",
                    );
                }
                Err(error) => {
                    complete = false;
                    progress.shortfall(
                        "order-unreadable",
                        id.to_string(),
                        format!("order {id}: {error}. It is not billed; it is read again with the next check."),
                    );
                }
            }
        }
        progress.advance(chunk.len()).await?;
    }
    Ok((orders, complete))
}

/// The connection's own facts that intake and walk both need.
pub(crate) async fn is_shared(engine: &Engine, connection: &Connection) -> Result<bool, EngineError> {
    let all = engine.store.connections().await?;
    Ok(all.iter().filter(|c| c.marketplace == connection.marketplace).count() > 1)
}
