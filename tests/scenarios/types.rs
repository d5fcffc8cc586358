//! What type an order is: the marketplace's word where it has one, else the prefix of its number; and what becomes of
//! renewals, migrations and types that nobody knows.

use std::collections::BTreeSet;

use counterfoil_domain::card::Scenario;
use counterfoil_domain::connection::{HostRules, PriceChoice};
use counterfoil_domain::judge::{self, Law, Standing};
use counterfoil_domain::order::{BillingModel, Fee, Order, OrderType};
use counterfoil_domain::task::{Need, Verdict};
use counterfoil_market::Origin;
use counterfoil_market::simple_api::decode_order;
use counterfoil_runtime::manifest;

use crate::every::{Case, Target};
use crate::judged;

const PREFIXES: &[(&str, OrderType)] = &[
    ("SO000123", OrderType::Sales),
    ("CH000123", OrderType::Change),
    ("BO000123", OrderType::Billing),
    ("CL000123", OrderType::Cancellation),
    ("CF000123", OrderType::Cancellation),
    ("RN000123", OrderType::Renewal),
    ("so000123", OrderType::Sales),
    ("Ch000123", OrderType::Change),
    ("bO1", OrderType::Billing),
    ("cf", OrderType::Cancellation),
    // Payments, resource orders and whatever comes next.
    ("PO000123", OrderType::Unknown),
    ("RO000123", OrderType::Unknown),
    ("MG000123", OrderType::Unknown),
    ("000123", OrderType::Unknown),
    ("S", OrderType::Unknown),
    ("", OrderType::Unknown),
    ("S O000123", OrderType::Unknown),
    // Two letters that are more than two bytes: no panic, no guess.
    ("ßO000123", OrderType::Unknown),
    ("SÖ000123", OrderType::Unknown),
    ("ＳＯ000123", OrderType::Unknown),
];

#[test]
fn only_an_unknown_type_is_told_by_the_numbers_prefix() {
    for (number, by_prefix) in PREFIXES {
        for &word in OrderType::ALL {
            let expected = if word == OrderType::Unknown { *by_prefix } else { word };
            assert_eq!(word.resolved(number), expected, "{word} {number:?}");
        }
    }
}

/// The word, the number, and what the order is: as the marketplace writes them.
const WRITTEN: &[(&str, &str, OrderType)] = &[
    (r#""sales""#, "BO1", OrderType::Sales),
    (r#""Sales""#, "BO1", OrderType::Sales),
    (r#"" change ""#, "SO1", OrderType::Change),
    (r#""renewal""#, "SO1", OrderType::Renewal),
    (r#""migration""#, "SO1", OrderType::Migration),
    (r#""unknown""#, "BO1", OrderType::Billing),
    (r#""unknown""#, "  bo1  ", OrderType::Billing),
    (r#""unknown""#, "\\tCF1", OrderType::Cancellation),
    (r#""unknown""#, "   ", OrderType::Unknown),
    (r#""unknown""#, "PO1", OrderType::Unknown),
    // A word of the future is as good as none.
    (r#""resource""#, "RN1", OrderType::Renewal),
    (r#""teleport""#, "XX1", OrderType::Unknown),
    ("null", "CL1", OrderType::Cancellation),
    (r#""""#, "CH1", OrderType::Change),
];

#[test]
fn blanks_and_spelling_change_no_type() {
    let origin = Origin { marketplace: "m".into(), currency: None };
    for (word, number, expected) in WRITTEN {
        let text = format!(
            r#"{{"id":"7","orderNumber":"{number}","type":{word},"customerId":"c","creationDate":"2026-09-18T10:00:00Z",
                "status":"completed","total":{{"currency":"USD","amount":"1.00"}},"details":[]}}"#
        );
        let order = decode_order(&text, "order 7", &origin).unwrap_or_else(|bad| panic!("{word} {number}: {bad:?}"));
        assert_eq!(order.kind(), *expected, "{word} {number:?}");
    }
}

/// A fixed case of a type, which these tests vary.
fn case(order: OrderType, fee: Fee) -> Case {
    Case {
        order,
        model: BillingModel::BeforeBillingPeriod,
        metered: false,
        fee: Some(fee),
        choice: PriceChoice::Marketplace,
        aligned: false,
        partial: false,
        switched: false,
    }
}

fn verdict(scenarios: &[Scenario], order: &Order) -> Verdict {
    let (links, rules, metered) = (judged::links(), HostRules::default(), BTreeSet::new());
    let law = Law {
        scenarios,
        rules: &rules,
        links: &links,
        metered: &metered,
        standing: Standing::default(),
        now: judged::now(),
    };
    judge::judge(order, None, law).verdict
}

fn reason(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Ignored(ignored) => ignored.reason.name(),
        Verdict::Ready => "ready",
        Verdict::Pending(needs) if matches!(needs.as_slice(), [Need::Decision { .. }]) => "needs decision",
        Verdict::Pending(_) => "pending",
    }
}

/// With lines and without: what the marketplace gives of renewals, cancellations and migrations differs.
#[test]
fn renewals_and_migrations_are_ignored_and_orders_without_lines_wait_for_a_decision() {
    let table = [
        (case(OrderType::Renewal, Fee::PlanRecurring), ["unsupported-order-type", "unsupported-order-type"]),
        (case(OrderType::Renewal, Fee::Renewal), ["unsupported-order-type", "unsupported-order-type"]),
        (case(OrderType::Migration, Fee::PlanRecurring), ["migrated-subscription", "migrated-subscription"]),
        (case(OrderType::Unknown, Fee::PlanRecurring), ["unsupported-order-type", "unsupported-order-type"]),
        (case(OrderType::Cancellation, Fee::CancellationFee), ["ready", "needs decision"]),
        (case(OrderType::Sales, Fee::PlanSetup), ["ready", "needs decision"]),
    ];
    for target in Target::ALL {
        for (case, [with, without]) in &table {
            let mut order = judged::order(case);
            assert_eq!(reason(&verdict(&target.card().scenarios, &order)), *with, "{target:?}: {case:?}");
            order.lines.clear();
            assert_eq!(
                reason(&verdict(&target.card().scenarios, &order)),
                *without,
                "{target:?} without lines: {case:?}"
            );
        }
    }
}

/// A target that bills them says so in a row; no card can take a migration.
#[test]
fn a_row_that_names_renewals_takes_them() {
    let row = |order: &str| {
        format!(
            "{}\n[[scenario]]\nname = \"renewal\"\norder = \"{order}\"\nmodels = [\"before-billing-period\"]\n\
             fees = {{ renewal = \"order\", plan-recurring = \"order\" }}\n",
            Target::Xero.text()
        )
    };
    let scenarios = manifest::parse(&row("renewal")).unwrap().scenarios;
    for fee in [Fee::Renewal, Fee::PlanRecurring] {
        assert_eq!(reason(&verdict(&scenarios, &judged::order(&case(OrderType::Renewal, fee)))), "ready", "{fee}");
    }
    let refund = judged::order(&case(OrderType::Renewal, Fee::RenewalRefund));
    assert_eq!(reason(&verdict(&scenarios, &refund)), "unsupported-fee");
    for order in ["migration", "unknown"] {
        assert!(manifest::parse(&row(order)).unwrap_err().to_string().contains("is not known"), "{order}");
    }
}
