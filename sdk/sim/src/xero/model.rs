//! Owns the records a simulated organisation keeps; does not own the rules that change them.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::json::Json;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub id: String,
    pub name: String,
    pub contact_number: Option<String>,
    pub account_number: Option<String>,
    pub email: Option<String>,
    pub default_currency: Option<String>,
    pub archived: bool,
    pub is_customer: bool,
    pub updated: DateTime<Utc>,
    /// Fields without rules of their own (phones, addresses, terms …), as posted.
    pub(crate) other: Vec<(String, Json)>,
}

impl Contact {
    /// A field without rules of its own, such as `TaxNumber`.
    pub fn set(&mut self, name: &str, text: &str) {
        self.other.retain(|(known, _)| known != name);
        self.other.push((name.to_owned(), Json::from(text)));
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub id: String,
    pub code: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub is_sold: bool,
    pub is_purchased: bool,
    pub sales: Price,
    pub purchase: Price,
    pub updated: DateTime<Utc>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Price {
    pub unit_price: Option<Decimal>,
    pub account_code: Option<String>,
    pub tax_type: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: String,
    pub code: String,
    pub name: String,
    /// `REVENUE`, `SALES`, `EXPENSE`, `BANK` …
    pub account_type: String,
    /// `REVENUE`, `EXPENSE`, `ASSET`, `LIABILITY`, `EQUITY`.
    pub class: String,
    pub archived: bool,
    pub tax_type: String,
    pub system_account: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxRate {
    pub tax_type: String,
    pub name: String,
    /// Percent.
    pub rate: Decimal,
    pub active: bool,
    pub can_apply_to_revenue: bool,
    pub can_apply_to_expenses: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackingCategory {
    pub id: String,
    pub name: String,
    /// Id and name of each option.
    pub options: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    Invoice,
    CreditNote,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Draft,
    Submitted,
    Authorised,
    Paid,
    Voided,
    Deleted,
}

impl Status {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Submitted => "SUBMITTED",
            Self::Authorised => "AUTHORISED",
            Self::Paid => "PAID",
            Self::Voided => "VOIDED",
            Self::Deleted => "DELETED",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Draft, Self::Submitted, Self::Authorised, Self::Paid, Self::Voided, Self::Deleted]
            .into_iter()
            .find(|status| status.as_str() == text)
    }

    /// Whether the document's money counts.
    #[must_use]
    pub fn counts(self) -> bool {
        !matches!(self, Self::Voided | Self::Deleted)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxMode {
    Exclusive,
    Inclusive,
    NoTax,
}

impl TaxMode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Exclusive => "Exclusive",
            Self::Inclusive => "Inclusive",
            Self::NoTax => "NoTax",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Exclusive, Self::Inclusive, Self::NoTax].into_iter().find(|mode| mode.as_str() == text)
    }
}

/// An invoice or a credit note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub id: String,
    pub kind: DocumentKind,
    /// `ACCREC`, `ACCPAY`, `ACCRECCREDIT`, `ACCPAYCREDIT`.
    pub doc_type: String,
    pub number: String,
    pub reference: Option<String>,
    pub contact_id: String,
    pub date: NaiveDate,
    pub due_date: Option<NaiveDate>,
    pub status: Status,
    pub tax_mode: TaxMode,
    pub currency: String,
    pub url: Option<String>,
    pub branding_theme_id: Option<String>,
    pub sent_to_contact: bool,
    pub lines: Vec<Line>,
    pub sub_total: Decimal,
    pub total_tax: Decimal,
    pub total: Decimal,
    pub paid: Decimal,
    /// On an invoice: credit applied to it.
    pub credited: Decimal,
    /// On a credit note: where its credit went.
    pub allocations: Vec<Allocation>,
    pub history: Vec<HistoryRecord>,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
}

impl Document {
    #[must_use]
    pub fn allocated(&self) -> Decimal {
        self.allocations.iter().map(|allocation| allocation.amount).sum()
    }

    /// What is still owed, or still to be given as credit.
    #[must_use]
    pub fn open_amount(&self) -> Decimal {
        if !self.status.counts() {
            return Decimal::ZERO;
        }
        self.total - self.paid - self.credited - self.allocated()
    }

    pub(crate) fn has_settlement(&self) -> bool {
        !self.paid.is_zero() || !self.credited.is_zero() || !self.allocations.is_empty()
    }

    pub(crate) fn settle_if_due(&mut self) {
        if self.status == Status::Authorised && self.open_amount().is_zero() {
            self.status = Status::Paid;
        }
    }

    /// Sales documents; purchases share the endpoint but not the rules.
    #[must_use]
    pub fn is_sale(&self) -> bool {
        self.doc_type.starts_with("ACCREC")
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub id: String,
    pub description: Option<String>,
    pub quantity: Option<Decimal>,
    pub unit_amount: Option<Decimal>,
    pub item_code: Option<String>,
    pub account_code: Option<String>,
    pub tax_type: Option<String>,
    pub tax_amount: Decimal,
    pub line_amount: Decimal,
    pub discount_rate: Option<Decimal>,
    pub discount_amount: Option<Decimal>,
    /// Category name and option name.
    pub tracking: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    pub id: String,
    pub invoice_id: String,
    pub amount: Decimal,
    pub date: NaiveDate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRecord {
    pub changes: String,
    pub details: String,
    pub at: DateTime<Utc>,
}
