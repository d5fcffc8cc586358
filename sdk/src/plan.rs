//! What a plugin proposes: the exact changes of one job.
//!
//! Owns the plan as people confirm it and the host seals it. `payload` belongs to the plugin: what `apply` sends must
//! be in it, because `apply` makes no decisions.

use rust_decimal::Decimal;

use crate::{Attributes, ChangeReceipt, Failure, Money, decimal};

/// What a change does to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Makes a new document.
    Create,
    /// Changes an existing one.
    Update,
    /// Cancels an existing one.
    Cancel,
    /// Does nothing, and says why.
    None,
}

/// One cell of the preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The target's name of the field.
    pub name: String,
    /// What the document has now.
    pub before: Option<String>,
    /// What it will have.
    pub after: Option<String>,
    /// Who says so: "marketplace", "target", "host" or "person".
    pub owner: String,
}

/// One line of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanLine {
    /// The job lines that this one carries.
    pub covers: Vec<String>,
    /// The text on the document.
    pub description: String,
    /// As the document has it.
    pub quantity: Decimal,
    /// As the document has it, net, major units.
    pub unit_price: Decimal,
    /// Cost of one, where the document carries it.
    pub unit_cost: Option<Decimal>,
    /// Net of tax. Positive on a credit note, negative in `bills`.
    pub amount: Decimal,
    /// What this line adds to what the customer owes: the sign is the order's.
    pub bills: Decimal,
    /// The arithmetic, for people.
    pub why: String,
    /// Anything else: "account-code", "tax-type", …
    pub attributes: Attributes,
}

/// One document-level effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Stable: the same job gives the same key, today and next month.
    pub key: String,
    /// What is done.
    pub action: Action,
    /// The kind of document, one of the card's ("invoice").
    pub document: String,
    /// The document to change; none for a create.
    pub target: Option<String>,
    /// One line for people.
    pub title: String,
    /// Every field of the document.
    pub fields: Vec<Field>,
    /// Every line of the document.
    pub lines: Vec<PlanLine>,
    /// Sum of the lines' `bills`.
    pub total: Money,
    /// Why this change, for people.
    pub why: String,
    /// Anything else.
    pub attributes: Attributes,
}

/// A job line that no change carries, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Omission {
    /// Id of the job line.
    pub line: String,
    /// Why it is left out.
    pub why: String,
}

/// The proposal for one job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The task's id.
    pub job: String,
    /// What will be done, in order.
    pub changes: Vec<Change>,
    /// What will not be billed.
    pub left_out: Vec<Omission>,
    /// Anything a person should know.
    pub notes: Vec<String>,
    /// Whatever `apply` needs; opaque to the host, part of the digest.
    pub payload: Vec<u8>,
    /// Filled by the host at apply: changes that are known to exist already. Never repeat them.
    pub adopted: Vec<ChangeReceipt>,
    /// Anything else.
    pub attributes: Attributes,
}

impl Plan {
    /// The change with this key.
    #[must_use]
    pub fn change(&self, key: &str) -> Option<&Change> {
        self.changes.iter().find(|change| change.key == key)
    }

    /// The receipt of a change that the host knows to exist.
    #[must_use]
    pub fn adopted(&self, key: &str) -> Option<&ChangeReceipt> {
        self.adopted.iter().find(|receipt| receipt.key == key)
    }
}

/// Sum of what lines bill.
///
/// # Errors
/// A failure of class internal on overflow.
pub fn billed(lines: &[PlanLine]) -> Result<Decimal, Failure> {
    decimal::sum(lines.iter().map(|line| line.bills))
        .ok_or_else(|| Failure::internal("sdk-decimal-range", "The lines' sum is outside the range of exact decimals."))
}
