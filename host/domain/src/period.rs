//! Periods and billing cycles. Periods are half-open calendar days; no time of day, no zone.

use std::fmt;

use chrono::{Datelike, Days, Months, NaiveDate};

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

    /// An ISO 8601 duration of one part: "P1M", "P12M" and "P1Y" alike, "P2W".
    pub fn parse(iso: &str) -> Option<Self> {
        let rest = iso.trim().strip_prefix(['P', 'p'])?;
        let (number, unit) = rest.split_at_checked(rest.len().checked_sub(1)?)?;
        let number: u32 = number.parse().ok().filter(|number| *number > 0)?;
        match unit {
            "Y" | "y" => Some(Self::Months(number.checked_mul(12)?)),
            "M" | "m" => Some(Self::Months(number)),
            "W" | "w" => Some(Self::Days(number.checked_mul(7)?)),
            "D" | "d" => Some(Self::Days(number)),
            _ => None,
        }
    }

    /// The same length, however it is written. On the account's statement day is monthly.
    pub fn is_as_long_as(&self, other: Self) -> bool {
        let monthly = |cycle: Self| if cycle == Self::StatementDay { Self::Months(1) } else { cycle };
        monthly(*self) == monthly(other)
    }

    /// For people, after "every": "month", "3 months", "year".
    pub fn every(&self) -> String {
        let of = |count: u32, one: &str| if count == 1 { one.to_owned() } else { format!("{count} {one}s") };
        match self {
            Self::Months(months) if months % 12 == 0 && *months > 0 => of(months / 12, "year"),
            Self::Months(months) => of(*months, "month"),
            Self::StatementDay => of(1, "month"),
            Self::Days(days) if days % 7 == 0 && *days > 0 => of(days / 7, "week"),
            Self::Days(days) => of(*days, "day"),
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
    /// The whole period that `day` is in, where one of the periods begins on `anchor`. Each period is counted from
    /// the anchor itself: the 31st becomes the 28th in February and is the 31st again in March.
    pub fn period_containing(&self, day: NaiveDate, anchor: NaiveDate) -> Option<Period> {
        let (passed, length) = match self {
            Self::Days(days) => ((day - anchor).num_days(), i64::from(*days)),
            Self::Months(months) => (months_between(anchor, day), i64::from(*months)),
            Self::StatementDay => (months_between(anchor, day), 1),
        };
        let turn = passed.checked_div_euclid(length)?;
        // Counted by months, the day may still lie before that month's anchor day.
        [turn, turn.checked_sub(1)?].into_iter().find_map(|turn| {
            let start = self.after(anchor, turn)?;
            let end = self.after(anchor, turn.checked_add(1)?)?;
            Period::new(start, end).ok().filter(|period| period.contains(day))
        })
    }

    /// The day so many cycles after `anchor`, or before it.
    fn after(&self, anchor: NaiveDate, turns: i64) -> Option<NaiveDate> {
        let count = |length: u32| turns.checked_mul(i64::from(length));
        let months = |count: i64| {
            let size = Months::new(u32::try_from(count.unsigned_abs()).ok()?);
            if count < 0 { anchor.checked_sub_months(size) } else { anchor.checked_add_months(size) }
        };
        match self {
            Self::Days(days) => {
                let count = count(*days)?;
                let size = Days::new(count.unsigned_abs());
                if count < 0 { anchor.checked_sub_days(size) } else { anchor.checked_add_days(size) }
            }
            Self::Months(length) => months(count(*length)?),
            Self::StatementDay => months(turns),
        }
    }
}

/// By the calendar's months alone, whatever the day.
fn months_between(from: NaiveDate, to: NaiveDate) -> i64 {
    (i64::from(to.year()) - i64::from(from.year())) * 12 + i64::from(to.month()) - i64::from(from.month())
}
