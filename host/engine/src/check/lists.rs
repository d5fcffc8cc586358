//! Customers, subscriptions and products: read whole at the first check, and again when an order names
//! somebody unknown.

use std::sync::Arc;

use counterfoil_domain::connection::Connection;
use counterfoil_domain::market::{Page, PageCursor, Subscription, Unreadable};
use counterfoil_domain::ports::{MarketplaceClient, Pending, SourceError, Write};

use crate::engine::{Engine, EngineError};
use crate::progress::Progress;

/// Reads all three lists: the subscriptions as they stand now, and whether every record could be read.
pub(super) async fn all(
    engine: &Engine,
    connection: &Connection,
    client: &Arc<dyn MarketplaceClient>,
    progress: &mut Progress,
) -> Result<(Vec<Subscription>, bool), EngineError> {
    let id = &connection.marketplace;
    let mut bad = Vec::new();
    let customers = pages(|after| client.customers(after), &mut bad).await?;
    let subscriptions = pages(|after| client.subscriptions(after), &mut bad).await?;
    progress.count("customers", customers.len() as u64);
    progress.count("subscriptions", subscriptions.len() as u64);
    let writes =
        vec![Write::PutCustomers(id.clone(), customers), Write::PutSubscriptions(id.clone(), subscriptions.clone())];
    engine.store.commit(writes).await?;
    let whole = products(engine, connection, client, progress).await?;
    let complete = bad.is_empty() && whole;
    for unreadable in bad {
        unreadable_row(&unreadable, progress);
    }
    Ok((subscriptions, complete))
}

/// The catalogue alone. False: some record could not be read.
pub(super) async fn products(
    engine: &Engine,
    connection: &Connection,
    client: &Arc<dyn MarketplaceClient>,
    progress: &mut Progress,
) -> Result<bool, EngineError> {
    let mut bad = Vec::new();
    let products = pages(|after| client.products(after), &mut bad).await?;
    engine.store.commit(vec![Write::PutProducts(connection.marketplace.clone(), products)]).await?;
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
