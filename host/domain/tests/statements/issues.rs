//! Statements that are issued again: found by content, their difference billed once.

use counterfoil_domain::statement::{Statement, What, content};

use super::table::{History, lines, number, read, shown};

const JANUARY: &str = "S1 seat 2026-01 USD
    acme | s1 | M365 | monthly-monthly | recurring | 10 | 33.00 | 330.00 |
    acme | s2 | E5   | monthly-monthly | recurring | 2  | 57.00 | 114.00 |
    acme | s1 | AZ   | usage           | usage     | 1  | 8.00  | 8.00 |
    beta | s3 | M365 | monthly-monthly | recurring | 1  | 33.00 | 33.00 |";

fn changed(id: &str, change: impl FnOnce(&mut Statement)) -> Statement {
    let mut statement = read(JANUARY);
    statement.head.id = id.into();
    change(&mut statement);
    statement
}

/// Which of a dozen re-reads is what.
#[test]
fn a_statement_is_known_by_what_it_says() {
    let reversed = |s: &mut Statement| s.records.reverse();
    let renamed = |s: &mut Statement| s.records[0].customer_name = "Acme Incorporated".into();
    let dearer = |s: &mut Statement| s.records[0].amount = number("340.00");
    let half_gone = |s: &mut Statement| s.records.truncate(2);
    let mostly_gone = |s: &mut Statement| s.records.truncate(1);
    let others = |s: &mut Statement| s.records.iter_mut().for_each(|record| record.subscription.push('x'));
    type Change = fn(&mut Statement);
    let (same, reissue, additional) = ("same", "reissue", "additional");
    let rows: [(&str, Change, &str); 9] = [
        ("S1", |_| {}, same),
        ("S9", |_| {}, same),
        ("S9", reversed, same),
        ("S1", renamed, same),
        ("S1", dearer, reissue),
        ("S9", dearer, reissue),
        ("S9", half_gone, reissue),
        ("S9", mostly_gone, additional),
        ("S1", others, reissue),
    ];
    for (id, change, expected) in rows {
        let mut history = History::default();
        history.take(&read(JANUARY));
        let taken = history.take(&changed(id, change));
        assert_eq!(taken.what.name(), expected, "{id}");
        let (lineage, issue) = match expected {
            "same" => ("S1", 1),
            "reissue" => ("S1", 2),
            _ => ("S9", 1),
        };
        assert_eq!((taken.lineage.as_str(), taken.issue), (lineage, issue), "{id} {expected}");
        assert_eq!(taken.orders.is_empty(), expected == same, "{id} {expected}");
    }
    let mut others_only = changed("S9", others);
    others_only.head.stream = "usage".into();
    let mut history = History::default();
    history.take(&read(JANUARY));
    assert_eq!(history.take(&others_only).what, What::First, "another stream is another matter");
    assert_eq!(content(&read(JANUARY)), content(&changed("S9", reversed)));
}

/// The old id stands in the list still, beside the new one.
#[test]
fn two_ids_of_one_statement_are_read_again_and_again_and_bill_once() {
    let mut history = History::default();
    let first = read(JANUARY);
    let second = changed("S9", |s| s.records[0].amount = number("340.00"));
    let third = changed("S9", |s| s.records[0].amount = number("350.00"));
    let told: Vec<String> = [&first, &second, &first, &second, &third, &third, &first]
        .into_iter()
        .map(|statement| {
            let taken = history.take(statement);
            let more: rust_decimal::Decimal =
                taken.orders.iter().flat_map(|order| &order.lines).map(|line| line.amount).sum();
            format!("{} {} {}", taken.what.name(), taken.issue, more.normalize())
        })
        .collect();
    assert_eq!(told, ["first 1 485", "reissue 2 10", "same 1 0", "same 2 0", "reissue 3 10", "same 3 0", "same 1 0"]);
}

/// (how the re-issue differs, its orders)
#[test]
fn a_reissue_bills_the_difference_and_says_again_what_goes_on() {
    type Change = fn(&mut Statement);
    let rows: [(&str, Change, &str); 5] = [
        (
            "an amount changed",
            |s| s.records[0].amount = number("340.00"),
            "S1:acme:monthly-monthly:2 \"S1 monthly-monthly acme correction 2\" 10.00 USD
               resource-overuse 1 × 10 = 10 corrects Product M365, 2026-01-01 to 2026-01-31: was 330.00 USD, is 340.00 USD
               resource-recurring 10 × 33 = 0 → 10 × 33 Product M365, 2026-01-01 to 2026-01-31
               resource-recurring 2 × 57 = 0 → 2 × 57 Product E5, 2026-01-01 to 2026-01-31",
        ),
        (
            "a line is gone",
            |s| _ = s.records.remove(1),
            "S1:acme:monthly-monthly:2 \"S1 monthly-monthly acme correction 2\" -114.00 USD
               resource-recurring-refund 1 × -114 = -114 corrects Product E5, 2026-01-01 to 2026-01-31: was 114.00 USD, is 0.00 USD
               resource-recurring 10 × 33 = 0 → 10 × 33 Product M365, 2026-01-01 to 2026-01-31
               resource-recurring 0 × 57 = 0 → 0 × 57 Product E5, 2026-01-01 to 2026-01-31 has ended",
        ),
        (
            "only how much goes on changed",
            |s| (s.records[3].quantity, s.records[3].unit_price) = (number("3"), number("11.00")),
            "S1:beta:monthly-monthly:2 \"S1 monthly-monthly beta correction 2\" 0.00 USD
               resource-recurring 3 × 11 = 0 → 3 × 11 Product M365, 2026-01-01 to 2026-01-31",
        ),
        (
            "usage does not go on",
            |s| s.records[2].amount = number("7.995"),
            "S1:acme:usage:2 \"S1 usage acme correction 2\" -0.005 USD
               resource-recurring-refund 1 × -0.005 = -0.005 corrects Product AZ (usage), 2026-01-01 to 2026-01-31: was 8.00 USD, is 7.995 USD",
        ),
        ("only the cost changed", |s| s.records[0].cost = number("1.00"), ""),
    ];
    for (what, change, expected) in rows {
        for id in ["S1", "S9"] {
            let mut history = History::default();
            history.take(&read(JANUARY));
            let taken = history.take(&changed(id, change));
            assert_eq!(taken.what, What::Reissue { of: "S1".into() }, "{what}");
            let expected: Vec<String> = expected
                .lines()
                .map(str::trim)
                .map(|row| {
                    if row.starts_with("S1:") { row.replace("\"S1 ", &format!("\"{id} ")) } else { format!("  {row}") }
                })
                .collect();
            assert_eq!(shown(&taken.orders), expected.join("\n"), "{what} as {id}");
        }
    }
}

/// What goes on is what the newest month says.
#[test]
fn a_late_reissue_corrects_money_and_nothing_else() {
    let mut history = History::default();
    history.take(&read(JANUARY));
    history.take(&read(
        "S2 seat 2026-02 USD
         acme | s1 | M365 | monthly-monthly | recurring | 12 | 33.00 | 396.00 |",
    ));
    let taken =
        history.take(&changed("S1", |s| (s.records[0].amount, s.records[0].quantity) = (number("297"), number("9"))));
    let expected = "
        S1:acme:monthly-monthly:2 \"S1 monthly-monthly acme correction 2\" -33.00 USD
          resource-recurring-refund 1 × -33 = -33 corrects Product M365, 2026-01-01 to 2026-01-31: was 330.00 USD, is 297.00 USD";
    assert_eq!(shown(&taken.orders), lines(expected));
    let part = taken.orders[0].statement.as_ref().unwrap();
    assert_eq!((part.before, part.issue), (number("444.00"), 2), "with what was billed before");
}

/// Beside each other they end nothing of each other; the month after ends what neither has.
#[test]
fn an_additional_statement_ends_nothing_and_is_ended_by_the_next_month() {
    let mut history = History::default();
    history.take(&read(JANUARY));
    let more = "S1b seat 2026-01 USD
        acme | s7 | P2 | monthly-monthly | recurring | 4 | 5.00 | 20.00 |";
    let taken = history.take(&read(more));
    assert_eq!(taken.what, What::Additional { beside: "S1".into() });
    let expected = "
        S1b:acme:monthly-monthly \"S1b monthly-monthly acme\" 20.00 USD
          resource-recurring 4 × 5 = 20 → 4 × 5 Product P2, 2026-01-01 to 2026-01-31";
    assert_eq!(shown(&taken.orders), lines(expected));
    let again = history.take(&changed("S1", |s| _ = s.records.remove(0)));
    let ended: Vec<String> = again.orders[0].lines.iter().map(|line| line.description.clone()).collect();
    assert!(ended.iter().all(|line| !line.contains("P2")), "{ended:?}");
    let february = history.take(&read("S2 seat 2026-02 USD"));
    let ended: Vec<&str> = february
        .orders
        .iter()
        .flat_map(|order| &order.lines)
        .map(|line| line.product.as_ref().unwrap().code.as_str())
        .collect();
    assert_eq!(ended, ["E5", "P2", "M365"], "acme's E5 and P2, beta's M365; acme's M365 ended with the re-issue");
}
