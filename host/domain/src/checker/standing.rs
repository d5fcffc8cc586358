//! Lines that recur: each for what the order says, at its price, from a day on which nothing else bills the same, and in
//! the place of what it ends. Owns what must hold of them; the money of this order is `coverage`'s.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{Against, Findings, days};
use crate::container::{self, Container};
use crate::id::LineId;
use crate::job::{AMOUNT_IF_BILLED, Billing, JobLine, PriceSource, QuantityIs};
use crate::money::Money;
use crate::order::Fee;
use crate::plan::{Action, Change, PRICE_FROM, Plan, PlanLine, QUANTITY_BEFORE, STANDING, Severity};

/// A field of a change that alters how much recurs, in place.
const QUANTITY: &str = "quantity";

pub(super) fn check(plan: &Plan, against: Against<'_>, findings: &mut Findings) {
    let container = Container::of(against.job);
    for change in &plan.changes {
        for line in &change.lines {
            let Some(written) = line.told(STANDING) else { continue };
            let Some(day) = days::read(written) else {
                let text = format!("line \"{}\" recurs from \"{written}\", which is no day", line.description);
                findings.block("standing-day", text);
                continue;
            };
            let of = named(line, against);
            if of.is_empty() {
                let text = format!("line \"{}\" recurs for no line of the order", line.description);
                findings.block("invented-line", text);
                continue;
            }
            let desk = Desk { plan, change, line, day, of, against, container: container.as_ref() };
            desk.days(findings);
            desk.quantity(findings);
            desk.price(findings);
            desk.money(findings);
            desk.former(findings);
            desk.paid_before(findings);
            desk.begins_in_time(findings);
        }
    }
}

/// Whether a line that recurs does so for this one.
pub(super) fn names(plan: &Plan, id: &LineId) -> bool {
    let mut lines = plan.changes.iter().flat_map(|change| &change.lines);
    lines.any(|line| line.told(STANDING).is_some() && line.carries(id))
}

/// What a whole period of it costs, of the old or of the new quantity, whichever is more.
pub(super) fn most_of_a_period(of: &JobLine, plan: &Plan, against: Against<'_>) -> Option<Decimal> {
    let lines = plan.changes.iter().flat_map(|change| &change.lines);
    let before = lines.filter(|line| line.carries(&of.id)).filter_map(before).max().unwrap_or_default();
    let digits = against.job.order.currency.minor_units();
    let exact = of.quantity.abs().max(before).checked_mul(of.unit_price.abs())?;
    Some(against.rules.rounding.apply(exact, digits).max(of.amount.abs()))
}

/// Less of something: what is left keeps the price that it has, unless a person set another.
pub(super) fn keeps_price(line: &JobLine) -> bool {
    line.fee == Fee::ResourceDowngrade && line.price_source != PriceSource::Person
}

fn named<'a>(line: &PlanLine, against: Against<'a>) -> Vec<&'a JobLine> {
    against.job.order.lines.iter().filter(|of| line.carries(&of.id)).collect()
}

fn before(line: &PlanLine) -> Option<Decimal> {
    line.told(QUANTITY_BEFORE)?.parse().ok()
}

/// What a job's line adds to how much recurs. Sources write what is taken away with either sign.
fn delta(line: &JobLine) -> Decimal {
    let if_billed = || container::told(&line.attributes, AMOUNT_IF_BILLED).and_then(|amount| amount.parse().ok());
    let money = if line.billing == Billing::Billable { line.amount } else { if_billed().unwrap_or_default() };
    let gives_back = money.is_sign_negative() && !money.is_zero();
    if line.fee == Fee::ResourceDowngrade || gives_back { -line.quantity.abs() } else { line.quantity }
}

/// What a line is charged for a whole period.
fn whole_period(line: &JobLine) -> Decimal {
    let if_billed = container::told(&line.attributes, AMOUNT_IF_BILLED).and_then(|amount| amount.parse().ok());
    match &line.proration {
        Some(prorated) => prorated.price.full.amount,
        None => if_billed.unwrap_or(line.amount),
    }
}

struct Desk<'a> {
    plan: &'a Plan,
    change: &'a Change,
    line: &'a PlanLine,
    /// From which it bills.
    day: NaiveDate,
    /// The job lines that it recurs for; at least one.
    of: Vec<&'a JobLine>,
    against: Against<'a>,
    container: Option<&'a Container>,
}

impl Desk<'_> {
    fn title(&self) -> &str {
        &self.change.title
    }

    fn days(&self, findings: &mut Findings) {
        if self.change.action == Action::Keep {
            return;
        }
        let first = self.of.iter().map(|of| container::effective_on(self.against.job, of)).min();
        if let Some(first) = first.filter(|first| self.day < *first) {
            let text = format!("\"{}\" recurs from {}, but what it is for begins on {first}", self.title(), self.day);
            findings.block("standing-too-early", text);
        }
        let Ok(Some(days)) = days::of(self.change, self.against.job) else { return };
        if days.first != self.day {
            let text = format!("\"{}\" says that it recurs from {}, and sends {}", self.title(), self.day, days.first);
            findings.block("standing-day", text);
        }
        if let Some(last) = days.last {
            let text = format!("\"{}\" should go on, and ends on {last}", self.title());
            findings.block("standing-ends", text);
        }
    }

    fn quantity(&self, findings: &mut Findings) {
        let had = before(self.line);
        if self.line.told(QUANTITY_BEFORE).is_some() && had.is_none_or(|had| had.is_sign_negative()) {
            let text = format!("\"{}\": the quantity before is no quantity", self.title());
            return findings.block("standing-quantity", text);
        }
        let fits = match self.kind() {
            None => false,
            Some(QuantityIs::Delta) => {
                let change = self.line.quantity - had.unwrap_or_default();
                change == sum(&self.of, delta) || change == sum(&self.alike(), delta)
            }
            Some(_) => self.line.quantity == sum(&self.of, |of| of.quantity.abs()) || self.is_one_amount(),
        };
        if !fits || self.line.quantity.is_sign_negative() {
            let says: Vec<String> = self
                .of
                .iter()
                .map(|of| format!("{} {} (line {})", of.quantity.normalize(), of.quantity_is, of.id))
                .collect();
            let text = format!(
                "\"{}\" recurs for {}, before {}, but the order says {}",
                self.title(),
                self.line.quantity.normalize(),
                had.unwrap_or_default().normalize(),
                says.join(", ")
            );
            findings.block("standing-quantity", text);
        }
        let Some(field) = self.change.field(QUANTITY).filter(|_| self.change.action == Action::Update) else { return };
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.trim().parse::<Decimal>().ok());
        if number(&field.after) != Some(self.line.quantity) || number(&field.before) != had {
            let text = format!("\"{}\" shows another quantity than the line that it changes", self.title());
            findings.block("standing-quantity", text);
        }
        self.reaches_back(findings);
    }

    /// Changed in place, a quantity counts from the first day that is not invoiced, whatever day is meant.
    fn reaches_back(&self, findings: &mut Findings) {
        let Some(open) = self.container.and_then(|container| container.invoiced_until.or(container.anchor)) else {
            return;
        };
        if open < self.day {
            let text = format!(
                "\"{}\" changes the quantity in place, which counts from {open} on, the first day that is not invoiced, and it is meant from {}: the days between would be billed at the new quantity",
                self.title(),
                self.day
            );
            findings.block("quantity-reaches-back", text);
        }
    }

    /// Of lines that mean different things by their quantities nothing can be said.
    fn kind(&self) -> Option<QuantityIs> {
        let first = self.of.first()?.quantity_is;
        self.of.iter().all(|of| of.quantity_is == first).then_some(first)
    }

    /// All lines of the same item that change how much of it recurs: a plan may merge them and name one.
    fn alike(&self) -> Vec<&JobLine> {
        let first = self.of.first();
        let changes = |line: &&JobLine| line.fee.recurs() || line.fee == Fee::ResourceDowngrade;
        let same = |line: &&JobLine| first.is_some_and(|first| first.item.is_some() && first.item == line.item);
        self.against.job.order.lines.iter().filter(changes).filter(same).collect()
    }

    /// Where a price has no exact form by the piece, one piece at the whole amount.
    fn is_one_amount(&self) -> bool {
        self.line.quantity == Decimal::ONE && self.line.unit_price.abs() == sum(&self.of, whole_period).abs()
    }

    fn price(&self, findings: &mut Findings) {
        let price = self.line.unit_price.abs();
        let by_piece = self.of.iter().chain(&self.alike()).any(|of| of.unit_price.abs() == price);
        let is_whole = self.kind().is_some_and(|kind| kind != QuantityIs::Delta)
            && self.line.amount.abs() == sum(&self.of, whole_period).abs();
        let is_kept = self.line.told(PRICE_FROM).is_some() && self.of.iter().all(|of| keeps_price(of));
        let below = self.line.unit_price.is_sign_negative() && !self.line.unit_price.is_zero();
        if below || !(by_piece || is_whole || is_kept) {
            let prices: Vec<String> = self.of.iter().map(|of| of.unit_price.normalize().to_string()).collect();
            let text = format!(
                "\"{}\" recurs at {}, but the price is {}",
                self.title(),
                self.line.unit_price.normalize(),
                prices.join(" or ")
            );
            findings.block("standing-price", text);
        }
    }

    /// What it bills of this order: its first period, or nothing.
    fn money(&self, findings: &mut Findings) {
        let currency = self.against.job.order.currency;
        let bills = Money::new(self.line.bills, currency);
        if self.line.covers.is_empty() {
            if !bills.is_zero() {
                let text = format!("\"{}\" carries no line of the order, and bills {bills}", self.title());
                findings.block("standing-bills", text);
            }
            return;
        }
        let covered: Vec<&JobLine> = self.of.iter().copied().filter(|of| self.line.covers.contains(&of.id)).collect();
        if covered.iter().any(|of| of.proration.as_ref().is_some_and(crate::proration::Prorated::by_us)) {
            let text = format!("\"{}\" recurs, so it cannot bill an amount that was prorated ({bills})", self.title());
            return findings.block("standing-prorated", text);
        }
        let whole = self.kind() == Some(QuantityIs::Whole) && !self.against.reconciles();
        if whole && self.line.amount != self.line.bills {
            let text = format!(
                "\"{}\" recurs at {} and bills {bills}: its first period would be charged another amount than the order's",
                self.title(),
                Money::new(self.line.amount, currency)
            );
            findings.block("standing-bills", text);
        }
    }

    /// What recurred before must end, and on the day before: both at once bill twice, none bills nothing.
    fn former(&self, findings: &mut Findings) {
        let replaces = self.change.action == Action::Create && before(self.line).is_some_and(|had| !had.is_zero());
        if !replaces {
            return;
        }
        let ends = self.plan.changes.iter().filter_map(|change| days::ending(change, self.against.job));
        let Some(last) = ends.filter(|last| *last < self.day).max() else {
            let text = format!(
                "\"{}\" takes the place of something that recurs, and nothing in the plan ends that before {}: both would be billed",
                self.title(),
                self.day
            );
            return findings.block("former-not-ended", text);
        };
        if last.succ_opt() != Some(self.day) {
            let text = format!(
                "what \"{}\" takes the place of ends on {last}, and it recurs from {} only: nothing is billed between them",
                self.title(),
                self.day
            );
            findings.add(Severity::NeedsPerson, "billing-gap", text);
        }
    }

    /// The order's own money pays for the days up to the end of a period: from there on it recurs, no earlier and no later.
    fn paid_before(&self, findings: &mut Findings) {
        if self.change.action == Action::Keep {
            return;
        }
        let lines = || self.plan.changes.iter().flat_map(|change| &change.lines);
        let elsewhere = self.of.iter().filter(|of| {
            let covered = !self.line.covers.contains(&of.id) && lines().any(|line| line.covers.contains(&of.id));
            covered && of.quantity_is != QuantityIs::Total
        });
        for of in elsewhere.filter(|of| of.fee.recurs() || of.fee == Fee::ResourceDowngrade) {
            let Some(paid) = self.paid_until(of) else { continue };
            if self.day < paid {
                let text = format!(
                    "\"{}\" recurs from {}, and line {} of the order pays for the days up to {paid} already: they would be billed twice",
                    self.title(),
                    self.day,
                    of.id
                );
                findings.block("billed-twice", text);
            } else if self.day > paid && !self.against.reconciles() {
                let text = format!(
                    "line {} of the order pays for the days up to {paid}, and \"{}\" recurs from {} only: nothing is billed between them",
                    of.id,
                    self.title(),
                    self.day
                );
                findings.add(Severity::NeedsPerson, "billing-gap", text);
            }
        }
    }

    /// What it bills of this order begins when the order does, or with the first day that is not invoiced.
    fn begins_in_time(&self, findings: &mut Findings) {
        if self.change.action == Action::Keep || self.against.reconciles() {
            return;
        }
        let bills = |of: &&&JobLine| self.line.covers.contains(&of.id) && of.quantity_is != QuantityIs::Total;
        for of in self.of.iter().filter(bills) {
            let effective = container::effective_on(self.against.job, of);
            let open = self.container.and_then(|container| container.invoiced_until);
            let due = open.map_or(effective, |open| open.max(effective));
            if self.day > due {
                let text = format!(
                    "line {} of the order counts from {effective}, and \"{}\", which bills it, begins on {} only: nothing is billed between {due} and that day",
                    of.id,
                    self.title(),
                    self.day
                );
                findings.add(Severity::NeedsPerson, "billing-gap", text);
            }
        }
    }

    fn paid_until(&self, of: &JobLine) -> Option<NaiveDate> {
        if let Some(period) = container::proration_period(of) {
            return Some(period.end());
        }
        let day = container::effective_on(self.against.job, of);
        Some(self.container?.period_containing(day)?.end())
    }
}

fn sum(lines: &[&JobLine], of: impl Fn(&JobLine) -> Decimal) -> Decimal {
    lines.iter().map(|line| of(line)).sum()
}
