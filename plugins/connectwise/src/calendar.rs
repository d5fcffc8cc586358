//! The billing periods of an agreement: each is counted from the agreement's own first day.
//!
//! Owns the arithmetic of anchor and cycle. Counting from the anchor and not from the period before keeps the end of a
//! month: what began on a 31st is billed on the 28th of February and on the 31st of March again. Knows no order.

use counterfoil_sdk::{Date, Period};

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cycle {
    Months(u32),
    Days(u32),
}

impl Cycle {
    /// Reads an ISO duration of one part: "P1M", "P3M", "P1Y", "P2W", "P7D". None for anything else, and for nothing.
    pub(crate) fn parse(iso: &str) -> Option<Self> {
        let rest = iso.trim().strip_prefix('P')?;
        let (number, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
        let number: u32 = number.parse().ok().filter(|number| (1..=1200).contains(number))?;
        match unit {
            "Y" => Some(Self::Months(number * 12)),
            "M" => Some(Self::Months(number)),
            "W" => Some(Self::Days(number * 7)),
            "D" => Some(Self::Days(number)),
            _ => None,
        }
    }

    /// "P1M", "P1Y", "P2W".
    pub(crate) fn iso(self) -> String {
        match self {
            Self::Months(months) if months % 12 == 0 => format!("P{}Y", months / 12),
            Self::Months(months) => format!("P{months}M"),
            Self::Days(days) if days % 7 == 0 => format!("P{}W", days / 7),
            Self::Days(days) => format!("P{days}D"),
        }
    }

    /// "each month", for people.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Months(1) => "each month".to_owned(),
            Self::Months(3) => "each quarter".to_owned(),
            Self::Months(12) => "each year".to_owned(),
            Self::Months(months) => format!("every {months} months"),
            Self::Days(7) => "each week".to_owned(),
            Self::Days(days) => format!("every {days} days"),
        }
    }
}

/// Where the periods of an agreement begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) anchor: Date,
    pub(crate) cycle: Cycle,
}

/// More periods than this between two days are a wrong date, not a bill.
const MOST_PERIODS: usize = 600;

impl Calendar {
    /// The first day of the period so many after the anchor's, or before it.
    pub(crate) fn boundary(self, turn: i64) -> Option<Date> {
        match self.cycle {
            Cycle::Days(days) => self.anchor.plus_days(turn.checked_mul(i64::from(days))?),
            Cycle::Months(months) => months_after(self.anchor, turn.checked_mul(i64::from(months))?),
        }
    }

    /// Which period the day is in.
    pub(crate) fn turn(self, day: Date) -> Option<i64> {
        let turn = match self.cycle {
            Cycle::Days(days) => (day.epoch_days() - self.anchor.epoch_days()).div_euclid(i64::from(days)),
            Cycle::Months(months) => (month_number(day) - month_number(self.anchor)).div_euclid(i64::from(months)),
        };
        // Counted by months alone, the day may still lie before that month's first day of a period.
        [turn, turn - 1].into_iter().find(|turn| self.boundary(*turn).is_some_and(|start| start <= day))
    }

    fn period(self, turn: i64) -> Option<Period> {
        Period::new(self.boundary(turn)?, self.boundary(turn.checked_add(1)?)?).ok()
    }

    /// The period that the day is in.
    pub(crate) fn containing(self, day: Date) -> Option<Period> {
        self.period(self.turn(day)?)
    }

    /// The first period that begins on the day or after it.
    pub(crate) fn beginning_from(self, day: Date) -> Option<Period> {
        let turn = self.turn(day)?;
        let period = self.period(turn)?;
        if period.start() == day { Some(period) } else { self.period(turn.checked_add(1)?) }
    }

    /// The periods that begin in `[from, to)`, in order; none when there are too many to be meant.
    pub(crate) fn between(self, from: Date, to: Date) -> Option<Vec<Period>> {
        let mut all = Vec::new();
        let mut day = from;
        while day < to {
            let period = self.beginning_from(day)?;
            if period.start() >= to {
                break;
            }
            if all.len() == MOST_PERIODS {
                return None;
            }
            day = period.end();
            all.push(period);
        }
        Some(all)
    }
}

fn month_number(day: Date) -> i64 {
    let (year, month, _) = day.parts();
    i64::from(year) * 12 + i64::from(month) - 1
}

/// The same day so many months later, or the last day that the month has.
fn months_after(day: Date, months: i64) -> Option<Date> {
    let number = month_number(day).checked_add(months)?;
    let year = u16::try_from(number.div_euclid(12)).ok()?;
    let month = u8::try_from(number.rem_euclid(12)).ok()? + 1;
    let (_, _, own) = day.parts();
    (1..=own).rev().find_map(|day| Date::new(year, month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    fn calendar(anchor: &str, cycle: &str) -> Calendar {
        Calendar { anchor: day(anchor), cycle: Cycle::parse(cycle).unwrap() }
    }

    #[test]
    fn a_day_is_in_the_period_that_is_counted_from_the_anchor() {
        for (anchor, cycle, within, start, end) in [
            ("2026-01-01", "P1M", "2026-11-16", "2026-11-01", "2026-12-01"),
            ("2026-01-15", "P1M", "2026-11-14", "2026-10-15", "2026-11-15"),
            ("2026-01-15", "P1M", "2026-11-15", "2026-11-15", "2026-12-15"),
            // Ends of months: clipped, and back again.
            ("2026-01-31", "P1M", "2026-02-27", "2026-01-31", "2026-02-28"),
            ("2026-01-31", "P1M", "2026-02-28", "2026-02-28", "2026-03-31"),
            ("2026-01-31", "P1M", "2026-03-30", "2026-02-28", "2026-03-31"),
            ("2026-01-31", "P1M", "2026-04-30", "2026-04-30", "2026-05-31"),
            ("2026-01-30", "P1M", "2026-02-28", "2026-02-28", "2026-03-30"),
            ("2026-01-29", "P1M", "2026-02-28", "2026-02-28", "2026-03-29"),
            ("2024-01-29", "P1M", "2024-02-28", "2024-01-29", "2024-02-29"),
            ("2024-01-30", "P1M", "2024-02-29", "2024-02-29", "2024-03-30"),
            // A leap day comes back every fourth year.
            ("2024-02-29", "P1Y", "2025-02-27", "2024-02-29", "2025-02-28"),
            ("2024-02-29", "P1Y", "2025-02-28", "2025-02-28", "2026-02-28"),
            ("2024-02-29", "P12M", "2028-02-29", "2028-02-29", "2029-02-28"),
            // Before the anchor, and across the year.
            ("2026-11-30", "P1M", "2026-02-28", "2026-02-28", "2026-03-30"),
            ("2026-11-30", "P3M", "2026-03-01", "2026-02-28", "2026-05-30"),
            ("2026-01-01", "P3M", "2026-12-31", "2026-10-01", "2027-01-01"),
            ("2025-07-01", "P6M", "2026-01-01", "2026-01-01", "2026-07-01"),
            ("2026-01-01", "P2M", "2026-04-30", "2026-03-01", "2026-05-01"),
            ("2026-11-02", "P1W", "2026-11-22", "2026-11-16", "2026-11-23"),
            ("2026-11-02", "P2W", "2026-11-01", "2026-10-19", "2026-11-02"),
            ("2026-11-02", "P7D", "2026-11-02", "2026-11-02", "2026-11-09"),
        ] {
            let period = calendar(anchor, cycle).containing(day(within)).unwrap();
            assert_eq!(period, Period::new(day(start), day(end)).unwrap(), "{anchor} {cycle} {within}");
        }
    }

    #[test]
    fn every_day_of_four_years_is_in_exactly_one_period() {
        for anchor in ["2024-02-29", "2025-01-28", "2025-01-29", "2025-01-30", "2025-12-31", "2026-06-15"] {
            for cycle in ["P1M", "P2M", "P3M", "P6M", "P1Y", "P1W", "P2W"] {
                let calendar = calendar(anchor, cycle);
                let mut now = day("2023-12-01");
                let mut before: Option<Period> = None;
                while now < day("2028-03-02") {
                    let period = calendar.containing(now).unwrap();
                    assert!(period.start() <= now && now < period.end(), "{anchor} {cycle} {now}");
                    if let Some(before) = before.filter(|before| *before != period) {
                        assert_eq!(before.end(), period.start(), "{anchor} {cycle} {now}");
                        assert_eq!(period.start(), now);
                    }
                    let next = calendar.beginning_from(now).unwrap();
                    assert_eq!(next.start() == now, period.start() == now);
                    assert!(next == period || next.start() == period.end());
                    before = Some(period);
                    now = now.plus_days(1).unwrap();
                }
            }
        }
    }

    #[test]
    fn periods_between_two_days_begin_there() {
        let calendar = calendar("2026-01-31", "P1M");
        let starts = |from: &str, to: &str| -> Vec<String> {
            let all = calendar.between(day(from), day(to)).unwrap();
            all.iter().map(|period| period.start().to_string()).collect()
        };
        assert_eq!(starts("2026-02-28", "2026-04-30"), ["2026-02-28", "2026-03-31"]);
        assert_eq!(starts("2026-02-27", "2026-03-01"), ["2026-02-28"]);
        assert_eq!(starts("2026-03-01", "2026-03-31"), [""; 0]);
        assert_eq!(starts("2026-03-31", "2026-03-31"), [""; 0]);
        assert_eq!(calendar.between(day("0001-03-01"), day("2026-03-01")), None);
    }

    #[test]
    fn cycles_are_durations_of_one_part() {
        for (iso, cycle) in [
            ("P1M", Some(Cycle::Months(1))),
            ("P12M", Some(Cycle::Months(12))),
            ("P1Y", Some(Cycle::Months(12))),
            ("P2W", Some(Cycle::Days(14))),
            ("P30D", Some(Cycle::Days(30))),
            ("", None),
            ("P", None),
            ("P0M", None),
            ("P1Y2M", None),
            ("1M", None),
            ("PT1M", None),
            ("P9999999999M", None),
        ] {
            assert_eq!(Cycle::parse(iso), cycle, "{iso}");
        }
    }
}
