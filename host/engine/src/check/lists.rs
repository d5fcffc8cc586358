//! Customers, subscriptions and products: read whole at the first check; afterwards one by one as orders name somebody
//! unknown, or whole again where many are.

use counterfoil_domain::market::{Page, PageCursor, Subscription, Unreadable};
use counterfoil_domain::ports::{Pending, SourceError, Write};

use super::Source;
use super::intake::Strangers;
use crate::engine::{Engine, EngineError};
use crate::progress::Progress;

/// The subscriptions as they stand now, and whether every record of all lists could be read.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) complete: bool,
}

impl Default for Listed {
    /// Nothing was listed, because nothing had to be.
    fn default() -> Self {
        Self { subscriptions: Vec::new(), complete: true }
    }
}

/// Reads all three lists.
pub(super) async fn all(engine: &Engine, source: &Source, progress: &mut Progress) -> Result<Listed, EngineError> {
    let id = &source.connection.marketplace;
    let mut bad = Vec::new();
    let customers = pages(|after| source.client.customers(after), &mut bad).await?;
    let subscriptions = pages(|after| source.client.subscriptions(after), &mut bad).await?;
    progress.count("customers", customers.len() as u64);
    progress.count("subscriptions", subscriptions.len() as u64);
    let writes =
        vec![Write::PutCustomers(id.clone(), customers), Write::PutSubscriptions(id.clone(), subscriptions.clone())];
    engine.store.commit(writes).await?;
    let whole = products(engine, source, progress).await?;
    let complete = bad.is_empty() && whole;
    for unreadable in bad {
        unreadable_row(&unreadable, progress);
    }
    Ok(Listed { subscriptions, complete })
}

/// Those that orders name and nobody knew. False: some could not be read.
pub(super) async fn some(
    engine: &Engine,
    source: &Source,
    strangers: Strangers,
    progress: &mut Progress,
) -> Result<bool, EngineError> {
    let id = &source.connection.marketplace;
    let found = source.client.records(strangers.customers, strangers.subscriptions).await?;
    progress.count("customers", found.customers.len() as u64);
    progress.count("subscriptions", found.subscriptions.len() as u64);
    let mut writes = Vec::new();
    if !found.customers.is_empty() {
        writes.push(Write::PutCustomers(id.clone(), found.customers));
    }
    if !found.subscriptions.is_empty() {
        writes.push(Write::PutSubscriptions(id.clone(), found.subscriptions));
    }
    if !writes.is_empty() {
        engine.store.commit(writes).await?;
    }
    for unreadable in &found.unreadable {
        unreadable_row(unreadable, progress);
    }
    Ok(found.unreadable.is_empty())
}

/// The catalogue alone. False: some record could not be read.
pub(super) async fn products(engine: &Engine, source: &Source, progress: &mut Progress) -> Result<bool, EngineError> {
    let mut bad = Vec::new();
    let products = pages(|after| source.client.products(after), &mut bad).await?;
    engine.store.commit(vec![Write::PutProducts(source.connection.marketplace.clone(), products)]).await?;
    for unreadable in &bad {
        unreadable_row(unreadable, progress);
    }
    Ok(bad.is_empty())
}

pub(super) fn unreadable_row(row: &Unreadable, progress: &mut Progress) {
    let subject = row.id.clone().unwrap_or_else(|| row.place.clone());
    let name = row.id.as_ref().map(|id| format!("{id}, ")).unwrap_or_default();
    let message = format!(
        "{name}{}: {}. The records beside it were kept; this one bills nothing until it can be read, and the cursor does not pass it.",
        row.place, row.problem
    );
    progress.shortfall("record-unreadable", subject, message);
}

pub(super) async fn pages<'a, T>(
    fetch: impl Fn(Option<PageCursor>) -> Pending<'a, Result<Page<T>, SourceError>>,
    bad: &mut Vec<Unreadable>,
) -> Result<Vec<T>, SourceError> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = fetch(after.clone()).await?;
        rows.extend(page.rows);
        bad.extend(page.unreadable);
        match page.next {
            Some(next) if Some(&next) != after.as_ref() => after = Some(next),
            // It would be walked for ever, and what comes after would be missing.
            Some(next) => {
                let problem = "the list says that it goes on where it is already".to_owned();
                return Err(SourceError::Malformed { place: format!("list at {}", next.0), problem });
            }
            None => return Ok(rows),
        }
    }
}
