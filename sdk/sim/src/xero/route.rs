//! Owns which resource and method a call reaches; does not own who may call.

use super::answer::{Answer, Envelope, Refusal};
use super::call::Call;
use super::model::DocumentKind;
use super::org::Org;
use super::{allocations, contacts, documents, items, listing, settings};

fn document_kind(resource: &str) -> Option<DocumentKind> {
    match resource {
        "Invoices" => Some(DocumentKind::Invoice),
        "CreditNotes" => Some(DocumentKind::CreditNote),
        _ => None,
    }
}

pub(crate) fn run(org: &mut Org, call: &Call) -> Answer {
    let envelope = Envelope { id: org.ids.guid(), now: call.now };
    dispatch(org, call, &envelope).unwrap_or_else(Answer::from)
}

fn dispatch(org: &mut Org, call: &Call, envelope: &Envelope) -> Result<Answer, Refusal> {
    let path: Vec<&str> = call.path.iter().map(String::as_str).collect();
    let (resource, rest) = path.split_first().ok_or(Refusal::NotFound)?;
    if let Some(kind) = document_kind(resource) {
        return document(org, call, envelope, kind, rest);
    }
    match (*resource, call.method.as_str(), rest) {
        ("Contacts", "GET", []) => contacts::list(org, call, envelope),
        ("Contacts", "GET", [id]) => contacts::get(org, envelope, id),
        ("Contacts", "PUT" | "POST", []) => contacts::write(org, call, envelope, None),
        ("Contacts", "POST", [id]) => contacts::write(org, call, envelope, Some(id)),
        ("Items", "GET", []) => items::list(org, call, envelope),
        ("Items", "GET", [id]) => items::get(org, call, envelope, id),
        ("Items", "PUT" | "POST", []) => items::write(org, call, envelope, None),
        ("Items", "POST", [id]) => items::write(org, call, envelope, Some(id)),
        ("Items", "DELETE", [id]) => items::delete(org, id),
        ("Accounts", "GET", []) => settings::accounts(org, call, envelope),
        ("Accounts", "GET", [id]) => settings::account_by_id(org, call, envelope, id),
        ("TaxRates", "GET", []) => settings::tax_rates(org, call, envelope),
        ("Currencies", "GET", []) => Ok(settings::currencies(org, envelope)),
        ("Organisation", "GET", []) => Ok(settings::organisation(org, call, envelope)),
        ("TrackingCategories", "GET", []) => settings::tracking(org, call, envelope),
        ("BrandingThemes", "GET", []) => Ok(settings::branding_themes(org, call, envelope)),
        (
            "Contacts" | "Items" | "Accounts" | "TaxRates" | "Currencies" | "Organisation" | "TrackingCategories"
            | "BrandingThemes" | "Payments",
            _,
            _,
        ) => Err(Refusal::NotImplemented),
        _ => Err(Refusal::NotFound),
    }
}

fn document(
    org: &mut Org,
    call: &Call,
    envelope: &Envelope,
    kind: DocumentKind,
    rest: &[&str],
) -> Result<Answer, Refusal> {
    match (call.method.as_str(), rest) {
        ("GET", []) => listing::list(org, call, envelope, kind),
        ("GET", [id]) => listing::get(org, call, envelope, kind, id),
        ("PUT" | "POST", []) => documents::write(org, call, envelope, kind, None),
        ("POST", [id]) => documents::write(org, call, envelope, kind, Some(id)),
        ("GET", [id, "History"]) => allocations::history(org, envelope, kind, id),
        ("PUT", [id, "History"]) => allocations::add_history(org, call, envelope, kind, id),
        ("PUT", [id, "Allocations"]) if kind == DocumentKind::CreditNote => {
            allocations::allocate(org, call, envelope, id)
        }
        ("GET" | "PUT" | "POST" | "DELETE", _) => Err(Refusal::NotImplemented),
        _ => Err(Refusal::NotFound),
    }
}
