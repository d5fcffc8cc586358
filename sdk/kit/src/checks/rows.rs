//! Each row of the card's scenario table as orders: what it charges, and what it gives back. Taken, written, shown, to the coin.

use chrono::Months;
use counterfoil_domain::card::Scenario;
use counterfoil_domain::claim;
use counterfoil_domain::order::OrderType;

use super::steps::{plain_row, stands_exactly, store, store_after};
use crate::bench::{Bench, Miss, Told, not_applicable};
use crate::sample::{self, Part};

pub(super) async fn row(bench: &Bench, row: &Scenario) -> Told {
    let mut told = Vec::new();
    for part in [Part::Charges, Part::GivesBack] {
        if row.fees.iter().any(|(fee, _)| sample::gives_back(*fee) == (part == Part::GivesBack)) {
            let total = part_of(bench, row, part).await.map_err(|miss| match miss {
                Miss::Failed(text) => Miss::Failed(format!("{}: {text}", part.words())),
                other => other,
            })?;
            told.push(total);
        }
    }
    if told.is_empty() { not_applicable("the row names no fee") } else { Ok(told.join(", ")) }
}

async fn part_of(bench: &Bench, row: &Scenario, part: Part) -> Result<String, Miss> {
    let mut stage = bench.stage().await?;
    let follows = matches!(row.order, OrderType::Change | OrderType::Cancellation | OrderType::Renewal);
    // What changes something was sold a month before.
    let sold = stage.today.checked_sub_months(Months::new(1)).filter(|_| follows).unwrap_or(stage.today);
    let mut history = Vec::new();
    if follows && let Ok(sale) = plain_row(&bench.card) {
        let ground = stage.ground(0, sold, sold)?;
        let lines = sample::prelude(sale, &ground);
        let made = stage.job(&sample::sample(sale, lines, &ground, stage.turn()), sale).await?;
        let stored = super::steps::needed(store(&stage, made).await)?;
        history = claim::claims(&stored.made.job);
        stage.history.push((stored.made.order.number.clone(), stored.receipt));
    }
    let ground = stage.ground(0, stage.today, sold)?;
    let lines = sample::lines(row, part, &ground);
    let made = stage.job(&sample::sample(row, lines, &ground, stage.turn()), row).await?;
    let stored = store_after(&stage, made, &history).await?;
    stands_exactly(&stage, &stored.plan, &stored.receipt).await?;
    let job = &stored.made.job.order;
    Ok(format!("{} {}", job.total, job.currency))
}
