//! What travels from plan to apply: each write exactly as it will be sent, and what the line is before and after it.
//!
//! Owns the sealed form and how two states of a line are compared. `apply` joins nothing and decides nothing.

use counterfoil_sdk::json::{self, Exact};
use counterfoil_sdk::serde::{Deserialize, Serialize};
use counterfoil_sdk::serde_json::value::RawValue;
use counterfoil_sdk::{Decimal, Failure, Plan};

use super::mark::Mark;
use crate::cents;
use crate::wire::{Id, InvoiceLine, Line};

/// All writes of a plan, in its order; one for each change.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct Payload {
    pub(crate) writes: Vec<Write>,
}

/// One change.
#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct Write {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) act: Act,
    /// As it must be afterwards; none where there is nothing to compare.
    pub(crate) after: Option<State>,
    /// What recurs, for the next statement.
    pub(crate) recurs: Option<String>,
}

/// Where it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "kebab-case")]
pub(crate) enum Place {
    Schedule {
        id: Id,
        /// The day of the next run when this was planned: whatever was decided rests on it.
        next_run: Option<String>,
    },
    Invoice {
        number: String,
        customer: Id,
    },
}

/// What is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "kebab-case")]
pub(crate) enum Act {
    /// Nothing: it is there.
    Keep(Id),
    /// Exactly this body. None: lines carry no mark.
    Create { body: Box<RawValue>, mark: Option<Mark>, newest: Option<Id> },
    /// Exactly this body, over a line that is as it was when this was confirmed.
    Change { line: Id, before: State, body: Box<RawValue> },
    /// Out of the recurring invoice.
    Remove { line: Id, before: State },
}

/// What of a line decides about money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct State {
    pub(crate) product: Option<Id>,
    pub(crate) quantity: Exact,
    /// Of one, in cents.
    pub(crate) retail: i64,
    pub(crate) cost: Option<i64>,
    pub(crate) taxable: Option<bool>,
    pub(crate) once: bool,
}

impl State {
    pub(crate) fn of(line: &Line) -> Self {
        Self {
            product: line.product,
            quantity: Exact(line.quantity),
            retail: line.retail,
            cost: line.cost,
            taxable: line.taxable,
            once: line.is_once,
        }
    }

    /// None: its price is finer than a cent.
    pub(crate) fn of_item(line: &InvoiceLine) -> Option<Self> {
        Some(Self {
            product: line.product,
            quantity: Exact(line.quantity),
            retail: cents::of(line.price)?,
            cost: None,
            taxable: line.taxable,
            once: true,
        })
    }

    /// Where the other is not the same, for people; none where money is billed alike. What we did not say, or Syncro does
    /// not show, is no difference.
    pub(crate) fn differs(&self, other: &Self) -> Option<String> {
        let mut found = Vec::new();
        let mut hold = |name: &str, ours: Option<String>, theirs: Option<String>| {
            if let (Some(ours), Some(theirs)) = (ours, theirs)
                && ours != theirs
            {
                found.push(format!("{name} {theirs} instead of {ours}"));
            }
        };
        let id = |id: Option<Id>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
        hold("product", self.product.map(|_| id(self.product)), Some(id(other.product)));
        let number = |exact: Exact| exact.0.normalize().to_string();
        hold("quantity", Some(number(self.quantity)), Some(number(other.quantity)));
        let price = |cents: i64| cents::amount(cents).to_string();
        hold("price", Some(price(self.retail)), Some(price(other.retail)));
        hold("cost", self.cost.map(price), other.cost.map(price));
        let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string());
        hold("taxable", flag(self.taxable), flag(other.taxable));
        hold("one_time_charge", flag(Some(self.once)), flag(Some(other.once)));
        (!found.is_empty()).then(|| found.join(", "))
    }

    /// What it comes to each time that it is billed.
    pub(crate) fn amount(&self) -> Decimal {
        cents::extended(self.quantity.0, self.retail)
    }
}

impl Payload {
    /// The payload of a plan, if it holds a write for each of its changes.
    pub(crate) fn of(plan: &Plan) -> Result<Self, Failure> {
        let payload: Self = json::parse("the plan's own part", &plan.payload)?;
        let held = plan.changes.len() == payload.writes.len()
            && plan.changes.iter().zip(&payload.writes).all(|(change, write)| change.key == write.key);
        if held {
            return Ok(payload);
        }
        Err(Failure::internal(
            "syncro-payload",
            "The plan does not hold what its changes need. Nothing was written. Plan the task again.",
        ))
    }

    pub(crate) fn write(&self, key: &str) -> Option<&Write> {
        self.writes.iter().find(|write| write.key == key)
    }
}
