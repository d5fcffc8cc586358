//! A thing of the target that something can be linked to, as pages show it: what tells it from others, and why it may be it.

use std::collections::BTreeMap;

use super::words;
use crate::wire::{EntityView, ReasonView, SuggestionView};

/// Attributes of a target thing that stay with its link, where a person can change them.
const KEPT: [&str; 3] = ["account-code", "sold", "tax-type"];
/// More of what a target tells of a thing would hide the rest.
const MOST_TOLD: usize = 4;

/// A target thing that can be chosen.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) id: String,
    pub(super) code: String,
    pub(super) name: String,
    /// What tells it from others: currency, cycle, price.
    pub(super) facts: String,
    pub(super) score: u8,
    pub(super) reasons: Vec<ReasonView>,
    /// Linked to it already, which does not stand against another link.
    pub(super) held_by: Option<String>,
    pub(super) taken_by: Option<String>,
    pub(super) fits: bool,
    /// Mapping details, one "name=value" a line.
    pub(super) details: String,
}

fn facts(entity: &EntityView) -> String {
    let price = entity.price.as_deref().map(|price| format!("price {}", words::grouped(price)));
    let inactive = (!entity.active).then(|| "not active".to_owned());
    let cycle = entity.cycle.as_deref().map(|cycle| format!("every {cycle}"));
    let all = [inactive, price, entity.currency.clone(), cycle];
    let told = entity.attributes.iter().filter(|(name, value)| !KEPT.contains(&name.as_str()) && !value.is_empty());
    let told = told.take(MOST_TOLD).map(|(name, value)| format!("{name} {value}"));
    all.into_iter().flatten().chain(told).collect::<Vec<_>>().join(" · ")
}

pub(super) fn lines(attributes: &BTreeMap<String, String>) -> String {
    attributes.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("\n")
}

impl Candidate {
    pub(super) fn found(entity: EntityView) -> Self {
        let kept = entity.attributes.iter().filter(|(name, _)| KEPT.contains(&name.as_str()));
        let kept: BTreeMap<String, String> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        Self {
            facts: facts(&entity),
            details: lines(&kept),
            id: entity.id,
            code: entity.code,
            name: entity.name,
            score: 0,
            reasons: Vec::new(),
            held_by: None,
            taken_by: None,
            fits: true,
        }
    }

    pub(super) fn suggested(one: SuggestionView) -> Self {
        Self {
            score: one.score,
            reasons: one.reasons,
            taken_by: one.taken_by,
            fits: one.suggested,
            ..Self::found(one.target)
        }
    }
}
