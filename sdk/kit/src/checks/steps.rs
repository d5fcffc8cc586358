//! Steps that many checks take: a plain order, planned, held against the host's own checker, applied and read back. Owns what
//! "stored exactly" means.

use std::collections::BTreeSet;
use std::sync::Arc;

use counterfoil_domain::card::{Card, Scenario};
use counterfoil_domain::checker::{self, Against};
use counterfoil_domain::claim::Claim;
use counterfoil_domain::connection::HostRules;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::money::Money;
use counterfoil_domain::order::{Fee, OrderType};
use counterfoil_domain::plan::{Action, Change, ChangeReceipt, Finding, Observation, Plan, Receipt, Severity};
use counterfoil_domain::ports::CallError;

use crate::bench::{Miss, failed, not_applicable};
use crate::exchange::Journal;
use crate::sample::{self, Part};
use crate::stage::{Made, Stage};

/// One job on its way to the books, and what came of it.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) made: Made,
    pub(super) plan: Plan,
    pub(super) receipt: Receipt,
    pub(super) journal: Arc<Journal>,
}

/// What a check takes for granted is another check's to fail.
pub(super) fn needed<T>(step: Result<T, Miss>) -> Result<T, Miss> {
    step.map_err(|miss| match miss {
        Miss::Failed(text) => Miss::Skipped(format!("a plain order does not get so far: {text}")),
        other => other,
    })
}

/// The row that a plain order is made for: a sale, if the card takes any.
pub(super) fn plain_row(card: &Card) -> Result<&Scenario, Miss> {
    let charges = |row: &&Scenario| row.fees.iter().any(|(fee, _)| !sample::gives_back(*fee));
    let sale = card.scenarios.iter().filter(charges).find(|row| row.order == OrderType::Sales);
    let row = sale.or_else(|| card.scenarios.iter().find(charges));
    row.map_or_else(|| not_applicable("no row of the card charges anything"), Ok)
}

/// A plain order about one of the kit's subscriptions: one line where the row allows it.
pub(super) async fn plain(stage: &Stage, subscription: usize) -> Result<Made, Miss> {
    let card = Arc::clone(&stage.card);
    let row = plain_row(&card)?;
    let ground = stage.ground(subscription, stage.today, stage.today)?;
    let lines = match row.fees.iter().any(|(fee, _)| *fee == Fee::ResourceRecurring) {
        true => vec![sample::line(Fee::ResourceRecurring, &ground)],
        false => sample::lines(row, Part::Charges, &ground).into_iter().take(1).collect(),
    };
    stage.job(&sample::sample(row, lines, &ground, stage.turn()), row).await
}

/// Several plain orders of subscriptions of their own.
pub(super) async fn plains(stage: &Stage, count: usize) -> Result<Vec<Made>, Miss> {
    let mut all = Vec::with_capacity(count);
    for subscription in 0..count {
        all.push(plain(stage, subscription).await?);
    }
    Ok(all)
}

pub(super) fn one<T>(
    call: &str,
    answers: Result<Vec<Result<T, Failure>>, CallError>,
) -> Result<Result<T, Failure>, Miss> {
    match answers {
        Err(CallError::Failed(failure)) => Ok(Err(failure)),
        Err(error) => failed(format!("{call}: {error}")),
        Ok(mut answers) if answers.len() == 1 => Ok(answers.remove(0)),
        Ok(answers) => failed(format!("{call} answers {} results for one", answers.len())),
    }
}

/// The plan of a job, or why there is none.
pub(super) async fn asked(stage: &Stage, made: &Made) -> Result<Result<Plan, Failure>, Miss> {
    one("plan", stage.plan(vec![made.job.clone()]).await)
}

pub(super) async fn planned(stage: &Stage, made: &Made) -> Result<Plan, Miss> {
    let number = &made.order.number;
    asked(stage, made).await?.map_err(|failure| Miss::Failed(format!("plan refuses {number}: {failure}")))
}

pub(super) async fn sent(stage: &Stage, journal: &Arc<Journal>, plan: &Plan) -> Result<Result<Receipt, Failure>, Miss> {
    one("apply", stage.apply(journal, vec![(plan.clone(), Vec::new())]).await)
}

/// What the host's checker has against a plan.
pub(super) fn findings(card: &Card, made: &Made, plan: &Plan, history: &[Claim]) -> Vec<Finding> {
    let rules = HostRules { most_change: None, ..HostRules::default() };
    let order_total = made.order.total.map(|total| Money::new(total, made.order.currency));
    let documents = &card.documents;
    checker::check(plan, Against { job: &made.job, order_total, documents, rules: &rules, history, neighbours: &[] })
}

/// Taken whole, exactly, in the order's currency.
pub(super) fn sound(card: &Card, made: &Made, plan: &Plan, history: &[Claim]) -> Result<(), Miss> {
    let against = |one: &Finding| one.severity == Severity::Blocks || one.code == "money-left-out";
    let all = findings(card, made, plan, history);
    let told: Vec<String> =
        all.iter().filter(|one| against(one)).map(|one| format!("{}: {}", one.code, one.message)).collect();
    if told.is_empty() {
        Ok(())
    } else {
        failed(format!("the host refuses the plan of {}: {}", made.order.number, told.join("; ")))
    }
}

fn due(change: &Change) -> bool {
    change.action != Action::Keep
}

/// A receipt says of each change what was stored, and of nothing else.
pub(super) fn receipted(plan: &Plan, receipt: &Receipt) -> Result<(), Miss> {
    let mut seen = BTreeSet::new();
    for stored in &receipt.changes {
        let Some(change) = plan.changes.iter().find(|change| change.key == stored.key) else {
            return failed(format!("the receipt names \"{}\", which is in no plan", stored.key));
        };
        if !seen.insert(&stored.key) {
            return failed(format!("the receipt names \"{}\" twice", stored.key));
        }
        told_right(change, stored)?;
    }
    match plan.changes.iter().filter(|change| due(change)).find(|change| !seen.contains(&change.key)) {
        Some(missing) => failed(format!("the receipt does not say what became of \"{}\"", missing.title)),
        None => Ok(()),
    }
}

/// The document, the reference and the total of one change.
pub(super) fn told_right(change: &Change, stored: &ChangeReceipt) -> Result<(), Miss> {
    if stored.reference.as_str().trim().is_empty() {
        return failed(format!("\"{}\" is said to be stored, without a reference", change.title));
    }
    if stored.document != change.document {
        return failed(format!("\"{}\" is a {}, the plan says {}", change.title, stored.document, change.document));
    }
    match stored.total {
        Some(total) if total != change.total => {
            failed(format!("\"{}\" is said to come to {total}, the plan says {}", change.title, change.total))
        }
        _ => Ok(()),
    }
}

pub(super) async fn store(stage: &Stage, made: Made) -> Result<Stored, Miss> {
    store_after(stage, made, &[]).await
}

pub(super) async fn store_after(stage: &Stage, made: Made, history: &[Claim]) -> Result<Stored, Miss> {
    let plan = planned(stage, &made).await?;
    sound(&stage.card, &made, &plan, history)?;
    let journal = Journal::new(&format!("batch-{}", made.order.number));
    let number = &made.order.number;
    let receipt = sent(stage, &journal, &plan).await?;
    let receipt = receipt.map_err(|failure| Miss::Failed(format!("apply refuses {number}: {failure}")))?;
    receipted(&plan, &receipt)?;
    Ok(Stored { made, plan, receipt, journal })
}

pub(super) async fn shown(stage: &Stage, receipt: &Receipt) -> Result<Result<Observation, Failure>, Miss> {
    one("observe", stage.observe(vec![receipt.clone()]).await)
}

/// What is otherwise in the books than in the plan; none: to the cent as planned.
pub(super) fn differs(plan: &Plan, receipt: &Receipt, seen: &Observation) -> Option<String> {
    for stored in receipt.changes.iter() {
        let change = plan.changes.iter().find(|change| change.key == stored.key)?;
        let Some(document) = seen.documents.iter().find(|document| document.key == stored.key) else {
            return Some(format!("observe does not show \"{}\"", change.title));
        };
        if document.total != change.total {
            return Some(format!(
                "observe shows {} for \"{}\", the plan says {}",
                document.total, change.title, change.total
            ));
        }
    }
    None
}

pub(super) async fn stands_exactly(stage: &Stage, plan: &Plan, receipt: &Receipt) -> Result<(), Miss> {
    let seen = shown(stage, receipt).await?;
    let seen = seen.map_err(|failure| Miss::Failed(format!("observe does not show what was stored: {failure}")))?;
    differs(plan, receipt, &seen).map_or(Ok(()), failed)
}

/// The class of a failure, or that there was none.
pub(super) fn classed<T>(what: &str, answer: &Result<T, Failure>, allowed: &[FailureClass]) -> Result<(), Miss> {
    let names = || allowed.iter().map(|class| class.name()).collect::<Vec<_>>().join(" or ");
    match answer {
        Err(failure) if allowed.contains(&failure.class) => Ok(()),
        Err(failure) => failed(format!(
            "{what}: the failure is of class {}, and must be {}: {failure}",
            failure.class.name(),
            names()
        )),
        Ok(_) => failed(format!("{what}: it is taken for done, and must be a failure of class {}", names())),
    }
}
