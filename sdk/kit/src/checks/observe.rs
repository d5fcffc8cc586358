//! Reading back: what the books show, to the cent, and not what the plan said.

use counterfoil_domain::plan::Plan;
use rust_decimal::Decimal;

use super::steps::{needed, plain, shown, stands_exactly, store};
use crate::bench::{Bench, Told, failed};
use crate::line::{Body, Fault, Rule, Side};

pub(super) async fn shows(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let one = needed(store(&stage, needed(plain(&stage, 0).await)?).await)?;
    let two = needed(store(&stage, needed(plain(&stage, 1).await)?).await)?;
    for stored in [&two, &one] {
        stands_exactly(&stage, &stored.plan, &stored.receipt).await?;
    }
    // In the receipts' order.
    let receipts = vec![two.receipt.clone(), one.receipt.clone()];
    let answers =
        stage.observe(receipts).await.map_err(|error| crate::bench::Miss::Failed(format!("observe: {error}")))?;
    for (stored, answer) in [&two, &one].into_iter().zip(answers) {
        match answer {
            Ok(seen) if seen.task == stored.plan.task => {}
            Ok(_) => return failed("observations do not come in the receipts' order"),
            Err(failure) => return failed(format!("observe of two: {failure}")),
        }
    }
    Ok("to the cent, in order".to_owned())
}

/// As they stand in the plan, and as whole coins: some systems keep cents.
fn amounts(plan: &Plan) -> Vec<Decimal> {
    let mut all: Vec<Decimal> = plan
        .changes
        .iter()
        .flat_map(|change| {
            let lines = change.lines.iter().flat_map(|line| [line.amount, line.unit_price]);
            let coins = Decimal::new(10_i64.pow(change.total.currency.minor_units()), 0);
            let all = lines.chain(std::iter::once(change.total.amount));
            all.flat_map(move |amount| [Some(amount), amount.checked_mul(coins)])
        })
        .flatten()
        .map(|amount| amount.abs().normalize())
        .filter(|amount| !amount.is_zero())
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Somebody changes an amount in the target.
pub(super) async fn drift(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let stored = needed(store(&stage, needed(plain(&stage, 0).await)?).await)?;
    let shifted = Body::Shifted(amounts(&stored.plan));
    stage.line.put(Rule::always(Side::Reads, Fault::Body(shifted)));
    match shown(&stage, &stored.receipt).await? {
        Err(failure) => Ok(format!("amounts that disagree are told: {failure}")),
        Ok(seen) => match super::steps::differs(&stored.plan, &stored.receipt, &seen) {
            Some(how) => Ok(how),
            None => failed("each amount is one more in the target, and observe shows the plan's"),
        },
    }
}
