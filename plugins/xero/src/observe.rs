//! What Xero shows now for documents that were written.
//!
//! Owns reading them back, many to a call. A document that is gone has the state "missing". Of an invoice that orders share, only the order's own lines are shown; an allocation is
//! shown by its credit note, and bills nothing.

use std::collections::{BTreeMap, BTreeSet};

use counterfoil_sdk::encode::{quoted, segment};
use counterfoil_sdk::{
    Attributes, ChangeReceipt, Class, Currency, Decimal, Failure, Money, Observation, ObservedDocument, ObservedLine,
    Receipt, Remote, Request,
};

use crate::answers::{self, is_guid};
use crate::document::{ALLOCATION, Kind};
use crate::lookup::{self, is_dead};
use crate::pages::{self, COMMA, List};
use crate::{tag, wire};

/// Documents by kind and id in lower case; none for one that is gone.
type Shelf = BTreeMap<(Kind, String), Result<Option<wire::Document>, Failure>>;

/// The numbers that documents were given, by id in lower case.
type Numbers = BTreeMap<String, String>;

/// So many invoices go by their ids in one call.
const BY_ID: usize = 40;
/// So many credit notes are read one by one.
const ONE_BY_ONE: usize = 2;

/// Observes each receipt, in order.
pub(crate) fn observe(remote: &mut dyn Remote, receipts: &[Receipt]) -> Vec<Result<Observation, Failure>> {
    let mut shelf = Shelf::new();
    let mut numbers = Numbers::new();
    for change in receipts.iter().flat_map(|receipt| &receipt.changes) {
        if let Some(kind) = place(change).filter(|_| is_guid(&change.reference)) {
            let id = change.reference.to_ascii_lowercase();
            numbers.insert(id.clone(), change.number.trim().to_owned());
            shelf.insert((kind, id), Ok(None));
        }
    }
    invoices(remote, &mut shelf, &numbers);
    credit_notes(remote, &mut shelf, &numbers);
    receipts.iter().map(|receipt| observation(&shelf, receipt)).collect()
}

/// The kind of document that shows a change.
fn place(change: &ChangeReceipt) -> Option<Kind> {
    if change.document == ALLOCATION { Some(Kind::CreditNote) } else { Kind::named(&change.document) }
}

/// Invoices go by their numbers, which are shorter than ids, so that many fit into one address. Only an id tells which one
/// is ours, and what the numbers did not show is asked for by it: somebody may have given it another number.
fn invoices(remote: &mut dyn Remote, shelf: &mut Shelf, numbers: &Numbers) {
    let ids = unseen(shelf, Kind::Invoice);
    if ids.len() > BY_ID {
        let numbers = numbers_of(numbers, &ids);
        for chunk in pages::chunks(&numbers, COMMA) {
            let filters = [("InvoiceNumbers", pages::joined(chunk, COMMA))];
            if put(shelf, Kind::Invoice, read(remote, &filters)).is_err() {
                // Nothing is lost: they are asked for by their ids.
                break;
            }
        }
    }
    for chunk in pages::chunks(&unseen(shelf, Kind::Invoice), COMMA) {
        let filters = [("IDs", pages::joined(chunk, COMMA))];
        if let Err(failure) = put(shelf, Kind::Invoice, read(remote, &filters)) {
            for id in chunk {
                shelf.insert((Kind::Invoice, id.clone()), Err(failure.clone()));
            }
        }
    }
}

fn read(remote: &mut dyn Remote, filters: &[(&str, String); 1]) -> Result<Vec<wire::Document>, Failure> {
    let [(name, value)] = filters;
    List { kind: Kind::Invoice, operation: "get-invoices", what: "the invoices", filters: &[(name, value)] }
        .read(remote)
}

/// Credit notes have no list by id: a few are read one by one, many by their numbers first.
fn credit_notes(remote: &mut dyn Remote, shelf: &mut Shelf, numbers: &Numbers) {
    let ids = unseen(shelf, Kind::CreditNote);
    if ids.len() > ONE_BY_ONE {
        let term = |number: &String| quoted(number).ok().map(|number| format!("CreditNoteNumber=={number}"));
        let terms: Vec<String> = numbers_of(numbers, &ids).iter().filter_map(term).collect();
        // A failure here is no answer: they are asked for one by one.
        let _listed = put(shelf, Kind::CreditNote, lookup::any_of(remote, Kind::CreditNote, &terms));
    }
    for id in unseen(shelf, Kind::CreditNote) {
        let request = Request::get("get-credit-note", format!("/CreditNotes/{}", segment(&id))).query("unitdp", "4");
        let found = match answers::read::<wire::Documents>(remote, request, "the credit note") {
            Ok(list) => Ok(list.documents.into_iter().next()),
            Err(failure) if failure.class == Class::NotFound => Ok(None),
            Err(failure) => Err(failure),
        };
        shelf.insert((Kind::CreditNote, id), found);
    }
}

/// Ids of a kind that nothing was seen of.
fn unseen(shelf: &Shelf, kind: Kind) -> Vec<String> {
    let none = |found: &Result<Option<wire::Document>, Failure>| matches!(found, Ok(None));
    shelf.iter().filter(|((of, _), found)| *of == kind && none(found)).map(|((_, id), _)| id.clone()).collect()
}

/// The numbers that were given to these ids, where a list of numbers can hold them.
fn numbers_of(numbers: &Numbers, ids: &[String]) -> Vec<String> {
    let given =
        ids.iter().filter_map(|id| numbers.get(id)).filter(|number| !number.is_empty() && !number.contains(','));
    given.cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// What was listed, each in its place; whatever else has such a number is not ours.
fn put(shelf: &mut Shelf, kind: Kind, listed: Result<Vec<wire::Document>, Failure>) -> Result<(), Failure> {
    for document in listed? {
        let id = document.id.as_deref().unwrap_or_default().to_ascii_lowercase();
        if let Some(place) = shelf.get_mut(&(kind, id)) {
            *place = Ok(Some(document));
        }
    }
    Ok(())
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
