//! Decisions: what is proposed, what it bills, and what an answer does to the task.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shop;

use counterfoil_domain::claim::Claim;
use counterfoil_domain::connection::{HostRules, PriceChoice};
use counterfoil_domain::decide::{Answer, Case, Proposal, adjusted, answered, asked_again, is_asked, proposals};
use counterfoil_domain::failure::{Failure, FailureClass};
use counterfoil_domain::id::{Actor, TaskId};
use counterfoil_domain::job::{Billing, Job, JobKind, PriceSource};
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::money::Money;
use counterfoil_domain::order::{BillingModel, Fee, Order, OrderType};
use counterfoil_domain::task::{IgnoreReason, Ignored, Need, TaskState, Verdict};
use shop::*;

fn claim(fee: Fee, product: &str, amount: &str) -> Claim {
    Claim {
        task: "earlier".into(),
        number: "SO1".into(),
        kind: JobKind::Sales,
        customer: "c".into(),
        subscription: "s".into(),
        product: product.into(),
        fee,
        period: Some(period("2026-11-01", "2026-12-01")),
        amount: Money::new(number(amount), usd()),
        statement: None,
    }
}

fn asked() -> TaskState {
    TaskState::Pending(vec![Need::Decision { why: "no lines".into() }])
}

fn proposed(order: &Order, sent: &[Claim], rules: &HostRules) -> Vec<Proposal> {
    let task = task(order, asked());
    let subscription = subscription();
    proposals(&Case { task: &task, order, subscription: Some(&subscription), sent, snapshot_at: None, rules })
}

fn named<'a>(all: &'a [Proposal], name: &str) -> &'a Proposal {
    all.iter().find(|proposal| proposal.name == name).unwrap_or_else(|| panic!("{name} is not in {all:?}"))
}

fn names(all: &[Proposal]) -> Vec<&'static str> {
    all.iter().map(|proposal| proposal.name).collect()
}

/// The job of an answer: what is proposed is what is billed.
fn job(shop: &Shop, proposal: &Proposal) -> Job {
    let set = proposal.adjustments(&"t".into(), "because", &"ann".into(), now()).unwrap();
    assert_eq!(set.decided.as_deref(), Some("because"));
    let verdict = shop.judged(Some(&set), |judgement| judgement.verdict);
    assert_eq!(verdict, Verdict::Ready, "{}", proposal.name);
    let job = shop.job(Some(&set)).unwrap();
    assert_eq!(job.order.total, proposal.total.amount, "{}", proposal.name);
    job
}

fn without_details(total: &str) -> Order {
    Order { lines: vec![], total: Some(number(total)), number: "RN1".into(), order_type: OrderType::Renewal, ..order() }
}

fn linked(mut shop: Shop) -> Shop {
    shop.links.insert(link(LinkKind::Item, "P2", "item-2"));
    shop
}

#[test]
fn an_order_without_details_is_proposed_by_its_subscription() {
    // The subscription holds 18 × 33.00 and 3 × 10.00: 624.00.
    let same = proposed(&without_details("624.00"), &[], &HostRules::default());
    assert_eq!(names(&same), ["subscription", "one-line", "nothing"]);
    let other = proposed(&without_details("312.50"), &[], &HostRules::default());
    assert_eq!(names(&other), ["subscription", "subscription-for-total", "one-line", "nothing"]);

    let shop = linked(Shop::new(without_details("312.50")));
    let held = job(&shop, named(&other, "subscription"));
    assert_eq!(held.order.total, number("624.00"));
    let shared = job(&shop, named(&other, "subscription-for-total"));
    assert_eq!(shared.order.total, number("312.50"));
    assert!(shared.order.lines.iter().all(|line| line.fee == Fee::Renewal && line.price_source == PriceSource::Person));
    assert_eq!(shared.order.lines.len(), 2);
    let one = job(&shop, named(&other, "one-line"));
    assert_eq!(one.order.lines[0].arithmetic, "1 × 312.50 = 312.50 USD, line set by ann");
    assert_eq!(one.adjustments.last().unwrap().field, "decided");
}

#[test]
fn the_shares_add_up_to_the_order_whatever_it_comes_to() {
    for total in ["0.01", "0.05", "1", "99.99", "100", "312.50", "624.01", "-50.03", "-0.01"] {
        let order = without_details(total);
        let all = proposed(&order, &[], &HostRules::default());
        let shop = linked(Shop::new(order));
        let shared = job(&shop, named(&all, "subscription-for-total"));
        assert_eq!(shared.order.total, number(total), "{total}");
        for line in &shared.order.lines {
            assert_eq!(line.quantity * line.unit_price, line.amount, "{total}: {line:?}");
        }
    }
}

#[test]
fn the_lines_of_an_answer_need_their_links_like_any_others() {
    let all = proposed(&without_details("624.00"), &[], &HostRules::default());
    let shop = Shop::new(without_details("624.00"));
    let set = named(&all, "subscription").adjustments(&"t".into(), "yes", &"ann".into(), now());
    let verdict = shop.judged(set.as_ref(), |judgement| judgement.verdict);
    let item = Need::Link { kind: LinkKind::Item, source: "P2".into(), name: "Product P2".into() };
    assert_eq!(verdict, Verdict::Pending(vec![item]));
    // Nothing decided: the question stays, whatever else was set.
    let undecided = shop.judged(None, |judgement| judgement.verdict);
    assert!(matches!(undecided, Verdict::Pending(needs) if matches!(needs[..], [Need::Decision { .. }])));
}

#[test]
fn a_revision_after_sending_bills_what_changed_or_all_or_nothing() {
    let sent = [claim(Fee::ResourceRecurring, "P1", "500.00"), claim(Fee::ResourceSetup, "P1", "7.00")];
    let all = proposed(&order(), &sent, &HostRules::default());
    assert_eq!(names(&all), ["difference", "whole", "nothing"]);
    assert_eq!(named(&all, "difference").total.amount, number("97.00"), "604.00 − 507.00");
    assert!(named(&all, "whole").why.contains("beside the 507.00 USD"), "{}", named(&all, "whole").why);

    let shop = Shop::new(order());
    let job = job(&shop, named(&all, "difference"));
    let billed: Vec<(&str, String)> = job
        .order
        .lines
        .iter()
        .filter(|line| line.billing == Billing::Billable)
        .map(|line| (line.fee.name(), line.amount.to_string()))
        .collect();
    let expected = [
        ("plan-setup", "10.00".to_owned()),
        ("resource-setup", "-7.00".to_owned()),
        ("resource-recurring", "94.00".to_owned()),
    ];
    let sorted = |mut list: Vec<(&'static str, String)>| {
        list.sort();
        list
    };
    let billed: Vec<(&'static str, String)> =
        billed.into_iter().map(|(fee, amount)| (Fee::parse(fee).unwrap().name(), amount)).collect();
    assert_eq!(sorted(billed), sorted(expected.to_vec()));
    assert_eq!(job.order.lines.iter().filter(|line| line.billing == Billing::DoNotBill).count(), 2);
}

#[test]
fn nothing_changed_in_money_or_sent_at_other_prices_proposes_no_difference() {
    let same = [claim(Fee::ResourceRecurring, "P1", "594.00"), claim(Fee::PlanSetup, "", "10.00")];
    assert_eq!(names(&proposed(&order(), &same, &HostRules::default())), ["whole", "nothing"]);
    let catalogue = HostRules { price_source: PriceChoice::Target, ..HostRules::default() };
    let sent = [claim(Fee::ResourceRecurring, "P1", "500.00")];
    assert_eq!(names(&proposed(&order(), &sent, &catalogue)), ["whole", "nothing"]);
}

#[test]
fn an_order_covered_in_part_bills_what_the_snapshot_does_not() {
    let mut order = Order { order_type: OrderType::Billing, ..order() };
    order.lines[0].service_period = Some(period("2026-11-01", "2026-12-01"));
    order.lines[1] = line("2", Fee::ResourceRecurring, Some("P1"), "1", "10", "10");
    order.lines[1].service_period = Some(period("2026-12-01", "2027-01-01"));
    let task = task(&order, asked());
    let rules = HostRules { recurring_before_period: true, ..HostRules::default() };
    let case =
        Case { task: &task, order: &order, subscription: None, sent: &[], snapshot_at: Some(now()), rules: &rules };
    let all = proposals(&case);
    assert_eq!(names(&all), ["outside-snapshot", "whole", "nothing"]);
    let outside = all[0].clone();
    assert_eq!(outside.total.amount, number("10"));
    assert_eq!(order.billing_model, BillingModel::BeforeBillingPeriod);
    let mut shop = Shop::new(order);
    shop.rules = rules;
    assert_eq!(job(&shop, &outside).order.total, number("10"));
}

#[test]
fn nothing_is_an_answer_of_its_own() {
    let all = proposed(&order(), &[], &HostRules::default());
    let nothing = all.last().unwrap();
    assert_eq!((nothing.name, &nothing.answer), ("nothing", &Answer::Nothing));
    assert_eq!(nothing.adjustments(&"t".into(), "no", &"ann".into(), now()), None);
}

/// state -> after adjusting, after an answer, after the answer was taken back
const MOVES: &str = "
asked    -> pending pending pending
link     -> pending pending pending
ready    -> ready   ready   pending
planned  -> ready   ready   pending
parked   -> parked  parked  pending
stored-in-part -> - -       -
queued   -> -       -       -
sending  -> -       -       -
synced   -> -       -       -
uncertain -> -      -       -
retrying -> -       -       -
ignored  -> -       -       -
superseded -> -     -       -
";

fn state(name: &str) -> TaskState {
    let failure = Failure::new(FailureClass::Rejected, "x", "y");
    let plan = || "p".into();
    match name {
        "asked" => asked(),
        "link" => TaskState::Pending(vec![Need::Link { kind: LinkKind::Item, source: "P".into(), name: "P".into() }]),
        "ready" => TaskState::Ready,
        "planned" => TaskState::Planned(plan()),
        "parked" => TaskState::Parked { failure },
        "stored-in-part" => {
            let attributes = vec![("saved.invoice".to_owned(), "INV-1".to_owned())];
            TaskState::Parked { failure: Failure { attributes, ..failure } }
        }
        "queued" => TaskState::Queued { plan: plan(), by: "ann".into() },
        "sending" => TaskState::Sending { plan: plan(), batch: "b".into() },
        "synced" => TaskState::Synced { plan: plan() },
        "uncertain" => TaskState::Uncertain { plan: plan(), batch: "b".into(), why: String::new() },
        "retrying" => TaskState::Retrying { plan: plan(), at: now(), failure },
        "ignored" => TaskState::Ignored(Ignored {
            reason: IgnoreReason::ByPerson,
            text: String::new(),
            by: "ann".into(),
            at: now(),
            until: None,
        }),
        "superseded" => TaskState::Superseded { by: TaskId::new("u") },
        other => panic!("no state {other}"),
    }
}

#[test]
fn only_what_is_not_confirmed_can_be_adjusted_or_decided() {
    for row in MOVES.lines().filter(|row| !row.is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let state = state(given.trim());
        let name = |state: Result<TaskState, _>| state.map_or("-", |state: TaskState| state.name());
        let found = [
            name(adjusted(&state).map_err(|_| ())),
            name(answered(&state).map_err(|_| ())),
            name(asked_again(&state, "half", &Actor::new("ann")).map_err(|_| ())),
        ];
        assert_eq!(found.to_vec(), expected.split_whitespace().collect::<Vec<_>>(), "{row}");
    }
}

#[test]
fn an_answer_leaves_the_links_and_the_rules_to_be_looked_at() {
    let link = Need::Link { kind: LinkKind::Item, source: "P".into(), name: "P".into() };
    let both = TaskState::Pending(vec![Need::Decision { why: "which".into() }, link.clone()]);
    assert!(is_asked(&both));
    let after = answered(&both).unwrap();
    assert_eq!(after, TaskState::Pending(vec![link, Need::rules()]));
    assert!(!is_asked(&after));
    let again = asked_again(&after, "half", &Actor::new("ann")).unwrap();
    assert!(is_asked(&again));
    assert!(matches!(again, TaskState::Pending(needs) if needs[0].to_string().contains("taken back by ann")));
}
