//! Customers.

use counterfoil_domain::id::CustomerId;
use counterfoil_domain::market::{Customer, Unreadable};

use super::page::single_row;
use super::record::{Problem, Record, unreadable};
use super::words;

pub fn decode_customer(json: &str, place: &str) -> Result<Customer, Unreadable> {
    let text = single_row(json);
    Record::read(text, "").and_then(|record| customer(&record)).map_err(|problem| unreadable(text, place, &problem))
}

fn customer(record: &Record<'_>) -> Result<Customer, Problem> {
    let id = record.required_id("id")?;
    // An address is a hint for matching: one that cannot be read hides nobody.
    let people = record.records("contactPersons").unwrap_or_default();
    let email = record.text("email").ok().flatten();
    let email = email.or_else(|| people.iter().find_map(|person| person.text("email").ok().flatten()));
    Ok(Customer {
        name: record.text("name")?.unwrap_or_else(|| id.clone()),
        external_id: record.id("externalId")?,
        tax_number: record.text("taxRegId")?,
        email,
        active: words::customer_is_active(record.text("status")?.as_deref()),
        id: CustomerId::new(id),
    })
}
