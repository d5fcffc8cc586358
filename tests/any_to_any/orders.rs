//! Orders of CloudBlue into Syncro, in both of its modes: as invoices of their own, and as lines of a recurring invoice.

use std::collections::BTreeMap;

use counterfoil_server::wire::TaskView;
use counterfoil_sim::SimClock;
use counterfoil_sim::cloudblue::{CloudBlueConfig, CloudBlueHandle, CloudBlueSim};
use counterfoil_sim::syncro::{Customer, Frequency, Product, Schedule, SyncroHandle};
use counterfoil_sim::world::{Draft, Kind, NewSale, OrderStatus};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::bench::{SEATS, ago, customer};
use crate::house::{House, amount};
use crate::scene::{TOKEN, next_month, syncro};
use crate::shop::nothing_sold;

const TO: &str = "syncro";

struct Orders {
    house: House,
    market: CloudBlueHandle,
    syncro: SyncroHandle,
    schedule: i64,
}

impl Orders {
    /// Nothing is sold yet; everything that may be is linked but the subscriptions.
    async fn open(mode: &str) -> Self {
        let house = House::start(&["syncro"]).await;
        let market =
            CloudBlueSim::new(nothing_sold(), CloudBlueConfig::default(), SimClock::wall()).start(None).await.unwrap();
        let syncro = syncro().await;
        let (id, name, products) = market.with_world(|world| {
            let products: Vec<(String, String)> =
                world.products().iter().map(|one| (one.mpn.clone(), one.name.clone())).collect();
            (customer(world), world.customers()[0].name.clone(), products)
        });
        let books = syncro.state();
        let party = books.add_customer(Customer::business(&name));
        let schedule = books.add_schedule(Schedule::of(party, "Cloud services", Frequency::Monthly, next_month()));
        let mut links = vec![json!({ "kind": "party", "source": id, "target": party.to_string(), "name": name })];
        let product =
            |name: &str| books.add_product(Product::named(name, name, Decimal::TEN, Decimal::ONE)).to_string();
        for (mpn, name) in products {
            links.push(json!({ "kind": "item", "source": mpn, "target": product(&name), "name": name }));
        }
        for fee in ["cancellation-fee", "plan-setup", "plan-recurring", "plan-recurring-refund", "plan-setup-refund"] {
            links.push(json!({ "kind": "fee", "source": fee, "target": product(fee), "name": fee }));
        }
        let cloudblue = market.config();
        house
            .setup(&json!({
                "reseller": { "demo": { "name": "Demo reseller" } },
                "marketplace": { "market": {
                    "reseller": "demo", "kind": "cloudblue", "location": market.base_url(),
                    "plain_http": true, "private_addresses": true,
                    "settings": { "sign_in": "token", "marketplace": cloudblue.marketplace },
                    "secrets": {
                        "username": cloudblue.username, "password": cloudblue.password,
                        "subscription_key": cloudblue.subscription_key,
                    },
                } },
                "connection": { TO: {
                    "reseller": "demo", "plugin": "syncro", "marketplace": "market", "name": "Syncro",
                    "base_url": syncro.base_url(), "plain_http": true, "private_addresses": true,
                    "settings": { "subdomain": "acme", "currency": "USD", "mode": mode }, "secrets": { "token": TOKEN },
                    "link": links,
                } },
            }))
            .await;
        house.check(TO).await;
        Self { house, market, syncro, schedule }
    }

    fn sell(&self, mpn: &str, quantity: i64) -> String {
        self.market.with_world(|world| {
            let customer_id = Some(customer(world));
            let (mpn, at, status) = (Some(mpn.to_owned()), ago(60), OrderStatus::Completed);
            world.new_sale(&NewSale { customer_id, mpn, quantity, at, status }).unwrap()
        })
    }

    fn subscription(&self, sale: &str) -> String {
        self.market.with_world(|world| world.order_numbered(sale).unwrap().subscription_id.clone().unwrap())
    }

    fn order(&self, kind: Kind, sale: &str, delta: Option<i64>, minutes: i64) {
        let (subscription_id, at) = (self.subscription(sale), ago(minutes));
        let draft = Draft { kind, subscription_id, at, status: OrderStatus::Completed, delta };
        self.market.with_world(|world| world.add_order(&draft).unwrap());
    }

    /// A sale, more of it, less of it and its end with money back; and a sale that goes on.
    fn a_life(&self) -> [String; 2] {
        let seats = self.sell(SEATS, 3);
        self.order(Kind::Upgrade, &seats, Some(2), 40);
        self.order(Kind::Downgrade, &seats, Some(-1), 30);
        self.order(Kind::CancelRefund, &seats, None, 10);
        let others = self.sell(SEATS, 7);
        self.order(Kind::Upgrade, &others, Some(4), 5);
        [seats, others]
    }

    /// Each order once, for its total; what all of them come to.
    async fn agrees(&self, synced: &[TaskView]) -> Decimal {
        let mut left = self.house.tasks(TO, "").await;
        left.retain(|task| task.state != "synced");
        assert!(left.is_empty(), "{left:#?}");
        let billed: BTreeMap<String, Decimal> = synced.iter().map(|task| (task.number.clone(), amount(task))).collect();
        let source: BTreeMap<String, Decimal> = self.market.with_world(|world| {
            let all = world.orders().iter().filter(|order| !order.total.is_zero());
            all.map(|order| (order.number.clone(), order.total)).collect()
        });
        assert_eq!(billed.len(), synced.len(), "an order was billed twice: {synced:#?}");
        assert_eq!(billed, source);
        assert!(billed.len() > 4 && billed.values().any(|amount| amount.is_sign_negative()), "{billed:#?}");
        billed.values().sum()
    }

    fn invoiced(&self) -> Decimal {
        Decimal::new(self.syncro.state().invoices().iter().map(counterfoil_sim::syncro::Invoice::total_cents).sum(), 2)
    }

    async fn close(self) {
        assert_eq!(self.syncro.state().violations(), []);
        self.house.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_cloudblue_become_invoices_in_syncro_to_the_cent() {
    let orders = Orders::open("invoice").await;
    orders.a_life();
    orders.house.check(TO).await;
    let synced = orders.house.bill(TO, &["grew"]).await;
    let total = orders.agrees(&synced).await;
    assert_eq!(orders.syncro.state().invoices().len(), synced.len(), "each order is an invoice of its own");
    assert_eq!(orders.invoiced(), total);
    assert_eq!(orders.syncro.state().lines(orders.schedule), [], "nothing was written into a recurring one");
    orders.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_of_cloudblue_become_lines_of_a_recurring_invoice_in_syncro_to_the_cent() {
    let orders = Orders::open("schedule").await;
    let sales = orders.a_life();
    orders.house.check(TO).await;
    for sale in sales {
        let link: Value = json!({
            "connection": TO, "kind": "container", "source": orders.subscription(&sale), "state": "linked",
            "target": { "id": orders.schedule.to_string() },
        });
        let (status, said) = orders.house.put("/v1/links", &link).await;
        assert_eq!(status, 200, "{said}");
    }
    let synced = orders.house.bill(TO, &["grew"]).await;
    let total = orders.agrees(&synced).await;
    assert_eq!(orders.syncro.state().invoices(), [], "Syncro makes them");
    orders.syncro.state().run_schedules(next_month());
    assert_eq!(orders.invoiced(), total);
    orders.close().await;
}
