//! What targets get: whole records where nothing stands in containers, else what goes on and, beside it, the rest.

use counterfoil_domain::adjust::{Adjustments, LineAdjustment, LineSet};
use counterfoil_domain::id::{Actor, TaskId};
use counterfoil_domain::job::{Billing, RECURS, RECURS_ENDED, RECURS_QUANTITY, RECURS_UNIT_PRICE};
use counterfoil_domain::judge;
use counterfoil_domain::link::LinkKind;
use counterfoil_domain::order::{Fee, LineKind, Order};
use counterfoil_domain::task::{IgnoreReason, Need, Verdict};
use rust_decimal::Decimal;

use super::desk::{Desk, link, now};
use super::table::{History, job_lines, number, read};

fn orders(statements: &[&str]) -> Vec<Order> {
    let mut history = History::default();
    let mut orders = Vec::new();
    for text in statements {
        orders = history.take(&read(text)).orders;
    }
    orders
}

fn expected(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

/// (what it shows, statements of which the last counts, lines for a container that keeps what recurs, lines for any other)
const ROWS: &[(&str, &[&str], &str, &str)] = &[
    (
        "a whole month is one line",
        &["S1 seat 2026-01 USD
           acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |"],
        "resource-recurring 10 × 33 = 330 recurs acme/monthly-monthly/s1/M365",
        "resource-recurring 10 × 33 = 330",
    ),
    (
        "a part of a month, then the whole: segments before the last are billed once",
        &["S1 seat 2026-01 USD
           acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 117.10 | 1..11
           acme | s1 | M365 | monthly-monthly | recurring | 15 | 33.00 | 319.35 | 12..31"],
        "resource-recurring 10 × 33 = 117.1
         resource-recurring 15 × 33 = 495 recurs acme/monthly-monthly/s1/M365
         resource-recurring-refund 1 × -175.65 = -175.65",
        "resource-recurring 10 × 33 = 117.1
         resource-recurring 15 × 33 = 319.35",
    ),
    (
        "a free month goes on at its price",
        &["S1 seat 2026-01 USD
           acme | s1 | M365 | monthly-monthly | recurring | 2 | 33.00 | 0.00 |
           acme | s2 | E5   | monthly-monthly | recurring | 1 | 57.00 | 60.00 |"],
        "resource-recurring 2 × 33 = 66 recurs acme/monthly-monthly/s1/M365
         resource-recurring-refund 1 × -66 = -66
         resource-recurring 1 × 57 = 57 recurs acme/monthly-monthly/s2/E5
         resource-recurring 1 × 3 = 3",
        "resource-recurring 1 × 57 = 60",
    ),
    (
        "a price finer than a coin is one piece at the rounded amount",
        &["S1 seat 2026-01 USD
           acme | s1 | M365 | monthly-monthly | recurring | 3 | 1.3335 | 4.00 |"],
        "resource-recurring 1 × 4 = 4 recurs acme/monthly-monthly/s1/M365",
        "resource-recurring 3 × 1.3335 = 4",
    ),
    (
        "what has ended stands at nothing",
        &[
            "S1 seat 2026-01 USD
             acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |
             acme | s2 | E5   | monthly-monthly | recurring | 1  | 57.00 | 57.00 |",
            "S2 seat 2026-02 USD
             acme | s2 | E5   | monthly-monthly | recurring | 1  | 57.00 | 57.00 |",
        ],
        "resource-recurring 1 × 57 = 57 recurs acme/monthly-monthly/s2/E5
         resource-recurring 0 × 33 = 0 recurs acme/monthly-monthly/s1/M365",
        "resource-recurring 1 × 57 = 57",
    ),
    (
        "a correction: the difference, and all that goes on set off against itself",
        &[
            "S1 seat 2026-01 USD
             acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |",
            "S1 seat 2026-01 USD
             acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 335.00 |",
        ],
        "resource-overuse 1 × 5 = 5
         resource-recurring 10 × 33 = 330 recurs acme/monthly-monthly/s1/M365
         resource-recurring-refund 1 × -330 = -330",
        "resource-overuse 1 × 5 = 5",
    ),
    (
        "a commitment that is paid at once is billed once",
        &["S1 seat 2026-01 USD
           acme | s1 | M365 | annual-upfront | recurring | 10 | 330.00 | 3300.00 |"],
        "resource-recurring 10 × 330 = 3300",
        "resource-recurring 10 × 330 = 3300",
    ),
    (
        "coins that each line would lose by itself fall on the lines that lost most",
        &["S1 seat 2026-01 USD
           acme | | A | usage | usage | 1 | 0.004 | 0.004 |
           acme | | B | usage | usage | 1 | 0.003 | 0.003 |
           acme | | C | usage | usage | 1 | 1.004 | 1.004 |"],
        "resource-overuse 1 × 0.004 = 0.01
         resource-overuse 1 × 0.003 = 0
         resource-overuse 1 × 1.004 = 1",
        "resource-overuse 1 × 0.004 = 0.01
         resource-overuse 1 × 0.003 = 0
         resource-overuse 1 × 1.004 = 1",
    ),
];

#[test]
fn lines_are_the_statement_whichever_way_a_target_bills() {
    for (what, statements, standing, once) in ROWS {
        let orders = orders(statements);
        assert_eq!(orders.len(), 1, "{what}");
        for (recurring, lines) in [(true, standing), (false, once)] {
            let job = Desk::new(recurring).job(&orders[0], None);
            assert_eq!(job_lines(&job), expected(lines), "{what}, recurring: {recurring}");
            let natural: Decimal = orders[0].lines.iter().map(|line| line.amount).sum();
            assert_eq!(
                job.order.total,
                natural.round_dp_with_strategy(2, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
            );
            let ids: std::collections::BTreeSet<_> = job.order.lines.iter().map(|line| &line.id).collect();
            assert_eq!(ids.len(), job.order.lines.len(), "{what}");
            for line in &job.order.lines {
                assert!(line.told("charge").is_some() && line.service_period.is_some(), "{what}");
                assert!(line.told(RECURS).is_none() || recurring, "{what}");
                assert!(line.item.is_some(), "{what}: the rest is of the same item");
            }
        }
    }
}

#[test]
fn the_target_is_told_which_statement_motion_and_issue_and_what_stands_behind_a_piece() {
    let orders = orders(ROWS[3].1);
    let job = Desk::new(true).job(&orders[0], None);
    let told: Vec<String> = job.order.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(told, ["statement=S1", "statement.period=2026-01-01/2026-02-01", "motion=monthly-monthly", "issue=1"]);
    assert_eq!(job.order.billing_cycle, "P1M");
    let line = &job.order.lines[0];
    assert_eq!((line.told(RECURS_QUANTITY), line.told(RECURS_UNIT_PRICE)), (Some("3"), Some("1.3335")));
    assert_eq!(line.told(RECURS_ENDED), None);
    let ended = Desk::new(true).job(&self::orders(ROWS[4].1)[0], None);
    assert_eq!(ended.order.lines[1].told(RECURS_ENDED), Some("true"));
    let rest = &Desk::new(true).job(&self::orders(ROWS[1].1)[0], None).order.lines[2];
    assert_eq!(rest.told("charge"), Some("proration"));
    assert!(rest.description.contains("(part of a period: 319.35 instead of 495.00)"), "{}", rest.description);
    assert!(rest.arithmetic.starts_with("319.35 USD − 495.00 USD = -175.65 USD"), "{}", rest.arithmetic);
    let free = &Desk::new(true).job(&self::orders(ROWS[2].1)[0], None).order.lines[1];
    assert!(free.description.contains("not billed this month"), "{}", free.description);
}

/// What a person sets is what this month is billed; what goes on is what the statement closes with.
#[test]
fn what_people_set_changes_this_month_and_not_what_goes_on() {
    let order = &orders(ROWS[0].1)[0];
    let line = &order.lines[0];
    let set = |set: LineSet| {
        let LineKind::Fee(fee) = line.kind else { panic!() };
        let mut all = Adjustments::none(TaskId::new("t"), Actor::new("ann"), now());
        let product = line.product.as_ref().map(|product| product.code.clone());
        all.lines.push(LineAdjustment { line: line.id.clone(), fee, product, set });
        all
    };
    let goes_on = "resource-recurring 10 × 33 = 330 recurs acme/monthly-monthly/s1/M365";
    let rows = [
        (
            LineSet { quantity: Some(number("4")), ..LineSet::default() },
            "132",
            "resource-recurring-refund 1 × -198 = -198",
        ),
        (LineSet { unit_price: Some(number("40")), ..LineSet::default() }, "400", "resource-recurring 1 × 70 = 70"),
        (
            LineSet { billing: Some(Billing::DoNotBill), ..LineSet::default() },
            "0",
            "resource-recurring-refund 1 × -330 = -330",
        ),
        (
            LineSet { billing: Some(Billing::NoCharge), ..LineSet::default() },
            "0",
            "resource-recurring-refund 1 × -330 = -330",
        ),
    ];
    for (values, total, rest) in rows {
        let job = Desk::new(true).job(order, Some(&set(values.clone())));
        assert_eq!(job_lines(&job), format!("{goes_on}\n{rest}"), "{values:?}");
        assert_eq!(job.order.total, number(total), "{values:?}");
        assert!(job.order.lines.iter().all(|line| line.billing == Billing::Billable && line.item.is_some()));
    }
}

/// (what is ended or unpaid, recurring, the verdict)
#[test]
fn an_order_that_only_ends_is_for_containers_that_keep_what_recurs() {
    let statements = [
        "S1 seat 2026-01 USD
         acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |",
        "S2 seat 2026-02 USD",
    ];
    let order = &orders(&statements)[0];
    assert_eq!(order.lines.len(), 1);
    for recurring in [true, false] {
        let desk = Desk::new(recurring);
        let (verdict, lines) =
            desk.judged(order, &Desk::links(order), None, |judged| (judged.verdict.clone(), judged.lines.len()));
        match verdict {
            Verdict::Ready if recurring => assert_eq!(lines, 1),
            Verdict::Ignored(ignored) if !recurring => assert_eq!(ignored.reason, IgnoreReason::ZeroAmount),
            other => panic!("{recurring}: {other:?}"),
        }
    }
    // And what it needs names the motion, not an id.
    let mut links = judge::LinkBook::default();
    links.insert(link(LinkKind::Party, "acme"));
    let needs = Desk::new(true).judged(order, &links, None, |judged| match judged.verdict {
        Verdict::Pending(needs) => needs,
        other => panic!("{other:?}"),
    });
    let container = needs.iter().find_map(|need| match need {
        Need::Link { kind: LinkKind::Container, source, name } => Some((source.as_str(), name.as_str())),
        _ => None,
    });
    assert_eq!(container, Some(("acme/monthly-monthly", "Monthly billing with monthly commitment")));
    assert!(needs.iter().any(|need| matches!(need, Need::Link { kind: LinkKind::Item, .. })));
}

/// Every fee of a statement is one that the cards' billing rows know.
#[test]
fn statements_charge_three_fees() {
    let all = "S1 seat 2026-01 USD
        a | s | P | monthly-monthly | recurring  | 1 | 1 | 1 |
        a | s | P | monthly-monthly | proration  | 1 | 1 | 1 |
        a | s | P | monthly-monthly | usage      | 1 | 1 | 1 |
        a | s | P | monthly-monthly | one-time   | 1 | 1 | 1 |
        a | s | P | monthly-monthly | credit     | 1 | 1 | 1 |
        a | s | P | monthly-monthly | adjustment | 1 | 1 | -1 |
        a | s | P | monthly-monthly | other      | 1 | 1 | 1 |";
    let fees: Vec<LineKind> = orders(&[all])[0].lines.iter().map(|line| line.kind.clone()).collect();
    let (recurring, overuse, refund) = (Fee::ResourceRecurring, Fee::ResourceOveruse, Fee::ResourceRecurringRefund);
    let expected = [recurring, recurring, overuse, overuse, overuse, refund, overuse].map(LineKind::Fee);
    assert_eq!(fees, expected);
}
