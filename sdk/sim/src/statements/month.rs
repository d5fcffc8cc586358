//! Owns: the calendar month a statement is for.

use std::fmt;

use chrono::{Datelike, Days, Months, NaiveDate};

/// A calendar month; ordered as they follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month {
    first: NaiveDate,
}

impl Month {
    /// None where there is no such month.
    #[must_use]
    pub fn new(year: i32, month: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, 1).map(|first| Self { first })
    }

    /// The month this day is in.
    #[must_use]
    pub fn of(day: NaiveDate) -> Self {
        Self { first: day.with_day(1).unwrap_or(day) }
    }

    #[must_use]
    pub fn first(self) -> NaiveDate {
        self.first
    }

    /// The first day that is no longer in it.
    #[must_use]
    pub fn end(self) -> NaiveDate {
        self.plus(1).first
    }

    #[must_use]
    pub fn last(self) -> NaiveDate {
        before(self.end(), 1)
    }

    #[must_use]
    pub fn days(self) -> i64 {
        self.end().signed_duration_since(self.first).num_days()
    }

    #[must_use]
    pub fn plus(self, months: u32) -> Self {
        Self { first: self.first.checked_add_months(Months::new(months)).unwrap_or(self.first) }
    }

    #[must_use]
    pub fn minus(self, months: u32) -> Self {
        Self { first: self.first.checked_sub_months(Months::new(months)).unwrap_or(self.first) }
    }

    #[must_use]
    pub fn holds(self, day: NaiveDate) -> bool {
        Self::of(day) == self
    }

    /// The n-th day of it, from one; its last where it is shorter.
    #[must_use]
    pub fn day(self, number: u32) -> NaiveDate {
        self.first.with_day(number.max(1)).unwrap_or_else(|| self.last())
    }

    #[must_use]
    pub fn year(self) -> i32 {
        self.first.year()
    }

    #[must_use]
    pub fn number(self) -> u32 {
        self.first.month()
    }
}

/// "2026-03".
impl fmt::Display for Month {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", self.first.format("%Y-%m"))
    }
}

pub(crate) fn after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(day)
}

pub(crate) fn before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}

pub(crate) fn months_after(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_add_months(Months::new(months)).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_knows_its_days() {
        for (year, month, days, last) in
            [(2026, 2, 28, "2026-02-28"), (2028, 2, 29, "2028-02-29"), (2026, 12, 31, "2026-12-31")]
        {
            let month = Month::new(year, month).unwrap();
            assert_eq!((month.days(), month.last().to_string()), (days, last.to_owned()));
            assert!(month.holds(month.last()) && !month.holds(month.end()));
        }
        assert_eq!(Month::new(2026, 13), None);
        assert_eq!(Month::new(2026, 2).unwrap().day(31).to_string(), "2026-02-28");
    }
}
