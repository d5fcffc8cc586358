//! What additions are billed, against a count of days that shares nothing with the simulator.

use chrono::{Days, NaiveDate};
use counterfoil_sim::SimClock;
use counterfoil_sim::connectwise::{
    Addition, AgreementSeed, BillingRules, CancelledDate, CwConfig, CwSim, CwState, Invoice, InvoiceDate,
    ProrateRounding,
};
use rust_decimal::Decimal;

use crate::support::{addition, agreement, day, item, noon};

/// An agreement whose periods begin on `start`, and an item.
fn books(start: &str, prorate: bool, rules: BillingRules) -> (CwState, i64, i64) {
    let state = CwSim::new(CwConfig { rules, ..CwConfig::default() }, SimClock::fixed(noon())).state();
    let company = state.add_company("ACME", "Acme Ltd");
    let agreement = state.add_agreement(&AgreementSeed { start: day(start), ..agreement(company, prorate) });
    let item = state.add_item(&item("SEAT"));
    (state, agreement, item)
}

fn amounts(invoices: &[Invoice]) -> Vec<(String, Vec<String>)> {
    let lines = |one: &Invoice| one.lines.iter().map(|line| line.amount.to_string()).collect();
    invoices.iter().map(|one| (one.period.0.to_string(), lines(one))).collect()
}

/// Days of the period on which it stands, one by one.
fn standing(one: &Addition, (start, end): (NaiveDate, NaiveDate), inclusive: bool) -> i64 {
    let stands = |day: &NaiveDate| {
        one.effective.is_none_or(|first| first <= *day)
            && one.cancelled.is_none_or(|last| if inclusive { *day <= last } else { *day < last })
    };
    i64::try_from(start.iter_days().take_while(|day| *day < end).filter(stands).count()).unwrap()
}

/// Half up, in whole cents: of `quantity` units at `cents`.
fn expected(quantity: i64, cents: i64, days: i64, whole: i64, prorate: bool, rounding: ProrateRounding) -> Decimal {
    let share = |amount: i64| (2 * amount * days + whole) / (2 * whole);
    let cents = match (prorate, rounding) {
        (false, _) => quantity * cents,
        (true, ProrateRounding::PerLine) => share(quantity * cents),
        (true, ProrateRounding::PerUnit) => quantity * share(cents),
    };
    Decimal::new(cents, 2)
}

#[test]
fn every_day_of_a_month() {
    let mut billed = 0;
    for (start, end) in [
        ("2026-11-01", "2026-12-01"),
        ("2026-01-15", "2026-02-15"),
        ("2026-02-01", "2026-03-01"),
        ("2028-02-10", "2028-03-10"),
    ] {
        for prorate in [false, true] {
            for cancelled_date in [CancelledDate::Inclusive, CancelledDate::Exclusive] {
                for prorate_rounding in [ProrateRounding::PerLine, ProrateRounding::PerUnit] {
                    let rules = BillingRules { cancelled_date, prorate_rounding, ..BillingRules::default() };
                    let (state, agreement, item) = books(start, prorate, rules);
                    let period = (day(start), day(end));
                    // A day too many at each end.
                    let first = period.0 - Days::new(1);
                    let days: Vec<NaiveDate> = first.iter_days().take_while(|day| *day <= period.1).collect();
                    let mut seeds = vec![addition(agreement, item, None, None)];
                    for from in &days {
                        seeds.push(addition(agreement, item, Some(*from), None));
                        seeds.push(addition(agreement, item, None, Some(*from)));
                        seeds.extend(days.iter().map(|to| addition(agreement, item, Some(*from), Some(*to))));
                    }
                    let ids: Vec<i64> = seeds.iter().map(|seed| state.add_addition(seed)).collect();
                    let invoices = state.invoice_up_to(period.0);
                    assert_eq!((invoices.len(), invoices[0].period), (1, period));
                    let inclusive = cancelled_date == CancelledDate::Inclusive;
                    let whole = (period.1 - period.0).num_days();
                    for (seed, id) in seeds.iter().zip(ids) {
                        let days = standing(seed, period, inclusive);
                        let line = invoices[0].lines.iter().find(|line| line.addition == id);
                        let wanted = (days > 0)
                            .then(|| (expected(3, 1250, days, whole, prorate, prorate_rounding), (days, whole)));
                        let found = line.map(|line| (line.amount, line.days));
                        assert_eq!(
                            found, wanted,
                            "{start} {prorate} {rules:?} {:?}..{:?}",
                            seed.effective, seed.cancelled
                        );
                        billed += usize::from(found.is_some());
                    }
                    let total: Decimal = invoices[0].lines.iter().map(|line| line.amount).sum();
                    assert_eq!(invoices[0].total(), total);
                    assert!(state.invoice_up_to(period.1 - Days::new(1)).is_empty(), "once");
                }
            }
        }
    }
    assert!(billed > 10_000, "{billed}");
}

#[test]
fn who_pays() {
    for prorate in [false, true] {
        let (state, agreement, item) = books("2026-11-01", prorate, BillingRules::default());
        for bill in ["Billable", "NoCharge", "DoNotBill"] {
            state.add_addition(&Addition { bill_customer: bill.to_owned(), ..addition(agreement, item, None, None) });
        }
        let less = state.add_addition(&addition(agreement, item, None, None));
        state.set_less_included(less, Decimal::ONE);
        state.add_addition(&Addition { quantity: Decimal::from(-3), ..addition(agreement, item, None, None) });
        let made = state.invoice_up_to(day("2026-11-30"));
        assert_eq!(amounts(&made)[0].1, ["37.50", "0", "25.00", "-37.50"]);
    }
}

#[test]
fn one_time_and_open_ones_over_some_periods() {
    let (state, agreement, item) = books("2026-10-15", true, BillingRules::default());
    let at =
        |from: &str, to: Option<&str>| state.add_addition(&addition(agreement, item, Some(day(from)), to.map(day)));
    at("2026-10-15", Some("2026-11-14"));
    at("2026-11-20", Some("2026-11-20"));
    at("2026-11-15", None);
    at("2026-10-30", Some("2026-12-01"));
    let made = state.invoice_up_to(day("2027-01-14"));
    assert_eq!(
        amounts(&made),
        [
            // 31 days: whole; 16 of 31.
            ("2026-10-15".to_owned(), vec!["37.50".to_owned(), "19.35".to_owned()]),
            // 30 days: 1 of 30; whole; 17 of 30.
            ("2026-11-15".to_owned(), vec!["1.25".to_owned(), "37.50".to_owned(), "21.25".to_owned()]),
            ("2026-12-15".to_owned(), vec!["37.50".to_owned()]),
        ]
    );
}

/// After the period was invoiced: what came late, what was changed, what was taken off.
#[test]
fn late_is_billed_only_where_the_agreement_says_so() {
    for (prorate, flag, wanted) in [
        (false, false, vec!["37.50", "62.50"]),
        (false, true, vec!["37.50", "62.50"]),
        (true, false, vec!["37.50", "62.50"]),
        // 15 days of 30 of the open one, and 1 of 30 of the one-time one; the changed quantity not.
        (true, true, vec!["37.50", "18.75", "1.25", "62.50"]),
    ] {
        let (state, agreement, item) = books("2026-11-01", prorate, BillingRules::default());
        state.set_invoices_prorated(agreement, flag);
        let add =
            |from: &str, to: Option<&str>| state.add_addition(&addition(agreement, item, Some(day(from)), to.map(day)));
        let ended = add("2026-11-01", None);
        let changed = add("2026-11-01", None);
        assert_eq!(state.invoice_up_to(day("2026-11-15"))[0].total(), Decimal::from(75));
        add("2026-11-16", None);
        add("2026-11-20", Some("2026-11-20"));
        // Nothing is credited, and the rest of the period is not billed.
        state.set_cancelled(ended, Some(day("2026-11-05")));
        state.set_quantity(changed, Decimal::from(5));
        let made = state.invoice_up_to(day("2026-12-01"));
        let mut found: Vec<Decimal> = made[0].lines.iter().map(|line| line.amount).collect();
        let mut wanted: Vec<Decimal> = wanted.iter().map(|text| text.parse().unwrap()).collect();
        found.sort();
        wanted.sort();
        assert_eq!((made.len(), found), (1, wanted), "{prorate} {flag}");
        assert!(state.invoice_up_to(day("2026-12-31")).is_empty());
        // Two periods late is too late.
        add("2026-11-10", Some("2026-11-11"));
        let next = state.invoice_up_to(day("2027-01-01"));
        assert_eq!(next[0].total(), Decimal::from(100), "37.50 and 62.50");
    }
}

#[test]
fn agreements_that_are_over_or_young() {
    let (state, agreement, item) = books("2026-11-01", false, BillingRules::default());
    state.add_addition(&addition(agreement, item, None, None));
    assert!(state.invoice_up_to(day("2026-10-31")).is_empty(), "not begun");
    state.set_end(agreement, day("2026-12-31"));
    assert_eq!(state.invoice_up_to(day("2027-03-01")).len(), 2, "November and December");
    let (state, agreement, item) = books("2026-11-01", false, BillingRules::default());
    state.add_addition(&addition(agreement, item, None, None));
    state.cancel_agreement(agreement);
    assert!(state.invoice_up_to(day("2027-03-01")).is_empty());
    let (state, agreement, item) = books("2026-11-01", false, BillingRules::default());
    state.add_addition(&addition(agreement, item, None, None));
    state.mark_invoiced(agreement, day("2026-12-01"));
    assert!(state.invoice_up_to(day("2026-11-30")).is_empty(), "nobody saw that invoice");
    assert_eq!(state.invoice_agreement(agreement, day("2026-12-01")).len(), 1);
}

#[test]
fn currencies_have_their_own_places() {
    for (code, wanted) in [("GBP", "12.51"), ("JPY", "13"), ("KWD", "12.506")] {
        let (state, agreement, item) = books("2026-11-01", false, BillingRules::default());
        state.set_currency(agreement, code);
        let priced = Addition {
            quantity: Decimal::ONE,
            unit_price: Decimal::new(125_055, 4),
            ..addition(agreement, item, None, None)
        };
        state.add_addition(&priced);
        assert_eq!(amounts(&state.invoice_up_to(day("2026-11-01")))[0].1, [wanted]);
    }
}

#[test]
fn an_invoice_bears_the_first_day_or_the_day_it_was_made() {
    for (invoice_date, wanted) in [
        (InvoiceDate::PeriodStart, ["2026-11-01", "2026-12-01"]),
        (InvoiceDate::DayOfRun, ["2026-12-07", "2026-12-07"]),
    ] {
        let (state, agreement, item) =
            books("2026-11-01", false, BillingRules { invoice_date, ..BillingRules::default() });
        state.add_addition(&addition(agreement, item, None, None));
        let dates: Vec<String> =
            state.invoice_up_to(day("2026-12-07")).iter().map(|one| one.date.to_string()).collect();
        assert_eq!(dates, wanted);
    }
}
