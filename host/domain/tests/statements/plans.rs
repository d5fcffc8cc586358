//! The checker on plans of statements: what stands in a container, what is kept of it, and the same line billed twice.

use counterfoil_domain::checker::{Against, check};
use counterfoil_domain::claim::{Claim, claims};
use counterfoil_domain::id::{EntityId, LineId, TaskId};
use counterfoil_domain::job::{Job, RECURS_KEY};
use counterfoil_domain::money::Money;
use counterfoil_domain::order::Order;
use counterfoil_domain::plan::{
    Action, Change, MOVES, Plan, PlanLine, QUANTITY_BEFORE, RAN_WITHOUT, RECURS, UNIT_PRICE_BEFORE, WARN,
};
use rust_decimal::Decimal;

use super::desk::Desk;
use super::table::{History, number, read};

const FEBRUARY: [&str; 2] = [
    "S1 seat 2026-01 USD
     acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |
     acme | s2 | E5   | monthly-monthly | recurring | 2  | 57.00 | 114.00 |",
    "S2 seat 2026-02 USD
     acme | s1 | M365 | monthly-monthly | recurring | 12 | 33.00 | 363.00 |
     acme | s2 | E5   | monthly-monthly | recurring | 2  | 57.00 | 114.00 |",
];

fn orders(statements: &[&str]) -> Vec<Order> {
    let mut history = History::default();
    statements.iter().flat_map(|text| history.take(&read(text)).orders).collect()
}

fn line(covers: &[&LineId], quantity: Decimal, price: Decimal, bills: Decimal, told: &[(&str, &str)]) -> PlanLine {
    PlanLine {
        covers: covers.iter().map(|id| (*id).clone()).collect(),
        description: "M365".into(),
        quantity,
        unit_price: price,
        unit_cost: None,
        amount: quantity * price,
        bills,
        why: "as the statement says".into(),
        attributes: told.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

fn change(job: &Job, key: &str, action: Action, target: Option<&str>, line: PlanLine) -> Change {
    Change {
        key: key.into(),
        action,
        document: if target.is_some() { "recurring-line" } else { "one-time-line" }.into(),
        target: target.map(EntityId::new),
        title: key.into(),
        fields: vec![],
        total: Money::new(line.bills, job.order.currency),
        lines: vec![line],
        why: "as the statement says".into(),
        attributes: vec![],
    }
}

/// February before January was billed: the line of M365 is written over and its money kept, that of E5 stays and is kept too.
fn february() -> (Job, Plan) {
    let order = orders(&FEBRUARY).pop().unwrap();
    let mut job = Desk::new(true).job(&order, None);
    let lines = job.order.lines.clone();
    assert_eq!(lines.len(), 3, "M365, its rest, E5");
    for (number, of) in [&lines[0], &lines[2]].into_iter().enumerate() {
        let key = of.told(RECURS_KEY).unwrap().to_owned();
        job.attributes.push((format!("former.{}.key", number + 1), key));
    }
    let standing = |place: usize, before: &str, price: &str| {
        let of = &lines[place];
        let told = [(RECURS, of.told(RECURS_KEY).unwrap()), (QUANTITY_BEFORE, before), (UNIT_PRICE_BEFORE, price)];
        line(&[&of.id], of.quantity, of.unit_price, of.amount, &told)
    };
    let rest = line(&[&lines[1].id], Decimal::ONE, lines[1].amount, lines[1].amount, &[]);
    let kept = |amount: &str, of: &str| line(&[], Decimal::ONE, number(amount), Decimal::ZERO, &[(MOVES, of)]);
    let changes = vec![
        change(&job, "kept-1", Action::Create, None, kept("330.00", "line-1")),
        change(&job, "kept-2", Action::Create, None, kept("114.00", "line-2")),
        change(&job, "m365", Action::Update, Some("line-1"), standing(0, "10", "33.00")),
        change(&job, "e5", Action::Keep, Some("line-2"), standing(2, "2", "57.00")),
        change(&job, "rest", Action::Create, None, rest),
    ];
    let plan =
        Plan { task: job.task.clone(), changes, left_out: vec![], notes: vec![], payload: vec![], attributes: vec![] };
    (job, plan)
}

fn found(plan: &Plan, job: &Job, history: &[Claim]) -> Vec<String> {
    let documents = ["recurring-line".to_owned(), "one-time-line".to_owned()];
    let rules = Desk::new(true).connection.rules;
    let against = Against { job, order_total: None, documents: &documents, rules: &rules, history, neighbours: &[] };
    check(plan, against).into_iter().map(|finding| format!("{} {}", finding.severity, finding.code)).collect()
}

fn tell(line: &mut PlanLine, name: &str, value: &str) {
    line.attributes.retain(|(told, _)| told != name);
    line.attributes.push((name.to_owned(), value.to_owned()));
}

type Spoil = fn(&mut Job, &mut Plan);

/// The first line becomes one that gives something back.
fn ran(plan: &mut Plan, told: &str, amount: &str) {
    let line = &mut plan.changes[0].lines[0];
    line.attributes = vec![(RAN_WITHOUT.into(), told.into())];
    (line.unit_price, line.amount) = (number(amount), number(amount));
}

fn warn(code: &str) -> (String, String) {
    (format!("{WARN}{code}"), "it is paused".to_owned())
}

/// (what is done to the right plan, what is found)
const SPOILED: &[(&str, Spoil, &[&str])] = &[
    ("right", |_, _| {}, &[]),
    (
        "kept of what the plan leaves alone",
        |_, p| _ = p.changes.remove(3),
        &["blocks line-missing", "blocks moved-line", "blocks plan-total"],
    ),
    ("kept of another line", |_, p| tell(&mut p.changes[0].lines[0], MOVES, "line-7"), &["blocks moved-line"]),
    (
        "kept twice",
        |_, p| tell(&mut p.changes[1].lines[0], MOVES, "line-1"),
        &["blocks moved-line", "blocks moved-line"],
    ),
    (
        "kept too much",
        |_, p| {
            let line = &mut p.changes[0].lines[0];
            (line.unit_price, line.amount) = (number("331"), number("331"));
        },
        &["blocks moved-line"],
    ),
    (
        "kept at another price than it says",
        |_, p| tell(&mut p.changes[2].lines[0], UNIT_PRICE_BEFORE, "32"),
        &["blocks moved-line"],
    ),
    ("kept, and what it had is not told", |_, p| p.changes[2].lines[0].attributes.truncate(1), &["blocks moved-line"]),
    ("kept of what we never put there", |j, _| j.attributes.clear(), &["blocks moved-line", "blocks moved-line"]),
    (
        "kept and billed",
        |j, p| {
            p.changes[0].lines[0].bills = number("330");
            p.changes[0].total = Money::new(number("330"), j.order.currency);
        },
        &["blocks invented-line", "blocks moved-line", "blocks plan-total"],
    ),
    (
        "beside the order without a word",
        |_, p| p.changes[0].lines[0].attributes.clear(),
        &["blocks invented-line", "blocks sign"],
    ),
    (
        "what goes on billed once",
        |_, p| p.changes[2].lines[0].attributes.retain(|(name, _)| name != RECURS),
        &["blocks moved-line", "blocks recurring-line"],
    ),
    (
        "goes on as something else",
        |_, p| tell(&mut p.changes[2].lines[0], RECURS, "other"),
        &["blocks moved-line", "blocks recurring-line"],
    ),
    ("the rest goes on", |_, p| tell(&mut p.changes[4].lines[0], RECURS, "rest"), &["blocks recurring-line"]),
    (
        "twice the same",
        |j, p| {
            let key = j.order.lines[0].told(RECURS_KEY).unwrap().to_owned();
            tell(&mut p.changes[4].lines[0], RECURS, &key);
        },
        &["blocks recurring-line", "blocks recurs-twice"],
    ),
    (
        "another quantity at another price",
        |_, p| {
            let line = &mut p.changes[2].lines[0];
            (line.quantity, line.unit_price) = (number("6"), number("66"));
        },
        &["blocks recurring-line"],
    ),
    ("ran twice without a statement", |_, p| ran(p, "2 × 330.00", "-660"), &["needs-person ran-without-statement"]),
    ("ran, and another sum is given back", |_, p| ran(p, "2 × 330.00", "-330"), &["blocks ran-without-statement"]),
    ("ran never", |_, p| ran(p, "0 × 330.00", "0"), &["blocks ran-without-statement"]),
    (
        "the target noticed something",
        |_, p| {
            p.attributes = vec![warn("run-unclear")];
            p.changes[0].attributes = vec![warn("sends-mail"), warn("run-unclear")];
        },
        &["needs-person run-unclear", "notes sends-mail"],
    ),
    ("another task", |j, _| j.task = TaskId::new("other"), &["blocks wrong-task"]),
];

#[test]
fn each_spoiled_plan_of_what_recurs_is_found() {
    for (what, spoil, expected) in SPOILED {
        let (mut job, mut plan) = february();
        spoil(&mut job, &mut plan);
        let mut told = found(&plan, &job, &[]);
        told.sort();
        assert_eq!(told, *expected, "{what}");
    }
}

#[test]
fn what_has_ended_is_covered_at_nothing_or_taken_away() {
    let order = orders(&[FEBRUARY[0], "S2 seat 2026-02 USD"]).pop().unwrap();
    let job = Desk::new(true).job(&order, None);
    for action in [Action::Update, Action::Cancel] {
        let changes = job.order.lines.iter().enumerate().map(|(place, of)| {
            let told = [(RECURS, of.told(RECURS_KEY).unwrap())];
            let of = line(&[&of.id], of.quantity, of.unit_price, of.amount, &told);
            change(&job, &format!("k{place}"), action, Some(&format!("line-{place}")), of)
        });
        let changes = changes.collect();
        let plan = Plan {
            task: job.task.clone(),
            changes,
            left_out: vec![],
            notes: vec![],
            payload: vec![],
            attributes: vec![],
        };
        assert_eq!(found(&plan, &job, &[]), [""; 0], "{action}");
    }
}

/// A plan that carries each line once.
fn plain(job: &Job) -> Plan {
    let changes = job.order.lines.iter().enumerate().map(|(place, of)| {
        let told: Vec<(&str, &str)> = of.told(RECURS_KEY).map(|key| (RECURS, key)).into_iter().collect();
        let carried = if told.is_empty() {
            line(&[&of.id], Decimal::ONE, of.amount, of.amount, &told)
        } else {
            line(&[&of.id], of.quantity, of.unit_price, of.amount, &told)
        };
        change(job, &format!("k{place}"), Action::Create, None, carried)
    });
    let changes = changes.collect();
    Plan { task: job.task.clone(), changes, left_out: vec![], notes: vec![], payload: vec![], attributes: vec![] }
}

/// (what was read, the last of which is planned beside all before it, what is found)
#[test]
fn the_same_line_twice_is_found_and_nothing_that_only_looks_alike() {
    const AGAIN: &str = "period-billed-already";
    let january = "S1 seat 2026-01 USD
        acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |
        acme | s2 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |
        acme | s2 | M365 | monthly-monthly | credit    | 1  | -3.00 | -3.00 |";
    let corrected = "S1 seat 2026-01 USD
        acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |
        acme | s2 | M365 | monthly-monthly | recurring | 11 | 33.00 | 363.00 |
        acme | s2 | M365 | monthly-monthly | credit    | 1  | -3.00 | -3.00 |";
    let other = "S9 other 2026-01 USD
        acme | s3 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |";
    let twice = "S9 other 2026-01 USD
        acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |";
    let february = "S2 seat 2026-02 USD
        acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |";
    let grown = "S2 seat 2026-02 USD
        acme | s1 | M365 | monthly-monthly | recurring | 200 | 33.00 | 6600.00 |";
    let rows: [(&str, &[&str], &[&str]); 6] = [
        ("a correction", &[january, corrected], &[]),
        ("another subscription of the same product", &[january, other], &[]),
        ("the month after", &[january, corrected, february], &[]),
        ("the same line of another statement", &[january, twice], &[AGAIN]),
        ("grown", &[january, grown], &["grew"]),
        ("grown beside a small correction", &[january, corrected, grown], &["grew"]),
    ];
    for (what, statements, expected) in rows {
        for recurring in [true, false] {
            let desk = Desk::new(recurring);
            let mut jobs: Vec<Job> = orders(statements).iter().map(|order| desk.job(order, None)).collect();
            let job = jobs.pop().unwrap();
            let history: Vec<Claim> = jobs.iter().flat_map(claims).collect();
            let told = found(&plain(&job), &job, &history);
            let expected: Vec<String> = expected.iter().map(|code| format!("needs-person {code}")).collect();
            assert_eq!(told, expected, "{what}, recurring: {recurring}");
        }
    }
}
