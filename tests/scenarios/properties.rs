//! Whatever a card says: the rules answer, for the same question the same, and no order is ever billed in part.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use counterfoil_domain::card::{Circumstance, Scenario};
use counterfoil_domain::connection::{HostRules, PriceChoice};
use counterfoil_domain::id::{CustomerId, LineId, MarketplaceId, OrderId, SubscriptionId};
use counterfoil_domain::job::PriceSource;
use counterfoil_domain::judge::{self, Law, LinkBook, Standing};
use counterfoil_domain::market::{Subscription, SubscriptionStatus};
use counterfoil_domain::money::Currency;
use counterfoil_domain::order::{
    BillingModel, Fee, LineKind, Order, OrderKey, OrderLine, OrderStatus, OrderType, ProductRef,
};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::scenario::{self, Situation, Table, Taken, take};
use counterfoil_domain::task::Verdict;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

fn circumstance() -> impl Strategy<Value = Circumstance> {
    select(Circumstance::ALL)
}

fn fee() -> impl Strategy<Value = Fee> {
    select(Fee::ALL)
}

/// Any row that can be written down, sense or not: rows of one name, of no model, of fees twice at two prices.
fn row() -> impl Strategy<Value = Scenario> {
    let orders = select(OrderType::ALL);
    let models = vec(select(BillingModel::ALL), 0..4);
    let fees = vec((fee(), select(PriceSource::ALL)), 0..8);
    let when = vec((circumstance(), vec(fee(), 0..4)), 0..3);
    let refused = prop_oneof![3 => Just(Vec::new()), 1 => vec(circumstance(), 1..3)];
    let head = (select(&["a", "b", "c"][..]), orders, models, any::<Option<bool>>());
    (head, fees, when, refused, vec(fee(), 0..3)).prop_map(
        |((name, order, models, usage), fees, order_price_when, refused_when, prorate)| Scenario {
            name: name.to_owned(),
            order,
            models,
            usage,
            fees,
            order_price_when,
            refused_when,
            prorate,
        },
    )
}

fn rows() -> impl Strategy<Value = Vec<Scenario>> {
    vec(row(), 0..6)
}

fn kind() -> impl Strategy<Value = LineKind> {
    prop_oneof![
        8 => fee().prop_map(LineKind::Fee),
        1 => Just(LineKind::Other("meteoriteFee".to_owned())),
        1 => Just(LineKind::NotBillable("payment".to_owned())),
    ]
}

fn situation() -> impl Strategy<Value = Situation> {
    (select(OrderType::ALL), select(BillingModel::ALL), any::<[bool; 3]>()).prop_map(
        |(order, model, [usage, aligned_with_statement_day, partial_period])| Situation {
            order,
            model,
            usage,
            aligned_with_statement_day,
            partial_period,
        },
    )
}

/// A row that takes this fee here, whatever its other fees are.
fn covers(row: &Scenario, order: OrderType, model: BillingModel, fee: Fee) -> bool {
    row.order == order && row.models.contains(&model) && row.fees.iter().any(|(taken, _)| *taken == fee)
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn line() -> impl Strategy<Value = OrderLine> {
    let amount = prop_oneof![6 => Just(20), 2 => Just(-20), 1 => Just(0)];
    let code = prop_oneof![Just(None), Just(Some("SEAT")), Just(Some("USED"))];
    (kind(), amount, code, any::<bool>(), any::<bool>()).prop_map(|(kind, amount, code, whole, dated)| OrderLine {
        id: LineId::new(""),
        kind,
        product: code.map(|code| ProductRef { code: code.to_owned(), name: code.to_owned() }),
        description: "a line".to_owned(),
        quantity: Decimal::TWO,
        unit_price: Decimal::TEN,
        unit_cost: None,
        amount: Decimal::from(amount),
        service_period: dated
            .then(|| Period::new(day("2026-11-01"), day(if whole { "2026-12-01" } else { "2026-11-20" })).unwrap()),
        cycle: Some(Cycle::Months(1)),
    })
}

fn order() -> impl Strategy<Value = Order> {
    let number = select(&["SO1", "bo1", "CL1", "XX1", ""][..]);
    (select(OrderType::ALL), select(BillingModel::ALL), number, vec(line(), 0..5), any::<bool>()).prop_map(
        |(order_type, billing_model, number, mut lines, vendor_rated)| {
            for (index, line) in lines.iter_mut().enumerate() {
                line.id = LineId::new(index.to_string());
            }
            Order {
                key: OrderKey { marketplace: MarketplaceId::new("m"), order: OrderId::new("1") },
                number: number.to_owned(),
                order_type,
                status: OrderStatus::Completed,
                customer: CustomerId::new("c"),
                subscription: Some(SubscriptionId::new("s")),
                created_at: now(),
                provisioned_at: Some(now()),
                billing_model,
                currency: Currency::parse("USD").unwrap(),
                total: None,
                lines,
                on_renewal: false,
                vendor_rated,
                statement: None,
            }
        },
    )
}

fn subscription(aligned: bool) -> Subscription {
    Subscription {
        id: SubscriptionId::new("s"),
        name: "Mail".to_owned(),
        customer: CustomerId::new("c"),
        status: SubscriptionStatus::Active,
        billing_model: BillingModel::BeforeBillingPeriod,
        cycle: Some(if aligned { Cycle::StatementDay } else { Cycle::Months(1) }),
        currency: None,
        created_at: None,
        renews_on: None,
        lines: Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_rules_answer_every_question_and_always_the_same(
        table in rows(),
        at in situation(),
        line in kind(),
        choice in select(PriceChoice::ALL),
        other in (situation(), kind()),
    ) {
        let answer = take(&table, at, &line, choice);
        // Nothing is kept from another question, and a table is no more than what it says.
        let _ = take(&table, other.0, &other.1, choice);
        prop_assert_eq!(&take(&table.clone(), at, &line.clone(), choice), &answer);
        match answer {
            Taken::Yes { row, price, .. } => {
                let LineKind::Fee(fee) = line else { panic!("{line:?} is taken") };
                let by = |scenario: &&Scenario| scenario.name == row && covers(scenario, at.order, at.model, fee);
                prop_assert!(table.iter().any(|scenario| by(&scenario)), "no row {row} covers {fee}");
                prop_assert!(price != PriceSource::Person);
                prop_assert!(choice == PriceChoice::Target || price == PriceSource::Order);
                prop_assert!(price == PriceSource::Order || !scenario::prorates(&table, &row, fee, price));
            }
            Taken::No { reason, text } => prop_assert!(!text.is_empty(), "{reason} without a word"),
        }
        // What prints it is total too: one line for each fee of each row, under a head of two.
        let printed = Table::of(&table).to_string();
        prop_assert_eq!(printed.lines().count(), 2 + table.iter().map(|row| row.fees.len()).sum::<usize>());
    }

    #[test]
    fn an_order_is_billed_whole_or_not_at_all(
        card in rows(),
        order in order(),
        choice in select(PriceChoice::ALL),
        switched in any::<bool>(),
        aligned in any::<bool>(),
    ) {
        let rules = HostRules { price_source: choice, recurring_before_period: switched, ..HostRules::default() };
        let (links, metered) = (LinkBook::default(), BTreeSet::from(["USED".to_owned()]));
        let standing = Standing::default();
        let law = Law { scenarios: &card, rules: &rules, links: &links, metered: &metered, standing, now: now() };
        let subscription = subscription(aligned);
        let judgement = judge::judge(&order, Some(&subscription), law);
        prop_assert_eq!(&judge::judge(&order, Some(&subscription), law), &judgement);
        let mut table = card.clone();
        table.extend(switched.then(scenario::recurring_before_period));
        let bills = |line: &&OrderLine| !matches!(line.kind, LineKind::NotBillable(_)) && !line.amount.is_zero();
        let billable: Vec<&OrderLine> = order.lines.iter().filter(bills).collect();
        let covered = |line: &&OrderLine| match line.kind {
            LineKind::Fee(fee) => table.iter().any(|row| covers(row, order.kind(), order.billing_model, fee)),
            _ => false,
        };
        if !billable.iter().all(covered) {
            prop_assert!(matches!(judgement.verdict, Verdict::Ignored(_)), "{judgement:?}");
        }
        if matches!(judgement.verdict, Verdict::Ignored(_)) {
            prop_assert!(judgement.lines.is_empty(), "{judgement:?}");
        } else {
            let taken: Vec<&LineId> = judgement.lines.iter().map(|taken| &taken.line.id).collect();
            prop_assert_eq!(taken, billable.iter().map(|line| &line.id).collect::<Vec<_>>());
        }
    }
}
