//! Looking for what a lost write would have made.
//!
//! Owns the answer found, absent or several. A new addition is looked for among all of its agreement, ended ones too, by its
//! exact marker, and without one among what is alike and newer than the plan; a change by what the addition is now. An addition that is neither as before nor as it should be is no proof
//! of anything: a person looks.

use counterfoil_sdk::{Change, Failure, Located, Plan, Remote};

use super::apply::{self, made};
use super::payload::{Act, Payload, State, Write};
use super::requests;
use super::stored::Addition;

/// Newer than the plan, without any marker of ours, and billing the same.
fn is_alike(write: &Write, addition: &Addition) -> bool {
    let is_new = write.newest.is_none_or(|newest| addition.id > newest);
    is_new && addition.marker().is_none() && write.after.differs(&State::of(addition)).is_none()
}

fn unmarked(change: &Change, addition: &Addition) -> Failure {
    Failure::conflict(
        "connectwise-marker-missing",
        format!(
            "\"{}\" may be addition {}: it came since and bills the same, but it has no marker, so it may be somebody else's. Nothing is sent again. Look at it in ConnectWise, then adopt it or say that it is not this one; and choose another place for markers in the connection's settings.",
            change.title,
            addition.called()
        ),
    )
    .with("reference", addition.reference())
}

/// Looks for the effect of one change.
pub(crate) fn locate(remote: &mut dyn Remote, plan: &Plan, change_key: &str) -> Result<Located, Failure> {
    let payload = Payload::of(plan)?;
    let (change, write) = plan.change(change_key).zip(payload.write(change_key)).ok_or_else(|| {
        Failure::internal("connectwise-change-unknown", format!("The plan has no change {change_key}."))
    })?;
    match &write.act {
        Act::Keep(addition) => Ok(Located::Found(apply::receipt(change, write, *addition))),
        Act::Create(_) => {
            let marked = |addition: &Addition| addition.marker().map(|marker| marker.to_string());
            let all = requests::list(remote, write.agreement)?;
            let ours: Vec<&Addition> = all.iter().filter(|addition| marked(addition) == write.after.marker).collect();
            let receipts = |found: &[&Addition]| found.iter().map(|addition| made(change, write, addition)).collect();
            // ConnectWise may not have kept the marker: what came since, has none and bills the same may be it, or a
            // person's or another order's. A second one would bill twice, so nobody decides that here.
            let alike = || all.iter().filter(|addition| is_alike(write, addition)).collect::<Vec<_>>();
            Ok(match ours.as_slice() {
                [] => match alike().as_slice() {
                    [] => Located::Absent,
                    [one] => return Err(unmarked(change, one)),
                    alike => Located::Several(receipts(alike)),
                },
                [one] => Located::Found(made(change, write, one)),
                several => Located::Several(receipts(several)),
            })
        }
        Act::Change { addition, before, .. } => {
            let Some(now) = requests::get(remote, write.agreement, *addition)? else {
                return Err(apply::moved(change, *addition, "it is not in ConnectWise any more"));
            };
            let now = State::of(&now);
            match (write.after.differs(&now), before.differs(&now)) {
                (None, _) => Ok(Located::Found(apply::receipt(change, write, *addition))),
                (Some(_), None) => Ok(Located::Absent),
                (Some(_), Some(how)) => Err(apply::moved(change, *addition, &how)),
            }
        }
    }
}
