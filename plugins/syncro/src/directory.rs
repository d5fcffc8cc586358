//! The directory: which kinds there are and who answers for each.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::{Draft, Entity, EntityPage, Failure, Remote};

use crate::wire::Id;
use crate::{account, containers, customers, products};

/// One page of a kind.
pub(crate) fn search(
    remote: &mut dyn Remote,
    kind: &str,
    query: &str,
    cursor: Option<&str>,
) -> Result<EntityPage, Failure> {
    match kind {
        kind::PARTY => customers::search(remote, query, cursor),
        kind::ITEM => products::search(remote, query, cursor),
        kind::CONTAINER => containers::search(remote, query, cursor),
        kind::CURRENCY => account::currencies(remote),
        _ => Err(unknown(kind)),
    }
}

/// Those of a kind with these ids. What is no id of Syncro's is in it no more than one that is gone.
pub(crate) fn get(remote: &mut dyn Remote, kind: &str, ids: &[String]) -> Result<Vec<Entity>, Failure> {
    let mut parsed: Vec<Id> = ids.iter().filter_map(|id| Id::parse(id)).collect();
    parsed.sort_unstable();
    parsed.dedup();
    match kind {
        kind::PARTY => customers::get(remote, &parsed),
        kind::ITEM => products::get(remote, &parsed),
        kind::CONTAINER => containers::get(remote, &parsed),
        kind::CURRENCY => {
            let mut all = account::currencies(remote)?.entities;
            all.retain(|entity| ids.contains(&entity.id));
            Ok(all)
        }
        _ => Err(unknown(kind)),
    }
}

/// Makes a product. Customers and recurring invoices are made in Syncro: terms, layout and period mode cannot be set from here.
pub(crate) fn create(remote: &mut dyn Remote, kind: &str, draft: &Draft) -> Result<Entity, Failure> {
    match kind {
        kind::ITEM => products::create(remote, draft),
        kind::PARTY | kind::CONTAINER => Err(Failure::unsupported(
            "syncro-create",
            "Customers and recurring invoices are set up in Syncro: their terms, layout and period mode cannot be set from here. Nothing was created. Make it there, then link it.",
        )),
        _ => Err(unknown(kind)),
    }
}

/// Sets price and cost of a product.
pub(crate) fn revise(remote: &mut dyn Remote, kind: &str, id: &str, draft: &Draft) -> Result<Entity, Failure> {
    match (kind, Id::parse(id)) {
        (kind::ITEM, Some(id)) => products::revise(remote, id, draft),
        (kind::ITEM, None) => {
            let shown = counterfoil_sdk::text::clip(id, 40);
            Err(Failure::not_found(crate::errors::GONE, format!("\"{shown}\" is no product of Syncro's.")))
        }
        _ => Err(unknown(kind)),
    }
}

fn unknown(kind: &str) -> Failure {
    Failure::unsupported("syncro-kind", format!("Syncro has no {}.", counterfoil_sdk::text::clip(kind, 40)))
}
