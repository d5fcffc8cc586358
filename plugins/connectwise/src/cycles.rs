//! ConnectWise's words for how often an agreement bills.
//!
//! Owns the words, and where the calendar's own periods begin. Periods themselves are `calendar`'s.

use counterfoil_sdk::Date;

use crate::calendar::Cycle;

/// The cycle's name is the tenant's own and says nothing; its billing option does.
const OPTIONS: [(&str, Cycle); 7] = [
    ("Monthly", Cycle::Months(1)),
    ("BiMonthly", Cycle::Months(2)),
    ("Quarterly", Cycle::Months(3)),
    ("SemiAnnual", Cycle::Months(6)),
    ("Yearly", Cycle::Months(12)),
    ("Weekly", Cycle::Days(7)),
    ("BiWeekly", Cycle::Days(14)),
];

/// By `billingOptions`; none for what does not recur or is not known.
pub(crate) fn of_option(option: &str) -> Option<Cycle> {
    OPTIONS.iter().find(|(word, _)| word.eq_ignore_ascii_case(option.trim())).map(|(_, cycle)| *cycle)
}

/// The first day of the calendar's own period that a day is in: of its month, quarter, half or whole year.
pub(crate) fn calendar_start(cycle: Cycle, day: Date) -> Date {
    match cycle {
        Cycle::Months(length) => {
            let (year, month, _) = day.parts();
            // Longer than a year, or no part of one: then the year is what the calendar has.
            let length = u8::try_from(length).ok().filter(|length| *length > 0 && 12 % length == 0).unwrap_or(12);
            Date::new(year, month - (month - 1) % length, 1).unwrap_or(day)
        }
        Cycle::Days(_) => day,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        Date::parse(text).unwrap()
    }

    #[test]
    fn options_are_cycles_and_iso_words() {
        for (option, iso) in [
            ("Monthly", Some("P1M")),
            ("Quarterly", Some("P3M")),
            ("Yearly", Some("P1Y")),
            ("BiMonthly", Some("P2M")),
            ("SemiAnnual", Some("P6M")),
            ("Weekly", Some("P1W")),
            ("biweekly", Some("P2W")),
            ("NotRecurring", None),
            ("Fortnightly", None),
        ] {
            let cycle = of_option(option);
            assert_eq!(cycle.map(Cycle::iso).as_deref(), iso, "{option}");
            assert_eq!(iso.and_then(Cycle::parse), cycle, "{option}");
        }
    }

    #[test]
    fn the_calendar_has_its_own_periods() {
        for (cycle, want) in [
            ("P1M", "2026-08-01"),
            ("P2M", "2026-07-01"),
            ("P3M", "2026-07-01"),
            ("P6M", "2026-07-01"),
            ("P1Y", "2026-01-01"),
            ("P1W", "2026-08-19"),
        ] {
            assert_eq!(calendar_start(Cycle::parse(cycle).unwrap(), day("2026-08-19")), day(want), "{cycle}");
        }
    }
}
