//! The simulated year of tests/year with Xero at its end: the same source, late and revised and without details, checked and
//! billed every day through the component. At each month's end the marketplace's money is, customer by customer and month
//! by month, in Xero, ignored with a reason, or open. `SEED=7` plays another year.

#[path = "../year/books.rs"]
#[expect(dead_code, reason = "the year's own billing system is not used here, only the shape of its books")]
mod books;
#[path = "../year/dice.rs"]
mod dice;
#[path = "../year/life.rs"]
mod life;
#[path = "../year/source.rs"]
mod source;
#[path = "../year/tally.rs"]
mod tally;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Datelike, Duration, Utc};
use counterfoil_domain::connection::HostRules;
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::order::Fee;
use counterfoil_domain::ports::ManualClock;
use counterfoil_domain::run::{RunKind, RunState};
use counterfoil_domain::task::Task;
use counterfoil_sim::xero::DocumentKind;
use rust_decimal::Decimal;

use crate::desk::{Desk, Setup, order_of};
use books::Books;
use dice::Dice;
use life::{CUSTOMERS, Life, PRODUCTS, start};
use source::Source;

const SEED: u64 = 11;

/// The books as the tally reads them: order number and signed net amount of each document.
fn read(desk: &Desk) -> Books {
    let mut pages = BTreeMap::new();
    for document in desk.books.state().documents() {
        let currency = Currency::parse(&document.currency).unwrap();
        let credit = document.kind == DocumentKind::CreditNote;
        let amount = if credit { -document.sub_total } else { document.sub_total };
        // By number: a document that is there twice is a page with two entries.
        let page: &mut Vec<(String, Money)> = pages.entry(document.number.clone()).or_default();
        page.push((order_of(&document).to_owned(), Money::new(amount, currency)));
    }
    Books(Arc::new(Mutex::new(pages)))
}

/// Customer, currency, month of the order.
type Bucket = (String, String, String);

/// Where the money of each customer and month is: in Xero, ignored, open (whatever waits), by what the tasks say; and what
/// of it the books hold.
#[derive(Debug, Default)]
struct Where {
    all: Decimal,
    xero: Decimal,
    ignored: Decimal,
    open: Decimal,
}

fn whereabouts(desk: &Desk, tasks: &[Task]) -> BTreeMap<Bucket, Where> {
    let mut booked: BTreeMap<String, Decimal> = BTreeMap::new();
    for document in desk.books.state().documents() {
        let sign = if document.kind == DocumentKind::CreditNote { -Decimal::ONE } else { Decimal::ONE };
        *booked.entry(order_of(&document).to_owned()).or_default() += sign * document.sub_total;
    }
    let mut buckets: BTreeMap<Bucket, Where> = BTreeMap::new();
    for task in tasks.iter().filter(|task| task.state.account() != "superseded") {
        let month = task.created_at.format("%Y-%m").to_string();
        let at = buckets.entry((task.customer.to_string(), task.amount.currency.to_string(), month)).or_default();
        at.all += task.amount.amount;
        match task.state.account() {
            // The books' own word, not the task's.
            "synced" => at.xero += booked.get(&task.number).copied().unwrap_or_default(),
            "ignored" => at.ignored += task.amount.amount,
            _ => at.open += task.amount.amount,
        }
    }
    buckets
}

struct Office {
    desk: Desk,
    source: Arc<Source>,
    dice: Dice,
}

impl Office {
    async fn open(seed: u64) -> Self {
        let clock = Arc::new(ManualClock::at(start()));
        let source = Arc::new(Source::new(Arc::new(Life::generate(seed)), Arc::clone(&clock), seed));
        // Late, revised and without details, but readable.
        source.weather(false);
        let rules = HostRules { recurring_before_period: true, ..HostRules::default() };
        // Dinars have three places and are not offered: orders in them are ignored, with their money.
        let setup = Setup { clock: Arc::clone(&clock), rules, currencies: vec!["EUR", "JPY"], ..Setup::default() };
        let desk = Desk::open(Arc::clone(&source) as Arc<_>, setup).await;
        for number in 0..CUSTOMERS {
            desk.customer(source::customer_id(number).as_str(), &format!("Customer {number}")).await;
        }
        for number in 0..PRODUCTS {
            desk.item(LinkKind::Item, &format!("P{number}"), &format!("Product {number}"), Decimal::ONE).await;
        }
        let fee = Fee::CancellationFee.name();
        desk.item(LinkKind::Fee, fee, fee, Decimal::ONE).await;
        Self { desk, source, dice: Dice::new(seed ^ 0x0FF1CE) }
    }

    async fn year(&mut self) {
        self.desk.check().await;
        for day in 0..365 {
            let morning = start() + Duration::days(day) + Duration::minutes(self.dice.within(1, 120));
            self.turn_to(morning);
            self.desk.check().await;
            if (morning + Duration::days(1)).day() == 1 {
                self.balance().await;
            }
            self.bill().await;
        }
        self.balance().await;
    }

    fn turn_to(&self, time: DateTime<Utc>) {
        let by = time - self.desk.now();
        self.desk.pass(by);
    }

    /// Plans what is ready and confirms nearly all of it.
    async fn bill(&mut self) {
        if self.desk.tasks(&["ready", "planned"]).await.is_empty() {
            return;
        }
        self.desk.plan().await;
        if self.dice.chance(950) {
            let plans = self.desk.confirm().await;
            if !plans.is_empty() {
                let run = self.desk.run(RunKind::Sync(plans)).await;
                assert_eq!(run.state, RunState::Done, "{:#?}", run.problems);
            }
        }
    }

    async fn balance(&self) {
        let tasks = self.desk.tasks(&[]).await;
        tally::balance(&self.source.life, &tasks, &read(&self.desk), self.desk.now(), None);
        for (bucket, money) in whereabouts(&self.desk, &tasks) {
            assert_eq!(money.all, money.xero + money.ignored + money.open, "{bucket:?}: {money:?}");
        }
    }

    async fn told(&self) -> (usize, usize) {
        let tasks = self.desk.tasks(&[]).await;
        let mut states: BTreeMap<&str, usize> = BTreeMap::new();
        tasks.iter().for_each(|task| *states.entry(task.state.account()).or_default() += 1);
        let calls: usize = self.desk.calls().values().sum();
        let documents = self.desk.books.state().documents().len();
        println!("{} tasks {states:?}; {documents} documents; {calls} calls {:?}", tasks.len(), self.desk.calls());
        for (currency, net) in self.desk.books.state().totals() {
            println!("  {currency} {net} net in Xero");
        }
        (tasks.len(), states.get("synced").copied().unwrap_or_default())
    }
}

#[test]
fn year_of_a_reseller_is_in_xero_to_the_coin() {
    let seed = std::env::var("SEED").map_or(SEED, |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (tasks, synced) = runtime.block_on(async {
        let mut office = Office::open(seed).await;
        office.year().await;
        office.told().await
    });
    assert!(tasks > 1_000 && synced * 5 > tasks * 2, "{synced} of {tasks}: a year that bills nothing proves nothing");
}
