//! The large world: its sums, what must occur in it, and that it is the same every time.

use std::collections::BTreeSet;

use counterfoil_sim::statements::oracle::{self, Cell};
use counterfoil_sim::statements::{Charge, DEMO_NAMES, Grouping, Motion, Record, StatementSpec, StatementWorld};
use rust_decimal::Decimal;

use crate::{amount, day, month};

const SEEDS: [u64; 4] = [1, 2, 3, 4];

fn world(seed: u64, grouping: Grouping) -> StatementWorld {
    StatementWorld::generate(&StatementSpec::new(seed, month("2026-01")), grouping)
}

fn records(world: &StatementWorld) -> impl Iterator<Item = &Record> {
    world.statements().iter().flat_map(|one| &one.records)
}

#[test]
fn statements_come_to_their_lines() {
    for (seed, grouping) in
        SEEDS.into_iter().flat_map(|seed| [(seed, Grouping::Provisions), (seed, Grouping::Invoices)])
    {
        let world = world(seed, grouping);
        for one in world.statements() {
            let sum: Decimal = one.records.iter().map(|record| record.cost).sum();
            let metered = one.records.iter().any(|record| record.charge == Charge::Usage);
            let apart = (one.total - sum).abs();
            assert!(apart <= if metered { amount("0.005") } else { Decimal::ZERO }, "{seed} {} {apart}", one.id);
            assert!(one.records.iter().all(|record| record.currency == one.currency && record.month == one.month));
        }
    }
}

#[test]
fn the_oracle_holds_every_line_once_and_both_marketplaces_agree() {
    for seed in SEEDS {
        let world = world(seed, Grouping::Provisions);
        let expected = oracle::expected(&world);
        let lines: usize = expected.cells.values().map(|sums| sums.lines).sum();
        assert_eq!(lines, records(&world).count());
        for (tenant, sum) in world.tenants().iter().map(|tenant| {
            let of = records(&world).filter(|one| one.tenant == Some(tenant.id));
            (tenant, of.map(|one| one.retail).sum::<Decimal>())
        }) {
            let of = expected.cells.iter().filter(|(cell, _)| cell.tenant == Some(tenant.id));
            assert_eq!(of.map(|(_, sums)| sums.retail).sum::<Decimal>(), sum, "{}", tenant.name);
        }
        let invoiced = oracle::expected(&world.regrouped(Grouping::Invoices));
        assert_eq!(invoiced.cells, expected.cells);
        assert_eq!(invoiced.closing, expected.closing);
        assert_ne!(invoiced.statements.len(), expected.statements.len());
        // What stands at the end belongs to something billed.
        assert!(expected.closing.keys().all(|cell| expected.cells.contains_key(cell)));
    }
}

/// Each is a thing somebody's synchronization has got wrong.
#[test]
fn whatever_can_happen_does_happen() {
    let world = world(1, Grouping::Provisions);
    let motions: BTreeSet<Motion> = records(&world).map(|one| one.motion).collect();
    assert_eq!(motions, Motion::ALL.into_iter().collect(), "motions");
    let charges: BTreeSet<&str> = SEEDS
        .iter()
        .flat_map(|seed| {
            let world = self::world(*seed, Grouping::Provisions);
            records(&world).map(|one| one.charge.name()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(charges.len(), 11, "{charges:?}");
    let any = |what: &str, wanted: &dyn Fn(&Record) -> bool| assert!(records(&world).any(wanted), "{what}");
    any("euros", &|one| one.currency.code() == "EUR");
    any("a line without a customer", &|one| one.tenant.is_none());
    any("a line for an earlier month", &|one| one.end < one.month.first());
    any("a price below a cent", &|one| one.unit_cost < amount("0.01"));
    any("a negative line", &|one| one.retail.is_sign_negative());
    any("a name over two lines", &|one| one.title.contains('\n'));
    any("a name with quotes", &|one| one.title.contains('"'));
    let offered: BTreeSet<String> = world
        .price_list(world.tenants()[0].currency, day("2026-06-01"))
        .into_iter()
        .map(|one| one.part_number)
        .collect();
    any("a product that is sold no longer", &|one| {
        one.motion == Motion::MonthlyMonthly && !offered.contains(&one.part_number)
    });
    let two_prices = |one: &Record| {
        let same = |other: &Record| (other.subscription, other.month) == (one.subscription, one.month);
        let dearer = |other: &Record| other.unit_cost != one.unit_cost && other.charge == Charge::CycleInstanceProrate;
        one.charge == Charge::CycleInstanceProrate && records(&world).any(|other| same(other) && dearer(other))
    };
    any("a price that changes inside a month", &two_prices);
    let mut names: Vec<&str> = world.tenants().iter().map(|tenant| tenant.name.as_str()).collect();
    names.sort_unstable();
    assert!(names.windows(2).any(|pair| pair[0] == pair[1]), "two tenants of one name");
}

#[test]
fn tenants_come_and_go() {
    let expected = oracle::expected(&world(1, Grouping::Provisions));
    let in_month = |text: &str| -> BTreeSet<Option<u32>> {
        expected.cells.keys().filter(|cell| cell.month == month(text)).map(|cell| cell.tenant).collect()
    };
    let (first, last) = (in_month("2026-01"), in_month("2026-12"));
    assert!(last.difference(&first).count() >= 2, "some came");
    assert!(first.difference(&last).count() >= 2, "some went");
}

#[test]
fn the_same_seed_is_the_same_world() {
    assert_eq!(world(9, Grouping::Provisions), world(9, Grouping::Provisions));
    assert_ne!(world(9, Grouping::Provisions), world(10, Grouping::Provisions));
}

/// Whatever day it is: months of any length, around the new year, in a leap year.
#[test]
fn the_demo_has_the_customers_the_other_demos_have() {
    for (today, first, last) in [
        ("2026-11-22", "2026-07", "2026-10"),
        ("2027-03-01", "2026-11", "2027-02"),
        ("2028-03-31", "2027-11", "2028-02"),
        ("2027-01-31", "2026-09", "2026-12"),
    ] {
        let world = StatementWorld::demo(day(today), Grouping::Provisions);
        let names: Vec<&str> = world.tenants().iter().map(|tenant| tenant.name.as_str()).collect();
        assert_eq!(names, DEMO_NAMES);
        assert_eq!((world.first(), world.months()), (month(first), 4));
        let cells = oracle::expected(&world).cells;
        for tenant in world.tenants() {
            let of = |cell: &Cell| cell.tenant == Some(tenant.id) && cell.month == month(last);
            let billed: Decimal = cells.iter().filter(|(cell, _)| of(cell)).map(|(_, sums)| sums.retail).sum();
            assert!(billed > Decimal::ZERO, "{today}: {} is billed in the last month", tenant.name);
            assert_eq!(tenant.currency.code(), "USD");
        }
        let motions: BTreeSet<Motion> = cells.keys().map(|cell| cell.motion).collect();
        for wanted in [Motion::MonthlyMonthly, Motion::AnnualMonthly, Motion::AnnualUpfront, Motion::Usage] {
            assert!(motions.contains(&wanted), "{today}: {wanted:?}");
        }
    }
}
