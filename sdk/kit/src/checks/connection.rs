//! Whose books they are, and what is made of a sign-in that ended, of a right that is missing, of too many calls and of answers
//! that make no sense, where nothing is written.

use std::time::Duration;

use counterfoil_domain::directory::Account;
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::ports::CallError;

use super::steps::{asked, classed, needed, plain, store};
use crate::answers::Refusal;
use crate::bench::{Bench, Miss, Told, failed};
use crate::exchange::Journal;
use crate::line::{Body, Fault, Rule, Side};
use crate::stage::Stage;

/// The failure of a call, for its class.
pub(super) fn settled<T>(call: &str, answer: Result<T, CallError>) -> Result<Result<T, Failure>, Miss> {
    match answer {
        Ok(answer) => Ok(Ok(answer)),
        Err(CallError::Failed(failure)) => Ok(Err(failure)),
        Err(error) => failed(format!("{call}: {error}")),
    }
}

pub(super) async fn probe(bench: &Bench) -> Told {
    let stage = bench.bare().await?;
    let account = stage.probe().await.map_err(|error| Miss::Failed(format!("probe: {error}")))?;
    let again = stage.probe().await.map_err(|error| Miss::Failed(format!("the second probe: {error}")))?;
    if account != again {
        return failed("two probes of the same books say different things");
    }
    fits(bench, &account)?;
    Ok(format!("{} ({}), {}", account.name, account.id, account.base_currency))
}

fn fits(bench: &Bench, account: &Account) -> Result<(), Miss> {
    if account.id.trim().is_empty() || account.name.trim().is_empty() {
        return failed("the account has no id or no name: nobody could tell whose books they are");
    }
    let wanted = &bench.description.account;
    for (what, wanted, is) in [
        ("id", &wanted.id, account.id.as_str()),
        ("name", &wanted.name, account.name.as_str()),
        ("currency", &wanted.currency, account.base_currency.code()),
        ("country", &wanted.country, account.country.as_str()),
    ] {
        if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != is) {
            return failed(format!("the account's {what} is \"{is}\", the description says \"{wanted}\""));
        }
    }
    Ok(())
}

/// Each export that asks something, while every answer is this refusal.
async fn refused(bench: &Bench, refusal: Refusal, class: FailureClass) -> Told {
    let stage = bench.stage().await?;
    let stored = needed(store(&stage, needed(plain(&stage, 0).await)?).await)?;
    let made = needed(plain(&stage, 1).await)?;
    let plan = needed(super::steps::planned(&stage, &made).await)?;
    let says = Fault::Says(refusal.answer(&bench.description));
    stage.line.put(Rule::always(Side::Any, says));
    classed("probe", &settled("probe", stage.probe().await)?, &[class])?;
    reading_fails("plan", &stage, asked(&stage, &made).await?, &[class])?;
    let journal = Journal::new("refused");
    classed("apply", &super::steps::sent(&stage, &journal, &plan).await?, &[class])?;
    if let Some(change) = stored.plan.changes.first() {
        classed("locate", &settled("locate", stage.locate(&stored.plan, &change.key).await)?, &[class])?;
    }
    classed("observe", &super::steps::shown(&stage, &stored.receipt).await?, &[class])?;
    Ok(format!("each export answers {}", class.name()))
}

/// A plan that needed no read is no failure.
fn reading_fails<T>(
    what: &str,
    stage: &Stage,
    answer: Result<T, Failure>,
    classes: &[FailureClass],
) -> Result<(), Miss> {
    let (reads, _) = stage.line.counts();
    stage.line.remark(&format!("{reads} reads up to here"));
    match answer {
        Ok(_) => Ok(()),
        answer => classed(what, &answer, classes),
    }
}

pub(super) async fn expired(bench: &Bench) -> Told {
    refused(bench, Refusal::Unauthorized, FailureClass::Auth).await
}

pub(super) async fn forbidden(bench: &Bench) -> Told {
    refused(bench, Refusal::Forbidden, FailureClass::Forbidden).await
}

pub(super) async fn throttled(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let made = needed(plain(&stage, 0).await)?;
    let plan = needed(super::steps::planned(&stage, &made).await)?;
    let header = bench.card.budgets.retry_after_header.clone();
    let is_shown = bench.card.egress.response_headers.iter().any(|on| on.eq_ignore_ascii_case(&header));
    for wait in [Some(7), None] {
        let mut answer = Refusal::Throttled.answer(&bench.description);
        answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(&header));
        answer.headers.extend(wait.map(|seconds: u64| (header.clone(), seconds.to_string())));
        let what = wait.map_or_else(|| "429 without a time".to_owned(), |seconds| format!("429 for {seconds} seconds"));
        stage.line.put(Rule::always(Side::Any, Fault::Says(answer)));
        let probed = settled("probe", stage.probe().await)?;
        let journal = Journal::new("throttled");
        let applied = super::steps::sent(&stage, &journal, &plan).await?;
        stage.line.mend();
        classed(&format!("probe, {what}"), &probed, &[FailureClass::Throttled])?;
        classed(&format!("apply, {what}"), &applied, &[FailureClass::Throttled])?;
        let told = probed.err().and_then(|failure| failure.retry_after);
        if let Some(seconds) = wait.filter(|_| is_shown)
            && told != Some(Duration::from_secs(seconds))
        {
            return failed(format!("{what}: the failure says {told:?} of how long to wait"));
        }
    }
    let journal = Journal::new("throttled");
    let applied = super::steps::sent(&stage, &journal, &plan).await?;
    let receipt =
        applied.map_err(|failure| Miss::Failed(format!("after the 429 the same plan is not written: {failure}")))?;
    super::steps::receipted(&plan, &receipt)?;
    let shown = if is_shown { "" } else { "; its card hides the header that says how long" };
    Ok(format!("throttled, and written once afterwards{shown}"))
}

/// Reads whose answers are spoilt, lost or late.
pub(super) async fn malformed(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let stored = needed(store(&stage, needed(plain(&stage, 0).await)?).await)?;
    let made = needed(plain(&stage, 1).await)?;
    let classes = [FailureClass::Transient, FailureClass::Internal, FailureClass::Unsupported];
    for body in [Body::Html, Body::Cut, Body::WrongTypes, Body::Empty] {
        let what = format!("{body:?}");
        stage.line.put(Rule::always(Side::Reads, Fault::Body(body)));
        classed(&format!("probe, {what}"), &settled("probe", stage.probe().await)?, &classes)?;
        let before = stage.line.spoilt();
        let answer = asked(&stage, &made).await?;
        if stage.line.spoilt() > before {
            classed(&format!("plan, {what}"), &answer, &classes)?;
        }
        never_absent(&stage, &stored, &what, &[]).await?;
        let seen = super::steps::shown(&stage, &stored.receipt).await?;
        if seen.is_ok_and(|seen| super::steps::differs(&stored.plan, &stored.receipt, &seen).is_none()) {
            return failed(format!("observe, {what}: it shows the plan's amounts, which it cannot have read"));
        }
        stage.line.mend();
    }
    Ok("HTML, cut, mistyped and empty answers are failures".to_owned())
}

pub(super) async fn cut(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let stored = needed(store(&stage, needed(plain(&stage, 0).await)?).await)?;
    let made = needed(plain(&stage, 1).await)?;
    stage.line.put(Rule::always(Side::Reads, Fault::LoseBefore));
    let transient = [FailureClass::Transient];
    classed("probe", &settled("probe", stage.probe().await)?, &transient)?;
    unplanned(&stage, &made, "lost", &transient).await?;
    never_absent(&stage, &stored, "lost", &transient).await?;
    stage.line.mend();
    // The target is broken, and says so.
    stage.line.put(Rule::always(Side::Reads, Fault::Says(Refusal::Broken.answer(&bench.description))));
    classed("probe, 500", &settled("probe", stage.probe().await)?, &transient)?;
    never_absent(&stage, &stored, "500", &transient).await?;
    Ok("lost and broken answers to reads are transient".to_owned())
}

/// Whatever a plan rests on cannot be read: there is no plan, unless it reads nothing.
async fn unplanned(stage: &Stage, made: &crate::stage::Made, what: &str, classes: &[FailureClass]) -> Result<(), Miss> {
    let (before, _) = stage.line.counts();
    let answer = asked(stage, made).await?;
    let (after, _) = stage.line.counts();
    if answer.is_ok() && before == after {
        return Ok(());
    }
    classed(&format!("plan, {what}"), &answer, classes)
}

/// Nobody may say that a document is not there who could not look.
async fn never_absent(
    stage: &Stage,
    stored: &super::steps::Stored,
    what: &str,
    classes: &[FailureClass],
) -> Result<(), Miss> {
    let Some(change) = stored.plan.changes.first() else { return Ok(()) };
    let before = stage.line.spoilt();
    match settled("locate", stage.locate(&stored.plan, &change.key).await)? {
        Ok(_) if classes.is_empty() && stage.line.spoilt() == before => Ok(()),
        Ok(found) => {
            failed(format!("locate, {what}: it says {found:?} though nothing could be read; a host would send again"))
        }
        answer if !classes.is_empty() => classed(&format!("locate, {what}"), &answer, classes),
        Err(_) => Ok(()),
    }
}
