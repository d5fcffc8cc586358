//! The representation of lines, as a table.

use counterfoil_sdk::{Decimal, decimal};

use super::{d, job, line, plans};
use crate::lines::{Form, represent};

#[test]
fn each_line_is_written_exactly() {
    for (quantity, price, amount, want_quantity, want_unit, form) in [
        ("2", "20", "40", "2", "20", Form::AsOrdered),
        ("3", "0.1648", "0.4944", "3", "0.1648", Form::AsOrdered),
        ("1.5", "10.95", "16.425", "1.5", "10.95", Form::AsOrdered),
        // Signs: the amount has the last word.
        ("-1", "7.5", "7.50", "1", "7.5", Form::AsOrdered),
        ("1", "-7.5", "7.50", "1", "7.5", Form::AsOrdered),
        // Prorated: 18 × 33.00 × 19/30.
        ("18", "33.00", "376.20", "18", "20.9", Form::UnitFromAmount),
        ("8", "1", "0.01", "1", "0.01", Form::OnePiece),
        ("16", "1", "0.01", "1", "0.01", Form::OnePiece),
        ("3", "3.3333", "10.00", "1", "10", Form::OnePiece),
        // More decimals than Xero keeps.
        ("0.12345", "100", "12.35", "1", "12.35", Form::OnePiece),
        ("1000", "0.00012", "0.12", "1", "0.12", Form::OnePiece),
        ("4", "0.000025", "0.01", "4", "0.0025", Form::UnitFromAmount),
        ("0", "10", "10.00", "1", "10", Form::OnePiece),
        ("79228162514264337593543950335", "2", "10.00", "1", "10", Form::OnePiece),
    ] {
        let got = represent(d(quantity), d(price), d(amount));
        assert_eq!(
            (got.quantity, got.unit, got.form),
            (d(want_quantity), d(want_unit), form),
            "{quantity} × {price} → {amount}"
        );
    }
}

#[test]
fn the_product_is_the_amount_whatever_comes() {
    // Every cent amount up to 3.00 with quantities that divide well and badly.
    for cents in 1..300 {
        for quantity in ["1", "2", "3", "7", "18", "0.25", "2.3333", "-4", "0"] {
            let amount = Decimal::new(cents, 2);
            let got = represent(d(quantity), d("1.2345"), amount);
            assert_eq!(decimal::product(got.quantity, got.unit), Some(amount), "{quantity} for {amount}");
            assert!(got.quantity.normalize().scale() <= 4 && got.unit.normalize().scale() <= 4);
            assert!(got.quantity > Decimal::ZERO && got.unit > Decimal::ZERO);
        }
    }
}

#[test]
fn descriptions_say_product_fee_and_period() {
    let mut plan = plans(&[job(
        "t1",
        "SO1",
        vec![line("a", "resource-recurring", "2", "20", "40"), line("b", "resource-recurring", "3", "3.3333", "10")],
    )]);
    let lines = plan.remove(0).changes.remove(0).lines;
    assert_eq!(lines[0].description, "Microsoft 365 Business Premium, resource recurring, 2026-11-01 to 2026-11-30");
    assert_eq!(
        lines[1].description,
        "Microsoft 365 Business Premium, resource recurring, 2026-11-01 to 2026-11-30 (3 × 3.3333)"
    );
    assert!(lines[1].why.contains("one piece"), "{}", lines[1].why);
}
