//! Whether and when a credit goes to an invoice, as the plan says it.
//!
//! Owns the choice: an order's own invoice, else an earlier order's; at once where both are approved, else once they are.
//! Doing it is `credit`'s.

use counterfoil_sdk::json::Exact;
use counterfoil_sdk::{Change, text};

use crate::compose::Draft;
use crate::credit;
use crate::document::{ALLOCATION, Allotment, End, Kind, When};
use crate::earlier::Earlier;
use crate::lookup;
use crate::outline::Outline;
use crate::plan::Step;
use crate::preview::{self, Giving};
use crate::settings::AUTHORISED;

type Stepped<'a, 'b> = (&'a Draft<'b>, Step<'a>);

/// What is sealed and what is shown; nothing is sealed where it is done already.
type Planned = (Option<Allotment>, Change);

/// Giving the order's credit to an invoice; else a note that says why not. None: it gives nothing back, or nothing is known
/// to give it to.
pub(crate) fn allotment(
    outline: &Outline<'_>,
    steps: &[Stepped<'_, '_>],
    earlier: &Earlier,
) -> Option<Result<Planned, String>> {
    match steps {
        [charge, refund] => Some(own(outline, charge, refund)),
        [refund] if refund.0.kind == Kind::CreditNote => to_earlier(outline, refund, earlier),
        _ => None,
    }
}

fn key(outline: &Outline<'_>) -> String {
    format!("{ALLOCATION}:{}:{}", outline.job.order.id, outline.job.order.revision)
}

fn status(outline: &Outline<'_>, step: &Step<'_>) -> String {
    match step {
        Step::Create => outline.settings.status.to_owned(),
        Step::Add(_) => "DRAFT".to_owned(),
        Step::Keep(document) => document.status.clone().unwrap_or_default(),
    }
}

fn end((draft, step): &Stepped<'_, '_>) -> End {
    let known = match step {
        Step::Keep(document) => {
            let open = lookup::open(document).unwrap_or_default();
            document.id.clone().map(|id| (id, Exact(open)))
        }
        Step::Create | Step::Add(_) => None,
    };
    End { key: draft.key.clone(), known }
}

/// Of what is not approved yet, that is seen when its time has come.
fn is_used_up(step: &Step<'_>) -> bool {
    match step {
        Step::Keep(document) => {
            document.status.as_deref() == Some(AUTHORISED) && lookup::open(document).is_none_or(|open| open.is_zero())
        }
        Step::Create | Step::Add(_) => false,
    }
}

/// What a document's state means: approved, to be approved, or neither.
fn when(states: &[&str]) -> Result<When, String> {
    match states.iter().find(|state| !["DRAFT", "SUBMITTED", AUTHORISED].contains(*state)) {
        Some(closed) => Err(text::clip(closed, 20)),
        None if states.iter().all(|state| *state == AUTHORISED) => Ok(When::Told),
        None => Ok(When::Approved),
    }
}

fn label(draft: &Draft<'_>) -> Option<String> {
    draft.number.clone()
}

/// To the invoice of the same order.
fn own(outline: &Outline<'_>, charge: &Stepped<'_, '_>, refund: &Stepped<'_, '_>) -> Result<Planned, String> {
    let split = "Charges and refunds become two documents, because Xero approves no document below zero";
    let mut giving = Giving {
        invoice: label(charge.0),
        invoice_owner: charge.0.number_owner,
        credit: label(refund.0),
        credit_owner: refund.0.number_owner,
        amount: charge.0.total.min(refund.0.total),
        order: None,
        when: Some(When::Told),
        note: None,
    };
    if let (Step::Keep(invoice), Step::Keep(note)) = (&charge.1, &refund.1)
        && invoice.id.as_deref().is_some_and(|to| credit::given(note, to).is_some())
    {
        giving = Giving { when: None, note: note.id.clone(), ..giving };
        return Ok((None, preview::allocation(outline, key(outline), &giving)));
    }
    let states = [status(outline, &charge.1), status(outline, &refund.1)];
    let when = when(&states.each_ref().map(String::as_str)).map_err(|closed| {
        format!(
            "{split}. One of them is {closed} in Xero, so the credit stays open on the contact or is settled already."
        )
    })?;
    if is_used_up(&charge.1) || is_used_up(&refund.1) {
        return Err(format!("{split}. One of them has nothing open any more, so no credit is allocated."));
    }
    giving.when = Some(when);
    let (invoice, credit) = (end(charge), end(refund));
    let change = preview::allocation(outline, key(outline), &giving);
    Ok((Some(Allotment { key: change.key.clone(), invoice, credit, date: outline.date.to_string(), when }), change))
}

/// To an invoice of an earlier order of the same subscription.
fn to_earlier(outline: &Outline<'_>, refund: &Stepped<'_, '_>, earlier: &Earlier) -> Option<Result<Planned, String>> {
    let stays = "so the credit stays open on the contact: allocate or refund it in Xero";
    let chosen = match earlier.choose(outline)? {
        Ok(chosen) => chosen,
        Err(stand) => return Some(Err(format!("Of the earlier invoices {stand}, {stays}."))),
    };
    let amount = chosen.net.map_or(refund.0.total, |net| net.min(refund.0.total));
    let mut giving = Giving {
        invoice: Some(chosen.number.clone()).filter(|number| !number.is_empty()),
        invoice_owner: "target",
        credit: label(refund.0),
        credit_owner: refund.0.number_owner,
        amount,
        order: Some(chosen.order),
        when: None,
        note: None,
    };
    if let Step::Keep(note) = &refund.1
        && credit::given(note, &chosen.id).is_some()
    {
        giving.note.clone_from(&note.id);
        return Some(Ok((None, preview::allocation(outline, key(outline), &giving))));
    }
    let of_invoice = if chosen.is_approved { AUTHORISED } else { "DRAFT" };
    let when = match when(&[of_invoice, &status(outline, &refund.1)]) {
        // Another credit may have gone to the same invoice meanwhile: what is open is looked at when it is time.
        Ok(When::Told | When::Look) => When::Look,
        Ok(When::Approved) => When::Approved,
        Err(closed) => return Some(Err(format!("The credit note is {closed} in Xero, so it is settled already."))),
    };
    if is_used_up(&refund.1) {
        return Some(Err("The credit note has nothing open any more, so no credit is allocated.".to_owned()));
    }
    giving.when = Some(when);
    let change = preview::allocation(outline, key(outline), &giving);
    let credit = end(refund);
    let invoice = End { key: format!("earlier:{}", chosen.id), known: Some((chosen.id, Exact(chosen.open))) };
    Some(Ok((
        Some(Allotment { key: change.key.clone(), invoice, credit, date: outline.date.to_string(), when }),
        change,
    )))
}
