//! Owns a posted invoice or credit note as it was said; does not own whether it may be so.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::answer::Refusal;
use super::contacts::ContactDraft;
use super::input::Input;
use super::json::Json;
use super::lines::LineDraft;
use super::model::{Document, DocumentKind};
use super::render;

const KNOWN: [&str; 51] = [
    "Type",
    "Contact",
    "LineItems",
    "Date",
    "DueDate",
    "LineAmountTypes",
    "InvoiceNumber",
    "Reference",
    "BrandingThemeID",
    "Url",
    "CurrencyCode",
    "CurrencyRate",
    "Status",
    "SentToContact",
    "ExpectedPaymentDate",
    "PlannedPaymentDate",
    "CISDeduction",
    "CISRate",
    "SubTotal",
    "TotalTax",
    "Total",
    "TotalDiscount",
    "InvoiceID",
    "RepeatingInvoiceID",
    "HasAttachments",
    "IsDiscounted",
    "Payments",
    "Prepayments",
    "Overpayments",
    "AmountDue",
    "AmountPaid",
    "FullyPaidOnDate",
    "AmountCredited",
    "UpdatedDateUTC",
    "UpdatedDateUTCString",
    "CreditNotes",
    "Attachments",
    "HasErrors",
    "StatusAttributeString",
    "ValidationErrors",
    "Warnings",
    "InvoiceAddresses",
    "CreditNoteID",
    "CreditNoteNumber",
    "RemainingCredit",
    "Allocations",
    "AppliedAmount",
    "DateString",
    "DueDateString",
    "RoundingAmount",
    "EnteredTotal",
];

#[derive(Debug, Clone)]
pub(crate) struct DocumentDraft {
    pub(crate) id: Option<String>,
    pub(crate) doc_type: Option<String>,
    pub(crate) contact: Option<ContactDraft>,
    pub(crate) number: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) date: Option<NaiveDate>,
    pub(crate) due_date: Option<NaiveDate>,
    pub(crate) status: Option<String>,
    pub(crate) tax_mode: Option<String>,
    pub(crate) currency: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) branding_theme_id: Option<String>,
    pub(crate) sent_to_contact: Option<bool>,
    pub(crate) lines: Option<Vec<LineDraft>>,
    pub(crate) sub_total: Option<Decimal>,
    pub(crate) total_tax: Option<Decimal>,
    pub(crate) total: Option<Decimal>,
}

impl DocumentDraft {
    pub(crate) fn read(json: &Json, kind: DocumentKind) -> Result<Self, Refusal> {
        let input = Input::of(json, &KNOWN)?;
        let lines = match input.list("LineItems")? {
            None => None,
            Some(list) => Some(list.iter().map(LineDraft::read).collect::<Result<Vec<_>, _>>()?),
        };
        Ok(Self {
            id: input.text(render::collection(kind).id)?,
            doc_type: input.text("Type")?,
            contact: input.object("Contact")?.map(ContactDraft::read).transpose()?,
            number: input.text(render::number_field(kind))?.filter(|number| !number.is_empty()),
            reference: input.text("Reference")?,
            date: input.day("Date")?,
            due_date: input.day("DueDate")?,
            status: input.text("Status")?,
            tax_mode: input.text("LineAmountTypes")?,
            currency: input.text("CurrencyCode")?,
            url: input.text("Url")?,
            branding_theme_id: input.text("BrandingThemeID")?,
            sent_to_contact: input.boolean("SentToContact")?,
            lines,
            sub_total: input.decimal("SubTotal")?,
            total_tax: input.decimal("TotalTax")?,
            total: input.decimal("Total")?,
        })
    }

    pub(crate) fn echo(&self, kind: DocumentKind) -> Json {
        Json::object([
            ("Type", self.doc_type.as_ref().filter(|text| text.starts_with("ACC")).into()),
            (render::number_field(kind), self.number.as_ref().into()),
            ("Reference", self.reference.as_ref().into()),
            ("CurrencyCode", self.currency.as_ref().filter(|code| code.len() == 3).into()),
        ])
    }

    /// Whether it changes only what a settled document lets go: no money, no date, no currency, no status.
    pub(crate) fn spares_money(&self, kept: &Document) -> bool {
        let lines_kept = self.lines.as_ref().is_none_or(|lines| {
            lines.len() == kept.lines.len()
                && lines.iter().all(|draft| {
                    kept.lines
                        .iter()
                        .find(|line| draft.id.as_deref() == Some(line.id.as_str()))
                        .is_some_and(|line| draft.keeps_money_of(line))
                })
        });
        let said_same = |said: &Option<String>, kept: &str| said.as_ref().is_none_or(|said| said == kept);
        lines_kept
            && self.date.is_none_or(|date| date == kept.date)
            && said_same(&self.currency, &kept.currency)
            && said_same(&self.tax_mode, kept.tax_mode.as_str())
            && said_same(&self.status, kept.status.as_str())
    }
}
