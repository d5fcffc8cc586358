//! A change as people see it before they confirm it.
//!
//! Owns fields and the shape of lines. It is made from the same values as what is sent.

use counterfoil_sdk::{Action, Attributes, Change, Decimal, Failure, Field, Money, PlanLine};

use super::payload::State;
use crate::cents;
use crate::wire::Id;

/// What a line is before and after, for its fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sides<'a> {
    pub(crate) before: Option<(&'a State, &'a str)>,
    pub(crate) after: Option<(&'a State, &'a str)>,
}

/// Every field of a line.
pub(crate) fn fields(sides: Sides<'_>) -> Vec<Field> {
    let of = |read: &dyn Fn(&State, &str) -> Option<String>| {
        (
            sides.before.and_then(|(state, text)| read(state, text)),
            sides.after.and_then(|(state, text)| read(state, text)),
        )
    };
    let id = |id: Option<Id>| id.map(|id| id.to_string());
    let rows = [
        ("product_id", of(&|state, _| id(state.product)), "host"),
        ("quantity", of(&|state, _| Some(state.quantity.0.normalize().to_string())), "marketplace"),
        ("price", of(&|state, _| Some(cents::amount(state.retail).to_string())), "marketplace"),
        ("cost", of(&|state, _| state.cost.map(|cost| cents::amount(cost).to_string())), "marketplace"),
        ("taxable", of(&|state, _| state.taxable.map(|flag| flag.to_string())), "host"),
        ("one_time_charge", of(&|state, _| Some(state.once.to_string())), "host"),
        ("description", of(&|_, text| Some(text.to_owned())), "marketplace"),
    ];
    rows.into_iter()
        .filter(|(_, (before, after), _)| before.is_some() || after.is_some())
        .map(|(name, (before, after), owner)| Field { name: name.to_owned(), before, after, owner: owner.to_owned() })
        .collect()
}

/// A line as the document has it.
pub(crate) fn line(state: &State, description: &str, bills: Decimal, why: String) -> PlanLine {
    PlanLine {
        covers: Vec::new(),
        description: description.to_owned(),
        quantity: state.quantity.0,
        unit_price: cents::amount(state.retail),
        unit_cost: state.cost.map(cents::amount),
        amount: state.amount(),
        bills,
        why,
        attributes: Attributes::new(),
    }
}

/// What a change is called and does.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    pub(crate) key: &'a str,
    pub(crate) action: Action,
    pub(crate) document: &'a str,
    pub(crate) target: Option<String>,
    pub(crate) title: String,
    pub(crate) why: String,
}

/// The change.
pub(crate) fn change(
    head: Head<'_>,
    fields: Vec<Field>,
    lines: Vec<PlanLine>,
    total: Money,
) -> Result<Change, Failure> {
    let billed = counterfoil_sdk::plan::billed(&lines)?;
    Ok(Change {
        key: head.key.to_owned(),
        action: head.action,
        document: head.document.to_owned(),
        target: head.target,
        title: head.title,
        fields,
        lines,
        total: Money::new(billed, total.currency),
        why: head.why,
        attributes: Attributes::new(),
    })
}

/// "10 × 7.80".
pub(crate) fn sum(state: &State) -> String {
    format!("{} × {}", state.quantity.0.normalize(), cents::amount(state.retail))
}
