//! Records become orders, fees and closings.

use counterfoil_domain::id::CustomerId;
use counterfoil_domain::market::Unreadable;
use counterfoil_domain::motion::Motion;
use counterfoil_domain::order::{BillingModel, OrderStatus, OrderType};
use counterfoil_domain::period::Cycle;
use counterfoil_domain::statement::{What, in_first_window, of_subscription, subscription_id};

use super::table::{History, head, lines, month, number, read, shown};

/// (what it shows, the statement, its orders)
const ROWS: &[(&str, &str, &str)] = &[
    (
        "one order for each customer and motion; annual products have their prefix, usage and one-time do not go on",
        "S1 seat 2026-01 USD
         acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |
         acme | s2 | E5   | annual-monthly  | recurring | 2  | 57.00 | 114.00 |
         acme | s3 | E5   | annual-upfront  | recurring | 1  | 600.00 | 600.00 |
         acme |    | AZ   | usage           | usage     | 3.5 | 0.0123 | 0.04305 |
         beta | s9 | M365 | monthly-monthly | one-time  | 1  | 5.00  | 5.00 |",
        "S1:acme:monthly-monthly \"S1 monthly-monthly acme\" 330.00 USD
           resource-recurring 10 × 33 = 330 → 10 × 33 Product M365, 2026-01-01 to 2026-01-31
         S1:acme:annual-monthly \"S1 annual-monthly acme\" 114.00 USD
           resource-recurring 2 × 57 = 114 → 2 × 57 Product E5, 2026-01-01 to 2026-01-31
         S1:acme:annual-upfront \"S1 annual-upfront acme\" 600.00 USD
           resource-recurring 1 × 600 = 600 Product E5, 2026-01-01 to 2026-01-31
         S1:acme:usage \"S1 usage acme\" 0.04305 USD
           resource-overuse 3.5 × 0.0123 = 0.04305 Product AZ (usage), 2026-01-01 to 2026-01-31
         S1:beta:monthly-monthly \"S1 monthly-monthly beta\" 5.00 USD
           resource-overuse 1 × 5 = 5 Product M365 (one-time), 2026-01-01 to 2026-01-31",
    ),
    (
        "segments: the one that reaches furthest goes on, of two the last; what is given back does not",
        "S1 seat 2026-01 USD
         acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 117.10 | 1..11
         acme | s1 | M365 | monthly-monthly | recurring | 15 | 33.00 | 319.35 | 12..31
         acme | s1 | M365 | monthly-monthly | recurring | -2 | 33.00 | -66.00 | 12..31
         acme | s2 | M365 | monthly-monthly | recurring | 3  | 33.00 | 99.00  |
         acme | s2 | M365 | monthly-monthly | proration | 4  | 33.00 | 20.00  | 20..31
         acme | s2 | M365 | monthly-monthly | credit    | 1  | -7.00 | -7.00  |
         acme | s2 | M365 | monthly-monthly | other     | 1  | 1.00  | 1.00   |",
        "S1:acme:monthly-monthly \"S1 monthly-monthly acme\" 483.45 USD
           resource-recurring 10 × 33 = 117.1 Product M365, 2026-01-01 to 2026-01-11
           resource-recurring 15 × 33 = 319.35 → 15 × 33 Product M365, 2026-01-12 to 2026-01-31
           resource-recurring-refund -2 × 33 = -66 Product M365 (credit), 2026-01-12 to 2026-01-31
           resource-recurring 3 × 33 = 99 Product M365, 2026-01-01 to 2026-01-31
           resource-recurring 4 × 33 = 20 → 4 × 33 Product M365 (proration), 2026-01-20 to 2026-01-31
           resource-recurring-refund 1 × -7 = -7 Product M365 (credit), 2026-01-01 to 2026-01-31
           resource-overuse 1 × 1 = 1 Product M365 (OTHER), 2026-01-01 to 2026-01-31",
    ),
    (
        "another currency is an order of its own; a key of nothing does not go on",
        "S1 seat 2026-01 USD
         acme | s1 | M365 | monthly-monthly | recurring | 1 | 33.00 | 33.00 |
         acme | s1 | E1   | monthly-monthly | recurring | 0 | 33.00 | 0.00  |
         acme | s2 | M365 | monthly-monthly | recurring | 1 | 30.00 | 30.00 | | 30.00 | 30.00 | EUR",
        "S1:acme:monthly-monthly \"S1 monthly-monthly acme\" 33.00 USD
           resource-recurring 1 × 33 = 33 → 1 × 33 Product M365, 2026-01-01 to 2026-01-31
           resource-recurring 0 × 33 = 0 Product E1, 2026-01-01 to 2026-01-31
         S1:acme:monthly-monthly:EUR \"S1 monthly-monthly acme EUR\" 30.00 EUR
           resource-recurring 1 × 30 = 30 → 1 × 30 Product M365, 2026-01-01 to 2026-01-31",
    ),
    (
        "nothing of a motion that nobody knows goes on",
        "S1 seat 2026-01 USD
         acme | s1 | M365 | unknown | recurring | 1 | 33.00 | 33.00 |",
        "S1:acme:unknown \"S1 unknown acme\" 33.00 USD
           resource-recurring 1 × 33 = 33 Product M365, 2026-01-01 to 2026-01-31, sold as \"P5Y of Seat\"",
    ),
];

fn sorted(text: &str) -> Vec<String> {
    let mut orders: Vec<String> = Vec::new();
    for row in text.lines() {
        match orders.last_mut().filter(|_| row.starts_with(' ')) {
            Some(order) => *order = format!("{order}\n{row}"),
            None => orders.push(row.to_owned()),
        }
    }
    orders.sort();
    orders
}

#[test]
fn records_become_orders() {
    for (what, text, expected) in ROWS {
        let taken = History::default().take(&read(text));
        assert_eq!(taken.what, What::First, "{what}");
        let expected = expected
            .lines()
            .map(|row| if row.starts_with("           ") { row[9..].to_owned() } else { row.trim().to_owned() });
        let expected: Vec<String> = expected.collect();
        assert_eq!(sorted(&shown(&taken.orders)), sorted(&expected.join("\n")), "{what}");
        assert_eq!(taken.problems, [], "{what}");
    }
}

#[test]
fn an_order_is_billed_in_arrears_and_belongs_to_customer_and_motion() {
    let taken = History::default().take(&read(ROWS[0].1));
    for order in &taken.orders {
        let part = order.statement.as_ref().unwrap();
        assert_eq!((order.kind(), order.billing_model), (OrderType::Billing, BillingModel::AfterBillingPeriod));
        assert_eq!((order.status, order.total), (OrderStatus::Completed, None));
        assert_eq!(order.effective_on(), part.period.end());
        assert_eq!(order.subscription, Some(subscription_id(&order.customer, part.motion)));
        let of = of_subscription(order.subscription.as_ref().unwrap());
        assert_eq!(of, Some((order.customer.clone(), part.motion)));
        assert_eq!(part.lines.len(), order.lines.len(), "each line is known, none twice");
        for line in &order.lines {
            let product = line.product.as_ref().unwrap();
            assert!(product.code.starts_with(part.motion.prefix()), "{}", product.code);
            assert!(line.service_period.is_some());
        }
    }
    let cycles: Vec<_> = taken.subscriptions.iter().map(|s| (s.id.to_string(), s.cycle)).collect();
    assert_eq!(cycles.len(), taken.orders.len());
    assert!(cycles.contains(&("acme/monthly-monthly".into(), Some(Cycle::Months(1)))));
    assert!(cycles.contains(&("acme/annual-upfront".into(), None)), "what is billed once has no cycle");
    let names: Vec<_> = taken.customers.iter().map(|(id, name)| format!("{id}={name}")).collect();
    assert_eq!(names, ["acme=ACME Ltd", "beta=BETA Ltd"]);
    assert_eq!(of_subscription(&"a/b/usage".into()), Some((CustomerId::new("a/b"), Motion::Usage)));
    assert_eq!(of_subscription(&"a/whatever".into()), None);
}

/// (the month before, this one, what ended)
#[test]
fn what_is_there_no_more_has_ended_in_its_own_stream_only() {
    let january = "S1 seat 2026-01 USD
        acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |
        acme | s2 | E5   | monthly-monthly | recurring | 2  | 57.00 | 114.00 |
        beta | s3 | M365 | monthly-monthly | recurring | 1  | 33.00 | 33.00 |
        beta | s4 | P1   | annual-upfront  | recurring | 1  | 99.00 | 99.00 |";
    let azure = "A1 usage 2026-01 USD
        gamma | s5 | M365 | monthly-monthly | recurring | 7 | 33.00 | 231.00 |";
    let february = "S2 seat 2026-02 USD
        acme | s1 | M365 | monthly-monthly | recurring | 12 | 33.00 | 396.00 |";
    let march = "S3 seat 2026-03 USD
        acme | s2 | E5 | monthly-monthly | recurring | 1 | 57.00 | 57.00 |";
    let mut history = History::default();
    for first in [january, azure] {
        history.take(&read(first));
    }
    let expected = "
        S2:acme:monthly-monthly \"S2 monthly-monthly acme\" 396.00 USD
          resource-recurring 12 × 33 = 396 → 12 × 33 Product M365, 2026-02-01 to 2026-02-28
          resource-recurring 0 × 57 = 0 → 0 × 57 Product E5, 2026-02-01 to 2026-02-28 has ended
        S2:beta:monthly-monthly \"S2 monthly-monthly beta\" 0.00 USD
          resource-recurring 0 × 33 = 0 → 0 × 33 Product M365, 2026-02-01 to 2026-02-28 has ended";
    let taken = history.take(&read(february));
    assert_eq!(shown(&taken.orders), lines(expected));
    assert!(taken.customers.iter().any(|(id, _)| id.as_str() == "beta"), "who has only ended is known by name");
    let expected = "
        S3:acme:monthly-monthly \"S3 monthly-monthly acme\" 57.00 USD
          resource-recurring 1 × 57 = 57 → 1 × 57 Product E5, 2026-03-01 to 2026-03-31
          resource-recurring 0 × 33 = 0 → 0 × 33 Product M365, 2026-03-01 to 2026-03-31 has ended";
    assert_eq!(
        shown(&history.take(&read(march)).orders),
        lines(expected),
        "what has ended ends once, and may come again"
    );
    // A month that comes late says nothing of what goes on.
    let late = "S0 seat 2025-12 USD
        acme | s1 | M365 | monthly-monthly | recurring | 9 | 33.00 | 297.00 |";
    let expected = "
        S0:acme:monthly-monthly \"S0 monthly-monthly acme\" 297.00 USD
          resource-recurring 9 × 33 = 297 Product M365, 2025-12-01 to 2025-12-31";
    assert_eq!(shown(&history.take(&read(late)).orders), lines(expected));
}

/// (the statement, code and words of each problem)
#[test]
fn what_is_wrong_with_a_statement_is_told_with_both_sums() {
    let rows: &[(&str, &[(&str, &str)])] = &[
        (
            "S1 seat 2026-01 USD 240.00
             acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 | | 240.00 | 24.00",
            &[],
        ),
        // Records are finer than a coin, what they come to is not.
        (
            "S1 seat 2026-01 USD 240.00
             acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 | | 240.004 | 24.0004",
            &[],
        ),
        (
            "S1 seat 2026-01 USD 240.01
             acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 | | 240.00 | 24.00",
            &[("control-total", "comes to 240.01 USD, and its records come to 240.00 USD: 0.01 USD apart")],
        ),
        (
            "S1 seat 2026-01 USD
             acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 117.00 | 1..11
             acme | s1 | M365 | monthly-monthly | recurring | 10 | 35.00 | 225.00 | 12..31
             acme | s2 | M365 | monthly-monthly | recurring | 10 | 99.00 | 990.00 | 12..31",
            &[
                (
                    "price-change",
                    "unit price of Product M365 for ACME Ltd changed from 33.00 USD to 35.00 USD on 2026-01-12",
                ),
                (
                    "price-change",
                    "unit cost of Product M365 for ACME Ltd changed from 33.00 USD to 35.00 USD on 2026-01-12",
                ),
            ],
        ),
    ];
    for (text, expected) in rows {
        let taken = History::default().take(&read(text));
        assert!(!taken.orders.is_empty(), "billing goes on");
        assert_eq!(taken.problems.len(), expected.len(), "{:?}", taken.problems);
        for (problem, (code, words)) in taken.problems.iter().zip(*expected) {
            assert_eq!((problem.code, problem.subject.as_str()), (*code, "S1"));
            assert!(problem.message.contains(words), "{}", problem.message);
        }
    }
    let mut statement = read(rows[0].0);
    let row = || Unreadable { id: None, place: "row 7".into(), problem: "SubTotalRrp is missing".into() };
    statement.unreadable = vec![row(), row()];
    let taken = History::default().take(&statement);
    assert_eq!((&taken.what, taken.orders.len()), (&What::Unreadable, 0));
    let message = &taken.problems[0].message;
    assert!(message.contains("2 records of statement S1") && message.contains("row 7: SubTotalRrp"), "{message}");
}

#[test]
fn the_first_check_takes_the_window_and_the_newest_of_each_stream() {
    let heads: Vec<_> =
        [("S1", "seat", "2026-01"), ("S2", "seat", "2026-02"), ("S3", "seat", "2026-03"), ("A1", "usage", "2025-06")]
            .into_iter()
            .map(|(id, stream, days)| head(id, stream, month(days), "USD"))
            .collect();
    for (start, expected) in [
        ("2026-03-01T00:00:00Z", vec!["S2", "S3", "A1"]),
        ("2026-06-01T00:00:00Z", vec!["S3", "A1"]),
        ("2020-01-01T00:00:00Z", vec!["S1", "S2", "S3", "A1"]),
    ] {
        let taken: Vec<&str> =
            in_first_window(&heads, start.parse().unwrap()).iter().map(|head| head.id.as_str()).collect();
        assert_eq!(taken, expected, "{start}");
    }
    assert_eq!(number("1.50"), number("1.5"));
}
