//! Looking for what a lost write would have made.
//!
//! Owns the answer found, absent or several. A one-time line is gone from a recurring invoice once a run has billed it, so
//! after a run "not there" proves nothing: a person looks at the invoice.

use counterfoil_sdk::{Change, Failure, Located, Plan, Remote};

use super::payload::{Act, Payload, Place, State, Write};
use super::receipts::{made, receipt};
use super::writing::{gone, moved};
use super::{billing, kind};
use crate::containers;
use crate::wire::{Id, Line, Schedule};

/// Looks for the effect of one change.
pub(crate) fn locate(remote: &mut dyn Remote, plan: &Plan, change_key: &str) -> Result<Located, Failure> {
    let payload = Payload::of(plan)?;
    let (change, write) = plan.change(change_key).zip(payload.write(change_key)).ok_or_else(|| {
        let shown = counterfoil_sdk::text::clip(change_key, 60);
        Failure::internal("syncro-change-unknown", format!("The plan has no change {shown}."))
    })?;
    match &write.place {
        Place::Invoice { number, customer } => billing::locate(remote, (change, write), (number, *customer)),
        Place::Schedule { id, next_run } => {
            let schedule = containers::read(remote, *id)?.ok_or_else(|| {
                let text = format!("\"{}\": the recurring invoice {id} is not in Syncro any more, so nobody can tell whether it was written.", change.title);
                Failure::conflict("syncro-schedule-gone", text)
            })?;
            in_schedule((change, write), &schedule, next_run.as_deref())
        }
    }
}

fn in_schedule(
    (change, write): (&Change, &Write),
    schedule: &Schedule,
    next_run: Option<&str>,
) -> Result<Located, Failure> {
    match &write.act {
        Act::Keep(line) => Ok(Located::Found(receipt(change, write, *line))),
        Act::Create { mark, newest, .. } => {
            let ours: Vec<&Line> = match mark {
                Some(mark) => schedule.lines.iter().filter(|line| mark.is_on(&line.description)).collect(),
                None => Vec::new(),
            };
            let receipts =
                |all: &[&Line]| all.iter().map(|line| made(change, write, line.id, &State::of(line))).collect();
            match ours.as_slice() {
                [one] => Ok(Located::Found(made(change, write, one.id, &State::of(one)))),
                [] => {
                    let alike: Vec<&Line> =
                        schedule.lines.iter().filter(|line| is_alike(write, line, *newest)).collect();
                    match alike.as_slice() {
                        [] if has_run(schedule, next_run) && change.document == kind::ONCE => {
                            Err(may_be_billed(change, schedule))
                        }
                        [] => Ok(Located::Absent),
                        [one] => Err(unmarked(change, one)),
                        several => Ok(Located::Several(receipts(several))),
                    }
                }
                several => Ok(Located::Several(receipts(several))),
            }
        }
        Act::Change { line, before, .. } => {
            let now = State::of(schedule.line(*line).ok_or_else(|| gone(change, *line))?);
            let after = write.after.as_ref().and_then(|after| after.differs(&now));
            match (after, before.differs(&now)) {
                (None, _) => Ok(Located::Found(receipt(change, write, *line))),
                (Some(_), None) => Ok(Located::Absent),
                (Some(_), Some(how)) => Err(moved(change, *line, &how)),
            }
        }
        Act::Remove { line, before } => match schedule.line(*line).map(State::of) {
            None => Ok(Located::Found(receipt(change, write, *line))),
            Some(now) => match before.differs(&now) {
                None => Ok(Located::Absent),
                Some(how) => Err(moved(change, *line, &how)),
            },
        },
    }
}

fn has_run(schedule: &Schedule, next_run: Option<&str>) -> bool {
    schedule.next_run.map(|day| day.to_string()).as_deref() != next_run
}

/// Newer than the plan, without any mark of ours, and billing the same.
fn is_alike(write: &Write, line: &Line, newest: Option<Id>) -> bool {
    let is_new = newest.is_none_or(|newest| line.id > newest);
    let bills_alike = write.after.as_ref().is_some_and(|after| after.differs(&State::of(line)).is_none());
    is_new && !line.is_counter && !line.description.contains("[cf:") && bills_alike
}

fn may_be_billed(change: &Change, schedule: &Schedule) -> Failure {
    Failure::conflict(
        "syncro-ran",
        format!(
            "\"{}\" is not in {}, and that has run since: it was billed and is gone, or it was never written. Nothing is sent again. Look at the invoice of that run, then say which it was.",
            change.title,
            schedule.called()
        ),
    )
}

fn unmarked(change: &Change, line: &Line) -> Failure {
    Failure::conflict(
        "syncro-mark-missing",
        format!(
            "\"{}\" may be line {}: it came since and bills the same, but it has no mark, so it may be somebody else's. Nothing is sent again. Look at it in Syncro, then adopt it or say that it is not this one.",
            change.title,
            line.called()
        ),
    )
    .with("reference", line.id.to_string())
}
