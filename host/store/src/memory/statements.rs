//! Statements and what was made of them, from memory.

use std::cmp::Reverse;

use chrono::NaiveDate;
use counterfoil_domain::id::{ConnectionId, MarketplaceId, SubscriptionId};
use counterfoil_domain::order::{Order, OrderKey};
use counterfoil_domain::ports::{KeptStatement, KnownOrder, MoneyRow, StatementFilter, StoreError, StoredStatement};
use counterfoil_domain::product_sync::ProductRow;
use counterfoil_domain::program::Program;
use counterfoil_domain::statement::{Record, StatementPart};
use counterfoil_domain::task::{Subject, Task, TaskState};

use super::read_tasks;
use super::shelves::{Change, Shelves, StatementPlace};
use crate::counts::reason_of;
use crate::money_rows::{Heap, Heaps};

pub(super) fn put(change: &mut Change<'_>, stored: StoredStatement) {
    let (marketplace, id) = (stored.kept.marketplace.clone(), stored.kept.head.id.clone());
    if stored.kept.issue > 0 {
        change.remove(|s| &mut s.statements, (marketplace.clone(), id.clone(), 0));
    }
    change.put(|s| &mut s.statements, (marketplace, id, stored.kept.issue), stored);
}

pub(super) fn put_head(change: &mut Change<'_>, kept: KeptStatement) {
    let place = (kept.marketplace.clone(), kept.head.id.clone(), kept.issue);
    if let Some(stored) = change.now().statements.get(&place).cloned() {
        change.put(|s| &mut s.statements, place, StoredStatement { kept, ..stored });
    }
}

pub(super) fn list(shelves: &Shelves, marketplace: &MarketplaceId, filter: &StatementFilter) -> Vec<KeptStatement> {
    let asked = |kept: &&KeptStatement| {
        let start = kept.head.period.start();
        filter.stream.as_ref().is_none_or(|stream| *stream == kept.head.stream)
            && filter.from.is_none_or(|from| start >= from)
            && filter.before.is_none_or(|before| start < before)
    };
    let ours = shelves.statements.iter().filter(|((of, _, _), _)| of == marketplace);
    let mut found: Vec<KeptStatement> = ours.map(|(_, stored)| &stored.kept).filter(asked).cloned().collect();
    found.sort_by(|a, b| {
        (a.head.period.start(), &a.head.id, a.issue).cmp(&(b.head.period.start(), &b.head.id, b.issue))
    });
    found
}

pub(super) fn some_records(shelves: &Shelves, place: &StatementPlace, from: usize, limit: usize) -> Vec<Record> {
    let stored = shelves.statements.get(place);
    stored.map(|stored| stored.records.iter().skip(from).take(limit).cloned().collect()).unwrap_or_default()
}

fn part(order: &Order) -> Option<&StatementPart> {
    order.statement.as_deref()
}

pub(super) fn orders_of(shelves: &Shelves, marketplace: &MarketplaceId, id: &str) -> Vec<KnownOrder> {
    let ours = shelves.orders.iter().filter(|(key, _)| key.marketplace == *marketplace);
    ours.filter(|(_, kept)| part(&kept.order).is_some_and(|part| part.statement == id))
        .map(|(key, kept)| KnownOrder {
            id: key.order.clone(),
            fingerprint: kept.fingerprint.clone(),
            revision: kept.revision.clone(),
            is_final: kept.order.status.is_final(),
        })
        .collect()
}

/// Whether the order of a task was made of this statement.
pub(super) fn is_of(shelves: &Shelves, task: &Task, statement: &str) -> bool {
    let Subject::Order { key, .. } = &task.subject else { return false };
    let order = shelves.orders.get(key).map(|kept| &kept.order);
    order.and_then(part).is_some_and(|part| part.statement == statement)
}

pub(super) fn tasks_of(
    shelves: &Shelves,
    connection: &ConnectionId,
    subscription: &SubscriptionId,
    limit: usize,
) -> Vec<Task> {
    let mut found: Vec<(NaiveDate, Task)> = Vec::new();
    for (key, kept) in &shelves.orders {
        let Some(part) = part(&kept.order).filter(|_| kept.order.subscription.as_ref() == Some(subscription)) else {
            continue;
        };
        let tasks = read_tasks::of_order(shelves, connection, key);
        found.extend(tasks.into_iter().map(|task| (part.period.start(), task)));
    }
    found.sort_by_key(|(start, task)| Reverse((*start, task.observed_at, task.id.clone())));
    found.into_iter().map(|(_, task)| task).take(limit).collect()
}

pub(super) fn money(
    shelves: &Shelves,
    connection: &ConnectionId,
    from: NaiveDate,
    before: NaiveDate,
) -> Result<Vec<MoneyRow>, StoreError> {
    let mut heaps = Heaps::default();
    let is_kept = |key: &OrderKey| shelves.marketplaces.contains_key(&key.marketplace);
    for (key, kept) in shelves.orders.iter().filter(|(key, _)| is_kept(key)) {
        let Some(part) = part(&kept.order).filter(|part| (from..before).contains(&part.period.start())) else {
            continue;
        };
        for task in read_tasks::of_order(shelves, connection, key) {
            if matches!(task.state, TaskState::Superseded { .. }) {
                continue;
            }
            let heap = Heap {
                start: part.period.start(),
                end: part.period.end(),
                motion: part.motion,
                customer: task.customer.clone(),
                state: task.state.name().to_owned(),
                reason: reason_of(&task).to_owned(),
                currency: task.amount.currency,
            };
            heaps.add(heap, task.amount.amount)?;
        }
    }
    heaps.rows()
}

pub(super) fn put_program(change: &mut Change<'_>, program: Program) {
    change.put(|s| &mut s.programs, (program.connection.clone(), program.name), program);
}

pub(super) fn put_product_row(change: &mut Change<'_>, row: ProductRow) {
    change.put(|s| &mut s.product_rows, (row.connection.clone(), row.program, row.code.clone()), row);
}
