//! Plans: what will be written for each job, every field and every line.
//!
//! Owns the order of work (outline, read the ground once, look for documents that exist, propose) and the preview. Reads
//! only.

use counterfoil_sdk::json::{self, Exact};
use counterfoil_sdk::{Action, Attributes, Change, Failure, Field, Job, Money, Plan, Remote, plan};

use crate::document::{Kind, Payload, Sealed};
use crate::ground::Ground;
use crate::lines::DraftLine;
use crate::lookup::{self, Verdict, Wanted};
use crate::outline::{Draft, Outline};
use crate::wire;

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
    let sound = outlines.iter().zip(&checks).filter(|(_, check)| check.is_ok()).map(|(outline, _)| *outline);
    let wanted: Vec<Wanted<'_>> =
        sound.flat_map(|outline| outline.documents.iter().map(|draft| wanted(outline, draft))).collect();
    let mut verdicts = match lookup::find(remote, &wanted) {
        Ok(verdicts) => verdicts.into_iter(),
        Err(failure) => return checks.into_iter().map(|check| check.and(Err(failure.clone()))).collect(),
    };
    let one = |(outline, check): (&&Outline<'_>, Result<(), Failure>)| {
        check?;
        // Taken before anything can fail, so that the next job does not get this one's.
        let verdicts: Vec<Verdict> = verdicts.by_ref().take(outline.documents.len()).collect();
        assemble(ground, outline, verdicts)
    };
    outlines.iter().zip(checks).map(one).collect()
}

fn wanted<'a>(outline: &'a Outline<'_>, draft: &'a Draft<'_>) -> Wanted<'a> {
    Wanted {
        kind: draft.kind,
        number: draft.number.as_deref(),
        reference: &outline.reference,
        contact: &outline.party.target_id,
        currency: outline.job.order.currency,
        total: draft.total,
    }
}

fn assemble(ground: &Ground, outline: &Outline<'_>, verdicts: Vec<Verdict>) -> Result<Plan, Failure> {
    let contact = ground.contact(outline)?;
    let (mut changes, mut documents, mut notes) = (Vec::new(), Vec::new(), outline.notes.clone());
    for (draft, verdict) in outline.documents.iter().zip(verdicts) {
        let existing = existing(outline, draft, verdict)?;
        documents.push(seal(outline, draft)?);
        changes.push(change(outline, draft, contact, existing.as_deref())?);
    }
    if outline.documents.len() == Kind::ALL.len() {
        notes.push("Charges and refunds become two documents, because Xero approves no document below zero; the credit note stays open until you allocate it.".to_owned());
    }
    Ok(Plan {
        job: outline.job.id.clone(),
        changes,
        left_out: outline.left_out.clone(),
        notes,
        payload: json::bytes(&Payload { documents })?,
        ..Plan::default()
    })
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
            format!("Xero already has a {word} with {by}, but {how}. Compare the two: ignore the order if it is billed, else set another number or void the wrong {word}."),
        )
        .with("reference", references(&documents))),
        Verdict::Several(documents) => Err(Failure::conflict(
            "xero-document-several",
            format!("Xero has {} times a {word} with {by} and this total. Void all but one, then plan the task again.", documents.len()),
        )
        .with("reference", references(&documents))),
    }
}

fn references(documents: &[wire::Document]) -> String {
    documents.iter().filter_map(|document| document.id.as_deref()).collect::<Vec<_>>().join(" ")
}

fn seal(outline: &Outline<'_>, draft: &Draft<'_>) -> Result<Sealed, Failure> {
    let number = draft.number.as_deref();
    let invoice = draft.kind == Kind::Invoice;
    let line_items = draft.lines.iter().map(|line| wire::NewLineItem {
        description: &line.description,
        quantity: Exact(line.exactly.quantity),
        unit_amount: Exact(line.exactly.unit),
        item_code: line.item_code,
        account_code: line.account_code,
        tax_type: line.tax_type,
    });
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
        line_items: line_items.collect(),
    };
    Sealed::new(draft.key.clone(), draft.kind, &document)
}

fn change(
    outline: &Outline<'_>,
    draft: &Draft<'_>,
    contact: &wire::Contact,
    existing: Option<&wire::Document>,
) -> Result<Change, Failure> {
    let order = &outline.job.order;
    let lines: Vec<_> = draft.lines.iter().map(DraftLine::plan_line).collect();
    let total = Money::new(plan::billed(&lines)?, order.currency);
    let word = draft.kind.word();
    let (action, title, why) = match existing {
        None => (
            Action::Create,
            format!("New {word} for {}", order.number),
            format!("The order {} counts from {}.", order.number, order.effective_on),
        ),
        Some(document) => {
            let number = document.number.as_deref().unwrap_or_default();
            (
                Action::None,
                format!("The {word} for {} is there", order.number),
                format!("It is already there: {word} {number}, same contact and same net total."),
            )
        }
    };
    let mut attributes = Attributes::new();
    attributes
        .set_some("number", existing.and_then(|document| document.number.clone()).or_else(|| draft.number.clone()));
    Ok(Change {
        key: draft.key.clone(),
        action,
        document: draft.kind.name().to_owned(),
        target: existing.and_then(|document| document.id.clone()),
        title,
        fields: fields(outline, draft, contact, existing),
        lines,
        total,
        why,
        attributes,
    })
}

/// Every field of the document. For one that is there already, what it has is what it keeps.
fn fields(
    outline: &Outline<'_>,
    draft: &Draft<'_>,
    contact: &wire::Contact,
    existing: Option<&wire::Document>,
) -> Vec<Field> {
    let field = |name: &str, before: Option<String>, after: Option<String>, owner: &str| Field {
        name: name.to_owned(),
        after: if existing.is_some() { before.clone() } else { after },
        before,
        owner: owner.to_owned(),
    };
    let theirs = |get: fn(&wire::Document) -> Option<String>| existing.and_then(get);
    let name = contact.name.clone().unwrap_or_else(|| outline.party.target_id.clone());
    let number_field = if draft.kind == Kind::Invoice { "InvoiceNumber" } else { "CreditNoteNumber" };
    let mut fields = vec![
        field("Type", theirs(|document| document.kind.clone()), Some(draft.kind.code().to_owned()), "host"),
        field("Contact", theirs(|document| document.contact.as_ref()?.name.clone()), Some(name), "host"),
        field(number_field, theirs(|document| document.number.clone()), draft.number.clone(), draft.number_owner),
        field("Reference", theirs(|document| document.reference.clone()), Some(outline.reference.clone()), "host"),
        field("Date", theirs(|document| document.day.clone()), Some(outline.date.to_string()), outline.date_owner),
    ];
    if draft.kind == Kind::Invoice {
        fields.push(field(
            "DueDate",
            theirs(|document| document.due.clone()),
            Some(outline.due.to_string()),
            outline.due_owner,
        ));
    }
    fields.extend([
        field(
            "CurrencyCode",
            theirs(|document| document.currency_code.clone()),
            Some(outline.job.order.currency.to_string()),
            "marketplace",
        ),
        field(
            "LineAmountTypes",
            theirs(|document| document.line_amount_types.clone()),
            Some("Exclusive".to_owned()),
            "host",
        ),
        field("Status", theirs(|document| document.status.clone()), Some(outline.settings.status.to_owned()), "host"),
        field(
            "SubTotal",
            theirs(|document| document.sub_total.map(|total| total.0.to_string())),
            Some(draft.total.to_string()),
            "target",
        ),
    ]);
    fields
}
