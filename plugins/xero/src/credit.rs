//! Giving an order's credit to its invoice.
//!
//! Owns the allocation: how much, the write, and finding it again. Both documents exist when it comes to that; what is open
//! on them is taken from what Xero answered when they were made, so that the same plan makes the same write again. Where they
//! were not approved then, it waits, and what is open is read when its time has come.

use counterfoil_sdk::encode::segment;
use counterfoil_sdk::{
    Action, Attributes, Change, ChangeReceipt, Class, Decimal, Failure, Located, Money, Plan, Remote, Request, digest,
    json, text,
};

use crate::answers;
use crate::document::{ALLOCATION, Allotment, End, Kind, Payload, When};
use crate::errors::{self, Effect};
use crate::lookup::{self, OPEN};
use crate::settings::AUTHORISED;
use crate::{locate, wire};

/// A document, and what of it is open, tax included.
struct Open {
    id: String,
    open: Decimal,
}

/// Allocates the credit, unless that was done, or says what it waits for. `made` gives the receipt of a change that makes one
/// of the documents; `again`: the documents are there since an earlier time.
pub(crate) fn give<'r>(
    remote: &mut dyn Remote,
    change: &Change,
    allotment: &Allotment,
    again: bool,
    made: impl Fn(&str) -> Option<&'r ChangeReceipt>,
) -> Result<ChangeReceipt, Failure> {
    let (to, from) = (made(&allotment.invoice.key), made(&allotment.credit.key));
    match (allotment.when, again) {
        (When::Told, _) => at_once(remote, change, allotment, (to, from)),
        (When::Look | When::Approved, true) => later(remote, change, allotment, (to, from)),
        (When::Approved, false) => waiting(change, &id(&allotment.invoice, to)?, &id(&allotment.credit, from)?),
        (When::Look, false) => match later(remote, change, allotment, (to, from)) {
            // The credit note is there: what stands in the way of its credit is a matter of the step that waits.
            Err(failure) if !matches!(failure.class, Class::UnknownOutcome | Class::Internal) => {
                waiting(change, &id(&allotment.invoice, to)?, &id(&allotment.credit, from)?)
            }
            result => result,
        },
    }
}

type Made<'r> = (Option<&'r ChangeReceipt>, Option<&'r ChangeReceipt>);

/// By what is known of the documents.
fn at_once(
    remote: &mut dyn Remote,
    change: &Change,
    allotment: &Allotment,
    (to, from): Made<'_>,
) -> Result<ChangeReceipt, Failure> {
    let invoice = open(remote, Kind::Invoice, &allotment.invoice, to)?;
    let credit = open(remote, Kind::CreditNote, &allotment.credit, from)?;
    let amount = invoice.open.min(credit.open);
    if amount <= Decimal::ZERO {
        let note = note(remote, &credit.id)?;
        if let Some(amount) = given(&note, &invoice.id) {
            return Ok(receipt(change, &credit.id, &invoice.id, amount));
        }
        return Err(Failure::rejected(
            "xero-allocation",
            "Invoice and credit note are in Xero, but one of them has nothing open any more, so no credit was allocated. Plan the task again to see how they stand.",
        ));
    }
    put(remote, change, (&credit.id, &invoice.id), amount, &allotment.date)
}

/// By what Xero shows of the documents now.
fn later(
    remote: &mut dyn Remote,
    change: &Change,
    allotment: &Allotment,
    (to, from): Made<'_>,
) -> Result<ChangeReceipt, Failure> {
    let (invoice_id, credit_id) = (id(&allotment.invoice, to)?, id(&allotment.credit, from)?);
    let note = standing(remote, Kind::CreditNote, &credit_id)?;
    if let Some(amount) = given(&note, &invoice_id) {
        return Ok(receipt(change, &credit_id, &invoice_id, amount));
    }
    let invoice = standing(remote, Kind::Invoice, &invoice_id)?;
    let both = [(Kind::Invoice, &invoice), (Kind::CreditNote, &note)];
    for (kind, document) in both {
        if let Some(why) = ended(kind, document) {
            return Err(Failure::rejected("xero-allocation-ended", why));
        }
    }
    if both.iter().any(|(_, document)| document.status.as_deref() != Some(AUTHORISED)) {
        return waiting(change, &invoice_id, &credit_id);
    }
    let open = |document: &wire::Document| lookup::open(document).unwrap_or_default();
    put(remote, change, (&credit_id, &invoice_id), open(&invoice).min(open(&note)), &allotment.date)
}

/// The document as it stands now; one that is gone ends it.
fn standing(remote: &mut dyn Remote, kind: Kind, id: &str) -> Result<wire::Document, Failure> {
    one(remote, kind, id).map_err(|failure| match failure.class {
        Class::NotFound => Failure::rejected(
            "xero-allocation-ended",
            format!("The {} is not in Xero any more, so no credit is allocated. {}", kind.word(), stays(kind)),
        ),
        _ => failure,
    })
}

/// Why nothing can be allocated any more; none while something can.
fn ended(kind: Kind, document: &wire::Document) -> Option<String> {
    let number = document.number.as_deref().unwrap_or_default();
    let state = text::clip(document.status.as_deref().unwrap_or("unknown"), 20);
    let how = match state.as_str() {
        "DRAFT" | "SUBMITTED" => return None,
        AUTHORISED if lookup::open(document).is_some_and(|open| open > Decimal::ZERO) => return None,
        AUTHORISED => "has nothing open any more".to_owned(),
        state => format!("is {state}"),
    };
    Some(format!("The {} {number} {how} in Xero, so no credit is allocated. {}", kind.word(), stays(kind)))
}

/// What is left for a person.
fn stays(kind: Kind) -> &'static str {
    match kind {
        Kind::Invoice => {
            "The credit stays open on the contact: allocate it to another invoice or refund it in Xero, if it is due."
        }
        Kind::CreditNote => {
            "Its credit was used or withdrawn by somebody; look whether the invoice is as it should be."
        }
    }
}

/// The id of a document of the allotment.
fn id(end: &End, made: Option<&ChangeReceipt>) -> Result<String, Failure> {
    match (made, &end.known) {
        (Some(receipt), _) => Ok(receipt.reference.clone()),
        (None, Some((id, _))) => Ok(id.clone()),
        (None, None) => Err(Failure::internal(
            "xero-allocation-end",
            "A document is not there to allocate credit. Plan the task again.",
        )),
    }
}

/// Not done yet: what it waits for, in the order in which it is worth a look.
fn waiting(change: &Change, invoice: &str, credit: &str) -> Result<ChangeReceipt, Failure> {
    let words = change.attributes.get("follow-up").unwrap_or("both documents to be approved in Xero").to_owned();
    let attributes = Attributes::new()
        .with("waits-for", words)
        .with(format!("waits-for.{}", Kind::Invoice.name()), invoice)
        .with(format!("waits-for.{}", Kind::CreditNote.name()), credit);
    let receipt = receipt(change, credit, invoice, Decimal::ZERO);
    Ok(ChangeReceipt { attributes, ..receipt })
}

/// The write itself: so much of the credit note to the invoice.
fn put(
    remote: &mut dyn Remote,
    change: &Change,
    (credit, invoice): (&str, &str),
    amount: Decimal,
    date: &str,
) -> Result<ChangeReceipt, Failure> {
    let what = "the allocation of the credit note";
    let body = wire::NewAllocations {
        allocations: [wire::NewAllocation {
            invoice: wire::AllocatedTo { id: Some(invoice.to_owned()) },
            amount: json::Exact(amount),
            date,
        }],
    };
    let path = format!("{}/{}/Allocations", Kind::CreditNote.path(), segment(credit));
    let request = Request::put("allocate-credit", path).query("summarizeErrors", "false").json(&body)?;
    let key = format!("{ALLOCATION}:{}", digest::hex([change.key.as_str()]));
    let response = errors::accept(remote.write(&key, request)?, Effect::Write, what)?;
    let answer: wire::Allocations = json::parse(what, &response.body)
        .map_err(|failure| errors::unreadable(&response, Effect::Write, what, &failure.message))?;
    let complaints: Vec<String> = answer
        .allocations
        .iter()
        .flat_map(|allocation| allocation.validation_errors.iter().flatten())
        .map(|complaint| complaint.message.clone())
        .collect();
    if !complaints.is_empty() {
        return Err(errors::tagged(errors::complaint(&complaints, what), &response));
    }
    if answer.allocations.is_empty() {
        return Err(errors::unreadable(&response, Effect::Write, what, "It shows no allocation."));
    }
    let mut receipt = receipt(change, credit, invoice, amount);
    receipt.attributes.set_some("correlation-id", response.header("Xero-Correlation-Id"));
    Ok(receipt)
}

/// Looks for the allocation of a write whose answer was lost.
pub(crate) fn locate(
    remote: &mut dyn Remote,
    plan: &Plan,
    payload: &Payload,
    change: &Change,
    allotment: &Allotment,
) -> Result<Located, Failure> {
    let mut find = |end: &End| -> Result<Option<String>, Failure> {
        if let Some((id, _)) = &end.known {
            return Ok(Some(id.clone()));
        }
        match locate::document(remote, plan, payload, &end.key)? {
            Located::Found(receipt) => Ok(Some(receipt.reference)),
            Located::Absent => Ok(None),
            Located::Several(_) => Err(Failure::conflict(
                "xero-document-several",
                "Xero has a document of this order more than once, so it is not known which the credit went to. Void all but one.",
            )),
        }
    };
    // Without both documents there was nothing to allocate.
    let (Some(invoice), Some(credit)) = (find(&allotment.invoice)?, find(&allotment.credit)?) else {
        return Ok(Located::Absent);
    };
    let note = note(remote, &credit)?;
    Ok(given(&note, &invoice)
        .map_or(Located::Absent, |amount| Located::Found(receipt(change, &credit, &invoice, amount))))
}

/// What of a credit note went to an invoice; none when nothing did.
pub(crate) fn given(note: &wire::Document, invoice: &str) -> Option<Decimal> {
    let to_it = |allocation: &&wire::Allocation| {
        let id = allocation.invoice.as_ref().and_then(|invoice| invoice.id.as_deref()).unwrap_or_default();
        id.eq_ignore_ascii_case(invoice) && allocation.is_deleted != Some(true)
    };
    let mut amounts = note.allocations.iter().flatten().filter(to_it).map(|allocation| allocation.amount).peekable();
    amounts.peek()?;
    Some(amounts.flatten().map(|amount| amount.0).sum())
}

/// The credit note as it stands now.
pub(crate) fn note(remote: &mut dyn Remote, id: &str) -> Result<wire::Document, Failure> {
    one(remote, Kind::CreditNote, id)
}

fn one(remote: &mut dyn Remote, kind: Kind, id: &str) -> Result<wire::Document, Failure> {
    let (operation, what) = match kind {
        Kind::Invoice => ("get-invoice", "the invoice"),
        Kind::CreditNote => ("get-credit-note", "the credit note"),
    };
    let request = Request::get(operation, format!("{}/{}", kind.path(), segment(id))).query("unitdp", "4");
    let list: wire::Documents = answers::read(remote, request, what)?;
    list.documents
        .into_iter()
        .next()
        .ok_or_else(|| Failure::transient("xero-unreadable", format!("Xero did not show {what}.")))
}

/// A document of the allotment: as its receipt says, as the plan knew it, or as Xero shows it now.
fn open(remote: &mut dyn Remote, kind: Kind, end: &End, made: Option<&ChangeReceipt>) -> Result<Open, Failure> {
    let (id, told) = match (made, &end.known) {
        (Some(receipt), _) => {
            let open = receipt.attributes.get(OPEN).map(counterfoil_sdk::decimal::parse).transpose()?;
            (receipt.reference.clone(), open)
        }
        (None, Some((id, open))) => (id.clone(), Some(open.0)),
        (None, None) => {
            return Err(Failure::internal(
                "xero-allocation-end",
                format!("The {} is not there to allocate credit. Plan the task again.", kind.word()),
            ));
        }
    };
    let open = match told {
        Some(open) => open,
        // Somebody named the document by hand: then nothing is known of it but its id.
        None => lookup::open(&one(remote, kind, &id)?).unwrap_or_default(),
    };
    Ok(Open { id, open })
}

fn receipt(change: &Change, credit: &str, invoice: &str, amount: Decimal) -> ChangeReceipt {
    ChangeReceipt {
        key: change.key.clone(),
        action: Action::Create,
        document: ALLOCATION.to_owned(),
        reference: credit.to_owned(),
        number: String::new(),
        total: Some(Money::zero(change.total.currency)),
        attributes: Attributes::new().with("invoice-id", invoice).with("amount", amount.to_string()),
    }
}
