//! The list of statements: which of its rows are read. Owns when a statement that is known is looked at again; what it is
//! beside the others is `statement`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, Duration, Utc};
use rust_decimal::Decimal;

use crate::money::Money;
use crate::period::Period;
use crate::ports::{KeptStatement, StatementSum};
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

/// So long after the end of a period the other statements of it are there: one that is not is missed.
const MISSED_AFTER: Days = Days::new(10);

/// A stream whose statement did not come: nothing says what has ended, so what its last one left goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silent<'a> {
    pub last: &'a KeptStatement,
    /// The days that others of the marketplace have a statement for.
    pub missed: Period,
}

impl Silent<'_> {
    /// For people.
    pub fn told(&self) -> String {
        let goes_on: Vec<String> = recurring(self.last)
            .map(|sum| format!("{} of \"{}\"", Money::new(sum.amount, sum.currency), sum.motion.text()))
            .collect();
        let head = &self.last.head;
        format!(
            "no statement of {} has come for {}, and others have; its last is {} for {}, with {}. What that left in recurring invoices goes on being billed with each run. If all of it has ended, set its lines to the quantity 0 by hand; otherwise ask the distributor for the statement",
            head.stream_name,
            self.missed,
            head.id,
            head.period,
            goes_on.join(", ")
        )
    }
}

fn recurring(of: &KeptStatement) -> impl Iterator<Item = &StatementSum> {
    of.sums.iter().filter(|sum| sum.motion.recurs() && sum.amount > Decimal::ZERO)
}

/// Streams that are missed. One that is silent for long is told no more: somebody has heard of it.
pub fn silent(kept: &[KeptStatement], now: DateTime<Utc>) -> Vec<Silent<'_>> {
    let counts = || kept.iter().filter(|one| one.issue > 0 && one.kept_as.counts());
    let today = now.date_naive();
    let is_due = |period: &Period| period.end().checked_add_days(MISSED_AFTER).is_some_and(|day| day <= today);
    let Some(newest) = counts().map(|one| one.head.period).filter(is_due).max_by_key(|period| period.start()) else {
        return Vec::new();
    };
    let mut last: BTreeMap<&str, &KeptStatement> = BTreeMap::new();
    for one in counts() {
        let of_stream = last.entry(&one.head.stream).or_insert(one);
        if (one.head.period.start(), one.issue) > (of_stream.head.period.start(), of_stream.issue) {
            *of_stream = one;
        }
    }
    let is_young = |of: &KeptStatement| {
        of.head.period.end().checked_add_days(Days::new(LOOKED_AT_DAYS)).is_none_or(|until| today <= until)
    };
    let missed =
        |of: &&KeptStatement| of.head.period.end() <= newest.start() && is_young(of) && recurring(of).next().is_some();
    last.into_values().filter(missed).map(|last| Silent { last, missed: newest }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::motion::Motion;
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

    fn billing(of: KeptStatement, motion: Motion) -> KeptStatement {
        let currency = of.head.currency;
        let sum = StatementSum { motion, currency, records: 1, cost: Decimal::ONE, amount: Decimal::TEN };
        KeptStatement { sums: vec![sum], ..of }
    }

    #[test]
    fn a_stream_is_missed_while_others_go_on_and_what_it_left_recurs() {
        let monthly = Motion::MonthlyMonthly;
        let of = |stream: &str, month: u32, motion: Motion| {
            billing(kept(head(&format!("{stream}{month}"), stream, month), 1, "2026-06-08T06:00:00Z"), motion)
        };
        let table = [
            ("both came", vec![of("a", 6, monthly), of("b", 6, monthly)], "2026-07-12T00:00:00Z", ""),
            ("b did not", vec![of("a", 6, monthly), of("b", 5, monthly)], "2026-07-12T00:00:00Z", "b5"),
            ("it may still come", vec![of("a", 6, monthly), of("b", 5, monthly)], "2026-07-10T00:00:00Z", ""),
            ("nothing of it recurs", vec![of("a", 6, monthly), of("b", 5, Motion::Usage)], "2026-07-12T00:00:00Z", ""),
            (
                "the last counts",
                vec![of("a", 6, monthly), of("b", 4, monthly), of("b", 6, Motion::Usage)],
                "2026-07-12T00:00:00Z",
                "",
            ),
            ("long ago", vec![of("a", 7, monthly), of("b", 5, monthly)], "2026-08-12T00:00:00Z", ""),
            ("alone", vec![of("b", 5, monthly)], "2026-07-12T00:00:00Z", ""),
        ];
        for (what, kept, now, expected) in table {
            let silent = silent(&kept, time(now));
            let ids: Vec<&str> = silent.iter().map(|one| one.last.head.id.as_str()).collect();
            assert_eq!(ids.join(" "), expected, "{what}");
            assert!(silent.iter().all(|one| one.told().contains("10.00 USD of \"Monthly billing")), "{what}");
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
