//! Contacts of companies: people whom agreements name.
//!
//! Owns search and look-up. None is created from here.

use counterfoil_sdk::{Attributes, Entity, EntityPage, Failure, Remote};

use crate::condition::{self, Condition};
use crate::paging::{self, Listing};
use crate::wire::{Contact, Id};
use crate::words;

/// The directory's kind.
pub(crate) const KIND: &str = "contact";

fn listing(condition: Option<Condition>) -> Listing<'static> {
    Listing {
        operation: "list-contacts",
        path: "/company/contacts",
        condition,
        fields: Contact::FIELDS,
        what: "the contacts",
    }
}

/// One page of contacts: of a company ("42"), or with the query in a name.
pub(crate) fn search(remote: &mut dyn Remote, query: &str, cursor: Option<&str>) -> Result<EntityPage, Failure> {
    let query = words::clean(query);
    let id = Id::parse(query.strip_prefix("party:").unwrap_or(&query));
    let condition = match id {
        Some(id) => Some(Condition::id("company/id", id)),
        // A first and a last name stand in two fields: one word of them narrows both.
        None => condition::longest_part(query.split(' ').max_by_key(|word| word.len()).unwrap_or_default()).and_then(
            |part| {
                Condition::either(
                    ["firstName", "lastName"].into_iter().filter_map(|field| Condition::contains(field, part)),
                )
            },
        ),
    };
    let page = paging::page::<Contact>(remote, &listing(condition), cursor)?;
    let fits = |contact: &Contact| match id {
        Some(id) => contact.company.as_ref().and_then(|company| company.id()) == Some(id),
        None => words::has(&name(contact), &query),
    };
    Ok(EntityPage { entities: page.rows.into_iter().filter(fits).map(entity).collect(), next: page.next })
}

/// The contacts with these ids.
pub(crate) fn get(remote: &mut dyn Remote, ids: &[Id]) -> Result<Vec<Entity>, Failure> {
    Ok(paging::by_ids::<Contact>(remote, &listing(None), ids)?.into_iter().map(entity).collect())
}

fn name(contact: &Contact) -> String {
    let parts = [&contact.first_name, &contact.last_name];
    words::clean(&parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" "))
}

fn entity(contact: Contact) -> Entity {
    let company = contact.company.as_ref();
    let mut attributes = Attributes::new();
    attributes.set_some("party", company.and_then(|company| company.id()).map(|id| id.to_string()));
    attributes.set_some("party-name", company.and_then(|company| company.name.as_deref()));
    attributes.set_some("title", contact.title.as_deref().map(str::trim).filter(|title| !title.is_empty()));
    Entity {
        active: contact.inactive_flag != Some(true),
        attributes,
        ..Entity::new(KIND, contact.id.to_string(), "", name(&contact))
    }
}
