//! What holds for every price, period and day. Cases that failed are kept beside this file and tried first.

use chrono::{Days, NaiveDate};
use counterfoil_domain::job::PriceSource;
use counterfoil_domain::money::{Currency, Rounding};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::proration::{Method, Terms, WholePeriod, Why, prorate};
use counterfoil_domain::service::{Anchor, Source, billing_period, service_period};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use rust_decimal::Decimal;

use super::oracle;
use super::row::Row;

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 100_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

/// Every decimal there is.
fn any_decimal() -> impl Strategy<Value = Decimal> {
    (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>(), 0u32..=28)
        .prop_map(|(low, middle, high, negative, scale)| Decimal::from_parts(low, middle, high, negative, scale))
}

/// Up to a thousand million with six decimals.
fn quantity() -> impl Strategy<Value = Decimal> {
    (any::<bool>(), 1u32..=16, any::<u64>()).prop_map(|(negative, size, seed)| {
        let number = i64::try_from(seed % 10u64.pow(size)).unwrap().min(1_000_000_000_000_000);
        Decimal::new(if negative { -number } else { number }, 6)
    })
}

/// Up to a hundred thousand with ten decimals, of either sign.
fn price() -> impl Strategy<Value = Decimal> {
    (any::<bool>(), 0u32..=10, 0i64..100_000 * 1_000)
        .prop_map(|(negative, scale, number)| Decimal::new(if negative { -number } else { number }, scale))
}

fn currency() -> impl Strategy<Value = Currency> {
    prop::sample::select(vec!["JPY", "USD", "KWD", "CLF"]).prop_map(|code| Currency::parse(code).unwrap())
}

fn rounding() -> impl Strategy<Value = Rounding> {
    prop::sample::select(vec![Rounding::HalfAwayFromZero, Rounding::HalfEven])
}

fn day(from: i32, to: i32) -> impl Strategy<Value = NaiveDate> {
    (from..=to, 1u32..=366)
        .prop_map(|(year, day)| NaiveDate::from_yo_opt(year, day).or(NaiveDate::from_yo_opt(year, 365)).unwrap())
}

/// A day within, or a little outside of, a period of up to two years.
fn dated() -> impl Strategy<Value = (Period, NaiveDate)> {
    (day(2000, 2060), 1u64..=731, -3i64..=734).prop_map(|(start, days, offset)| {
        let period = Period::new(start, start + Days::new(days)).unwrap();
        (period, start + chrono::TimeDelta::days(offset))
    })
}

fn terms() -> impl Strategy<Value = Terms> {
    (
        prop::sample::select(Method::ALL),
        dated(),
        currency(),
        rounding(),
        prop::sample::select(PriceSource::ALL),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.9),
    )
        .prop_map(
            |(method, (billing_period, effective_on), currency, rounding, source, target_prorates, recurs)| Terms {
                method,
                billing_period,
                effective_on,
                currency,
                rounding,
                source,
                target_prorates,
                recurs,
            },
        )
}

/// Terms under which the amount is worked out here.
fn prorating() -> impl Strategy<Value = Terms> {
    (terms(), prop::sample::select(vec![Method::ElapsedDays, Method::DayNumber])).prop_map(|(terms, method)| Terms {
        method,
        source: PriceSource::Order,
        target_prorates: false,
        recurs: true,
        ..terms
    })
}

fn cycle() -> impl Strategy<Value = Cycle> {
    prop_oneof![(1u32..=400).prop_map(Cycle::Days), (1u32..=36).prop_map(Cycle::Months), Just(Cycle::StatementDay),]
}

fn as_row(terms: &Terms, quantity: Decimal, price: Decimal) -> Row {
    Row {
        method: terms.method.to_string(),
        source: terms.source.to_string(),
        fee: if terms.recurs { "recurring" } else { "setup" }.into(),
        target: if terms.target_prorates { "prorates" } else { "charges" }.into(),
        rounding: if terms.rounding == Rounding::HalfEven { "half-even" } else { "half-up" }.into(),
        currency: terms.currency.to_string(),
        quantity: quantity.to_string(),
        unit_price: price.to_string(),
        unit_cost: "-".into(),
        start: terms.billing_period.start().to_string(),
        end: terms.billing_period.end().to_string(),
        effective: terms.effective_on.to_string(),
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_panics_whatever_comes_in(
        amounts in (any_decimal(), any_decimal(), proptest::option::of(any_decimal()), any_decimal()),
        terms in terms(),
        ends in (day(-262_000, 262_000), day(-262_000, 262_000), day(-262_000, 262_000)),
        code in "[A-Z]{3}",
    ) {
        let (quantity, price, cost, billed) = amounts;
        let (a, b, effective_on) = ends;
        let billing_period = Period::new(a.min(b), a.max(b)).unwrap_or(terms.billing_period);
        let terms = Terms { billing_period, effective_on, currency: Currency::parse(&code).unwrap(), ..terms };
        if let Ok(prorated) = prorate(WholePeriod::new(quantity, price, cost).signed_like(billed), &terms) {
            for charge in [Some(prorated.price), prorated.cost].into_iter().flatten() {
                prop_assert!(charge.amount.amount.abs() <= charge.full.amount.abs());
                prop_assert!(!charge.arithmetic.is_empty());
                prop_assert!(charge.before().is_ok());
            }
        }
    }

    #[test]
    fn between_nothing_and_the_whole_with_its_sign(terms in terms(), quantity in quantity(), price in price()) {
        let prorated = prorate(WholePeriod::new(quantity, price, Some(-price)), &terms).unwrap();
        let (full, amount) = (prorated.price.full.amount, prorated.price.amount.amount);
        prop_assert!(amount.abs() <= full.abs(), "{amount} of {full}");
        let negative = quantity.is_sign_negative() != price.is_sign_negative();
        prop_assert!(amount.is_zero() || amount.is_sign_negative() == negative);
        prop_assert!(!amount.is_zero() || !amount.is_sign_negative(), "minus nothing");
        let cost = prorated.cost.clone().unwrap();
        prop_assert_eq!(cost.amount.amount, -amount);
        prop_assert_eq!(cost.full.amount, -full);
        let within = terms.billing_period.contains(terms.effective_on);
        prop_assert!(!prorated.by_us() || within && terms.effective_on != terms.billing_period.start());
        prop_assert!(!(prorated.by_us() && terms.target_prorates), "both sides prorate");
        prop_assert!(prorated.share.left <= prorated.share.days);
    }

    #[test]
    fn the_parts_before_and_after_are_the_whole_to_the_coin(
        terms in prorating(), quantity in quantity(), price in price(),
    ) {
        let prorated = prorate(WholePeriod::new(quantity, price, None), &terms).unwrap();
        let whole = terms.rounding.apply(quantity * price, terms.currency.minor_units());
        let before = prorated.price.before().unwrap();
        prop_assert_eq!(before.plus(prorated.price.amount).unwrap().amount, prorated.price.full.amount);
        prop_assert_eq!(prorated.price.full.amount, whole);
        let digits = terms.currency.minor_units();
        prop_assert!(before.amount.scale() <= digits && prorated.price.amount.amount.scale() <= digits);
        prop_assert!(before.amount.is_zero() || before.amount.is_sign_negative() == whole.is_sign_negative());
    }

    #[test]
    fn the_oracle_says_the_same(terms in prorating(), quantity in quantity(), price in price()) {
        let row = as_row(&terms, quantity, price);
        prop_assert_eq!(row.product(), oracle::expected(&row), "{:?}", row);
    }

    #[test]
    fn who_starts_later_never_pays_more(terms in prorating(), quantity in quantity(), price in price()) {
        let whole = WholePeriod::new(quantity, price, None);
        let size = |terms: &Terms| prorate(whole, terms).unwrap().price.amount.amount.abs();
        let later = Terms { effective_on: terms.effective_on + Days::new(1), ..terms };
        prop_assert!(size(&later) <= size(&terms));
        let literal = Terms { method: Method::DayNumber, ..terms };
        let elapsed = Terms { method: Method::ElapsedDays, ..terms };
        prop_assert!(size(&literal) <= size(&elapsed));
        // The literal reading charges each day as if it had begun one day later.
        let why = prorate(whole, &literal).unwrap().why;
        if why == Why::Prorated {
            let next = Terms { effective_on: terms.effective_on + Days::new(1), ..elapsed };
            prop_assert_eq!(size(&literal), size(&next));
        }
    }

    #[test]
    fn a_service_period_contains_the_effective_day(
        cycle in cycle(), started in day(1990, 2090), renews in proptest::option::of(day(1990, 2090)), on in day(1990, 2090),
    ) {
        let anchor = Anchor { started_on: Some(started), renews_on: renews };
        let (period, source) = service_period(None, Some(cycle), anchor, on);
        prop_assert_eq!(period, billing_period(cycle, anchor, on));
        let Some(period) = period else {
            prop_assert_eq!((cycle, renews, source), (Cycle::StatementDay, None, Source::Nobody));
            return Ok(());
        };
        prop_assert_eq!(source, Source::Subscription);
        prop_assert!(period.contains(on));
        prop_assert_eq!(billing_period(cycle, anchor, period.start()), Some(period));
        prop_assert_eq!(billing_period(cycle, anchor, period.last()), Some(period));
        prop_assert_eq!(billing_period(cycle, anchor, period.end()).unwrap().start(), period.end());
        // Wherever periods are counted from, the renewal begins one.
        if let Some(renews) = renews {
            prop_assert_eq!(billing_period(cycle, anchor, renews).unwrap().start(), renews);
        }
        prop_assert_eq!(service_period(Some(period), None, Anchor::default(), on), (Some(period), Source::Line));
    }

    #[test]
    fn no_day_of_the_calendar_panics(
        cycle in prop_oneof![any::<u32>().prop_map(Cycle::Days), any::<u32>().prop_map(Cycle::Months), cycle()],
        on in day(-262_000, 262_000), anchor in day(-262_000, 262_000),
    ) {
        if let Some(period) = cycle.period_containing(on, anchor) {
            prop_assert!(period.contains(on));
        }
        prop_assert_eq!(Cycle::Days(0).period_containing(on, anchor), None);
        prop_assert_eq!(Cycle::Months(0).period_containing(on, anchor), None);
    }
}
