//! Rules to ignore by: what fits, the print of what an order bills, and how long "until" is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, NaiveDate, Utc};
use counterfoil_domain::id::{
    ConnectionId, CustomerId, LineId, MarketplaceId, OrderId, RuleId, SubscriptionId, TaskId,
};
use counterfoil_domain::market::{Subscription, SubscriptionStatus};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{
    BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef,
};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::print::print;
use counterfoil_domain::rule::{
    Amounts, Criteria, Criterion, IgnoreRule, Said, Seen, first_fit, fits, rule_of, until_change_id,
};
use counterfoil_domain::task::{IgnoreReason, Until};
use counterfoil_domain::until::{Untold, Wish, resolve};
use proptest::prelude::*;
use rust_decimal::Decimal;

fn at(day: &str) -> DateTime<Utc> {
    format!("{day}T09:00:00Z").parse().unwrap()
}

fn day(day: &str) -> NaiveDate {
    day.parse().unwrap()
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}

fn line(product: &str, quantity: i64, price: &str) -> OrderLine {
    let (quantity, unit_price): (Decimal, Decimal) = (quantity.into(), price.parse().unwrap());
    OrderLine {
        id: LineId::new("1"),
        kind: LineKind::Fee(Fee::ResourceRecurring),
        product: (!product.is_empty()).then(|| ProductRef { code: product.into(), name: product.into() }),
        description: "for November".into(),
        quantity,
        unit_price,
        unit_cost: None,
        amount: quantity * unit_price,
        service_period: None,
        cycle: None,
    }
}

fn order(lines: Vec<OrderLine>) -> Order {
    Order {
        key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new("1") },
        number: "BO000001".into(),
        order_type: OrderType::Billing,
        status: OrderStatus::Completed,
        customer: CustomerId::new("c"),
        subscription: Some(SubscriptionId::new("s")),
        created_at: at("2026-11-01"),
        provisioned_at: None,
        billing_model: BillingModel::AfterBillingPeriod,
        currency: currency("USD"),
        total: None,
        lines,
        on_renewal: false,
        vendor_rated: false,
        statement: None,
    }
}

fn rule(criteria: Criteria) -> IgnoreRule {
    IgnoreRule {
        id: RuleId::new("rule_1"),
        connection: ConnectionId::new("x"),
        criteria,
        text: "bills itself".into(),
        by: "ann".into(),
        at: at("2026-11-01"),
        until: None,
    }
}

fn seen(order: &Order) -> Seen<'_> {
    Seen { order, is_snapshot: false }
}

fn deposit() -> Order {
    let kind = LineKind::NotBillable("payment".into());
    order(vec![line("BACKUP", 1, "5"), OrderLine { kind, ..line("SEAT", 1, "100") }])
}

/// A rule's criteria, an order, and the reason for which it is ignored.
type Row = (&'static str, Criteria, Order, Option<IgnoreReason>);

fn criteria_and_orders() -> Vec<Row> {
    let customer = |id: &str| Some(CustomerId::new(id));
    let amount = |amounts, code: &str| Some((amounts, currency(code)));
    let (most, least) = (|n: i64| Amounts::AtMost(n.into()), |n: i64| Amounts::AtLeast(n.into()));
    let two = || order(vec![line("SEAT", 2, "10"), line("BACKUP", 1, "5")]);
    let mut refund = order(vec![line("SEAT", -2, "10")]);
    refund.order_type = OrderType::Cancellation;
    let free = || order(vec![line("SEAT", 1, "0"), line("BACKUP", 1, "5")]);
    let deposit = deposit();
    let total = Order { total: Some(Decimal::from(7)), ..order(vec![]) };
    let d = Criteria::default;
    let excluded = |reason| Some(reason);
    use IgnoreReason::{ExcludedAmount, ExcludedCustomer, ExcludedOrderType, ExcludedProduct};
    vec![
        ("nothing is given", d(), two(), None),
        ("customer", Criteria { customer: customer("c"), ..d() }, two(), excluded(ExcludedCustomer)),
        ("another customer", Criteria { customer: customer("C"), ..d() }, two(), None),
        ("product", Criteria { product: Some("SEAT".into()), ..d() }, two(), excluded(ExcludedProduct)),
        ("as sources spell it", Criteria { product: Some(" seat".into()), ..d() }, two(), excluded(ExcludedProduct)),
        ("any line", Criteria { product: Some("BACKUP".into()), ..d() }, two(), excluded(ExcludedProduct)),
        ("not its beginning", Criteria { product: Some("SEA".into()), ..d() }, two(), None),
        ("a free line bills nothing", Criteria { product: Some("SEAT".into()), ..d() }, free(), None),
        ("a payment bills nothing", Criteria { product: Some("SEAT".into()), ..d() }, deposit.clone(), None),
        ("type", Criteria { order_type: Some(OrderType::Billing), ..d() }, two(), excluded(ExcludedOrderType)),
        ("another type", Criteria { order_type: Some(OrderType::Sales), ..d() }, two(), None),
        ("at most", Criteria { amount: amount(most(25), "USD"), ..d() }, two(), excluded(ExcludedAmount)),
        ("one less", Criteria { amount: amount(most(24), "USD"), ..d() }, two(), None),
        ("at least", Criteria { amount: amount(least(25), "USD"), ..d() }, two(), excluded(ExcludedAmount)),
        ("one more", Criteria { amount: amount(least(26), "USD"), ..d() }, two(), None),
        ("another currency", Criteria { amount: amount(most(25), "EUR"), ..d() }, two(), None),
        (
            "without its sign",
            Criteria { amount: amount(least(20), "USD"), ..d() },
            refund.clone(),
            excluded(ExcludedAmount),
        ),
        ("nor below it", Criteria { amount: amount(most(19), "USD"), ..d() }, refund, None),
        (
            "what pays is no amount",
            Criteria { amount: amount(most(5), "USD"), ..d() },
            deposit,
            excluded(ExcludedAmount),
        ),
        (
            "the total without lines",
            Criteria { amount: amount(least(7), "USD"), ..d() },
            total,
            excluded(ExcludedAmount),
        ),
        ("no amount at all", Criteria { amount: amount(most(7), "USD"), ..d() }, order(vec![]), None),
        (
            "all of them, first the customer",
            Criteria { customer: customer("c"), amount: amount(most(25), "USD"), product: Some("SEAT".into()), ..d() },
            two(),
            excluded(ExcludedCustomer),
        ),
        (
            "then the product",
            Criteria { order_type: Some(OrderType::Billing), product: Some("SEAT".into()), ..d() },
            two(),
            excluded(ExcludedProduct),
        ),
        (
            "then the type",
            Criteria { order_type: Some(OrderType::Billing), amount: amount(most(25), "USD"), ..d() },
            two(),
            excluded(ExcludedOrderType),
        ),
        ("not one of them", Criteria { customer: customer("c"), product: Some("VOICE".into()), ..d() }, two(), None),
    ]
}

#[test]
fn what_fits_a_rule_and_which_reason_is_told() {
    for (name, criteria, order, expected) in criteria_and_orders() {
        let rule = rule(criteria);
        let found = fits(&rule, seen(&order)).map(|fit| fit.ignored(at("2026-11-21")).reason);
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_snapshot_is_of_no_order_type() {
    let mut snapshot = order(vec![line("SEAT", 2, "10")]);
    snapshot.order_type = OrderType::Sales;
    let sales = rule(Criteria { order_type: Some(OrderType::Sales), ..Criteria::default() });
    assert!(fits(&sales, seen(&snapshot)).is_some());
    assert!(fits(&sales, Seen { order: &snapshot, is_snapshot: true }).is_none());
}

#[test]
fn what_is_ignored_names_the_rule_who_made_it_and_its_words() {
    let order = order(vec![line("SEAT", 2, "10")]);
    let until = Some(day("2027-01-01"));
    let criteria = Criteria {
        customer: Some(CustomerId::new("c")),
        amount: Some((Amounts::AtMost(Decimal::from(25)), currency("USD"))),
        ..Criteria::default()
    };
    let rules = [IgnoreRule { until, ..rule(criteria) }];
    let ignored = first_fit(&rules, seen(&order), day("2026-12-31")).unwrap().ignored(at("2026-12-31"));
    assert_eq!(ignored.text, "customer c, at most 25.00 USD: excluded by ann: \"bills itself\" (rule rule_1)");
    assert_eq!(rule_of(&ignored), Some(RuleId::new("rule_1")));
    assert_eq!(ignored.until, Some(Until::Day(day("2027-01-01"))), "it comes back when the rule is over");
    assert!(first_fit(&rules, seen(&order), day("2027-01-01")).is_none(), "its day has come");
}

#[test]
fn the_print_is_of_what_is_billed_and_of_nothing_else() {
    type Change = fn(&mut Order);
    let same: [(&str, Change); 7] = [
        ("another order", |o| o.key.order = OrderId::new("2")),
        ("another number", |o| o.number = "BO000002".into()),
        ("another day", |o| o.created_at = at("2026-12-01")),
        ("another text", |o| o.lines[0].description = "for December".into()),
        ("another line id", |o| o.lines[0].id = LineId::new("7")),
        ("another order of the lines", |o| o.lines.reverse()),
        ("what bills nothing", |o| o.lines.push(line("GIFT", 1, "0"))),
    ];
    let other: [(&str, Change); 8] = [
        ("quantity", |o| o.lines[0].quantity = Decimal::from(3)),
        ("unit price", |o| o.lines[0].unit_price = Decimal::from(11)),
        ("amount", |o| o.lines[0].amount = Decimal::from(19)),
        ("product", |o| o.lines[0].product = None),
        ("fee", |o| o.lines[0].kind = LineKind::Fee(Fee::ResourceOveruse)),
        ("a line more", |o| o.lines.push(o.lines[0].clone())),
        ("currency", |o| o.currency = currency("EUR")),
        ("a change that costs the same", |o| o.order_type = OrderType::Change),
    ];
    let base = order(vec![line("SEAT", 2, "10"), line("BACKUP", 1, "5.00")]);
    let changed = |change: Change| {
        let mut order = base.clone();
        change(&mut order);
        print(&order)
    };
    for (name, change) in same {
        assert_eq!(changed(change), print(&base), "{name}");
    }
    for (name, change) in other {
        assert_ne!(changed(change), print(&base), "{name}");
    }
}

#[test]
fn until_it_changes_holds_for_the_next_month_and_not_for_a_seat_more() {
    let sold = order(vec![line("SEAT", 2, "10")]);
    let said = || Said { text: "paid in advance".into(), by: "ann".into(), at: at("2026-11-02") };
    let task = TaskId::new("task_1");
    let rule = IgnoreRule::until_change(&task, &ConnectionId::new("x"), &sold, said()).unwrap();
    assert_eq!(rule.id, until_change_id(&task));
    let mut december = order(vec![line("SEAT", 2, "10")]);
    (december.key.order, december.created_at) = (OrderId::new("2"), at("2026-12-01"));
    let ignored = fits(&rule, seen(&december)).unwrap().ignored(at("2026-12-01"));
    assert_eq!(ignored.reason, IgnoreReason::ByPerson);
    assert_eq!(ignored.until, Some(Until::Change { print: print(&sold) }));
    assert!(ignored.text.contains("ann") && ignored.text.contains("paid in advance"), "{}", ignored.text);
    assert!(fits(&rule, seen(&order(vec![line("SEAT", 3, "10")]))).is_none());
    let elsewhere = Order { subscription: Some(SubscriptionId::new("t")), ..december };
    assert!(fits(&rule, seen(&elsewhere)).is_none());
    let of_none = Order { subscription: None, ..sold };
    assert_eq!(IgnoreRule::until_change(&task, &ConnectionId::new("x"), &of_none, said()), None);
}

fn subscription(cycle: Option<Cycle>, started: Option<&str>, renews: Option<&str>) -> Subscription {
    Subscription {
        id: SubscriptionId::new("s"),
        name: "Mail".into(),
        customer: CustomerId::new("c"),
        status: SubscriptionStatus::Active,
        billing_model: BillingModel::AfterBillingPeriod,
        cycle,
        currency: None,
        created_at: started.map(at),
        renews_on: renews.map(day),
        lines: vec![],
    }
}

#[test]
fn the_next_period_is_told_by_the_lines_else_by_the_subscription() {
    let billed = |from: &str, to: &str, cycle| {
        let service_period = Some(Period::new(day(from), day(to)).unwrap());
        order(vec![OrderLine { service_period, cycle, ..line("SEAT", 2, "10") }])
    };
    let (month, silent) = (Some(Cycle::Months(1)), || order(vec![line("SEAT", 2, "10")]));
    let known = |started, renews| Some(subscription(month, started, renews));
    let rows = [
        ("the line's own", billed("2026-11-10", "2026-12-10", None), None, Ok("2026-12-10")),
        ("a year", billed("2026-05-01", "2027-05-01", None), None, Ok("2027-05-01")),
        ("in arrears, by the line's cycle", billed("2026-10-01", "2026-11-01", month), None, Ok("2026-12-01")),
        (
            "in arrears, by the subscription's cycle",
            billed("2026-10-05", "2026-11-05", None),
            known(None, None),
            Ok("2026-12-05"),
        ),
        ("the 31st in a short month", billed("2026-09-30", "2026-10-31", month), None, Ok("2026-11-30")),
        ("the subscription's start", silent(), known(Some("2026-03-15"), None), Ok("2026-12-15")),
        ("its renewal", silent(), known(None, Some("2027-03-23")), Ok("2026-11-23")),
        ("nobody knows it", silent(), None, Err("its subscription is not known")),
        ("no cycle", silent(), Some(subscription(None, Some("2026-03-15"), None)), Err("names no billing cycle")),
        ("no day", silent(), known(None, None), Err("names no day to count from")),
    ];
    for (name, order, subscription, expected) in rows {
        let told = resolve(Wish::NextPeriod, "BO000001", Some(&order), subscription.as_ref(), day("2026-11-21"));
        match expected {
            Ok(starts) => assert_eq!(told, Ok(Until::NextPeriod { starts: day(starts) }), "{name}"),
            Err(words) => {
                let refused = told.unwrap_err().to_string();
                assert!(refused.contains(words) && refused.contains("BO000001"), "{name}: {refused}");
            }
        }
    }
}

#[test]
fn what_cannot_be_told_is_refused() {
    let today = day("2026-11-21");
    let ask = |wish, order: Option<&Order>| resolve(wish, "BO000001", order, None, today);
    assert_eq!(ask(Wish::Day(day("2026-11-22")), None), Ok(Until::Day(day("2026-11-22"))));
    assert_eq!(ask(Wish::Day(today), None), Err(Untold::Past(today, today)));
    assert_eq!(ask(Wish::Change, None), Err(Untold::NoOrder("BO000001".into())));
    assert_eq!(ask(Wish::NextPeriod, None), Err(Untold::NoOrder("BO000001".into())));
    let of_none = Order { subscription: None, ..order(vec![line("SEAT", 2, "10")]) };
    assert_eq!(ask(Wish::Change, Some(&of_none)), Err(Untold::NoSubscription("BO000001".into())));
}

fn word(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(words)
}

fn any_order() -> impl Strategy<Value = Order> {
    let lines = prop::collection::vec((word(&["SEAT", "seat", "BACKUP", ""]), -2_i64..3, 0_i64..4), 0..4);
    let types = prop::sample::select(OrderType::ALL);
    (word(&["c", "d"]), lines, types, word(&["USD", "EUR"]), word(&["s", "t", ""]), prop::option::of(-5_i64..6))
        .prop_map(|(customer, lines, order_type, code, subscription, total)| Order {
            customer: CustomerId::new(customer),
            order_type,
            currency: currency(code),
            subscription: (!subscription.is_empty()).then(|| SubscriptionId::new(subscription)),
            total: total.map(Decimal::from),
            ..order(lines.into_iter().map(|(product, count, price)| line(product, count, &price.to_string())).collect())
        })
}

fn any_criteria() -> impl Strategy<Value = Criteria> {
    let amounts = prop_oneof![
        (0_i64..8).prop_map(|n| Amounts::AtMost(n.into())),
        (0_i64..8).prop_map(|n| Amounts::AtLeast(n.into())),
    ];
    (
        prop::option::of(word(&["c", "d"])),
        prop::option::of(word(&["SEAT", "BACKUP", "VOICE"])),
        prop::option::of(prop::sample::select(OrderType::ALL)),
        prop::option::of((amounts, word(&["USD", "EUR"]))),
        prop::option::of(word(&["s", "t"])),
        prop::option::of(any_order()),
    )
        .prop_map(|(customer, product, order_type, amount, subscription, print_of)| Criteria {
            customer: customer.map(CustomerId::new),
            product: product.map(str::to_owned),
            order_type,
            amount: amount.map(|(amounts, code)| (amounts, currency(code))),
            subscription: subscription.map(SubscriptionId::new),
            print: print_of.map(|order| print(&order)),
        })
}

/// A rule of one criterion alone.
fn alone(criteria: &Criteria, criterion: Criterion) -> Criteria {
    let all = criteria.clone();
    let none = Criteria::default();
    match criterion {
        Criterion::Customer => Criteria { customer: all.customer, ..none },
        Criterion::Product => Criteria { product: all.product, ..none },
        Criterion::OrderType => Criteria { order_type: all.order_type, ..none },
        Criterion::Amount => Criteria { amount: all.amount, ..none },
        Criterion::Subscription => Criteria { subscription: all.subscription, ..none },
        Criterion::Print => Criteria { print: all.print, ..none },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, ..ProptestConfig::default() })]

    /// Half of the cases are made to fit, else hardly one of many criteria would.
    #[test]
    fn an_order_fits_a_rule_if_and_only_if_it_fits_each_criterion_alone(
        order in any_order(),
        criteria in any_criteria(),
        made_to_fit in any::<bool>(),
        is_snapshot in any::<bool>(),
    ) {
        let criteria = if made_to_fit {
            Criteria {
                customer: criteria.customer.map(|_| order.customer.clone()),
                order_type: criteria.order_type.map(|_| order.kind()),
                subscription: criteria.subscription.and(order.subscription.clone()),
                print: criteria.print.map(|_| print(&order)),
                ..criteria
            }
        } else {
            criteria
        };
        let seen = Seen { order: &order, is_snapshot };
        let given = criteria.given();
        let each = given.iter().all(|criterion| fits(&rule(alone(&criteria, *criterion)), seen).is_some());
        let whole = rule(criteria.clone());
        let fit = fits(&whole, seen);
        prop_assert_eq!(fit.is_some(), !given.is_empty() && each, "{:?} {:?}", criteria, order);
        if let Some(fit) = fit {
            prop_assert_eq!(Some(fit.by), given.first().copied());
        }
    }
}
