//! The second, independent reader of every plan: re-derives what must hold before it may be confirmed.
//! Shares no arithmetic with the plugin that made the plan. Days are `container`'s, lines that recur from a day on
//! `standing`'s, lines that are billed with each run of their container `recurring`'s.

mod container;
mod days;
mod history;
mod recurring;
mod sharing;
mod standing;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::assemble;
use crate::claim::Claim;
use crate::connection::HostRules;
use crate::container::Container;
use crate::id::LineId;
use crate::job::{AMOUNT_IF_BILLED, Billing, Job, JobKind, JobLine, PriceSource};
use crate::money::Money;
use crate::plan::{Action, Change, Finding, PRICE_FROM, Plan, PlanLine, STANDING, Severity};

pub use sharing::Neighbour;

/// What a plan is held against.
#[derive(Debug, Clone, Copy)]
pub struct Against<'a> {
    pub job: &'a Job,
    /// What the marketplace says the order comes to; none where it says nothing.
    pub order_total: Option<Money>,
    pub documents: &'a [String],
    pub rules: &'a HostRules,
    /// What was confirmed for the same subscription before, by other tasks.
    pub history: &'a [Claim],
    /// What other subscriptions have in the same container.
    pub neighbours: &'a [Neighbour],
}

impl Against<'_> {
    fn line(&self, id: &LineId) -> Option<&JobLine> {
        self.job.order.lines.iter().find(|line| line.id == *id)
    }

    /// It bills the difference to what stands in the target, which nobody knows before it was looked at.
    fn reconciles(&self) -> bool {
        self.job.order.kind == JobKind::Reconcile
    }
}

/// Every finding; none means that the plan may be confirmed as it is.
pub fn check(plan: &Plan, against: Against<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    if plan.task != against.job.task {
        findings.block("wrong-task", "the plan answers to another task".to_owned());
    }
    keys(plan, against.rules, &mut findings);
    for change in &plan.changes {
        document(change, against, &mut findings);
        for line in &change.lines {
            arithmetic(change, line, against, &mut findings);
        }
    }
    let left_out = coverage(plan, against, &mut findings);
    totals(plan, against, left_out, &mut findings);
    prices(plan, against, &mut findings);
    container::check(plan, against, &mut findings);
    standing::check(plan, against, &mut findings);
    recurring::check(plan, against, &mut findings);
    sharing::check(against, &mut findings);
    costs(against, &mut findings);
    history::check(against, &mut findings);
    findings.0
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn block(&mut self, code: &str, message: String) {
        self.add(Severity::Blocks, code, message);
    }

    fn add(&mut self, severity: Severity, code: &str, message: String) {
        self.0.push(Finding { severity, code: code.to_owned(), message });
    }
}

fn keys(plan: &Plan, rules: &HostRules, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for change in &plan.changes {
        if change.key.as_str().is_empty() || !seen.insert(&change.key) {
            findings.block(
                "duplicate-key",
                format!("two changes share the key \"{}\": one could hide the other", change.key),
            );
        }
    }
    let lines: usize = plan.changes.iter().map(|change| change.lines.len()).sum();
    let most = rules.most_lines;
    if lines > usize::try_from(most).unwrap_or(usize::MAX) {
        findings.block("too-many-lines", format!("the plan has {lines} lines; {most} is the bound of this connection"));
    }
}

fn document(change: &Change, against: Against<'_>, findings: &mut Findings) {
    let currency = against.job.order.currency;
    if change.total.currency != currency {
        let text = format!("\"{}\" is in {}, the order is in {currency}", change.title, change.total.currency);
        findings.block("currency-mismatch", text);
    }
    if !against.documents.contains(&change.document) {
        findings
            .block("document-not-on-card", format!("the card does not name documents of kind \"{}\"", change.document));
    }
    let wants_target = match change.action {
        Action::Create => false,
        Action::Update | Action::Cancel | Action::Keep => true,
    };
    if wants_target != change.target.is_some() {
        let text = format!(
            "\"{}\": {} with{} a document to act on",
            change.title,
            change.action,
            if wants_target { "out" } else { "" }
        );
        findings.block("action-without-sense", text);
    }
    let sum: Decimal = change.lines.iter().map(|line| line.bills).sum();
    if sum != change.total.amount {
        let text = format!(
            "\"{}\" says {}, its lines come to {}",
            change.title,
            change.total,
            Money::new(sum, change.total.currency)
        );
        findings.block("change-total", text);
    }
}

fn arithmetic(change: &Change, line: &PlanLine, against: Against<'_>, findings: &mut Findings) {
    let currency = against.job.order.currency;
    let digits = currency.minor_units();
    if line.amount.normalize().scale() > digits {
        findings.block(
            "finer-than-a-coin",
            format!("line \"{}\": {} is finer than the smallest coin of {currency}", line.description, line.amount),
        );
    }
    // What recurs is shown whole, and bills this order's part of it.
    if line.told(STANDING).is_none() && !recurring::is_beside(line) && line.amount.abs() != line.bills.abs() {
        findings.block("sign", format!("line \"{}\" shows {} but bills {}", line.description, line.amount, line.bills));
    }
    // What a document shows is quantity × unit price, rounded by the target to the coin.
    let product = line.quantity.checked_mul(line.unit_price).map(|exact| against.rules.rounding.apply(exact, digits));
    if product != Some(line.amount) {
        let text = format!(
            "\"{}\", line \"{}\": {} × {} is not {}",
            change.title, line.description, line.quantity, line.unit_price, line.amount
        );
        findings.block("arithmetic", text);
    }
}

/// Each job line is carried exactly once, with its money, or left out with a reason. Returns what was left out.
fn coverage(plan: &Plan, against: Against<'_>, findings: &mut Findings) -> Decimal {
    let mut open: BTreeMap<&LineId, Decimal> =
        against.job.order.lines.iter().map(|line| (&line.id, line.amount)).collect();
    for line in plan.changes.iter().flat_map(|change| &change.lines) {
        let mut due = Decimal::ZERO;
        for id in &line.covers {
            match open.remove(id) {
                Some(amount) => due += amount,
                None => findings.block("covered-twice", format!("order line {id} is billed twice, or does not exist")),
            }
        }
        if line.covers.is_empty() {
            if line.told(STANDING).is_none() && !recurring::is_beside(line) {
                findings.block("invented-line", format!("line \"{}\" carries no line of the order", line.description));
            }
        } else if against.reconciles() {
            reconciled(line, plan, against, findings);
        } else if due != line.bills {
            findings.block(
                "line-amount",
                format!("line \"{}\" bills {}, the order says {due}", line.description, line.bills),
            );
        }
    }
    let mut left_out = Decimal::ZERO;
    for omission in &plan.left_out {
        match open.remove(&omission.line) {
            Some(_) if omission.why.trim().is_empty() => {
                findings.block(
                    "left-out-without-reason",
                    format!("order line {} is left out without a reason", omission.line),
                );
            }
            Some(amount) => left_out += amount,
            None => findings
                .block("covered-twice", format!("order line {} is left out, and billed or unknown", omission.line)),
        }
    }
    for (id, amount) in open {
        // Its money is nothing, or is what a comparison finds: then it is carried by what recurs for it.
        if (amount.is_zero() || against.reconciles()) && standing::names(plan, id) {
            continue;
        }
        findings.block("line-missing", format!("order line {id} ({amount}) is in no change"));
    }
    if !left_out.is_zero() {
        let money = Money::new(left_out, against.job.order.currency);
        findings.add(Severity::NeedsPerson, "money-left-out", format!("lines worth {money} are left out of the plan"));
    }
    left_out
}

fn totals(plan: &Plan, against: Against<'_>, left_out: Decimal, findings: &mut Findings) {
    let order = &against.job.order;
    let Some(total) = plan.total(order.currency) else {
        // Named by `document` already.
        return;
    };
    let due = Money::new(order.total - left_out, order.currency);
    if total != due && !against.reconciles() {
        findings.block("plan-total", format!("the plan comes to {total}, the order to {due}"));
    }
    let all_from_order = order.lines.iter().all(|line| line.price_source != PriceSource::Catalogue);
    // A source may count finer than a coin; what is billed never does.
    let said = against.order_total.map(|said| said.rounded(against.rules.rounding));
    if let Some(said) = said.filter(|said| !all_from_order && said.amount != order.total) {
        let ours = Money::new(order.total, order.currency);
        let text = format!("the marketplace's prices come to {said}, with the target's catalogue it is {ours}");
        findings.add(Severity::Notes, "catalogue-differs", text);
    }
    let withheld = withheld(against.job);
    if !withheld.is_zero() {
        let text = format!(
            "{} is not billed, because this connection takes refunds by quantity only",
            Money::new(withheld, order.currency)
        );
        findings.add(Severity::Notes, "refunds-by-quantity", text);
    }
    let by_target = by_target(against, findings);
    let billed = order.total - by_target;
    let is_known = all_from_order && !against.reconciles();
    if let Some(said) = said.filter(|said| is_known && said.amount != billed + withheld) {
        let ours = Money::new(billed, order.currency);
        let text = format!("the marketplace says the order comes to {said}, its billable lines come to {ours}");
        findings.add(Severity::NeedsPerson, "order-total-differs", text);
    }
    if let Some(most) = against.rules.most_per_plan.filter(|most| total.amount.abs() > *most) {
        let text = format!(
            "the plan comes to {total}, more than the bound of {} for one plan",
            Money::new(most, order.currency)
        );
        findings.add(Severity::NeedsPerson, "over-bound", text);
    }
}

/// Money that the connection's own rule keeps off the bill. What a person took off is theirs to accept.
fn withheld(job: &Job) -> Decimal {
    let by_person = |line: &JobLine| job.adjustments.iter().any(|set| set.line == line.id && set.field == "billing");
    let kept_off = job.order.lines.iter().filter(|line| line.billing != Billing::Billable && !by_person(line));
    let told = kept_off.filter_map(|line| line.attributes.iter().find(|(name, _)| name == AMOUNT_IF_BILLED));
    told.filter_map(|(_, amount)| amount.parse::<Decimal>().ok()).sum()
}

/// What the target will leave out of the full prices that it gets, by prorating them itself.
fn by_target(against: Against<'_>, findings: &mut Findings) -> Decimal {
    let container = Container::of(against.job);
    let called = container.map_or_else(|| "the target".to_owned(), |container| container.called());
    let mut less = Decimal::ZERO;
    for line in against.job.order.lines.iter().filter(|line| line.billing == Billing::Billable) {
        let prorated = line.proration.as_ref();
        let Some(share) = prorated.and_then(|prorated| prorated.by_target.as_ref()) else { continue };
        less += line.amount - share.amount.amount;
        let full = Money::new(line.amount, against.job.order.currency);
        let text = format!(
            "line {}: {called} prorates {full} by itself to {} ({}), if it counts days as the marketplace does",
            line.id, share.amount, share.arithmetic
        );
        findings.add(Severity::Notes, "target-prorates", text);
    }
    less
}

/// A price that stands in the target already counts only where the target's prices do, for what recurs; and for what is
/// left after a downgrade, which nobody gave another price.
fn prices(plan: &Plan, against: Against<'_>, findings: &mut Findings) {
    for line in plan.changes.iter().flat_map(|change| &change.lines) {
        let Some(from) = line.told(PRICE_FROM) else { continue };
        let of = || against.job.order.lines.iter().filter(|of| line.carries(&of.id));
        let taken = of().any(assemble::may_take_price);
        for of in of().filter(|of| !assemble::may_take_price(of)) {
            if standing::keeps_price(of) {
                let text = format!(
                    "line \"{}\": what is left after order line {} goes on at {}, as {from} has it",
                    line.description,
                    of.id,
                    line.unit_price.normalize()
                );
                if !taken && line.told(STANDING).is_some() {
                    findings.add(Severity::Notes, "price-kept", text);
                }
                continue;
            }
            let text = format!(
                "line \"{}\" takes its price from {from}, but the price of order line {} is {}: it must not be changed",
                line.description,
                of.id,
                if of.price_source == PriceSource::Catalogue { "that of a fee paid once" } else { "not the target's" }
            );
            findings.block("price-from", text);
        }
    }
}

/// A comparison bills what is missing of a whole period, or gives back what was too much of one, and never more.
fn reconciled(line: &PlanLine, plan: &Plan, against: Against<'_>, findings: &mut Findings) {
    let covered = line.covers.iter().filter_map(|id| against.line(id));
    let most: Option<Decimal> = covered.map(|of| standing::most_of_a_period(of, plan, against)).sum();
    if most.is_none_or(|most| line.bills.abs() > most) {
        let most = most.map_or_else(|| "what can be counted".to_owned(), |most| most.normalize().to_string());
        let text = format!(
            "line \"{}\" bills {}, more than a whole period of what is compared ({most})",
            line.description, line.bills
        );
        findings.block("reconcile-too-much", text);
    }
}

/// A price below cost is shown, not stopped.
fn costs(against: Against<'_>, findings: &mut Findings) {
    for line in against.job.order.lines.iter().filter(|line| line.billing == Billing::Billable) {
        if let Some(cost) = line.unit_cost.filter(|cost| line.unit_price < *cost && !line.amount.is_sign_negative()) {
            let text = format!("line {}: the price {} is below the cost {cost}", line.id, line.unit_price);
            findings.add(Severity::Notes, "below-cost", text);
        }
    }
}
