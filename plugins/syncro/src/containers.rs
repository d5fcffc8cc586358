//! Containers: recurring invoices.
//!
//! Owns what the directory tells of one. Its lines and its sum are left out: other tasks change them, and that moves no
//! ground under this one's plan. A day of the next run that moved does.

use counterfoil_sdk::directory::kind;
use counterfoil_sdk::text::single_spaced;
use counterfoil_sdk::{Attributes, Entity, EntityPage, Failure, Remote, Request};

use crate::ask;
use crate::paging::{self, Listing, Place};
use crate::wire::{Id, Row, Schedule};

/// One page: of a customer ("42" or "party:42"), or those whose name has the query in it.
pub(crate) fn search(remote: &mut dyn Remote, query: &str, cursor: Option<&str>) -> Result<EntityPage, Failure> {
    let query = single_spaced(query);
    let of_party = query.strip_prefix("party:").map(str::trim);
    let customer = Id::parse(of_party.unwrap_or(&query));
    if let (Some(party), None) = (of_party, customer) {
        let text = format!("\"{party}\" is no id of a customer in Syncro.");
        return Err(Failure::rejected("syncro-query", text));
    }
    let asked = customer.map(|id| ("customer_id", id.to_string())).into_iter().collect();
    let listing = Listing {
        operation: "list-schedules",
        path: "/schedules",
        member: "schedules",
        query: asked,
        what: "the recurring invoices",
    };
    let page = paging::page(remote, &listing, &Place::of(cursor)?)?;
    let mut found = page.rows.iter().map(facts).collect::<Result<Vec<_>, _>>()?;
    found.retain(|schedule| match customer {
        Some(customer) => schedule.customer == Some(customer),
        None => schedule.name.to_lowercase().contains(&query.to_lowercase()),
    });
    let entities = found.iter().map(entity).collect();
    Ok(EntityPage { entities, next: page.next.map(|next| next.to_string()) })
}

/// The recurring invoices with these ids; ones that are gone are left out.
pub(crate) fn get(remote: &mut dyn Remote, ids: &[Id]) -> Result<Vec<Entity>, Failure> {
    let mut found = Vec::new();
    for id in ids {
        found.extend(row(remote, *id)?.as_ref().map(facts).transpose()?.as_ref().map(entity));
    }
    Ok(found)
}

/// One with its lines; none when it is gone.
pub(crate) fn read(remote: &mut dyn Remote, id: Id) -> Result<Option<Schedule>, Failure> {
    row(remote, id)?.as_ref().map(Schedule::understand).transpose()
}

fn row(remote: &mut dyn Remote, id: Id) -> Result<Option<Row>, Failure> {
    let request = Request::get("get-schedule", format!("/schedules/{id}"));
    ask::maybe(remote, request, "schedule", &format!("recurring invoice {id}"))
}

/// Without its lines: one that cannot be read must not hide the recurring invoice from a list.
fn facts(row: &Row) -> Result<Schedule, Failure> {
    Schedule::understand(&row.without("lines"))
}

fn entity(schedule: &Schedule) -> Entity {
    let mut attributes = Attributes::new();
    attributes.set_some("party", schedule.customer.map(|id| id.to_string()));
    attributes.set("status", if schedule.is_paused { "paused" } else { "active" });
    attributes.set("frequency", schedule.frequency.trim());
    attributes.set_some("next-run", schedule.next_run.map(|day| day.to_string()));
    attributes.set("paused", schedule.is_paused.to_string());
    attributes.set("email-customer", schedule.emails.to_string());
    attributes.set("charge-mop", schedule.charges.to_string());
    let name =
        if schedule.name.is_empty() { format!("Recurring invoice {}", schedule.id) } else { schedule.name.clone() };
    Entity {
        cycle: schedule.every().map(|every| every.iso().to_owned()),
        attributes,
        ..Entity::new(kind::CONTAINER, schedule.id.to_string(), "", name)
    }
}
