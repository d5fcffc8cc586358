//! The directory: which kinds there are and who answers for each.
//!
//! Owns the dispatch and the filter over lists that Xero gives whole.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::{Draft, Entity, EntityPage, Failure, Remote};

use crate::{accounts, contacts, currencies, items, tax_rates};

/// Entities of a kind that match. Only parties come in pages; the other lists are whole.
pub(crate) fn search(
    remote: &mut dyn Remote,
    kind: &str,
    query: &str,
    cursor: Option<&str>,
) -> Result<EntityPage, Failure> {
    if kind == kind::PARTY {
        return contacts::search(remote, query, cursor);
    }
    let mut entities = whole(remote, kind)?;
    let query = query.trim().to_lowercase();
    entities.retain(|entity| {
        // Items that are not sold stay visible; accounts and rates that cannot be used here are noise.
        let offered = entity.active || kind == kind::ITEM;
        offered
            && (query.is_empty()
                || entity.code.to_lowercase().contains(&query)
                || entity.name.to_lowercase().contains(&query))
    });
    Ok(EntityPage { entities, next: None })
}

/// The entities with these ids, usable or not.
pub(crate) fn get(remote: &mut dyn Remote, kind: &str, ids: &[String]) -> Result<Vec<Entity>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    if kind == kind::PARTY {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        return Ok(contacts::by_ids(remote, &ids)?.into_iter().filter_map(contacts::entity).collect());
    }
    let mut entities = whole(remote, kind)?;
    entities.retain(|entity| ids.iter().any(|id| id.eq_ignore_ascii_case(&entity.id)));
    Ok(entities)
}

/// Creates a party or an item.
pub(crate) fn create(remote: &mut dyn Remote, kind: &str, draft: &Draft) -> Result<Entity, Failure> {
    match kind {
        kind::PARTY => contacts::create(remote, draft),
        kind::ITEM => items::create(remote, draft),
        _ => Err(unsupported(kind, "is not created from here; make it in Xero")),
    }
}

fn whole(remote: &mut dyn Remote, kind: &str) -> Result<Vec<Entity>, Failure> {
    Ok(match kind {
        kind::ITEM => items::read(remote)?.into_iter().filter_map(items::entity).collect(),
        kind::ACCOUNT => accounts::read(remote)?.into_iter().filter_map(accounts::entity).collect(),
        kind::TAX_RATE => tax_rates::read(remote)?.into_iter().filter_map(tax_rates::entity).collect(),
        kind::CURRENCY => currencies::read(remote)?.into_iter().filter_map(currencies::entity).collect(),
        _ => return Err(unsupported(kind, "is nothing that this target uses")),
    })
}

fn unsupported(kind: &str, why: &str) -> Failure {
    Failure::unsupported("xero-kind", format!("The kind \"{kind}\" {why}."))
}
