//! Days as the sources write them, and periods whose last day is in them. Which of day and month stands first is never
//! guessed: other dates of the same file tell, or a setting does.

use chrono::{Datelike, Days, Months, NaiveDate};

use counterfoil_domain::period::Period;

use crate::simple_api::{clip, day as iso_day};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// Years outside are placeholders.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=2999;
/// Longer than any term that is sold.
const MOST_YEARS: u32 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateOrder {
    DayFirst,
    MonthFirst,
}

impl DateOrder {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "day-first" => Some(Self::DayFirst),
            "month-first" => Some(Self::MonthFirst),
            _ => None,
        }
    }

    /// What the dates of one file say together; nothing where all of them could be read either way, or they contradict
    /// each other.
    pub(crate) fn told_by<'a>(texts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (mut days_first, mut months_first) = (false, false);
        for text in texts {
            if let Written::Either { first, second, .. } = written(text) {
                days_first |= first > 12;
                months_first |= second > 12;
            }
        }
        match (days_first, months_first) {
            (true, false) => Some(Self::DayFirst),
            (false, true) => Some(Self::MonthFirst),
            _ => None,
        }
    }
}

enum Written {
    Day(Option<NaiveDate>),
    /// 3/4/2026
    Either {
        first: u32,
        second: u32,
        year: i32,
    },
    Nothing,
}

/// "2026-10-31", with or without a time; "20261031"; "31-Oct-2026"; "Oct 31, 2026"; "31.10.2026"; "31/10/2026".
fn written(text: &str) -> Written {
    let text = text.trim();
    if let Some(date) = iso_day(text) {
        return Written::Day(Some(date));
    }
    let tokens: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric()).filter(|token| !token.is_empty()).take(3).collect();
    let number = |token: &str| token.parse::<u32>().ok();
    let year = |token: &str| token.parse::<i32>().ok().filter(|year| token.len() == 4 && YEARS.contains(year));
    let month = |token: &str| {
        let start = token.get(..3)?.to_ascii_lowercase();
        let known = MONTHS.iter().position(|month| *month == start)?;
        u32::try_from(known + 1).ok()
    };
    match tokens[..] {
        [one] if one.len() == 8 && one.bytes().all(|b| b.is_ascii_digit()) => {
            Written::Day(NaiveDate::parse_from_str(one, "%Y%m%d").ok())
        }
        [a, b, c] => match (number(a), number(b), year(c)) {
            (Some(first), Some(second), Some(year)) if text.contains('.') => {
                Written::Day(NaiveDate::from_ymd_opt(year, second, first))
            }
            (Some(first), Some(second), Some(year)) => Written::Either { first, second, year },
            (Some(day), None, Some(year)) => {
                Written::Day(month(b).and_then(|month| NaiveDate::from_ymd_opt(year, month, day)))
            }
            (None, Some(day), Some(year)) => {
                Written::Day(month(a).and_then(|month| NaiveDate::from_ymd_opt(year, month, day)))
            }
            _ => match (year(a), number(b), number(c)) {
                (Some(year), Some(month), Some(day)) => Written::Day(NaiveDate::from_ymd_opt(year, month, day)),
                _ => Written::Nothing,
            },
        },
        _ => Written::Nothing,
    }
}

/// A calendar day as written: a zone does not move it.
pub(crate) fn day(text: &str, order: Option<DateOrder>) -> Result<NaiveDate, String> {
    let none = || format!("\"{}\" is not a date; 2026-10-31 is expected", clip(text, 40));
    let found = match written(text) {
        Written::Day(found) => found,
        Written::Nothing => None,
        Written::Either { first, second, year } => match (order, first > 12, second > 12) {
            (_, true, true) => None,
            (Some(DateOrder::DayFirst), _, false) | (None, true, false) => NaiveDate::from_ymd_opt(year, second, first),
            (Some(DateOrder::MonthFirst), false, _) | (None, false, true) => {
                NaiveDate::from_ymd_opt(year, first, second)
            }
            (Some(_), _, _) => None,
            (None, false, false) => {
                return Err(format!(
                    "\"{}\" may begin with the day or with the month, and no other date of the file tells; set date_order to day-first or month-first",
                    clip(text, 40)
                ));
            }
        },
    };
    found.filter(|date| YEARS.contains(&date.year())).ok_or_else(none)
}

/// From the first day through the last one. Where both days are whole months apart (1 October to 1 November), the end is
/// the first day after it.
pub(crate) fn through(first: NaiveDate, last: NaiveDate) -> Result<Period, String> {
    let backwards = || format!("the period from {first} through {last} runs backwards");
    let whole_months = (1..=MOST_YEARS * 12).any(|months| first.checked_add_months(Months::new(months)) == Some(last));
    let end = if whole_months && first.day() == last.day() { Some(last) } else { last.checked_add_days(Days::new(1)) };
    Period::new(first, end.ok_or_else(backwards)?).map_err(|_| backwards())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_in_several_shapes() {
        use DateOrder::{DayFirst, MonthFirst};
        let table = [
            ("2026-10-31", None, Some("2026-10-31")),
            ("2026-10-31T23:59:59.999Z", None, Some("2026-10-31")),
            ("2026-10-31T00:00:00+02:00", None, Some("2026-10-31")),
            ("20261031", None, Some("2026-10-31")),
            ("2026/10/31", None, Some("2026-10-31")),
            ("31/10/2026", None, Some("2026-10-31")),
            ("10/31/2026 12:00:00 AM", None, Some("2026-10-31")),
            ("31.10.2026", None, Some("2026-10-31")),
            ("1.2.2026", None, Some("2026-02-01")),
            ("31-Oct-2026", None, Some("2026-10-31")),
            ("1 October 2026", None, Some("2026-10-01")),
            ("Oct 31, 2026", None, Some("2026-10-31")),
            ("01/02/2026", None, None),
            ("01/02/2026", Some(DayFirst), Some("2026-02-01")),
            ("01/02/2026", Some(MonthFirst), Some("2026-01-02")),
            ("31/10/2026", Some(MonthFirst), None),
            ("10/31/2026", Some(DayFirst), None),
            ("31/31/2026", None, None),
            ("0001-01-01T00:00:00", None, None),
            ("1/2/26", None, None),
            ("2026-02-30", None, None),
            ("soon", None, None),
            ("", None, None),
        ];
        for (text, order, expected) in table {
            assert_eq!(day(text, order).ok().map(|day| day.to_string()).as_deref(), expected, "{text}");
        }
        assert!(day("1/2/2026", None).unwrap_err().contains("date_order"));
        assert_eq!(DateOrder::told_by(["1/2/2026", "13/2/2026"].into_iter()), Some(DayFirst));
        assert_eq!(DateOrder::told_by(["1/2/2026", "2/13/2026"].into_iter()), Some(MonthFirst));
        assert_eq!(DateOrder::told_by(["13/2/2026", "2/13/2026"].into_iter()), None);
        assert_eq!(DateOrder::told_by(["1/2/2026", "2026-01-31"].into_iter()), None);
    }

    #[test]
    fn the_last_day_is_in_it() {
        let table = [
            ("2026-10-01", "2026-10-31", Some("[2026-10-01, 2026-11-01)")),
            ("2026-10-01", "2026-11-01", Some("[2026-10-01, 2026-11-01)")),
            ("2026-10-15", "2026-11-14", Some("[2026-10-15, 2026-11-15)")),
            ("2026-10-15", "2026-11-15", Some("[2026-10-15, 2026-11-15)")),
            ("2026-10-15", "2026-10-15", Some("[2026-10-15, 2026-10-16)")),
            ("2026-10-15", "2027-10-14", Some("[2026-10-15, 2027-10-15)")),
            ("2026-10-15", "2029-10-15", Some("[2026-10-15, 2029-10-15)")),
            ("2026-01-31", "2026-02-28", Some("[2026-01-31, 2026-03-01)")),
            ("2026-10-15", "2026-10-14", None),
            ("2026-10-15", "2026-09-15", None),
        ];
        for (first, last, expected) in table {
            let period = through(first.parse().unwrap(), last.parse().unwrap());
            assert_eq!(period.ok().map(|period| format!("{period:?}")).as_deref(), expected, "{first} {last}");
        }
    }
}
