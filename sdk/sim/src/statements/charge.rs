//! Owns: what a subscription's life comes to in lines, month by month. Knows nothing of statements.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::life::{Ending, Extra, Step, Subscription};
use super::model::Product;
use super::month::{Month, before, months_after};
use super::motion::{Motion, Schedule};
use super::record::{Charge, Record, Share};
use crate::world::Currency;

/// Whose lines these are and what they are called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payer<'a> {
    pub(super) subscription: &'a Subscription,
    pub(super) product: &'a Product,
    pub(super) currency: Currency,
}

/// All lines billed in a month, in the order the vendor prints them.
pub(super) fn billed_in(payer: Payer<'_>, month: Month) -> Vec<Record> {
    let life = payer.subscription;
    let mut lines = match life.motion.schedule() {
        Schedule::Monthly => monthly(payer, month),
        Schedule::Upfront(months) => upfront(payer, month, months),
        Schedule::Noted => Vec::new(),
    };
    lines.extend(life.extras.iter().filter(|extra| extra.billed == month).map(|extra| noted(payer, extra)));
    lines
}

/// `[from, to)` of a period of so many days.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: NaiveDate,
    to: NaiveDate,
    of: i64,
}

fn line(payer: Payer<'_>, month: Month, charge: Charge, span: Span, quantity: i64, step: &Step) -> Record {
    let days = span.to.signed_duration_since(span.from).num_days();
    Record {
        month,
        tenant: payer.subscription.tenant,
        subscription: Some(payer.subscription.id),
        part_number: payer.product.part_number.clone(),
        title: payer.product.name.clone(),
        motion: payer.subscription.motion,
        charge,
        start: span.from,
        end: before(span.to, 1),
        quantity: Decimal::from(quantity),
        share: if days == span.of { Share::WHOLE } else { Share { days, of: span.of } },
        unit_cost: step.unit_cost,
        cost: Decimal::ZERO,
        unit_retail: step.unit_retail,
        retail: Decimal::ZERO,
        currency: payer.currency,
        meter: None,
    }
    .priced()
}

fn monthly(payer: Payer<'_>, month: Month) -> Vec<Record> {
    let life = payer.subscription;
    let from = life.start.max(month.first());
    let Some(ending) = life.ending.filter(|ending| ending.in_window) else {
        let to = life.ending.map_or(month.end(), |ending| ending.on.min(month.end()));
        return segments(payer, month, from, to);
    };
    // Charged as if it stayed, until somebody cancelled; the rest of what was charged is then taken back.
    let charged = if month <= Month::of(life.start) { segments(payer, month, from, month.end()) } else { Vec::new() };
    charged.into_iter().chain(taken_back(payer, month, ending)).collect()
}

/// Within one month from the day of the cancellation; across a month's end everything, for the month before.
fn taken_back(payer: Payer<'_>, month: Month, ending: Ending) -> Option<Record> {
    let life = payer.subscription;
    let charged = Month::of(life.start);
    let step = life.step_on(life.start).filter(|_| month.holds(ending.on))?;
    let from = if charged == month { ending.on } else { life.start };
    let span = Span { from, to: charged.end(), of: charged.days() };
    Some(line(payer, month, Charge::CancelImmediate, span, -step.quantity, step))
}

fn segments(payer: Payer<'_>, month: Month, from: NaiveDate, to: NaiveDate) -> Vec<Record> {
    let life = payer.subscription;
    let term = life.term_on(from.max(before(to, 1))).0;
    let renews = life.motion != Motion::MonthlyMonthly && term > life.start && month.holds(term);
    let mut cuts: Vec<NaiveDate> = life.steps.iter().map(|step| step.on).filter(|on| *on > from && *on < to).collect();
    cuts.push(to);
    let mut lines = Vec::with_capacity(cuts.len());
    let mut begin = from;
    for cut in cuts {
        if begin >= cut {
            continue;
        }
        let whole = begin == month.first() && cut == month.end();
        let charge = match () {
            () if begin == life.start => Charge::NewPurchase,
            () if renews && begin == term => Charge::Renew,
            () if whole => Charge::CycleFee,
            () => Charge::CycleInstanceProrate,
        };
        let span = Span { from: begin, to: cut, of: month.days() };
        lines.extend(life.step_on(begin).map(|step| line(payer, month, charge, span, step.quantity, step)));
        begin = cut;
    }
    lines
}

fn upfront(payer: Payer<'_>, month: Month, months: u32) -> Vec<Record> {
    let life = payer.subscription;
    let mut lines = Vec::new();
    // The term that the month's last day is in, and the one before it if it ended in this month.
    let (last, _) = life.term_on(month.last());
    let (first, _) = life.term_on(month.first());
    let terms = if first == last { vec![last] } else { vec![first, last] };
    for begin in terms {
        let end = months_after(begin, months);
        let of = end.signed_duration_since(begin).num_days();
        let Some(opening) = life.step_on(begin).filter(|_| life.active_on(begin)) else { continue };
        if month.holds(begin) {
            let charge = if begin == life.start { Charge::NewPurchase } else { Charge::Renew };
            lines.push(line(payer, month, charge, Span { from: begin, to: end, of }, opening.quantity, opening));
        }
        let mut held = opening.quantity;
        for step in life.steps.iter().filter(|step| step.on > begin && step.on < end && life.active_on(step.on)) {
            let delta = step.quantity - held;
            held = step.quantity;
            if delta != 0 && month.holds(step.on) {
                let charge = if delta > 0 { Charge::AddQuantity } else { Charge::RemoveQuantity };
                // The price is protected for the term.
                lines.push(line(payer, month, charge, Span { from: step.on, to: end, of }, delta, opening));
            }
        }
        let cancelled = life
            .ending
            .filter(|ending| ending.in_window && ending.on > begin && ending.on < end && month.holds(ending.on));
        if let Some(ending) = cancelled {
            let span = Span { from: ending.on, to: end, of };
            lines.push(line(payer, month, Charge::CancelImmediate, span, -held, opening));
        }
    }
    lines
}

fn noted(payer: Payer<'_>, extra: &Extra) -> Record {
    let step = Step { on: extra.start, quantity: 0, unit_cost: extra.unit_cost, unit_retail: extra.unit_retail };
    let span = Span { from: extra.start, to: super::month::after(extra.end, 1), of: 0 };
    let mut record = line(payer, extra.billed, extra.charge, span, 0, &step);
    if let Some(title) = &extra.title {
        record.title.clone_from(title);
    }
    record.quantity = extra.quantity;
    record.share = Share::WHOLE;
    record.meter.clone_from(&extra.meter);
    record.priced()
}
