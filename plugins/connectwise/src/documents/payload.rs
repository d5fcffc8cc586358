//! What travels from plan to apply: each write exactly as it will be sent, and what the addition is before and after it.
//!
//! Owns the sealed form and how two states of an addition are compared. `apply` joins nothing and decides nothing.

use counterfoil_sdk::json::{self, Exact};
use counterfoil_sdk::serde::{Deserialize, Serialize};
use counterfoil_sdk::serde_json::value::RawValue;
use counterfoil_sdk::{Attributes, Date, Decimal, Failure, Plan};

use super::stored::Addition;
use crate::wire::{Day, Id, Op};

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
    pub(crate) agreement: Id,
    pub(crate) role: Role,
    pub(crate) act: Act,
    /// As it must be afterwards.
    pub(crate) after: State,
    /// The newest addition of the agreement when this was planned: what a lost write made is newer.
    #[serde(default)]
    pub(crate) newest: Option<Id>,
}

/// What a receipt is read by later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "kebab-case")]
pub(crate) enum Role {
    Standing,
    Once,
    End,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Once => "once",
            Self::End => "end",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Standing, Self::Once, Self::End].into_iter().find(|role| role.name() == name)
    }
}

/// What is sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde", rename_all = "kebab-case")]
pub(crate) enum Act {
    /// Exactly this body.
    Create(Box<RawValue>),
    /// Exactly these fields of an addition that is as it was when this was confirmed.
    Change { addition: Id, before: State, ops: Vec<Op> },
    /// Nothing: it is there.
    Keep(Id),
}

/// What of an addition decides about money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "counterfoil_sdk::serde")]
pub(crate) struct State {
    pub(crate) product: Option<Id>,
    pub(crate) quantity: Exact,
    pub(crate) unit_price: Exact,
    pub(crate) bill: Option<String>,
    pub(crate) effective: Day,
    pub(crate) cancelled: Day,
    pub(crate) marker: Option<String>,
}

impl State {
    pub(crate) fn of(addition: &Addition) -> Self {
        Self {
            product: addition.product(),
            quantity: Exact(addition.quantity()),
            unit_price: Exact(addition.unit_price()),
            bill: addition.bill_customer.clone(),
            effective: Day(addition.effective()),
            cancelled: Day(addition.cancelled()),
            marker: addition.marker().map(|marker| marker.to_string()),
        }
    }

    /// Where the other is not the same, for people; none where money is billed alike. A marker that was lost is no
    /// difference in money.
    pub(crate) fn differs(&self, other: &Self) -> Option<String> {
        let day = |day: Day| day.0.map_or_else(|| "none".to_owned(), |day| day.to_string());
        let id = |id: Option<Id>| id.map_or_else(|| "none".to_owned(), |id| id.to_string());
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        let pairs = [
            ("product", id(self.product), id(other.product)),
            ("quantity", self.quantity.0.normalize().to_string(), other.quantity.0.normalize().to_string()),
            ("unitPrice", self.unit_price.0.normalize().to_string(), other.unit_price.0.normalize().to_string()),
            ("billCustomer", text(&self.bill), text(&other.bill)),
            ("effectiveDate", day(self.effective), day(other.effective)),
            ("cancelledDate", day(self.cancelled), day(other.cancelled)),
        ];
        let differ: Vec<String> = pairs
            .into_iter()
            .filter(|(_, ours, theirs)| ours != theirs)
            .map(|(name, ours, theirs)| format!("{name} {theirs} instead of {ours}"))
            .collect();
        (!differ.is_empty()).then(|| differ.join(", "))
    }

    /// What a period of it comes to for the customer.
    pub(crate) fn bills(&self, places: u32) -> Option<Decimal> {
        if self.bill.as_deref().is_some_and(|bill| bill != "Billable") {
            return Some(Decimal::ZERO);
        }
        let exact = counterfoil_sdk::decimal::product(self.quantity.0, self.unit_price.0)?;
        Some(counterfoil_sdk::decimal::round(exact, places).normalize())
    }

    /// As a receipt keeps it.
    pub(crate) fn attributes(&self, agreement: Id, role: Role) -> Attributes {
        let day = |day: Day| day.0.map(|day| day.to_string());
        let mut all = Attributes::new()
            .with("agreement", agreement.to_string())
            .with("role", role.name())
            .with("quantity", self.quantity.0.normalize().to_string())
            .with("unit-price", self.unit_price.0.normalize().to_string());
        all.set_some("product", self.product.map(|id| id.to_string()));
        all.set_some("bill-customer", self.bill.clone());
        all.set_some("effective", day(self.effective));
        all.set_some("cancelled", day(self.cancelled));
        all.set_some("marker", self.marker.clone());
        all
    }

    /// Read back from a receipt. None where it is of somebody who did not write it so.
    pub(crate) fn of_attributes(all: &Attributes) -> Option<(Id, Role, Self)> {
        let number = |name: &str| all.get(name)?.parse().ok().map(Exact);
        let day = |name: &str| Day(all.filled(name).and_then(|text| Date::parse(text).ok()));
        let state = Self {
            product: all.filled("product").and_then(Id::parse),
            quantity: number("quantity")?,
            unit_price: number("unit-price")?,
            bill: all.filled("bill-customer").map(str::to_owned),
            effective: day("effective"),
            cancelled: day("cancelled"),
            marker: all.filled("marker").map(str::to_owned),
        };
        Some((Id::parse(all.filled("agreement")?)?, Role::named(all.filled("role")?)?, state))
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
            "connectwise-payload",
            "The plan does not hold what its changes need. Nothing was written. Plan the task again.",
        ))
    }

    pub(crate) fn write(&self, key: &str) -> Option<&Write> {
        self.writes.iter().find(|write| write.key == key)
    }
}
