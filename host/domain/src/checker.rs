//! The second, independent reader of every plan: re-derives what must hold before it may be confirmed.
//! Shares no arithmetic with the plugin that made the plan.

mod history;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::claim::Claim;
use crate::connection::HostRules;
use crate::id::LineId;
use crate::job::{AMOUNT_IF_BILLED, Billing, Job, JobLine, PriceSource};
use crate::link::LinkKind;
use crate::money::Money;
use crate::plan::{Action, Change, Finding, Plan, PlanLine, Severity};

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
    container(against, &mut findings);
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
    if line.amount.abs() != line.bills.abs() {
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
            findings.block("invented-line", format!("line \"{}\" carries no line of the order", line.description));
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
    if total != due {
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
    if let Some(said) = said.filter(|said| all_from_order && said.amount != order.total + withheld) {
        let ours = Money::new(order.total, order.currency);
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

/// A monthly subscription goes on a monthly container, and the container bills in the order's currency.
fn container(against: Against<'_>, findings: &mut Findings) {
    let order = &against.job.order;
    for link in against.job.links.iter().filter(|link| link.kind == LinkKind::Container) {
        let told = |name: &str| link.attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value);
        if let Some(cycle) =
            told("cycle").filter(|cycle| !order.billing_cycle.is_empty() && **cycle != order.billing_cycle)
        {
            let text =
                format!("{} bills every {cycle}, the subscription every {}", link.target_name, order.billing_cycle);
            findings.block("cycle-mismatch", text);
        }
        if let Some(currency) = told("currency").filter(|currency| **currency != order.currency.code()) {
            let text = format!("{} bills in {currency}, the order is in {}", link.target_name, order.currency);
            findings.block("container-currency", text);
        }
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
