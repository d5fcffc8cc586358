//! What the statement before this one left: its lines, and which run was the next one when they were written.
//!
//! Owns reading it from the job. The host tells of each key what was stored of it last, for the same customer and motion.

use std::collections::BTreeMap;

use counterfoil_sdk::{Date, Decimal, Job};

use super::kind;
use crate::wire::Id;

const PREFIX: &str = "former.";

/// A recurring line that the former statement left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Former {
    pub(crate) key: String,
    pub(crate) line: Id,
    pub(crate) schedule: Option<Id>,
    /// None: it was not told.
    pub(crate) next_run: Option<Date>,
    pub(crate) quantity: Option<Decimal>,
    pub(crate) price: Option<Decimal>,
}

impl Former {
    /// What it was left to bill, where that was told.
    pub(crate) fn amount(&self) -> Option<Decimal> {
        let product = counterfoil_sdk::decimal::product(self.quantity?, self.price?)?;
        Some(counterfoil_sdk::decimal::round(product, 2))
    }
}

/// All of them, in the host's order.
pub(crate) fn all(job: &Job) -> Vec<Former> {
    let mut told: BTreeMap<u32, BTreeMap<&str, &str>> = BTreeMap::new();
    for (name, value) in job.attributes.iter() {
        let Some((place, field)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.')) else { continue };
        if let Ok(place) = place.parse() {
            told.entry(place).or_default().entry(field).or_insert(value);
        }
    }
    told.into_values().filter_map(|fields| read(&fields)).collect()
}

fn read(fields: &BTreeMap<&str, &str>) -> Option<Former> {
    let text = |name: &str| fields.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let number = |name: &str| text(name).and_then(|value| counterfoil_sdk::decimal::parse(value).ok());
    if text("document") != Some(kind::RECURRING) {
        return None;
    }
    Some(Former {
        key: text("key")?.to_owned(),
        line: text("line").or_else(|| text("reference")).and_then(Id::parse)?,
        schedule: text("schedule").and_then(Id::parse),
        next_run: text("next-run").and_then(|value| Date::parse(value).ok()),
        quantity: number("quantity"),
        price: number("unit-price"),
    })
}

/// The recurring invoices that they stand in.
pub(crate) fn schedules(job: &Job) -> impl Iterator<Item = Id> {
    all(job).into_iter().filter_map(|former| former.schedule)
}
