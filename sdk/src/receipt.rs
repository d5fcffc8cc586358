//! What the target stored, and what it shows now.
//!
//! Owns receipts, the outcome of a look-up and observations. Totals are net and carry the order's sign: a credit note's
//! is negative.

use rust_decimal::Decimal;

use crate::plan::Action;
use crate::{Attributes, Money};

/// What the target stored for one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeReceipt {
    /// The change's key.
    pub key: String,
    /// What was done.
    pub action: Action,
    /// The kind of document.
    pub document: String,
    /// The target's id of the document.
    pub reference: String,
    /// The number people see ("INV-0042"); may be empty.
    pub number: String,
    /// Net total as the target said.
    pub total: Option<Money>,
    /// Anything else.
    pub attributes: Attributes,
}

/// What the target stored for one plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// The task's id.
    pub job: String,
    /// One for each change, in the plan's order.
    pub changes: Vec<ChangeReceipt>,
    /// Anything else.
    pub attributes: Attributes,
}

/// What a look-up for a lost write found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// The document exists: the host adopts it.
    Found(ChangeReceipt),
    /// There is none: the host may send again.
    Absent,
    /// A person decides.
    Several(Vec<ChangeReceipt>),
}

/// A line as the target shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedLine {
    /// Its text.
    pub description: String,
    /// Its quantity.
    pub quantity: Decimal,
    /// Price of one, net.
    pub unit_price: Decimal,
    /// Net of tax, the document's own sign.
    pub amount: Decimal,
}

/// A document as the target shows it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedDocument {
    /// Key of the change that made it.
    pub key: String,
    /// The target's id.
    pub reference: String,
    /// The number people see.
    pub number: String,
    /// The target's own word ("DRAFT", "PAID"), or "missing".
    pub state: String,
    /// Net total.
    pub total: Money,
    /// Its lines.
    pub lines: Vec<ObservedLine>,
    /// Anything else.
    pub attributes: Attributes,
}

/// What the target shows for one receipt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// The task's id.
    pub job: String,
    /// One for each change of the receipt.
    pub documents: Vec<ObservedDocument>,
    /// Anything else.
    pub attributes: Attributes,
}
