//! Details of many orders: one call each, in the client's own number at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use counterfoil_domain::id::OrderId;
use counterfoil_domain::order::Order;
use counterfoil_domain::ports::{DetailError, MarketplaceClient};

use super::CHUNK;
use crate::engine::EngineError;
use crate::progress::Progress;

/// An order with what its list row looked like.
pub(super) type Read = (Order, String);

/// False: some are missing.
pub(super) async fn read_all(
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
