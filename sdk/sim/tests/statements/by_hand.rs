//! The small world against numbers worked out on paper; its table is in the world's own documentation.

use counterfoil_sim::statements::oracle::{self, Cell};
use counterfoil_sim::statements::{Charge, Grouping, Motion, Record, StatementWorld};

use crate::{amount, month};

/// Month, subscription, charge, first and last day, quantity, cost, retail.
type Line = (&'static str, u32, Charge, &'static str, &'static str, &'static str, &'static str, &'static str);

const LINES: [Line; 14] = [
    ("2026-01", 30_001, Charge::NewPurchase, "2026-01-01", "2026-01-31", "10", "264.00", "316.80"),
    ("2026-01", 30_002, Charge::NewPurchase, "2026-01-17", "2026-01-31", "5", "30.24", "37.81"),
    ("2026-02", 30_001, Charge::CycleInstanceProrate, "2026-02-01", "2026-02-14", "10", "132.00", "158.40"),
    ("2026-02", 30_001, Charge::CycleInstanceProrate, "2026-02-15", "2026-02-28", "12", "158.40", "190.08"),
    ("2026-02", 30_002, Charge::CycleFee, "2026-02-01", "2026-02-28", "5", "62.50", "78.15"),
    ("2026-02", 30_003, Charge::NewPurchase, "2026-02-01", "2027-01-31", "3", "144.00", "180.00"),
    ("2026-02", 30_004, Charge::Usage, "2026-02-01", "2026-02-28", "1000.5", "0.12351173", "0.14821407"),
    ("2026-02", 30_004, Charge::Usage, "2026-02-01", "2026-02-28", "31", "15.5", "18.6"),
    ("2026-03", 30_001, Charge::CycleFee, "2026-03-01", "2026-03-31", "12", "316.80", "380.16"),
    ("2026-03", 30_001, Charge::CustomerCredit, "2026-01-01", "2026-01-31", "-2", "-52.80", "-63.36"),
    ("2026-03", 30_002, Charge::CycleFee, "2026-03-01", "2026-03-31", "5", "62.50", "78.15"),
    ("2026-03", 30_003, Charge::AddQuantity, "2026-03-01", "2027-01-31", "1", "44.32", "55.40"),
    ("2026-03", 30_005, Charge::NewPurchase, "2026-03-10", "2026-03-31", "2", "25.55", "30.66"),
    ("2026-03", 30_005, Charge::CancelImmediate, "2026-03-13", "2026-03-31", "-2", "-22.06", "-26.48"),
];

#[test]
fn every_line_is_the_one_worked_out_on_paper() {
    for grouping in [Grouping::Provisions, Grouping::Invoices] {
        let world = StatementWorld::fixture(grouping);
        let mut found: Vec<&Record> = world.statements().iter().flat_map(|one| &one.records).collect();
        assert_eq!(found.len(), LINES.len());
        for (text, subscription, charge, start, end, quantity, cost, retail) in LINES {
            let wanted = |one: &&Record| {
                one.month == month(text)
                    && one.subscription == Some(subscription)
                    && one.charge == charge
                    && (one.start.to_string(), one.end.to_string()) == (start.to_owned(), end.to_owned())
                    && one.quantity == amount(quantity)
            };
            let at = found.iter().position(wanted).unwrap_or_else(|| panic!("{text} {subscription} {charge:?}"));
            let line = found.remove(at);
            assert_eq!((line.cost, line.retail), (amount(cost), amount(retail)), "{text} {subscription} {charge:?}");
        }
    }
}

#[test]
fn statements_come_to_what_was_added_up_on_paper() {
    let totals = |grouping| -> Vec<(String, &'static str, String)> {
        let world = StatementWorld::fixture(grouping);
        let shown =
            world.statements().iter().map(|one| (one.month.to_string(), one.series.name(), one.total.to_string()));
        shown.collect()
    };
    let row = |month: &str, series, total: &str| (month.to_owned(), series, total.to_owned());
    assert_eq!(
        totals(Grouping::Provisions),
        [
            row("2026-01", "Seat", "294.24"),
            row("2026-02", "Seat", "496.90"),
            row("2026-02", "Usage", "15.62"),
            row("2026-03", "Seat", "374.31"),
        ]
    );
    // 132 + 158.40 + 62.50 + 15.62…; 316.80 − 52.80 + 62.50 + 25.55 − 22.06.
    assert_eq!(
        totals(Grouping::Invoices),
        [
            row("2026-01", "Monthly", "294.24"),
            row("2026-02", "Monthly", "368.52"),
            row("2026-02", "Terms", "144.00"),
            row("2026-03", "Monthly", "329.99"),
            row("2026-03", "Terms", "44.32"),
        ]
    );
}

#[test]
fn the_oracle_says_what_was_added_up_on_paper() {
    let (contoso, fabrikam) = (Some(21_001), Some(21_002));
    let expected = oracle::expected(&StatementWorld::fixture(Grouping::Provisions));
    let table = [
        (contoso, Motion::MonthlyMonthly, "2026-01", "264.00", "316.80", "10 × 31.68"),
        (fabrikam, Motion::AnnualMonthly, "2026-01", "30.24", "37.81", "5 × 15.63"),
        (contoso, Motion::MonthlyMonthly, "2026-02", "290.40", "348.48", "12 × 31.68"),
        (contoso, Motion::Usage, "2026-02", "15.62351173", "18.74821407", ""),
        (fabrikam, Motion::AnnualMonthly, "2026-02", "62.50", "78.15", "5 × 15.63"),
        (fabrikam, Motion::AnnualUpfront, "2026-02", "144.00", "180.00", "3 × 60.00"),
        (contoso, Motion::MonthlyMonthly, "2026-03", "267.49", "320.98", "12 × 31.68"),
        (fabrikam, Motion::AnnualMonthly, "2026-03", "62.50", "78.15", "5 × 15.63"),
        (fabrikam, Motion::AnnualUpfront, "2026-03", "44.32", "55.40", "4 × 60.00"),
    ];
    assert_eq!(expected.cells.len(), table.len());
    for (tenant, motion, text, cost, retail, closing) in table {
        let cell = Cell { tenant, motion, month: month(text), currency: "USD" };
        let sums = expected.cells[&cell];
        assert_eq!((sums.cost, sums.retail), (amount(cost), amount(retail)), "{cell:?}");
        let held = expected.closing.get(&cell).into_iter().flatten();
        let held: Vec<String> = held.map(|one| format!("{} × {}", one.quantity, one.unit_retail)).collect();
        assert_eq!(held.join(", "), closing, "{cell:?}");
    }
}
