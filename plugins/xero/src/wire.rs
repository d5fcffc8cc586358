//! Xero's JSON, as far as this plugin reads or writes it.
//!
//! Owns field names and nothing else. What Xero sends is all optional here: which field is needed, and what its absence
//! means, is decided where it is used. What is sent has no totals and no discounts, on purpose (see `lines`).

use counterfoil_sdk::json::Exact;
use counterfoil_sdk::serde::{Deserialize, Serialize};

/// The id that Xero puts where nothing was saved.
pub(crate) const ZERO_ID: &str = "00000000-0000-0000-0000-000000000000";

/// An element's complaint.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct Complaint {
    #[serde(rename = "Message", default)]
    pub(crate) message: String,
}

/// Where a page stands in its list.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "camelCase")]
pub(crate) struct Pagination {
    pub(crate) page: Option<u32>,
    pub(crate) page_count: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Organisations {
    pub(crate) organisations: Vec<Organisation>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Organisation {
    #[serde(rename = "OrganisationID")]
    pub(crate) id: Option<String>,
    pub(crate) short_code: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) base_currency: Option<String>,
    pub(crate) country_code: Option<String>,
    pub(crate) timezone: Option<String>,
    pub(crate) period_lock_date: Option<String>,
    pub(crate) end_of_year_lock_date: Option<String>,
    pub(crate) is_demo_company: Option<bool>,
    pub(crate) class: Option<String>,
    pub(crate) default_sales_tax: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Contacts {
    pub(crate) contacts: Vec<Contact>,
    #[serde(rename = "pagination")]
    pub(crate) pagination: Option<Pagination>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Contact {
    #[serde(rename = "ContactID")]
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) contact_number: Option<String>,
    pub(crate) account_number: Option<String>,
    pub(crate) contact_status: Option<String>,
    pub(crate) email_address: Option<String>,
    pub(crate) tax_number: Option<String>,
    pub(crate) default_currency: Option<String>,
    pub(crate) status_attribute_string: Option<String>,
    pub(crate) has_validation_errors: Option<bool>,
    pub(crate) validation_errors: Option<Vec<Complaint>>,
}

/// A contact to create. Absent fields are left out: an empty one would be a value.
#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct NewContact<'a> {
    pub(crate) name: String,
    pub(crate) contact_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tax_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) default_currency: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct NewContacts<'a> {
    pub(crate) contacts: [NewContact<'a>; 1],
}

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Items {
    pub(crate) items: Vec<Item>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Item {
    #[serde(rename = "ItemID")]
    pub(crate) id: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) is_sold: Option<bool>,
    pub(crate) is_tracked_as_inventory: Option<bool>,
    pub(crate) sales_details: Option<Trade>,
    pub(crate) purchase_details: Option<Trade>,
    pub(crate) status_attribute_string: Option<String>,
    pub(crate) validation_errors: Option<Vec<Complaint>>,
}

/// How an item is sold or bought.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Trade {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unit_price: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tax_type: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct NewItem {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) is_sold: bool,
    pub(crate) is_purchased: bool,
    pub(crate) sales_details: Trade,
}

#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct NewItems {
    pub(crate) items: [NewItem; 1],
}

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Accounts {
    pub(crate) accounts: Vec<Account>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Account {
    #[serde(rename = "AccountID")]
    pub(crate) id: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) name: Option<String>,
    #[serde(rename = "Type")]
    pub(crate) kind: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) tax_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct TaxRates {
    pub(crate) tax_rates: Vec<TaxRate>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct TaxRate {
    pub(crate) tax_type: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) can_apply_to_revenue: Option<bool>,
    pub(crate) effective_rate: Option<Exact>,
}

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Currencies {
    pub(crate) currencies: Vec<Currency>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Currency {
    pub(crate) code: Option<String>,
    pub(crate) description: Option<String>,
}

/// Invoices or credit notes: the two lists have the same shape under two names.
#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct Documents {
    #[serde(rename = "Invoices", alias = "CreditNotes")]
    pub(crate) documents: Vec<Document>,
    #[serde(rename = "pagination")]
    pub(crate) pagination: Option<Pagination>,
}

/// An invoice or a credit note as Xero shows it.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Document {
    #[serde(rename = "InvoiceID", alias = "CreditNoteID")]
    pub(crate) id: Option<String>,
    #[serde(rename = "InvoiceNumber", alias = "CreditNoteNumber")]
    pub(crate) number: Option<String>,
    #[serde(rename = "Type")]
    pub(crate) kind: Option<String>,
    pub(crate) reference: Option<String>,
    /// The day without a zone; credit notes may have only the other form.
    #[serde(rename = "DateString")]
    pub(crate) day: Option<String>,
    #[serde(rename = "DueDateString")]
    pub(crate) due: Option<String>,
    pub(crate) line_amount_types: Option<String>,
    pub(crate) contact: Option<DocumentContact>,
    pub(crate) status: Option<String>,
    pub(crate) currency_code: Option<String>,
    #[serde(rename = "UpdatedDateUTC")]
    pub(crate) updated: Option<String>,
    pub(crate) sub_total: Option<Exact>,
    pub(crate) total: Option<Exact>,
    pub(crate) amount_due: Option<Exact>,
    pub(crate) remaining_credit: Option<Exact>,
    pub(crate) allocations: Option<Vec<Allocation>>,
    pub(crate) line_items: Option<Vec<LineItem>>,
    pub(crate) status_attribute_string: Option<String>,
    pub(crate) has_errors: Option<bool>,
    pub(crate) validation_errors: Option<Vec<Complaint>>,
    pub(crate) warnings: Option<Vec<Complaint>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct DocumentContact {
    #[serde(rename = "ContactID")]
    pub(crate) id: Option<String>,
    #[serde(rename = "Name")]
    pub(crate) name: Option<String>,
}

/// A line as Xero shows it, and as it is sent back to be kept: without the amount, which Xero works out from the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct LineItem {
    #[serde(rename = "LineItemID", skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quantity: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unit_amount: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) item_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tax_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tax_amount: Option<Exact>,
    #[serde(skip_serializing)]
    pub(crate) line_amount: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) discount_rate: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) discount_amount: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking: Option<Vec<TrackingOf>>,
}

/// A line's tracking option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct TrackingOf {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) option: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct TrackingCategories {
    pub(crate) tracking_categories: Vec<TrackingCategory>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct TrackingCategory {
    pub(crate) name: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) options: Option<Vec<TrackingOption>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct TrackingOption {
    pub(crate) name: Option<String>,
    pub(crate) status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct BrandingThemes {
    pub(crate) branding_themes: Vec<BrandingTheme>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct BrandingTheme {
    #[serde(rename = "BrandingThemeID")]
    pub(crate) id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Allocations {
    pub(crate) allocations: Vec<Allocation>,
}

/// Credit that was given to an invoice.
#[derive(Debug, Clone, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct Allocation {
    pub(crate) amount: Option<Exact>,
    pub(crate) invoice: Option<AllocatedTo>,
    pub(crate) is_deleted: Option<bool>,
    pub(crate) validation_errors: Option<Vec<Complaint>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct AllocatedTo {
    #[serde(rename = "InvoiceID")]
    pub(crate) id: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct NewAllocations<'a> {
    pub(crate) allocations: [NewAllocation<'a>; 1],
}

#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct NewAllocation<'a> {
    pub(crate) invoice: AllocatedTo,
    pub(crate) amount: Exact,
    pub(crate) date: &'a str,
}

/// An invoice's whole line set. It names no number, and a status that Xero takes for a draft alone.
#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct ChangedInvoices<'a> {
    pub(crate) invoices: [ChangedInvoice<'a>; 1],
}

#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct ChangedInvoice<'a> {
    #[serde(rename = "InvoiceID")]
    pub(crate) id: &'a str,
    pub(crate) status: &'a str,
    pub(crate) line_items: Vec<AnyLine<'a>>,
}

/// A line that is kept, or one that is added.
#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", untagged)]
pub(crate) enum AnyLine<'a> {
    Kept(&'a LineItem),
    Added(&'a counterfoil_sdk::serde_json::value::RawValue),
}

/// An invoice or a credit note to create.
#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct NewDocument<'a> {
    #[serde(rename = "Type")]
    pub(crate) kind: &'a str,
    pub(crate) contact: ContactId<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) invoice_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credit_note_number: Option<&'a str>,
    pub(crate) reference: &'a str,
    pub(crate) date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) due_date: Option<String>,
    pub(crate) currency_code: &'a str,
    pub(crate) line_amount_types: &'a str,
    pub(crate) status: &'a str,
    #[serde(rename = "BrandingThemeID", skip_serializing_if = "Option::is_none")]
    pub(crate) branding_theme_id: Option<&'a str>,
    pub(crate) line_items: Vec<NewLineItem<'a>>,
}

/// Only the id: any other contact field in a document would change the contact itself.
#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct ContactId<'a> {
    #[serde(rename = "ContactID")]
    pub(crate) id: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "PascalCase")]
pub(crate) struct NewLineItem<'a> {
    pub(crate) description: &'a str,
    pub(crate) quantity: Exact,
    pub(crate) unit_amount: Exact,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) item_code: Option<&'a str>,
    pub(crate) account_code: &'a str,
    pub(crate) tax_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking: Option<[TrackingOf; 1]>,
}
