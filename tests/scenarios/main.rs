//! The scenario table of the Xero target, held three ways: the rules that run over the plugin's own card, the table
//! that a bookkeeper reads (`xero.txt`), and an oracle written from the design alone. Every combination of order type,
//! billing model, usage, fee, price choice and circumstance must come out the same in all of them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod every;
mod golden;
mod judged;
mod oracle;

use every::every;
use oracle::Outcome;

#[test]
fn every_combination_comes_out_as_the_design_says() {
    let cases = every();
    // 7 order types, 5 models, usage or not, 11 fees and one unknown, 2 price choices, 2 × 2 circumstances, switch on or off.
    assert_eq!(cases.len(), 7 * 5 * 2 * 12 * 2 * 4 * 2);
    for case in &cases {
        assert_eq!(case.taken(), oracle::expected(case), "{case:?}");
    }
    let yes = cases.iter().filter(|case| matches!(case.taken(), Outcome::Billed { .. })).count();
    assert!(yes > 0 && yes < cases.len(), "{yes} of {} are billed", cases.len());
}

/// The oracle is no echo: with one fee moved in the card, it disagrees.
#[test]
fn a_card_with_another_table_is_noticed() {
    let card = every::card_text();
    let changes = [
        ("resource-downgrade = \"order\"", "resource-downgrade = \"catalogue\""),
        ("order = \"cancellation\"", "order = \"renewal\""),
        ("models = [\"after-billing-period\", \"external-rating\"]", "models = [\"after-billing-period\"]"),
        ("partial-period = [\"plan-recurring\", ", "partial-period = ["),
        ("aligned-with-statement-day = [\"plan-recurring\", ", "aligned-with-statement-day = ["),
        ("plan-setup = \"catalogue\", resource-setup", "resource-setup"),
    ];
    for (from, to) in changes {
        let changed = card.replacen(from, to, 1);
        assert_ne!(changed, card, "the card does not say {from}");
        let table = every::table(&changed);
        let differ = every().iter().filter(|case| case.taken_by(&table) != oracle::expected(case)).count();
        assert!(differ > 0, "nobody noticed {to}");
    }
}
