//! Writing lines of recurring invoices.
//!
//! Owns the look before a line is written and the one after it, which is also the look before the next: a 200 may mean that
//! nothing was changed. A recurring invoice that ran since the plan was confirmed is left alone.

use std::collections::BTreeMap;

use counterfoil_sdk::serde_json::value::RawValue;
use counterfoil_sdk::{Change, ChangeReceipt, Failure, Remote, Request};

use super::mark::Mark;
use super::payload::{Act, State, Write};
use super::receipts::{made, receipt};
use crate::errors;
use crate::wire::{Body, Id, Line, Schedule};
use crate::{ask, containers};

/// Recurring invoices as they were last read, while one plan is applied.
#[derive(Debug, Default)]
pub(crate) struct Book(BTreeMap<Id, Schedule>);

type Doing<'a> = (&'a Change, &'a Write);

impl Book {
    /// Makes one change.
    pub(crate) fn write(
        &mut self,
        remote: &mut dyn Remote,
        doing: Doing<'_>,
        (id, next_run): (Id, Option<&str>),
    ) -> Result<ChangeReceipt, Failure> {
        let (change, write) = doing;
        let schedule = self.open(remote, id)?;
        stands_still(schedule, next_run, change)?;
        match &write.act {
            Act::Keep(line) => {
                let line = schedule.line(*line).ok_or_else(|| gone(change, *line))?;
                match write.after.as_ref().and_then(|after| after.differs(&State::of(line))) {
                    None => Ok(receipt(change, write, line.id)),
                    Some(how) => Err(moved(change, line.id, &how)),
                }
            }
            Act::Create { body, mark, .. } => {
                if let Some(line) = mark.as_ref().map(|mark| marked(schedule, mark, change)).transpose()?.flatten() {
                    return adopt(doing, schedule, line);
                }
                self.create(remote, doing, (id, next_run), body)
            }
            Act::Change { line, before, body } => {
                let now = State::of(schedule.line(*line).ok_or_else(|| gone(change, *line))?);
                if !needed(doing, *line, (&now, before))? {
                    return Ok(receipt(change, write, *line));
                }
                let request = Request::put("update-line", format!("/schedules/{id}/line_items/{line}"));
                self.change(remote, doing, (id, next_run), (*line, before, request.json(body)?))
            }
            Act::Remove { line, before } => {
                let Some(now) = schedule.line(*line) else { return Ok(receipt(change, write, *line)) };
                if let Some(how) = before.differs(&State::of(now)) {
                    return Err(moved(change, *line, &how));
                }
                let mut body = Body::default();
                body.set("line_item_id", line)?;
                let request = Request::post("remove-line", format!("/schedules/{id}/remove_line_item"));
                self.remove(remote, doing, (id, next_run), (*line, request.json(&body)?))
            }
        }
    }

    fn open(&mut self, remote: &mut dyn Remote, id: Id) -> Result<&Schedule, Failure> {
        if !self.0.contains_key(&id) {
            self.read(remote, id)?;
        }
        self.0.get(&id).ok_or_else(|| Failure::internal("syncro-book", format!("Recurring invoice {id} was not read.")))
    }

    fn read(&mut self, remote: &mut dyn Remote, id: Id) -> Result<(), Failure> {
        let schedule = containers::read(remote, id)?.ok_or_else(|| {
            Failure::conflict(
                "syncro-schedule-gone",
                format!("The recurring invoice {id} is not in Syncro any more. Nothing was sent. Link to another one, then plan the task again."),
            )
        })?;
        self.0.insert(id, schedule);
        Ok(())
    }

    /// After a write: what cannot be seen is not known.
    fn again(
        &mut self,
        remote: &mut dyn Remote,
        doing: Doing<'_>,
        (id, next_run): (Id, Option<&str>),
    ) -> Result<&Schedule, Failure> {
        let what = format!("\"{}\"", doing.0.title);
        self.0.remove(&id);
        self.read(remote, id)
            .map_err(|failure| errors::unconfirmed(&what, &format!("reading it back failed ({})", failure.message)))?;
        let schedule = self.open(remote, id)?;
        if day(schedule).as_deref() != next_run {
            return Err(ran_meanwhile(schedule, doing.0, next_run));
        }
        Ok(schedule)
    }

    fn create(
        &mut self,
        remote: &mut dyn Remote,
        doing: Doing<'_>,
        place: (Id, Option<&str>),
        body: &RawValue,
    ) -> Result<ChangeReceipt, Failure> {
        let (change, write) = doing;
        let what = format!("\"{}\"", change.title);
        let request = Request::post("add-line", format!("/schedules/{}/add_line_item", place.0)).json(&body)?;
        let answer = ask::write(remote, &change.key, request, "schedule_line_item", &what)?;
        let id = answer.id("id").ok_or_else(|| errors::unconfirmed(&what, "its answer names no line"))?;
        let schedule = self.again(remote, doing, place)?;
        let line =
            schedule.line(id).ok_or_else(|| errors::unconfirmed(&what, &format!("does not show line {id} yet")))?;
        let mut receipt = made(change, write, line.id, &State::of(line));
        if let Act::Create { mark: Some(mark), .. } = &write.act
            && !mark.is_on(&line.description)
        {
            receipt.attributes.set(
                "warning",
                "Syncro did not keep the line's mark, so it could not be found again after a lost answer. It is known by its id alone.",
            );
        }
        Ok(receipt)
    }

    fn change(
        &mut self,
        remote: &mut dyn Remote,
        doing: Doing<'_>,
        place: (Id, Option<&str>),
        (id, before, request): (Id, &State, Request),
    ) -> Result<ChangeReceipt, Failure> {
        let (change, write) = doing;
        let what = format!("\"{}\"", change.title);
        ask::send(remote, &change.key, request, &what)?;
        let schedule = self.again(remote, doing, place)?;
        let now = schedule.line(id).map(State::of);
        let now = now.ok_or_else(|| errors::unconfirmed(&what, &format!("does not show line {id} any more")))?;
        match (write.after.as_ref().and_then(|after| after.differs(&now)), before.differs(&now)) {
            (None, _) => Ok(receipt(change, write, id)),
            (Some(_), None) => Err(nothing_changed(change, id)),
            (Some(how), Some(_)) => Err(errors::unconfirmed(&what, &format!("shows line {id} with {how}"))),
        }
    }

    fn remove(
        &mut self,
        remote: &mut dyn Remote,
        doing: Doing<'_>,
        place: (Id, Option<&str>),
        (id, request): (Id, Request),
    ) -> Result<ChangeReceipt, Failure> {
        let (change, write) = doing;
        ask::send(remote, &change.key, request, &format!("\"{}\"", change.title))?;
        match self.again(remote, doing, place)?.line(id) {
            None => Ok(receipt(change, write, id)),
            Some(_) => Err(nothing_changed(change, id)),
        }
    }
}

/// Whether it is still to be changed: not where it is as it should be, after a lost answer or an earlier try.
fn needed((change, write): Doing<'_>, line: Id, (now, before): (&State, &State)) -> Result<bool, Failure> {
    let is_as_before = before.differs(now);
    let is_done = write.after.as_ref().and_then(|after| after.differs(now)).is_none();
    match (is_done, is_as_before) {
        // Only its text is to be changed, or the answer was lost: writing it again changes nothing more.
        (true, None) => Ok(true),
        (true, Some(_)) => Ok(false),
        (false, None) => Ok(true),
        (false, Some(how)) => Err(moved(change, line, &how)),
    }
}

/// The one line with a mark.
pub(crate) fn marked<'a>(schedule: &'a Schedule, mark: &Mark, change: &Change) -> Result<Option<&'a Line>, Failure> {
    let found: Vec<&Line> = schedule.lines.iter().filter(|line| mark.is_on(&line.description)).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => {
            let all: Vec<String> = several.iter().map(|line| line.called()).collect();
            Err(Failure::conflict(
                "syncro-line-several",
                format!(
                    "\"{}\" is in {} {} times: {}. Each is billed. Nothing more was sent; remove all but one in Syncro, then plan the task again.",
                    change.title,
                    schedule.called(),
                    all.len(),
                    all.join(", ")
                ),
            ))
        }
    }
}

/// It is there already: an earlier answer was lost.
fn adopt((change, write): Doing<'_>, schedule: &Schedule, line: &Line) -> Result<ChangeReceipt, Failure> {
    let now = State::of(line);
    match write.after.as_ref().and_then(|after| after.differs(&now)) {
        None => Ok(made(change, write, line.id, &now)),
        Some(how) => Err(super::desk::differs(line, schedule, &how)),
    }
}

fn day(schedule: &Schedule) -> Option<String> {
    schedule.next_run.map(|day| day.to_string())
}

/// The plan counted runs up to this day. Another one makes its arithmetic wrong.
fn stands_still(schedule: &Schedule, next_run: Option<&str>, change: &Change) -> Result<(), Failure> {
    let now = day(schedule);
    if now.as_deref() == next_run {
        return Ok(());
    }
    let shown = |day: Option<&str>| day.unwrap_or("no day").to_owned();
    Err(Failure::conflict(
        "syncro-ran",
        format!(
            "\"{}\": the next run of {} was {} when this was confirmed and is {} now. Nothing was sent for it. Plan the task again: what it bills depends on which run comes next.",
            change.title,
            schedule.called(),
            shown(next_run),
            shown(now.as_deref())
        ),
    ))
}

fn ran_meanwhile(schedule: &Schedule, change: &Change, next_run: Option<&str>) -> Failure {
    Failure::conflict(
        "syncro-ran-meanwhile",
        format!(
            "\"{}\" was written while {} ran (its next run was {}): whether that run billed the line before or after it cannot be told. Look at the invoice of that run; nothing more was sent. Plan the task again, and correct by hand what was billed twice or never.",
            change.title,
            schedule.called(),
            next_run.unwrap_or("no day")
        ),
    )
}

pub(crate) fn gone(change: &Change, line: Id) -> Failure {
    Failure::conflict(
        "syncro-line-gone",
        format!(
            "\"{}\": line {line} is not in Syncro any more. Nothing was sent for it. Plan the task again.",
            change.title
        ),
    )
    .with("reference", line.to_string())
}

pub(crate) fn moved(change: &Change, line: Id, how: &str) -> Failure {
    Failure::conflict(
        "syncro-line-changed",
        format!(
            "\"{}\": line {line} is not what it was when this was confirmed: {how}. Nothing was sent for it. Plan the task again.",
            change.title
        ),
    )
    .with("reference", line.to_string())
}

fn nothing_changed(change: &Change, line: Id) -> Failure {
    Failure::rejected(
        "syncro-nothing-changed",
        format!("\"{}\": Syncro said that it changed line {line}, and changed nothing. Correct it there by hand, or ask Syncro why.", change.title),
    )
    .with("reference", line.to_string())
}
