//! A marketplace with customers and a catalogue and nothing sold yet, and how things are sold in it.

use chrono::{DateTime, Utc};
use counterfoil_sim::world::{Draft, Kind, NewSale, Order, OrderStatus, World, WorldSpec};
use rust_decimal::Decimal;

use crate::bench::{Bench, customer};

pub(crate) const BACKUP: &str = "BKP-CLOUD-500";
pub(crate) const VOICE: &str = "VOIP-SEAT-STD";
pub(crate) const SERVER: &str = "VPS-M-4C8G";
pub(crate) const EGRESS: &str = "S3-EGRESS-GB";
pub(crate) const AZURE: &str = "AZURE-PLAN-USAGE";
pub(crate) const FIREWALL: &str = "FW-MGD-3Y";

pub(crate) fn nothing_sold() -> World {
    let spec = WorldSpec { customers: 10, subscriptions: 0, orders: 0, ..WorldSpec::new(11, Utc::now().date_naive()) };
    World::generate(&spec)
}

impl Bench {
    /// Sells to the first customer. Gives the order's number.
    pub(crate) fn sell(&self, mpn: &str, quantity: i64, at: DateTime<Utc>, status: OrderStatus) -> String {
        self.market.with_world(|world| {
            let customer_id = Some(customer(world));
            world.new_sale(&NewSale { customer_id, mpn: Some(mpn.to_owned()), quantity, at, status }).unwrap()
        })
    }

    /// Another order of the subscription that a sale began.
    pub(crate) fn order(&self, kind: Kind, sale: &str, delta: Option<i64>, at: DateTime<Utc>) -> String {
        let subscription_id = self.marketplace_order(sale).subscription_id.unwrap();
        let draft = Draft { kind, subscription_id, at, status: OrderStatus::Completed, delta };
        self.market.with_world(|world| world.add_order(&draft).unwrap())
    }

    /// The order as the marketplace has it.
    pub(crate) fn marketplace_order(&self, number: &str) -> Order {
        self.market.with_world(|world| world.order_numbered(number).unwrap().clone())
    }

    /// Changes an order in the marketplace; its total follows its lines.
    pub(crate) fn revise(&self, number: &str, change: impl FnOnce(&mut Order)) {
        let revision = |order: &mut Order| {
            change(order);
            order.total = order.lines.iter().map(|line| line.extended).sum();
        };
        self.market.with_world(|world| world.revise_order(number, revision).unwrap());
    }

    /// The part number of a product.
    pub(crate) fn mpn(&self, product: usize) -> String {
        self.market.with_world(|world| world.products()[product].mpn.clone())
    }

    /// What the order's lines come to in the marketplace.
    pub(crate) fn comes_to(&self, number: &str) -> Decimal {
        self.marketplace_order(number).lines.iter().map(|line| line.extended).sum()
    }
}
