//! Plans: what will be written for each job.
//!
//! Owns the order of work: outline, read the ground once, compose, look for documents that exist, propose. Reads only. How
//! a change looks to people is `preview`'s.

use std::collections::BTreeMap;

use counterfoil_sdk::json::{self, Exact};
use counterfoil_sdk::{Failure, Job, Plan, Remote};

use crate::compose::{Composed, Draft, compose};
use crate::document::{Addition, Kind, Payload, Sealed, raw};
use crate::earlier::{self, Earlier};
use crate::ground::Ground;
use crate::lines::DraftLine;
use crate::lookup::{self, Verdict, Wanted};
use crate::months::{Months, Place};
use crate::outline::{Outline, Shelf};
use crate::preview;
use crate::{allot, tag, wire};

/// Proposes for each job, in order.
pub(crate) fn plan(remote: &mut dyn Remote, jobs: &[Job]) -> Vec<Result<Plan, Failure>> {
    let outlines: Vec<Result<Outline<'_>, Failure>> = jobs.iter().map(Outline::of).collect();
    let good: Vec<&Outline<'_>> = outlines.iter().filter_map(|outline| outline.as_ref().ok()).collect();
    // Without a job that can be planned there is nothing worth a call.
    if good.is_empty() {
        return outlines
            .into_iter()
            .map(|outline| outline.and_then(|_| Err(Failure::internal("xero-plan", "No job could be planned."))))
            .collect();
    }
    let mut proposals = match Ground::read(remote, &good) {
        Ok(ground) => propose(remote, &ground, &good),
        Err(failure) => good.iter().map(|_| Err(failure.clone())).collect(),
    }
    .into_iter();
    let missing = || Err(Failure::internal("xero-plan", "A job was left without a plan."));
    outlines
        .iter()
        .map(|outline| outline.as_ref().map_err(Clone::clone).and_then(|_| proposals.next().unwrap_or_else(missing)))
        .collect()
}

fn propose(remote: &mut dyn Remote, ground: &Ground, outlines: &[&Outline<'_>]) -> Vec<Result<Plan, Failure>> {
    let checks: Vec<Result<(), Failure>> = outlines.iter().map(|outline| ground.check(outline)).collect();
    let sound: Vec<&Outline<'_>> =
        outlines.iter().zip(&checks).filter(|(_, check)| check.is_ok()).map(|(outline, _)| *outline).collect();
    let all_fail = |checks: Vec<Result<(), Failure>>, failure: Failure| {
        checks.into_iter().map(|check| check.and(Err(failure.clone()))).collect()
    };
    let months = match Months::read(remote, &sound) {
        Ok(months) => months,
        Err(failure) => return all_fail(checks, failure),
    };
    let composed: Vec<Result<(Place<'_>, Composed<'_>), Failure>> = outlines
        .iter()
        .zip(&checks)
        .map(|(outline, check)| check.clone().and_then(|()| placed(outline, ground, &months)))
        .collect();
    let wanted: Vec<Wanted<'_>> = outlines
        .iter()
        .zip(&composed)
        .filter_map(|(outline, composed)| composed.as_ref().ok().map(|(_, composed)| (outline, composed)))
        .flat_map(|(outline, composed)| composed.documents.iter().map(|draft| wanted(outline, draft)))
        .collect();
    let mut verdicts = match lookup::find(remote, &wanted) {
        Ok(verdicts) => verdicts.into_iter(),
        Err(failure) => return all_fail(checks, failure),
    };
    let credits = outlines.iter().zip(&composed).filter_map(|(outline, composed)| {
        let (_, composed) = composed.as_ref().ok()?;
        earlier::gives_back(composed).then_some(*outline)
    });
    let earlier = match Earlier::read(remote, credits) {
        Ok(earlier) => earlier,
        Err(failure) => return all_fail(checks, failure),
    };
    let mut begun = BTreeMap::new();
    let one = |(outline, composed): (&&Outline<'_>, &Result<(Place<'_>, Composed<'_>), Failure>)| {
        let (place, composed) = composed.as_ref().map_err(Clone::clone)?;
        // Taken before anything can fail, so that the next job does not get this one's.
        let verdicts: Vec<Verdict> = verdicts.by_ref().take(composed.documents.len()).collect();
        assemble(ground, outline, (place, composed), (verdicts, &earlier), &mut begun)
    };
    outlines.iter().zip(&composed).map(one).collect()
}

/// Where the charges go, and the documents that the order becomes by that.
fn placed<'a>(
    outline: &'a Outline<'_>,
    ground: &Ground,
    months: &'a Months,
) -> Result<(Place<'a>, Composed<'a>), Failure> {
    let place = months.place(outline, ground.locked_until);
    let reused = match &place {
        Place::Nothing => false,
        Place::Draft(_) => true,
        // Lines that are there already are what they were made as: netted only where the invoice began with them.
        Place::There(documents) => {
            let alone = compose(outline, false)?;
            let total = alone.documents.first().filter(|draft| draft.kind == Kind::Invoice).map(|draft| draft.total);
            let token = outline.token.as_deref().unwrap_or_default();
            let there = documents.first().map(|document| tag::sum(&tag::lines(document, token))).transpose()?.flatten();
            there.is_none() || there != total
        }
    };
    Ok((place, compose(outline, reused)?))
}

fn wanted<'a>(outline: &'a Outline<'_>, draft: &'a Draft<'_>) -> Wanted<'a> {
    Wanted {
        kind: draft.kind,
        number: draft.number.as_deref(),
        reference: &outline.reference,
        contact: &outline.party.target_id,
        currency: outline.job.order.currency,
        total: draft.total,
        token: draft.token,
    }
}

/// What becomes of one document of an order.
pub(crate) enum Step<'a> {
    Create,
    /// The lines go onto this draft.
    Add(&'a wire::Document),
    /// It is there.
    Keep(Box<wire::Document>),
}

fn assemble(
    ground: &Ground,
    outline: &Outline<'_>,
    (place, composed): (&Place<'_>, &Composed<'_>),
    (verdicts, earlier): (Vec<Verdict>, &Earlier),
    begun: &mut BTreeMap<Shelf, String>,
) -> Result<Plan, Failure> {
    let contact = ground.contact(outline)?;
    let mut payload = Payload::default();
    let (mut changes, mut notes) = (Vec::new(), outline.notes.clone());
    let mut steps = Vec::new();
    for (draft, verdict) in composed.documents.iter().zip(verdicts) {
        let step = step(outline, draft, verdict, place)?;
        match &step {
            Step::Create => payload.documents.push(seal(outline, draft)?),
            Step::Add(document) => payload.additions.push(addition(outline, draft, document)?),
            Step::Keep(_) => {}
        }
        changes.push(preview::change(outline, draft, contact, &step)?);
        steps.push((draft, step));
    }
    if composed.documents.is_empty() {
        notes.push(format!("The order {} comes to nothing, so no document is made.", outline.job.order.number));
    }
    match allot::allotment(outline, &steps, earlier) {
        Some(Ok((allotment, change))) => {
            payload.allotments.extend(allotment);
            changes.push(change);
        }
        Some(Err(note)) => notes.push(note),
        None => {}
    }
    if let Some((draft, Step::Create)) = steps.iter().find(|(draft, _)| draft.token.is_some()) {
        begin(outline, draft, begun)?;
    }
    Ok(Plan {
        job: outline.job.id.clone(),
        changes,
        left_out: composed.left_out.clone(),
        notes,
        payload: json::bytes(&payload)?,
        ..Plan::default()
    })
}

/// The first order of a month begins the invoice; the others of the same call wait for it, so that they join it.
fn begin(outline: &Outline<'_>, draft: &Draft<'_>, begun: &mut BTreeMap<Shelf, String>) -> Result<(), Failure> {
    let shelf = outline.shelf();
    let order = &outline.job.order;
    if let Some(first) = begun.get(&shelf) {
        return Err(Failure::transient(
            "xero-invoice-begins",
            format!(
                "The {} of \"{}\" for {}-{:02} begins with the order {first}. Synchronize that one, then plan {} again: it joins the same invoice. Nothing was written.",
                draft.kind.word(),
                order.customer_name,
                shelf.year,
                shelf.month,
                order.number
            ),
        ));
    }
    begun.insert(shelf, order.number.clone());
    Ok(())
}

/// What is to be done about a document; a failure when something else is in its place.
fn step<'a>(
    outline: &Outline<'_>,
    draft: &Draft<'_>,
    verdict: Verdict,
    place: &Place<'a>,
) -> Result<Step<'a>, Failure> {
    let shared = draft.token.is_some();
    if let Place::There(documents) = place
        && shared
    {
        let documents: Vec<wire::Document> = documents.iter().map(|document| (*document).clone()).collect();
        let tagged = wanted(outline, draft).judge_tagged(documents);
        return existing(outline, draft, tagged).map(|found| found.map_or(Step::Create, Step::Keep));
    }
    match (existing(outline, draft, verdict)?, place) {
        (Some(document), _) => Ok(Step::Keep(document)),
        (None, Place::Draft(document)) if shared => Ok(Step::Add(document)),
        (None, _) => Ok(Step::Create),
    }
}

/// The document that is already there, if any; a failure when something else is in its place.
fn existing(
    outline: &Outline<'_>,
    draft: &Draft<'_>,
    verdict: Verdict,
) -> Result<Option<Box<wire::Document>>, Failure> {
    let word = draft.kind.word();
    let by = draft
        .number
        .as_ref()
        .filter(|_| draft.kind == Kind::Invoice)
        .map_or_else(|| format!("the reference {}", outline.reference), |number| format!("the number {number}"));
    match verdict {
        Verdict::Free => Ok(None),
        Verdict::Ours(document) => Ok(Some(document)),
        Verdict::Spent(document) => Err(Failure::conflict(
            "xero-number-spent",
            format!("The {word} with {by} was voided or deleted in Xero, and Xero never frees a number. Set another number on the task, or ignore the order."),
        )
        .with("reference", document.id.unwrap_or_default())),
        Verdict::Differs(documents, how) => Err(Failure::conflict(
            "xero-document-differs",
            format!("Xero already has a {word} with {by} or with lines of this order, but {how}. Compare the two: ignore the order if it is billed, else set another number or void the wrong {word}."),
        )
        .with("reference", references(&documents))),
        Verdict::Several(documents) => Err(Failure::conflict(
            "xero-document-several",
            format!("Xero has {} times a {word} with {by} or with lines of this order, and this total. Void all but one, then plan the task again.", documents.len()),
        )
        .with("reference", references(&documents))),
    }
}

fn references(documents: &[wire::Document]) -> String {
    documents.iter().filter_map(|document| document.id.as_deref()).collect::<Vec<_>>().join(" ")
}

fn line_item<'a>(outline: &Outline<'a>, line: &'a DraftLine<'_>, kind: Kind) -> wire::NewLineItem<'a> {
    let tracking = outline.settings.tracking.map(|tracking| {
        [wire::TrackingOf { name: Some(tracking.name.to_owned()), option: Some(tracking.option.to_owned()) }]
    });
    wire::NewLineItem {
        description: &line.description,
        quantity: Exact(line.exactly.quantity),
        unit_amount: Exact(line.unit_on(kind)),
        item_code: line.item_code,
        account_code: line.account_code,
        tax_type: line.tax_type,
        tracking,
    }
}

fn seal(outline: &Outline<'_>, draft: &Draft<'_>) -> Result<Sealed, Failure> {
    let number = draft.number.as_deref();
    let invoice = draft.kind == Kind::Invoice;
    let document = wire::NewDocument {
        kind: draft.kind.code(),
        contact: wire::ContactId { id: &outline.party.target_id },
        invoice_number: number.filter(|_| invoice),
        credit_note_number: number.filter(|_| !invoice),
        reference: &outline.reference,
        date: outline.date.to_string(),
        due_date: invoice.then(|| outline.due.to_string()),
        currency_code: outline.job.order.currency.code(),
        line_amount_types: "Exclusive",
        status: outline.settings.status,
        branding_theme_id: outline.settings.branding_theme,
        line_items: draft.lines.iter().map(|line| line_item(outline, line, draft.kind)).collect(),
    };
    Sealed::new(draft.key.clone(), draft.kind, &document, draft.token.map(str::to_owned))
}

fn addition(outline: &Outline<'_>, draft: &Draft<'_>, document: &wire::Document) -> Result<Addition, Failure> {
    let contact = document.contact.as_ref().and_then(|contact| contact.id.clone());
    Ok(Addition {
        key: draft.key.clone(),
        token: draft.token.unwrap_or_default().to_owned(),
        invoice: document.id.clone().unwrap_or_default(),
        number: document.number.clone().unwrap_or_default(),
        contact: contact.unwrap_or_default(),
        currency: document.currency_code.clone().unwrap_or_default(),
        day: document.day.clone(),
        kept: document.line_items.clone().unwrap_or_default(),
        lines: draft.lines.iter().map(|line| raw(&line_item(outline, line, draft.kind))).collect::<Result<_, _>>()?,
    })
}
