//! One subscription of ten seats on one agreement: the ground of the proofs about single orders. Owns no expectation.

use std::sync::Arc;

use chrono::Duration;
use counterfoil_domain::directory::Entity;
use counterfoil_domain::id::PluginId;
use counterfoil_domain::id::{Actor, ConnectionId, PlanDigest, ResellerId, RunId, SubscriptionId};
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::order::{Fee, OrderLine, OrderType};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::ports::Write;
use counterfoil_domain::ports::{CallError, Door, Exchange};
use counterfoil_domain::run::{Run, RunKind, RunState};
use counterfoil_domain::task::{Event, Task};
use counterfoil_engine::{Over, ReadOnly};
use counterfoil_sim::{Fault, FaultKind};
use rust_decimal::Decimal;

use crate::books::{Addition, Terms};
use crate::desk::{Desk, Setup};
use crate::shelf::{Draft, Shelf, amount, customer, day, line, morning, period, subscription};

pub(crate) const SUB: &str = "sub-1";
pub(crate) const SEATS: (&str, &str) = ("SEAT-STD", "Business seats");
pub(crate) const BACKUP: (&str, &str) = ("BACKUP-B", "Backup");

#[derive(Debug)]
pub(crate) struct Stand {
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) desk: Desk,
    pub(crate) company: i64,
    pub(crate) agreement: i64,
}

pub(crate) fn setup() -> Setup {
    Setup::at(morning(day("2026-09-30")))
}

pub(crate) fn seats(fee: Fee, quantity: &str, comes_to: &str) -> OrderLine {
    line(fee, Some(SEATS), quantity, "22.00", comes_to)
}

/// Three seats more from the 16th of November on, with their setup: half a month is 33.00.
pub(crate) fn three_more(number: &str, subscription: &str) -> Draft {
    let lines =
        vec![line(Fee::ResourceSetup, Some(SEATS), "3", "12.50", "37.50"), seats(Fee::ResourceRecurring, "3", "33.00")];
    Draft::new(number, OrderType::Change, subscription, day("2026-11-16"), lines)
}

impl Stand {
    /// Nothing is sold yet.
    pub(crate) async fn open(setup: Setup) -> Self {
        let shelf = Arc::new(Shelf::default());
        shelf.put_customer(customer("c0", "Green Lane Dental"));
        let mut desk = Desk::open(Arc::clone(&shelf) as Arc<_>, setup).await;
        let company = desk.company("Green Lane Dental");
        desk.link(LinkKind::Party, "c0", (company, "Green Lane Dental")).await;
        for product in [SEATS, BACKUP] {
            shelf.put_product(product, false);
            let id = desk.item(product.0, product.1, (amount("31.40"), amount("19.00")));
            desk.link(LinkKind::Item, product.0, (id, product.1)).await;
        }
        let fee = Fee::CancellationFee.name();
        let id = desk.item(fee, fee, (amount("33.00"), Decimal::ZERO));
        desk.link(LinkKind::Fee, fee, (id, fee)).await;
        desk.check().await;
        Self { shelf, desk, company, agreement: 0 }
    }

    /// Ten seats at 22.00 since the first of October, which is invoiced; it is the middle of November.
    pub(crate) async fn sold(setup: Setup, terms: Terms) -> Self {
        let mut stand = Self::open(setup).await;
        stand.agreement = stand.sell(SUB, "SO000001", terms).await;
        stand.desk.invoice(stand.agreement, "2026-10-01");
        stand.desk.until(day("2026-11-16"));
        stand
    }

    /// Another subscription of ten seats on an agreement of its own.
    pub(crate) async fn sell(&mut self, id: &str, number: &str, terms: Terms) -> i64 {
        let name = format!("Agreement of {id}");
        let agreement = self.desk.agreement(self.company, &name, terms);
        self.shelf.put_subscription(subscription(id, "c0", Cycle::Months(1), day("2026-10-01")));
        self.desk.link(LinkKind::Container, id, (agreement, &name)).await;
        self.desk.until(day("2026-10-01"));
        let ten = vec![seats(Fee::ResourceRecurring, "10", "220.00")];
        self.shelf.put(Draft::new(number, OrderType::Sales, id, day("2026-10-01"), ten));
        self.shelf.has(id, SEATS, "10", "22.00");
        self.desk.bill().await;
        agreement
    }

    pub(crate) fn additions(&self) -> Vec<Addition> {
        self.desk.additions(self.agreement)
    }

    /// "13 × 22.00 from 2026-12-01" of each addition, in the order in which they were made.
    pub(crate) fn told(&self) -> Vec<String> {
        told(&self.additions())
    }

    /// The order comes in and is planned.
    pub(crate) async fn planned(&mut self, draft: Draft) -> Task {
        let number = draft.number.clone();
        self.shelf.put(draft);
        self.desk.check().await;
        self.desk.plan().await;
        self.desk.task(&number).await
    }

    /// Rounds of the engine while time passes, until the order's task is in a state of rest.
    pub(crate) async fn settled(&self, number: &str, step: Duration) -> Task {
        for _ in 0..200 {
            self.desk.engine.round().await.unwrap();
            let task = self.desk.task(number).await;
            if ["synced", "parked", "ready", "ignored"].contains(&task.state.name()) {
                return task;
            }
            self.desk.pass(step);
        }
        panic!("{number} never settles: {:#?}", self.desk.task(number).await)
    }

    /// What each month's invoice comes to.
    pub(crate) fn invoiced(&self, months: &[&str]) -> Vec<String> {
        for month in months {
            self.desk.invoice(self.agreement, month);
        }
        let bills = self.desk.bills(self.agreement, months.iter().copied());
        bills.iter().map(|bill| format!("{:.2}", bill.total)).collect()
    }

    /// A run that nobody has begun with.
    pub(crate) async fn asked(&self, kind: RunKind) {
        let now = self.desk.now();
        let run = Run {
            id: RunId::new(format!("asked-{}", self.desk.store.runs(None, 10_000).await.unwrap().len())),
            reseller: ResellerId::new("r"),
            connection: ConnectionId::new("x"),
            kind,
            state: RunState::Queued,
            asked_by: Actor::new("ann"),
            asked_at: now,
            started_at: None,
            finished_at: None,
            total: None,
            done: 0,
            counts: vec![],
            problems: vec![],
        };
        self.desk.store.commit(vec![Write::InsertRun(run)]).await.unwrap();
    }

    pub(crate) async fn reconcile(&mut self, months: (&str, &str)) -> Run {
        self.reconcile_all(&[SUB], period(months.0, months.1)).await
    }

    pub(crate) async fn reconcile_all(&mut self, subscriptions: &[&str], period: Period) -> Run {
        let subscriptions = subscriptions.iter().map(|id| SubscriptionId::new(*id)).collect();
        self.desk.run(RunKind::Reconcile { subscriptions, period }).await
    }
}

pub(crate) fn told(additions: &[Addition]) -> Vec<String> {
    additions.iter().map(Addition::told).collect()
}

/// In its serial number, or at the end of its text.
fn marker(addition: &Addition) -> String {
    let suffix = addition.text.rsplit_once("[cf:").map(|(_, marker)| format!("cf:{}", marker.trim_end_matches(']')));
    if addition.marker.is_empty() { suffix.unwrap_or_default() } else { addition.marker.clone() }
}

/// Many subscriptions of ten seats, each with three more on the 16th of November that are planned and not confirmed.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) stand: Stand,
    agreements: Vec<i64>,
}

/// What must stand in the end, whatever went wrong.
pub(crate) const DONE: [&str; 4] = [
    "10 × 22.00 from 2026-10-01 to 2026-11-30",
    "13 × 22.00 from 2026-12-01",
    "3 × 11.00 from 2026-11-16 to 2026-11-30",
    "3 × 12.50 from 2026-11-16 to 2026-11-30",
];

impl Row {
    pub(crate) async fn of(count: usize, setup: Setup, terms: Terms) -> Self {
        let mut stand = Stand::open(setup).await;
        let mut agreements = Vec::new();
        for place in 0..count {
            let (id, name) = (format!("sub-{place}"), format!("Agreement {place}"));
            agreements.push(stand.desk.agreement(stand.company, &name, terms.clone()));
            stand.shelf.put_subscription(subscription(&id, "c0", Cycle::Months(1), day("2026-10-01")));
            stand.desk.link(LinkKind::Container, &id, (agreements[place], &name)).await;
            let ten = vec![seats(Fee::ResourceRecurring, "10", "220.00")];
            stand.shelf.put(Draft::new(&format!("SO{place:06}"), OrderType::Sales, &id, day("2026-10-01"), ten));
        }
        stand.desk.until(day("2026-10-01"));
        stand.desk.bill().await;
        for agreement in &agreements {
            stand.desk.invoice(*agreement, "2026-10-01");
        }
        stand.desk.until(day("2026-11-16"));
        for place in 0..count {
            stand.shelf.put(three_more(&Self::number(place), &format!("sub-{place}")));
        }
        stand.desk.check().await;
        stand.desk.plan().await;
        Self { stand, agreements }
    }

    pub(crate) fn number(place: usize) -> String {
        format!("CH{place:06}")
    }

    pub(crate) fn additions(&self, place: usize) -> Vec<Addition> {
        self.stand.desk.additions(self.agreements[place])
    }

    /// Exactly one addition of each, and what ConnectWise charges for them.
    pub(crate) fn is_done(&self, place: usize, what: &str) {
        let mut there = told(&self.additions(place));
        there.sort();
        let mut wanted = DONE.map(str::to_owned).to_vec();
        wanted.sort();
        assert_eq!(there, wanted, "{what}");
        let markers: std::collections::BTreeSet<String> =
            self.additions(place).into_iter().map(|one| marker(&one)).collect();
        assert_eq!(markers.len(), 4, "{what}: a marker that is missing or there twice: {markers:?}");
        for month in ["2026-11-01", "2026-12-01"] {
            self.stand.desk.invoice(self.agreements[place], month);
        }
        let bills = self.stand.desk.bills(self.agreements[place], ["2026-11-01", "2026-12-01"]);
        let totals: Vec<String> = bills.iter().map(|bill| format!("{:.2}", bill.total)).collect();
        assert_eq!(totals, ["290.50", "286.00"], "{what}");
    }

    /// Nothing is open in the journal, at once or after it was read back.
    pub(crate) async fn closed(&self, connection: &ConnectionId, what: &str) {
        for _ in 0..40 {
            if self.stand.desk.store.open_batches(connection).await.unwrap().is_empty() {
                return;
            }
            self.stand.desk.pass(Duration::seconds(60));
            self.stand.desk.engine.round().await.unwrap();
        }
        panic!("{what}: {:#?}", self.stand.desk.store.open_batches(connection).await.unwrap())
    }

    /// Confirms the plan of one order and leaves a run that sends it.
    pub(crate) async fn confirmed(&mut self, place: usize) -> PlanDigest {
        let task = self.stand.desk.task(&Self::number(place)).await;
        let plan = self.stand.desk.sealed(&task).await.digest;
        let by = Actor::new("ann");
        let write = crate::desk::moved(task, Event::Confirmed { plan: plan.clone(), by });
        self.stand.desk.store.commit(vec![write]).await.unwrap();
        plan
    }

    /// The cloud gets another code base while the answer before this write is on its way.
    pub(crate) fn upgrade_before(&self, (method, skip): (&str, u32), codebase: String) -> tokio::task::JoinHandle<()> {
        let (before, skip) = match (method, skip) {
            ("PATCH", _) => ("GET", 0),
            // The end of the former one is read back.
            (_, 0) => ("GET", 1),
            (_, skip) => ("POST", skip - 1),
        };
        let part = if before == "GET" { "/additions/" } else { "/additions" };
        let faults = self.stand.desk.books.faults();
        let hits = faults.hits().len();
        let slow = FaultKind::Slow(std::time::Duration::from_millis(300));
        faults.inject(Fault { skip, ..Fault::once(before, part, slow) });
        let state = self.stand.desk.books.state();
        tokio::spawn(async move {
            while faults.hits().len() == hits {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            // Its handler is through by then.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            state.set_codebase(&codebase);
        })
    }

    pub(crate) async fn send(&mut self, place: usize) -> Run {
        let plan = self.confirmed(place).await;
        self.stand.desk.run(RunKind::Sync(vec![plan])).await
    }
}

impl Desk {
    /// What a person's search finds.
    pub(crate) async fn search(&self, kind: &str, query: &str) -> Result<Vec<Entity>, CallError> {
        let target = self.parts.targets.active(&PluginId::new("connectwise")).unwrap();
        let door: Arc<dyn Door> = Arc::clone(&self.parts.door) as Arc<_>;
        let over = Over { door: &door, store: &self.parts.store, clock: &self.parts.clock };
        let exchange: Arc<dyn Exchange> = Arc::new(ReadOnly::new(over, ConnectionId::new("x"), target.card()));
        let mut all = Vec::new();
        let mut cursor = None;
        loop {
            let page = target.search(Arc::clone(&exchange), kind.to_owned(), query.to_owned(), cursor.take()).await?;
            all.extend(page.entities);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(all),
            }
        }
    }
}
