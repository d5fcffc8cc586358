//! Plans: which lines each job makes, changes and ends.
//!
//! Owns the order of work: what the jobs rest on is read once for all of them, and money that would be lost is moved before
//! a line is overwritten. Reads only.

use counterfoil_sdk::{Change, Failure, Job, Omission, Plan, Remote, json};

use super::desk::{Desk, Pair, Step};
use super::former::{self, Former};
use super::ground::Ground;
use super::outline::{self, Outline};
use super::payload::{Payload, Write};
use super::{invoice, recurring, timing};
use crate::wire::{Id, Schedule};

/// Proposes for each job, in order.
pub(crate) fn plan(remote: &mut dyn Remote, jobs: &[Job]) -> Vec<Result<Plan, Failure>> {
    let outlines: Vec<Result<Outline<'_>, Failure>> = jobs.iter().map(Outline::of).collect();
    let good: Vec<&Outline<'_>> = outlines.iter().filter_map(|outline| outline.as_ref().ok()).collect();
    let ground = Ground::read(remote, &good);
    let mut one = |outline: &Result<Outline<'_>, Failure>| {
        let outline = outline.as_ref().map_err(Clone::clone)?;
        let ground = ground.as_ref().map_err(Clone::clone)?;
        ground.locale.allows(outline.settings.currency)?;
        match outline.schedule {
            Some(schedule) => on_schedule(ground, outline, schedule),
            None => invoice::plan(remote, ground, outline),
        }
    };
    outlines.iter().map(&mut one).collect()
}

fn on_schedule(ground: &Ground, outline: &Outline<'_>, schedule: Id) -> Result<Plan, Failure> {
    let schedule = ground.schedule(schedule)?;
    fits(outline, schedule)?;
    let formers = former::all(outline.job);
    moved(ground, outline, schedule, &formers)?;
    let here: Vec<Former> =
        formers.into_iter().filter(|former| former.schedule.is_none_or(|id| id == schedule.id)).collect();
    let desk = Desk { outline, ground, schedule, formers: &here };
    let mut drawn = Drawn::default();
    let mut once = Vec::new();
    for line in &outline.job.order.lines {
        match outline::recurs(line)? {
            Some(recurs) => drawn.add(desk.recurring(line, recurs)?),
            None => once.push(desk.one_time(line)?),
        }
    }
    once.into_iter().for_each(|step| drawn.add(step));
    if let Some((first, _)) = drawn.pairs.first_mut() {
        let warnings = timing::of_schedule(schedule, outline.job.today, &ground.locale.zone);
        recurring::warn(&mut first.attributes, &warnings);
    }
    drawn.into_plan(outline.job)
}

/// What the lines of a job came to.
#[derive(Debug, Default)]
pub(crate) struct Drawn {
    pub(crate) pairs: Vec<Pair>,
    pub(crate) left_out: Vec<Omission>,
}

impl Drawn {
    pub(crate) fn add(&mut self, step: Step) {
        self.pairs.extend(step.pairs);
        self.left_out.extend(step.left_out);
    }

    pub(crate) fn into_plan(self, job: &Job) -> Result<Plan, Failure> {
        let (changes, writes): (Vec<Change>, Vec<Write>) = self.pairs.into_iter().unzip();
        Ok(Plan {
            job: job.id.clone(),
            changes,
            left_out: self.left_out,
            payload: json::bytes(&Payload { writes })?,
            ..Plan::default()
        })
    }
}

/// The recurring invoice is the customer's own.
fn fits(outline: &Outline<'_>, schedule: &Schedule) -> Result<(), Failure> {
    match schedule.customer {
        Some(customer) if customer != outline.party => Err(Failure::rejected(
            "syncro-schedule-of-another",
            format!(
                "{} is customer {customer}'s, and {} is linked to customer {}: somebody else would be billed. Nothing was written. Link it to one of this customer's.",
                schedule.called(),
                outline.job.order.customer_name,
                outline.party
            ),
        )),
        _ => Ok(()),
    }
}

/// Lines that recur in a recurring invoice that is not linked any more would go on being billed there.
fn moved(ground: &Ground, outline: &Outline<'_>, schedule: &Schedule, formers: &[Former]) -> Result<(), Failure> {
    for former in formers {
        let Some(other) = former.schedule.filter(|id| *id != schedule.id) else { continue };
        let Some(other) = ground.maybe_schedule(other)? else { continue };
        let Some(line) = other.line(former.line).filter(|line| !line.amount().is_zero() && !line.is_once) else {
            continue;
        };
        let amount = counterfoil_sdk::Money::new(line.amount(), outline.job.order.currency);
        return Err(Failure::conflict(
            "syncro-former-schedule",
            format!(
                "Line {} of {} ({}) still bills {amount} of what goes into {} now: the customer would be billed twice. Nothing was written. Once that line has billed the former statement set its quantity to 0 there, or link back to {}; then plan the task again.",
                line.called(),
                other.called(),
                other.id,
                schedule.called(),
                other.called()
            ),
        )
        .with("reference", line.id.to_string()));
    }
    Ok(())
}
