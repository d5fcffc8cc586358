//! The walk over the order list, newest first: which orders must be read, and how far was seen.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use counterfoil_domain::changes::{Pass, Reading};
use counterfoil_domain::connection::Connection;
use counterfoil_domain::id::OrderId;
use counterfoil_domain::market::{OrderHead, Page, PageCursor};
use counterfoil_domain::ports::{KnownOrder, OrderQuery, PageRequest, SourceError, TaskFilter};
use counterfoil_domain::task::{IgnoreReason, Subject};

use super::{Source, lists};
use crate::engine::{Engine, EngineError};
use crate::progress::Progress;

#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Each with the fingerprint of its list row.
    pub(super) to_read: Vec<(OrderId, String)>,
    /// Unchanged orders that another connection may have read first.
    pub(super) known: Vec<KnownOrder>,
    pub(super) seen: u64,
    pub(super) unchanged: u64,
    pub(super) before_window: u64,
    pub(super) newest: Option<DateTime<Utc>>,
    pub(super) complete: bool,
}

pub(super) async fn walk(
    engine: &Engine,
    source: &Source,
    pass: &Pass,
    progress: &mut Progress,
) -> Result<Walk, EngineError> {
    let connection = &source.connection;
    let shared = is_shared(engine, connection).await?;
    let mut walk = Walk { complete: true, ..Walk::default() };
    let mut met = BTreeSet::new();
    pages(engine, source, pass, (&mut walk, &mut met), (shared, progress)).await?;
    // The days of a backfill hold what they hold; whatever is open elsewhere is the next check's.
    if matches!(pass, Pass::Range(_)) {
        return Ok(walk);
    }
    if met.is_empty() && walk.complete && is_contradicted(engine, source, pass).await? {
        walk.complete = false;
        let text = "the marketplace answered with an empty list of orders, and there are orders that it must show; nothing was concluded from that";
        progress.shortfall("list-empty", connection.id.to_string(), text);
    }
    let open: BTreeSet<OrderId> = engine.store.open_orders(&connection.marketplace).await?.into_iter().collect();
    if shared {
        add_completed(engine, connection, &open, &mut walk).await?;
    }
    add_open(engine, connection, open, &met, &mut walk).await?;
    Ok(walk)
}

async fn pages(
    engine: &Engine,
    source: &Source,
    pass: &Pass,
    (walk, met): (&mut Walk, &mut BTreeSet<OrderId>),
    (shared, progress): (bool, &mut Progress),
) -> Result<(), EngineError> {
    let connection = &source.connection;
    let now = engine.clock.now();
    let mut after = None;
    loop {
        let query = OrderQuery { created_from: pass.until(), created_before: pass.before(), after: after.clone() };
        let page = match source.client.orders(query).await {
            Ok(page) => page,
            // Later checks keep what the pages before it showed. The first must see everything before it judges.
            Err(error @ SourceError::Malformed { .. }) if pass.window().is_none() => {
                walk.complete = false;
                progress.shortfall("page-unreadable", connection.id.to_string(), error.to_string());
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        if breaks_off(&page, after.as_ref(), pass) {
            walk.complete = false;
            let text = "the order list said that it goes on, and then showed nothing; what comes after was not read";
            progress.shortfall("list-empty", connection.id.to_string(), text);
            return Ok(());
        }
        for row in &page.unreadable {
            walk.complete = false;
            lists::unreadable_row(row, progress);
        }
        let ids: Vec<OrderId> = page.rows.iter().map(|head| head.id.clone()).collect();
        let known = engine.store.known_orders(&connection.marketplace, ids).await?;
        let known: BTreeMap<OrderId, KnownOrder> = known.into_iter().map(|k| (k.id.clone(), k)).collect();
        let oldest = page.rows.iter().map(|head| head.created_at).min();
        for head in page.rows.iter().filter(|head| pass.wants(head.created_at)) {
            // Orders that arrive while the list is paged push rows to the next page: they come twice.
            if met.insert(head.id.clone()) {
                walk.meet(head, known.get(&head.id), (pass, now), shared);
            }
        }
        let past = matches!((pass.until(), oldest), (Some(until), Some(oldest)) if oldest < until);
        match page.next {
            Some(next) if !past && Some(&next) != after.as_ref() => after = Some(next),
            Some(_) if !past => {
                walk.complete = false;
                let text = "the order list says that it goes on where it is already; what comes after was not read";
                progress.shortfall("page-unreadable", connection.id.to_string(), text);
                return Ok(());
            }
            _ => return Ok(()),
        }
    }
}

/// A page that another one announced, and that is empty. Of chosen days a source that gives more than it is asked for may
/// show none on its last page.
fn breaks_off(page: &Page<OrderHead>, after: Option<&PageCursor>, pass: &Pass) -> bool {
    let is_empty = page.rows.is_empty() && page.unreadable.is_empty() && page.next.is_none();
    is_empty && after.is_some() && !matches!(pass, Pass::Range(_))
}

/// An empty answer is how some sources fail. It is believed if the whole list shows nothing of the time asked for, and an
/// empty whole list only by a connection that never saw an order.
async fn is_contradicted(engine: &Engine, source: &Source, pass: &Pass) -> Result<bool, EngineError> {
    if pass.until().is_some() {
        let newest = source.client.orders(OrderQuery::default()).await?;
        if !newest.rows.is_empty() || !newest.unreadable.is_empty() {
            return Ok(newest.rows.iter().any(|head| pass.wants(head.created_at)));
        }
    }
    let filter = TaskFilter { connection: Some(source.connection.id.clone()), ..TaskFilter::default() };
    let mut page = PageRequest { after: None, limit: 1_000 };
    loop {
        let tasks = engine.store.tasks(filter.clone(), page.clone()).await?;
        let Some(last) = tasks.last() else { return Ok(false) };
        page.after = Some((last.observed_at, last.id.clone()));
        if tasks.iter().any(|task| matches!(task.subject, Subject::Order { .. })) {
            return Ok(true);
        }
    }
}

impl Walk {
    /// One row of the list, met for the first time in this walk.
    fn meet(
        &mut self,
        head: &OrderHead,
        known: Option<&KnownOrder>,
        (pass, now): (&Pass, DateTime<Utc>),
        shared: bool,
    ) {
        self.seen += 1;
        // A date in the future is a mistake of the source: a cursor that followed it would pass every later order.
        if head.created_at <= now {
            self.newest = self.newest.max(Some(head.created_at));
        }
        match pass.reading(head, known) {
            Reading::Unchanged => {
                self.unchanged += 1;
                if shared || matches!(pass, Pass::First { .. } | Pass::Range(_)) {
                    self.known.extend(known.cloned());
                }
            }
            Reading::BeforeWindow => self.before_window += 1,
            Reading::Read => self.to_read.push((head.id.clone(), head.fingerprint.clone())),
        }
    }
}

/// Orders that were not final last time, however old: annual changes stay in processing for months.
async fn add_open(
    engine: &Engine,
    connection: &Connection,
    mut open: BTreeSet<OrderId>,
    met: &BTreeSet<OrderId>,
    walk: &mut Walk,
) -> Result<(), EngineError> {
    open.retain(|id| !met.contains(id));
    let ids: Vec<OrderId> = open.into_iter().collect();
    let known = engine.store.known_orders(&connection.marketplace, ids).await?;
    walk.to_read.extend(known.into_iter().map(|known| (known.id, known.fingerprint)));
    Ok(())
}

/// Another connection of the marketplace may have seen an order complete already: ours still waits for it.
async fn add_completed(
    engine: &Engine,
    connection: &Connection,
    open: &BTreeSet<OrderId>,
    walk: &mut Walk,
) -> Result<(), EngineError> {
    let mut page = PageRequest { after: None, limit: 1_000 };
    let filter = TaskFilter {
        connection: Some(connection.id.clone()),
        states: BTreeSet::from(["ignored".to_owned()]),
        ignore_reason: Some(IgnoreReason::NotFinal.name().to_owned()),
        ..TaskFilter::default()
    };
    let mut waiting = BTreeMap::new();
    loop {
        let tasks = engine.store.tasks(filter.clone(), page.clone()).await?;
        let Some(last) = tasks.last() else { break };
        page.after = Some((last.observed_at, last.id.clone()));
        waiting.extend(tasks.into_iter().filter_map(|task| match task.subject {
            Subject::Order { key, revision } => Some((key.order, revision)),
            Subject::Initial { .. } => None,
        }));
    }
    let ids: Vec<OrderId> = waiting.keys().cloned().collect();
    for chunk in ids.chunks(1_000) {
        let known = engine.store.known_orders(&connection.marketplace, chunk.to_vec()).await?;
        // A cancelled order waits for nothing: its task is of the revision that is known.
        let moved = |known: &KnownOrder| waiting.get(&known.id).is_some_and(|seen| *seen != known.revision);
        walk.known.extend(known.into_iter().filter(|k| k.is_final && !open.contains(&k.id) && moved(k)));
    }
    Ok(())
}

/// Whether another connection reads the same marketplace.
async fn is_shared(engine: &Engine, connection: &Connection) -> Result<bool, EngineError> {
    let all = engine.store.connections().await?;
    Ok(all.iter().filter(|c| c.marketplace == connection.marketplace).count() > 1)
}
