//! Invoices of earlier orders of the same subscription, for an order that only gives back.
//!
//! Owns reading them and which of them the credit goes to. Which were stored, the host knows and names;
//! what has become of them, only Xero does.

use std::collections::BTreeMap;

use counterfoil_sdk::{Decimal, Failure, Job, Remote};

use crate::answers::is_guid;
use crate::compose::Composed;
use crate::document::Kind;
use crate::lookup;
use crate::outline::Outline;
use crate::pages::{self, COMMA, List};
use crate::settings::AUTHORISED;
use crate::wire;

/// One that the host names.
#[derive(Debug, Clone, Copy)]
struct Named<'a> {
    id: &'a str,
    number: &'a str,
    order: &'a str,
}

/// What Xero has of those that are named, by id in lower case.
#[derive(Debug, Default)]
pub(crate) struct Earlier(BTreeMap<String, wire::Document>);

/// The invoice that a credit goes to.
#[derive(Debug)]
pub(crate) struct Chosen<'a> {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) order: &'a str,
    pub(crate) open: Decimal,
    pub(crate) net: Option<Decimal>,
    pub(crate) is_approved: bool,
}

/// An order without charges: its credit is for what was billed before.
pub(crate) fn gives_back(composed: &Composed<'_>) -> bool {
    matches!(composed.documents.as_slice(), [only] if only.kind == Kind::CreditNote)
}

/// In the host's order: what billed the same product first, then the newest.
fn named(job: &Job) -> Vec<Named<'_>> {
    let mut all = Vec::new();
    for place in 1.. {
        let field = |name: &str| job.attributes.get(&format!("earlier.{place}.{name}"));
        let Some(id) = field("reference") else { break };
        if field("document") == Some(Kind::Invoice.name()) && is_guid(id) {
            let of = |name: &str| field(name).unwrap_or_default();
            all.push(Named { id, number: of("number"), order: of("order") });
        }
    }
    all
}

impl Earlier {
    /// Reads what the jobs of these outlines name.
    pub(crate) fn read<'a>(
        remote: &mut dyn Remote,
        outlines: impl Iterator<Item = &'a Outline<'a>>,
    ) -> Result<Self, Failure> {
        let mut ids: Vec<String> =
            outlines.flat_map(|outline| named(outline.job)).map(|one| one.id.to_ascii_lowercase()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut found = BTreeMap::new();
        for chunk in pages::chunks(&ids, COMMA) {
            let filters = [("IDs", &*pages::joined(chunk, COMMA))];
            let what = "the earlier invoices";
            for document in
                (List { kind: Kind::Invoice, operation: "get-invoices", what, filters: &filters }).read(remote)?
            {
                if let Some(id) = &document.id {
                    found.insert(id.to_ascii_lowercase(), document);
                }
            }
        }
        Ok(Self(found))
    }

    /// The first that may take the credit; else why none of them may. None: none is named.
    pub(crate) fn choose<'a>(&self, outline: &Outline<'a>) -> Option<Result<Chosen<'a>, String>> {
        let mut stand = Vec::new();
        for one in named(outline.job) {
            let Some(document) = self.0.get(&one.id.to_ascii_lowercase()) else {
                stand.push(format!("{} is not in Xero", label(one.number, one.order)));
                continue;
            };
            match objection(outline, document) {
                None => {
                    let number = document.number.clone().unwrap_or_else(|| one.number.to_owned());
                    return Some(Ok(Chosen {
                        id: document.id.clone().unwrap_or_default(),
                        number,
                        order: one.order,
                        open: lookup::open(document).unwrap_or_default(),
                        net: document.sub_total.map(|total| total.0),
                        is_approved: document.status.as_deref() == Some(AUTHORISED),
                    }));
                }
                Some(why) => stand.push(format!("{} {why}", label(one.number, one.order))),
            }
        }
        (!stand.is_empty()).then(|| Err(stand.join(", ")))
    }
}

fn label(number: &str, order: &str) -> String {
    format!("{number} of {order}").trim().to_owned()
}

/// Why a credit of this order cannot go to the invoice.
fn objection(outline: &Outline<'_>, document: &wire::Document) -> Option<String> {
    let contact = document.contact.as_ref().and_then(|contact| contact.id.as_deref()).unwrap_or_default();
    if !contact.eq_ignore_ascii_case(&outline.party.target_id) {
        return Some("is for another contact".to_owned());
    }
    if document.currency_code.as_deref() != Some(outline.job.order.currency.code()) {
        return Some("is in another currency".to_owned());
    }
    match document.status.as_deref().unwrap_or_default() {
        "DRAFT" | "SUBMITTED" | AUTHORISED if lookup::open(document).is_some_and(|open| open > Decimal::ZERO) => None,
        "DRAFT" | "SUBMITTED" | AUTHORISED => Some("has nothing open".to_owned()),
        status => Some(format!("is {}", counterfoil_sdk::text::clip(status, 20))),
    }
}
