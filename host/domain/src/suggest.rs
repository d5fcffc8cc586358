//! Which target thing a marketplace thing may be, with a score and its reasons. Owns no link: what is suggested is for a
//! person, however high it scores. Which exact keys link by themselves is decided in `matching`.

use std::collections::BTreeMap;

use crate::directory::Entity;
use crate::id::EntityId;
use crate::likeness::{Name, squeezed};
use crate::link::{Link, LinkKind, LinkState};
use crate::market::Customer;
use crate::matching::tax_key;
use crate::order::ProductRef;
use crate::reason::Reason;

/// More than these nobody reads.
pub const MOST: usize = 5;
/// In percent; below it nothing is suggested.
pub const FLOOR: u8 = 50;

/// What only a key scores; names and domains never come so high.
const BEST_WITHOUT_KEY: u8 = 95;
/// A name that is less alike than this says nothing.
const LEAST_ALIKE: u8 = 75;
/// What contradicts itself comes no higher.
const MOST_IN_DOUBT: u8 = FLOOR;
/// Differing figures make nearly the same name another thing.
const MOST_WITH_OTHER_FIGURES: u8 = 55;
const MOST_WITH_OTHER_FORM: u8 = 70;
/// What each further reason adds.
const FURTHER: u8 = 4;
/// A domain that more of the target's parties have is a provider's, not a customer's.
const MOST_OF_A_DOMAIN: usize = 5;
/// A shorter code inside another is chance.
const LEAST_CODE: usize = 4;
const LEAST_CODE_PART: usize = 6;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    pub target: Entity,
    /// In percent.
    pub score: u8,
    /// An exact key that this one alone holds, and nothing speaks against it.
    pub exact: bool,
    pub reasons: Vec<Reason>,
    /// Whose it is already; then it is shown, last, and not suggested.
    pub taken_by: Option<String>,
}

impl Suggestion {
    pub fn is_suggested(&self) -> bool {
        self.score >= FLOOR && self.taken_by.is_none()
    }
}

/// Target things that have a source already, and that source as people know it.
pub type Holders = BTreeMap<EntityId, String>;

/// Who holds what among these links, without the source that is asked about.
pub fn holders(links: &[Link], kind: LinkKind, except: &str) -> Holders {
    let mut holders = Holders::new();
    for link in links.iter().filter(|link| link.key.kind == kind && link.key.source != except) {
        if let LinkState::Linked(target) = &link.state {
            holders.entry(target.id.clone()).or_insert_with(|| link.called());
        }
    }
    holders
}

/// What speaks for one entity, while it is being added up.
#[derive(Debug, Default)]
pub(crate) struct Case {
    pub(crate) score: u8,
    pub(crate) has_key: bool,
    pub(crate) most: Option<u8>,
    pub(crate) reasons: Vec<Reason>,
}

impl Case {
    pub(crate) fn speaks(&mut self, score: u8, reason: Reason) {
        let more = if self.reasons.iter().any(|known| !known.is_against()) { FURTHER } else { 0 };
        let score = self.score.max(score).saturating_add(more);
        self.score = if self.has_key { score.min(100) } else { score.min(BEST_WITHOUT_KEY.max(self.score)) };
        self.reasons.push(reason);
    }

    fn key(&mut self, score: u8, reason: Reason) {
        self.has_key = true;
        self.speaks(score, reason);
    }

    pub(crate) fn against(&mut self, most: u8, reason: Reason) {
        self.most = Some(self.most.map_or(most, |known| known.min(most)));
        self.reasons.push(reason);
    }

    pub(crate) fn closed(self, entity: &Entity, taken_by: Option<String>) -> Option<Suggestion> {
        let score = self.most.map_or(self.score, |most| self.score.min(most));
        let mut reasons = self.reasons;
        let exact = self.has_key && self.most.is_none() && taken_by.is_none();
        reasons.extend(taken_by.clone().map(Reason::Taken));
        (score >= FLOOR).then(|| Suggestion { target: entity.clone(), score, exact, reasons, taken_by })
    }
}

/// Parties that a customer may be.
pub fn parties(customer: &Customer, entities: &[Entity], taken: &Holders) -> Vec<Suggestion> {
    let name = Name::company(&customer.name);
    let email = customer.email.as_deref().map(str::trim).filter(|email| !email.is_empty());
    let domain = email.and_then(own_domain).filter(|domain| {
        let theirs = entities.iter().filter_map(|entity| entity.attribute("email")).filter_map(own_domain);
        theirs.filter(|theirs| theirs == domain).count() <= MOST_OF_A_DOMAIN
    });
    let mut found = Vec::new();
    for entity in entities.iter().filter(|entity| entity.active) {
        let mut case = Case::default();
        external_id(&mut case, customer, entity);
        tax_number(&mut case, customer, entity);
        alike(&mut case, (&customer.name, &name), (&entity.name, &Name::company(&entity.name)));
        let theirs = entity.attribute("email").map(str::trim);
        match (email, theirs, &domain) {
            (Some(ours), Some(theirs), _) if ours.eq_ignore_ascii_case(theirs) => {
                case.speaks(80, Reason::SameEmail(ours.to_owned()));
            }
            (_, Some(theirs), Some(ours)) if own_domain(theirs).as_ref() == Some(ours) => {
                case.speaks(55, Reason::SameEmailDomain(ours.clone()));
            }
            _ => {}
        }
        found.extend(case.closed(entity, taken.get(&entity.id).cloned()));
    }
    best(found)
}

fn external_id(case: &mut Case, customer: &Customer, entity: &Entity) {
    let Some(theirs) = entity.attribute("external-id").filter(|id| !id.trim().is_empty()) else { return };
    if theirs == customer.id.as_str() || customer.external_id.as_deref() == Some(theirs) {
        case.key(100, Reason::SameExternalId(theirs.to_owned()));
    }
}

fn tax_number(case: &mut Case, customer: &Customer, entity: &Entity) {
    let ours = customer.tax_number.as_deref().and_then(tax_key);
    let (Some(ours), Some(theirs)) = (ours, entity.attribute("tax-number").and_then(tax_key)) else { return };
    if ours == theirs {
        case.key(97, Reason::SameTaxNumber(ours));
    } else if without_country(&ours) == without_country(&theirs) {
        case.speaks(90, Reason::TaxNumberButForCountry { ours, theirs });
    } else {
        case.against(MOST_IN_DOUBT, Reason::TaxNumbersDiffer { ours, theirs });
    }
}

/// "DE123456789" as "123456789".
fn without_country(tax: &str) -> &str {
    match tax.get(..2) {
        Some(sign) if sign.bytes().all(|byte| byte.is_ascii_alphabetic()) => tax.get(2..).unwrap_or_default(),
        _ => tax,
    }
}

pub(crate) fn alike(case: &mut Case, (written, ours): (&str, &Name), (their_text, theirs): (&str, &Name)) {
    let likeness = ours.likeness(theirs);
    if likeness.percent < LEAST_ALIKE {
        return;
    }
    // A name is never proof: 100 % alike scores 90.
    let score = u8::try_from(u16::from(likeness.percent) * 9 / 10).unwrap_or(FLOOR);
    case.speaks(score, Reason::Name { percent: likeness.percent, ours: written.into(), theirs: their_text.into() });
    if case.has_key {
        return;
    }
    if likeness.figures_differ {
        case.against(MOST_WITH_OTHER_FIGURES, Reason::FiguresDiffer);
    }
    if likeness.forms_differ {
        case.against(MOST_WITH_OTHER_FORM, Reason::LegalFormsDiffer);
    }
}

/// Where anybody may have an address: such a domain says nothing of a company.
const FREEMAIL: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "outlook.com",
    "icloud.com",
    "me.com",
    "mac.com",
    "msn.com",
    "aol.com",
    "web.de",
    "t-online.de",
    "freenet.de",
    "proton.me",
    "protonmail.com",
    "mail.com",
    "mail.ru",
    "yandex.ru",
    "yandex.com",
    "qq.com",
    "163.com",
    "126.com",
    "bigpond.com",
    "optusnet.com.au",
    "comcast.net",
    "verizon.net",
    "att.net",
    "btinternet.com",
    "orange.fr",
    "wanadoo.fr",
    "free.fr",
    "laposte.net",
    "libero.it",
    "zoho.com",
    "fastmail.com",
    "hey.com",
    "xtra.co.nz",
];
/// Those that have a domain in every country.
const FREEMAIL_NAMES: &[&str] = &["yahoo", "ymail", "hotmail", "live", "gmx", "rocketmail"];

fn own_domain(email: &str) -> Option<String> {
    let (name, domain) = email.trim().rsplit_once('@')?;
    let domain = domain.trim_end_matches('.').to_lowercase();
    let first = domain.split('.').next().unwrap_or_default();
    let free = FREEMAIL.contains(&domain.as_str()) || FREEMAIL_NAMES.contains(&first);
    (!name.is_empty() && domain.contains('.') && !domain.starts_with('.') && !free).then_some(domain)
}

/// Attributes in which targets keep the maker's or the seller's number of an item.
const PART_NUMBERS: [&str; 4] = ["external-id", "mpn", "sku", "vendor-sku"];

/// Items that a product may be. `taken` is empty where many products may share an item.
pub fn items(product: &ProductRef, entities: &[Entity], taken: &Holders) -> Vec<Suggestion> {
    let name = Name::thing(&product.name);
    let code = squeezed(&product.code);
    let mut found = Vec::new();
    for entity in entities.iter().filter(|entity| entity.active) {
        let mut case = Case::default();
        let numbers = PART_NUMBERS.iter().filter_map(|name| entity.attribute(name)).chain([entity.code.as_str()]);
        let numbers: Vec<&str> = numbers.map(str::trim).filter(|number| !number.is_empty()).collect();
        codes(&mut case, (product.code.trim(), &code), &numbers);
        alike(&mut case, (&product.name, &name), (&entity.name, &Name::thing(&entity.name)));
        found.extend(case.closed(entity, taken.get(&entity.id).cloned()));
    }
    best(found)
}

fn codes(case: &mut Case, (written, ours): (&str, &str), numbers: &[&str]) {
    let nearest = numbers.iter().filter_map(|theirs| {
        let squeezed = squeezed(theirs);
        let (short, long) = if ours.len() < squeezed.len() { (ours, &*squeezed) } else { (&*squeezed, ours) };
        match () {
            () if !written.is_empty() && written.to_lowercase() == theirs.to_lowercase() => Some((100, *theirs)),
            () if ours == squeezed && ours.len() >= LEAST_CODE => Some((90, *theirs)),
            () if short.len() >= LEAST_CODE_PART && long.starts_with(short) => Some((75, *theirs)),
            () => None,
        }
    });
    let both = |theirs: &str| (written.to_owned(), theirs.to_owned());
    match nearest.max_by_key(|(score, _)| *score) {
        Some((100, theirs)) => case.key(100, Reason::SameCode(theirs.to_owned())),
        Some((score @ 90, theirs)) => {
            let (ours, theirs) = both(theirs);
            case.speaks(score, Reason::CodeButForSigns { ours, theirs });
        }
        Some((score, theirs)) => {
            let (ours, theirs) = both(theirs);
            case.speaks(score, Reason::CodeBegins { ours, theirs });
        }
        None => {}
    }
}

/// The best few, what is taken last. Ties stand by name and id, so that the same question has the same answer.
fn best(mut found: Vec<Suggestion>) -> Vec<Suggestion> {
    let keyed = found.iter().filter(|one| one.reasons.iter().any(Reason::is_key)).count();
    if keyed > 1 {
        for one in found.iter_mut().filter(|one| one.reasons.iter().any(Reason::is_key)) {
            one.exact = false;
            one.score = one.score.min(BEST_WITHOUT_KEY);
            one.reasons.push(Reason::KeyIsShared(keyed));
        }
    }
    in_order(&mut found);
    found.truncate(MOST);
    found
}

pub(crate) fn in_order(found: &mut [Suggestion]) {
    found.sort_by(|one, other| {
        let key = |s: &Suggestion| (s.taken_by.is_some(), std::cmp::Reverse(s.score));
        let names = || one.target.name.cmp(&other.target.name).then_with(|| one.target.id.cmp(&other.target.id));
        key(one).cmp(&key(other)).then_with(names)
    });
}
