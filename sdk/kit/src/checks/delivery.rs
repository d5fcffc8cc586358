//! What can be relied on when an answer is lost: looking for the document, at once and later, and keys that the target honours.

use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::failure::FailureClass;
use counterfoil_domain::plan::{Located, Plan};

use super::connection::settled;
use super::steps::{classed, differs, needed, plain, planned, receipted, sent, shown, store, told_right};
use crate::answers::Refusal;
use crate::bench::{Bench, Miss, Told, failed, not_applicable, skipped};
use crate::exchange::Journal;
use crate::line::{Body, Fault, Rule, Side};
use crate::stage::Stage;

/// A target that promises neither is never asked to look.
fn looks(bench: &Bench) -> Result<(), Miss> {
    match bench.card.delivery.class() {
        DeliveryClass::C => not_applicable("its card promises neither keys nor looking: a person decides"),
        DeliveryClass::A { .. } | DeliveryClass::B => Ok(()),
    }
}

/// Whether the first change that is written is there, as the target says.
async fn there(stage: &Stage, plan: &Plan, when: &str) -> Result<bool, Miss> {
    let mut found = false;
    for change in &plan.changes {
        match settled("locate", stage.locate(plan, &change.key).await)? {
            Ok(Located::Absent) => {}
            Ok(Located::Found(one)) if one.key == change.key => {
                told_right(change, &one)?;
                found = true;
            }
            Ok(Located::Found(one)) => {
                return failed(format!("{when}: \"{}\" is found as \"{}\"", change.key, one.key));
            }
            Ok(Located::Several(all)) => {
                return failed(format!(
                    "{when}: \"{}\" is found {} times, and was written once",
                    change.title,
                    all.len()
                ));
            }
            Err(failure) => return failed(format!("{when}: locate does not answer: {failure}")),
        }
    }
    Ok(found)
}

/// Applies with the first write gone wrong.
async fn lost(stage: &Stage, fault: Fault) -> Result<Plan, Miss> {
    let plan = needed(planned(stage, &needed(plain(stage, 0).await)?).await)?;
    stage.line.put(Rule::once(Side::Writes, fault));
    let answer = sent(stage, &Journal::new("lost"), &plan).await?;
    stage.line.mend();
    if stage.line.counts().1 == 0 {
        return not_applicable("nothing was written");
    }
    // Taking a lost answer for done is another check's to fail.
    if let Err(miss) = classed("apply", &answer, &[FailureClass::UnknownOutcome]) {
        let text = match miss {
            Miss::Failed(text) | Miss::Skipped(text) | Miss::NotApplicable(text) => text,
        };
        return skipped(text);
    }
    Ok(plan)
}

pub(super) async fn lost_before(bench: &Bench) -> Told {
    looks(bench)?;
    let stage = bench.stage().await?;
    let plan = lost(&stage, Fault::LoseBefore).await?;
    if there(&stage, &plan, "lost on its way").await? {
        return failed("a write that never arrived is found in the books");
    }
    Ok("absent".to_owned())
}

pub(super) async fn lost_after(bench: &Bench) -> Told {
    looks(bench)?;
    let stage = bench.stage().await?;
    let plan = lost(&stage, Fault::LoseAfter).await?;
    if !there(&stage, &plan, "answer lost").await? {
        return failed("what was written is not found: a host would write it twice");
    }
    Ok("found".to_owned())
}

pub(super) async fn late(bench: &Bench) -> Told {
    looks(bench)?;
    let stage = bench.stage().await?;
    let plan = lost(&stage, Fault::Hold).await?;
    if there(&stage, &plan, "not arrived yet").await? {
        return failed("a write that has not arrived yet is found in the books");
    }
    stage.line.remark("within the settling time of the card the write arrives");
    stage.line.release().await;
    if !there(&stage, &plan, "arrived late").await? {
        return failed("a write that arrived late is not found: a host would write it twice");
    }
    Ok("absent, then found".to_owned())
}

/// The target shows a document only a while after it was stored.
pub(super) async fn lag(bench: &Bench) -> Told {
    looks(bench)?;
    let stage = bench.stage().await?;
    let plan = needed(planned(&stage, &needed(plain(&stage, 0).await)?).await)?;
    if there(&stage, &plan, "before the write").await? {
        return failed("a document is found before it was written");
    }
    stage.line.freeze();
    let missing = Refusal::NotFound.answer(&bench.description);
    stage.line.put(Rule::always(Side::Reads, Fault::Stale(missing)));
    let answer = sent(&stage, &Journal::new("lag"), &plan).await?;
    // An apply that reads back what it wrote cannot know here; saying so is right.
    let receipt = match answer {
        Ok(receipt) => receipt,
        Err(failure) if failure.class == FailureClass::UnknownOutcome => {
            return not_applicable("apply reads back what it writes, and says that it does not know");
        }
        Err(failure) => return failed(format!("apply, while reads lag: {failure}")),
    };
    receipted(&plan, &receipt)?;
    for change in &plan.changes {
        let looked = settled("locate", stage.locate(&plan, &change.key).await)?;
        if let Ok(Located::Several(_)) = looked {
            return failed("locate finds several while reads lag");
        }
    }
    // A document that is not shown yet is a failure or a difference, never a trap and never taken from the receipt.
    let seen = shown(&stage, &receipt).await?;
    if seen.is_ok_and(|seen| differs(&plan, &receipt, &seen).is_none()) {
        return failed("observe shows a document that the target does not show yet");
    }
    stage.line.mend();
    if !there(&stage, &plan, "after the lag").await? {
        return failed("what was written is not found after the lag");
    }
    super::steps::stands_exactly(&stage, &plan, &receipt).await?;
    Ok("shown when the target shows it".to_owned())
}

pub(super) async fn repeats(bench: &Bench) -> Told {
    looks(bench)?;
    let stage = bench.stage().await?;
    let stored = needed(store(&stage, needed(plain(&stage, 0).await)?).await)?;
    // Another document beside it, so that there is something to mistake it for.
    needed(store(&stage, needed(plain(&stage, 1).await)?).await)?;
    stage.line.put(Rule::always(Side::Reads, Fault::Body(Body::Repeated)).of_lists());
    if !there(&stage, &stored.plan, "pages overlap").await? {
        return failed("when pages overlap and come in another order the document is not found");
    }
    Ok("found once, however often it is listed".to_owned())
}

/// The same key again, as a host sends it for a lost answer.
pub(super) async fn idempotency(bench: &Bench) -> Told {
    let DeliveryClass::A { .. } = bench.card.delivery.class() else {
        return not_applicable("its card promises no idempotency key");
    };
    let stage = bench.stage().await?;
    let stored = needed(store(&stage, needed(plain(&stage, 0).await)?).await)?;
    let before = stage.line.state().await;
    stage.line.remark("the same write under the same idempotency key, as after a lost answer");
    let again = sent(&stage, &Journal::new(&format!("batch-{}", stored.made.order.number)), &stored.plan).await?;
    let after = stage.line.state().await;
    let again = again.map_err(|failure| Miss::Failed(format!("the same write under the same key fails: {failure}")))?;
    let references = |receipt: &counterfoil_domain::plan::Receipt| -> Vec<String> {
        receipt.changes.iter().map(|change| change.reference.to_string()).collect()
    };
    if references(&again) != references(&stored.receipt) {
        return failed(format!(
            "the same write under the same key makes another document: {:?} and {:?}",
            references(&stored.receipt),
            references(&again)
        ));
    }
    if before != after {
        return failed("the same write under the same key changes the books once more");
    }
    lost_and_again(bench).await?;
    Ok("one document".to_owned())
}

/// The answer is lost, and the same goes out again under its key, as a host does it within the key's lifetime.
async fn lost_and_again(bench: &Bench) -> Result<(), Miss> {
    let stage = bench.stage().await?;
    let plan = needed(planned(&stage, &needed(plain(&stage, 0).await)?).await)?;
    let journal = Journal::sending_again("again");
    stage.line.put(Rule::once(Side::Writes, Fault::LoseAfter));
    let first = sent(&stage, &journal, &plan).await?;
    stage.line.mend();
    if first.is_ok() {
        return skipped("a lost answer is taken for done");
    }
    let again = sent(&stage, &journal, &plan).await?;
    let again =
        again.map_err(|failure| Miss::Failed(format!("sent again under its key after a lost answer: {failure}")))?;
    receipted(&plan, &again)?;
    super::steps::stands_exactly(&stage, &plan, &again).await?;
    for change in &plan.changes {
        // Not being found is for other checks; being there twice is what a key is against.
        if let Ok(Located::Several(all)) = settled("locate", stage.locate(&plan, &change.key).await)? {
            return failed(format!("sent again under its key after a lost answer, it stands {} times", all.len()));
        }
    }
    Ok(())
}
