//! Which item a fee is billed as, and which container takes a subscription: by what must be equal, not by what is alike.
//! One that fits alone is suggested; of several a person chooses; of those that do not fit it is said why.

use crate::container::{self, Container};
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

/// Why a subscription's lines cannot go into a container.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    #[error(
        "{container} is {status} in the target: nothing that is put into it is billed; choose one that is active, or make it active there"
    )]
    Inactive { container: String, status: String },
    #[error(
        "{container} belongs to another customer there ({theirs}), and this one is linked to {ours}: somebody else would be billed; choose one of this customer's"
    )]
    AnothersContainer { container: String, ours: String, theirs: String },
    #[error(
        "{container} bills in {theirs} and the subscription in {ours}: its amounts would be read in the wrong currency; choose one that bills in {ours}"
    )]
    Currency { container: String, ours: String, theirs: String },
    #[error(
        "{container} bills every {theirs} and the subscription every {ours}: a price for one {ours} would be billed every {theirs}; choose one that bills every {ours}"
    )]
    Cycle { container: String, ours: String, theirs: String },
    #[error(
        "{container} has no recurring billing cycle and the subscription is billed every {ours}: what recurs would be billed once; choose one that bills every {ours}"
    )]
    NoCycle { container: String, ours: String },
}

impl Misfit {
    /// Stable, in findings and refusals.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Inactive { .. } => "container-inactive",
            Self::AnothersContainer { .. } => "container-of-another",
            Self::Currency { .. } => "container-currency",
            Self::Cycle { .. } => "cycle-mismatch",
            Self::NoCycle { .. } => "container-without-cycle",
        }
    }
}

/// All that speaks against it. What is not told on both sides speaks against nothing, except that a container which was
/// read and has no cycle bills nothing that recurs.
pub fn misfits(wanted: Wanted<'_>, container: &Container) -> Vec<Misfit> {
    let called = || container.called();
    let mut misfits = Vec::new();
    if container.active == Some(false) {
        let status = container.status.clone().unwrap_or_else(|| "not active".to_owned());
        misfits.push(Misfit::Inactive { container: called(), status });
    }
    if let (Some(theirs), Some(ours)) = (&container.party, wanted.party)
        && theirs != ours.as_str()
    {
        let (ours, theirs) = (ours.to_string(), theirs.clone());
        misfits.push(Misfit::AnothersContainer { container: called(), ours, theirs });
    }
    if let (Some(theirs), Some(ours)) = (&container.currency, wanted.currency)
        && theirs != ours.code()
    {
        let (ours, theirs) = (ours.code().to_owned(), theirs.clone());
        misfits.push(Misfit::Currency { container: called(), ours, theirs });
    }
    let unreadable = container.unreadable.iter().any(|unreadable| unreadable.name == container::CYCLE);
    match (container.cycle, wanted.cycle) {
        (Some(theirs), Some(ours)) if !theirs.is_as_long_as(ours) => {
            misfits.push(Misfit::Cycle { container: called(), ours: ours.every(), theirs: theirs.every() });
        }
        (None, Some(ours)) if container.active.is_some() && !unreadable => {
            misfits.push(Misfit::NoCycle { container: called(), ours: ours.every() });
        }
        _ => {}
    }
    misfits
}

/// As people know that party.
const PARTY_NAME: &str = "party-name";

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
        let mut reasons: Vec<Reason> = owner(entity)
            .map(|owner| Reason::SameParty(entity.attribute(PARTY_NAME).unwrap_or(owner).to_owned()))
            .into_iter()
            .collect();
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
        (Some(ours), Some(theirs)) if same_length(ours, theirs) => Reason::SameCycle(ours.iso()),
        (Some(ours), Some(theirs)) => Reason::CyclesDiffer { ours: ours.iso(), theirs: theirs.to_owned() },
        _ => Reason::CycleUnknown,
    }
}

/// "P12M" is "P1Y".
fn same_length(ours: Cycle, theirs: &str) -> bool {
    Cycle::parse(theirs).is_some_and(|theirs| theirs.is_as_long_as(ours))
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
