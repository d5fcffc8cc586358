//! Parties: Syncro's customers.

use std::collections::BTreeSet;

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::text::single_spaced;
use counterfoil_sdk::{Attributes, Entity, EntityPage, Failure, Remote, Request};

use crate::ask;
use crate::paging::{self, FULL, Listing, Place};
use crate::wire::{Id, Row};

fn listing(query: Vec<(&str, String)>) -> Listing<'_> {
    Listing { operation: "list-customers", path: "/customers", member: "customers", query, what: "the customers" }
}

/// One page, disabled ones too: they are shown as such.
pub(crate) fn search(remote: &mut dyn Remote, query: &str, cursor: Option<&str>) -> Result<EntityPage, Failure> {
    let query = single_spaced(query);
    let mut asked = vec![("include_disabled", "true".to_owned())];
    if !query.is_empty() {
        asked.push(("query", query));
    }
    let page = paging::page(remote, &listing(asked), &Place::of(cursor)?)?;
    let entities = page.rows.iter().map(entity).collect::<Result<_, _>>()?;
    Ok(EntityPage { entities, next: page.next.map(|next| next.to_string()) })
}

/// The customers with these ids; ones that are gone are left out.
pub(crate) fn get(remote: &mut dyn Remote, ids: &[Id]) -> Result<Vec<Entity>, Failure> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    // A list of one is no cheaper than the one.
    for chunk in ids.chunks(FULL).filter(|chunk| chunk.len() > 1) {
        let mut asked: Vec<(&str, String)> = chunk.iter().map(|id| ("id[]", id.to_string())).collect();
        asked.push(("include_disabled", "true".to_owned()));
        for row in paging::page(remote, &listing(asked), &Place::first())?.rows {
            let id = row.own_id("a customer")?;
            if chunk.contains(&id) && seen.insert(id) {
                found.push(entity(&row)?);
            }
        }
    }
    for id in ids {
        if seen.insert(*id) {
            let what = format!("customer {id}");
            let request = Request::get("get-customer", format!("/customers/{id}"));
            found.extend(ask::maybe(remote, request, "customer", &what)?.as_ref().map(entity).transpose()?);
        }
    }
    Ok(found)
}

fn entity(row: &Row) -> Result<Entity, Failure> {
    let id = row.own_id("a customer")?;
    let names = ["business_name", "business_then_name", "business_and_full_name", "fullname", "email"];
    let name = names.iter().map(|name| single_spaced(&row.text(name))).find(|name| !name.is_empty());
    let mut attributes = Attributes::new();
    for (ours, theirs) in [("email", "email"), ("contact", "fullname"), ("city", "city")] {
        attributes.set_some(ours, Some(single_spaced(&row.text(theirs))).filter(|text| !text.is_empty()));
    }
    let is_disabled = row.flag("disabled") == Some(true);
    attributes.set_some("why-inactive", is_disabled.then_some("is disabled"));
    Ok(Entity {
        active: !is_disabled,
        attributes,
        ..Entity::new(kind::PARTY, id.to_string(), "", name.unwrap_or_else(|| format!("Customer {id}")))
    })
}
