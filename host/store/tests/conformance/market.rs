//! What marketplaces told.

use counterfoil_domain::id::{CustomerId, MarketplaceId, OrderId, SubscriptionId};
use counterfoil_domain::order::{Order, OrderStatus};
use counterfoil_domain::ports::{KnownOrder, Store, Write};

use crate::samples;

fn put(order: &Order, fingerprint: &str) -> Write {
    Write::PutOrder { order: order.clone(), fingerprint: fingerprint.to_owned(), observed_at: samples::at(1) }
}

async fn orders_are_known_open_and_counted<S: Store>(store: &S) {
    let market = samples::marketplace_id();
    let done = samples::order(1, OrderStatus::Completed);
    let open = samples::order(2, OrderStatus::Error);
    let mut elsewhere = samples::order(3, OrderStatus::Processing);
    elsewhere.key.marketplace = MarketplaceId::from("other");
    store.commit(vec![put(&done, "f1"), put(&open, "f2"), put(&elsewhere, "f3")]).await.unwrap();

    assert_eq!(store.order(&done.key).await.unwrap(), Some(done.clone()));
    assert_eq!(store.open_orders(&market).await.unwrap(), vec![open.key.order.clone()]);
    assert_eq!(store.order_count(&market).await.unwrap(), 2);
    assert_eq!(store.order_count(&MarketplaceId::from("none")).await.unwrap(), 0);
    let ids = vec![OrderId::from("o2"), OrderId::from("nowhere"), OrderId::from("o3"), OrderId::from("o1")];
    let known = |order: &Order, fingerprint: &str, is_final| KnownOrder {
        id: order.key.order.clone(),
        fingerprint: fingerprint.to_owned(),
        revision: order.revision(),
        is_final,
    };
    let found = store.known_orders(&market, ids).await.unwrap();
    assert_eq!(found, vec![known(&open, "f2", false), known(&done, "f1", true)]);

    // A new revision takes the place of the former and is not counted again.
    let completed = samples::order(2, OrderStatus::Completed);
    store.commit(vec![put(&completed, "f4")]).await.unwrap();
    assert_eq!(store.order(&open.key).await.unwrap(), Some(completed.clone()));
    assert_eq!(store.open_orders(&market).await.unwrap(), vec![]);
    assert_eq!(store.order_count(&market).await.unwrap(), 2);
    let found = store.known_orders(&market, vec![OrderId::from("o2")]).await.unwrap();
    assert_eq!(found, vec![known(&completed, "f4", true)]);
    assert_eq!(store.order(&samples::order(9, OrderStatus::Error).key).await.unwrap(), None);
}

async fn records_of_a_marketplace_are_its_own<S: Store>(store: &S) {
    let (here, there) = (samples::marketplace_id(), MarketplaceId::from("ingram-eu2"));
    let writes = vec![
        Write::PutCustomers(here.clone(), [2, 1, 3].map(samples::customer).to_vec()),
        Write::PutCustomers(there.clone(), vec![samples::customer(4)]),
        Write::PutSubscriptions(here.clone(), [2, 1].map(samples::subscription).to_vec()),
        Write::PutProducts(here.clone(), [2, 1].map(samples::product).to_vec()),
        Write::PutProducts(there.clone(), vec![samples::product(7)]),
    ];
    store.commit(writes).await.unwrap();
    assert_eq!(store.customers(&here, None).await.unwrap(), [1, 2, 3].map(samples::customer).to_vec());
    let some = Some(vec![CustomerId::from("c3"), CustomerId::from("c4"), CustomerId::from("c1")]);
    assert_eq!(store.customers(&here, some).await.unwrap(), [3, 1].map(samples::customer).to_vec());
    assert_eq!(store.customers(&here, Some(vec![])).await.unwrap(), vec![]);
    assert_eq!(store.subscriptions(&here, None).await.unwrap(), [1, 2].map(samples::subscription).to_vec());
    let some = Some(vec![SubscriptionId::from("s2"), SubscriptionId::from("s9")]);
    assert_eq!(store.subscriptions(&here, some).await.unwrap(), vec![samples::subscription(2)]);
    assert_eq!(store.products(&here).await.unwrap(), [1, 2].map(samples::product).to_vec());

    let mut renamed = samples::customer(1);
    renamed.name = "Renamed".to_owned();
    store.commit(vec![Write::PutCustomers(here.clone(), vec![renamed.clone()])]).await.unwrap();
    assert_eq!(store.customers(&here, None).await.unwrap()[0], renamed);
}

async fn a_cursor_is_replaced<S: Store>(store: &S) {
    let id = samples::connection_id(2);
    assert_eq!(store.cursor(&id).await.unwrap(), None);
    store.commit(vec![Write::PutCursor(samples::cursor(2))]).await.unwrap();
    assert_eq!(store.cursor(&id).await.unwrap(), Some(samples::cursor(2)));
    let mut later = samples::cursor(2);
    later.seen_until = samples::at(900);
    store.commit(vec![Write::PutCursor(later.clone())]).await.unwrap();
    assert_eq!(store.cursor(&id).await.unwrap(), Some(later));
}

crate::both_stores!(orders_are_known_open_and_counted, records_of_a_marketplace_are_its_own, a_cursor_is_replaced);
