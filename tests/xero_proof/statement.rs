//! An order and its documents as a bookkeeper would write them down.

use std::fmt::Write as _;

use counterfoil_domain::order::LineKind;
use counterfoil_sim::xero::{Document, DocumentKind};
use rust_decimal::Decimal;

use crate::shelf::{Draft, customer_name};

/// At least two places, and no more than it needs.
pub(crate) fn plain(number: Decimal) -> String {
    let mut number = number.normalize();
    if number.scale() < 2 {
        number.rescale(2);
    }
    number.to_string()
}

pub(crate) fn ordered(draft: &Draft) -> String {
    let mut text = format!(
        "Order {} of {}, {}, {} order billed {}\n",
        draft.number,
        customer_name(draft.customer),
        draft.at.date_naive(),
        draft.kind,
        draft.model
    );
    if let Some(period) = draft.period {
        writeln!(text, "for {} through {}", period.start(), period.last()).unwrap();
    }
    text.push('\n');
    for line in &draft.lines {
        let what = match &line.kind {
            LineKind::Fee(fee) => fee.name(),
            LineKind::NotBillable(what) | LineKind::Other(what) => what,
        };
        let of = line.product.as_ref().map_or("the plan", |of| of.name.as_str());
        let (quantity, price) = (line.quantity.normalize().to_string(), plain(line.unit_price));
        writeln!(text, "  {what:<26} {of:<26} {quantity:>10} × {price:>8} {:>12}", plain(line.amount)).unwrap();
    }
    text
}

/// Documents, invoices first.
pub(crate) fn booked(mut documents: Vec<Document>) -> String {
    documents.sort_by_key(|document| document.kind == DocumentKind::CreditNote);
    let mut text = String::new();
    for document in &documents {
        let kind = if document.kind == DocumentKind::Invoice { "INVOICE" } else { "CREDIT NOTE" };
        let due = document.due_date.map(|due| format!(", due {due}")).unwrap_or_default();
        // The reference's tail is a digest: it says nothing to people.
        let reference = document.reference.as_deref().unwrap_or_default().split("cf:").next().unwrap_or_default();
        writeln!(
            text,
            "\n{kind} {} of {}{due}, {}, {}, reference {reference}cf:…",
            document.number,
            document.date,
            document.status.as_str(),
            document.currency
        )
        .unwrap();
        for line in &document.lines {
            let description = line.description.as_deref().unwrap_or_default().replace('\n', " / ");
            writeln!(text, "  {description}").unwrap();
            let quantity = line.quantity.unwrap_or_default().normalize().to_string();
            writeln!(
                text,
                "    {quantity:>10} × {:>8} = {:>8}   item {}, account {}, {} {}",
                plain(line.unit_amount.unwrap_or_default()),
                plain(line.line_amount),
                line.item_code.as_deref().unwrap_or("none"),
                line.account_code.as_deref().unwrap_or("none"),
                line.tax_type.as_deref().unwrap_or("no tax"),
                plain(line.tax_amount),
            )
            .unwrap();
        }
        writeln!(
            text,
            "  net {}   tax {}   total {}",
            plain(document.sub_total),
            plain(document.total_tax),
            plain(document.total)
        )
        .unwrap();
    }
    text
}
