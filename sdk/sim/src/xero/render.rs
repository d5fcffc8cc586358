//! Owns how documents look in answers; does not own what is in them.

use rust_decimal::{Decimal, RoundingStrategy};

use super::answer::Collection;
use super::contacts;
use super::dates;
use super::json::Json;
use super::lines::cents;
use super::model::{Allocation, Document, DocumentKind, Line};
use super::org::Org;

pub(crate) const INVOICES: Collection = Collection { name: "Invoices", id: "InvoiceID", flag: "HasErrors" };
pub(crate) const CREDIT_NOTES: Collection = Collection { name: "CreditNotes", id: "CreditNoteID", flag: "HasErrors" };

pub(crate) fn collection(kind: DocumentKind) -> Collection {
    match kind {
        DocumentKind::Invoice => INVOICES,
        DocumentKind::CreditNote => CREDIT_NOTES,
    }
}

pub(crate) fn number_field(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Invoice => "InvoiceNumber",
        DocumentKind::CreditNote => "CreditNoteNumber",
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    /// Lists without a page leave the lines out.
    pub(crate) lines: bool,
    pub(crate) unit_places: u32,
}

pub(crate) fn document(org: &Org, document: &Document, shown: Shown) -> Json {
    let lines =
        if shown.lines { document.lines.iter().map(|known| line(org, known, shown)).collect() } else { Vec::new() };
    let contact = org.contact(&document.contact_id).map(|at| &org.contacts[at]);
    let contact = contact.map_or(Json::Null, |contact| {
        if shown.lines {
            return contacts::render(contact);
        }
        Json::object([
            ("ContactID", (&contact.id).into()),
            ("Name", (&contact.name).into()),
            ("ContactNumber", contact.contact_number.as_ref().into()),
        ])
    });
    let mut json = Json::object([
        ("Type", (&document.doc_type).into()),
        (collection(document.kind).id, (&document.id).into()),
        (number_field(document.kind), (&document.number).into()),
        ("Reference", Json::text(document.reference.as_deref().unwrap_or_default())),
        ("Url", document.url.as_ref().into()),
        ("BrandingThemeID", document.branding_theme_id.as_ref().into()),
        ("CurrencyRate", rate()),
        ("HasErrors", false.into()),
        ("HasAttachments", false.into()),
        ("Contact", contact),
        ("DateString", dates::day_string(document.date)),
        ("Date", dates::day(document.date)),
        ("DueDateString", document.due_date.map(dates::day_string).into()),
        ("DueDate", document.due_date.map(dates::day).into()),
        ("Status", document.status.as_str().into()),
        ("LineAmountTypes", document.tax_mode.as_str().into()),
        ("LineItems", Json::List(lines)),
        ("SubTotal", document.sub_total.into()),
        ("TotalTax", document.total_tax.into()),
        ("Total", document.total.into()),
        ("UpdatedDateUTC", dates::instant(document.updated)),
        ("UpdatedDateUTCString", dates::instant_string(document.updated)),
        ("CurrencyCode", (&document.currency).into()),
        ("SentToContact", document.sent_to_contact.into()),
    ]);
    settlement(org, document, &mut json);
    json
}

fn rate() -> Json {
    Json::Number(Decimal::new(10, 1))
}

fn settlement(org: &Org, document: &Document, json: &mut Json) {
    match document.kind {
        DocumentKind::Invoice => {
            json.set("AmountDue", cents(document.open_amount()).into());
            json.set("AmountPaid", cents(document.paid).into());
            json.set("AmountCredited", cents(document.credited).into());
            for empty in ["Payments", "Prepayments", "Overpayments"] {
                json.set(empty, Json::List(Vec::new()));
            }
        }
        DocumentKind::CreditNote => {
            json.set("RemainingCredit", cents(document.open_amount()).into());
            let allocations = document.allocations.iter().map(|known| allocation(org, known)).collect();
            json.set("Allocations", Json::List(allocations));
        }
    }
}

pub(crate) fn allocation(org: &Org, allocation: &Allocation) -> Json {
    let invoice = org.find_id(DocumentKind::Invoice, &allocation.invoice_id).and_then(|at| org.document(at));
    Json::object([
        ("AllocationID", (&allocation.id).into()),
        ("Amount", cents(allocation.amount).into()),
        ("Date", dates::day(allocation.date)),
        (
            "Invoice",
            Json::object([
                ("InvoiceID", (&allocation.invoice_id).into()),
                ("InvoiceNumber", invoice.map(|invoice| &invoice.number).into()),
            ]),
        ),
        ("IsDeleted", false.into()),
    ])
}

fn line(org: &Org, line: &Line, shown: Shown) -> Json {
    let item = line.item_code.as_deref().and_then(|code| org.item(code)).map(|at| &org.items[at]);
    let item = item.map_or(Json::Null, |item| {
        Json::object([
            ("ItemID", (&item.id).into()),
            ("Name", item.name.as_ref().into()),
            ("Code", (&item.code).into()),
        ])
    });
    let account = line.account_code.as_deref().and_then(|code| org.account(code));
    let round = |unit: Decimal| unit.round_dp_with_strategy(shown.unit_places, RoundingStrategy::MidpointAwayFromZero);
    Json::object([
        ("LineItemID", (&line.id).into()),
        ("Description", line.description.as_ref().into()),
        ("Quantity", line.quantity.into()),
        ("UnitAmount", line.unit_amount.map(round).into()),
        ("ItemCode", line.item_code.as_ref().into()),
        ("Item", item),
        ("AccountCode", line.account_code.as_ref().into()),
        ("AccountID", account.map(|account| &account.id).into()),
        ("TaxType", line.tax_type.as_ref().into()),
        ("TaxAmount", line.tax_amount.into()),
        ("LineAmount", line.line_amount.into()),
        ("DiscountRate", line.discount_rate.into()),
        ("DiscountAmount", line.discount_amount.into()),
        ("Tracking", Json::List(line.tracking.iter().map(|known| tracking(org, known)).collect())),
    ])
}

fn tracking(org: &Org, (name, option): &(String, String)) -> Json {
    let category = org.tracking.iter().find(|category| category.name == *name || category.id == *name);
    let option_known =
        category.and_then(|category| category.options.iter().find(|(id, known)| known == option || id == option));
    Json::object([
        ("Name", category.map(|category| &category.name).into()),
        ("Option", option_known.map(|(_, name)| name).into()),
        ("TrackingCategoryID", category.map(|category| &category.id).into()),
        ("TrackingOptionID", option_known.map(|(id, _)| id).into()),
    ])
}
