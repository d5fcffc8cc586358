//! Two targets on one marketplace: each gets every task, neither loses by the other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Utc;
use counterfoil_sim::world::{NewSale, OrderStatus, World, WorldSpec};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::bench::{Bench, SEATS, XERO, ago, customer, xero_plugin};
use crate::guests;
use crate::ledger::{Ledger, TOKEN};

const TINY: &str = "tiny-books";

fn sell(bench: &Bench, quantity: i64, minutes: i64) -> String {
    bench.market.with_world(|world| {
        let sale = NewSale {
            customer_id: Some(customer(world)),
            mpn: Some(SEATS.to_owned()),
            quantity,
            at: ago(minutes),
            status: OrderStatus::Completed,
        };
        world.new_sale(&sale).unwrap()
    })
}

async fn connect_tiny(bench: &Bench, ledger: &Ledger) {
    let (who, name) = bench.market.with_world(|world| (customer(world), world.customers()[0].name.clone()));
    bench
        .setup(&json!({ "connection": { TINY: {
            "reseller": "demo", "plugin": "tiny", "marketplace": "market", "base_url": ledger.url(),
            "plain_http": true, "private_addresses": true, "secrets": { "token": TOKEN },
            "link": [
                { "kind": "party", "source": who, "target": "c-1", "name": name },
                { "kind": "item", "source": SEATS, "target": "any", "name": "Seats" },
            ],
        } } }))
        .await;
}

async fn bench() -> (Bench, Ledger) {
    let spec = WorldSpec { customers: 3, subscriptions: 0, orders: 0, ..WorldSpec::new(4, Utc::now().date_naive()) };
    let bench = Bench::start(World::generate(&spec), &[xero_plugin().await, guests::tiny().await]).await;
    (bench, Ledger::start().await)
}

/// Number → amount of every order task.
async fn tasks(bench: &Bench, connection: &str) -> BTreeMap<String, Decimal> {
    let all = bench.tasks(connection, "").await;
    all.into_iter().map(|task| (task.number, task.amount.amount.parse().unwrap())).collect()
}

async fn write(bench: &Bench, connection: &str) {
    let plan = bench.plan(connection).await;
    assert_eq!(plan.state, "done", "{plan:#?}");
    bench.sync(connection).await;
}

/// The orders of the marketplace, by number.
fn sold(bench: &Bench) -> BTreeMap<String, Decimal> {
    bench.market.with_world(|world| world.orders().iter().map(|order| (order.number.clone(), order.total)).collect())
}

/// Each charge's note begins with its order's number.
fn charged(ledger: &Ledger) -> BTreeMap<String, Decimal> {
    let number = |note: &str| note.split(' ').next().unwrap().to_owned();
    ledger.booked().into_iter().map(|(note, amount)| (number(&note), amount)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d_2_a_target_that_the_host_never_heard_of_bills_what_the_orders_say() {
    let (bench, ledger) = bench().await;
    bench.connect(json!({})).await;
    connect_tiny(&bench, &ledger).await;
    let probed = bench.api.post(&format!("/v1/connections/{TINY}/test"), &json!({})).await;
    assert_eq!((probed["name"].as_str(), probed["base_currency"].as_str()), (Some("Ledger"), Some("USD")));
    let plugins: Value = bench.api.get("/v1/plugins").await;
    let ids: BTreeSet<&str> =
        plugins["plugins"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, BTreeSet::from(["tiny", "xero"]));

    for quantity in 1..=4 {
        sell(&bench, quantity, 60 - quantity);
    }
    bench.check(TINY).await;
    assert_eq!(tasks(&bench, TINY).await, sold(&bench));
    write(&bench, TINY).await;
    assert_eq!(charged(&ledger), sold(&bench));
    // Once more changes nothing.
    bench.check(TINY).await;
    bench.plan(TINY).await;
    assert_eq!(bench.tasks(TINY, "synced").await.len(), 4);
    assert_eq!((ledger.booked().len(), ledger.strangers()), (4, 0));
    bench.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_connections_of_one_marketplace_each_get_everything() {
    let (bench, ledger) = bench().await;
    bench.connect(json!({})).await;
    // Before anything is connected: one sale in the window, one subscription that is older than it.
    sell(&bench, 2, 60 * 24 * 3);
    sell(&bench, 3, 60 * 24 * 45);
    bench.check(XERO).await;
    write(&bench, XERO).await;
    // The second connection comes later, and begins at its own beginning.
    connect_tiny(&bench, &ledger).await;
    bench.check(TINY).await;
    assert_eq!(tasks(&bench, TINY).await, tasks(&bench, XERO).await);
    assert_eq!(tasks(&bench, TINY).await.len(), 2);
    write(&bench, TINY).await;

    // From now on each in turn is the first to see an order.
    for (round, (first, second)) in [(XERO, TINY), (TINY, XERO), (XERO, TINY)].into_iter().enumerate() {
        sell(&bench, 5 + i64::try_from(round).unwrap(), 20);
        bench.check(first).await;
        bench.check(second).await;
    }
    let one = sell(&bench, 11, 5);
    let (left, right) = tokio::join!(bench.check(XERO), bench.check(TINY));
    assert_eq!((left.counts["tasks-new"], right.counts["tasks-new"]), (1, 1), "{one} is seen by both at once");
    assert_eq!(tasks(&bench, TINY).await, tasks(&bench, XERO).await);
    tokio::join!(write(&bench, XERO), write(&bench, TINY));
    let due: Decimal = tasks(&bench, XERO).await.values().sum();
    assert_eq!(tasks(&bench, XERO).await.len(), 6);
    assert_eq!(bench.books.state().net_total(), due);
    assert_eq!(ledger.booked().values().sum::<Decimal>(), due);
    bench.stop().await;
}

/// An order that is not final when the first connection reads it, and completes before the second one looks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_completes_between_two_connections_checks_is_lost_to_neither() {
    let (bench, ledger) = bench().await;
    bench.connect(json!({})).await;
    connect_tiny(&bench, &ledger).await;
    bench.check(XERO).await;
    bench.check(TINY).await;
    let number = sell(&bench, 2, 30);
    bench.market.with_world(|world| {
        world.revise_order(&number, |order| order.status = OrderStatus::Processing).unwrap();
    });
    bench.check(XERO).await;
    bench.check(TINY).await;
    bench.market.with_world(|world| world.complete_order(&number, ago(1)).unwrap());
    // The first to look learns of it; the other must not take it for known.
    bench.check(XERO).await;
    bench.check(TINY).await;
    for connection in [XERO, TINY] {
        assert_eq!(bench.task(connection, &number).await.task.state, "ready", "{connection}");
    }
    bench.stop().await;
}
