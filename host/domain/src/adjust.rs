//! What a person sets on a task before confirming. Owns the values, how they change an order's lines, and what of them
//! survives a revision; what a line then comes to is `pricing`'s and `assemble`'s business.

mod checked;

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::id::{Actor, LineId, TaskId};
use crate::job::{Adjustment, Billing, PriceSource};
use crate::judge::{Billable, Judgement, Law, goes_on, links};
use crate::order::{Fee, LineKind, Order, OrderLine, ProductRef};
use crate::period::Period;
use crate::scenario::{self, PriceWhy};
use crate::task::{Need, Verdict};

pub use checked::{Basis, Raw, RawAdded, RawLine, RawPeriod, Refusal, Rule, checked};

/// What is set on one line; what is not set stays as the order has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineSet {
    pub period: Option<Period>,
    pub description: Option<String>,
    pub quantity: Option<Decimal>,
    pub unit_price: Option<Decimal>,
    pub unit_cost: Option<Decimal>,
    pub billing: Option<Billing>,
    pub taxable: Option<bool>,
    pub price_source: Option<PriceSource>,
}

impl LineSet {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Somebody's own quantity or price: what the order says the line comes to does not count any more.
    pub fn reprices(&self) -> bool {
        self.quantity.is_some() || self.unit_price.is_some()
    }

    /// Each value by the name of its field, as the target and the plan's digest see it.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let number = |n: Decimal| n.normalize().to_string();
        let all = [
            ("service-period", self.period.map(|p| format!("{}/{}", p.start(), p.end()))),
            ("description", self.description.clone()),
            ("quantity", self.quantity.map(number)),
            ("unit-price", self.unit_price.map(number)),
            ("unit-cost", self.unit_cost.map(number)),
            ("billing", self.billing.map(|billing| billing.name().to_owned())),
            ("taxable", self.taxable.map(|taxable| taxable.to_string())),
            ("price-source", self.price_source.map(|source| source.name().to_owned())),
        ];
        all.into_iter().filter_map(|(field, value)| Some((field, value?))).collect()
    }
}

/// Values for a line of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAdjustment {
    pub line: LineId,
    /// What the line was when it was adjusted: fee and product. Another line under the same id drops the adjustment.
    pub fee: Fee,
    pub product: Option<String>,
    pub set: LineSet,
}

/// A line that the order does not have: a decision where the marketplace gives none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedLine {
    /// "added-1", … never an id of the order's own lines.
    pub id: LineId,
    pub fee: Fee,
    pub product: Option<ProductRef>,
    pub description: String,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub unit_cost: Option<Decimal>,
    pub period: Option<Period>,
    pub taxable: Option<bool>,
}

impl AddedLine {
    fn line(&self) -> OrderLine {
        OrderLine {
            id: self.id.clone(),
            kind: LineKind::Fee(self.fee),
            product: self.product.clone(),
            description: self.description.clone(),
            quantity: self.quantity,
            unit_price: self.unit_price,
            unit_cost: self.unit_cost,
            amount: self.quantity.checked_mul(self.unit_price).unwrap_or(Decimal::ZERO),
            service_period: self.period,
            cycle: None,
        }
    }

    /// As if it were a line of the order with every value set.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let set = LineSet {
            period: self.period,
            description: Some(self.description.clone()),
            quantity: Some(self.quantity),
            unit_price: Some(self.unit_price),
            unit_cost: self.unit_cost,
            billing: None,
            taxable: self.taxable,
            price_source: None,
        };
        let product = self.product.as_ref().map(|product| ("product", product.code.clone()));
        let mut fields = vec![("fee", self.fee.name().to_owned())];
        fields.extend(product);
        fields.extend(set.fields());
        fields
    }
}

/// Fields of no line that are the host's own.
pub const TAKEN_NAMES: [&str; 1] = ["decided"];

/// All that people set on one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustments {
    pub task: TaskId,
    /// Values of the task as a whole, by the names of the card.
    pub document: BTreeMap<String, String>,
    pub lines: Vec<LineAdjustment>,
    pub added: Vec<AddedLine>,
    /// Why the lines as they now are answer the decision that the task waited for; none: nothing was decided.
    pub decided: Option<String>,
    pub by: Actor,
    pub at: DateTime<Utc>,
    /// Of an earlier revision, what could not be kept, in sentences.
    pub dropped: Vec<String>,
}

impl Adjustments {
    /// Nothing is set; what is kept of it is who took everything back.
    pub fn none(task: TaskId, by: Actor, at: DateTime<Utc>) -> Self {
        Self {
            task,
            document: BTreeMap::new(),
            lines: Vec::new(),
            added: Vec::new(),
            decided: None,
            by,
            at,
            dropped: Vec::new(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.document.is_empty() && self.lines.is_empty() && self.added.is_empty() && self.decided.is_none()
    }

    pub fn set(&self, line: &LineId) -> Option<&LineSet> {
        self.lines.iter().find(|adjusted| adjusted.line == *line).map(|adjusted| &adjusted.set)
    }

    pub fn is_added(&self, line: &LineId) -> bool {
        self.added.iter().any(|added| added.id == *line)
    }

    /// Value by value, for the job and for what a plan is sealed on.
    pub fn flat(&self) -> Vec<Adjustment> {
        let value = |line: &LineId, (field, value): (&str, String)| Adjustment {
            line: line.clone(),
            field: field.to_owned(),
            value,
        };
        let lines = self.lines.iter().flat_map(|a| a.set.fields().into_iter().map(move |field| value(&a.line, field)));
        let added = self.added.iter().flat_map(|a| a.fields().into_iter().map(move |field| value(&a.id, field)));
        let whole = LineId::new("");
        let decided = self.decided.iter().map(|why| value(&whole, ("decided", why.clone())));
        let document = self.document.iter().map(|(name, set)| value(&whole, (name, set.clone())));
        lines.chain(added).chain(decided).chain(document).collect()
    }
}

/// An order as people left it.
#[derive(Debug, Clone)]
pub struct Adjusted<'a> {
    /// With the values that were set. Its revision would be another: that is asked of the source's own order.
    pub order: Cow<'a, Order>,
    pub added: Vec<OrderLine>,
}

impl Adjusted<'_> {
    pub fn lines(&self) -> impl Iterator<Item = &OrderLine> {
        self.order.lines.iter().chain(&self.added)
    }
}

/// Quantities, prices, costs, texts and periods replaced, decided lines beside them.
pub fn applied<'a>(order: &'a Order, adjustments: Option<&Adjustments>) -> Adjusted<'a> {
    let Some(adjustments) = adjustments.filter(|all| !all.is_empty()) else {
        return Adjusted { order: Cow::Borrowed(order), added: Vec::new() };
    };
    let mut order = order.clone();
    for line in &mut order.lines {
        let Some(set) = adjustments.set(&line.id) else { continue };
        if let Some(description) = &set.description {
            description.clone_into(&mut line.description);
        }
        line.service_period = set.period.or(line.service_period);
        line.unit_cost = set.unit_cost.or(line.unit_cost);
        if set.reprices() {
            // A refund may come as a positive quantity at a positive price: then the price takes its sign.
            let listed_as_sale = line.quantity.is_sign_negative() == line.unit_price.is_sign_negative();
            let turned = !line.amount.is_zero() && line.amount.is_sign_negative() == listed_as_sale;
            line.unit_price = set.unit_price.unwrap_or(if turned { -line.unit_price } else { line.unit_price });
            line.quantity = set.quantity.unwrap_or(line.quantity);
            line.amount = line.quantity.checked_mul(line.unit_price).unwrap_or(line.amount);
        }
    }
    let added = adjustments.added.iter().map(AddedLine::line).collect();
    Adjusted { order: Cow::Owned(order), added }
}

/// The rules' judgement of an adjusted order, with what people chose and decided in it: their price sources, their added
/// lines, and the links that all of it needs. What the rules ignore stays ignored.
pub fn judged<'a>(
    adjusted: &'a Adjusted<'_>,
    adjustments: Option<&Adjustments>,
    mut judgement: Judgement<'a>,
    law: Law<'_>,
) -> Judgement<'a> {
    let Some(adjustments) = adjustments.filter(|all| !all.is_empty()) else { return judgement };
    if matches!(judgement.verdict, Verdict::Ignored(_)) {
        return judgement;
    }
    for billable in &mut judgement.lines {
        let Some(set) = adjustments.set(&billable.line.id) else { continue };
        let chosen = set.price_source.or(set.unit_price.map(|_| PriceSource::Person));
        if let Some(price) = chosen.filter(|price| *price != billable.price) {
            (billable.price, billable.why) = (price, PriceWhy::ChosenByPerson);
            billable.prorate = scenario::prorates(law.scenarios, &billable.row, billable.fee, price);
        }
    }
    judgement.lines.extend(adjusted.added.iter().filter_map(|line| {
        let LineKind::Fee(fee) = line.kind else { return None };
        let (price, why) = (PriceSource::Person, PriceWhy::ChosenByPerson);
        Some(Billable { line, fee, row: judgement.scenario.clone(), price, why, prorate: false })
    }));
    let decides = |need: &Need| matches!(need, Need::Decision { .. });
    let waits = matches!(&judgement.verdict, Verdict::Pending(needs) if needs.iter().any(decides));
    let is_answered = adjustments.decided.is_some() && !judgement.lines.is_empty();
    if is_answered || !waits {
        // Nobody needs a link for what nobody pays.
        let unpaid = |billable: &&Billable<'_>| {
            let set = adjustments.set(&billable.line.id);
            // What goes on does so whoever pays for this period.
            set.is_some_and(|set| set.billing == Some(Billing::DoNotBill))
                && !goes_on(&adjusted.order, billable.line, law)
        };
        let paid: Vec<Billable<'_>> = judgement.lines.iter().filter(|line| !unpaid(line)).cloned().collect();
        judgement.verdict = links(&adjusted.order, &paid, law);
    }
    judgement
}

/// What of an earlier revision's adjustments holds for this one: values of lines that are there still, with the same fee
/// and product, and values of the task as a whole. A decision was about the revision that it was made for, and goes with all that it set.
pub fn carried(old: &Adjustments, order: &Order, task: TaskId) -> Adjustments {
    let mut new = Adjustments::none(task, old.by.clone(), old.at);
    new.document.clone_from(&old.document);
    let by = &old.by;
    if let Some(why) = &old.decided {
        new.dropped.push(format!(
            "what {by} decided (\"{why}\") was about an earlier revision of order {}: it bills nothing of this one",
            order.number
        ));
    }
    for line in &old.added {
        let money = order.money(line.quantity.checked_mul(line.unit_price).unwrap_or_default());
        new.dropped.push(format!("{} \"{}\" of {money}, added by {by}", line.id, line.description));
    }
    for adjusted in &old.lines {
        let now = order.lines.iter().find(|line| line.id == adjusted.line);
        let why = match now {
            _ if old.decided.is_some() => "it was a part of that decision",
            None => "the order has no such line any more",
            Some(line) if !is_same(adjusted, line) => "it is another fee or product now",
            Some(_) => {
                new.lines.push(adjusted.clone());
                continue;
            }
        };
        let values: Vec<String> =
            adjusted.set.fields().into_iter().map(|(field, value)| format!("{field} {value}")).collect();
        new.dropped.push(format!("line {}: {}, set by {by}: {why}", adjusted.line, values.join(", ")));
    }
    new
}

fn is_same(adjusted: &LineAdjustment, line: &OrderLine) -> bool {
    line.kind == LineKind::Fee(adjusted.fee) && line.product.as_ref().map(|p| &p.code) == adjusted.product.as_ref()
}
