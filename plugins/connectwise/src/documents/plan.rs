//! Plans: which additions each job makes, changes and ends.
//!
//! Owns the order of work: what the jobs rest on is read once for all of them, each order is placed, and what an earlier try
//! left behind is found by its marker and kept. Reads only.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_sdk::{Change, Failure, Job, Link, Plan, Remote, json};

use super::agreement::Agreement;
use super::desk::Desk;
use super::draft::{Draft, New};
use super::former::{self, Chosen};
use super::marker::{Marker, Tag};
use super::payload::{Payload, State, Write};
use super::placing::place;
use super::requests;
use super::settings::Settings;
use super::stored::Addition;
use crate::agreements;
use crate::wire::Id;

/// The document's field that names an agreement of its own for prorated amounts.
const SEPARATE: &str = "proration_agreement";

/// What of a job does not need a look at ConnectWise.
struct Outline<'a> {
    job: &'a Job,
    settings: Settings<'a>,
    tag: Tag,
    chosen: Chosen,
    link: &'a Link,
    agreement: Id,
    separate: Option<Id>,
}

/// What was read for all jobs of a call.
#[derive(Default)]
struct Ground {
    agreements: BTreeMap<Id, Agreement>,
    additions: BTreeMap<Id, Result<Vec<Addition>, Failure>>,
}

/// Proposes for each job, in order.
pub(crate) fn plan(remote: &mut dyn Remote, jobs: &[Job]) -> Vec<Result<Plan, Failure>> {
    let outlines: Vec<Result<Outline<'_>, Failure>> = jobs.iter().map(Outline::of).collect();
    let good: Vec<&Outline<'_>> = outlines.iter().filter_map(|outline| outline.as_ref().ok()).collect();
    let ground = Ground::read(remote, &good);
    let one = |outline: &Result<Outline<'_>, Failure>| {
        let outline = outline.as_ref().map_err(Clone::clone)?;
        propose(ground.as_ref().map_err(Clone::clone)?, outline)
    };
    outlines.iter().map(one).collect()
}

impl<'a> Outline<'a> {
    fn of(job: &'a Job) -> Result<Self, Failure> {
        let order = &job.order;
        let link = job.link("container", &order.subscription_id).or_else(|| {
            let mut all = job.links.iter().filter(|link| link.kind == "container");
            all.next().filter(|_| all.next().is_none())
        });
        let link = link.ok_or_else(|| {
            Failure::rejected(
                "connectwise-no-agreement",
                format!(
                    "The subscription \"{}\" of {} is linked to no agreement. Nothing was written. Link it to one.",
                    order.subscription_name, order.number
                ),
            )
        })?;
        let chosen = Chosen::of(job).map_err(|text| wrong(former::FIELD, &text, "ids of additions, or \"none\""))?;
        let separate = job.adjusted("", SEPARATE).map(str::trim).filter(|text| !text.is_empty());
        let separate = separate
            .map(|text| Id::parse(text).ok_or_else(|| wrong(SEPARATE, text, "the id of an agreement")))
            .transpose()?;
        let agreement =
            Id::parse(&link.target_id).ok_or_else(|| wrong("agreement", &link.target_id, "the id of one"))?;
        Ok(Self {
            job,
            settings: Settings::read(&job.settings)?,
            tag: Tag::of(job)?,
            chosen,
            link,
            agreement,
            separate: separate.filter(|separate| *separate != agreement),
        })
    }
}

fn wrong(field: &str, value: &str, allowed: &str) -> Failure {
    let shown = counterfoil_sdk::text::clip(value, 40);
    Failure::rejected(
        "connectwise-adjustment",
        format!("The task's {field} is \"{shown}\"; it takes {allowed}. Nothing was written. Correct it on the task."),
    )
}

impl Ground {
    fn read(remote: &mut dyn Remote, outlines: &[&Outline<'_>]) -> Result<Self, Failure> {
        let mut ground = Self::default();
        let mut unknown = BTreeSet::new();
        for outline in outlines {
            if Agreement::is_told(outline.link) {
                ground.agreements.insert(outline.agreement, Agreement::of_link(outline.link)?);
            } else {
                unknown.insert(outline.agreement);
            }
            unknown.extend(outline.separate);
        }
        unknown.retain(|id| !ground.agreements.contains_key(id));
        if !unknown.is_empty() {
            let ids: Vec<Id> = unknown.into_iter().collect();
            for entity in agreements::get(remote, &ids)? {
                let agreement = Agreement::of_entity(&entity)?;
                ground.agreements.insert(agreement.id, agreement);
            }
        }
        let needed: BTreeSet<Id> =
            outlines.iter().flat_map(|outline| [Some(outline.agreement), outline.separate]).flatten().collect();
        for id in needed {
            if ground.agreements.contains_key(&id) {
                ground.additions.insert(id, requests::list(remote, id));
            }
        }
        Ok(ground)
    }

    fn agreement(&self, id: Id) -> Result<&Agreement, Failure> {
        self.agreements.get(&id).ok_or_else(|| {
            Failure::not_found(
                "connectwise-agreement-missing",
                format!("The agreement {id} is not in ConnectWise any more. Nothing was written. Link the subscription to another one."),
            )
        })
    }

    fn additions(&self, id: Id) -> Result<&[Addition], Failure> {
        match self.additions.get(&id) {
            Some(read) => read.as_deref().map_err(Clone::clone),
            None => Err(Failure::internal("connectwise-additions", format!("The additions of {id} were not read."))),
        }
    }
}

fn propose(ground: &Ground, outline: &Outline<'_>) -> Result<Plan, Failure> {
    let agreement = ground.agreement(outline.agreement)?;
    let separate = outline.separate.map(|id| ground.agreement(id)).transpose()?;
    if let Some(separate) = separate {
        fits(outline, agreement, separate)?;
    }
    let desk = Desk {
        job: outline.job,
        settings: outline.settings,
        tag: &outline.tag,
        chosen: &outline.chosen,
        agreement,
        additions: ground.additions(outline.agreement)?,
        remainders: separate,
    };
    let placed = place(&desk)?;
    let (mut changes, mut writes): (Vec<Change>, Vec<Write>) = (Vec::new(), Vec::new());
    for draft in &placed.drafts {
        let (change, write) = match draft {
            Draft::New(new) => {
                let known = ground.additions(new.agreement.id)?;
                let marker = desk.tag.change(&new.key);
                let there = there(&desk, new, &marker, known)?;
                let (change, write) = desk.create(new, &marker, known, there)?;
                (change, Write { newest: known.iter().map(|addition| addition.id).max(), ..write })
            }
            Draft::Set(set) => desk.set(set)?,
            Draft::End(end) => desk.ended(end)?,
        };
        changes.push(change);
        writes.push(write);
    }
    Ok(Plan {
        job: outline.job.id.clone(),
        changes,
        left_out: placed.left_out,
        notes: placed.notes,
        payload: json::bytes(&Payload { writes })?,
        ..Plan::default()
    })
}

/// The separate agreement takes money of the same customer, in the same currency.
fn fits(outline: &Outline<'_>, own: &Agreement, separate: &Agreement) -> Result<(), Failure> {
    let party = outline.job.party().map(|party| party.target_id.as_str()).or(own.party.as_deref());
    let currency = outline.job.order.currency.code();
    let objection = if separate.status.as_deref().is_some_and(|status| status != "Active") {
        Some("is not active".to_owned())
    } else if separate.party.as_deref().is_none_or(|theirs| Some(theirs) != party) {
        Some("is another company's".to_owned())
    } else if separate.currency.as_deref().is_some_and(|theirs| theirs != currency) {
        Some(format!("bills in {}, and the order is in {currency}", separate.currency.as_deref().unwrap_or_default()))
    } else {
        None
    };
    match objection {
        None => Ok(()),
        Some(why) => Err(Failure::rejected(
            "connectwise-proration-agreement",
            format!(
                "{} was chosen for the prorated amounts of {}, but it {why}. Nothing was written. Choose another one, or none.",
                separate.called(),
                outline.job.order.number
            ),
        )),
    }
}

/// The addition that an earlier try of this change made; a failure when it is not what this plan would write.
fn there<'a>(
    desk: &Desk<'_>,
    draft: &New<'_>,
    marker: &Marker,
    known: &'a [Addition],
) -> Result<Option<&'a Addition>, Failure> {
    let found: Vec<&Addition> = known.iter().filter(|addition| addition.marker().as_ref() == Some(marker)).collect();
    let [one] = found.as_slice() else {
        if found.is_empty() {
            return Ok(None);
        }
        let references: Vec<String> = found.iter().map(|addition| addition.reference()).collect();
        return Err(Failure::conflict(
            "connectwise-addition-several",
            format!(
                "{} has {} additions with the marker {marker} of this order: {}. Nothing was written. End or delete all but one, then plan the task again.",
                draft.agreement.begun(),
                found.len(),
                references.join(", ")
            ),
        )
        .with("reference", references.join(" ")));
    };
    let (_, write) = desk.create(draft, marker, known, Some(one))?;
    match write.after.differs(&State::of(one)) {
        None => Ok(Some(one)),
        Some(how) => Err(Failure::conflict(
            "connectwise-addition-differs",
            format!(
                "Addition {} of {} carries this order's marker, but has {how}. Nothing was written. Correct it in ConnectWise, or ignore the order if it is billed as it should be.",
                one.called(),
                draft.agreement.called()
            ),
        )
        .with("reference", one.reference())),
    }
}
