//! Customers, subscriptions and products: read whole at the first check, and again when an order names
//! somebody unknown.

use std::sync::Arc;

use counterfoil_domain::connection::Connection;
use counterfoil_domain::market::{Page, PageCursor, Unreadable};
use counterfoil_domain::ports::{MarketplaceClient, Pending, SourceError, Write};

use crate::engine::{Engine, EngineError};
use crate::progress::Progress;

/// False: some record could not be read.
pub(super) async fn refresh(
    engine: &Engine,
    connection: &Connection,
    client: &Arc<dyn MarketplaceClient>,
    first: bool,
    progress: &mut Progress,
) -> Result<bool, EngineError> {
    let marketplace = &connection.marketplace;
    let known = engine.store.customers(marketplace, None).await?;
    if !first && !known.is_empty() {
        return Ok(true);
    }
    all(engine, connection, client, progress).await
}

/// Reads all three lists.
pub(super) async fn all(
    engine: &Engine,
    connection: &Connection,
    client: &Arc<dyn MarketplaceClient>,
    progress: &mut Progress,
) -> Result<bool, EngineError> {
    let id = &connection.marketplace;
    let mut bad = Vec::new();
    let customers = pages(|after| client.customers(after), &mut bad).await?;
    let subscriptions = pages(|after| client.subscriptions(after), &mut bad).await?;
    let products = pages(|after| client.products(after), &mut bad).await?;
    progress.count("customers", customers.len() as u64);
    progress.count("subscriptions", subscriptions.len() as u64);
    let writes = vec![
        Write::PutCustomers(id.clone(), customers),
        Write::PutSubscriptions(id.clone(), subscriptions),
        Write::PutProducts(id.clone(), products),
    ];
    engine.store.commit(writes).await?;
    let complete = bad.is_empty();
    for unreadable in bad {
        unreadable_row(&unreadable, progress);
    }
    Ok(complete)
}

pub(super) fn unreadable_row(row: &Unreadable, progress: &mut Progress) {
    let subject = row.id.clone().unwrap_or_else(|| row.place.clone());
    let message = format!(
        "{}: {}. The records beside it were kept; this one bills nothing until it can be read, and the cursor does not pass it.",
        row.place, row.problem
    );
    progress.shortfall("record-unreadable", subject, message);
}

async fn pages<'a, T>(
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
            // A source that points back at the same page would be walked for ever.
            Some(next) if Some(&next) != after.as_ref() => after = Some(next),
            _ => return Ok(rows),
        }
    }
}
