//! One subscription on one agreement, from its sale on: the ground of the rows' tests. Owns no expectation.

use std::sync::Arc;

use chrono::NaiveDate;
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::market::Subscription;
use counterfoil_domain::order::{Fee, OrderLine, OrderType};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::plan::SealedPlan;

use crate::books::{Addition, Terms};
use crate::desk::{Desk, Setup};
use crate::shelf::{Draft, Shelf, costing, day, line, morning, subscription};
use crate::table;

/// The subscription, and the product that most orders are about.
pub(crate) const SUB: &str = "sub-1";
pub(crate) const SEATS: (&str, &str) = ("SEAT-STD", "Business seats");

#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) desk: Desk,
    pub(crate) company: i64,
    pub(crate) agreement: i64,
}

pub(crate) fn setup() -> Setup {
    Setup::at(morning(day("2026-09-30")))
}

pub(crate) fn monthly(id: &str) -> Subscription {
    subscription(id, "c0", Cycle::Months(1), day("2026-10-01"))
}

/// Seats at 22.00 that cost 18.00: what the marketplace charges for the rest of a month of 30 days is what `comes_to` says.
pub(crate) fn seats(fee: Fee, quantity: &str, comes_to: &str) -> OrderLine {
    costing(line(fee, Some(SEATS), quantity, "22.00", comes_to), "18.00")
}

pub(crate) fn rest_of_november(on: NaiveDate) -> Period {
    Period::new(on, day("2026-12-01")).unwrap()
}

impl Scene {
    /// Nothing is sold yet; the agreement bills each month from the first.
    pub(crate) async fn of(setup: Setup, terms: Terms) -> Self {
        let (shelf, desk, company) = table::desk(setup).await;
        shelf.put_subscription(monthly(SUB));
        let agreement = desk.agreement(company, "Cloud services", terms);
        desk.link(LinkKind::Container, SUB, (agreement, "Cloud services")).await;
        Self { shelf, desk, company, agreement }
    }

    /// Ten seats since the first of October, which is invoiced.
    pub(crate) async fn sold(setup: Setup, terms: Terms) -> Self {
        let mut scene = Self::of(setup, terms).await;
        let ten = vec![seats(Fee::ResourceRecurring, "10", "220.00")];
        scene.order(Draft::new("SO000100", OrderType::Sales, SUB, day("2026-10-01"), ten)).await;
        scene.sync().await;
        scene.desk.invoice(scene.agreement, "2026-10-01");
        scene
    }

    /// Comes in on its day, and is planned.
    pub(crate) async fn order(&mut self, draft: Draft) {
        self.desk.until(draft.on);
        self.shelf.put(draft);
        self.desk.check().await;
        self.desk.plan().await;
    }

    /// A change or a sale of seats on a day of November.
    pub(crate) async fn november(&mut self, number: &str, kind: OrderType, on: u32, lines: Vec<OrderLine>) {
        let on = day(&format!("2026-11-{on:02}"));
        let draft = Draft { period: Some(rest_of_november(on)), ..Draft::new(number, kind, SUB, on, lines) };
        self.order(draft).await;
    }

    pub(crate) async fn plan(&self, number: &str) -> SealedPlan {
        self.desk.plan_of(number).await
    }

    /// Plans what is not planned, confirms and sends, to the good end of all.
    pub(crate) async fn sync(&mut self) {
        self.desk.plan().await;
        let run = self.desk.sync().await;
        assert_eq!(run.state.name(), "done", "{:#?}", run.problems);
    }

    pub(crate) fn additions(&self) -> Vec<Addition> {
        self.desk.additions(self.agreement)
    }

    /// "13 × 22.00 from 2026-12-01" of each addition, in the order in which they were made.
    pub(crate) fn told(&self) -> Vec<String> {
        self.additions().iter().map(Addition::told).collect()
    }

    /// Invoices each of these months; what each comes to.
    pub(crate) fn invoiced(&self, months: &[&str]) -> Vec<String> {
        for month in months {
            self.desk.invoice(self.agreement, month);
        }
        self.desk
            .bills(self.agreement, months.iter().copied())
            .iter()
            .map(|bill| crate::books::money(bill.total))
            .collect()
    }
}
