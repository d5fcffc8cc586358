//! Which marketplace thing is which target thing. Only a unique exact key links by itself; anything else is
//! for a person. Guessing wrong puts one customer's invoice in another customer's books.

use std::collections::{BTreeMap, BTreeSet};

use crate::directory::Entity;
use crate::id::ConnectionId;
use crate::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use crate::market::Customer;
use crate::order::ProductRef;

/// Why nothing was linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoMatch {
    Nothing,
    /// The key fits several; a person chooses.
    Several {
        key: String,
        targets: Vec<String>,
    },
    /// Several customers of the marketplace have the key: whose party it is would be a guess.
    Shared {
        key: String,
        customers: Vec<String>,
    },
    /// The target thing is another's already.
    Taken {
        target: String,
        by: String,
    },
}

/// Entities by their exact keys.
#[derive(Debug, Default)]
pub struct Keys<'a> {
    by_key: BTreeMap<(&'static str, String), Vec<&'a Entity>>,
}

const EXTERNAL: &str = "external id";
const TAX: &str = "tax number";
const CODE: &str = "code";
const PART: &str = "part number";

impl<'a> Keys<'a> {
    pub fn of(entities: &'a [Entity]) -> Self {
        let mut keys = Self::default();
        for entity in entities.iter().filter(|entity| entity.active) {
            keys.add(EXTERNAL, entity.attribute("external-id").map(str::to_owned), entity);
            keys.add(TAX, entity.attribute("tax-number").map(alphanumeric), entity);
            keys.add(CODE, Some(entity.code.to_lowercase()), entity);
            for name in ["mpn", "sku"] {
                keys.add(PART, entity.attribute(name).map(str::to_lowercase), entity);
            }
        }
        keys
    }

    fn add(&mut self, kind: &'static str, key: Option<String>, entity: &'a Entity) {
        if let Some(key) = key.filter(|key| !key.trim().is_empty()) {
            let holders = self.by_key.entry((kind, key)).or_default();
            if holders.last().is_none_or(|last| last.id != entity.id) {
                holders.push(entity);
            }
        }
    }

    fn unique(&self, kind: &'static str, key: &str) -> Result<Option<&'a Entity>, NoMatch> {
        match self.by_key.get(&(kind, key.to_owned())).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([one]) => Ok(Some(one)),
            Some(several) => Err(NoMatch::Several {
                key: format!("{kind} {key}"),
                targets: several.iter().map(|entity| entity.name.clone()).collect(),
            }),
        }
    }
}

/// Tax numbers are written with blanks, dots and country signs of every sort.
fn alphanumeric(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase()
}

/// What a tax number is compared by. A short "number" ("0", "NA") is a placeholder, not a key.
pub(crate) fn tax_key(text: &str) -> Option<String> {
    Some(alphanumeric(text)).filter(|tax| tax.len() >= 6)
}

/// Keys that more than one customer of a marketplace has, with the customers' names.
#[derive(Debug, Default)]
pub struct SharedKeys(BTreeMap<(&'static str, String), Vec<String>>);

pub fn shared_keys(customers: &[Customer]) -> SharedKeys {
    let mut all: BTreeMap<(&'static str, String), Vec<&Customer>> = BTreeMap::new();
    for customer in customers {
        for (kind, key, _) in tries(customer) {
            let holders = all.entry((kind, key)).or_default();
            if holders.last().is_none_or(|last| last.id != customer.id) {
                holders.push(customer);
            }
        }
    }
    let names = |holders: Vec<&Customer>| holders.iter().map(|c| format!("{} ({})", c.name, c.id)).collect();
    SharedKeys(all.into_iter().filter(|(_, h)| h.len() > 1).map(|(key, holders)| (key, names(holders))).collect())
}

/// The keys that a customer may be known by, strongest first, each with the sentence that explains a match.
fn tries(customer: &Customer) -> Vec<(&'static str, String, String)> {
    let mut tries = Vec::new();
    if let Some(external) = &customer.external_id {
        tries.push((EXTERNAL, external.clone(), format!("external id {external} is the same in both")));
    }
    let id = customer.id.as_str();
    tries.push((EXTERNAL, id.to_owned(), format!("the target holds marketplace id {id} as external id")));
    if let Some(tax) = customer.tax_number.as_deref().and_then(tax_key) {
        tries.push((TAX, tax.clone(), format!("tax number {tax} is the same in both")));
    }
    tries
}

/// Everything that a customer's party could be found by, its name not among it.
pub fn known_by(customer: &Customer) -> Vec<String> {
    tries(customer).into_iter().flat_map(|(kind, key, _)| [kind.to_owned(), key]).collect()
}

/// The party of a customer: by external id (its own or the marketplace's), else by tax number.
pub fn party(
    connection: &ConnectionId,
    customer: &Customer,
    keys: &Keys<'_>,
    shared: &SharedKeys,
    taken: &BTreeMap<String, String>,
) -> Result<Link, NoMatch> {
    let id = customer.id.as_str();
    for (kind, key, why) in tries(customer) {
        if let Some(entity) = keys.unique(kind, &key)? {
            if let Some(customers) = shared.0.get(&(kind, key.clone())) {
                return Err(NoMatch::Shared { key: format!("{kind} {key}"), customers: customers.clone() });
            }
            if let Some(by) = taken.get(entity.id.as_str()).filter(|by| by.as_str() != id) {
                return Err(NoMatch::Taken { target: entity.name.clone(), by: by.clone() });
            }
            return Ok(linked(connection, LinkKind::Party, id, &customer.name, entity, why));
        }
    }
    Err(NoMatch::Nothing)
}

/// The item of a product: its code or part number is the marketplace's code, whatever the case. `taken` are items that
/// another product must not get too; it is empty where many products may share one.
pub fn item(
    connection: &ConnectionId,
    product: &ProductRef,
    keys: &Keys<'_>,
    taken: &BTreeMap<String, String>,
) -> Result<Link, NoMatch> {
    let lower = product.code.to_lowercase();
    for (kind, key) in [(EXTERNAL, product.code.clone()), (CODE, lower.clone()), (PART, lower)] {
        if let Some(entity) = keys.unique(kind, &key)? {
            if let Some(by) = taken.get(entity.id.as_str()).filter(|by| **by != product.code) {
                return Err(NoMatch::Taken { target: entity.name.clone(), by: by.clone() });
            }
            let why = format!("{kind} {} is the same in both", product.code);
            return Ok(linked(connection, LinkKind::Item, &product.code, &product.name, entity, why));
        }
    }
    Err(NoMatch::Nothing)
}

fn linked(
    connection: &ConnectionId,
    kind: LinkKind,
    source: &str,
    source_name: &str,
    entity: &Entity,
    why: String,
) -> Link {
    // Mapping details that the target suggests stay with the link, where a person can change them.
    let kept: BTreeSet<&str> = ["account-code", "tax-type", "sold"].into();
    let attributes = entity.attributes.iter().filter(|(name, _)| kept.contains(name.as_str())).cloned().collect();
    Link {
        key: LinkKey { connection: connection.clone(), kind, source: source.to_owned() },
        source_name: source_name.to_owned(),
        state: LinkState::Linked(LinkTarget {
            id: entity.id.clone(),
            code: entity.code.clone(),
            name: entity.name.clone(),
            attributes,
        }),
        why,
    }
}
