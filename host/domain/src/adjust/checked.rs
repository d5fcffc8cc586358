//! What people type, read and held against the order: each value that cannot be is refused by name, and nothing of it is
//! taken then. Owns the rules; who may adjust, and when, is the server's business.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{AddedLine, Adjustments, LineAdjustment, LineSet};
use crate::card::{AdjustType, Adjustable};
use crate::id::{Actor, LineId, TaskId};
use crate::job::{Billing, PriceSource};
use crate::judge::{Billable, LinkBook, link_of};
use crate::link::LinkState;
use crate::order::{Fee, LineKind, Order, OrderLine, OrderType, ProductRef, named};
use crate::period::Period;
use crate::scenario::PriceWhy;

/// Longer than any document's line takes.
const MOST_TEXT: usize = 2_000;

/// A period as typed: half-open days. One end alone moves that end of the period that the line has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawPeriod {
    pub start: Option<String>,
    pub end: Option<String>,
}

/// Values for one line, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawLine {
    pub line: String,
    pub period: Option<RawPeriod>,
    pub description: Option<String>,
    pub quantity: Option<String>,
    pub unit_price: Option<String>,
    pub unit_cost: Option<String>,
    pub billing: Option<String>,
    pub taxable: Option<bool>,
    pub price_source: Option<String>,
}

/// A line that the order does not have, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawAdded {
    pub fee: String,
    pub product: Option<ProductRef>,
    pub description: String,
    pub quantity: String,
    pub unit_price: String,
    pub unit_cost: Option<String>,
    pub period: Option<RawPeriod>,
    pub taxable: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Raw {
    /// Values of the task as a whole, by name; an empty one takes it back.
    pub document: BTreeMap<String, String>,
    pub lines: Vec<RawLine>,
    /// With the reason, a decision: lines to add. None: what was decided before stays.
    pub decision: Option<(String, Vec<RawAdded>)>,
}

/// What it is held against.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    pub task: &'a TaskId,
    pub order: &'a Order,
    pub links: &'a LinkBook,
    /// What the target lets people set on a task as a whole.
    pub adjust: &'a [Adjustable],
    /// What was set before.
    pub before: Option<&'a Adjustments>,
    pub by: &'a Actor,
    pub at: DateTime<Utc>,
}

named! {
    /// Which rule a value breaks.
    Rule {
        UnknownLine = "unknown-line",
        GivenTwice = "given-twice",
        BillsNothing = "bills-nothing",
        NotANumber = "not-a-number",
        TooLarge = "too-large",
        QuantityZero = "quantity-zero",
        PriceZero = "price-zero",
        UnknownWord = "unknown-word",
        PriceAndSource = "price-and-source",
        NoItem = "no-item",
        RenewalTotal = "renewal-total",
        NotADay = "not-a-day",
        HalfAPeriod = "half-a-period",
        NoDay = "no-day",
        TextLength = "text-length",
        NoReason = "no-reason",
        UnknownName = "unknown-name",
    }
}

/// One value that is not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("order {order}, {}{field}: {text}", of_line(line))]
pub struct Refusal {
    pub order: String,
    /// Empty: it is about the task as a whole.
    pub line: String,
    pub field: String,
    pub rule: Rule,
    pub text: String,
}

fn of_line(line: &str) -> String {
    if line.is_empty() { String::new() } else { format!("line {line}, ") }
}

/// All of it, or every refusal.
pub fn checked(raw: &Raw, basis: Basis<'_>) -> Result<Adjustments, Vec<Refusal>> {
    let mut desk = Desk { basis, line: String::new(), refusals: Vec::new() };
    let mut all = Adjustments::none(basis.task.clone(), basis.by.clone(), basis.at);
    for (name, value) in raw.document.iter().filter(|(_, value)| !value.trim().is_empty()) {
        if let Some(value) = desk.document(name, value) {
            all.document.insert(name.clone(), value);
        }
    }
    let mut seen = BTreeSet::new();
    for line in &raw.lines {
        desk.line.clone_from(&line.line);
        if !seen.insert(&line.line) {
            desk.refuse("line", Rule::GivenTwice, "it is given twice; give each line once".to_owned());
            continue;
        }
        let Some((order_line, fee)) = desk.find(&line.line) else { continue };
        let set = desk.set(line, order_line, fee);
        if !set.is_empty() {
            let product = order_line.product.as_ref().map(|product| product.code.clone());
            all.lines.push(LineAdjustment { line: order_line.id.clone(), fee, product, set });
        }
    }
    match (&raw.decision, basis.before) {
        (Some((reason, added)), _) => {
            desk.line = "of the decision".to_owned();
            if reason.trim().is_empty() {
                let text = "a decision needs its reason, for whoever reads it later";
                desk.refuse("reason", Rule::NoReason, text.to_owned());
            }
            all.decided = Some(reason.trim().to_owned());
            all.added = added.iter().enumerate().filter_map(|(index, line)| desk.added(index, line)).collect();
        }
        (None, Some(before)) => {
            all.decided.clone_from(&before.decided);
            all.added.clone_from(&before.added);
        }
        (None, None) => {}
    }
    if desk.refusals.is_empty() { Ok(all) } else { Err(desk.refusals) }
}

struct Desk<'a> {
    basis: Basis<'a>,
    /// The one that is being read.
    line: String,
    refusals: Vec<Refusal>,
}

impl<'a> Desk<'a> {
    fn refuse(&mut self, field: &str, rule: Rule, text: String) {
        let order = self.basis.order.number.clone();
        self.refusals.push(Refusal { order, line: self.line.clone(), field: field.to_owned(), rule, text });
    }

    /// A value of the task as a whole, as the card says that it must be.
    fn document(&mut self, name: &str, value: &str) -> Option<String> {
        let known = self.basis.adjust;
        let Some(one) = known.iter().find(|one| one.name == name) else {
            let names: Vec<&str> = known.iter().map(|one| one.name.as_str()).collect();
            let near = names.iter().min_by_key(|known| strsim::osa_distance(name, known));
            let text = match near {
                None => "the target lets nothing be set on a task as a whole".to_owned(),
                Some(near) => {
                    format!("there is no such value; there is {}. Did you mean \"{near}\"?", names.join(", "))
                }
            };
            self.refuse(name, Rule::UnknownName, text);
            return None;
        };
        let value = value.trim();
        match &one.kind {
            AdjustType::Text if value.chars().count() <= MOST_TEXT && !value.chars().any(char::is_control) => {
                return Some(value.to_owned());
            }
            AdjustType::Text => {
                let text = format!("it must be 1 to {MOST_TEXT} printable characters");
                self.refuse(name, Rule::TextLength, text);
            }
            AdjustType::Date => match value.parse::<NaiveDate>() {
                Ok(day) => return Some(day.to_string()),
                Err(_) => {
                    self.refuse(name, Rule::NotADay, format!("\"{value}\" is not a day such as 2026-11-01"));
                }
            },
            AdjustType::Boolean if matches!(value, "true" | "false") => return Some(value.to_owned()),
            AdjustType::Boolean => {
                self.refuse(name, Rule::UnknownWord, format!("\"{value}\" is neither true nor false"));
            }
            AdjustType::Choice(choices) if choices.iter().any(|choice| choice == value) => {
                return Some(value.to_owned());
            }
            AdjustType::Choice(choices) => {
                self.refuse(name, Rule::UnknownWord, format!("\"{value}\" is none of {}", choices.join(", ")));
            }
        }
        None
    }

    fn find(&mut self, id: &str) -> Option<(&'a OrderLine, Fee)> {
        let lines = &self.basis.order.lines;
        let Some(line) = lines.iter().find(|line| line.id.as_str() == id) else {
            let ids: Vec<&str> = lines.iter().map(|line| line.id.as_str()).collect();
            let has = if ids.is_empty() { "no lines at all".to_owned() } else { format!("lines {}", ids.join(", ")) };
            self.refuse("line", Rule::UnknownLine, format!("there is no such line; the order has {has}"));
            return None;
        };
        let LineKind::Fee(fee) = line.kind else {
            let text = format!("{} bills nothing of ours, so there is nothing to adjust", line.kind.name());
            self.refuse("line", Rule::BillsNothing, text);
            return None;
        };
        Some((line, fee))
    }

    fn set(&mut self, raw: &RawLine, line: &OrderLine, fee: Fee) -> LineSet {
        let quantity = self.number("quantity", raw.quantity.as_deref());
        let unit_price = self.number("unit-price", raw.unit_price.as_deref());
        self.not_zero(quantity, unit_price);
        self.fits(quantity.unwrap_or(line.quantity), unit_price.unwrap_or(line.unit_price));
        let billing = self.word("billing", raw.billing.as_deref(), Billing::parse, Billing::ALL);
        let price_source = self.word("price-source", raw.price_source.as_deref(), PriceSource::parse, PriceSource::ALL);
        self.source(price_source, unit_price, line, fee);
        LineSet {
            period: raw.period.as_ref().and_then(|period| self.period(period, line.service_period)),
            description: raw.description.as_deref().and_then(|text| self.text(text)),
            quantity,
            unit_price,
            unit_cost: self.number("unit-cost", raw.unit_cost.as_deref()),
            billing,
            taxable: raw.taxable,
            price_source,
        }
    }

    fn added(&mut self, index: usize, raw: &RawAdded) -> Option<AddedLine> {
        let before = self.refusals.len();
        let id = LineId::new(format!("added-{}", index + 1));
        self.line = id.to_string();
        let fee = self.word("fee", Some(&raw.fee), Fee::parse, Fee::ALL);
        let quantity = self.number("quantity", Some(&raw.quantity));
        let unit_price = self.number("unit-price", Some(&raw.unit_price));
        self.not_zero(quantity, unit_price);
        self.fits(quantity.unwrap_or_default(), unit_price.unwrap_or_default());
        let unit_cost = self.number("unit-cost", raw.unit_cost.as_deref());
        let period = raw.period.as_ref().and_then(|period| self.period(period, None));
        let description = self.text(&raw.description);
        if self.refusals.len() > before {
            return None;
        }
        Some(AddedLine {
            id,
            fee: fee?,
            product: raw.product.clone(),
            description: description?,
            quantity: quantity?,
            unit_price: unit_price?,
            unit_cost,
            period,
            taxable: raw.taxable,
        })
    }

    fn number(&mut self, field: &str, text: Option<&str>) -> Option<Decimal> {
        let text = text?.trim();
        let Ok(number) = Decimal::from_str_exact(text) else {
            self.refuse(field, Rule::NotANumber, format!("\"{text}\" is not a number such as 12.50"));
            return None;
        };
        if !is_countable(number) {
            let text = format!("{number} is larger or finer than can be sent exactly");
            self.refuse(field, Rule::TooLarge, text);
            return None;
        }
        Some(number)
    }

    fn not_zero(&mut self, quantity: Option<Decimal>, unit_price: Option<Decimal>) {
        if quantity.is_some_and(|quantity| quantity.is_zero()) {
            let text = "nothing of it would be billed; leave the line out with do-not-bill".to_owned();
            self.refuse("quantity", Rule::QuantityZero, text);
        }
        if unit_price.is_some_and(|price| price.is_zero()) {
            let text = "it would be given away; say no-charge, so that it is shown to be free".to_owned();
            self.refuse("unit-price", Rule::PriceZero, text);
        }
    }

    fn fits(&mut self, quantity: Decimal, unit_price: Decimal) {
        let digits = self.basis.order.currency.minor_units();
        let amount = quantity.checked_mul(unit_price).map(|amount| amount.round_dp(digits));
        if !amount.is_some_and(is_countable) {
            let text = format!("{quantity} × {unit_price} is larger than can be counted exactly");
            self.refuse("amount", Rule::TooLarge, text);
        }
    }

    fn word<T: fmt::Display>(
        &mut self,
        field: &str,
        text: Option<&str>,
        parse: impl Fn(&str) -> Option<T>,
        all: &[T],
    ) -> Option<T> {
        let text = text?.trim();
        let found = parse(text);
        if found.is_none() {
            let names: Vec<String> = all.iter().map(ToString::to_string).collect();
            self.refuse(field, Rule::UnknownWord, format!("\"{text}\" is none of {}", names.join(", ")));
        }
        found
    }

    fn source(&mut self, source: Option<PriceSource>, unit_price: Option<Decimal>, line: &OrderLine, fee: Fee) {
        let contradiction = match (source, unit_price) {
            (Some(PriceSource::Person), None) => Some("the price is to be a person's, but none is given"),
            (Some(PriceSource::Order | PriceSource::Catalogue), Some(_)) => {
                Some("a price is given, so it cannot come from anywhere else; give one of the two")
            }
            _ => None,
        };
        if let Some(text) = contradiction {
            self.refuse("price-source", Rule::PriceAndSource, text.to_owned());
        }
        if source != Some(PriceSource::Catalogue) {
            return;
        }
        if self.basis.order.kind() == OrderType::Change && self.basis.order.on_renewal {
            let text =
                "the quantity is the total after the renewal, so the catalogue's price cannot tell what was added; \
                        give quantity and price"
                    .to_owned();
            self.refuse("price-source", Rule::RenewalTotal, text);
        }
        let (row, price, why) = (String::new(), PriceSource::Catalogue, PriceWhy::ChosenByPerson);
        let Some((kind, id, name)) = link_of(&Billable { line, fee, row, price, why, prorate: false }) else { return };
        let link = self.basis.links.get(kind, &id).map(|link| &link.state);
        if !matches!(link, Some(LinkState::Linked(_))) {
            let text =
                format!("{name} ({id}) is linked to no item, so the catalogue has no price for it; link it first");
            self.refuse("price-source", Rule::NoItem, text);
        }
    }

    fn period(&mut self, raw: &RawPeriod, has: Option<Period>) -> Option<Period> {
        let day = |desk: &mut Self, text: Option<&String>| {
            let text = text?.trim();
            let day = text.parse::<NaiveDate>().ok();
            if day.is_none() {
                desk.refuse("period", Rule::NotADay, format!("\"{text}\" is not a day such as 2026-11-01"));
            }
            day
        };
        let before = self.refusals.len();
        let start = day(self, raw.start.as_ref()).or(has.map(|period| period.start()));
        let end = day(self, raw.end.as_ref()).or(has.map(|period| period.end()));
        if self.refusals.len() > before || (raw.start.is_none() && raw.end.is_none()) {
            return None;
        }
        let (Some(start), Some(end)) = (start, end) else {
            let text = "the line states no period, so give both its first day and its end".to_owned();
            self.refuse("period", Rule::HalfAPeriod, text);
            return None;
        };
        let period = Period::new(start, end);
        if let Err(error) = &period {
            let text = format!("{error}; the end is the first day after it");
            self.refuse("period", Rule::NoDay, text);
        }
        period.ok()
    }

    fn text(&mut self, text: &str) -> Option<String> {
        let text = text.trim();
        let length = text.chars().count();
        let printable = !text.chars().any(|c| c.is_control() && c != '\n');
        if length == 0 || length > MOST_TEXT || !printable {
            let text = format!("it must be 1 to {MOST_TEXT} printable characters");
            self.refuse("description", Rule::TextLength, text);
            return None;
        }
        Some(text.to_owned())
    }
}

/// Whether it travels to a target exactly, as a coefficient of 64 bits.
fn is_countable(number: Decimal) -> bool {
    i64::try_from(number.normalize().mantissa()).is_ok()
}
