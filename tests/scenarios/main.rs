//! The scenario tables of the targets, held three ways: the rules that run over the plugins' own cards, the tables that
//! a bookkeeper reads (`xero.txt`, `connectwise.txt`), and an oracle written from the design alone. Every combination
//! of order type, billing model, usage, fee, price choice and circumstance must come out the same in all of them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod every;
mod golden;
mod judged;
mod oracle;
mod printed;
mod properties;
mod types;

use counterfoil_runtime::manifest;

use every::{Tables, Target, every};
use oracle::Outcome;

#[test]
fn every_combination_comes_out_as_the_design_says() {
    let cases = every();
    // 7 order types, 5 models, usage or not, 24 fees and one unknown, 2 price choices, 2 × 2 circumstances, switch on or off.
    assert_eq!(cases.len(), 7 * 5 * 2 * 25 * 2 * 4 * 2);
    for target in Target::ALL {
        let tables = target.tables();
        let mut billed = 0;
        for case in &cases {
            let outcome = case.taken_by(&tables);
            assert_eq!(outcome, oracle::expected(target, case), "{target:?}: {case:?}");
            billed += usize::from(matches!(outcome, Outcome::Billed { .. }));
        }
        assert!(billed > 0 && billed < cases.len(), "{billed} of {} are billed", cases.len());
    }
}

/// What a card says, what is said instead, and of which target.
const CHANGES: &[(Target, &str, &str)] = &[
    (Target::Xero, "resource-downgrade = \"order\"", "resource-downgrade = \"catalogue\""),
    (Target::Xero, "order = \"cancellation\"", "order = \"renewal\""),
    (Target::Xero, "models = [\"after-billing-period\", \"external-rating\"]", "models = [\"after-billing-period\"]"),
    (Target::Xero, "partial-period = [\"plan-recurring\", ", "partial-period = ["),
    (Target::Xero, "aligned-with-statement-day = [\"plan-recurring\", ", "aligned-with-statement-day = ["),
    (Target::Xero, "plan-setup = \"catalogue\", resource-setup", "resource-setup"),
    (Target::Xero, "cancellation-fee = \"order\"", "cancellation-fee = \"order\", penalty = \"order\""),
    (Target::ConnectWise, "refused_when = [\"aligned-with-statement-day\"]\n", ""),
    (Target::ConnectWise, "refused_when = [\"aligned-with", "refused_when = [\"partial-period\", \"aligned-with"),
    (Target::ConnectWise, "prorate = [\"plan-recurring\", ", "prorate = ["),
    (Target::ConnectWise, "prorate = [\"plan-recurring\", \"resource-recurring\"]\n", ""),
    (Target::ConnectWise, "resource-downgrade = \"order\"", "resource-downgrade = \"catalogue\""),
];

/// The oracle is no echo: with one thing moved in a card, it disagrees.
#[test]
fn a_card_with_another_table_is_noticed() {
    for (target, from, to) in CHANGES {
        let card = target.text();
        let changed = card.replacen(from, to, 1);
        assert_ne!(changed, card, "the card of {target:?} does not say {from}");
        let tables = Tables::of(&manifest::parse(&changed).unwrap().scenarios);
        let differs = every().iter().any(|case| case.taken_by(&tables) != oracle::expected(*target, case));
        assert!(differs, "nobody noticed {to}");
    }
}
