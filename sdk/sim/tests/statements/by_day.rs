//! The lines against the lives they come of, counted day by day: another way to the same money.

use std::collections::BTreeMap;

use counterfoil_sim::statements::{
    Charge, Grouping, Month, Record, Schedule, StatementSpec, StatementWorld, Subscription,
};
use rust_decimal::Decimal;

use crate::month;

const SCHEDULED: [Charge; 4] = [Charge::NewPurchase, Charge::CycleFee, Charge::CycleInstanceProrate, Charge::Renew];

fn world(seed: u64) -> StatementWorld {
    StatementWorld::generate(&StatementSpec::new(seed, month("2026-01")), Grouping::Provisions)
}

fn lines_by_life(world: &StatementWorld) -> BTreeMap<u32, Vec<&Record>> {
    let mut out: BTreeMap<u32, Vec<&Record>> = BTreeMap::new();
    for record in world.statements().iter().flat_map(|one| &one.records) {
        out.entry(record.subscription.unwrap()).or_default().push(record);
    }
    out
}

/// A day's part of the month's price, for every day it was there.
fn counted(life: &Subscription, month: Month) -> Decimal {
    let days = month.first().iter_days().take_while(|day| *day < month.end()).filter(|day| life.active_on(*day));
    let step = |day| life.step_on(day).map(|step| step.unit_retail * Decimal::from(step.quantity));
    days.filter_map(step).map(|price| price / Decimal::from(month.days())).sum()
}

#[test]
fn what_is_billed_monthly_is_what_its_days_come_to() {
    let mut checked = 0;
    for seed in 1..=4 {
        let world = world(seed);
        let lines = lines_by_life(&world);
        let none = Vec::new();
        for life in world.subscriptions().iter().filter(|life| life.motion.schedule() == Schedule::Monthly) {
            if life.ending.is_some_and(|ending| ending.in_window) {
                continue;
            }
            let lines = lines.get(&life.id).unwrap_or(&none);
            for month in (0..world.months()).map(|index| world.first().plus(index)) {
                let of: Vec<_> =
                    lines.iter().filter(|one| one.month == month && SCHEDULED.contains(&one.charge)).collect();
                let billed: Decimal = of.iter().map(|one| one.retail).sum();
                let apart = (billed - counted(life, month)).abs();
                // Half a cent for each line, and what the division left.
                assert!(apart <= Decimal::new(51, 4) * Decimal::from(of.len().max(1)), "{life:?} {month} {billed}");
                checked += of.len();
            }
        }
    }
    assert!(checked > 2_000, "{checked} lines were checked");
}

#[test]
fn what_stands_at_the_end_is_on_exactly_one_line_that_reaches_the_end() {
    let mut checked = 0;
    for seed in 1..=4 {
        let world = world(seed);
        let lines = lines_by_life(&world);
        let none = Vec::new();
        for life in world.subscriptions().iter().filter(|life| life.motion.schedule() == Schedule::Monthly) {
            let lines = lines.get(&life.id).unwrap_or(&none);
            for month in (0..world.months()).map(|index| world.first().plus(index)) {
                let of = lines.iter().filter(|one| one.month == month && one.end == month.last());
                let (taken, reaching): (Vec<&&Record>, Vec<&&Record>) =
                    of.filter(|one| one.charge != Charge::Adjustment).partition(|one| one.quantity.is_sign_negative());
                match life.closing(month) {
                    Some(step) => {
                        assert_eq!((reaching.len(), taken.len()), (1, 0), "{life:?} {month}");
                        assert_eq!(reaching[0].quantity, Decimal::from(step.quantity), "{life:?} {month}");
                        assert_eq!(reaching[0].unit_retail, step.unit_retail, "{life:?} {month}");
                        checked += 1;
                    }
                    // Nothing, or charged and taken back.
                    None => assert_eq!(reaching.len(), taken.len(), "{life:?} {month}"),
                }
            }
        }
    }
    assert!(checked > 1_000, "{checked} months were checked");
}

#[test]
fn what_is_billed_upfront_adds_up_to_what_is_held() {
    let mut checked = 0;
    for seed in 1..=6 {
        let world = world(seed);
        for (id, lines) in lines_by_life(&world) {
            let life = world.subscription(id).unwrap();
            if !matches!(life.motion.schedule(), Schedule::Upfront(_)) {
                continue;
            }
            let mut terms: BTreeMap<_, Vec<&Record>> = BTreeMap::new();
            lines.iter().for_each(|one| terms.entry(one.end).or_default().push(one));
            for (end, rows) in terms {
                let opened = rows.iter().filter(|one| SCHEDULED.contains(&one.charge)).count();
                let begun_before = life.term_on(end).0 < world.first().first();
                assert_eq!(opened, usize::from(!begun_before), "{life:?} {end}");
                assert!(rows.iter().all(|one| one.unit_cost == rows[0].unit_cost), "the price of a term stays");
                let last = world.first().plus(world.months() - 1).last().min(end);
                let net: Decimal = rows.iter().map(|one| one.quantity).sum();
                let held = if life.ending.is_some_and(|ending| ending.in_window) {
                    0
                } else {
                    life.steps.iter().rfind(|step| step.on <= last && life.active_on(step.on)).unwrap().quantity
                };
                if !begun_before {
                    assert_eq!(net, Decimal::from(held), "{life:?} {end}");
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 80, "{checked} terms were checked");
}
