//! A plan beside what was confirmed for its subscription before: no period is billed twice, and no bill grows many times
//! over without somebody having looked. Owns both bounds; what was confirmed is in `claim`.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{Against, Findings};
use crate::claim::{Claim, claims};
use crate::container;
use crate::id::TaskId;
use crate::job::{ISSUE, JobKind};
use crate::money::{Currency, Money};
use crate::order::Fee;
use crate::period::Period;
use crate::plan::Severity;

pub(super) fn check(against: Against<'_>, findings: &mut Findings) {
    let ours = claims(against.job);
    let others: Vec<&Claim> = against.history.iter().filter(|claim| claim.task != against.job.task).collect();
    // What an earlier revision of the order billed is what somebody was asked about, and has answered.
    let decided = against.job.adjustments.iter().any(|set| set.field == "decided");
    let answered = |before: &&&Claim| decided && before.number == against.job.order.number;
    for claim in &ours {
        let mut before = others.iter().filter(|before| !answered(before));
        if let Some(before) = before.find(|before| bills_again(claim, before)) {
            findings.add(Severity::NeedsPerson, "period-billed-already", again(claim, before));
        }
    }
    if let Some(percent) = against.rules.most_change {
        growth(against, &ours, &others, percent, findings);
    }
}

/// Orders of these kinds bill all that there is of a product; a change bills what was added, on top of it.
fn bills_the_whole(kind: JobKind) -> bool {
    matches!(kind, JobKind::Sales | JobKind::Initial | JobKind::Billing | JobKind::Renewal)
}

/// The same recurring charge for the same days. Usage is told in pieces: only the very same piece is the same charge.
fn bills_again(claim: &Claim, before: &Claim) -> bool {
    if let (Some(now), Some(then)) = (&claim.statement, &before.statement) {
        let overlap = claim.period.zip(before.period).is_none_or(|(now, then)| now.overlaps(&then));
        return now.line == then.line
            && overlap
            && claim.amount == before.amount
            && claim.amount.amount.is_sign_positive();
    }
    let same_thing = claim.product == before.product && claim.fee == before.fee;
    let charges = claim.amount.amount.is_sign_positive() && before.amount.amount.is_sign_positive();
    let (Some(now), Some(then)) = (claim.period, before.period) else { return false };
    let same_days = match claim.fee {
        Fee::ResourceOveruse => now == then && claim.amount == before.amount,
        fee if fee.recurs() => now.overlaps(&then),
        _ => false,
    };
    same_thing && charges && same_days && bills_the_whole(claim.kind) && bills_the_whole(before.kind)
}

fn again(claim: &Claim, before: &Claim) -> String {
    let days = |period: Option<Period>| period.map(|period| period.to_string()).unwrap_or_default();
    let what = if claim.product.is_empty() { "the plan" } else { claim.product.as_str() };
    format!(
        "{} for {what}, {}, is {} already on {} for {}: the customer would pay for these days twice",
        claim.fee,
        days(claim.period),
        before.amount,
        before.number,
        days(before.period),
    )
}

/// Against the subscription's last bill of the same kind: monthly orders are alike, or somebody should know why not.
fn growth(against: Against<'_>, ours: &[Claim], others: &[&Claim], percent: u32, findings: &mut Findings) {
    let kind = against.job.order.kind;
    if let Some(period) = against.job.order.statement_period() {
        return statement_growth(against, period, ours, others, percent, findings);
    }
    if !matches!(kind, JobKind::Billing | JobKind::Renewal) {
        return;
    }
    let currency = against.job.order.currency;
    let Some(ours_start) = start(ours.iter()) else { return };
    let mut bills: BTreeMap<&TaskId, Vec<&Claim>> = BTreeMap::new();
    for claim in others.iter().filter(|claim| claim.kind == kind && claim.amount.currency == currency) {
        bills.entry(&claim.task).or_default().push(claim);
    }
    let earlier = bills.values().filter_map(|bill| Some((start(bill.iter().copied())?, bill)));
    let Some((_, last)) = earlier.filter(|(begins, _)| *begins < ours_start).max_by_key(|(begins, _)| *begins) else {
        return;
    };
    let number = last.first().map(|claim| claim.number.as_str()).unwrap_or_default();
    grew((sum(ours.iter()), sum(last.iter().copied())), number, percent, currency, findings);
}

/// Of a customer and billing motion, all that was billed for the statements' last days before these. A correction bills a
/// difference, which nothing is like.
fn statement_growth(
    against: Against<'_>,
    period: Period,
    ours: &[Claim],
    others: &[&Claim],
    percent: u32,
    findings: &mut Findings,
) {
    if container::told(&against.job.order.attributes, ISSUE).is_some_and(|issue| issue != "1") {
        return;
    }
    let currency = against.job.order.currency;
    let days = |claim: &Claim| claim.statement.as_ref().map(|of| of.period).filter(|of| *of < period);
    let earlier = || others.iter().copied().filter(|claim| claim.amount.currency == currency);
    let Some(last) = earlier().filter_map(days).max() else { return };
    let of_last: Vec<&Claim> = earlier().filter(|claim| days(claim) == Some(last)).collect();
    let number = of_last.first().map(|claim| claim.number.as_str()).unwrap_or_default();
    grew((sum(ours.iter()), sum(of_last.iter().copied())), number, percent, currency, findings);
}

fn grew(
    (now, then): (Option<Decimal>, Option<Decimal>),
    number: &str,
    percent: u32,
    currency: Currency,
    findings: &mut Findings,
) {
    let (Some(now), Some(then)) = (now, then.filter(|then| then.is_sign_positive() && !then.is_zero())) else { return };
    let hundred = Decimal::ONE_HUNDRED;
    let bound = then.checked_mul(hundred + Decimal::from(percent)).and_then(|bound| bound.checked_div(hundred));
    if bound.is_some_and(|bound| now > bound) {
        let text = format!(
            "the bill comes to {}, the last one of this subscription to {} ({number}): more than {percent} % of growth needs somebody's eyes",
            Money::new(now, currency),
            Money::new(then, currency),
        );
        findings.add(Severity::NeedsPerson, "grew", text);
    }
}

fn start<'a>(claims: impl Iterator<Item = &'a Claim>) -> Option<chrono::NaiveDate> {
    claims.filter_map(|claim| claim.period).map(|period| period.start()).min()
}

fn sum<'a>(mut claims: impl Iterator<Item = &'a Claim>) -> Option<Decimal> {
    claims.try_fold(Decimal::ZERO, |sum, claim| sum.checked_add(claim.amount.amount))
}
