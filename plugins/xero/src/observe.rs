//! What Xero shows now for documents that were written.
//!
//! Owns reading them back. Invoices go forty to a call; credit notes have no list by id and need a call each. A document that
//! is gone has the state "missing". Of an invoice that orders share, only the order's own lines are shown; an allocation is
//! shown by its credit note, and bills nothing.

use std::collections::BTreeMap;

use counterfoil_sdk::encode::segment;
use counterfoil_sdk::{
    Attributes, ChangeReceipt, Class, Currency, Decimal, Failure, Money, Observation, ObservedDocument, ObservedLine,
    Receipt, Remote, Request,
};

use crate::answers::{self, IDS_PER_CALL, is_guid};
use crate::document::{ALLOCATION, Kind};
use crate::lookup::{self, is_dead};
use crate::{tag, wire};

/// Documents by kind and id in lower case; none for one that is gone.
type Shelf = BTreeMap<(Kind, String), Result<Option<wire::Document>, Failure>>;

/// Observes each receipt, in order.
pub(crate) fn observe(remote: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
    let mut shelf = Shelf::new();
    for change in receipts.iter().flat_map(|receipt| &receipt.changes) {
        if let Some(kind) = place(change).filter(|_| is_guid(&change.reference)) {
            shelf.insert((kind, change.reference.to_ascii_lowercase()), Ok(None));
        }
    }
    invoices(remote, &mut shelf);
    credit_notes(remote, &mut shelf);
    receipts.iter().map(|receipt| observation(&shelf, receipt)).collect()
}

/// The kind of document that shows a change.
fn place(change: &ChangeReceipt) -> Option<Kind> {
    if change.document == ALLOCATION { Some(Kind::CreditNote) } else { Kind::named(&change.document) }
}

fn invoices(remote: &mut dyn Remote, shelf: &mut Shelf) {
    let ids: Vec<String> = shelf.keys().filter(|(kind, _)| *kind == Kind::Invoice).map(|(_, id)| id.clone()).collect();
    for chunk in ids.chunks(IDS_PER_CALL) {
        let request = lookup::list(Kind::Invoice, "get-invoices").query("IDs", chunk.join(","));
        match answers::read::<wire::Documents>(remote, request, "the invoices") {
            Ok(list) => {
                for document in list.documents {
                    let id = document.id.as_deref().unwrap_or_default().to_ascii_lowercase();
                    if let Some(place) = shelf.get_mut(&(Kind::Invoice, id)) {
                        *place = Ok(Some(document));
                    }
                }
            }
            Err(failure) => {
                for id in chunk {
                    shelf.insert((Kind::Invoice, id.clone()), Err(failure.clone()));
                }
            }
        }
    }
}

fn credit_notes(remote: &mut dyn Remote, shelf: &mut Shelf) {
    for ((_, id), place) in shelf.iter_mut().filter(|((kind, _), _)| *kind == Kind::CreditNote) {
        let request = Request::get("get-credit-note", format!("/CreditNotes/{}", segment(id))).query("unitdp", "4");
        *place = match answers::read::<wire::Documents>(remote, request, "the credit note") {
            Ok(list) => Ok(list.documents.into_iter().next()),
            Err(failure) if failure.class == Class::NotFound => Ok(None),
            Err(failure) => Err(failure),
        };
    }
}

fn observation(shelf: &Shelf, receipt: &Receipt) -> Result<Observation, Failure> {
    let mut documents = Vec::with_capacity(receipt.changes.len());
    for change in &receipt.changes {
        let kind = place(change).ok_or_else(|| {
            Failure::unsupported("xero-document", format!("Xero has no document of the kind \"{}\".", change.document))
        })?;
        let found = match shelf.get(&(kind, change.reference.to_ascii_lowercase())) {
            Some(found) => found.as_ref().map_err(Clone::clone)?.as_ref(),
            None => None,
        };
        documents.push(match found {
            Some(document) => present(kind, change, document)?,
            None => missing(change)?,
        });
    }
    Ok(Observation { job: receipt.job.clone(), documents, attributes: Attributes::new() })
}

fn present(kind: Kind, change: &ChangeReceipt, document: &wire::Document) -> Result<ObservedDocument, Failure> {
    let code = document.currency_code.as_deref().unwrap_or_default();
    let currency = Currency::parse(code).or_else(|failure| change.total.map(|total| total.currency).ok_or(failure))?;
    let own: Vec<&wire::LineItem> = match tag::of_key(&change.key) {
        Some(token) => tag::lines(document, &token),
        None => document.line_items.iter().flatten().collect(),
    };
    let total = match (tag::of_key(&change.key), change.document == ALLOCATION) {
        (_, true) => Decimal::ZERO,
        (Some(_), _) => tag::sum(&own)?.unwrap_or(Decimal::ZERO),
        (None, _) => document
            .sub_total
            .map(|total| total.0)
            .ok_or_else(|| Failure::transient("xero-unreadable", "Xero shows the document without its net total."))?,
    };
    // A void invoice bills nothing, whatever its lines say.
    let total = if tag::of_key(&change.key).is_some() && is_dead(document) { Decimal::ZERO } else { total };
    let exact = |number: Option<counterfoil_sdk::json::Exact>| number.map_or(Decimal::ZERO, |number| number.0);
    let line = |line: &&wire::LineItem| ObservedLine {
        description: line.description.clone().unwrap_or_default(),
        quantity: exact(line.quantity),
        unit_price: exact(line.unit_amount),
        amount: exact(line.line_amount),
    };
    let mut attributes = Attributes::new();
    attributes.set_some("contact-id", document.contact.as_ref().and_then(|contact| contact.id.clone()));
    attributes.set_some("document-reference", document.reference.clone());
    attributes.set_some("amount-due", document.amount_due.map(|due| due.0.to_string()));
    attributes.set_some("remaining-credit", document.remaining_credit.map(|credit| credit.0.to_string()));
    Ok(ObservedDocument {
        key: change.key.clone(),
        reference: change.reference.clone(),
        number: document.number.clone().unwrap_or_default(),
        state: document.status.clone().unwrap_or_else(|| "unknown".to_owned()),
        total: Money::new(kind.signed(total), currency),
        lines: own.iter().filter(|_| change.document != ALLOCATION).map(line).collect(),
        attributes,
    })
}

/// A document that is gone bills nothing.
fn missing(change: &ChangeReceipt) -> Result<ObservedDocument, Failure> {
    // "XXX" is ISO's code for no currency: a receipt without a total does not know one.
    let currency = change.total.map_or_else(|| Currency::parse("XXX"), |total| Ok(total.currency))?;
    Ok(ObservedDocument {
        key: change.key.clone(),
        reference: change.reference.clone(),
        number: change.number.clone(),
        state: "missing".to_owned(),
        total: Money::zero(currency),
        lines: Vec::new(),
        attributes: Attributes::new(),
    })
}
