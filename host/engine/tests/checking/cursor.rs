//! How far was seen: the source's time, never past what could not be read.

use chrono::Duration;
use counterfoil_domain::connection::HostRules;
use counterfoil_domain::id::{ConnectionId, SubscriptionId};
use counterfoil_domain::order::{OrderStatus, OrderType};
use counterfoil_domain::ports::Clock;
use counterfoil_domain::run::RunState;

use super::desk::{Desk, connection};
use super::market::{at, order, seat, subscription};

#[tokio::test]
async fn an_order_dated_in_the_future_does_not_take_the_cursor_with_it() {
    let desk = Desk::open().await;
    desk.market.add(order("1", OrderType::Sales, "", "2031-01-01"));
    desk.check().await;
    desk.clock.advance(Duration::days(3));
    desk.market.add(order("2", OrderType::Sales, "", "2026-11-23"));
    desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 ready", "N-2 ready"]);
}

#[tokio::test]
async fn the_cursor_of_an_empty_marketplace_is_not_our_clock() {
    // The source's clock is three days behind ours.
    let desk = Desk::open().await;
    desk.check().await;
    desk.market.add(order("1", OrderType::Sales, "", "2026-11-18T10:00:01Z"));
    desk.check().await;
    assert_eq!(desk.shown().await, ["N-1 ready"]);
}

#[tokio::test]
async fn a_list_that_goes_in_a_circle_is_not_the_end_of_it() {
    let desk = Desk::open().await;
    desk.check().await;
    for n in 0..30 {
        desk.market.add(order(&n.to_string(), OrderType::Sales, "", "2026-11-21T10:00:00Z"));
    }
    {
        let mut state = desk.market.state.lock().unwrap();
        state.page = 5;
        state.circles = true;
    }
    let run = desk.check().await;
    assert_eq!(run.state, RunState::Incomplete);
    desk.market.state.lock().unwrap().circles = false;
    assert_eq!(desk.check().await.state, RunState::Done);
    assert_eq!(desk.tasks().await.len(), 30);
}

#[tokio::test]
async fn a_page_that_cannot_be_read_keeps_the_pages_before_it() {
    let desk = Desk::open().await;
    desk.check().await;
    for n in 0..10 {
        desk.market.add(order(&n.to_string(), OrderType::Sales, "", "2026-11-21T10:00:00Z"));
    }
    {
        let mut state = desk.market.state.lock().unwrap();
        state.page = 5;
        state.broken_page = Some(1);
    }
    let run = desk.check().await;
    assert_eq!((run.state, desk.tasks().await.len()), (RunState::Incomplete, 5));
    desk.clock.advance(Duration::days(9));
    desk.market.state.lock().unwrap().broken_page = None;
    assert_eq!(desk.check().await.state, RunState::Done);
    assert_eq!(desk.tasks().await.len(), 10);
}

#[tokio::test]
async fn another_resellers_marketplace_is_none() {
    let desk = Desk::open().await;
    desk.market.add(order("1", OrderType::Sales, "", "2026-11-20"));
    let foreign = connection("z", "another", HostRules::default());
    desk.store.commit(vec![counterfoil_domain::ports::Write::PutConnection(foreign)]).await.unwrap();
    let run = desk.check_of("z").await;
    assert_eq!(run.state, RunState::Failed);
    assert!(desk.tasks_of("z").await.is_empty());
}

#[tokio::test]
async fn orders_from_before_the_day_named_are_ignored_when_they_appear_later() {
    let rules = HostRules { start_on: Some("2026-12-01".parse().unwrap()), ..HostRules::default() };
    let desk = Desk::with(rules).await;
    let waits = super::market::order("9", OrderType::Sales, "", "2026-11-01");
    let waits = counterfoil_domain::order::Order { status: OrderStatus::Processing, ..waits };
    desk.market.add(waits.clone());
    desk.check().await;
    desk.clock.advance(Duration::days(12));
    desk.market.add(order("1", OrderType::Sales, "", "2026-11-30T23:00:00Z"));
    desk.market.add(order("2", OrderType::Sales, "", "2026-12-01T01:00:00Z"));
    desk.market.put(counterfoil_domain::order::Order { status: OrderStatus::Completed, ..waits });
    desk.check().await;
    let shown = ["N-1 older-than-start-window", "N-2 ready", "N-9 ready", "N-9 superseded"];
    assert_eq!(desk.shown().await, shown);
}

#[tokio::test]
async fn strangers_are_asked_for_by_id_and_new_products_by_their_list() {
    let desk = Desk::open().await;
    desk.market.state.lock().unwrap().subscriptions = vec![subscription("s", 1)];
    desk.market.state.lock().unwrap().products = vec![counterfoil_domain::market::Product {
        product: seat(),
        metered: false,
        price: None,
        cost: None,
        currency: None,
    }];
    desk.check().await;
    let read = || {
        let state = desk.market.state.lock().unwrap();
        (state.subscriptions_read, state.products_read)
    };
    desk.clock.advance(Duration::days(1));
    desk.market.add(order("1", OrderType::Change, "s", "2026-11-22"));
    desk.check().await;
    desk.check().await;
    assert_eq!(read(), (1, 1), "nobody is new");
    let mut new_product = order("2", OrderType::Change, "s", "2026-11-22");
    new_product.lines[0].product.as_mut().unwrap().code = "METER".into();
    desk.market.add(new_product);
    desk.check().await;
    assert_eq!(read(), (1, 2), "whether a new product is pay-per-use must be known before its price is chosen");
    desk.market.state.lock().unwrap().subscriptions.push(subscription("t", 1));
    desk.market.add(order("3", OrderType::Sales, "t", "2026-11-22"));
    desk.check().await;
    // He alone is asked for: two hundred thousand subscriptions are not read again for one that is new.
    assert_eq!(read(), (1, 2));
    assert_eq!(desk.market.state.lock().unwrap().records_read, 1);
    let known = desk.store.subscriptions(&counterfoil_domain::id::MarketplaceId::new("m"), None).await.unwrap();
    assert!(known.iter().any(|s| s.id == SubscriptionId::new("t")));
}

#[tokio::test]
async fn the_cursor_stands_at_the_newest_order_seen() {
    let desk = Desk::open().await;
    desk.market.add(order("1", OrderType::Sales, "", "2026-11-20"));
    desk.check().await;
    let cursor = desk.store.cursor(&ConnectionId::new("x")).await.unwrap().unwrap();
    assert_eq!((cursor.initial_done, cursor.seen_until), (true, at("2026-11-20")));
    assert!(cursor.seen_until < desk.clock.now());
}
