//! Writing invoices and their lines, looking for them, and reading them back.
//!
//! Owns the same looks as for recurring invoices. An invoice that somebody marked as paid is left alone: Syncro answers as
//! if it changed it.

use counterfoil_sdk::serde_json::value::RawValue;
use counterfoil_sdk::{
    Attributes, Change, ChangeReceipt, Failure, Located, Money, ObservedDocument, ObservedLine, Receipt, Remote,
    Request,
};

use super::payload::{Act, State, Write};
use super::receipts::{self, Kept, made};
use super::{kind, mark};
use crate::wire::{Id, Invoice, InvoiceLine};
use crate::{ask, errors, invoices};

type Doing<'a> = (&'a Change, &'a Write);

/// Makes one change. Lines go onto the invoice that the plan's first change made.
pub(crate) fn write(
    remote: &mut dyn Remote,
    doing: Doing<'_>,
    (number, customer): (&str, Id),
    done: &[ChangeReceipt],
) -> Result<ChangeReceipt, Failure> {
    let (change, write) = doing;
    if change.document == kind::INVOICE {
        return head(remote, doing, (number, customer));
    }
    let id = done.iter().find(|receipt| receipt.document == kind::INVOICE).and_then(|one| Id::parse(&one.reference));
    let id = id.ok_or_else(|| Failure::internal("syncro-invoice", "The plan's lines come before its invoice."))?;
    match &write.act {
        Act::Keep(line) => Ok(of_invoice(receipts::receipt(change, write, *line), (id, number))),
        Act::Create { body, .. } => line(remote, doing, (id, number), body),
        Act::Change { .. } | Act::Remove { .. } => {
            Err(Failure::internal("syncro-invoice", "Lines of invoices are only made."))
        }
    }
}

fn head(
    remote: &mut dyn Remote,
    (change, write): Doing<'_>,
    (number, customer): (&str, Id),
) -> Result<ChangeReceipt, Failure> {
    let body = match &write.act {
        Act::Keep(id) => return Ok(of_head(change, write, *id, number)),
        Act::Create { body, .. } => body,
        Act::Change { .. } | Act::Remove { .. } => {
            return Err(Failure::internal("syncro-invoice", "An invoice itself is only made."));
        }
    };
    if let Some(there) = invoices::by_number(remote, number)? {
        invoices::is_of(&there, customer)?;
        return Ok(of_head(change, write, there.id, number));
    }
    let what = format!("invoice {number}");
    let request = Request::post("create-invoice", "/invoices").json(body)?;
    let answer = ask::write(remote, &change.key, request, "invoice", &what)?;
    let id = answer.id("id").ok_or_else(|| errors::unconfirmed(&what, "its answer names no invoice"))?;
    let stored = invoices::read(remote, id).map_err(|failure| errors::unconfirmed(&what, &failure.message))?;
    match stored {
        Some(stored) if stored.number == number && stored.customer.is_none_or(|theirs| theirs == customer) => {
            Ok(of_head(change, write, id, number))
        }
        Some(stored) => {
            Err(errors::unconfirmed(&what, &format!("shows invoice {id} with the number {}", stored.number)))
        }
        None => Err(errors::unconfirmed(&what, &format!("does not show invoice {id} yet"))),
    }
}

fn of_head(change: &Change, write: &Write, id: Id, number: &str) -> ChangeReceipt {
    let mut receipt = receipts::receipt(change, write, id);
    receipt.number = number.to_owned();
    receipt.attributes.set("invoice", id.to_string());
    receipt
}

fn of_invoice(mut receipt: ChangeReceipt, (id, number): (Id, &str)) -> ChangeReceipt {
    receipt.attributes.set("invoice", id.to_string());
    receipt.number = number.to_owned();
    receipt
}

fn line(
    remote: &mut dyn Remote,
    (change, write): Doing<'_>,
    place: (Id, &str),
    body: &RawValue,
) -> Result<ChangeReceipt, Failure> {
    let (id, number) = place;
    let what = format!("\"{}\"", change.title);
    let invoice = open(remote, id, change)?;
    if let Some(there) = find(&invoice, change, write)? {
        return Ok(of_invoice(made(change, write, there.id, &stored(there, change)?), place));
    }
    if invoice.is_paid {
        return Err(Failure::conflict(
            "syncro-invoice-paid",
            format!(
                "{what}: invoice {number} is marked as paid, so nothing can be put onto it. Nothing was sent. Bill the rest by hand."
            ),
        ));
    }
    let known: Vec<Id> = invoice.lines.iter().map(|line| line.id).collect();
    let request = Request::post("create-invoice-line", format!("/invoices/{id}/line_items")).json(&body)?;
    ask::send(remote, &change.key, request, &what)?;
    let unsure = |failure: Failure| errors::unconfirmed(&what, &failure.message);
    let again = open(remote, id, change).map_err(unsure)?;
    // Its answer's form is not documented, so the line is looked for: by its mark, else as the one that is new and alike.
    let there = match find(&again, change, write).map_err(unsure)? {
        Some(line) => Some(line),
        None => {
            let mut fresh = again.lines.iter().filter(|line| !known.contains(&line.id));
            fresh.next().filter(|line| fresh.next().is_none() && is_alike(write, line))
        }
    };
    let there = there.ok_or_else(|| errors::unconfirmed(&what, "does not show the line yet"))?;
    Ok(of_invoice(made(change, write, there.id, &stored(there, change)?), place))
}

fn open(remote: &mut dyn Remote, id: Id, change: &Change) -> Result<Invoice, Failure> {
    invoices::read(remote, id)?.ok_or_else(|| {
        let text = format!(
            "\"{}\": invoice {id} is not in Syncro any more. Nothing was sent for it. Plan the task again.",
            change.title
        );
        Failure::conflict("syncro-invoice-gone", text)
    })
}

/// The line with the write's mark.
fn find<'a>(invoice: &'a Invoice, change: &Change, write: &Write) -> Result<Option<&'a InvoiceLine>, Failure> {
    let Act::Create { mark: Some(mark), .. } = &write.act else { return Ok(None) };
    let found: Vec<&InvoiceLine> = invoice.lines.iter().filter(|line| mark.is_on(&line.text)).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => Err(Failure::conflict(
            "syncro-line-several",
            format!(
                "\"{}\" is on invoice {} {} times. Remove all but one in Syncro, then plan the task again.",
                change.title,
                invoice.number,
                several.len()
            ),
        )),
    }
}

fn is_alike(write: &Write, line: &InvoiceLine) -> bool {
    let state = State::of_item(line);
    write.after.as_ref().zip(state).is_some_and(|(after, state)| after.differs(&state).is_none())
}

fn stored(line: &InvoiceLine, change: &Change) -> Result<State, Failure> {
    State::of_item(line).ok_or_else(|| {
        errors::unconfirmed(&format!("\"{}\"", change.title), &format!("shows line {} at {}", line.id, line.price))
    })
}

/// Looks for the effect of one change.
pub(crate) fn locate(
    remote: &mut dyn Remote,
    (change, write): Doing<'_>,
    (number, customer): (&str, Id),
) -> Result<Located, Failure> {
    let invoice = invoices::by_number(remote, number)?;
    if let Act::Keep(id) = &write.act {
        return Ok(Located::Found(receipts::receipt(change, write, *id)));
    }
    let Some(invoice) = invoice else { return Ok(Located::Absent) };
    invoices::is_of(&invoice, customer)?;
    let place = (invoice.id, number);
    if change.document == kind::INVOICE {
        return Ok(Located::Found(of_head(change, write, invoice.id, number)));
    }
    if let Some(line) = find(&invoice, change, write)? {
        return Ok(Located::Found(of_invoice(made(change, write, line.id, &stored(line, change)?), place)));
    }
    let alike: Vec<&InvoiceLine> =
        invoice.lines.iter().filter(|line| !line.text.contains("[cf:") && is_alike(write, line)).collect();
    match alike.as_slice() {
        [] => Ok(Located::Absent),
        [one] => Err(Failure::conflict(
            "syncro-mark-missing",
            format!("\"{}\" may be line {} of invoice {number}: it bills the same, but it has no mark. Nothing is sent again. Look at it in Syncro, then adopt it or say that it is not this one.", change.title, one.id),
        )
        .with("reference", one.id.to_string())),
        several => {
            let all: Result<Vec<_>, Failure> = several
                .iter()
                .map(|line| Ok(of_invoice(made(change, write, line.id, &stored(line, change)?), place)))
                .collect();
            Ok(Located::Several(all?))
        }
    }
}

/// Every change of a receipt as its invoice shows it.
pub(crate) fn observe(remote: &mut dyn Remote, receipt: &Receipt) -> Result<Vec<ObservedDocument>, Failure> {
    let head = receipt.changes.iter().find(|change| change.document == kind::INVOICE);
    let id = head.and_then(|head| Id::parse(&head.reference));
    let invoice = match id {
        Some(id) => invoices::read(remote, id)?,
        None => None,
    };
    receipt.changes.iter().map(|change| document(change, invoice.as_ref())).collect()
}

fn document(change: &ChangeReceipt, invoice: Option<&Invoice>) -> Result<ObservedDocument, Failure> {
    let confirmed = change.total.ok_or_else(|| receipts::unknown(change))?;
    let shown = |state: &str, total: Money, lines: Vec<ObservedLine>| ObservedDocument {
        key: change.key.clone(),
        reference: change.reference.clone(),
        number: invoice.map_or_else(|| change.number.clone(), |invoice| invoice.number.clone()),
        state: state.to_owned(),
        total,
        lines,
        attributes: Attributes::new(),
    };
    let Some(invoice) = invoice else { return Ok(shown("missing", Money::zero(confirmed.currency), Vec::new())) };
    let state = if invoice.is_paid { "paid" } else { "open" };
    if change.document == kind::INVOICE {
        return Ok(shown(state, confirmed, Vec::new()));
    }
    let kept = Kept::of(change).ok_or_else(|| receipts::unknown(change))?;
    let Some(line) = invoice.lines.iter().find(|line| line.id == kept.line) else {
        return Ok(shown("missing", Money::zero(confirmed.currency), Vec::new()));
    };
    let amount = counterfoil_sdk::decimal::product(line.quantity, line.price).unwrap_or_default();
    let amount = counterfoil_sdk::decimal::round(amount, 2);
    let own = ObservedLine {
        description: mark::without(&line.text),
        quantity: line.quantity,
        unit_price: line.price,
        amount,
    };
    Ok(shown(state, Money::new(amount, confirmed.currency), vec![own]))
}
