//! Adding an order's lines to an invoice that is there.
//!
//! Owns the look before the write, the whole line set, and finding the lines again. Xero deletes every line that is not sent
//! again with its id, and knows no condition for a write. So the invoice is read just before: it must still be the draft
//! that was confirmed, each of its lines as it was; only other orders' tagged lines may have come since. All of them are
//! sent back. The status is sent too: an invoice that was approved in between refuses to become a draft again.

use counterfoil_sdk::encode::segment;
use counterfoil_sdk::{Action, Change, ChangeReceipt, Class, Failure, Located, Money, Remote, Request, digest, json};

use crate::document::{Addition, Kind};
use crate::errors::{self, Effect};
use crate::lookup::{is_dead, shown};
use crate::{answers, apply, tag, wire};

/// Adds the lines, unless they are there already.
pub(crate) fn add(remote: &mut dyn Remote, change: &Change, addition: &Addition) -> Result<ChangeReceipt, Failure> {
    let document = read(remote, addition)?.ok_or_else(|| moved(addition, "it is not in Xero any more"))?;
    // A lost answer, or a plan that is applied again: what is there is not added twice.
    if let Some(receipt) = found(change, addition, &document)? {
        return Ok(receipt);
    }
    unchanged(addition, &document)?;
    let kept = document.line_items.iter().flatten().map(wire::AnyLine::Kept);
    let added = addition.lines.iter().map(|line| wire::AnyLine::Added(line));
    let invoice =
        wire::ChangedInvoice { id: &addition.invoice, status: "DRAFT", line_items: kept.chain(added).collect() };
    let what = format!("the invoice {}", addition.number);
    let request = Request::post("add-lines", path(addition))
        .query("unitdp", "4")
        .json_bytes(json::bytes(&wire::ChangedInvoices { invoices: [invoice] })?);
    let key = format!("lines:{}", digest::hex([change.key.as_str(), addition.invoice.as_str()]));
    let response = errors::accept(remote.write(&key, request)?, Effect::Write, &what)?;
    let unreadable = |detail: &str| errors::unreadable(&response, Effect::Write, &what, detail);
    let answer: wire::Documents = json::parse(&what, &response.body).map_err(|failure| unreadable(&failure.message))?;
    let Some(after) = answer.documents.first() else { return Err(unreadable("It shows no invoice.")) };
    if apply::is_refused(after) {
        let raw = counterfoil_sdk::serde_json::from_slice(&response.body).unwrap_or_default();
        return Err(errors::tagged(errors::complaint(&errors::messages(&raw), &what), &response));
    }
    let mut receipt = found(change, addition, after)?.ok_or_else(|| unreadable("The added lines are not on it."))?;
    receipt.attributes.set_some("correlation-id", response.header("Xero-Correlation-Id"));
    let ids = |document: &wire::Document| -> Vec<String> {
        document.line_items.iter().flatten().filter_map(|line| line.id.clone()).collect()
    };
    let there = ids(after);
    let lost: Vec<String> = ids(&document).into_iter().filter(|id| !there.contains(id)).collect();
    if !lost.is_empty() {
        receipt
            .attributes
            .set("warning", format!("Xero does not show these lines of the invoice any more: {}", lost.join(" ")));
    }
    Ok(receipt)
}

/// Looks for the lines of a write whose answer was lost.
pub(crate) fn locate(remote: &mut dyn Remote, change: &Change, addition: &Addition) -> Result<Located, Failure> {
    let Some(document) = read(remote, addition)? else { return Ok(Located::Absent) };
    if is_dead(&document) {
        return Ok(Located::Absent);
    }
    Ok(found(change, addition, &document)?.map_or(Located::Absent, Located::Found))
}

fn path(addition: &Addition) -> String {
    format!("{}/{}", Kind::Invoice.path(), segment(&addition.invoice))
}

/// The invoice with all its lines; none when it is gone.
fn read(remote: &mut dyn Remote, addition: &Addition) -> Result<Option<wire::Document>, Failure> {
    let request = Request::get("get-invoice", path(addition)).query("unitdp", "4");
    match answers::read::<wire::Documents>(remote, request, "the invoice") {
        Ok(list) => {
            let is_it = |document: &wire::Document| {
                document.id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(&addition.invoice))
            };
            list.documents.into_iter().find(is_it).map(Some).ok_or_else(|| {
                Failure::transient("xero-unreadable", format!("Xero did not show the invoice {}.", addition.number))
            })
        }
        Err(failure) if failure.class == Class::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The receipt for lines that are there; a failure when they do not come to what was confirmed.
fn found(change: &Change, addition: &Addition, document: &wire::Document) -> Result<Option<ChangeReceipt>, Failure> {
    let lines = tag::lines(document, &addition.token);
    let Some(total) = tag::sum(&lines)?.filter(|_| !is_dead(document)) else { return Ok(None) };
    if total != change.total.amount {
        return Err(Failure::conflict(
            "xero-document-differs",
            format!(
                "The invoice {} has lines of this order that come to {total}, not {}. Compare the two; nothing is sent until you decide.",
                addition.number, change.total.amount
            ),
        )
        .with("reference", addition.invoice.clone()));
    }
    Ok(Some(ChangeReceipt {
        key: change.key.clone(),
        action: Action::Update,
        document: Kind::Invoice.name().to_owned(),
        reference: addition.invoice.clone(),
        number: document.number.clone().unwrap_or_default(),
        total: Some(Money::new(total, change.total.currency)),
        attributes: shown(document),
    }))
}

fn moved(addition: &Addition, how: &str) -> Failure {
    Failure::conflict(
        "xero-invoice-changed",
        format!(
            "The invoice {} is not what it was when this was confirmed: {how}. Nothing was sent. Plan the task again.",
            addition.number
        ),
    )
    .with("reference", addition.invoice.clone())
}

/// It is the draft that was confirmed, and nothing of it was changed but for other orders' lines that joined it.
fn unchanged(addition: &Addition, document: &wire::Document) -> Result<(), Failure> {
    let status = document.status.as_deref().unwrap_or("without a status");
    if status != "DRAFT" {
        return Err(moved(addition, &format!("it is {status}")));
    }
    let contact = document.contact.as_ref().and_then(|contact| contact.id.as_deref()).unwrap_or_default();
    let same = contact.eq_ignore_ascii_case(&addition.contact)
        && document.currency_code.as_deref() == Some(addition.currency.as_str())
        && document.line_amount_types.as_deref() == Some("Exclusive")
        && document.day == addition.day;
    if !same {
        return Err(moved(addition, "its contact, currency, date or kind of amounts is another"));
    }
    // The amount follows from the rest, and is not sent.
    let bare = |line: &wire::LineItem| wire::LineItem { line_amount: None, ..line.clone() };
    let now: Vec<wire::LineItem> = document.line_items.iter().flatten().map(bare).collect();
    let kept = |line: &&wire::LineItem| now.iter().any(|other| other == &bare(line));
    if let Some(gone) = addition.kept.iter().find(|line| !kept(line)) {
        let text = gone.description.as_deref().unwrap_or("without a text");
        return Err(moved(addition, &format!("its line \"{text}\" was changed or removed")));
    }
    let known = |line: &wire::LineItem| addition.kept.iter().any(|kept| kept.id.is_some() && kept.id == line.id);
    let stranger = now.iter().find(|line| line.id.is_none() || !known(line) && tag::tag_of(line).is_none());
    match stranger {
        Some(line) => {
            let text = line.description.as_deref().unwrap_or("without a text");
            Err(moved(addition, &format!("the line \"{text}\" was added by somebody else")))
        }
        None => Ok(()),
    }
}
