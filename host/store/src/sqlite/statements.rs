//! Statements, the orders that were made of them, and programs; written and read.

use chrono::NaiveDate;
use counterfoil_domain::id::{ConnectionId, CustomerId, MarketplaceId, OrderId, Revision, SubscriptionId};
use counterfoil_domain::money::Currency;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::ports::{KeptStatement, KnownOrder, MoneyRow, StatementFilter, StoreError, StoredStatement};
use counterfoil_domain::program::Program;
use counterfoil_domain::statement::Record as Line;
use counterfoil_domain::task::Task;
use rusqlite::{Connection, params};

use super::query::{big, record, records, rows, run};
use super::write_tasks::total_amount;
use crate::money_rows::{CHUNK, Heap, Heaps};
use crate::record::{Bad, Chunk, Stored, encode};

pub(super) fn put(c: &Connection, stored: &StoredStatement) -> Result<(), StoreError> {
    let kept = &stored.kept;
    let (marketplace, id) = (kept.marketplace.as_str(), kept.head.id.as_str());
    for issue in if kept.issue == 0 { vec![0] } else { vec![0, kept.issue] } {
        let sql = "DELETE FROM statement_records WHERE marketplace = $1 AND id = $2 AND issue = $3";
        run(c, sql, params![marketplace, id, issue])?;
    }
    if kept.issue > 0 {
        run(c, "DELETE FROM statements WHERE marketplace = $1 AND id = $2 AND issue = 0", params![marketplace, id])?;
    }
    let sealed = encode(kept)?;
    let sql = "INSERT INTO statements (marketplace, id, issue, stream, starts, body, seal)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (marketplace, id, issue) DO UPDATE SET stream = excluded.stream, starts = excluded.starts,
            body = excluded.body, seal = excluded.seal";
    let starts = kept.head.period.start().to_row();
    run(c, sql, params![marketplace, id, kept.issue, kept.head.stream, starts, sealed.body, sealed.seal])?;
    let sql = "INSERT INTO statement_records (marketplace, id, issue, place, body, seal)
        VALUES ($1, $2, $3, $4, $5, $6)";
    // What could not be read stands in the last part, which is there also where nothing could be.
    let whole = stored.records.len() / CHUNK;
    for place in 0..=whole {
        let records: Vec<Line> = stored.records.iter().skip(place * CHUNK).take(CHUNK).cloned().collect();
        let unreadable = if place == whole { stored.unreadable.clone() } else { Vec::new() };
        let sealed = encode(&Chunk { records, unreadable })?;
        run(c, sql, params![marketplace, id, kept.issue, big(place), sealed.body, sealed.seal])?;
    }
    Ok(())
}

pub(super) fn put_head(c: &Connection, kept: &KeptStatement) -> Result<(), StoreError> {
    let sealed = encode(kept)?;
    let sql = "UPDATE statements SET stream = $1, starts = $2, body = $3, seal = $4
        WHERE marketplace = $5 AND id = $6 AND issue = $7";
    let (marketplace, id, starts) = (kept.marketplace.as_str(), kept.head.id.as_str(), kept.head.period.start());
    let values = params![kept.head.stream, starts.to_row(), sealed.body, sealed.seal, marketplace, id, kept.issue];
    run(c, sql, values).map(|_| ())
}

pub(super) fn put_program(c: &Connection, program: &Program) -> Result<(), StoreError> {
    let sealed = encode(program)?;
    let sql = "INSERT INTO programs (connection, name, body, seal) VALUES ($1, $2, $3, $4)
        ON CONFLICT (connection, name) DO UPDATE SET body = excluded.body, seal = excluded.seal";
    run(c, sql, params![program.connection.as_str(), program.name.name(), sealed.body, sealed.seal]).map(|_| ())
}

pub(super) fn programs(c: &Connection, connection: &ConnectionId) -> Result<Vec<Program>, StoreError> {
    let sql = "SELECT body, seal FROM programs WHERE connection = $1 ORDER BY name";
    records(c, sql, params![connection.as_str()])
}

/// Before every day that is written, and after.
const FIRST_DAY: &str = "";
const LAST_DAY: &str = "~";

pub(super) fn list(
    c: &Connection,
    marketplace: &MarketplaceId,
    filter: &StatementFilter,
) -> Result<Vec<KeptStatement>, StoreError> {
    let from = filter.from.map_or_else(|| FIRST_DAY.to_owned(), |day| day.to_row());
    let before = filter.before.map_or_else(|| LAST_DAY.to_owned(), |day| day.to_row());
    let sql = "SELECT body, seal FROM statements WHERE marketplace = $1 AND starts >= $2 AND starts < $3
        ORDER BY starts, id, issue";
    let mut found: Vec<KeptStatement> = records(c, sql, params![marketplace.as_str(), from, before])?;
    found.retain(|kept| filter.stream.as_ref().is_none_or(|stream| *stream == kept.head.stream));
    Ok(found)
}

pub(super) fn whole(
    c: &Connection,
    marketplace: &MarketplaceId,
    id: &str,
    issue: u32,
) -> Result<Option<StoredStatement>, StoreError> {
    let sql = "SELECT body, seal FROM statements WHERE marketplace = $1 AND id = $2 AND issue = $3";
    let Some(kept) = record::<KeptStatement>(c, sql, params![marketplace.as_str(), id, issue])? else {
        return Ok(None);
    };
    let parts = chunks(c, marketplace, (id, issue), (0, usize::MAX))?;
    let mut stored = StoredStatement { kept, records: Vec::new(), unreadable: Vec::new() };
    for part in parts {
        stored.records.extend(part.records);
        stored.unreadable.extend(part.unreadable);
    }
    Ok(Some(stored))
}

fn chunks(
    c: &Connection,
    marketplace: &MarketplaceId,
    (id, issue): (&str, u32),
    (first, last): (usize, usize),
) -> Result<Vec<Chunk>, StoreError> {
    let sql = "SELECT body, seal FROM statement_records
        WHERE marketplace = $1 AND id = $2 AND issue = $3 AND place >= $4 AND place <= $5 ORDER BY place";
    records(c, sql, params![marketplace.as_str(), id, issue, big(first), big(last)])
}

pub(super) fn some_records(
    c: &Connection,
    marketplace: &MarketplaceId,
    of: (&str, u32),
    (from, limit): (usize, usize),
) -> Result<Vec<Line>, StoreError> {
    let last = from.saturating_add(limit) / CHUNK;
    let parts = chunks(c, marketplace, of, (from / CHUNK, last))?;
    let lines = parts.into_iter().flat_map(|part| part.records);
    Ok(lines.skip(from % CHUNK).take(limit).collect())
}

pub(super) fn orders_of(c: &Connection, marketplace: &MarketplaceId, id: &str) -> Result<Vec<KnownOrder>, StoreError> {
    let sql = "SELECT id, fingerprint, revision, is_final FROM orders
        WHERE statement = $1 AND marketplace = $2 ORDER BY id";
    rows(c, sql, params![id, marketplace.as_str()], |r| {
        Ok(KnownOrder {
            id: OrderId::new(r.get::<_, String>(0)?),
            fingerprint: r.get(1)?,
            revision: Revision::new(r.get::<_, String>(2)?),
            is_final: r.get::<_, i64>(3)? != 0,
        })
    })
}

pub(super) fn tasks_of(
    c: &Connection,
    connection: &ConnectionId,
    subscription: &SubscriptionId,
    limit: usize,
) -> Result<Vec<Task>, StoreError> {
    let sql = "SELECT t.body, t.seal FROM orders o
        JOIN tasks t ON t.connection = $1 AND t.marketplace = o.marketplace AND t.order_id = o.id
        WHERE o.subscription = $2 ORDER BY o.statement_starts DESC, t.observed_at DESC, t.id DESC LIMIT $3";
    records(c, sql, params![connection.as_str(), subscription.as_str(), big(limit)])
}

pub(super) fn money(
    c: &Connection,
    connection: &ConnectionId,
    from: NaiveDate,
    before: NaiveDate,
) -> Result<Vec<MoneyRow>, StoreError> {
    // Marketplaces are few; from each, its orders of those days lead to their tasks.
    let sql =
        "SELECT o.statement_starts, o.statement_ends, o.motion, t.customer, t.state, t.reason, t.currency, t.amount
        FROM marketplaces m
        JOIN orders o ON o.marketplace = m.id AND o.statement_starts >= $1 AND o.statement_starts < $2
        JOIN tasks t ON t.connection = $3 AND t.marketplace = o.marketplace AND t.order_id = o.id
        WHERE t.state <> 'superseded'";
    let found = rows(c, sql, params![from.to_row(), before.to_row(), connection.as_str()], |r| {
        let text = |place: usize| r.get::<_, String>(place);
        Ok([text(0)?, text(1)?, text(2)?, text(3)?, text(4)?, text(5)?, text(6)?, text(7)?])
    })?;
    let mut heaps = Heaps::default();
    for [start, end, motion, customer, state, reason, currency, amount] in found {
        let corrupt = |bad: Bad| StoreError::Corrupt { what: "order of a statement", problem: bad.to_string() };
        let heap = Heap {
            start: NaiveDate::from_row(start).map_err(corrupt)?,
            end: NaiveDate::from_row(end).map_err(corrupt)?,
            motion: Motion::from_row(motion).map_err(corrupt)?,
            customer: CustomerId::new(customer),
            state,
            reason,
            currency: Currency::from_row(currency).map_err(corrupt)?,
        };
        heaps.add(heap, total_amount(amount)?)?;
    }
    heaps.rows()
}
