//! Periods and billing cycles. Periods are half-open calendar days; no time of day, no zone.

use std::fmt;

use chrono::{Months, NaiveDate};

/// `[start, end)`: the end is the first day after it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    start: NaiveDate,
    end: NaiveDate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a period from {start} to {end} has no day in it")]
pub struct EmptyPeriod {
    pub start: NaiveDate,
    pub end: NaiveDate,
}

impl Period {
    pub fn new(start: NaiveDate, end: NaiveDate) -> Result<Self, EmptyPeriod> {
        if start < end { Ok(Self { start, end }) } else { Err(EmptyPeriod { start, end }) }
    }

    pub fn start(&self) -> NaiveDate {
        self.start
    }

    pub fn end(&self) -> NaiveDate {
        self.end
    }

    /// The last day in it.
    pub fn last(&self) -> NaiveDate {
        self.end.pred_opt().unwrap_or(self.start)
    }

    pub fn days(&self) -> i64 {
        (self.end - self.start).num_days()
    }

    pub fn contains(&self, day: NaiveDate) -> bool {
        self.start <= day && day < self.end
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.start, self.last())
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start, self.end)
    }
}

/// How often a subscription or container is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cycle {
    Days(u32),
    Months(u32),
    /// The source bills on the account's statement day, monthly.
    StatementDay,
}

impl Cycle {
    /// ISO 8601 duration; a statement-day cycle is a month long.
    pub fn iso(&self) -> String {
        match self {
            Self::Days(days) => format!("P{days}D"),
            Self::Months(months) if months % 12 == 0 && *months > 0 => format!("P{}Y", months / 12),
            Self::Months(months) => format!("P{months}M"),
            Self::StatementDay => "P1M".to_owned(),
        }
    }

    /// The whole period that ends before `end`.
    pub fn period_to(&self, end: NaiveDate) -> Option<Period> {
        let start = match self {
            Self::Days(days) => end.checked_sub_days(chrono::Days::new(u64::from(*days)))?,
            Self::Months(months) => end.checked_sub_months(Months::new(*months))?,
            Self::StatementDay => end.checked_sub_months(Months::new(1))?,
        };
        Period::new(start, end).ok()
    }

    /// The whole period that begins on `start`.
    pub fn period_from(&self, start: NaiveDate) -> Option<Period> {
        let end = match self {
            Self::Days(days) => start.checked_add_days(chrono::Days::new(u64::from(*days)))?,
            Self::Months(months) => start.checked_add_months(Months::new(*months))?,
            Self::StatementDay => start.checked_add_months(Months::new(1))?,
        };
        Period::new(start, end).ok()
    }
}
