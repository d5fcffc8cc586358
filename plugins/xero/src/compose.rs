//! Which documents an order's lines become.
//!
//! Owns the two policies. Split: charges go to an invoice, refunds to a credit note with positive amounts, because Xero
//! refuses documents below zero and a credit note keeps the tax trail even if the first invoice is paid or locked. Net: one
//! document for what is left, except on an invoice that other orders share, where each credit stays its own document.

use counterfoil_sdk::{Decimal, Failure, Omission, decimal, text};

use crate::document::Kind;
use crate::lines::DraftLine;
use crate::outline::{INVOICE_NUMBER, Outline};
use crate::settings::{Credits, NumberSource};
use crate::tag;

const NUMBER_MAX: usize = 255;

/// A document to be, or what is added to one.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) kind: Kind,
    /// Stable: from the order and its revision alone.
    pub(crate) key: String,
    /// None when Xero counts.
    pub(crate) number: Option<String>,
    pub(crate) number_owner: &'static str,
    /// Of its lines' tag, where it shares its invoice.
    pub(crate) token: Option<&'a str>,
    pub(crate) lines: Vec<&'a DraftLine<'a>>,
    /// Net, as the document shows it: positive.
    pub(crate) total: Decimal,
}

/// What an order becomes.
#[derive(Debug)]
pub(crate) struct Composed<'a> {
    pub(crate) documents: Vec<Draft<'a>>,
    pub(crate) left_out: Vec<Omission>,
}

/// Composes the documents. `reused`: the charges join an invoice that other orders share.
pub(crate) fn compose<'a>(outline: &'a Outline<'_>, reused: bool) -> Result<Composed<'a>, Failure> {
    let net = net(outline.lines.iter())?;
    let mut left_out = outline.left_out.clone();
    let mut leave = |lines: &[&DraftLine<'_>], why: &str| {
        let ids = lines.iter().flat_map(|line| &line.covers);
        left_out.extend(ids.map(|id| Omission { line: (*id).to_owned(), why: why.to_owned() }));
    };
    let all: Vec<&DraftLine<'_>> = outline.lines.iter().collect();
    let (free, moving): (Vec<_>, Vec<_>) = all.iter().copied().partition(|line| line.bills.is_zero());
    if moving.is_empty() {
        leave(&free, "Nothing of the order is billed, so there is no document to show it on.");
        return Ok(Composed { documents: Vec::new(), left_out });
    }
    let netted = outline.settings.credits == Credits::Net && !reused;
    if netted && net.is_zero() {
        leave(&all, "Zero amount: what this order charges and what it gives back cancel out.");
        return Ok(Composed { documents: Vec::new(), left_out });
    }
    let kind_of = |line: &DraftLine<'_>| {
        let bills = if netted { net } else { line.bills };
        if bills.is_sign_negative() { Kind::CreditNote } else { Kind::Invoice }
    };
    let mut documents = Vec::new();
    for kind in Kind::ALL {
        if moving.iter().any(|line| kind_of(line) == kind) {
            // What is shown without charge goes with the first document that there is.
            let first = documents.is_empty();
            let on_it = |line: &&&DraftLine<'_>| if line.bills.is_zero() { first } else { kind_of(line) == kind };
            let lines: Vec<&DraftLine<'_>> = all.iter().filter(on_it).copied().collect();
            documents.push(draft(outline, kind, lines)?);
        }
    }
    Ok(Composed { documents, left_out })
}

/// What lines add to what the customer owes.
fn net<'a>(mut lines: impl Iterator<Item = &'a DraftLine<'a>>) -> Result<Decimal, Failure> {
    lines
        .try_fold(Decimal::ZERO, |sum, line| sum.checked_add(line.bills))
        .ok_or_else(|| Failure::rejected("xero-total", "The lines' sum is too large to be billed."))
}

fn draft<'a>(outline: &'a Outline<'_>, kind: Kind, lines: Vec<&'a DraftLine<'a>>) -> Result<Draft<'a>, Failure> {
    let total = decimal::sum(lines.iter().map(|line| kind.signed(line.bills)))
        .ok_or_else(|| Failure::rejected("xero-total", "The lines' sum is too large to be billed."))?;
    let (number, number_owner) = number(outline, kind)?;
    let order = &outline.job.order;
    let token = outline.token.as_deref().filter(|_| kind == Kind::Invoice);
    let key = match token {
        Some(_) => tag::key(&order.id, &order.revision),
        None => format!("{}:{}:{}", kind.name(), order.id, order.revision),
    };
    Ok(Draft { kind, key, number, number_owner, token, lines, total })
}

/// The number has no revision in it: a later revision of an order that was billed meets the first one's number, and a person
/// decides. A silent "-2" would bill twice.
fn number(outline: &Outline<'_>, kind: Kind) -> Result<(Option<String>, &'static str), Failure> {
    let field = match kind {
        Kind::Invoice => INVOICE_NUMBER,
        Kind::CreditNote => "credit_note_number",
    };
    let job = outline.job;
    let set = job.adjusted("", field).map(str::trim).filter(|number| !number.is_empty());
    let (number, owner) = match (set, outline.settings.number_source) {
        (Some(number), _) => (number.to_owned(), "person"),
        (None, NumberSource::Target) => return Ok((None, "target")),
        (None, NumberSource::Marketplace) => {
            let infix = if kind == Kind::CreditNote { "CN-" } else { "" };
            (format!("{}{infix}{}", outline.settings.number_prefix, job.order.number.trim()), "marketplace")
        }
    };
    // A comma would split the list of numbers in the look-up; the rest cannot be searched for at all.
    let plain = !number.contains([',', '"', '\\', '<', '>']) && !number.chars().any(char::is_control);
    if number.is_empty() || !plain || number.chars().count() > NUMBER_MAX {
        return Err(Failure::rejected(
            "xero-number-invalid",
            format!(
                "\"{}\" cannot be a number in Xero: at most 255 characters, no comma, quotes or brackets. Set another on the task.",
                text::clip(&number, 60)
            ),
        ));
    }
    Ok((Some(number), owner))
}
