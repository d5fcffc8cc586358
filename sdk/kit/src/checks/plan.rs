//! What must hold of planning: the same again, without a write, alone for each job, exact in every currency, and with any text.

use std::sync::Arc;

use chrono::Duration;
use counterfoil_domain::failure::FailureClass;
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::Fee;
use counterfoil_domain::plan::{Plan, Severity};
use counterfoil_runtime::component;
use rust_decimal::Decimal;

use super::steps::{
    asked, findings, needed, plain, plain_row, plains, planned, receipted, sent, stands_exactly, store,
};
use super::{HOSTILE, TAG};
use crate::bench::{Bench, Miss, Told, failed, not_applicable, skipped};
use crate::exchange::{Journal, Offence};
use crate::line::{Body, Fault, Rule, Side};
use crate::sample;
use crate::stage::{Made, Stage};

/// In words, where two plans of one job part.
fn parts(a: &Plan, b: &Plan) -> Option<String> {
    if a == b {
        return None;
    }
    let keys = |plan: &Plan| plan.changes.iter().map(|change| change.key.to_string()).collect::<Vec<_>>();
    Some(if keys(a) != keys(b) {
        format!("the keys are {:?} and {:?}", keys(a), keys(b))
    } else if a.changes != b.changes {
        let pair = a.changes.iter().zip(&b.changes).find(|(a, b)| a != b);
        pair.map_or_else(String::new, |(a, b)| {
            format!("\"{}\" ({}) and \"{}\" ({})", a.title, a.total, b.title, b.total)
        })
    } else if a.payload != b.payload {
        "the payloads differ".to_owned()
    } else {
        "notes, omissions or attributes differ".to_owned()
    })
}

pub(super) async fn repeatable(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let made = plain(&stage, 0).await?;
    let (first, second) = (needed(planned(&stage, &made).await)?, needed(planned(&stage, &made).await)?);
    match parts(&first, &second) {
        Some(how) => failed(format!("the same job planned twice gives two plans: {how}")),
        None => Ok("the same plan twice".to_owned()),
    }
}

/// Another clock and another seed of randomness: both come from the host, and none may reach a plan.
pub(super) async fn clock(bench: &Bench) -> Told {
    let mut stage = bench.stage().await?;
    let made = plain(&stage, 0).await?;
    let first = needed(planned(&stage, &made).await)?;
    let other = seeded_otherwise(bench).await?;
    bench.clock.advance(Duration::days(401) + Duration::seconds(86_399));
    stage.run_by(bench, other);
    let second = planned(&stage, &made).await;
    bench.clock.advance(-(Duration::days(401) + Duration::seconds(86_399)));
    match parts(&first, &second?) {
        Some(how) => failed(format!("with another clock and other random numbers the plan is another one: {how}")),
        None => Ok("the same plan under another clock and other random numbers".to_owned()),
    }
}

/// The same component with another digest, which is what the sandbox seeds its random numbers with.
async fn seeded_otherwise(bench: &Bench) -> Result<Arc<counterfoil_runtime::sandbox::WasmTarget>, Miss> {
    let mut bytes = bench.component.clone();
    // A custom section called "kit-" with nothing in it.
    bytes.extend_from_slice(&[0, 5, 4, b'k', b'i', b't', b'-']);
    let package = component::read(&bytes).map_err(|error| Miss::Skipped(format!("no second version: {error}")))?;
    let loaded = bench.sandbox.load(&package).await;
    Ok(Arc::new(loaded.map_err(|error| Miss::Skipped(format!("no second version: {error}")))?))
}

pub(super) async fn keys(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let mut made = plain(&stage, 0).await?;
    let first = needed(planned(&stage, &made).await)?;
    made.job.today += Duration::days(33);
    let second = needed(planned(&stage, &made).await)?;
    let keys = |plan: &Plan| plan.changes.iter().map(|change| change.key.clone()).collect::<Vec<_>>();
    let other = plain(&stage, 1).await?;
    let third = needed(planned(&stage, &other).await)?;
    if keys(&first) != keys(&second) {
        return failed(format!(
            "a month later the same job has other keys: {:?} and {:?}",
            keys(&first),
            keys(&second)
        ));
    }
    if let Some(shared) = keys(&first).iter().find(|key| keys(&third).contains(key)) {
        return failed(format!("two orders share the key \"{shared}\": one would hide the other"));
    }
    Ok("keys stay, and are each order's own".to_owned())
}

pub(super) async fn reads_only(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let made = plain(&stage, 0).await?;
    let plan = needed(planned(&stage, &made).await)?;
    if let Some(change) = plan.changes.first() {
        // Whatever it answers: it must not try to write.
        let _located = stage.locate(&plan, &change.key).await;
    }
    let tried = stage.offences.of(Offence::WroteWhilePlanning);
    match tried.first() {
        Some(first) => {
            failed(format!("{} writes were tried while nothing may be written; the first: {first}", tried.len()))
        }
        None => Ok("no write was tried".to_owned()),
    }
}

pub(super) async fn changes_nothing(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let Some(before) = stage.line.state().await else {
        return not_applicable("this simulator cannot tell what it has stored (state_url)");
    };
    let made = plain(&stage, 0).await?;
    let plan = needed(planned(&stage, &made).await)?;
    stage.search("party", "").await?;
    if let Some(change) = plan.changes.first() {
        // Whatever it answers: it must not change anything.
        let _located = stage.locate(&plan, &change.key).await;
    }
    if stage.line.state().await.as_ref() == Some(&before) {
        Ok("the books are as before".to_owned())
    } else {
        failed("the books changed by requests that the card marks as reads: their method or path writes")
    }
}

pub(super) async fn on_card(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let stored = store(&stage, plain(&stage, 0).await?).await;
    if let Ok(stored) = &stored {
        stands_exactly(&stage, &stored.plan, &stored.receipt).await.ok();
    }
    let off = stage.offences.of(Offence::OffTheCard);
    match (off.first(), stored) {
        (Some(first), _) => failed(format!("{} requests are not on the card; the first: {first}", off.len())),
        (None, stored) => needed(stored).map(|_| "every request is on the card".to_owned()),
    }
}

pub(super) async fn order_of_answers(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let made = plain(&stage, 0).await?;
    let first = needed(planned(&stage, &made).await)?;
    stage.line.put(Rule::always(Side::Reads, Fault::Body(Body::Repeated)).of_lists());
    let second = asked(&stage, &made).await?;
    match second {
        Err(failure) => failed(format!("when lists overlap and come in another order there is no plan: {failure}")),
        Ok(second) => match parts(&first, &second) {
            Some(how) => failed(format!("when lists overlap and come in another order the plan is another one: {how}")),
            None => Ok("the order of answers does not matter".to_owned()),
        },
    }
}

/// One job of three rests on a party that is not there.
pub(super) async fn alone(bench: &Bench) -> Told {
    if bench.card.plan_tasks < 3 {
        return not_applicable("its card takes fewer than three tasks in a call");
    }
    let stage = bench.stage().await?;
    let mut made = plains(&stage, 3).await?;
    let good = needed(planned(&stage, &made[0]).await)?;
    // Neither a customer nor anything of the customer's.
    made[1].job.links.retain(|link| !matches!(link.kind, LinkKind::Party | LinkKind::Container));
    let jobs = made.iter().map(|made| made.job.clone()).collect();
    let answers = stage.plan(jobs).await.map_err(|error| Miss::Failed(format!("plan of three: {error}")))?;
    match answers.as_slice() {
        [Ok(first), Err(_), Ok(third)] => {
            if parts(&good, first).is_some() || third.task != made[2].job.task {
                return failed("beside a job without a customer, the others get another plan than alone");
            }
            Ok("a job without a customer fails alone".to_owned())
        }
        [_, Ok(_), _] => failed("a job whose customer is linked to nobody gets a plan"),
        [Err(failure), ..] | [.., Err(failure)] => {
            failed(format!("a job without a customer takes its neighbours with it: {failure}"))
        }
        other => failed(format!("plan answers {} results for three jobs", other.len())),
    }
}

const REFUSED: [FailureClass; 4] =
    [FailureClass::Rejected, FailureClass::Unsupported, FailureClass::Conflict, FailureClass::NotFound];

/// Findings by which the host itself refuses what the target cannot hold; anything else is the plugin's own.
fn is_hosts_own(code: &str) -> bool {
    code.starts_with("container") || code.starts_with("price")
}

/// Refused with a reason, or stored exactly; nothing between.
async fn refused_or_exact(stage: &Stage, made: Made, what: &str) -> Result<&'static str, Miss> {
    let plan = match asked(stage, &made).await? {
        Err(failure) if REFUSED.contains(&failure.class) => return Ok("refused"),
        Err(failure) => return failed(format!("{what}: plan must refuse it with a reason, or take it: {failure}")),
        Ok(plan) => plan,
    };
    let blocking = findings(&stage.card, &made, &plan, &[]).into_iter().find(|one| one.severity == Severity::Blocks);
    match blocking {
        Some(finding) if is_hosts_own(&finding.code) => return Ok("refused by the host"),
        Some(finding) => return failed(format!("{what}: {}: {}", finding.code, finding.message)),
        None => {}
    }
    let journal = Journal::new(&format!("batch-{}", made.order.number));
    let receipt = match sent(stage, &journal, &plan).await? {
        Err(failure) if REFUSED.contains(&failure.class) => return Ok("refused by the target"),
        Err(failure) => return failed(format!("{what}: apply: {failure}")),
        Ok(receipt) => receipt,
    };
    let exact = receipted(&plan, &receipt);
    exact.and(stands_exactly(stage, &plan, &receipt).await).map(|()| "exact").map_err(|miss| match miss {
        Miss::Failed(text) => Miss::Failed(format!("{what}: {text}")),
        other => other,
    })
}

pub(super) async fn currencies(bench: &Bench) -> Told {
    let mut told = Vec::new();
    for code in ["JPY", "KWD"] {
        let stage = bench.stage().await?;
        let row = plain_row(&bench.card)?;
        let currency = Currency::parse(code).map_err(|_| Miss::Skipped(format!("{code} is no currency")))?;
        let mut ground = stage.ground(0, stage.today, stage.today)?;
        ground.currency = currency;
        let lines = sample::lines(row, sample::Part::Charges, &ground);
        let made = stage.job(&sample::sample(row, lines, &ground, stage.turn()), row).await?;
        told.push(format!("{code} {}", refused_or_exact(&stage, made, code).await?));
    }
    Ok(told.join(", "))
}

/// Prices finer than a coin: nine places, and half a cent.
pub(super) async fn decimals(bench: &Bench) -> Told {
    let mut told = Vec::new();
    for (what, quantity, price) in [
        ("1,000 × 0.123456789", Decimal::new(1_000, 0), Decimal::new(123_456_789, 9)),
        ("1 × 0.005", Decimal::ONE, Decimal::new(5, 3)),
        ("0.333333333 × 3.00", Decimal::new(333_333_333, 9), Decimal::new(300, 2)),
        ("1 × 9,999,999.99", Decimal::ONE, Decimal::new(999_999_999, 2)),
    ] {
        let stage = bench.stage().await?;
        let row = plain_row(&bench.card)?;
        let ground = stage.ground(0, stage.today, stage.today)?;
        let Some(fee) = charged_fee(row) else { return skipped("the row charges no fee") };
        let lines = vec![sample::line_of(fee, quantity, price, &ground)];
        let made = stage.job(&sample::sample(row, lines, &ground, stage.turn()), row).await?;
        told.push(format!("{what} {}", refused_or_exact(&stage, made, what).await?));
    }
    Ok(told.join(", "))
}

/// Paid once, where the row has such a fee.
fn charged_fee(row: &counterfoil_domain::card::Scenario) -> Option<Fee> {
    let fees = || row.fees.iter().map(|(fee, _)| *fee).filter(|fee| !sample::gives_back(*fee));
    fees().find(|fee| *fee == Fee::ResourceSetup).or_else(|| fees().next())
}

pub(super) async fn hostile(bench: &Bench) -> Told {
    let long = format!("{TAG} {}", "long ".repeat(2_000));
    let mut counts = std::collections::BTreeMap::new();
    let texts = HOSTILE.iter().copied().chain(std::iter::once(long.as_str()));
    for (turn, text) in texts.enumerate() {
        let stage = bench.stage().await?;
        let mut made = plain(&stage, turn).await?;
        made.job.order.customer_name = text.to_owned();
        made.job.order.subscription_name = text.to_owned();
        for line in &mut made.job.order.lines {
            line.description = text.to_owned();
            line.product_name = text.to_owned();
        }
        let shown: String = text.chars().take(30).collect();
        let how = refused_or_exact(&stage, made, &format!("{shown:?} as a name")).await?;
        *counts.entry(how).or_insert(0_usize) += 1;
    }
    Ok(counts.into_iter().map(|(how, count)| format!("{count} {how}")).collect::<Vec<_>>().join(", "))
}
