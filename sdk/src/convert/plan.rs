//! Plans and receipts, which go both ways; outcomes and observations, which go out.
//!
//! Owns those records and nothing of their meaning. A plan that went out and comes back at apply is checked again like
//! anything from outside: the host stored it, and this crate does not assume that it stored it well.

use super::{FromRaw, IntoRaw, list_from, list_into, option_from, option_into};
use crate::bindings::exports::counterfoil::target::documents as raw;
use crate::{
    Action, Change, ChangeReceipt, Failure, Field, Located, Observation, ObservedDocument, ObservedLine, Omission,
    Plan, PlanLine, Receipt,
};

// The two enums have the same members; the matches make a new member in the contract a compile error here.
fn action_from(raw: raw::Action) -> Action {
    match raw {
        raw::Action::Create => Action::Create,
        raw::Action::Update => Action::Update,
        raw::Action::Cancel => Action::Cancel,
        raw::Action::None => Action::None,
    }
}

fn action_into(action: Action) -> raw::Action {
    match action {
        Action::Create => raw::Action::Create,
        Action::Update => raw::Action::Update,
        Action::Cancel => raw::Action::Cancel,
        Action::None => raw::Action::None,
    }
}

impl FromRaw<raw::PlanLine> for PlanLine {
    fn from_raw(raw: raw::PlanLine) -> Result<Self, Failure> {
        Ok(Self {
            quantity: FromRaw::from_raw(raw.quantity)?,
            unit_price: FromRaw::from_raw(raw.unit_price)?,
            unit_cost: option_from(raw.unit_cost)?,
            amount: FromRaw::from_raw(raw.amount)?,
            bills: FromRaw::from_raw(raw.bills)?,
            covers: raw.covers,
            description: raw.description,
            why: raw.why,
            attributes: raw.attributes.into(),
        })
    }
}

// Every number of a line is converted on its own, so the failure of one names what did not fit.
impl IntoRaw<raw::PlanLine> for PlanLine {
    fn into_raw(self) -> Result<raw::PlanLine, Failure> {
        Ok(raw::PlanLine {
            quantity: self.quantity.into_raw()?,
            unit_price: self.unit_price.into_raw()?,
            unit_cost: option_into(self.unit_cost)?,
            amount: self.amount.into_raw()?,
            bills: self.bills.into_raw()?,
            covers: self.covers,
            description: self.description,
            why: self.why,
            attributes: self.attributes.into_pairs(),
        })
    }
}

impl FromRaw<raw::Change> for Change {
    fn from_raw(raw: raw::Change) -> Result<Self, Failure> {
        let field = |field: raw::Field| Field {
            name: field.name,
            before: field.before,
            after: field.after,
            owner: field.owner,
        };
        Ok(Self {
            action: action_from(raw.action),
            fields: raw.fields.into_iter().map(field).collect(),
            lines: list_from(raw.lines)?,
            total: FromRaw::from_raw(raw.total)?,
            key: raw.key,
            document: raw.document,
            target: raw.target,
            title: raw.title,
            why: raw.why,
            attributes: raw.attributes.into(),
        })
    }
}

impl IntoRaw<raw::Change> for Change {
    fn into_raw(self) -> Result<raw::Change, Failure> {
        let field = |field: Field| raw::Field {
            name: field.name,
            before: field.before,
            after: field.after,
            owner: field.owner,
        };
        Ok(raw::Change {
            action: action_into(self.action),
            fields: self.fields.into_iter().map(field).collect(),
            lines: list_into(self.lines)?,
            total: self.total.into_raw()?,
            key: self.key,
            document: self.document,
            target: self.target,
            title: self.title,
            why: self.why,
            attributes: self.attributes.into_pairs(),
        })
    }
}

// The contract calls the record a proposal, because an interface cannot have a record and a function of one name; the
// word everywhere else is plan.
impl FromRaw<raw::Proposal> for Plan {
    fn from_raw(raw: raw::Proposal) -> Result<Self, Failure> {
        Ok(Self {
            changes: list_from(raw.changes)?,
            left_out: raw.left_out.into_iter().map(|left| Omission { line: left.line, why: left.why }).collect(),
            adopted: list_from(raw.adopted)?,
            job: raw.job,
            notes: raw.notes,
            payload: raw.payload,
            attributes: raw.attributes.into(),
        })
    }
}

impl IntoRaw<raw::Proposal> for Plan {
    fn into_raw(self) -> Result<raw::Proposal, Failure> {
        Ok(raw::Proposal {
            changes: list_into(self.changes)?,
            left_out: self.left_out.into_iter().map(|left| raw::Omission { line: left.line, why: left.why }).collect(),
            adopted: list_into(self.adopted)?,
            job: self.job,
            notes: self.notes,
            payload: self.payload,
            attributes: self.attributes.into_pairs(),
        })
    }
}

// Receipts come back too: as adopted changes of a plan, and to be observed.
impl FromRaw<raw::ChangeReceipt> for ChangeReceipt {
    fn from_raw(raw: raw::ChangeReceipt) -> Result<Self, Failure> {
        Ok(Self {
            action: action_from(raw.action),
            total: option_from(raw.total)?,
            key: raw.key,
            document: raw.document,
            reference: raw.reference,
            number: raw.number,
            attributes: raw.attributes.into(),
        })
    }
}

impl IntoRaw<raw::ChangeReceipt> for ChangeReceipt {
    fn into_raw(self) -> Result<raw::ChangeReceipt, Failure> {
        Ok(raw::ChangeReceipt {
            action: action_into(self.action),
            total: option_into(self.total)?,
            key: self.key,
            document: self.document,
            reference: self.reference,
            number: self.number,
            attributes: self.attributes.into_pairs(),
        })
    }
}

impl FromRaw<raw::Receipt> for Receipt {
    fn from_raw(raw: raw::Receipt) -> Result<Self, Failure> {
        Ok(Self { changes: list_from(raw.changes)?, job: raw.job, attributes: raw.attributes.into() })
    }
}

impl IntoRaw<raw::Receipt> for Receipt {
    fn into_raw(self) -> Result<raw::Receipt, Failure> {
        Ok(raw::Receipt { changes: list_into(self.changes)?, job: self.job, attributes: self.attributes.into_pairs() })
    }
}

// Outcomes and observations only go out.
impl IntoRaw<raw::Located> for Located {
    fn into_raw(self) -> Result<raw::Located, Failure> {
        Ok(match self {
            Self::Found(receipt) => raw::Located::Found(receipt.into_raw()?),
            Self::Absent => raw::Located::Absent,
            Self::Several(receipts) => raw::Located::Several(list_into(receipts)?),
        })
    }
}

impl IntoRaw<raw::ObservedLine> for ObservedLine {
    fn into_raw(self) -> Result<raw::ObservedLine, Failure> {
        Ok(raw::ObservedLine {
            description: self.description,
            quantity: self.quantity.into_raw()?,
            unit_price: self.unit_price.into_raw()?,
            amount: self.amount.into_raw()?,
        })
    }
}

impl IntoRaw<raw::ObservedDocument> for ObservedDocument {
    fn into_raw(self) -> Result<raw::ObservedDocument, Failure> {
        Ok(raw::ObservedDocument {
            total: self.total.into_raw()?,
            lines: list_into(self.lines)?,
            key: self.key,
            reference: self.reference,
            number: self.number,
            state: self.state,
            attributes: self.attributes.into_pairs(),
        })
    }
}

impl IntoRaw<raw::Observation> for Observation {
    fn into_raw(self) -> Result<raw::Observation, Failure> {
        Ok(raw::Observation {
            documents: list_into(self.documents)?,
            job: self.job,
            attributes: self.attributes.into_pairs(),
        })
    }
}
