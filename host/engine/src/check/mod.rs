//! Check Changes: walk the marketplace, read what changed, turn it into tasks, move the cursor last.

mod intake;
mod lists;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use counterfoil_domain::changes;
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::OrderId;
use counterfoil_domain::order::OrderKey;
use counterfoil_domain::ports::{Cursor, DetailError, KnownOrder, MarketplaceClient, Write};

use crate::engine::{Engine, EngineError};
use crate::linking;
use crate::progress::Progress;
use intake::Intake;

/// Orders read and committed together.
const CHUNK: usize = 500;

pub(crate) async fn check(engine: &Engine, progress: &mut Progress) -> Result<(), EngineError> {
    let connection = engine.connection(&progress.run.connection).await?;
    let client = engine
        .sources
        .get(&connection.marketplace)
        .ok_or_else(|| EngineError::NoMarketplace(connection.marketplace.clone()))?;
    let cursor = engine.store.cursor(&connection.id).await?;
    let now = engine.clock.now();
    let first = cursor.as_ref().is_none_or(|cursor| !cursor.initial_done);
    let window = first.then(|| changes::window_start(&connection.rules, now));

    let mut complete = lists::refresh(engine, &connection, &client, first, progress).await?;
    let walk = walk::walk(engine, &connection, &client, cursor.as_ref(), window, progress).await?;
    complete &= walk.complete;
    progress.count("orders-seen", walk.seen);
    progress.count("orders-unchanged", walk.unchanged);
    progress.count("orders-before-window", walk.before_window);
    progress.run.total = Some(walk.to_read.len() as u64);
    progress.save().await?;

    let mut intake = Intake::open(engine, &connection, window).await?;
    if first {
        // The first check must know every sales order before it can say which subscriptions they stand for.
        let (mut orders, whole) = read_all(&client, &walk.to_read, progress).await?;
        complete &= whole;
        orders.extend(stored(engine, &connection, &walk.known).await?);
        intake.begin_initial(&orders);
        for chunk in orders.chunks(CHUNK) {
            intake.take_in(engine, chunk.to_vec(), progress).await?;
        }
        intake.add_initial(engine, progress).await?;
    } else {
        let mut refreshed = false;
        for chunk in walk.to_read.chunks(CHUNK) {
            let (orders, whole) = read_all(&client, chunk, progress).await?;
            complete &= whole;
            if !refreshed && intake.names_strangers(&orders) {
                refreshed = true;
                complete &= lists::all(engine, &connection, &client, progress).await?;
                intake.reload(engine).await?;
            }
            intake.take_in(engine, orders, progress).await?;
        }
    }
    intake.catch_up(engine, &walk.known, progress).await?;

    if let Some(seen_until) = changes::moved(cursor.as_ref(), walk.newest.or(Some(now)), complete) {
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
        progress.run.done += chunk.len() as u64;
        progress.save().await?;
    }
    Ok((orders, complete))
}

/// The connection's own facts that intake and walk both need.
pub(crate) async fn is_shared(engine: &Engine, connection: &Connection) -> Result<bool, EngineError> {
    let all = engine.store.connections().await?;
    Ok(all.iter().filter(|c| c.marketplace == connection.marketplace).count() > 1)
}
