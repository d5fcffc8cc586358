//! Owns reading invoices and credit notes: by id or number, and filtered lists. Does not own their rules.

use chrono::{DateTime, Utc};

use super::answer::{Answer, Envelope, Refusal};
use super::call::{Call, among};
use super::filter::{Value, folded};
use super::model::{Document, DocumentKind};
use super::org::Org;
use super::render::{self, Shown};

pub(crate) fn get(
    org: &Org,
    call: &Call,
    envelope: &Envelope,
    kind: DocumentKind,
    id: &str,
) -> Result<Answer, Refusal> {
    let at = org.find_either(kind, id).ok_or(Refusal::NotFound)?;
    let document = org.document(at).ok_or(Refusal::NotFound)?;
    let shown = Shown { lines: true, unit_places: call.unit_places() };
    Ok(envelope.list(render::collection(kind).name, vec![render::document(org, document, shown)]))
}

/// Without a page the lines are left out. A lagging list does not know the youngest documents.
pub(crate) fn list(org: &Org, call: &Call, envelope: &Envelope, kind: DocumentKind) -> Result<Answer, Refusal> {
    let filter = call.filter()?;
    // Only the invoice list takes these; the credit note list ignores them without a word.
    let only = |name: &str| {
        if kind == DocumentKind::Invoice { call.list(name) } else { None }
    };
    let (ids, numbers) = (only("IDs"), only("InvoiceNumbers"));
    let (contacts, statuses) = (only("ContactIDs"), only("Statuses"));
    let term = only("searchTerm").and(call.param("searchTerm")).map(folded);
    let visible_until = call.list_lag.map(|lag| call.now - lag);
    let page = call.page()?;
    let mut matching = Vec::new();
    for document in org.documents().iter().filter(|document| document.kind == kind) {
        let passes = match &filter {
            Some(filter) => filter.passes(&|name| field(org, document, name))?,
            None => true,
        };
        if passes
            && visible(document, visible_until)
            && among(ids.as_deref(), &document.id)
            && among(numbers.as_deref(), &document.number)
            && among(contacts.as_deref(), &document.contact_id)
            && among(statuses.as_deref(), document.status.as_str())
            && term.as_ref().is_none_or(|term| mentions(document, term))
            && !call.unchanged(document.updated)
        {
            matching.push(document);
        }
    }
    let lines = page.is_some() && !call.summary_only();
    let shown = Shown { lines, unit_places: call.unit_places() };
    Ok(envelope.page(render::collection(kind).name, matching, page, |document| render::document(org, document, shown)))
}

fn visible(document: &Document, until: Option<DateTime<Utc>>) -> bool {
    until.is_none_or(|until| document.created <= until)
}

fn mentions(document: &Document, term: &str) -> bool {
    folded(&document.number).contains(term)
        || document.reference.as_ref().is_some_and(|reference| folded(reference).contains(term))
}

fn field(org: &Org, document: &Document, name: &str) -> Option<Value> {
    let contact = || org.contact(&document.contact_id).map(|at| &org.contacts[at]);
    let names = [render::number_field(document.kind), render::collection(document.kind).id];
    if name == names[0] {
        return Some(document.number.as_str().into());
    }
    if name == names[1] {
        return Some(document.id.as_str().into());
    }
    Some(match name {
        "Type" => document.doc_type.as_str().into(),
        "Reference" => Value::Text(document.reference.clone().unwrap_or_default()),
        "Status" => document.status.as_str().into(),
        "CurrencyCode" => document.currency.as_str().into(),
        "Contact.ContactID" => document.contact_id.as_str().into(),
        "Contact.Name" => contact().map_or(Value::Null, |contact| contact.name.as_str().into()),
        "Contact.ContactNumber" => contact().map_or(Value::Null, |contact| contact.contact_number.as_ref().into()),
        "Date" => Value::Day(document.date),
        "DueDate" => document.due_date.map_or(Value::Null, Value::Day),
        "UpdatedDateUTC" => Value::Day(document.updated.date_naive()),
        "SubTotal" => Value::Number(document.sub_total),
        "TotalTax" => Value::Number(document.total_tax),
        "Total" => Value::Number(document.total),
        "AmountDue" | "RemainingCredit" => Value::Number(document.open_amount()),
        "AmountPaid" => Value::Number(document.paid),
        "AmountCredited" => Value::Number(document.credited),
        "Url" => document.url.as_ref().into(),
        _ => return None,
    })
}
