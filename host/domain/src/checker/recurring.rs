//! Lines that stand in their container and are billed with each of its runs until something else is said; what is kept of such
//! a line's money when it is written over before a run; and what is given back of runs that no statement asked for. Owns what
//! must hold of them; that every line of the order is billed exactly once is `coverage`'s.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::{Against, Findings};
use crate::former;
use crate::job::{self, JobLine};
use crate::money::Money;
use crate::plan::{
    Action, Change, MOVES, Plan, PlanLine, QUANTITY_BEFORE, RAN_WITHOUT, RECURS, Severity, UNIT_PRICE_BEFORE, WARN,
};

/// Codes of what the target noticed that somebody has to look at.
const NEEDS_PERSON: [&str; 2] = ["ran-without-statement", "run-unclear"];

pub(super) fn check(plan: &Plan, against: Against<'_>, findings: &mut Findings) {
    let mut keys = BTreeSet::new();
    let mut moved = BTreeSet::new();
    for change in &plan.changes {
        for line in &change.lines {
            let desk = Desk { plan, change, line, against };
            if let Some(key) = line.told(RECURS) {
                if !keys.insert(key) {
                    let text =
                        format!("\"{}\": {key} recurs twice in this plan: it would be billed twice", change.title);
                    findings.block("recurs-twice", text);
                }
                desk.recurs(key, findings);
            } else {
                desk.once(findings);
            }
            if let Some(reference) = line.told(MOVES) {
                if !moved.insert(reference) {
                    let text = format!("\"{}\": the money of {reference} is kept twice", change.title);
                    findings.block("moved-line", text);
                }
                desk.moves(reference, findings);
            }
            if let Some(told) = line.told(RAN_WITHOUT) {
                desk.ran_without(told, findings);
            }
        }
    }
    warnings(plan, findings);
}

/// It carries no line of the order, by right.
pub(super) fn is_beside(line: &PlanLine) -> bool {
    line.bills.is_zero() && line.covers.is_empty() && (line.told(MOVES).is_some() || line.told(RAN_WITHOUT).is_some())
}

fn warnings(plan: &Plan, findings: &mut Findings) {
    let told = plan.attributes.iter().chain(plan.changes.iter().flat_map(|change| &change.attributes));
    let mut said = BTreeSet::new();
    for (name, text) in told {
        let Some(code) = name.strip_prefix(WARN).filter(|_| said.insert((name, text))) else { continue };
        let severity = if NEEDS_PERSON.contains(&code) { Severity::NeedsPerson } else { Severity::Notes };
        findings.add(severity, code, text.clone());
    }
}

struct Desk<'a> {
    plan: &'a Plan,
    change: &'a Change,
    line: &'a PlanLine,
    against: Against<'a>,
}

impl Desk<'_> {
    fn title(&self) -> &str {
        &self.change.title
    }

    fn covered(&self) -> impl Iterator<Item = &JobLine> {
        self.line.covers.iter().filter_map(|id| self.against.line(id))
    }

    /// For one line of the order, which says so, and of just as much at just that price.
    fn recurs(&self, key: &str, findings: &mut Findings) {
        let mut covered = self.covered();
        let (Some(of), None, 1) = (covered.next(), covered.next(), self.line.covers.len()) else {
            let text = format!(
                "\"{}\" goes on with each run, and is not for one line of the order alone: nobody could say what it bills",
                self.title()
            );
            return findings.block("recurring-line", text);
        };
        if of.told(job::RECURS_KEY) != Some(key) {
            let text = format!(
                "\"{}\" goes on as {key}, but line {} of the order is {}",
                self.title(),
                of.id,
                of.told(job::RECURS_KEY).unwrap_or("billed once")
            );
            return findings.block("recurring-line", text);
        }
        if self.line.quantity != of.quantity || (self.line.unit_price != of.unit_price && !of.quantity.is_zero()) {
            let text = format!(
                "\"{}\" goes on as {} × {}, but the order says {} × {}",
                self.title(),
                self.line.quantity.normalize(),
                self.line.unit_price.normalize(),
                of.quantity.normalize(),
                of.unit_price.normalize()
            );
            findings.block("recurring-line", text);
        }
    }

    /// What should go on and is billed once would be missing from the next run on.
    fn once(&self, findings: &mut Findings) {
        for of in self.covered().filter(|of| of.told(job::RECURS).is_some()) {
            let text = format!(
                "line {} of the order goes on with each run, and \"{}\" bills it once only",
                of.id,
                self.title()
            );
            findings.block("recurring-line", text);
        }
    }

    /// The line whose money is kept is written over by this plan, or bills only this order from now on; what it had is told
    /// there; and an earlier task of ours stored it.
    fn moves(&self, reference: &str, findings: &mut Findings) {
        let mut wrong = |why: String| {
            let text = format!(
                "\"{}\" keeps {} of {reference}: {why}",
                self.title(),
                Money::new(self.line.amount, self.against.job.order.currency)
            );
            findings.block("moved-line", text);
        };
        if !is_beside(self.line) {
            return wrong("such a line bills nothing of this order and is for no line of it".to_owned());
        }
        let is_it = |change: &&Change| {
            change.action != Action::Create && change.target.as_ref().is_some_and(|id| id.as_str() == reference)
        };
        let Some(standing) = self.plan.changes.iter().find(is_it).and_then(|change| change.lines.first()) else {
            return wrong("no change of this plan is about it".to_owned());
        };
        let number = |name: &str| standing.told(name).and_then(|value| value.parse::<Decimal>().ok());
        let before = number(QUANTITY_BEFORE).zip(number(UNIT_PRICE_BEFORE));
        let Some(had) = before.and_then(|(quantity, price)| self.rounded(quantity, price)) else {
            return wrong("the plan does not tell what it had before".to_owned());
        };
        if had != self.line.amount {
            return wrong(format!("it comes to {had}"));
        }
        let stored = |key: &str| former::values(&self.against.job.attributes, former::KEY).any(|told| told == key);
        if !standing.told(RECURS).is_some_and(stored) {
            wrong("no earlier order of this subscription is known to have put it there".to_owned());
        }
    }

    /// "2 × 330.00": as often as it ran, what it came to each time.
    fn ran_without(&self, told: &str, findings: &mut Findings) {
        let currency = self.against.job.order.currency;
        let given_back = Money::new(self.line.amount, currency);
        let parts = told.split_once(['×', 'x']);
        let read = parts.and_then(|(runs, amount)| {
            let runs: u32 = runs.trim().parse().ok()?;
            let amount: Decimal = amount.trim().parse().ok()?;
            Some((runs, Decimal::from(runs).checked_mul(amount)?))
        });
        let holds = read.is_some_and(|(runs, sum)| runs > 0 && sum == -self.line.amount);
        if !holds || !is_beside(self.line) {
            let text = format!(
                "\"{}\" gives back {given_back} for runs without a statement ({told}), which is not what they came to",
                self.title()
            );
            return findings.block("ran-without-statement", text);
        }
        let text = format!(
            "\"{}\": it was invoiced {told} {currency} while no statement said so, and {given_back} is put against that; look at what the customer paid before it goes out",
            self.line.description
        );
        findings.add(Severity::NeedsPerson, "ran-without-statement", text);
    }

    fn rounded(&self, quantity: Decimal, price: Decimal) -> Option<Decimal> {
        let digits = self.against.job.order.currency.minor_units();
        quantity.checked_mul(price).map(|exact| self.against.rules.rounding.apply(exact, digits))
    }
}
