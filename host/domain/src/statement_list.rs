//! The list of statements: which of its rows are read. Owns when a statement that is known is looked at again; what it is
//! beside the others is `statement`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, Duration, Utc};

use crate::ports::KeptStatement;
use crate::statement::StatementHead;

/// A statement is looked at again for so long after the end of its period: that is when distributors issue it anew.
pub const LOOKED_AT_DAYS: u64 = 62;

/// Less than a day, so that a run at the same hour every day looks once each time.
const LOOKED_AT_HOURS: i64 = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    Read,
    Unchanged,
    /// Issued before the connection's window: counted, never read.
    BeforeWindow,
}

/// What to do with each row, in the order of the rows. `kept` is what is known of the marketplace's statements. A stream that
/// appears later is taken up with its newest statement, like those of the first run.
pub fn readings(
    heads: &[StatementHead],
    kept: &[KeptStatement],
    window: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<Reading> {
    let mut newest: BTreeMap<&str, &StatementHead> = BTreeMap::new();
    for head in heads {
        let of_stream = newest.entry(&head.stream).or_insert(head);
        if (head.period.start(), head.issued_at) > (of_stream.period.start(), of_stream.issued_at) {
            *of_stream = head;
        }
    }
    let is_newest = |head: &StatementHead| newest.get(head.stream.as_str()).is_some_and(|one| one.id == head.id);
    let known_streams: BTreeSet<&str> =
        kept.iter().filter(|known| known.issue > 0).map(|known| known.head.stream.as_str()).collect();
    let reading = |head: &StatementHead| {
        let last = kept.iter().filter(|known| known.head.id == head.id).max_by_key(|known| known.issue);
        match last {
            Some(last) => again(last, head, now),
            None if head.issued_at >= window => Reading::Read,
            None if is_newest(head) && !known_streams.contains(head.stream.as_str()) => Reading::Read,
            None => Reading::BeforeWindow,
        }
    };
    heads.iter().map(reading).collect()
}

fn again(last: &KeptStatement, head: &StatementHead, now: DateTime<Utc>) -> Reading {
    if last.issue == 0 || last.head.fingerprint != head.fingerprint {
        return Reading::Read;
    }
    let is_young =
        head.period.end().checked_add_days(Days::new(LOOKED_AT_DAYS)).is_none_or(|until| now.date_naive() <= until);
    // A clock that was set back has not rested.
    let rested = !(Duration::zero()..Duration::hours(LOOKED_AT_HOURS)).contains(&(now - last.read_at));
    if is_young && rested { Reading::Read } else { Reading::Unchanged }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::period::Period;
    use crate::ports::KeptAs;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn head(id: &str, stream: &str, month: u32) -> StatementHead {
        let day = |month: u32| format!("2026-{month:02}-01").parse().unwrap();
        StatementHead {
            id: id.to_owned(),
            stream: stream.to_owned(),
            stream_name: String::new(),
            period: Period::new(day(month), day(month + 1)).unwrap(),
            currency: Currency::parse("USD").unwrap(),
            total: None,
            issued_at: time(&format!("2026-{:02}-05T00:00:00Z", month + 1)),
            fingerprint: "as it was".to_owned(),
        }
    }

    fn kept(head: StatementHead, issue: u32, read_at: &str) -> KeptStatement {
        KeptStatement {
            marketplace: "m".into(),
            lineage: head.id.clone(),
            head,
            issue,
            kept_as: if issue == 0 { KeptAs::Unreadable } else { KeptAs::First },
            content: String::new(),
            read_at: time(read_at),
            sums: Vec::new(),
            problems: Vec::new(),
        }
    }

    #[test]
    fn a_statement_is_read_when_something_may_be_new() {
        use Reading::{BeforeWindow, Read, Unchanged};
        let now = "2026-07-10T06:30:00Z";
        let window = time("2026-06-01T00:00:00Z");
        let changed = |head: StatementHead| StatementHead { fingerprint: "another".to_owned(), ..head };
        let (may, june) = (head("may", "a", 5), head("june", "a", 6));
        let table = [
            ("unknown, inside the window", june.clone(), vec![], Read),
            (
                "unknown, before it, and the stream is known",
                head("april", "a", 4),
                vec![kept(may, 1, now)],
                BeforeWindow,
            ),
            ("unknown, before it, the newest of a new stream", head("old", "b", 2), vec![], Read),
            ("read a minute ago", june.clone(), vec![kept(june.clone(), 1, "2026-07-10T06:29:00Z")], Unchanged),
            ("read yesterday", june.clone(), vec![kept(june.clone(), 1, "2026-07-09T06:30:00Z")], Read),
            ("read 19 hours ago", june.clone(), vec![kept(june.clone(), 1, "2026-07-09T11:30:00Z")], Unchanged),
            ("the clock was set back", june.clone(), vec![kept(june.clone(), 1, "2026-08-01T00:00:00Z")], Read),
            ("changed a minute ago", changed(june.clone()), vec![kept(june.clone(), 1, now)], Read),
            ("unreadable a minute ago", june.clone(), vec![kept(june.clone(), 0, now)], Read),
            (
                "too old to be issued anew",
                head("x", "a", 3),
                vec![kept(head("x", "a", 3), 1, "2026-05-01T00:00:00Z")],
                Unchanged,
            ),
            ("old, and changed", changed(head("x", "a", 3)), vec![kept(head("x", "a", 3), 1, now)], Read),
        ];
        for (what, head, kept, expected) in table {
            assert_eq!(readings(&[head], &kept, window, time(now)), vec![expected], "{what}");
        }
    }

    #[test]
    fn of_a_new_stream_only_the_newest_is_taken() {
        let heads = [head("jan", "a", 1), head("feb", "a", 2), head("b-jan", "b", 1)];
        let readings = readings(&heads, &[], time("2026-06-01T00:00:00Z"), time("2026-07-10T06:30:00Z"));
        assert_eq!(readings, vec![Reading::BeforeWindow, Reading::Read, Reading::Read]);
    }
}
