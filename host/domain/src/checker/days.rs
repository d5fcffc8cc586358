//! On which days a change bills, read from the fields that people are shown: what was confirmed is what is checked.

use chrono::{Days as Count, NaiveDate};

use crate::job::Job;
use crate::plan::{Action, Change};

pub(super) const FIRST: &str = "effectiveDate";
pub(super) const LAST: &str = "cancelledDate";
/// Whether the last day is billed too; "exclusive" says that it is not.
const SETTING: &str = "cancelled_date";

/// Without a last day it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) first: NaiveDate,
    pub(super) last: Option<NaiveDate>,
}

/// What is written where a day should be.
pub(super) type NoDay = String;

/// None: its document tells no days.
pub(super) fn of(change: &Change, job: &Job) -> Result<Option<Days>, NoDay> {
    let Some(first) = day(change, FIRST)? else { return Ok(None) };
    Ok(Some(Days { first, last: last(change, job)? }))
}

/// The last day of something that goes on no longer: a change without money of its own that only sets an end.
pub(super) fn ending(change: &Change, job: &Job) -> Option<NaiveDate> {
    let only_ends = matches!(change.action, Action::Update | Action::Keep) && change.lines.is_empty();
    if only_ends { last(change, job).ok().flatten() } else { None }
}

fn last(change: &Change, job: &Job) -> Result<Option<NaiveDate>, NoDay> {
    let exclusive = job.settings.iter().any(|(name, value)| name == SETTING && value == "exclusive");
    let day = day(change, LAST)?;
    Ok(if exclusive { day.and_then(|day| day.checked_sub_days(Count::new(1))) } else { day })
}

fn day(change: &Change, name: &str) -> Result<Option<NaiveDate>, NoDay> {
    let written = change.field(name).and_then(|field| field.after.as_deref()).map(str::trim);
    let Some(written) = written.filter(|written| !written.is_empty()) else { return Ok(None) };
    read(written).map(Some).ok_or_else(|| format!("its {name} is \"{written}\", which is no day"))
}

/// A day, or its midnight; no other time of day can be meant.
pub(super) fn read(written: &str) -> Option<NaiveDate> {
    written.strip_suffix("T00:00:00Z").unwrap_or(written).parse().ok()
}
