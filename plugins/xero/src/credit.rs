//! Giving an order's credit to its invoice.
//!
//! Owns the allocation: how much, the write, and finding it again. Both documents exist when it comes to that; what is open
//! on them is taken from what Xero answered when they were made, so that the same plan makes the same write again.

use counterfoil_sdk::encode::segment;
use counterfoil_sdk::{
    Action, Attributes, Change, ChangeReceipt, Decimal, Failure, Located, Money, Plan, Remote, Request, digest, json,
};

use crate::answers;
use crate::document::{ALLOCATION, Allotment, End, Kind, Payload};
use crate::errors::{self, Effect};
use crate::lookup::{self, OPEN};
use crate::{locate, wire};

/// A document, and what of it is open, tax included.
struct Open {
    id: String,
    open: Decimal,
}

/// Allocates the credit, unless that was done. `made` gives the receipt of a change that makes one of the documents.
pub(crate) fn give<'r>(
    remote: &mut dyn Remote,
    change: &Change,
    allotment: &Allotment,
    made: impl Fn(&str) -> Option<&'r ChangeReceipt>,
) -> Result<ChangeReceipt, Failure> {
    let invoice = open(remote, Kind::Invoice, &allotment.invoice, made(&allotment.invoice.key))?;
    let credit = open(remote, Kind::CreditNote, &allotment.credit, made(&allotment.credit.key))?;
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
    let what = "the allocation of the credit note";
    let body = wire::NewAllocations {
        allocations: [wire::NewAllocation {
            invoice: wire::AllocatedTo { id: Some(invoice.id.clone()) },
            amount: json::Exact(amount),
            date: &allotment.date,
        }],
    };
    let path = format!("{}/{}/Allocations", Kind::CreditNote.path(), segment(&credit.id));
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
    let mut receipt = receipt(change, &credit.id, &invoice.id, amount);
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
