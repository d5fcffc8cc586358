//! What must hold of applying: only what the plan says, again the same, nothing that is there already, and the truth about what
//! was refused or got lost.

use std::collections::BTreeSet;
use std::sync::Arc;

use counterfoil_domain::failure::FailureClass;
use counterfoil_domain::plan::{Action, Located, Plan};

use super::connection::settled;
use super::steps::{
    classed, needed, plain, plains, planned, receipted, sent, sound, stands_exactly, store, told_right,
};
use crate::answers::Refusal;
use crate::bench::{Bench, Miss, Told, failed, not_applicable};
use crate::exchange::{Journal, Offence};
use crate::line::{Body, Fault, Rule, Side};
use crate::stage::{Made, Stage};

fn due(plan: &Plan) -> usize {
    plan.changes.iter().filter(|change| change.action != Action::Keep).count()
}

pub(super) async fn exact(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let stored = store(&stage, plain(&stage, 0).await?).await?;
    let (keys, changes) = (stored.journal.keys(), due(&stored.plan));
    if keys.len() > changes {
        return failed(format!("the plan has {changes} changes, and {} things were written: {keys:?}", keys.len()));
    }
    if keys.is_empty() && changes > 0 {
        return failed(format!("{changes} changes are said to be stored, and nothing was written"));
    }
    for change in &stored.plan.changes {
        let found = match settled("locate", stage.locate(&stored.plan, &change.key).await)? {
            Ok(Located::Found(found)) => found,
            // What can be relied on of looking is for other checks.
            _ => continue,
        };
        let receipt = stored.receipt.changes.iter().find(|receipt| receipt.key == change.key);
        if receipt.is_some_and(|receipt| receipt.reference != found.reference) {
            return failed(format!("\"{}\" is stored as one document and found as another", change.title));
        }
    }
    stands_exactly(&stage, &stored.plan, &stored.receipt).await?;
    Ok(format!("{} writes for {changes} changes", keys.len()))
}

pub(super) async fn replay(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let stored = needed(store(&stage, plain(&stage, 0).await?).await)?;
    let (_, before) = stage.line.counts();
    let again = sent(&stage, &stored.journal, &stored.plan).await?;
    let (_, after) = stage.line.counts();
    if let Some(other) = stage.offences.of(Offence::OtherRequestUnderKnownKey).first() {
        return failed(format!("run again with its recorded answers, apply asks for {other}"));
    }
    if after != before {
        return failed(format!("run again with its recorded answers, apply writes {} more", after - before));
    }
    match again {
        Ok(again) if again == stored.receipt => Ok("the same requests, the same receipt".to_owned()),
        Ok(_) => failed("run again with its recorded answers, apply gives another receipt"),
        Err(failure) => failed(format!("run again with its recorded answers, apply fails: {failure}")),
    }
}

pub(super) async fn adopted(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let stored = needed(store(&stage, plain(&stage, 0).await?).await)?;
    let (_, before) = stage.line.counts();
    let known = stored.receipt.changes.clone();
    let journal = Journal::new("adopted");
    let answers = stage.apply(&journal, vec![(stored.plan.clone(), known)]).await;
    let again = super::steps::one("apply", answers)?;
    let (_, after) = stage.line.counts();
    if after != before {
        return failed("what is known to be stored already is written once more");
    }
    let again =
        again.map_err(|failure| Miss::Failed(format!("a plan of which all is stored already fails: {failure}")))?;
    receipted(&stored.plan, &again)?;
    Ok("nothing that is there is written again".to_owned())
}

pub(super) async fn keep(bench: &Bench) -> Told {
    let stage = bench.stage().await?;
    let made = plain(&stage, 0).await?;
    let stored = needed(store(&stage, made.clone()).await)?;
    // The same job once more: a target that looks first finds its own document there.
    let Ok(plan) = super::steps::asked(&stage, &made).await? else {
        return not_applicable("a job that is stored already is refused");
    };
    if plan.changes.is_empty() || due(&plan) > 0 {
        return not_applicable("no plan had a change of action none");
    }
    let (_, before) = stage.line.counts();
    let answer = sent(&stage, &Journal::new("keep"), &plan).await?;
    let (_, after) = stage.line.counts();
    if after > before {
        return failed("a change of action none is written");
    }
    drop(stored);
    answer.map(|_| "nothing is written for action none".to_owned()).map_err(|failure| Miss::Failed(failure.to_string()))
}

/// Three plans, of which a write of the second is refused.
pub(super) async fn partial(bench: &Bench) -> Told {
    if bench.card.batch_tasks < 3 {
        return not_applicable("its card takes fewer than three tasks in a call");
    }
    let mut apart = partly(bench, 1).await?;
    if apart.is_none() {
        // All three went in one write: that one is refused.
        apart = partly(bench, 0).await?;
    }
    apart.map_or_else(|| not_applicable("nothing was written"), Ok)
}

/// None: there was no such write to refuse.
async fn partly(bench: &Bench, skip: usize) -> Result<Option<String>, Miss> {
    let stage = bench.stage().await?;
    let made = needed(plains(&stage, 3).await)?;
    let plans = needed(plans_of(&stage, &made).await)?;
    let refusal = Fault::Says(Refusal::Rejected.answer(&bench.description));
    stage.line.put(Rule::once(Side::Writes, refusal).after(skip));
    let journal = Journal::new("partial");
    let with_none = plans.iter().map(|plan| (plan.clone(), Vec::new())).collect();
    let answers =
        stage.apply(&journal, with_none).await.map_err(|error| Miss::Failed(format!("apply of three: {error}")))?;
    stage.line.mend();
    if stage.line.counts().1 <= skip {
        return Ok(None);
    }
    let (mut stored, mut refused) = (0, 0);
    for (plan, answer) in plans.iter().zip(&answers) {
        match answer {
            Ok(receipt) => {
                receipted(plan, receipt)?;
                stands_exactly(&stage, plan, receipt).await?;
                stored += 1;
            }
            Err(failure) => {
                let classes = [FailureClass::Rejected, FailureClass::Conflict, FailureClass::NotFound];
                classed("a plan whose write was refused", answer, &classes)?;
                refused += 1;
                is_open(&stage, plan).await.map_err(|miss| told_with(miss, &failure.to_string()))?;
            }
        }
    }
    if refused == 0 {
        return failed("a write was refused, and all three plans are said to be stored");
    }
    if skip > 0 && stored == 0 {
        return failed("one refused write of three took the other plans with it");
    }
    Ok(Some(format!("{stored} stored, {refused} refused")))
}

fn told_with(miss: Miss, failure: &str) -> Miss {
    match miss {
        Miss::Failed(text) => Miss::Failed(format!("{text} ({failure})")),
        other => other,
    }
}

/// Of a plan that is said to be refused, something is not there.
async fn is_open(stage: &Stage, plan: &Plan) -> Result<(), Miss> {
    for change in plan.changes.iter().filter(|change| change.action != Action::Keep) {
        match settled("locate", stage.locate(plan, &change.key).await)? {
            Ok(Located::Found(found)) => told_right(change, &found)?,
            _ => return Ok(()),
        }
    }
    failed("a plan is said to be refused, and all of it is in the books")
}

async fn plans_of(stage: &Stage, made: &[Made]) -> Result<Vec<Plan>, Miss> {
    let jobs = made.iter().map(|made| made.job.clone()).collect();
    let answers = stage.plan(jobs).await.map_err(|error| Miss::Failed(format!("plan of three: {error}")))?;
    let mut plans = Vec::with_capacity(answers.len());
    for (made, answer) in made.iter().zip(answers) {
        let plan = answer.map_err(|failure| Miss::Failed(format!("plan of three: {failure}")))?;
        sound(&stage.card, made, &plan, &[])?;
        plans.push(plan);
    }
    let keys: Vec<_> = plans.iter().flat_map(|plan| &plan.changes).map(|change| &change.key).collect();
    let own: BTreeSet<_> = keys.iter().collect();
    if own.len() < keys.len() { failed("plans of one call share a key") } else { Ok(plans) }
}

/// The write arrived, and its answer says nothing that could be relied on.
pub(super) async fn unknown(bench: &Bench) -> Told {
    let broken = Refusal::Broken.answer(&bench.description);
    for (what, fault) in [
        ("the answer is lost", Fault::LoseAfter),
        ("it is done, and answered 500", Fault::SaysAfter(broken)),
        ("it is done, and answered with HTML", Fault::Body(Body::Html)),
        ("it is done, and the answer is cut", Fault::Body(Body::Cut)),
        ("it is done, and the answer is mistyped", Fault::Body(Body::WrongTypes)),
        ("it is done, and the answer is empty", Fault::Body(Body::Empty)),
    ] {
        let stage = bench.stage().await?;
        let plan = needed(planned(&stage, &needed(plain(&stage, 0).await)?).await)?;
        let is_lost = matches!(fault, Fault::LoseAfter | Fault::SaysAfter(_));
        stage.line.put(Rule::once(Side::Writes, fault));
        let journal: Arc<Journal> = Journal::new("unknown");
        let answer = sent(&stage, &journal, &plan).await?;
        stage.line.mend();
        match &answer {
            // What it did not need to read it could still know; then it must be true.
            Ok(receipt) if !is_lost => {
                receipted(&plan, receipt)
                    .and(stands_exactly(&stage, &plan, receipt).await)
                    .map_err(|miss| told_with(miss, what))?;
            }
            answer => classed(what, answer, &[FailureClass::UnknownOutcome])?,
        }
    }
    Ok("what is not known is said to be unknown".to_owned())
}
