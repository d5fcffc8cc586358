//! An order, the additions that came of it and what ConnectWise invoices for them, as a biller would write them down.

use std::fmt::Write as _;

use counterfoil_domain::order::LineKind;
use counterfoil_domain::plan::SealedPlan;

use crate::books::{Addition, Bill, money};
use crate::rows::Case;
use crate::shelf::Draft;

pub(crate) fn ordered(case: &Case, draft: &Draft) -> String {
    let mut text =
        format!("{} order of Green Lane Dental, {}, billed {}\n", capital(draft.kind.name()), draft.on, draft.model);
    if let Some(period) = draft.period {
        writeln!(text, "for {} through {}", period.start(), period.last()).unwrap();
    }
    if case.follows {
        text.push_str("of a subscription of 1 plan at 19.99 and 10 seats at 22.00, sold on 2026-10-01\n");
    }
    text.push('\n');
    for line in &draft.lines {
        let LineKind::Fee(fee) = &line.kind else { panic!("{line:?}") };
        let of = line.product.as_ref().map_or("the plan", |of| of.name.as_str());
        let (quantity, price) = (line.quantity.normalize().to_string(), money(line.unit_price));
        let cost = line.unit_cost.map(|cost| format!("   cost {}", money(cost))).unwrap_or_default();
        writeln!(text, "  {:<26} {of:<26} {quantity:>10} × {price:>8} {:>12}{cost}", fee.name(), money(line.amount))
            .unwrap();
    }
    text
}

fn capital(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

/// What the host has to say of a plan beside its changes.
pub(crate) fn said(sealed: &SealedPlan) -> String {
    let mut text = String::new();
    for note in &sealed.plan.notes {
        writeln!(text, "  note: {note}").unwrap();
    }
    for left in &sealed.plan.left_out {
        writeln!(text, "  left out: line {}: {}", left.line, left.why).unwrap();
    }
    for finding in &sealed.findings {
        writeln!(text, "  {}: {}: {}", finding.severity.name(), finding.code, finding.message).unwrap();
    }
    unnumbered(&text)
}

/// "addition 183" is another one as soon as a case is added.
fn unnumbered(text: &str) -> String {
    let mut parts = text.split("addition ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        out.push_str(if rest.len() == part.len() { "addition " } else { "addition …" });
        out.push_str(rest);
    }
    out
}

/// The agreement's additions: what was there before is marked where the order changed it.
pub(crate) fn additions(before: &[Addition], after: &[Addition]) -> String {
    let mut text = String::new();
    for (place, one) in after.iter().enumerate() {
        let was = before.iter().find(|was| was.id == one.id);
        let mark = match was {
            None => "new",
            Some(was) if was == one => "",
            Some(_) => "changed",
        };
        let last = one.cancelled.map_or_else(|| "…".to_owned(), |day| day.to_string());
        let first = one.effective.map_or_else(|| "…".to_owned(), |day| day.to_string());
        let cost = one.unit_cost.map(|cost| format!("cost {}, ", money(cost))).unwrap_or_default();
        let taxable = if one.taxable { "taxable" } else { "not taxable" };
        writeln!(
            text,
            "  {mark:<7} {}. {first} to {last:<10}  {:>10} × {:>8} = {:>8}   {}, {cost}{}, {taxable}, marked {}",
            place + 1,
            one.quantity.normalize(),
            money(one.unit_price),
            money(one.extended),
            one.item,
            one.bill,
            masked(&one.marker),
        )
        .unwrap();
        writeln!(text, "             {}", one.text).unwrap();
        if let Some(was) = was.filter(|was| *was != one) {
            let ended = was.cancelled.map_or_else(|| "…".to_owned(), |day| day.to_string());
            writeln!(text, "             it was {} × {} to {ended}", was.quantity.normalize(), money(was.unit_price))
                .unwrap();
        }
    }
    text
}

/// Its digests say nothing to people.
fn masked(marker: &str) -> String {
    match marker.split_once(':') {
        None if marker.is_empty() => "not at all".to_owned(),
        _ => marker
            .split(' ')
            .map(|part| part.split_once(':').map_or("…", |(name, _)| name))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

pub(crate) fn invoiced(bills: &[Bill]) -> String {
    let mut text = String::new();
    for bill in bills {
        writeln!(text, "  invoice for {} to {}", bill.first, bill.last).unwrap();
        for line in &bill.lines {
            writeln!(text, "    {:>10}  {}", money(line.amount), line.text).unwrap();
        }
        writeln!(text, "    {:>10}  in all", money(bill.total)).unwrap();
    }
    text
}
