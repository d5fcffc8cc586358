//! Reads of what marketplaces told: cursors, orders, customers, subscriptions, products.

use counterfoil_domain::id::{ConnectionId, CustomerId, MarketplaceId, OrderId, Revision, SubscriptionId};
use counterfoil_domain::market::{Customer, Product, Subscription};
use counterfoil_domain::order::{Order, OrderKey};
use counterfoil_domain::ports::{Cursor, KnownOrder, StoreError};
use rusqlite::{Connection, params};

use super::query::{record, records, row, rows};

pub(super) fn cursor(c: &Connection, connection: &ConnectionId) -> Result<Option<Cursor>, StoreError> {
    record(c, "SELECT body, seal FROM cursors WHERE connection = $1", params![connection.as_str()])
}

pub(super) fn known_orders(
    c: &Connection,
    marketplace: &MarketplaceId,
    ids: Vec<OrderId>,
) -> Result<Vec<KnownOrder>, StoreError> {
    let sql = "SELECT fingerprint, revision, is_final FROM orders WHERE marketplace = $1 AND id = $2";
    let mut known = Vec::new();
    for id in ids {
        let head = row(c, sql, params![marketplace.as_str(), id.as_str()], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, i64>(2)?))
        })?;
        if let Some((fingerprint, revision, is_final)) = head {
            known.push(KnownOrder { id, fingerprint, revision: Revision::new(revision), is_final: is_final != 0 });
        }
    }
    Ok(known)
}

pub(super) fn open_orders(c: &Connection, marketplace: &MarketplaceId) -> Result<Vec<OrderId>, StoreError> {
    let sql = "SELECT id FROM orders WHERE marketplace = $1 AND is_final = 0 ORDER BY id";
    rows(c, sql, params![marketplace.as_str()], |r| Ok(OrderId::new(r.get::<_, String>(0)?)))
}

pub(super) fn order(c: &Connection, key: &OrderKey) -> Result<Option<Order>, StoreError> {
    let sql = "SELECT body, seal FROM orders WHERE marketplace = $1 AND id = $2";
    record(c, sql, params![key.marketplace.as_str(), key.order.as_str()])
}

pub(super) fn order_count(c: &Connection, marketplace: &MarketplaceId) -> Result<u64, StoreError> {
    let sql = "SELECT reading FROM counters WHERE kind = 'orders' AND name = $1";
    let count = row(c, sql, params![marketplace.as_str()], |r| r.get::<_, i64>(0))?;
    Ok(u64::try_from(count.unwrap_or(0)).unwrap_or(0))
}

pub(super) fn customers(
    c: &Connection,
    marketplace: &MarketplaceId,
    ids: Option<Vec<CustomerId>>,
) -> Result<Vec<Customer>, StoreError> {
    let Some(ids) = ids else {
        let sql = "SELECT body, seal FROM customers WHERE marketplace = $1 ORDER BY id";
        return records(c, sql, params![marketplace.as_str()]);
    };
    let sql = "SELECT body, seal FROM customers WHERE marketplace = $1 AND id = $2";
    let one = |id: &CustomerId| record(c, sql, params![marketplace.as_str(), id.as_str()]).transpose();
    ids.iter().filter_map(one).collect()
}

pub(super) fn subscriptions(
    c: &Connection,
    marketplace: &MarketplaceId,
    ids: Option<Vec<SubscriptionId>>,
) -> Result<Vec<Subscription>, StoreError> {
    let Some(ids) = ids else {
        let sql = "SELECT body, seal FROM subscriptions WHERE marketplace = $1 ORDER BY id";
        return records(c, sql, params![marketplace.as_str()]);
    };
    let sql = "SELECT body, seal FROM subscriptions WHERE marketplace = $1 AND id = $2";
    let one = |id: &SubscriptionId| record(c, sql, params![marketplace.as_str(), id.as_str()]).transpose();
    ids.iter().filter_map(one).collect()
}

pub(super) fn products(c: &Connection, marketplace: &MarketplaceId) -> Result<Vec<Product>, StoreError> {
    let sql = "SELECT body, seal FROM products WHERE marketplace = $1 ORDER BY code";
    records(c, sql, params![marketplace.as_str()])
}
