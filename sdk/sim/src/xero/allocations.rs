//! Owns giving a credit note's credit to invoices, and the notes in a document's history.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::answer::{Answer, Envelope, Refusal};
use super::call::Call;
use super::dates;
use super::input::{self, Input};
use super::json::Json;
use super::model::{Allocation, DocumentKind, HistoryRecord, Status};
use super::org::Org;
use super::render;

/// One posted allocation; what is missing is said with its name.
struct AllocationDraft {
    invoice_id: String,
    amount: Decimal,
    date: NaiveDate,
}

impl AllocationDraft {
    fn read(json: &Json) -> Result<Self, Refusal> {
        let known =
            ["AllocationID", "Invoice", "Overpayment", "Prepayment", "CreditNote", "Amount", "Date", "IsDeleted"];
        let input = Input::of(json, &known)?;
        let missing = |name: &str| Refusal::Validation(vec![format!("{name} must be specified")]);
        let invoice = input.object("Invoice")?.ok_or_else(|| missing("Invoice"))?;
        let named = match invoice.get("InvoiceID") {
            Some(Json::Text(id)) => id.clone(),
            _ => return Err(missing("InvoiceID")),
        };
        Ok(Self {
            invoice_id: named,
            amount: input.decimal("Amount")?.ok_or_else(|| missing("Amount"))?,
            date: input.day("Date")?.ok_or_else(|| missing("Date"))?,
        })
    }
}

pub(crate) fn allocate(org: &mut Org, call: &Call, envelope: &Envelope, id: &str) -> Result<Answer, Refusal> {
    let note = org.find_either(DocumentKind::CreditNote, id).ok_or(Refusal::NotFound)?;
    let body = call.json()?;
    let drafts = input::elements(&body, "Allocations", "Allocation")?
        .into_iter()
        .map(AllocationDraft::read)
        .collect::<Result<Vec<_>, _>>()?;
    let mut shown = Vec::new();
    for draft in drafts {
        let allocation = allocate_one(org, call, note, draft).map_err(|error| Refusal::Validation(vec![error]))?;
        shown.push(render::allocation(org, &allocation));
    }
    Ok(envelope.list("Allocations", shown))
}

fn allocate_one(org: &mut Org, call: &Call, note: usize, draft: AllocationDraft) -> Result<Allocation, String> {
    let to = org
        .find_id(DocumentKind::Invoice, &draft.invoice_id)
        .ok_or_else(|| "The invoice you are trying to allocate to could not be found".to_owned())?;
    let (Some(credit), Some(invoice)) = (org.document(note), org.document(to)) else {
        return Err("The credit note could not be found".to_owned());
    };
    if invoice.status == Status::Paid {
        return Err("The invoice you are trying to allocate to has already been paid off".to_owned());
    }
    if credit.status != Status::Authorised || invoice.status != Status::Authorised {
        return Err("Credit Note and invoice must be AUTHORISED to be allocated".to_owned());
    }
    if credit.contact_id != invoice.contact_id || credit.currency != invoice.currency {
        return Err("Credit Note and invoice must have the same contact and currency".to_owned());
    }
    let too_much = draft.amount > credit.open_amount() || draft.amount > invoice.open_amount();
    if too_much || draft.amount <= Decimal::ZERO {
        return Err("Credit Note cannot be allocated as amount is greater than amount outstanding".to_owned());
    }
    let allocation = Allocation {
        id: org.ids.guid(),
        invoice_id: draft.invoice_id.to_ascii_lowercase(),
        amount: draft.amount,
        date: draft.date,
    };
    if let Some(invoice) = org.document_mut(to) {
        invoice.credited += allocation.amount;
        invoice.updated = call.now;
        invoice.settle_if_due();
    }
    if let Some(credit) = org.document_mut(note) {
        credit.allocations.push(allocation.clone());
        credit.updated = call.now;
        credit.settle_if_due();
    }
    Ok(allocation)
}

pub(crate) fn history(org: &Org, envelope: &Envelope, kind: DocumentKind, id: &str) -> Result<Answer, Refusal> {
    let at = org.find_either(kind, id).ok_or(Refusal::NotFound)?;
    let document = org.document(at).ok_or(Refusal::NotFound)?;
    Ok(envelope.list("HistoryRecords", document.history.iter().rev().map(show).collect()))
}

pub(crate) fn add_history(
    org: &mut Org,
    call: &Call,
    envelope: &Envelope,
    kind: DocumentKind,
    id: &str,
) -> Result<Answer, Refusal> {
    let at = org.find_either(kind, id).ok_or(Refusal::NotFound)?;
    let body = call.json()?;
    let mut shown = Vec::new();
    for json in input::elements(&body, "HistoryRecords", "HistoryRecord")? {
        let input = Input::of(json, &["Details", "Changes", "DateUTC", "DateUTCString", "User"])?;
        let details = input.text("Details")?.unwrap_or_default();
        if details.is_empty() || details.chars().count() > 2_500 {
            return Err(Refusal::Validation(vec!["Details must be between 1 and 2500 characters".to_owned()]));
        }
        let record = HistoryRecord { changes: "Note".to_owned(), details, at: call.now };
        shown.push(show(&record));
        if let Some(document) = org.document_mut(at) {
            document.history.push(record);
        }
    }
    Ok(envelope.list("HistoryRecords", shown))
}

fn show(record: &HistoryRecord) -> Json {
    Json::object([
        ("Changes", (&record.changes).into()),
        ("DateUTCString", dates::instant_string(record.at)),
        ("DateUTC", dates::instant(record.at)),
        ("User", "System Generated".into()),
        ("Details", (&record.details).into()),
    ])
}
