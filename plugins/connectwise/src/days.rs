//! Days, as ConnectWise writes them: midnight in UTC. And the one moment that an answer tells: its `Date` header.
//!
//! Owns reading and writing them. A time of day is never converted: that would move a day for half of the world.

use counterfoil_sdk::{Date, Failure, Response};

const DAY_SECONDS: i64 = 86_400;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The day of a member: none for null, "" and the year 1, which all mean that nothing is set. The recap writes days as
/// "11/30/2026" on some servers.
pub(crate) fn read(text: Option<&str>) -> Result<Option<Date>, Failure> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    let day = match american(text) {
        Some(day) => day,
        None => Date::parse_prefix(text).map_err(|_| {
            let shown = counterfoil_sdk::text::clip(text, 40);
            Failure::internal("connectwise-date", format!("ConnectWise sent \"{shown}\" as a date, which is none."))
        })?,
    };
    Ok(Some(day).filter(|day| day.parts().0 > 1))
}

/// "11/30/2026" or "11/30/2026 12:00:00 AM".
fn american(text: &str) -> Option<Date> {
    let mut parts = text.split(' ').next()?.split('/');
    let (month, day, year) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then(|| Date::new(year, month, day)).flatten()
}

/// As it is sent.
pub(crate) fn stamp(day: Date) -> String {
    format!("{day}T00:00:00Z")
}

/// The server's day, from the answer's own head: a plugin has no clock. None where a proxy took it away.
pub(crate) fn today(response: &Response) -> Option<Date> {
    moment(response.header("Date")?).and_then(|moment| Date::from_epoch_days(moment.div_euclid(DAY_SECONDS)))
}

/// Seconds since 1970 of "Sun, 22 Nov 2026 04:00:00 GMT".
pub(crate) fn moment(text: &str) -> Option<i64> {
    let (_, rest) = text.trim().split_once(", ")?;
    let mut words = rest.split(' ');
    let day: u8 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name))?;
    let date = Date::new(words.next()?.parse().ok()?, u8::try_from(month + 1).ok()?, day)?;
    let mut clock = words.next()?.split(':').map(|part| part.parse::<i64>().ok());
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    let told = (0..24).contains(&hours) && (0..60).contains(&minutes) && (0..=60).contains(&seconds);
    (told && words.next()? == "GMT").then(|| date.epoch_days() * DAY_SECONDS + hours * 3_600 + minutes * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_day_is_read() {
        for (text, want) in [
            (None, None),
            (Some(""), None),
            (Some("  "), None),
            (Some("0001-01-01T00:00:00Z"), None),
            (Some("2026-07-01T00:00:00Z"), Some("2026-07-01")),
            (Some("2026-07-31T23:59:59Z"), Some("2026-07-31")),
            (Some("2026-07-01"), Some("2026-07-01")),
            (Some("7/1/2026"), Some("2026-07-01")),
            (Some("11/30/2026 12:00:00 AM"), Some("2026-11-30")),
        ] {
            let day = read(text).unwrap();
            assert_eq!(day.map(|day| day.to_string()).as_deref(), want, "{text:?}");
        }
        for text in ["soon", "13/40/2026", "2026-02-30T00:00:00Z", "1/2/3/4"] {
            assert!(read(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn the_head_of_an_answer_tells_the_day() {
        for (text, want) in [
            ("Sun, 22 Nov 2026 04:00:00 GMT", Some("2026-11-22")),
            ("Mon, 30 Nov 2026 23:59:59 GMT", Some("2026-11-30")),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some("1970-01-01")),
            ("2026-11-22", None),
            ("Sun, 22 Nov 2026 04:00:00 EST", None),
            ("Sun, 31 Feb 2026 04:00:00 GMT", None),
            ("Sun, 22 Nov 2026 44:00:00 GMT", None),
            ("", None),
        ] {
            let response = Response::new(200, "").with_header("date", text);
            assert_eq!(today(&response).map(|day| day.to_string()).as_deref(), want, "{text}");
        }
        assert_eq!(today(&Response::new(200, "")), None);
    }
}
