//! Owns: billing periods on the calendar. Half-open intervals, whole days.

use chrono::{Datelike, Days, Months, NaiveDate};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    Day,
    Month,
    Year,
    StatementDay,
}

impl Unit {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
            Self::StatementDay => "statement_day",
        }
    }

    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Day => "Day(s)",
            Self::Month | Self::StatementDay => "Month(s)",
            Self::Year => "Year(s)",
        }
    }
}

/// A length of time as the API has it: one month, three years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    pub unit: Unit,
    pub count: u32,
}

impl Span {
    pub const MONTH: Self = Self::of(Unit::Month, 1);
    pub const YEAR: Self = Self::of(Unit::Year, 1);
    pub const STATEMENT: Self = Self::of(Unit::StatementDay, 1);

    #[must_use]
    pub const fn of(unit: Unit, count: u32) -> Self {
        Self { unit, count }
    }

    /// Months in it; a day counts as none.
    #[must_use]
    pub fn months(self) -> u32 {
        match self.unit {
            Unit::Day => 0,
            Unit::Month | Unit::StatementDay => self.count,
            Unit::Year => self.count.saturating_mul(12),
        }
    }
}

/// `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Interval {
    pub start: NaiveDate,
    pub end: NaiveDate,
}

impl Interval {
    #[must_use]
    pub fn days(self) -> i64 {
        self.end.signed_duration_since(self.start).num_days()
    }

    /// The last day in it, as invoices print it.
    #[must_use]
    pub fn through(self) -> NaiveDate {
        back(self.end, 1)
    }
}

pub(crate) fn forward(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(date)
}

pub(crate) fn back(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_sub_days(Days::new(days)).unwrap_or(date)
}

pub(crate) fn months_later(date: NaiveDate, months: u32) -> NaiveDate {
    date.checked_add_months(Months::new(months)).unwrap_or(date)
}

pub(crate) fn months_before(date: NaiveDate, months: u32) -> NaiveDate {
    date.checked_sub_months(Months::new(months)).unwrap_or(date)
}

/// The period that contains `date`, periods being counted from `anchor`. A date before the anchor is in the first.
pub(crate) fn containing(anchor: NaiveDate, span: Span, date: NaiveDate) -> Interval {
    let step = span.months().max(1);
    let apart = (date.year() - anchor.year()) * 12 + month_number(date) - month_number(anchor);
    let whole = u32::try_from(apart).unwrap_or(0);
    let mut index = whole / step;
    // The day in the month decides whether the last counted step is already reached.
    if index > 0 && months_later(anchor, index * step) > date {
        index -= 1;
    }
    Interval { start: months_later(anchor, index * step), end: months_later(anchor, (index + 1) * step) }
}

/// The statement period that contains `date`.
pub(crate) fn statement(day: u32, date: NaiveDate) -> Interval {
    let this_month = date.with_day(day.clamp(1, 28)).unwrap_or(date);
    let start = if this_month <= date { this_month } else { months_before(this_month, 1) };
    Interval { start, end: months_later(start, 1) }
}

fn month_number(date: NaiveDate) -> i32 {
    i32::try_from(date.month()).unwrap_or(1)
}
