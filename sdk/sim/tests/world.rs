//! The made-up world: the same from the same seed, complete, and right to the cent.

#![expect(clippy::unwrap_used, reason = "a test ends where it cannot go on, helpers included")]

use std::collections::HashSet;

use chrono::{DateTime, Months, NaiveDate, TimeZone, Utc};
use counterfoil_sim::world::{
    BillingModel, ContactMatch, Currency, Draft, FeeKind, Kind, NewSale, OrderStatus, OrderType, SubscriptionStatus,
    World, WorldError, WorldSpec, oracle,
};
use rust_decimal::Decimal;
use serde_json::Value;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 17).unwrap()
}

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 17, 12, 0, 0).unwrap()
}

fn demo() -> World {
    World::generate(&WorldSpec::new(7, today()))
}

fn sized(seed: u64, customers: usize, subscriptions: usize, orders: usize) -> World {
    World::generate(&WorldSpec { customers, subscriptions, orders, ..WorldSpec::new(seed, today()) })
}

fn exported(world: &World) -> Vec<Value> {
    world.orders().iter().map(|order| world.order_json(order)).collect()
}

#[test]
fn the_same_seed_grows_the_same_world_and_another_seed_another() {
    assert_eq!(demo(), demo());
    assert_eq!(exported(&demo()), exported(&demo()));
    let other = World::generate(&WorldSpec::new(8, today()));
    assert_ne!(exported(&demo()), exported(&other));
}

#[test]
fn there_are_exactly_as_many_as_asked_for() {
    let sizes =
        [(25, 60, 240), (1, 0, 0), (1, 1, 1), (2, 3, 7), (5, 10, 24), (3, 1, 40), (25, 60, 1_500), (40, 200, 3_000)];
    for seed in 0..12 {
        for (customers, subscriptions, orders) in sizes {
            let world = sized(seed, customers, subscriptions, orders);
            let got = (world.customers().len(), world.subscriptions().len(), world.orders().len());
            assert_eq!(got, (customers, subscriptions, orders), "seed {seed}");
            let ids: HashSet<_> = world.orders().iter().map(|order| &order.id).collect();
            let numbers: HashSet<_> = world.orders().iter().map(|order| &order.number).collect();
            assert_eq!((ids.len(), numbers.len()), (orders, orders), "ids and numbers are unique");
        }
    }
}

#[test]
fn every_type_status_model_and_fee_occurs() {
    for seed in 0..8 {
        let world = World::generate(&WorldSpec::new(seed, today()));
        let orders = world.orders();
        for wanted in OrderType::ALL {
            assert!(orders.iter().any(|order| order.order_type == *wanted), "seed {seed}: no {wanted:?}");
        }
        for wanted in OrderStatus::ALL {
            assert!(orders.iter().any(|order| order.status == *wanted), "seed {seed}: no {wanted:?}");
        }
        for wanted in BillingModel::ALL {
            assert!(orders.iter().any(|order| order.billing_model == *wanted), "seed {seed}: no {wanted:?}");
        }
        for prefix in ["SO", "CH", "CL", "CF", "RN", "MG", "BO", "RO", "PO"] {
            assert!(orders.iter().any(|order| order.number.starts_with(prefix)), "seed {seed}: no {prefix}");
        }
        for fee in [FeeKind::Setup, FeeKind::Recurring, FeeKind::Overuse, FeeKind::Downgrade, FeeKind::Cancellation] {
            assert!(
                orders.iter().flat_map(|order| &order.lines).any(|line| line.fee == fee),
                "seed {seed}: no {fee:?}"
            );
        }
        let completed = orders.iter().filter(|order| order.status == OrderStatus::Completed).count();
        assert!(completed * 100 / orders.len() >= 70, "most are completed, not {completed}");
    }
}

#[test]
fn the_known_oddities_are_in_it() {
    for seed in 0..24 {
        oddities(&World::generate(&WorldSpec::new(seed, today())));
    }
}

fn oddities(world: &World) {
    let names: Vec<&str> = world.customers().iter().map(|customer| customer.name.as_str()).collect();
    assert!(names.iter().any(|name| name.contains("<b>")));
    assert!(names.iter().any(|name| name.contains('\'')));
    assert!(names.iter().any(|name| name.chars().count() > 120));
    assert!(names.iter().any(|name| !name.is_ascii()));
    let orders = world.orders();
    let renewals: Vec<_> = orders.iter().filter(|order| order.order_type == OrderType::Renewal).collect();
    assert!(renewals.iter().all(|order| order.lines.is_empty() && order.products.is_empty()));
    assert!(renewals.iter().any(|order| !order.total.is_zero()), "a renewal has a total and nothing else");
    assert!(orders.iter().any(|order| order.number.starts_with("CL") && order.lines.is_empty()));
    assert!(orders.iter().any(|order| order.number.starts_with("CL") && !order.lines.is_empty()));
    assert!(orders.iter().any(|order| order.scheduled_on_renewal && order.status == OrderStatus::Processing));
    let lines = || orders.iter().flat_map(|order| &order.lines);
    assert!(lines().any(|line| line.product.is_none()), "fees of the plan itself");
    assert!(lines().any(|line| line.discount.is_some()));
    assert!(lines().any(|line| line.fee == FeeKind::Downgrade && line.quantity < Decimal::ZERO));
    assert!(lines().any(|line| line.fee == FeeKind::RecurringRefund && line.extended < Decimal::ZERO));
    assert!(world.products().iter().any(|product| product.metered()));
    assert!(world.subscriptions().iter().any(|subscription| subscription.statement_day.is_some()));
    for plan in 0..world.plans().len() {
        assert!(world.subscriptions().iter().any(|subscription| subscription.plan == plan), "plan {plan} is unsold");
    }
    for wanted in [SubscriptionStatus::Active, SubscriptionStatus::Terminated, SubscriptionStatus::Pending] {
        assert!(world.subscriptions().iter().any(|subscription| subscription.status == wanted), "{wanted:?}");
    }
}

#[test]
fn totals_are_the_sum_of_their_lines_in_every_currency() {
    for currency in ["USD", "EUR", "JPY", "KWD"].map(|code| Currency::of(code).unwrap()) {
        let world = World::generate(&WorldSpec { currency, ..WorldSpec::new(3, today()) });
        for order in world.orders().iter().filter(|order| !order.lines.is_empty()) {
            let sum: Decimal = order.lines.iter().map(|line| line.extended).sum();
            assert_eq!(sum, order.total, "{}", order.number);
            for line in &order.lines {
                assert!(line.extended.normalize().scale() <= currency.minor(), "{} {line:?}", order.number);
            }
        }
    }
}

#[test]
fn orders_lie_in_fourteen_months_and_clear_of_the_last_months_edge() {
    for seed in 0..8 {
        let world = World::generate(&WorldSpec::new(seed, today()));
        let edge = today().checked_sub_months(Months::new(1)).unwrap();
        let first = today().checked_sub_months(Months::new(14)).unwrap();
        let mut recent = 0;
        for order in world.orders() {
            let day = order.created.date_naive();
            assert!(first <= day && day < today(), "{} on {day}", order.number);
            assert!((day - edge).num_days().abs() > 1, "{} on {day} is at the edge", order.number);
            if let Some(at) = order.provisioned.filter(|_| !order.scheduled_on_renewal) {
                assert!(at >= order.created && at.date_naive() < today(), "{}", order.number);
                assert_eq!(at.date_naive() > edge, day > edge, "{} is done on its side of the edge", order.number);
            }
            recent += usize::from(day > edge);
        }
        assert!((30..120).contains(&recent), "seed {seed}: {recent} orders of the last month");
    }
}

/// The same on days where calendar months are awkward.
#[test]
fn any_day_can_be_today() {
    for (year, month, day) in [(2024, 2, 29), (2025, 3, 31), (2026, 1, 1), (2026, 12, 31), (2027, 2, 28)] {
        let today = NaiveDate::from_ymd_opt(year, month, day).unwrap();
        let world = World::generate(&WorldSpec::new(5, today));
        let now = today.and_hms_opt(23, 59, 59).unwrap().and_utc();
        let (late, early) =
            (oracle::first_run(&world, now), oracle::first_run(&world, now - chrono::Duration::days(1)));
        assert!(!late.sales.is_empty());
        assert_eq!(late.sales, early.sales, "{today}: the hour of the day moves no order across the month's edge");
        assert!(world.orders().iter().all(|order| order.created.date_naive() < today));
        for line in world.orders().iter().flat_map(|order| &order.lines) {
            assert!(line.period.is_none_or(|period| period.days() > 0), "{today}: {line:?}");
        }
    }
}

#[test]
fn newest_first_is_newest_first() {
    let mut world = demo();
    let at = noon() - chrono::Duration::days(200);
    let late = world.new_sale(&sale(at, OrderStatus::Completed)).unwrap();
    let listed: Vec<_> = world.newest_first().collect();
    assert!(listed.windows(2).all(|pair| pair[0].created >= pair[1].created));
    let place = listed.iter().position(|order| order.number == late).unwrap();
    assert!(place > 40, "an order filed late still lies where its creation puts it, not at {place}");
}

#[test]
fn no_period_is_billed_twice() {
    for seed in 0..8 {
        let world = sized(seed, 25, 60, 900);
        let mut seen = HashSet::new();
        for order in world.orders().iter().filter(|order| order.number.starts_with("BO")) {
            for line in order.lines.iter().filter(|line| line.fee == FeeKind::Recurring && line.product.is_some()) {
                let once = seen.insert((order.subscription_id.clone(), line.product, line.period));
                assert!(
                    once || line.unit_price.is_zero(),
                    "seed {seed}: {} bills {:?} again",
                    order.number,
                    line.period
                );
            }
        }
    }
}

fn sale(at: DateTime<Utc>, status: OrderStatus) -> NewSale {
    NewSale { customer_id: None, mpn: Some("CFQ7TTC0LCHC:0002-P1M".to_owned()), quantity: 10, at, status }
}

fn hundredths(amount: Decimal) -> i64 {
    i64::try_from((amount * Decimal::ONE_HUNDRED).mantissa()).unwrap()
        / 10_i64.pow((amount * Decimal::ONE_HUNDRED).scale())
}

/// Half away from zero, in whole hundredths.
fn share(full: i64, part: i64, whole: i64) -> i64 {
    let doubled = 2 * full * part;
    (doubled.abs() + whole) / (2 * whole) * doubled.signum()
}

#[test]
fn a_change_within_the_period_pays_for_the_days_left() {
    let mut world = demo();
    let start = Utc.with_ymd_and_hms(2026, 1, 1, 9, 0, 0).unwrap();
    let number = world.new_sale(&sale(start, OrderStatus::Completed)).unwrap();
    let subscription_id = world.order_numbered(&number).unwrap().subscription_id.clone().unwrap();
    let unit = hundredths(world.products()[0].recurring.unwrap().price);
    for (kind, delta, day) in [(Kind::Upgrade, 2, 16), (Kind::Downgrade, -3, 31), (Kind::Upgrade, 1, 1)] {
        let draft = Draft {
            kind,
            subscription_id: subscription_id.clone(),
            at: Utc.with_ymd_and_hms(2026, 1, day, 9, 0, 0).unwrap(),
            status: OrderStatus::Completed,
            delta: Some(delta),
        };
        let number = world.add_order(&draft).unwrap();
        let total = hundredths(world.order_numbered(&number).unwrap().total);
        assert_eq!(total, share(unit * delta, 32 - i64::from(day), 31), "{delta} on day {day}");
    }
    assert_eq!(world.subscription(&subscription_id).unwrap().products[0].quantity, 10);
}

#[test]
fn completing_late_computes_the_partial_period_anew() {
    let mut world = demo();
    let at = Utc.with_ymd_and_hms(2026, 2, 1, 9, 0, 0).unwrap();
    let number = world.new_sale(&sale(at, OrderStatus::Completed)).unwrap();
    let subscription_id = world.order_numbered(&number).unwrap().subscription_id.clone().unwrap();
    let draft = Draft {
        kind: Kind::Upgrade,
        subscription_id,
        at: Utc.with_ymd_and_hms(2026, 2, 6, 9, 0, 0).unwrap(),
        status: OrderStatus::Processing,
        delta: Some(4),
    };
    let number = world.add_order(&draft).unwrap();
    let before = world.order_numbered(&number).unwrap().clone();
    world.complete_order(&number, Utc.with_ymd_and_hms(2026, 2, 8, 9, 0, 0).unwrap()).unwrap();
    let after = world.order_numbered(&number).unwrap();
    let unit = hundredths(world.products()[0].recurring.unwrap().price);
    assert_eq!(before.status, OrderStatus::Processing);
    assert_eq!(before.provisioned, None);
    assert_eq!(hundredths(before.total), share(unit * 4, 23, 28));
    assert_eq!(after.status, OrderStatus::Completed);
    assert_eq!(hundredths(after.total), share(unit * 4, 21, 28));
    assert!(after.lines[0].description.contains("from 2026-02-08 through 2026-02-28"), "{:?}", after.lines);
    assert_eq!(world.complete_order("SO-none", noon()), Err(WorldError::NoSuchOrder("SO-none".to_owned())));
}

/// Placed in one billing period and done in the next, a change pays for the next one's days.
#[test]
fn completing_in_the_next_period_pays_for_that_one() {
    let mut world = demo();
    let at = |month, day| Utc.with_ymd_and_hms(2026, month, day, 9, 0, 0).unwrap();
    let number = world.new_sale(&sale(at(1, 1), OrderStatus::Completed)).unwrap();
    let subscription_id = world.order_numbered(&number).unwrap().subscription_id.clone().unwrap();
    let draft = Draft {
        kind: Kind::Downgrade,
        subscription_id: subscription_id.clone(),
        at: at(1, 31),
        status: OrderStatus::Processing,
        delta: Some(-4),
    };
    let number = world.add_order(&draft).unwrap();
    assert_eq!(world.subscription(&subscription_id).unwrap().products[0].quantity, 10, "not before it is done");
    for again in [at(2, 2), at(2, 9)] {
        world.complete_order(&number, again).unwrap();
        let order = world.order_numbered(&number).unwrap();
        let unit = hundredths(world.products()[0].recurring.unwrap().price);
        assert_eq!(hundredths(order.total), share(unit * -4, 27, 28));
        assert_eq!(order.provisioned, Some(at(2, 2)), "the second completion changes nothing");
        assert_eq!(world.subscription(&subscription_id).unwrap().products[0].quantity, 6);
    }
}

#[test]
fn a_sale_done_later_bills_a_whole_period_from_then() {
    let mut world = demo();
    let at = |day| Utc.with_ymd_and_hms(2026, 3, day, 9, 0, 0).unwrap();
    let number = world.new_sale(&sale(at(1), OrderStatus::Submitted)).unwrap();
    let before = world.order_numbered(&number).unwrap().clone();
    let status = |world: &World| world.subscription(before.subscription_id.as_ref().unwrap()).unwrap().status;
    assert_eq!(status(&world), SubscriptionStatus::Pending);
    world.complete_order(&number, at(5)).unwrap();
    let after = world.order_numbered(&number).unwrap();
    assert_eq!((after.total, status(&world)), (before.total, SubscriptionStatus::Active));
    assert!(after.lines[0].description.ends_with("from 2026-03-05 through 2026-04-04"), "{:?}", after.lines[0]);
}

#[test]
fn revising_keeps_an_orders_identity() {
    let mut world = demo();
    let before = world.orders()[5].clone();
    world
        .revise_order(&before.number, |order| {
            order.id = "other".to_owned();
            order.total += Decimal::ONE;
        })
        .unwrap();
    let after = world.order(&before.id).unwrap();
    assert_eq!((&after.number, after.total), (&before.number, before.total + Decimal::ONE));
}

/// The oracle's first rule, counted again from the records and in whole hundredths.
#[test]
fn the_oracle_counts_what_the_records_say() {
    for seed in 0..8 {
        let world = World::generate(&WorldSpec::new(seed, today()));
        let edge = noon().checked_sub_months(Months::new(1)).unwrap();
        let mut expected: Vec<(String, i64)> = Vec::new();
        for order in world.orders() {
            let counts = order.order_type == OrderType::Sales
                && order.status == OrderStatus::Completed
                && order.billing_model == BillingModel::BeforeBillingPeriod
                && order.created > edge;
            if counts {
                expected.push((order.number.clone(), order.lines.iter().map(|line| hundredths(line.extended)).sum()));
            }
        }
        let run = oracle::first_run(&world, noon());
        let got: Vec<(String, i64)> =
            run.sales.iter().map(|sale| (sale.number.clone(), hundredths(sale.total))).collect();
        assert_eq!(got, expected, "seed {seed}");
        assert!((7..=18).contains(&got.len()), "seed {seed}: {} new sales", got.len());
        assert!(!run.initial.is_empty() && !run.not_final.is_empty() && run.outside_window > 100);
        let recent_cancelled = world
            .orders()
            .iter()
            .filter(|order| order.status == OrderStatus::Cancelled && order.created >= edge)
            .count();
        let parts = run.sales.len() + run.other_recent.len() + run.not_final.len() + run.outside_window;
        assert_eq!(parts + recent_cancelled, world.orders().len(), "every order is in one part");
    }
}

#[test]
fn the_oracle_follows_the_world() {
    let mut world = demo();
    let before = oracle::first_run(&world, noon());
    let at = noon() - chrono::Duration::days(2);
    let open = world.new_sale(&sale(at, OrderStatus::Processing)).unwrap();
    let still = oracle::first_run(&world, noon());
    assert_eq!(still.sales_total(), before.sales_total());
    assert!(still.not_final.contains(&open));
    world.complete_order(&open, at).unwrap();
    let after = oracle::first_run(&world, noon());
    let order = world.order_numbered(&open).unwrap();
    assert_eq!(after.sales_total() - before.sales_total(), order.total);
    assert_eq!(after.initial, before.initial, "its own sales order stands for the subscription");
}

/// One fee nobody supports takes the whole order out; a payment or a line over nothing does not.
#[test]
fn the_oracle_takes_orders_whole_or_not_at_all() {
    let mut world = demo();
    let at = noon() - chrono::Duration::days(3);
    let number = world.new_sale(&sale(at, OrderStatus::Completed)).unwrap();
    let model = world.order_numbered(&number).unwrap().clone();
    let before = oracle::first_run(&world, noon());
    for (nth, (fee, amount, counted)) in [
        (FeeKind::Switch, Decimal::ONE, false),
        (FeeKind::Switch, Decimal::ZERO, true),
        (FeeKind::Payment, Decimal::TEN, true),
    ]
    .into_iter()
    .enumerate()
    {
        let mut order = model.clone();
        (order.id, order.number) = (format!("900{nth}"), format!("SO900{nth}"));
        let mut line = order.lines[0].clone();
        (line.fee, line.extended) = (fee, amount);
        order.lines.push(line);
        let mut with = world.clone();
        with.insert_order(order.clone()).unwrap();
        assert_eq!(with.insert_order(order), Err(WorldError::Taken(format!("SO900{nth}"))));
        let gained = oracle::first_run(&with, noon()).sales_total() - before.sales_total();
        assert_eq!(gained, if counted { model.total } else { Decimal::ZERO }, "{fee:?} over {amount}");
    }
}

#[test]
fn one_total_can_be_off_by_a_coin() {
    let right = demo();
    let wrong = World::generate(&WorldSpec { one_total_off: true, ..WorldSpec::new(7, today()) });
    let pairs = right.orders().iter().zip(wrong.orders());
    let differing: Vec<_> = pairs.filter(|(one, other)| one != other).collect();
    assert_eq!(differing.len(), 1);
    assert_eq!(differing[0].1.total - differing[0].0.total, Decimal::new(1, 2));
    assert_eq!(differing[0].1.lines, differing[0].0.lines);
}

#[test]
fn exported_files_hold_the_whole_world() {
    let dir = std::env::temp_dir().join(format!("counterfoil-sim-world-{}", std::process::id()));
    let world = demo();
    world.to_files(&dir).unwrap();
    let read =
        |path: &std::path::Path| -> Value { serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap() };
    let rows = |name: &str| read(&dir.join(name))["data"].as_array().unwrap().clone();
    let subscriptions = rows("subscriptions.json");
    let mut files: Vec<_> = std::fs::read_dir(dir.join("orders")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut orders: Vec<Value> = files.iter().map(|path| read(path)).collect();
    orders.sort_by_key(|order| order["id"].as_str().unwrap().to_owned());
    assert_eq!((rows("customers.json").len(), rows("products.json").len()), (25, world.products().len()));
    assert_eq!(rows("plans.json").len(), world.plans().len());
    assert_eq!(orders, exported(&world));
    assert_eq!(oracle::from_exports(&orders, &subscriptions, noon()), oracle::first_run(&world, noon()));
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn most_things_link_by_exact_keys_and_some_do_not() {
    let world = demo();
    let contacts = world.expected_xero_contacts();
    let by = |wanted| contacts.iter().filter(|contact| contact.by == wanted).count();
    assert!(by(ContactMatch::ExternalId) * 10 >= world.customers().len() * 6);
    assert!(by(ContactMatch::TaxNumber) >= 2);
    assert!(by(ContactMatch::SimilarName) >= 1);
    assert!(contacts.len() < world.customers().len(), "someone has no contact at all");
    for contact in &contacts {
        let customer = world.customer(&contact.customer_id).unwrap();
        match contact.by {
            ContactMatch::ExternalId => assert_eq!(contact.contact_number.as_ref(), Some(&customer.id)),
            ContactMatch::TaxNumber => {
                assert!(contact.contact_number.is_none());
                assert!(contact.tax_number.is_some() && contact.tax_number == customer.tax_reg_id);
            }
            ContactMatch::SimilarName => {
                assert!(contact.contact_number.is_none() && contact.tax_number.is_none());
                assert_ne!(contact.name, customer.name);
            }
        }
    }
    let items = world.expected_xero_items();
    assert!(items.iter().all(|item| item.code.chars().count() <= 30 && item.name.chars().count() <= 50));
    assert!(items.iter().all(|item| world.products().iter().any(|product| product.mpn == item.code)));
    let missing = world.products().len() - items.len();
    assert!((2..=5).contains(&missing), "{missing} products have no item");
}
