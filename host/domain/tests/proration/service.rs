//! Service periods: who tells them, and months that are too short for their day.

use chrono::{Datelike, NaiveDate};
use counterfoil_domain::period::{Cycle, Period};
use counterfoil_domain::service::{Anchor, Source, service_period};

fn cycle(text: &str) -> Cycle {
    let number = || text[..text.len() - 1].parse().unwrap();
    match text.chars().last().unwrap() {
        'd' => Cycle::Days(number()),
        'm' => Cycle::Months(number()),
        's' => Cycle::StatementDay,
        other => panic!("{other}"),
    }
}

fn maybe_day(text: &str) -> Option<NaiveDate> {
    (text != "-").then(|| text.parse().unwrap())
}

/// cycle, started, renews, effective -> first day, first day after, who told
const PERIODS: &str = "
1m  2026-01-31 -          2026-02-27 -> 2026-01-31 2026-02-28 subscription
1m  2026-01-31 -          2026-02-28 -> 2026-02-28 2026-03-31 subscription
1m  2026-01-31 -          2026-03-31 -> 2026-03-31 2026-04-30 subscription
1m  2026-01-31 2026-02-28 2026-03-30 -> 2026-02-28 2026-03-31 subscription
1m  2026-01-30 2026-02-28 2026-03-30 -> 2026-03-30 2026-04-30 subscription
1m  2028-01-31 2028-02-29 2028-02-29 -> 2028-02-29 2028-03-31 subscription
1m  -          2026-02-28 2026-03-30 -> 2026-03-28 2026-04-28 subscription
1m  2026-01-08 2026-02-24 2026-01-10 -> 2025-12-24 2026-01-24 subscription
1m  2026-12-01 2026-12-01 2026-11-12 -> 2026-11-01 2026-12-01 subscription
3m  2026-01-31 2026-04-30 2026-05-05 -> 2026-04-30 2026-07-31 subscription
12m 2024-02-29 2027-02-28 2027-06-01 -> 2027-02-28 2028-02-29 subscription
12m 2025-03-15 -          2026-03-14 -> 2025-03-15 2026-03-15 subscription
30d 2026-01-01 -          2026-02-01 -> 2026-01-31 2026-03-02 subscription
30d 2026-01-01 -          2025-12-31 -> 2025-12-02 2026-01-01 subscription
7d  -          2026-11-23 2026-11-22 -> 2026-11-16 2026-11-23 subscription
1s  2026-01-08 2026-01-24 2026-01-10 -> 2025-12-24 2026-01-24 subscription
1s  2026-01-31 2026-02-28 2026-03-30 -> 2026-03-28 2026-04-28 subscription
1s  2026-01-08 -          2026-01-10 -> - - none
0m  2026-01-08 -          2026-01-10 -> - - none
0d  2026-01-08 -          2026-01-10 -> - - none
1m  -          -          2026-01-10 -> - - none
";

#[test]
fn a_silent_line_takes_the_subscriptions_period() {
    for line in PERIODS.lines().filter(|line| !line.is_empty()) {
        let (given, expected) = line.split_once("->").unwrap();
        let cells: Vec<&str> = given.split_whitespace().collect();
        let anchor = Anchor { started_on: maybe_day(cells[1]), renews_on: maybe_day(cells[2]) };
        let found = service_period(None, Some(cycle(cells[0])), anchor, cells[3].parse().unwrap());
        let expected: Vec<&str> = expected.split_whitespace().collect();
        let period = maybe_day(expected[0]).map(|start| Period::new(start, expected[1].parse().unwrap()).unwrap());
        assert_eq!(found, (period, Source::parse(expected[2]).unwrap()), "{line}");
    }
}

#[test]
fn a_line_that_tells_its_period_is_believed() {
    let told = Period::new("2026-11-12".parse().unwrap(), "2026-12-01".parse().unwrap()).unwrap();
    let anchor = Anchor { started_on: None, renews_on: Some("2026-12-01".parse().unwrap()) };
    // Also a line whose period is long past.
    for on in ["2026-11-12", "2027-05-01"] {
        let found = service_period(Some(told), Some(Cycle::Months(1)), anchor, on.parse().unwrap());
        assert_eq!(found, (Some(told), Source::Line));
    }
    assert_eq!(service_period(None, None, anchor, told.start()), (None, Source::Nobody));
}

#[test]
fn every_source_explains_itself() {
    let mut sentences: Vec<&str> = Source::ALL.iter().map(|source| source.sentence()).collect();
    sentences.dedup();
    assert_eq!(sentences.len(), 3);
}

#[test]
fn whole_periods_tile_fifty_years_from_any_day_of_a_month() {
    for day in 1..=31 {
        let anchor = NaiveDate::from_ymd_opt(2027, 1, day).unwrap();
        for (cycle, months) in [
            (Cycle::Months(1), 1),
            (Cycle::Months(3), 3),
            (Cycle::Months(12), 12),
            (Cycle::Months(36), 36),
            (Cycle::StatementDay, 1),
        ] {
            let first = NaiveDate::from_ymd_opt(2002, 1, day).unwrap();
            let mut period = cycle.period_containing(first, anchor).unwrap();
            for _ in 0..600 / months {
                let next = cycle.period_containing(period.end(), anchor).unwrap();
                assert_eq!(next.start(), period.end(), "{cycle:?} from {anchor}");
                // The day of the anchor, or the month's last one where it has none such.
                let last = next.start().with_day(day).is_none().then(|| next.start().succ_opt().unwrap().day());
                assert!(next.start().day() == day || last == Some(1), "{cycle:?} from {anchor}: {next}");
                period = next;
            }
        }
    }
}
