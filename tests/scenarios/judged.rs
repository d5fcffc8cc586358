//! The same combinations as whole orders, through the judge: what makes a line usage, aligned or partial is told by
//! the order, its product and its subscription there.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use counterfoil_domain::connection::{HostRules, PriceChoice};
use counterfoil_domain::id::{CustomerId, EntityId, LineId, MarketplaceId, OrderId, SubscriptionId};
use counterfoil_domain::job::PriceSource;
use counterfoil_domain::judge::{self, Law, LinkBook, Standing};
use counterfoil_domain::link::{Link, LinkKey, LinkKind, LinkState, LinkTarget};
use counterfoil_domain::market::{Subscription, SubscriptionStatus};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{BillingModel, Fee, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::task::Verdict;
use rust_decimal::Decimal;

use crate::every::{Case, Target, every};
use crate::oracle::{self, Outcome, Price};

const METERED: &str = "USED";
const SEAT: &str = "SEAT";

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn is_of_plan(fee: Option<Fee>) -> bool {
    matches!(
        fee,
        Some(
            Fee::PlanSetup
                | Fee::PlanSetupRefund
                | Fee::PlanRecurring
                | Fee::PlanRecurringRefund
                | Fee::CancellationFee
                | Fee::PlanSwitch
                | Fee::Discount
        )
    )
}

pub(crate) fn order(case: &Case) -> Order {
    let code = if case.metered { METERED } else { SEAT };
    let product = (!is_of_plan(case.fee)).then(|| ProductRef { code: code.to_owned(), name: code.to_owned() });
    let end = if case.partial { "2026-11-20" } else { "2026-12-01" };
    let line = OrderLine {
        id: LineId::new("1"),
        kind: case.line(),
        product,
        description: "a line".to_owned(),
        quantity: Decimal::TWO,
        unit_price: Decimal::TEN,
        unit_cost: None,
        amount: Decimal::from(20),
        service_period: Period::new(day("2026-11-01"), day(end)).ok(),
        cycle: Some(Cycle::Months(1)),
    };
    Order {
        key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new("1") },
        number: "XX000001".to_owned(),
        order_type: case.order,
        status: OrderStatus::Completed,
        customer: CustomerId::new("c"),
        subscription: Some(SubscriptionId::new("s")),
        created_at: now(),
        provisioned_at: Some(now()),
        billing_model: case.model,
        currency: Currency::parse("USD").unwrap(),
        total: Some(Decimal::from(20)),
        lines: vec![line],
        on_renewal: false,
        // A fee of the plan names no product: that it is usage can only be told by the order.
        vendor_rated: case.metered && is_of_plan(case.fee),
        statement: None,
    }
}

pub(crate) fn subscription(case: &Case) -> Subscription {
    Subscription {
        id: SubscriptionId::new("s"),
        name: "Mail".to_owned(),
        customer: CustomerId::new("c"),
        status: SubscriptionStatus::Active,
        billing_model: case.model,
        cycle: Some(if case.aligned { Cycle::StatementDay } else { Cycle::Months(1) }),
        currency: None,
        created_at: None,
        renews_on: None,
        lines: Vec::new(),
    }
}

pub(crate) fn links() -> LinkBook {
    let link = |kind: LinkKind, source: &str| Link {
        key: LinkKey { connection: "x".into(), kind, source: source.to_owned() },
        source_name: String::new(),
        state: LinkState::Linked(LinkTarget {
            id: EntityId::new(source),
            code: String::new(),
            name: String::new(),
            attributes: Vec::new(),
        }),
        why: String::new(),
    };
    let fees = Fee::ALL.iter().map(|fee| link(LinkKind::Fee, fee.name()));
    let named = [link(LinkKind::Party, "c"), link(LinkKind::Item, METERED), link(LinkKind::Item, SEAT)];
    LinkBook::new(named.into_iter().chain(fees).collect())
}

#[test]
fn whole_orders_are_judged_by_the_same_table() {
    let (links, metered) = (links(), BTreeSet::from([METERED.to_owned()]));
    for target in Target::ALL {
        for case in every() {
            let rules =
                HostRules { price_source: case.choice, recurring_before_period: case.switched, ..HostRules::default() };
            let scenarios = &target.card().scenarios;
            let law = Law {
                scenarios,
                rules: &rules,
                links: &links,
                metered: &metered,
                standing: Standing::default(),
                now: now(),
            };
            let (order, subscription) = (order(&case), subscription(&case));
            let judgement = judge::judge(&order, Some(&subscription), law);
            let outcome = match &judgement.verdict {
                Verdict::Ready => {
                    let [line] = judgement.lines.as_slice() else { panic!("{case:?}: {judgement:?}") };
                    let price = match line.price {
                        PriceSource::Order => Price::Order,
                        PriceSource::Catalogue => Price::Catalogue,
                        PriceSource::Person => panic!("{case:?}: nobody set a price"),
                    };
                    Outcome::Billed { row: line.row.clone(), price, prorated: line.prorate }
                }
                Verdict::Ignored(ignored) => {
                    assert!(judgement.lines.is_empty() && !ignored.text.is_empty(), "{case:?}: {ignored:?}");
                    assert_eq!(ignored.at, now(), "an ignored order says when");
                    Outcome::Ignored(ignored.reason.name())
                }
                Verdict::Pending(needs) => panic!("{case:?} waits for {needs:?}"),
            };
            // Migrations have a reason of their own: the subscription is reconciled once, by a person.
            let expected = match case.order {
                OrderType::Migration => Outcome::Ignored("migrated-subscription"),
                _ => oracle::expected(target, &case),
            };
            assert_eq!(outcome, expected, "{target:?}: {case:?}");
        }
    }
}

/// What is ignored says of which line, which fee and why.
#[test]
fn an_ignored_order_names_its_line_and_what_is_wrong_with_it() {
    let base = Case {
        order: OrderType::Sales,
        model: BillingModel::BeforeBillingPeriod,
        metered: false,
        fee: Some(Fee::ResourceRecurring),
        choice: PriceChoice::Marketplace,
        aligned: false,
        partial: false,
        switched: false,
    };
    let named = |fee| Case { fee, ..base };
    let cases = [
        (
            Target::Xero,
            named(Some(Fee::Discount)),
            "unsupported-fee",
            "the fee discount is not in the scenario new sale",
        ),
        (Target::Xero, named(Some(Fee::Penalty)), "unsupported-fee", "the fee penalty"),
        (Target::ConnectWise, named(Some(Fee::Renewal)), "unsupported-fee", "the fee renewal"),
        (Target::ConnectWise, named(None), "unsupported-fee", "no scenario names the fee \"meteoriteFee\""),
        (
            Target::ConnectWise,
            Case { aligned: true, ..base },
            "unsupported-billing-model",
            "the scenario new sale does not take sales orders whose billing period is aligned with the statement day",
        ),
        (
            Target::ConnectWise,
            Case { aligned: true, order: OrderType::Change, ..base },
            "unsupported-billing-model",
            "aligned with the statement day",
        ),
    ];
    for (target, case, reason, words) in cases {
        let (links, rules) = (links(), HostRules::default());
        let scenarios = &target.card().scenarios;
        let law = Law {
            scenarios,
            rules: &rules,
            links: &links,
            metered: &BTreeSet::new(),
            standing: Standing::default(),
            now: now(),
        };
        let (order, subscription) = (order(&case), subscription(&case));
        let Verdict::Ignored(ignored) = judge::judge(&order, Some(&subscription), law).verdict else {
            panic!("{case:?} is not ignored")
        };
        assert_eq!(ignored.reason.name(), reason, "{case:?}");
        assert!(ignored.text.starts_with("line 1 (a line): ") && ignored.text.contains(words), "{}", ignored.text);
    }
}

/// The two notes of the table, spelled out for one line each.
#[test]
fn the_notes_on_statement_day_and_partial_periods_name_their_reason() {
    let (scenarios, links) = (&Target::Xero.card().scenarios, links());
    let rules = HostRules { price_source: PriceChoice::Target, ..HostRules::default() };
    let base = every()
        .into_iter()
        .find(|case| case.fee == Some(Fee::ResourceRecurring) && case.choice == PriceChoice::Target)
        .unwrap();
    let sale = Case { order: OrderType::Sales, model: BillingModel::BeforeBillingPeriod, ..base };
    let bill = Case { order: OrderType::Billing, model: BillingModel::AfterBillingPeriod, ..base };
    let cases = [
        (sale, "catalogue", "catalogue prices"),
        (Case { aligned: true, ..sale }, "order", "statement day"),
        (Case { partial: true, ..sale }, "catalogue", "catalogue prices"),
        (bill, "catalogue", "catalogue prices"),
        (Case { partial: true, ..bill }, "order", "billed in part"),
        (Case { aligned: true, ..bill }, "catalogue", "catalogue prices"),
    ];
    for (case, price, why) in cases {
        let law = Law {
            scenarios,
            rules: &rules,
            links: &links,
            metered: &BTreeSet::new(),
            standing: Standing::default(),
            now: now(),
        };
        let (order, subscription) = (order(&case), subscription(&case));
        let judgement = judge::judge(&order, Some(&subscription), law);
        let line = &judgement.lines[0];
        assert_eq!(line.price.name(), price, "{case:?}");
        assert!(line.why.name().contains(why), "{case:?}: {}", line.why);
    }
}

/// What makes a line aligned or partial: the line where it tells, else its subscription.
#[test]
fn what_a_line_does_not_tell_its_subscription_does() {
    let sale = Case {
        order: OrderType::Sales,
        model: BillingModel::BeforeBillingPeriod,
        metered: false,
        fee: Some(Fee::ResourceRecurring),
        choice: PriceChoice::Target,
        aligned: false,
        partial: false,
        switched: false,
    };
    let bill = Case { order: OrderType::Billing, model: BillingModel::AfterBillingPeriod, ..sale };
    let (month, statement) = (Some(Cycle::Months(1)), Some(Cycle::StatementDay));
    // The line's cycle and end, the subscription's cycle (none: no subscription is known), and the price.
    let cases = [
        (sale, statement, "2026-12-01", Some(month), "order"),
        (sale, statement, "2026-12-01", None, "order"),
        (sale, None, "2026-12-01", Some(statement), "order"),
        // A line that names a month says how long its period is, not when it begins.
        (sale, month, "2026-12-01", Some(statement), "order"),
        (sale, month, "2026-12-01", None, "catalogue"),
        (sale, None, "2026-12-01", Some(None), "catalogue"),
        (bill, month, "2026-11-20", None, "order"),
        (bill, None, "2026-11-20", Some(month), "order"),
        (bill, None, "2026-12-01", Some(month), "catalogue"),
        // A whole month is a part of a year.
        (bill, Some(Cycle::Months(12)), "2026-12-01", Some(month), "order"),
    ];
    let (links, scenarios) = (links(), &Target::Xero.card().scenarios);
    let rules = HostRules { price_source: PriceChoice::Target, ..HostRules::default() };
    for (case, cycle, end, of_subscription, price) in cases {
        let law = Law {
            scenarios,
            rules: &rules,
            links: &links,
            metered: &BTreeSet::new(),
            standing: Standing::default(),
            now: now(),
        };
        let mut order = order(&case);
        order.lines[0].cycle = cycle;
        order.lines[0].service_period = Period::new(day("2026-11-01"), day(end)).ok();
        let subscription = of_subscription.map(|cycle| Subscription { cycle, ..subscription(&case) });
        let judgement = judge::judge(&order, subscription.as_ref(), law);
        let told = format!("{} {cycle:?} to {end}, subscription {of_subscription:?}", case.order);
        assert_eq!(judgement.lines[0].price.name(), price, "{told}: {judgement:#?}");
    }
}
