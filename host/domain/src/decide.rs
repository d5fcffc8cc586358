//! What a person may answer where the rules cannot: proposals with their money, and what an answer does to the task.
//! Owns the proposals; what is billed then is planned, checked and confirmed like everything else.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::adjust::{AddedLine, Adjustments, LineAdjustment, LineSet};
use crate::claim::Claim;
use crate::connection::{HostRules, PriceChoice};
use crate::id::{Actor, LineId, TaskId};
use crate::job::Billing;
use crate::market::{Subscription, SubscriptionLine};
use crate::money::{Money, allocate};
use crate::order::{Fee, LineKind, Order, OrderLine, OrderType, ProductRef};
use crate::period::Period;
use crate::task::{Event, Illegal, Need, Task, TaskState, Verdict, next};
use crate::{salvage, snapshot};

/// All that a proposal rests on.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    pub task: &'a Task,
    /// As the source has it now.
    pub order: &'a Order,
    pub subscription: Option<&'a Subscription>,
    /// What confirmed plans of earlier revisions of the order bill.
    pub sent: &'a [Claim],
    /// When the snapshot was taken that stands for a part of the order, if one was.
    pub snapshot_at: Option<DateTime<Utc>>,
    pub rules: &'a HostRules,
}

/// What taking a proposal means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Bill {
        lines: Vec<LineAdjustment>,
        added: Vec<AddedLine>,
    },
    /// The task is ignored, with the reason that is given.
    Nothing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Stable: what a person or a program names.
    pub name: &'static str,
    pub why: String,
    /// What it would bill, in the order's prices.
    pub total: Money,
    pub answer: Answer,
}

impl Proposal {
    /// None: nothing is to be billed.
    pub fn adjustments(&self, task: &TaskId, reason: &str, by: &Actor, at: DateTime<Utc>) -> Option<Adjustments> {
        let Answer::Bill { lines, added } = &self.answer else { return None };
        Some(Adjustments {
            lines: lines.clone(),
            added: added.clone(),
            decided: Some(reason.trim().to_owned()),
            ..Adjustments::none(task.clone(), by.clone(), at)
        })
    }
}

/// Whether somebody's answer is waited for.
pub fn is_asked(state: &TaskState) -> bool {
    let asks = |need: &Need| matches!(need, Need::Decision { .. }) && *need != Need::rules();
    matches!(state, TaskState::Pending(needs) if needs.iter().any(asks))
}

/// The state of a task on which something was set: a plan of before does not count any more. Whatever is on its way,
/// stored or ignored cannot be adjusted.
pub fn adjusted(state: &TaskState) -> Result<TaskState, Illegal> {
    match state {
        TaskState::Planned(_) => next(state.clone(), Event::Unplanned),
        // What is stored is what was confirmed: the rest of it must not become something else.
        TaskState::Parked { failure } if salvage::is_partly_stored(failure) => {
            Err(Illegal { state: "parked with a part of it stored", event: "adjusted" })
        }
        TaskState::Pending(_) | TaskState::Ready | TaskState::Parked { .. } => Ok(state.clone()),
        other => Err(Illegal { state: other.name(), event: "adjusted" }),
    }
}

/// The state of a task whose question was answered: the rules look at it again, and at the links of the answer.
pub fn answered(state: &TaskState) -> Result<TaskState, Illegal> {
    match state {
        TaskState::Pending(needs) => {
            let links = needs.iter().filter(|need| matches!(need, Need::Link { .. })).cloned();
            let needs = links.chain([Need::rules()]).collect();
            next(state.clone(), Event::Judged(Verdict::Pending(needs)))
        }
        other => adjusted(other),
    }
}

/// The state of a task whose answer was taken back: it asks again, because without an answer it must not be billed.
pub fn asked_again(state: &TaskState, reason: &str, by: &Actor) -> Result<TaskState, Illegal> {
    adjusted(state)?;
    let why = format!("the decision \"{reason}\" was taken back by {by}; say again what to bill");
    next(state.clone(), Event::Judged(Verdict::Pending(vec![Need::Decision { why }])))
}

/// Best first; the last is always to bill nothing.
pub fn proposals(case: &Case<'_>) -> Vec<Proposal> {
    let mut all = Vec::new();
    if case.order.lines.is_empty() {
        all.extend(without_details(case));
    } else {
        all.extend(difference(case));
        all.extend(outside(case));
        all.push(whole(case));
    }
    let order = case.order;
    all.push(Proposal {
        name: "nothing",
        why: format!("nothing of order {} is billed: the task is ignored, with your reason", order.number),
        total: Money::zero(order.currency),
        answer: Answer::Nothing,
    });
    all
}

fn fee(line: &OrderLine) -> Option<Fee> {
    match line.kind {
        LineKind::Fee(fee) => Some(fee),
        LineKind::NotBillable(_) | LineKind::Other(_) => None,
    }
}

fn billing(order: &Order) -> impl Iterator<Item = (&OrderLine, Fee)> {
    order.lines.iter().filter(|line| !line.amount.is_zero()).filter_map(|line| Some((line, fee(line)?)))
}

fn whole(case: &Case<'_>) -> Proposal {
    let total = case.order.money(billing(case.order).map(|(line, _)| line.amount).sum());
    let sent: Decimal = case.sent.iter().map(|claim| claim.amount.amount).sum();
    let beside = if case.sent.is_empty() {
        String::new()
    } else {
        format!(", beside the {} that was synchronized already", case.order.money(sent))
    };
    let why = format!("every line of the order as it is now, {total}{beside}");
    Proposal { name: "whole", why, total, answer: Answer::Bill { lines: Vec::new(), added: Vec::new() } }
}

/// Every line of the order, left out: what is billed instead stands beside them.
pub fn left_out(order: &Order) -> Vec<LineAdjustment> {
    billing(order).map(|(line, fee)| not_billed(line, fee)).collect()
}

fn not_billed(line: &OrderLine, fee: Fee) -> LineAdjustment {
    LineAdjustment {
        line: line.id.clone(),
        fee,
        product: line.product.as_ref().map(|product| product.code.clone()),
        set: LineSet { billing: Some(Billing::DoNotBill), ..LineSet::default() },
    }
}

/// What a revision bills of one fee and product, and what was billed of it.
#[derive(Default)]
struct Both<'a> {
    now: Decimal,
    sent: Decimal,
    line: Option<&'a OrderLine>,
    period: Option<Period>,
}

/// The revision less what was synchronized of the order before, fee by fee and product by product. Only in the
/// marketplace's prices: what was sent at catalogue prices tells no quantity to compare with.
fn difference(case: &Case<'_>) -> Option<Proposal> {
    let order = case.order;
    if case.sent.is_empty() || case.rules.price_source == PriceChoice::Target {
        return None;
    }
    let mut both: BTreeMap<(Fee, &str), Both<'_>> = BTreeMap::new();
    for (line, fee) in billing(order) {
        let one = both.entry((fee, line.product.as_ref().map_or("", |product| product.code.as_str()))).or_default();
        one.now += line.amount;
        one.line = one.line.or(Some(line));
        one.period = one.period.or(line.service_period);
    }
    for claim in case.sent.iter().filter(|claim| claim.amount.currency == order.currency) {
        let one = both.entry((claim.fee, claim.product.as_str())).or_default();
        one.sent += claim.amount.amount;
        one.period = one.period.or(claim.period);
    }
    let mut added: Vec<AddedLine> = Vec::new();
    for ((fee, code), one) in &both {
        let amount = one.now - one.sent;
        if amount.is_zero() {
            continue;
        }
        let product = one.line.and_then(|line| line.product.clone());
        let product = product
            .or_else(|| (!code.is_empty()).then(|| ProductRef { code: (*code).to_owned(), name: (*code).to_owned() }));
        let name = product.as_ref().map_or_else(|| fee.name().to_owned(), |product| product.name.clone());
        let (sent, now) = (order.money(one.sent), order.money(one.now));
        added.push(AddedLine {
            id: id(added.len()),
            fee: *fee,
            product,
            description: format!("{name}, order {} revised: {now} instead of {sent}", order.number),
            quantity: Decimal::ONE,
            unit_price: amount,
            unit_cost: None,
            period: one.period,
            taxable: None,
        });
    }
    let total = order.money(added.iter().map(|line| line.unit_price).sum());
    let why = format!("only what changed since it was synchronized, {total}: one line for each fee and product");
    let lines = left_out(order);
    // Nothing changed in money: then nothing is the answer, and that is offered anyway.
    (!added.is_empty()).then_some(Proposal { name: "difference", why, total, answer: Answer::Bill { lines, added } })
}

/// The lines that the snapshot does not stand for.
fn outside(case: &Case<'_>) -> Option<Proposal> {
    let at = case.snapshot_at?;
    let (inside, outside): (Vec<_>, Vec<_>) =
        billing(case.order).partition(|(line, _)| snapshot::is_inside(at, case.order, line));
    if inside.is_empty() || outside.is_empty() {
        return None;
    }
    let total = case.order.money(outside.iter().map(|(line, _)| line.amount).sum());
    let why = format!(
        "only what the initial task of {} does not bill already, {total}; the rest is left out",
        at.date_naive()
    );
    let lines = inside.into_iter().map(|(line, fee)| not_billed(line, fee)).collect();
    Some(Proposal { name: "outside-snapshot", why, total, answer: Answer::Bill { lines, added: Vec::new() } })
}

/// "added-1", …
fn id(index: usize) -> LineId {
    LineId::new(format!("added-{}", index + 1))
}

fn fee_of(order: &Order, gives_back: bool, with_product: bool) -> Fee {
    match (order.kind(), gives_back, with_product) {
        (OrderType::Renewal, false, _) => Fee::Renewal,
        (OrderType::Renewal, true, _) => Fee::RenewalRefund,
        (OrderType::Cancellation, false, _) => Fee::CancellationFee,
        (_, true, true) => Fee::ResourceRecurringRefund,
        (_, true, false) => Fee::PlanRecurringRefund,
        (_, false, true) => Fee::ResourceRecurring,
        (_, false, false) => Fee::PlanRecurring,
    }
}

/// An order of which the marketplace tells only the total: the subscription's lines, or one line.
fn without_details(case: &Case<'_>) -> Vec<Proposal> {
    let order = case.order;
    let total = order.money(order.total.unwrap_or_default());
    let mut all = Vec::new();
    if let Some(subscription) = case.subscription {
        let held: Vec<AddedLine> = held(order, subscription);
        let sum = order.money(held.iter().filter_map(|line| line.quantity.checked_mul(line.unit_price)).sum());
        let sum = sum.rounded(case.rules.rounding);
        if !held.is_empty() && order.currency == subscription.currency.unwrap_or(order.currency) {
            let name = &subscription.name;
            let beside = if sum == total { String::new() } else { format!("; the order says {total}") };
            let why = format!("what subscription {name} holds, at its prices: {sum}{beside}");
            let answer = Answer::Bill { lines: Vec::new(), added: held };
            all.push(Proposal { name: "subscription", why, total: sum, answer });
            if let Some(added) = shared(order, subscription, total).filter(|_| sum != total) {
                let why = format!("what subscription {name} holds, with the order's {total} shared out over it");
                all.push(Proposal { name: "subscription-for-total", why, total, answer: bill(added) });
            }
        }
    }
    if !total.is_zero() {
        let line = AddedLine {
            id: id(0),
            fee: fee_of(order, total.amount.is_sign_negative(), false),
            product: None,
            description: case.subscription.map_or_else(|| format!("Order {}", order.number), |s| s.name.clone()),
            quantity: Decimal::ONE,
            unit_price: total.amount,
            unit_cost: None,
            period: None,
            taxable: None,
        };
        let why = format!("the order's {total} as one line, without a product");
        all.push(Proposal { name: "one-line", why, total, answer: bill(vec![line]) });
    }
    all
}

fn bill(added: Vec<AddedLine>) -> Answer {
    Answer::Bill { lines: Vec::new(), added }
}

fn priced(subscription: &Subscription) -> impl Iterator<Item = &SubscriptionLine> {
    subscription.lines.iter().filter(|line| !line.quantity.is_zero() && !line.unit_price.is_zero())
}

fn line(order: &Order, index: usize, held: &SubscriptionLine, quantity: Decimal, unit_price: Decimal) -> AddedLine {
    AddedLine {
        id: id(index),
        fee: fee_of(order, quantity.is_sign_negative() != unit_price.is_sign_negative(), true),
        product: Some(held.product.clone()),
        description: held.product.name.clone(),
        quantity,
        unit_price,
        unit_cost: held.unit_cost,
        period: None,
        taxable: None,
    }
}

/// A cancellation or another order that gives money back gives back what is held.
fn held(order: &Order, subscription: &Subscription) -> Vec<AddedLine> {
    let gives_back = order.total.is_some_and(|total| total.is_sign_negative());
    let price = |held: &SubscriptionLine| if gives_back { -held.unit_price } else { held.unit_price };
    let lines = priced(subscription).enumerate();
    lines.map(|(index, held)| line(order, index, held, held.quantity, price(held))).collect()
}

/// To the cent; a share that no unit price makes exactly is one piece.
fn shared(order: &Order, subscription: &Subscription, total: Money) -> Option<Vec<AddedLine>> {
    let weight = |held: &SubscriptionLine| held.amount.or_else(|| held.quantity.checked_mul(held.unit_price));
    let held: Vec<&SubscriptionLine> = priced(subscription).collect();
    let weights = held.iter().map(|held| weight(held)).collect::<Option<Vec<Decimal>>>()?;
    let parts = allocate(total, &weights).ok()?;
    let mut added = Vec::new();
    for (held, part) in held.into_iter().zip(parts).filter(|(_, part)| !part.is_zero()) {
        let unit = part.amount.checked_div(held.quantity)?.round_dp(MOST_DIGITS).normalize();
        let index = added.len();
        added.push(if unit.checked_mul(held.quantity) == Some(part.amount) {
            line(order, index, held, held.quantity, unit)
        } else {
            let one = line(order, index, held, Decimal::ONE, part.amount);
            AddedLine {
                description: format!("{} ({} of it)", one.description, held.quantity.normalize()),
                unit_cost: None,
                ..one
            }
        });
    }
    (!added.is_empty()).then_some(added)
}

/// Digits of a unit price that every target keeps.
const MOST_DIGITS: u32 = 4;
