//! Customers who are mapped late, and motions that are switched off and on again: the money waits in its bucket, and comes
//! back by itself.

use std::collections::BTreeMap;

use counterfoil_domain::motion::Motion;
use counterfoil_sim::statements::{Grouping, Month, StatementSpec, StatementWorld, oracle};
use counterfoil_sim::syncro::Line;

use crate::account::Setup;
use crate::market::Kind;
use crate::office::{Office, Shape, USUAL, cents, spec};

fn small(seed: u64) -> StatementSpec {
    StatementSpec { second_currency: false, ..spec(seed, 5, 8) }
}

fn months(office: &Office) -> [Month; 5] {
    [0, 1, 2, 3, 4].map(|index| office.first.plus(index))
}

impl Office {
    /// What the tasks come to, by state or, where they are ignored, by reason.
    async fn buckets(&self, until: Month) -> BTreeMap<String, i64> {
        let rows = self.desk.store.statement_money(&self.desk.x(), self.first.first(), until.end()).await.unwrap();
        let mut all = BTreeMap::new();
        for row in rows {
            *all.entry(row.reason.unwrap_or(row.state)).or_default() += cents(row.money.amount);
        }
        all
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customer_that_is_mapped_after_two_months_is_billed_all_three_statements() {
    let world = StatementWorld::generate(&small(21), Grouping::Provisions);
    let mut office = Office::empty(Kind::CloudIq, world, Setup::default()).await;
    let tenants = office.tenants();
    for tenant in &tenants[..4] {
        office.map(tenant, Shape::One).await;
    }
    let all = months(&office);
    office.month(all[0]).await;
    office.month(all[1]).await;
    let waiting = office.buckets(all[1]).await["pending"];
    assert!(waiting > 100_000, "{waiting}");
    for (tenant, shape) in tenants[4..].iter().zip([Shape::One, Shape::Each, Shape::Two, Shape::One]) {
        office.map(tenant, shape).await;
    }
    office.month(all[2]).await;
    office.month(all[3]).await;
    office.nothing_is_lost(all[3]).await;
    let left = office.buckets(all[3]).await;
    // What names no customer is nobody's, and waits until somebody says whose it is.
    let nobodys = |cell: &oracle::Cell| cell.tenant.is_none() && cell.month <= all[3];
    let expected = office.desk.market.world(|world| oracle::expected(world));
    let expected: i64 =
        expected.cells.iter().filter(|(cell, _)| nobodys(cell)).map(|(_, sums)| cents(sums.retail)).sum();
    assert_eq!(left.get("pending"), Some(&expected), "{left:?}");
    assert!(!left.contains_key("ready") && !left.contains_key("planned"), "{left:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn motion_that_is_switched_off_waits_and_comes_back() {
    let mut office = Office::open(Kind::CloudIq, &small(22), Setup::default()).await;
    let all = months(&office);
    office.month(all[0]).await;
    let off = |office: &Office| office.due(all[1]);
    office
        .desk
        .program(|program| {
            program.azure = false;
            program.annual = false;
            program.motions.remove(&Motion::AnnualMonthly);
        })
        .await;
    office.bill(all[1]).await;
    let held = office.buckets(all[1]).await;
    for reason in ["azure-off", "motion-off"] {
        assert!(held.get(reason).copied().unwrap_or_default() > 0, "{reason}: {held:?}");
    }
    office.nothing_is_lost(all[1]).await;
    let standing: i64 = office.standing_of(Motion::AnnualMonthly).iter().map(Line::amount_cents).sum();
    let before: i64 = office.of_motion(Motion::AnnualMonthly);
    office.run(all[1]).await;
    // What stands goes on: switching a motion off takes nothing out of Syncro.
    assert_eq!(office.of_motion(Motion::AnnualMonthly) - before, standing);
    let is_on = |key: &str| {
        !["annual-monthly", "annual-upfront", "triennial-upfront", "usage"].iter().any(|off| key.ends_with(off))
    };
    for (key, due) in off(&office).iter().filter(|(key, _)| is_on(key)) {
        assert_eq!(office.ledger.billed.get(key).copied().unwrap_or_default(), *due, "{key}");
    }
    let kept = crate::desk::everything(&office.desk.x());
    office.desk.program(|program| *program = kept).await;
    office.accepts.push("ran-without-statement");
    office.month(all[2]).await;
    office.accepts = USUAL.to_vec();
    let left = office.buckets(all[2]).await;
    assert!(left.keys().all(|bucket| !bucket.ends_with("-off")), "{left:?}");
    office.month(all[3]).await;
    office.nothing_is_lost(all[3]).await;
    office.is_clean(4).await;
}

impl Office {
    fn of_motion(&self, motion: Motion) -> i64 {
        let ends = format!("/{motion}");
        self.ledger.billed.iter().filter(|(key, _)| key.ends_with(&ends)).map(|(_, cents)| cents).sum()
    }

    fn standing_of(&self, motion: Motion) -> Vec<Line> {
        let ends = format!("/{motion}");
        let mut all = self.standing();
        all.retain(|line| self.ledger.owner(line.id).is_some_and(|owner| owner.ends_with(&ends)));
        all
    }
}
