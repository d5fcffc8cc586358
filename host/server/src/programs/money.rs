//! Where the money of statements is: bills and buckets by period and motion, held against the statements. Pure.

use std::collections::BTreeMap;

use counterfoil_domain::money::{Currency, Money};
use counterfoil_domain::motion::Motion;
use counterfoil_domain::period::Period;
use counterfoil_domain::ports::{KeptStatement, MoneyRow};
use rust_decimal::Decimal;

use crate::wire::{BucketView, MotionMoneyView, PeriodMoneyView, ProgramMoney};

/// Which bucket a task's money is in.
pub(crate) fn bucket(row: &MoneyRow) -> String {
    match (row.state.as_str(), &row.reason) {
        ("synced", _) => "billed".to_owned(),
        ("pending", _) => "unmapped".to_owned(),
        ("ignored", Some(reason)) => reason.clone(),
        (state @ ("parked" | "uncertain"), _) => state.to_owned(),
        _ => "open".to_owned(),
    }
}

/// Of several issues of one line only the last counts, and what says the same twice counts once.
fn current(kept: &[KeptStatement]) -> Vec<&KeptStatement> {
    let mut last: BTreeMap<&str, &KeptStatement> = BTreeMap::new();
    for one in kept.iter().filter(|one| one.issue > 0 && one.kept_as.counts()) {
        let place = last.entry(&one.lineage).or_insert(one);
        if one.issue > place.issue {
            *place = one;
        }
    }
    last.into_values().collect()
}

type Place = (Period, Motion, Currency);

/// The whole account. What was read before the connection's window, or for another connection alone, is not in it.
pub(crate) fn account(rows: &[MoneyRow], kept: &[KeptStatement]) -> ProgramMoney {
    let mut stated: BTreeMap<Place, Decimal> = BTreeMap::new();
    for one in current(kept) {
        for sum in &one.sums {
            *stated.entry((one.head.period, sum.motion, sum.currency)).or_default() += sum.amount;
        }
    }
    let mut buckets: BTreeMap<Place, BTreeMap<String, (u64, Decimal)>> = BTreeMap::new();
    for row in rows {
        let place = (row.period, row.motion, row.money.currency);
        let share = buckets.entry(place).or_default().entry(bucket(row)).or_default();
        share.0 += row.tasks;
        share.1 += row.money.amount;
    }
    let mut periods: BTreeMap<Period, Vec<MotionMoneyView>> = BTreeMap::new();
    for place in stated.keys().filter(|place| rows.iter().any(|row| row.period == place.0)) {
        buckets.entry(*place).or_default();
    }
    for ((period, motion, currency), shares) in buckets {
        let stated = stated.get(&(period, motion, currency)).copied().unwrap_or_default();
        periods.entry(period).or_default().push(of_motion(motion, currency, shares, stated));
    }
    let agrees = periods.values().flatten().all(|motion| motion.agrees);
    let of_period =
        |(period, motions): (Period, Vec<MotionMoneyView>)| PeriodMoneyView { period: period.into(), motions };
    ProgramMoney { periods: periods.into_iter().rev().map(of_period).collect(), agrees }
}

fn of_motion(
    motion: Motion,
    currency: Currency,
    shares: BTreeMap<String, (u64, Decimal)>,
    stated: Decimal,
) -> MotionMoneyView {
    let total: Decimal = shares.values().map(|(_, amount)| *amount).sum();
    let money = |amount: Decimal| Money::new(amount, currency).into();
    MotionMoneyView {
        motion: motion.name().to_owned(),
        text: motion.text().to_owned(),
        buckets: shares
            .into_iter()
            .map(|(bucket, (tasks, amount))| BucketView { bucket, tasks, money: money(amount) })
            .collect(),
        total: money(total),
        statements: money(stated),
        difference: money(total - stated),
        agrees: total == stated,
    }
}
