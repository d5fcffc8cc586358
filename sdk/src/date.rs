//! Calendar days and half-open periods.
//!
//! Owns parsing, printing and day arithmetic in the Gregorian calendar. Knows no clock and no time zone: today is an
//! argument of the job.

use std::fmt;

use crate::Failure;

/// A calendar day from year 1 to 9999. Never a time of day, never a zone.
///
/// ```
/// use counterfoil_sdk::Date;
///
/// let day = Date::parse("2026-11-21").unwrap();
/// assert_eq!(day.plus_days(30).unwrap().to_string(), "2026-12-21");
/// assert!(Date::parse("2026-02-29").is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// Days from 1970-01-01 to 0001-01-01 and to 9999-12-31: the range of [`Date`].
const FIRST: i64 = -719_162;
const LAST: i64 = 2_932_896;

impl Date {
    /// A day, if the calendar has it.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let known =
            (1..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
        known.then_some(Self { year, month, day })
    }

    /// Reads "2026-11-21". A time after the day is refused: use [`Date::parse_prefix`] where a target adds one.
    ///
    /// # Errors
    /// A failure of class rejected that shows the text.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let bytes = text.as_bytes();
        let shape = bytes.len() == 10
            && bytes
                .iter()
                .enumerate()
                .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
        let digits =
            |from: usize, to: usize| bytes[from..to].iter().fold(0_u16, |sum, byte| sum * 10 + u16::from(byte - b'0'));
        // Two digits always fit a byte, so the conversion cannot lose anything.
        let small = |from: usize| u8::try_from(digits(from, from + 2)).unwrap_or(0);
        shape.then(|| Self::new(digits(0, 4), small(5), small(8))).flatten().ok_or_else(|| {
            Failure::rejected(
                "sdk-date",
                format!("\"{}\" is not a day such as 2026-11-21.", crate::text::clip(text, 30)),
            )
        })
    }

    /// Reads the day of "2026-11-21T00:00:00" or "2026-11-21", leaving a time of day out without converting it.
    ///
    /// # Errors
    /// A failure of class rejected that shows the text.
    pub fn parse_prefix(text: &str) -> Result<Self, Failure> {
        Self::parse(text.split('T').next().unwrap_or(text))
    }

    /// The day that many days after 1970-01-01 (before it when negative), if it is in range.
    #[must_use]
    pub fn from_epoch_days(days: i64) -> Option<Self> {
        if !(FIRST..=LAST).contains(&days) {
            return None;
        }
        // Counting years from March puts the leap day last, so months become a linear formula.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        Self::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn epoch_days(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let march_month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * march_month + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
    }

    /// The day `days` later, if it is in range.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Option<Self> {
        Self::from_epoch_days(self.epoch_days().checked_add(days)?)
    }

    /// Year, month, day.
    #[must_use]
    pub fn parts(self) -> (u16, u8, u8) {
        (self.year, self.month, self.day)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// 28 to 31, by the Gregorian rule for leap years.
fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

/// A half-open period: `start` is in it, `end` is the first day after it. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    start: Date,
    end: Date,
}

impl Period {
    /// A period of at least one day.
    ///
    /// # Errors
    /// A failure of class rejected when `end` is not after `start`.
    pub fn new(start: Date, end: Date) -> Result<Self, Failure> {
        if end > start {
            Ok(Self { start, end })
        } else {
            Err(Failure::rejected("sdk-period", format!("The period from {start} to {end} has no day in it.")))
        }
    }

    /// The first day.
    #[must_use]
    pub fn start(self) -> Date {
        self.start
    }

    /// The first day after it.
    #[must_use]
    pub fn end(self) -> Date {
        self.end
    }

    /// The last day in it: what people write on a bill.
    #[must_use]
    pub fn last_day(self) -> Date {
        // `end` is after `start`, so there is a day before it.
        self.end.plus_days(-1).unwrap_or(self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_the_epoch() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2026-11-01", 20_758),
            ("0001-01-01", FIRST),
            ("9999-12-31", LAST),
        ] {
            let date = Date::parse(text).unwrap();
            assert_eq!(date.epoch_days(), days, "{text}");
            assert_eq!(Date::from_epoch_days(days), Some(date));
            assert_eq!(date.to_string(), text);
        }
        assert_eq!(Date::from_epoch_days(FIRST - 1), None);
        assert_eq!(Date::from_epoch_days(LAST + 1), None);
    }

    #[test]
    fn every_day_of_four_centuries_survives_the_round_trip() {
        let mut before = Date::parse("1899-12-31").unwrap();
        for days in before.epoch_days() + 1..Date::parse("2300-01-01").unwrap().epoch_days() {
            let date = Date::from_epoch_days(days).unwrap();
            assert!(date > before);
            assert_eq!(date.epoch_days(), days);
            before = date;
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2026-13-01",
            "2026-00-10",
            "2026-02-29",
            "1900-02-29",
            "2026-1-01",
            "2026-11-21T00:00:00",
            "0000-01-01",
            "２０２６-11-21",
            "2026/11/21",
        ] {
            assert!(Date::parse(text).is_err(), "{text}");
        }
        assert_eq!(Date::parse_prefix("2026-11-21T00:00:00").unwrap().to_string(), "2026-11-21");
    }

    #[test]
    fn a_period_has_a_day_in_it() {
        let (start, end) = (Date::parse("2026-09-18").unwrap(), Date::parse("2026-10-18").unwrap());
        assert_eq!(Period::new(start, end).unwrap().last_day().to_string(), "2026-10-17");
        assert!(Period::new(start, start).is_err());
        assert!(Period::new(end, start).is_err());
    }
}
