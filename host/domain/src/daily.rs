//! The daily run of a program: at an hour of a place, whatever the clocks there do. Owns which instants those are and
//! whether one was missed; asking for the run is the engine's business.
//!
//! On the day on which clocks go forward, an hour that does not exist there is taken as the first instant after the gap; on
//! the day on which they go back, an hour that comes twice is taken as its first coming. There is exactly one run a day.

use chrono::{DateTime, Days, Duration, LocalResult, NaiveDate, NaiveTime, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::program::Program;
use crate::run::RunState;
use crate::schedule::{self, LastCheck};

pub const MINUTES_A_DAY: u16 = 24 * 60;

/// After a run that failed the next one is tried so many minutes later, then twice that, and so on, up to a day.
const AFTER_FAILURE: u32 = 60;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTime {
    #[error("\"{0}\" is not a time of day such as \"06:30\"")]
    Hour(String),
    #[error("\"{0}\" is not a time zone of the IANA list, such as \"Europe/Vienna\" or \"UTC\"")]
    Zone(String),
}

/// "06:30", as minutes after midnight.
pub fn parse_hour(written: &str) -> Result<u16, BadTime> {
    let bad = || BadTime::Hour(written.to_owned());
    let (hours, minutes) = written.trim().split_once(':').ok_or_else(bad)?;
    let two = |text: &str| (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok());
    let (hours, minutes): (u16, u16) = two(hours).flatten().zip(two(minutes).flatten()).ok_or_else(bad)?;
    if hours < 24 && minutes < 60 { Ok(hours * 60 + minutes) } else { Err(bad()) }
}

pub fn hour_text(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

pub fn zone(name: &str) -> Result<Tz, BadTime> {
    name.trim().parse().map_err(|_| BadTime::Zone(name.to_owned()))
}

/// The instant of that minute of that day there.
fn instant(day: NaiveDate, minutes: u16, zone: Tz) -> Option<DateTime<Utc>> {
    let local = day.and_time(NaiveTime::MIN).checked_add_signed(Duration::minutes(i64::from(minutes)))?;
    // No clock was ever put forward by more than a day.
    (0..=i64::from(MINUTES_A_DAY)).find_map(|later| {
        match zone.from_local_datetime(&local.checked_add_signed(Duration::minutes(later))?) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Some(at.with_timezone(&Utc)),
            LocalResult::None => None,
        }
    })
}

/// When the program's runs are due, from the one on the day before `now` on; none: only people ask.
fn runs(program: &Program, now: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> {
    let when = program.daily_at.zip(zone(&program.time_zone).ok());
    when.into_iter().flat_map(move |(minutes, zone)| {
        let today = now.with_timezone(&zone).date_naive();
        // Two days back: where a day was left out, the run of the day before is the last one.
        (0..)
            .map_while(move |n| today.checked_sub_days(Days::new(2))?.checked_add_days(Days::new(n)))
            .map_while(move |day| instant(day, minutes, zone))
    })
}

/// The next times at which a program runs by itself.
pub fn next_runs(program: &Program, now: DateTime<Utc>, count: usize) -> Vec<DateTime<Utc>> {
    if !program.enabled {
        return Vec::new();
    }
    runs(program, now).filter(|at| *at > now).take(count).collect()
}

/// Whether a check is to be asked for: a time has come since the last one began, be it one or many. A failed one is tried
/// again before the next time comes.
pub fn due(program: &Program, last: Option<&LastCheck>, now: DateTime<Utc>) -> bool {
    if !program.enabled {
        return false;
    }
    let Some(latest) = runs(program, now).take_while(|at| *at <= now).last() else { return false };
    let Some(last) = last else { return true };
    if !last.state.is_over() {
        return false;
    }
    let again = last.state == RunState::Failed
        && now.signed_duration_since(last.at).abs() >= schedule::pause(AFTER_FAILURE, last.failures);
    last.at < latest || again
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RunId;
    use crate::program::ProgramName;

    fn program(at: &str, zone: &str) -> Program {
        let off = Program::off("c".into(), ProgramName::MicrosoftCsp);
        Program { enabled: true, daily_at: parse_hour(at).ok(), time_zone: zone.to_owned(), ..off }
    }

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn texts(program: &Program, now: &str, count: usize) -> Vec<String> {
        next_runs(program, time(now), count).iter().map(|at| at.format("%m-%dT%H:%M").to_string()).collect()
    }

    #[test]
    fn hours_are_written_in_one_way() {
        for (text, minutes) in [("00:00", 0), ("06:30", 390), ("23:59", 1439), (" 07:05 ", 425)] {
            assert_eq!(parse_hour(text), Ok(minutes));
            assert_eq!(hour_text(minutes), text.trim());
        }
        for text in ["", "6:30", "06:60", "24:00", "0630", "06:3", "-1:00", "+1:00", "06:30:00", "six"] {
            assert_eq!(parse_hour(text), Err(BadTime::Hour(text.to_owned())), "{text:?}");
        }
        assert!(zone("Mars/Olympus").is_err() && zone("").is_err());
    }

    #[test]
    fn clocks_that_go_forward_and_back_leave_one_run_a_day() {
        let cases: &[(&str, &str, &str, &[&str])] = &[
            // 02:30 is no time there on the 29th: the first instant after the gap, 03:00 CEST.
            ("02:30", "Europe/Vienna", "2026-03-28T12:00:00Z", &["03-29T01:00", "03-30T00:30"]),
            // 02:30 comes twice on the 25th: its first coming.
            ("02:30", "Europe/Vienna", "2026-10-24T12:00:00Z", &["10-25T00:30", "10-26T01:30"]),
            ("06:30", "America/New_York", "2026-03-07T12:00:00Z", &["03-08T10:30", "03-09T10:30"]),
            // Half an hour forward, at 02:00.
            ("02:15", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", &["10-03T15:30", "10-04T15:15"]),
            ("23:59", "UTC", "2026-12-31T23:58:59Z", &["12-31T23:59", "01-01T23:59"]),
            // The 30th of December 2011 did not exist there.
            ("06:00", "Pacific/Apia", "2011-12-29T17:00:00Z", &["12-30T10:00", "12-30T16:00"]),
        ];
        for (at, zone, now, expected) in cases {
            assert_eq!(texts(&program(at, zone), now, expected.len()), *expected, "{at} {zone}");
        }
        let one = program("06:30", "UTC");
        assert!(next_runs(&Program { enabled: false, ..one.clone() }, Utc::now(), 5).is_empty());
        assert!(next_runs(&Program { daily_at: None, ..one.clone() }, Utc::now(), 5).is_empty());
        assert!(next_runs(&Program { time_zone: "nowhere".to_owned(), ..one }, Utc::now(), 5).is_empty());
    }

    #[test]
    fn runs_grow_and_there_is_one_for_every_day_of_a_year() {
        for zone in ["UTC", "Europe/Vienna", "America/St_Johns", "Asia/Kathmandu", "Africa/Casablanca"] {
            for at in ["00:00", "01:30", "02:30", "03:00", "23:30"] {
                let all = next_runs(&program(at, zone), time("2026-01-01T00:00:00Z"), 365);
                assert_eq!(all.len(), 365);
                for pair in all.windows(2) {
                    let hours = (pair[1] - pair[0]).num_hours();
                    assert!((22..=26).contains(&hours), "{zone} {at}: {} to {}", pair[0], pair[1]);
                }
            }
        }
    }

    #[test]
    fn what_was_missed_is_caught_up_once() {
        let one = program("06:30", "UTC");
        let last =
            |at: &str, state, failures| Some(LastCheck { run: RunId::new("run"), state, at: time(at), failures });
        let table = [
            (None, true),
            (last("2026-05-10T06:30:00Z", RunState::Done, 0), false),
            // Somebody asked in the morning, before it was due.
            (last("2026-05-10T06:29:00Z", RunState::Done, 0), true),
            (last("2026-05-10T11:00:00Z", RunState::Done, 0), false),
            // Down for a week: one run, not seven.
            (last("2026-05-03T06:30:00Z", RunState::Done, 0), true),
            (last("2026-05-10T06:30:00Z", RunState::Incomplete, 0), false),
            (last("2026-05-09T06:30:00Z", RunState::Running, 0), false),
            (last("2026-05-10T11:30:00Z", RunState::Failed, 1), false),
            (last("2026-05-10T10:59:00Z", RunState::Failed, 1), true),
            (last("2026-05-10T10:59:00Z", RunState::Failed, 2), false),
        ];
        for (last, expected) in table {
            assert_eq!(due(&one, last.as_ref(), time("2026-05-10T12:00:00Z")), expected, "{last:?}");
        }
        assert!(!due(&Program { enabled: false, ..one }, None, time("2026-05-10T12:00:00Z")));
    }
}
