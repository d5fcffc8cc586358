//! Lines that are billed once: everything that does not recur, and money that the days of runs make necessary.

use counterfoil_sdk::json::Exact;
use counterfoil_sdk::{Attributes, Decimal, Failure, Line as JobLine, PlanLine, text};

use super::desk::{self, Desk, Once, Pair, Step};
use super::payload::State;
use super::preview;
use crate::cents;
use crate::wire::Line;

/// What is kept of the former statement when its line is overwritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) quantity: Decimal,
    /// Of one, in cents.
    pub(crate) retail: i64,
}

impl Desk<'_> {
    /// A line of the order, as it is.
    pub(crate) fn one_time(&self, line: &JobLine) -> Result<Step, Failure> {
        if line.amount.is_zero() {
            return Ok(Step::omit(line, "It bills nothing."));
        }
        let product = self.product(line)?;
        let (state, text, why) = placed(line, product.id, self.taxable(line, product))?;
        let title = format!("Billed by the next run: {} {}", preview::sum(&state), text::clip(&text, 60));
        let shown = PlanLine {
            covers: vec![line.id.clone()],
            attributes: attributes(line),
            ..preview::line(&state, &text, line.amount, why.clone())
        };
        let key = format!("once:{}:{}", self.outline.job.order.id, line.id);
        let once = Once { key, state, name: &product.name, text, title, why, line: shown };
        Ok(Step { pairs: vec![self.once(once)?], left_out: None })
    }

    /// The former statement's money of a line that is to bill the new one only; and what it was: where an earlier try of
    /// this task made it already, the line itself tells.
    pub(crate) fn moves(&self, of: &JobLine, standing: &Line) -> Result<(Pair, Kept), Failure> {
        let key = format!("moves:{}:{}", self.outline.job.order.id, of.id);
        let made = self.made(&key)?;
        let kept = Kept {
            quantity: made.map_or(standing.quantity, |line| line.quantity),
            retail: made.map_or(standing.retail, |line| line.retail),
        };
        let state = State { quantity: Exact(kept.quantity), retail: kept.retail, once: true, ..State::of(standing) };
        let amount = self.money(state.amount());
        let text = format!("{}: the statement before, which is not billed yet", desk::lasting(of));
        let why = format!(
            "No run has billed the former statement yet, and line {} will bill this one: {} = {amount} is billed once beside it.",
            standing.id,
            preview::sum(&state)
        );
        let mut shown = preview::line(&state, &text, Decimal::ZERO, why.clone());
        shown.attributes = Attributes::new().with("moves", standing.id.to_string());
        let title = format!("Keeps {amount} of the statement before for the next run");
        let pair = self.once(Once { key, state, name: &standing.name, text, title, why, line: shown })?;
        Ok((pair, kept))
    }

    /// What runs billed without a statement is given back.
    pub(crate) fn ran(&self, of: &JobLine, standing: &Line, runs: u32) -> Result<Option<Pair>, Failure> {
        let key = format!("ran:{}:{}", self.outline.job.order.id, of.id);
        let each = standing.amount();
        let too_large = || Failure::unsupported("syncro-amount", "An amount is larger than what can be counted.");
        let back = -counterfoil_sdk::decimal::product(each, runs.into()).ok_or_else(too_large)?;
        // After a part of this task was written the line stands as the new statement has it: what was given back stays.
        let made = self.made(&key)?;
        let retail = match made {
            Some(line) => line.retail,
            None => cents::of(back).ok_or_else(too_large)?,
        };
        if retail == 0 {
            return Ok(None);
        }
        let state = State { quantity: Exact(Decimal::ONE), retail, cost: None, once: true, ..State::of(standing) };
        let sum = match made {
            Some(_) => format!("1 × {}", state.amount().abs()),
            None => format!("{runs} × {each}"),
        };
        let text = format!("{}: billed without a statement, given back ({sum})", desk::lasting(of));
        let why = format!(
            "Line {} was billed {runs} times more than there were statements: {sum} = {} is given back.",
            standing.id,
            self.money(state.amount().abs())
        );
        let mut shown = preview::line(&state, &text, Decimal::ZERO, why.clone());
        shown.attributes = Attributes::new().with("ran-without-statement", sum);
        let title = format!("Gives back {}, billed without a statement", self.money(state.amount().abs()));
        self.once(Once { key, state, name: &standing.name, text, title, why, line: shown }).map(Some)
    }
}

/// A line of an order as one in Syncro: its state, text and arithmetic.
pub(crate) fn placed(
    line: &JobLine,
    product: crate::wire::Id,
    taxable: bool,
) -> Result<(State, String, String), Failure> {
    let priced = cents::priced(line.quantity, line.unit_price, line.amount).ok_or_else(|| finer(line))?;
    let state = State {
        product: Some(product),
        quantity: Exact(priced.quantity),
        retail: priced.cents,
        cost: desk::cost(line, priced.is_lump),
        taxable: Some(taxable),
        once: true,
    };
    let mut text = desk::described(line);
    // One piece at the sum does not show how many there were.
    if priced.is_lump
        && line.quantity != Decimal::ONE
        && !line.quantity.is_zero()
        && line.chosen_description().is_none()
    {
        text = format!("{text} ({} × {})", line.quantity.normalize(), line.unit_price.normalize());
    }
    Ok((state, text, line.arithmetic.clone()))
}

pub(crate) fn finer(line: &JobLine) -> Failure {
    Failure::unsupported(
        "syncro-amount",
        format!("Line {} comes to {}, which is no whole number of cents. Nothing was written.", line.id, line.amount),
    )
}

/// What the checker and the next reader want to know of a line.
pub(crate) fn attributes(line: &JobLine) -> Attributes {
    let mut all = Attributes::new().with("fee", &line.fee);
    all.set_some("charge", line.attributes.filled("charge"));
    all.set_some("service", line.service_period.map(|days| format!("{}/{}", days.start(), days.end())));
    all
}
