//! Which runs billed what stands, since the former statement was written.
//!
//! Owns that arithmetic. One run since then billed the former statement: nothing more to do. None: its money would be lost
//! when the line is overwritten. Two or more: those after the first billed it again, without a statement.

use counterfoil_sdk::{Date, Decimal, Money};

use super::former::Former;
use super::outline::Outline;
use crate::wire::{Line, Schedule};

/// What the checker asks a person about.
pub(crate) const UNCLEAR: &str = "run-unclear";

/// Runs since what stands was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    /// None: the former statement is not billed yet.
    Unbilled,
    /// One, or nothing was there to be billed.
    Billed,
    /// One, and so many more.
    Extra(u32),
}

/// Something that a person should know: a code and the text.
pub(crate) type Warning = (&'static str, String);

/// What happened to a key's line since the former statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Timing {
    pub(crate) runs: Runs,
    pub(crate) warnings: Vec<Warning>,
}

/// What is known of one key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) schedule: &'a Schedule,
    pub(crate) former: Option<&'a Former>,
    pub(crate) standing: Option<&'a Line>,
    /// A part of this very task was written before.
    pub(crate) was_begun: bool,
}

impl Timing {
    fn of_runs(runs: Runs) -> Self {
        Self { runs, warnings: Vec::new() }
    }

    fn unclear(text: String) -> Self {
        Self { runs: Runs::Billed, warnings: vec![(UNCLEAR, text)] }
    }

    /// Reads it from the days of the next run, then and now.
    pub(crate) fn of(seen: Seen<'_>, outline: &Outline<'_>) -> Self {
        let money = |amount: Decimal| Money::new(amount, outline.job.order.currency);
        let called = seen.schedule.called();
        let Some(former) = seen.former else {
            return match seen.standing.filter(|line| !line.amount().is_zero()) {
                Some(line) if !seen.was_begun => Self::unclear(format!(
                    "Line {} of {called} stands at {} with our mark, and no statement is known that it was written for: whether that was billed cannot be told. If it was not, bill it by hand.",
                    line.called(),
                    money(line.amount())
                )),
                _ => Self::of_runs(Runs::Billed),
            };
        };
        let counted = match (former.next_run, seen.schedule.next_run) {
            (Some(then), Some(now)) if then == now => Some(0),
            (Some(then), Some(now)) => seen.schedule.every().and_then(|every| every.runs(then, now)),
            _ => None,
        };
        let mut timing = match counted {
            Some(0) => Self::of_runs(Runs::Unbilled),
            Some(1) => Self::of_runs(Runs::Billed),
            Some(more) => Self::of_runs(Runs::Extra(more - 1)),
            None => Self::unclear(moved(&called, former.next_run, seen.schedule.next_run)),
        };
        let left = former.amount().filter(|amount| !amount.is_zero());
        if timing.runs == Runs::Unbilled
            && seen.standing.is_none()
            && let Some(left) = left
        {
            timing.warnings.push((
                UNCLEAR,
                format!("Line {} is not in {called} any more, and no run has billed the former statement's {} of it. Bill that by hand, or accept that it is not billed.", former.line, money(left)),
            ));
        }
        if counted.is_some_and(|runs| runs > 0) && seen.was_begun {
            timing.warnings.push((
                UNCLEAR,
                format!("A part of this statement was written to {called} before a run that has happened since: what that run billed of it, this plan cannot tell. Look at the invoice of that run before you accept."),
            ));
        }
        if let Some((line, left)) = seen.standing.zip(left).filter(|(line, left)| line.amount() != *left)
            && !seen.was_begun
        {
            timing.warnings.push((
                "line-changed",
                format!("Line {} of {called} stands at {}, and was written with {}: somebody changed it. What stands counts for what was billed.", line.called(), money(line.amount()), money(left)),
            ));
        }
        timing
    }
}

fn moved(called: &str, then: Option<Date>, now: Option<Date>) -> String {
    let day = |day: Option<Date>| day.map_or_else(|| "no day".to_owned(), |day| day.to_string());
    format!(
        "The next run of {called} was {} when the former statement was written and is {} now, which is no whole number of its periods: whether it was billed cannot be told. Look at its last invoices; correct by hand what was billed twice or never.",
        day(then),
        day(now)
    )
}

/// What the recurring invoice itself makes people look at.
pub(crate) fn of_schedule(schedule: &Schedule, today: Date, zone: &str) -> Vec<Warning> {
    let called = schedule.called();
    let mut all = Vec::new();
    let at = if zone.trim().is_empty() { "06:00".to_owned() } else { format!("06:00 {}", zone.trim()) };
    match schedule.next_run {
        None => all.push((UNCLEAR, format!("{called} has no next run, so nothing that is put into it is billed until it gets one."))),
        Some(day) if day == today => all.push((
            "run-today",
            format!("{called} runs today ({day}, {at}). What is written before that is billed today; if it runs before this is sent, the plan is refused and made anew."),
        )),
        Some(day) if day < today && !schedule.is_paused => all.push((
            UNCLEAR,
            format!("{called} should have run on {day} and has not moved on since: it may run at any moment, or not at all. Look at it in Syncro before you accept."),
        )),
        Some(_) => {}
    }
    if schedule.is_paused {
        all.push((
            "schedule-paused",
            format!("{called} is paused: nothing that is put into it is billed until somebody goes on with it."),
        ));
    }
    let run = schedule.next_run.map(|day| format!(" on {day}")).unwrap_or_default();
    if schedule.charges {
        all.push((
            "schedule-charges",
            format!("{called} charges the customer's card by itself{run}: a wrong line is paid before anybody saw it."),
        ));
    }
    if schedule.emails {
        all.push(("schedule-emails", format!("{called} is e-mailed to the customer by itself{run}.")));
    }
    all
}
