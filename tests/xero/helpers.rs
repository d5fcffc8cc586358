//! What the tests of the Xero target do again and again: connect with settings, sell, write, wait.

use std::time::{Duration, Instant};

use counterfoil_server::wire::{TaskDetail, TaskView};
use counterfoil_sim::world::{FeeKind, Kind, OrderStatus};
use counterfoil_sim::xero::Document;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::bench::{Bench, SEATS, XERO, ago, xero_plugin};
use crate::shop::nothing_sold;

/// A lost answer is looked after within seconds, while Xero honours its key; and sixty calls a minute are all there are.
const PATIENCE: Duration = Duration::from_secs(180);

/// A service that is connected with these settings, and nothing sold yet.
pub(crate) async fn bench(more: &Value) -> Bench {
    let bench = Bench::start(nothing_sold(), &[xero_plugin().await]).await;
    let mut settings = json!({ "account_code": "200", "tax_type": "OUTPUT2" });
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    // A fee that names no product is booked on an item of its own.
    let fee = "cancellation-fee";
    let id = bench.books.state().add_item(fee, fee, Decimal::from(33), "200");
    let link = json!([{ "kind": "fee", "source": fee, "target": id, "code": fee, "name": fee }]);
    bench.connect(json!({ "settings": settings, "link": link })).await;
    bench.check(XERO).await;
    bench
}

impl Bench {
    /// Sells seats to the first customer, and has Check Changes find the order.
    pub(crate) async fn sold(&self, quantity: i64) -> String {
        let number = self.sell(SEATS, quantity, ago(5), OrderStatus::Completed);
        self.check(XERO).await;
        number
    }

    /// A change of a sale that charges for three seats and gives something back.
    pub(crate) async fn mixed(&self, sale: &str, charge: &str, refund: &str) -> String {
        let number = self.order(Kind::Upgrade, sale, Some(3), ago(3));
        let (charge, refund): (Decimal, Decimal) = (charge.parse().unwrap(), refund.parse().unwrap());
        self.revise(&number, |order| {
            order.lines.truncate(1);
            let line = &mut order.lines[0];
            (line.fee, line.quantity, line.unit_price, line.extended) =
                (FeeKind::Recurring, Decimal::ONE, charge, charge);
            let mut back = line.clone();
            (back.fee, back.quantity, back.unit_price, back.extended) =
                (FeeKind::Downgrade, -Decimal::ONE, refund, -refund);
            order.lines.push(back);
        });
        self.check(XERO).await;
        number
    }

    /// Plans what is ready and confirms it, whatever comes of it.
    pub(crate) async fn send(&self) {
        self.plan(XERO).await;
        self.confirm().await;
    }

    /// Confirms the plans as they were shown, whatever comes of it.
    pub(crate) async fn confirm(&self) {
        let planned = self.tasks(XERO, "planned").await;
        let plans: Vec<String> = planned.into_iter().filter_map(|task| task.plan).collect();
        assert!(!plans.is_empty(), "nothing is planned");
        let run = self.api.run("/v1/syncs", &json!({ "connection": XERO, "plans": plans })).await;
        // Shown where the test fails.
        println!("{:?}", run.problems);
    }

    /// The task of an order once it is in this state; synced means read back too.
    pub(crate) async fn until(&self, number: &str, state: &str) -> TaskDetail {
        let begun = Instant::now();
        loop {
            let task = self.task(XERO, number).await;
            let is_seen = task.receipt.as_ref().is_some_and(|receipt| receipt.observed_at.is_some());
            if task.task.state == state && (state != "synced" || is_seen) {
                return task;
            }
            assert!(begun.elapsed() < PATIENCE, "{number} does not become {state}: {:#?}", task.task);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Plans one task again, in whatever state it is.
    pub(crate) async fn plan_again(&self, task: &TaskView) {
        self.api.run("/v1/plans", &json!({ "connection": XERO, "tasks": [task.id] })).await;
    }

    /// The one invoice that there is.
    pub(crate) fn invoice(&self) -> Document {
        let mut invoices = self.books.state().invoices();
        assert_eq!(invoices.len(), 1, "{invoices:#?}");
        invoices.remove(0)
    }
}

/// The amounts of a document's lines, in its order.
pub(crate) fn amounts(document: &Document) -> Vec<Decimal> {
    document.lines.iter().map(|line| line.line_amount).collect()
}

/// Lines that bill an order, by their tag.
pub(crate) fn lines_of(document: &Document, number: &str) -> usize {
    let tag = format!("[{number} cf:");
    document.lines.iter().filter(|line| line.description.as_deref().is_some_and(|text| text.contains(&tag))).count()
}
