//! The directory: which kinds there are and who answers for each.
//!
//! Owns the dispatch, and the filter over tables that ConnectWise gives whole.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::{Draft, Entity, EntityPage, Failure, Remote};

use crate::tables::{self, Currencies, Table};
use crate::wire::Id;
use crate::{agreements, companies, contacts, items, words};

const BILLING_CYCLE: &str = "billing-cycle";

/// Entities of a kind that match. Setup tables are whole; the rest comes in pages.
pub(crate) fn search(
    remote: &mut dyn Remote,
    kind: &str,
    query: &str,
    cursor: Option<&str>,
) -> Result<EntityPage, Failure> {
    match kind {
        kind::PARTY => companies::search(remote, query, cursor),
        kind::ITEM => items::search(remote, query, cursor),
        kind::CONTAINER => agreements::search(remote, query, cursor),
        contacts::KIND => contacts::search(remote, query, cursor),
        _ => {
            let mut entities = table(remote, kind)?;
            entities
                .retain(|entity| entity.active && (words::has(&entity.name, query) || words::has(&entity.code, query)));
            Ok(EntityPage { entities, next: None })
        }
    }
}

/// The entities with these ids, usable or not. What is no id of ConnectWise is nobody's.
pub(crate) fn get(remote: &mut dyn Remote, kind: &str, ids: &[String]) -> Result<Vec<Entity>, Failure> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let numbers: Vec<Id> = ids.iter().filter_map(|id| Id::parse(id.trim())).collect();
    match kind {
        kind::PARTY => companies::get(remote, &numbers),
        kind::ITEM => items::get(remote, &numbers),
        kind::CONTAINER => agreements::get(remote, &numbers),
        contacts::KIND => contacts::get(remote, &numbers),
        _ => {
            let mut entities = table(remote, kind)?;
            entities.retain(|entity| ids.iter().any(|id| id.trim().eq_ignore_ascii_case(&entity.id)));
            Ok(entities)
        }
    }
}

/// Creates a company or an item.
pub(crate) fn create(remote: &mut dyn Remote, kind: &str, draft: &Draft) -> Result<Entity, Failure> {
    match kind {
        kind::PARTY => companies::create(remote, draft),
        kind::ITEM => items::create(remote, draft),
        _ => Err(unsupported(kind, "is not created from here; make it in ConnectWise")),
    }
}

fn table(remote: &mut dyn Remote, kind: &str) -> Result<Vec<Entity>, Failure> {
    if let Some(table) = Table::of_kind(kind) {
        return table.entities(remote);
    }
    match kind {
        BILLING_CYCLE => Ok(tables::billing_cycles(remote)?.into_iter().map(tables::cycle_entity).collect()),
        kind::CURRENCY => Ok(Currencies::read(remote)?.entities()),
        _ => Err(unsupported(kind, "is nothing that this target uses")),
    }
}

fn unsupported(kind: &str, why: &str) -> Failure {
    Failure::unsupported("connectwise-kind", format!("The kind \"{kind}\" {why}."))
}
