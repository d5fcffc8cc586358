//! Invoices: found by number, read by id.
//!
//! Owns what a number finds. `GET /invoices/{…}` takes an id or a number, so what it shows is compared.

use counterfoil_sdk::{Failure, Remote, Request, encode};

use crate::ask;
use crate::wire::{Id, Invoice};

/// The invoice with exactly this number.
pub(crate) fn by_number(remote: &mut dyn Remote, number: &str) -> Result<Option<Invoice>, Failure> {
    let path = format!("/invoices/{}", encode::segment(number));
    let row = ask::maybe(remote, Request::get("find-invoice", path), "invoice", &format!("invoice {number}"))?;
    let invoice = row.as_ref().map(Invoice::understand).transpose()?;
    Ok(invoice.filter(|invoice| invoice.number == number))
}

/// The invoice with this id, with its lines.
pub(crate) fn read(remote: &mut dyn Remote, id: Id) -> Result<Option<Invoice>, Failure> {
    let request = Request::get("get-invoice", format!("/invoices/{id}"));
    let row = ask::maybe(remote, request, "invoice", &format!("invoice {id}"))?;
    let invoice = row.as_ref().map(Invoice::understand).transpose()?;
    // Another one may have this id as its number.
    Ok(invoice.filter(|invoice| invoice.id == id))
}

/// Refuses another customer's invoice.
pub(crate) fn is_of(invoice: &Invoice, customer: Id) -> Result<(), Failure> {
    match invoice.customer {
        Some(theirs) if theirs != customer => Err(Failure::conflict(
            "syncro-invoice-of-another",
            format!(
                "Invoice {} is customer {theirs}'s, and this order is customer {customer}'s. Nothing was written. Give that invoice another number in Syncro, then plan the task again.",
                invoice.number
            ),
        )
        .with("reference", invoice.id.to_string())),
        _ => Ok(()),
    }
}
