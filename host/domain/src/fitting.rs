//! Which item a fee is billed as, and which container takes a subscription: by what must be equal, not by what is alike.
//! One that fits alone is suggested; of several a person chooses; of those that do not fit it is said why.

use crate::directory::Entity;
use crate::id::EntityId;
use crate::likeness::Name;
use crate::money::Currency;
use crate::order::Fee;
use crate::period::Cycle;
use crate::reason::Reason;
use crate::suggest::{FLOOR, MOST, Suggestion, in_order};

const ALONE: u8 = 90;
/// Something that must be equal is not told: a person makes sure.
const ALONE_AS_FAR_AS_KNOWN: u8 = 70;

/// What a container has to be equal to.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub currency: Option<Currency>,
    pub cycle: Option<Cycle>,
    /// The party that the customer is linked to; none: not linked yet.
    pub party: Option<&'a EntityId>,
}

/// Attributes in which targets say whose a container is.
const OWNERS: [&str; 3] = ["party", "party-id", "customer-id"];

fn owner(entity: &Entity) -> Option<&str> {
    OWNERS.iter().find_map(|name| entity.attribute(name)).filter(|owner| !owner.is_empty())
}

/// Containers of the customer's party that a subscription may go into. Another party's are not shown at all.
pub fn containers(wanted: Wanted<'_>, entities: &[Entity]) -> Vec<Suggestion> {
    let ours = |entity: &&Entity| match (owner(entity), wanted.party) {
        (Some(owner), Some(party)) => owner == party.as_str(),
        // Whose it is, or who asks, is not known: then it is nobody's to suggest.
        (Some(_), None) => false,
        (None, _) => true,
    };
    let fits = entities.iter().filter(|entity| entity.active).filter(ours).map(|entity| {
        let mut reasons: Vec<Reason> =
            owner(entity).map(|owner| Reason::SameParty(owner.to_owned())).into_iter().collect();
        reasons.push(currency(wanted.currency, entity.currency));
        reasons.push(cycle(wanted.cycle, entity.cycle.as_deref()));
        (entity, reasons)
    });
    judged(fits.collect())
}

/// Words in the names of fees, and what people call the items of such a fee.
const CALLED: &[(&str, &[&str])] = &[
    ("cancellation", &["cancel", "terminat", "storn"]),
    ("setup", &["setup", "activat", "onboard"]),
    ("recurring", &["recurring", "subscription", "monthly"]),
    ("overuse", &["overuse", "overage", "usage", "consumption"]),
];

/// The item's words begin so: with what people call such a fee, else with the last word of its own name.
fn stems(fee: Fee) -> Vec<&'static str> {
    let words: Vec<&str> =
        fee.name().split('-').filter(|word| !["plan", "resource", "fee", "refund"].contains(word)).collect();
    let known = CALLED.iter().find(|(word, _)| words.contains(word));
    known.map_or_else(|| words.last().copied().into_iter().collect(), |(_, stems)| stems.to_vec())
}

/// Items that a fee may be billed as: those that are called so.
pub fn fee_items(fee: Fee, ours: Option<Currency>, entities: &[Entity]) -> Vec<Suggestion> {
    let mut fits = Vec::new();
    for entity in entities.iter().filter(|entity| entity.active) {
        let (name, code) = (Name::thing(&entity.name), Name::thing(&entity.code));
        if !stems(fee).iter().any(|stem| name.has_word(stem) || code.has_word(stem)) {
            continue;
        }
        let called = if entity.name.is_empty() { &entity.code } else { &entity.name };
        let mut reasons = vec![Reason::CalledSo(called.clone())];
        // An item without a currency has the account's price list's: it fits any.
        if entity.currency.is_some() {
            reasons.push(currency(ours, entity.currency));
        }
        fits.push((entity, reasons));
    }
    judged(fits)
}

fn currency(ours: Option<Currency>, theirs: Option<Currency>) -> Reason {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if ours == theirs => Reason::SameCurrency(ours.code().to_owned()),
        (Some(ours), Some(theirs)) => {
            Reason::CurrenciesDiffer { ours: ours.code().to_owned(), theirs: theirs.code().to_owned() }
        }
        _ => Reason::CurrencyUnknown,
    }
}

fn cycle(ours: Option<Cycle>, theirs: Option<&str>) -> Reason {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if same_length(&ours.iso(), theirs) => Reason::SameCycle(ours.iso()),
        (Some(ours), Some(theirs)) => Reason::CyclesDiffer { ours: ours.iso(), theirs: theirs.to_owned() },
        _ => Reason::CycleUnknown,
    }
}

/// "P12M" is "P1Y".
fn same_length(ours: &str, theirs: &str) -> bool {
    ours.eq_ignore_ascii_case(theirs.trim()) || length(ours).is_some_and(|ours| length(theirs) == Some(ours))
}

/// Months and days of a duration of one part.
fn length(iso: &str) -> Option<(u32, u32)> {
    let rest = iso.trim().strip_prefix(['P', 'p'])?;
    let (number, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
    let number: u32 = number.parse().ok()?;
    match unit {
        "Y" | "y" => Some((number.checked_mul(12)?, 0)),
        "M" | "m" => Some((number, 0)),
        "W" | "w" => Some((0, number.checked_mul(7)?)),
        "D" | "d" => Some((0, number)),
        _ => None,
    }
}

fn is_misfit(reason: &Reason) -> bool {
    matches!(reason, Reason::CurrenciesDiffer { .. } | Reason::CyclesDiffer { .. })
}

/// The only one that fits is suggested; several are shown as equals; what does not fit stands below with score 0.
fn judged(cases: Vec<(&Entity, Vec<Reason>)>) -> Vec<Suggestion> {
    let fitting = cases.iter().filter(|(_, reasons)| !reasons.iter().any(is_misfit)).count();
    let mut found = Vec::with_capacity(cases.len());
    for (entity, mut reasons) in cases {
        let score = match (reasons.iter().any(is_misfit), fitting) {
            (true, _) => 0,
            (false, 1) => {
                let known = !reasons.iter().any(Reason::is_against);
                reasons.push(Reason::OnlyOneFits);
                if known { ALONE } else { ALONE_AS_FAR_AS_KNOWN }
            }
            (false, several) => {
                reasons.push(Reason::OneOfSeveral(several));
                FLOOR
            }
        };
        found.push(Suggestion { target: entity.clone(), score, exact: false, reasons, taken_by: None });
    }
    in_order(&mut found);
    found.truncate(MOST * 2);
    found
}
