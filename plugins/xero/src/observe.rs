//! What Xero shows now for documents that were written.
//!
//! Owns reading them back. Invoices go forty to a call; credit notes have no list by id and need a call each. A document that
//! is gone has the state "missing".

use std::collections::BTreeMap;

use counterfoil_sdk::encode::segment;
use counterfoil_sdk::{
    Attributes, ChangeReceipt, Class, Currency, Decimal, Failure, Money, Observation, ObservedDocument, ObservedLine,
    Receipt, Remote, Request,
};

use crate::answers::{self, IDS_PER_CALL, is_guid};
use crate::document::Kind;
use crate::lookup;
use crate::wire;

/// Documents by kind and id in lower case; none for one that is gone.
type Shelf = BTreeMap<(Kind, String), Result<Option<wire::Document>, Failure>>;

/// Observes each receipt, in order.
pub(crate) fn observe(remote: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
    let mut shelf = Shelf::new();
    for change in receipts.iter().flat_map(|receipt| &receipt.changes) {
        if let Some(kind) = Kind::named(&change.document).filter(|_| is_guid(&change.reference)) {
            shelf.insert((kind, change.reference.to_ascii_lowercase()), Ok(None));
        }
    }
    invoices(remote, &mut shelf);
    credit_notes(remote, &mut shelf);
    receipts.iter().map(|receipt| observation(&shelf, receipt)).collect()
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
        let kind = Kind::named(&change.document).ok_or_else(|| {
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
    let total = document
        .sub_total
        .ok_or_else(|| Failure::transient("xero-unreadable", "Xero shows the document without its net total."))?;
    let exact = |number: Option<counterfoil_sdk::json::Exact>| number.map_or(Decimal::ZERO, |number| number.0);
    let line = |line: &wire::LineItem| ObservedLine {
        description: line.description.clone().unwrap_or_default(),
        quantity: exact(line.quantity),
        unit_price: exact(line.unit_amount),
        amount: exact(line.line_amount),
    };
    let mut attributes = Attributes::new();
    attributes.set_some("contact-id", document.contact.as_ref().and_then(|contact| contact.id.clone()));
    attributes.set_some("document-reference", document.reference.clone());
    attributes.set_some("amount-due", document.amount_due.map(|due| due.0.to_string()));
    Ok(ObservedDocument {
        key: change.key.clone(),
        reference: change.reference.clone(),
        number: document.number.clone().unwrap_or_default(),
        state: document.status.clone().unwrap_or_else(|| "unknown".to_owned()),
        total: Money::new(kind.signed(total.0), currency),
        lines: document.line_items.iter().flatten().map(line).collect(),
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
