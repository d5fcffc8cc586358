//! Receipts: what is kept of a written line, for reading it back and for the next statement.

use counterfoil_sdk::json::Exact;
use counterfoil_sdk::{Action, Attributes, Change, ChangeReceipt, Decimal, Failure, Money};

use super::kind;
use super::payload::{Place, State, Write};
use crate::cents;
use crate::wire::Id;

/// The receipt of what was sent, or is there.
pub(crate) fn receipt(change: &Change, write: &Write, line: Id) -> ChangeReceipt {
    let mut attributes = Attributes::new().with("line", line.to_string());
    match &write.place {
        Place::Schedule { id, next_run } => {
            attributes.set("schedule", id.to_string());
            attributes.set_some("next-run", next_run.clone());
        }
        Place::Invoice { number, .. } => attributes.set("invoice-number", number),
    }
    attributes.set_some("key", write.recurs.clone());
    if let Some(state) = &write.after {
        attributes.set("quantity", state.quantity.0.normalize().to_string());
        attributes.set("unit-price", cents::amount(state.retail).to_string());
        attributes.set_some("product", state.product.map(|id| id.to_string()));
    }
    ChangeReceipt {
        key: change.key.clone(),
        action: change.action,
        document: change.document.clone(),
        reference: line.to_string(),
        number: String::new(),
        total: Some(change.total),
        attributes,
    }
}

/// A new line, held against what was sent: a difference in money is told, and moves the total.
pub(crate) fn made(change: &Change, write: &Write, line: Id, stored: &State) -> ChangeReceipt {
    let mut receipt = receipt(change, write, line);
    let Some(expected) = &write.after else { return receipt };
    if let Some(how) = expected.differs(stored) {
        receipt.attributes.set("drift", how);
        let (ours, theirs) = (expected.amount(), stored.amount());
        receipt.attributes.set("drift.expected", ours.to_string());
        receipt.attributes.set("drift.actual", theirs.to_string());
        receipt.total = Some(Money::new(change.total.amount + (theirs - ours), change.total.currency));
    }
    receipt
}

/// What the host knows to exist, with all that is needed to read it back.
pub(crate) fn adopted(change: &Change, write: &Write, known: &ChangeReceipt) -> ChangeReceipt {
    let mut attributes = match Id::parse(&known.reference) {
        Some(id) => receipt(change, write, id).attributes,
        None => Attributes::new(),
    };
    for (name, value) in known.attributes.iter() {
        attributes.set(name, value);
    }
    ChangeReceipt { total: known.total.or(Some(change.total)), attributes, ..known.clone() }
}

/// A line as a receipt keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) line: Id,
    pub(crate) schedule: Option<Id>,
    pub(crate) next_run: Option<String>,
    pub(crate) quantity: Exact,
    pub(crate) price: Decimal,
    pub(crate) product: Option<Id>,
    pub(crate) has_ended: bool,
}

impl Kept {
    /// None where it is of somebody who did not write it so.
    pub(crate) fn of(receipt: &ChangeReceipt) -> Option<Self> {
        let number = |name: &str| counterfoil_sdk::decimal::parse(receipt.attributes.filled(name)?).ok();
        let quantity = number("quantity")?;
        Some(Self {
            line: Id::parse(&receipt.reference)?,
            schedule: receipt.attributes.filled("schedule").and_then(Id::parse),
            next_run: receipt.attributes.filled("next-run").map(str::to_owned),
            quantity: Exact(quantity),
            price: number("unit-price")?,
            product: receipt.attributes.filled("product").and_then(Id::parse),
            has_ended: receipt.action == Action::Cancel || (quantity.is_zero() && receipt.document == kind::RECURRING),
        })
    }

    pub(crate) fn amount(&self) -> Decimal {
        let product = counterfoil_sdk::decimal::product(self.quantity.0, self.price).unwrap_or_default();
        counterfoil_sdk::decimal::round(product, 2)
    }
}

/// A receipt that cannot be compared.
pub(crate) fn unknown(change: &ChangeReceipt) -> Failure {
    Failure::unsupported(
        "syncro-receipt",
        format!("What is kept of {} does not say what was written, so it cannot be compared.", change.reference),
    )
}
