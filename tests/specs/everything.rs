//! A world that goes through the service as far as it can: every kind of order, both kinds of document, look-ups and
//! new entities, so that every call that the product can make is made.

use chrono::Utc;
use counterfoil_sim::Exchange;
use counterfoil_sim::world::{Draft, Kind, NewSale, OrderStatus, World, WorldSpec};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::bench::{Bench, DEARER, SEATS, XERO, ago, customer, xero_plugin};
use crate::credit::{allocated, shared_draft};

#[derive(Debug)]
pub(crate) struct Logs {
    pub(crate) xero: Vec<Exchange>,
    pub(crate) market: Vec<Exchange>,
    /// Documents in the books at the end.
    pub(crate) documents: usize,
}

/// Run once a process.
pub(crate) async fn logs() -> &'static Logs {
    static LOGS: OnceCell<Logs> = OnceCell::const_new();
    LOGS.get_or_init(async || {
        let (mut logs, shared, given) = tokio::join!(Box::pin(run()), Box::pin(shared_draft()), Box::pin(allocated()));
        logs.xero.extend(shared);
        logs.xero.extend(given);
        logs
    })
    .await
}

async fn write(bench: &Bench) {
    bench.check(XERO).await;
    bench.plan(XERO).await;
    bench.sync(XERO).await;
}

async fn run() -> Logs {
    let bench =
        Bench::start(World::generate(&WorldSpec::new(8, Utc::now().date_naive())), &[xero_plugin().await]).await;
    bench.connect(json!({})).await;
    write(&bench).await;
    // What is in the books now is found again; a refund and a downgrade make credit notes.
    let subscription = bench.market.with_world(|world| {
        let customer_id = Some(customer(world));
        let sale = NewSale {
            customer_id,
            mpn: Some(SEATS.to_owned()),
            quantity: 5,
            at: ago(9),
            status: OrderStatus::Completed,
        };
        let number = world.new_sale(&sale).unwrap();
        world.order_numbered(&number).unwrap().subscription_id.clone().unwrap()
    });
    for (kind, delta, minutes) in
        [(Kind::Downgrade, Some(-1), 8), (Kind::Upgrade, Some(2), 7), (Kind::CancelRefund, None, 6)]
    {
        let subscription_id = subscription.clone();
        let draft = Draft { kind, subscription_id, at: ago(minutes), status: OrderStatus::Completed, delta };
        bench.market.with_world(|world| world.add_order(&draft).unwrap());
    }
    write(&bench).await;
    assert!(!bench.books.state().credit_notes().is_empty());
    look_up(&bench).await;

    // With the target's prices its items are read one by one.
    bench.connect(json!({ "price_source": "target" })).await;
    bench.market.with_world(|world| {
        let customer_id = Some(customer(world));
        let sale = NewSale {
            customer_id,
            mpn: Some(SEATS.to_owned()),
            quantity: 2,
            at: ago(1),
            status: OrderStatus::Completed,
        };
        world.new_sale(&sale).unwrap();
    });
    bench.check(XERO).await;
    let task = bench.tasks(XERO, "ready").await.pop().unwrap();
    bench.plan(XERO).await;
    let task = bench.task(XERO, &task.number).await;
    let listed = bench.market.with_world(|world| world.products()[0].recurring.unwrap().price);
    let arithmetic = format!("{:?}", task.plan);
    assert!(arithmetic.contains(&(listed + DEARER).to_string()), "{arithmetic}");
    let logs = Logs {
        xero: bench.books.log().entries(),
        market: bench.market.log().entries(),
        documents: bench.books.state().documents().len(),
    };
    bench.stop().await;
    logs
}

async fn look_up(bench: &Bench) {
    bench.api.post(&format!("/v1/connections/{XERO}/test"), &json!({})).await;
    for kind in ["party", "item", "account", "tax-rate"] {
        let found: Value = bench.api.get(&format!("/v1/connections/{XERO}/search?kind={kind}&query=a")).await;
        assert!(found["entities"].is_array(), "{kind}: {found}");
    }
    for (kind, code, name) in
        [("party", "9000001", "O'Brien & Söhne \"Ltd\""), ("item", "NEW-ITEM-1", "Mailbox, 50 GB")]
    {
        let draft = json!({ "kind": kind, "code": code, "name": name, "price": "12.3456" });
        let path = format!("/v1/connections/{XERO}/entities");
        let made = bench.api.post(&path, &draft).await;
        assert!(made["id"].as_str().is_some_and(|id| !id.is_empty()), "{kind}: {made}");
    }
}
