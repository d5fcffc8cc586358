//! Windows never exceed their limit and waste little; 429s close for as long as the table says.

mod simulated;

use chrono::{DateTime, Duration, TimeZone as _, Utc};
use counterfoil_domain::card::{BudgetLimit, BudgetScope, Budgets};
use counterfoil_domain::ports::{Clock as _, ManualClock};
use proptest::prelude::*;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::ledger::{Ledger, Room, Saving, Told};
use super::line::Scopes;
use super::snapshot::BudgetSnapshot;

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).unwrap()
}

fn limit(scope: BudgetScope, calls: u32, seconds: u64, header: Option<&str>) -> BudgetLimit {
    BudgetLimit {
        scope,
        calls,
        window: std::time::Duration::from_secs(seconds),
        remaining_header: header.map(str::to_owned),
    }
}

fn scopes(caller: &str, app: &str, limits: Vec<BudgetLimit>) -> Scopes {
    let budgets = Budgets {
        concurrency: 5,
        limits,
        retry_after_header: "Retry-After".to_owned(),
        problem_header: Some("X-Rate-Limit-Problem".to_owned()),
    };
    Scopes::of(caller, app, &budgets)
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(n, v)| (HeaderName::from_bytes(n.as_bytes()).unwrap(), HeaderValue::from_bytes(v.as_bytes()).unwrap()))
        .collect()
}

fn most_in_any_window(sent: &[DateTime<Utc>], span: Duration) -> usize {
    let mut most = 0;
    let mut first = 0;
    for (last, at) in sent.iter().enumerate() {
        while *at - sent[first] >= span {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most
}

/// A call that ends as soon as it went out.
fn send(ledger: &mut Ledger, scopes: &Scopes, now: DateTime<Utc>) -> Room {
    let room = ledger.take(scopes, now);
    if room == Room::Now {
        ledger.done(scopes, now);
    }
    room
}

fn saved(ledger: &mut Ledger, now: DateTime<Utc>) -> BudgetSnapshot {
    BudgetSnapshot::from_json(&ledger.snapshot(Saving::AsItIs, now).to_json().unwrap()).unwrap()
}

/// Sends as soon as the ledger lets it, until `end`.
fn greedy(ledger: &mut Ledger, scopes: &Scopes, clock: &ManualClock, end: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let mut sent = Vec::new();
    while clock.now() < end {
        match send(ledger, scopes, clock.now()) {
            Room::Now => sent.push(clock.now()),
            Room::Unsaved => panic!("nobody keeps it"),
            Room::At { until, .. } => {
                assert!(until > clock.now(), "a wait leads forward");
                clock.advance(until - clock.now());
            }
        }
    }
    sent
}

#[test]
fn with_work_waiting_at_least_95_percent_is_used_and_never_more_than_all() {
    for (calls, seconds, windows) in [
        (1, 1, 50),
        (5, 1, 60),
        (60, 60, 30),
        (100, 60, 20),
        (1000, 86_400, 5),
        (5000, 86_400, 4),
        (10_000, 60, 10),
        (180, 60, 30),
    ] {
        let scopes = scopes("connection/a", "x", vec![limit(BudgetScope::Connection, calls, seconds, None)]);
        let clock = ManualClock::at(noon());
        let span = Duration::seconds(i64::try_from(seconds).unwrap());
        let sent = greedy(&mut Ledger::default(), &scopes, &clock, noon() + span * windows);
        let ideal = usize::try_from(calls).unwrap() * usize::try_from(windows).unwrap();
        assert!(most_in_any_window(&sent, span) <= usize::try_from(calls).unwrap(), "{calls} in {seconds} s exceeded");
        assert!(sent.len() * 100 >= ideal * 95, "{calls} in {seconds} s: only {} of {ideal}", sent.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever the arrivals, the other side's hints, restarts and clocks set back: no window is exceeded.
    #[test]
    fn no_window_is_ever_exceeded(
        short in 1_u32..20, long in 1_u32..60,
        steps in proptest::collection::vec((0_i64..1500, 0_u8..20, 0_u32..30), 1..400),
    ) {
        let limits = vec![
            limit(BudgetScope::Connection, short, 3, Some("X-Left")),
            limit(BudgetScope::Connection, long, 20, None),
            limit(BudgetScope::App, long + short, 7, None),
        ];
        let scopes = [scopes("connection/a", "app", limits.clone()), scopes("connection/b", "app", limits)];
        let (clock, real) = (ManualClock::at(noon()), ManualClock::at(noon()));
        let mut ledger = Ledger::default();
        let mut sent = [Vec::new(), Vec::new()];
        for (wait, kind, left) in steps {
            // The other side's time runs on while ours is set back.
            if kind == 0 {
                clock.advance(Duration::milliseconds(-wait));
            } else {
                clock.advance(Duration::milliseconds(wait));
                real.advance(Duration::milliseconds(wait));
            }
            match kind {
                1 => {
                    let saved = saved(&mut ledger, clock.now());
                    ledger = Ledger::default();
                    ledger.restore(&saved, clock.now());
                }
                2 => {
                    let headers = headers(&[("X-Left", &left.to_string())]);
                    ledger.answered(&scopes[0], &Told { status: 200, headers: &headers }, clock.now());
                }
                _ => {
                    let who = usize::from(kind % 2);
                    for _ in 0..left {
                        if send(&mut ledger, &scopes[who], clock.now()) == Room::Now {
                            sent[who].push(real.now());
                        }
                    }
                }
            }
        }
        for list in &mut sent {
            list.sort();
            prop_assert!(most_in_any_window(list, Duration::seconds(3)) <= usize::try_from(short).unwrap());
            prop_assert!(most_in_any_window(list, Duration::seconds(20)) <= usize::try_from(long).unwrap());
        }
        let mut all: Vec<_> = sent.concat();
        all.sort();
        prop_assert!(most_in_any_window(&all, Duration::seconds(7)) <= usize::try_from(long + short).unwrap());
    }
}

#[test]
fn a_remaining_header_only_ever_lowers() {
    let scopes =
        scopes("connection/a", "x", vec![limit(BudgetScope::Connection, 60, 60, Some("X-MinLimit-Remaining"))]);
    for (told, more) in [("3", 3), ("0", 0), ("-5", 0), ("59", 59), ("1000", 59), ("many", 59), ("", 59), (" 7 ", 7)] {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.take(&scopes, noon()), Room::Now);
        ledger.answered(&scopes, &Told { status: 200, headers: &headers(&[("X-MinLimit-Remaining", told)]) }, noon());
        // A later, higher word (an older answer that was under way) opens nothing.
        ledger.answered(&scopes, &Told { status: 200, headers: &headers(&[("X-MinLimit-Remaining", "60")]) }, noon());
        let mut left = 0;
        while ledger.take(&scopes, noon()) == Room::Now {
            left += 1;
        }
        assert_eq!(left, more, "told {told:?}");
    }
}

#[test]
fn a_429_closes_for_as_long_as_the_table_says() {
    // (problem, Retry-After, streak before) → seconds in thousandths
    let rows: &[(Option<&str>, Option<&str>, u32, i64)] = &[
        (None, Some("1"), 0, 1_000),
        (None, Some("30"), 0, 30_000),
        (None, Some(" 30 "), 0, 30_000),
        (None, Some("1.2"), 0, 2_000),
        (None, Some("3600"), 0, 3_600_000),
        (None, Some("3601"), 0, 3_601_000),
        (None, Some("86400"), 0, 86_400_000),
        (None, Some("86401"), 0, 86_400_000),
        (None, Some("99999999999999999999999"), 0, 86_400_000),
        (None, Some("1e30"), 0, 1_000),
        (None, Some("+30"), 0, 1_000),
        (None, Some("0x30"), 0, 1_000),
        (None, Some("30 seconds"), 0, 1_000),
        (None, Some("30, 60"), 0, 1_000),
        (None, Some("٣٠"), 0, 1_000),
        (None, Some("inf"), 0, 1_000),
        (None, Some("0.0"), 0, 1_000),
        (None, Some("0.001"), 0, 1_000),
        (None, Some("0"), 0, 1_000),
        (None, Some("0"), 3, 8_000),
        (None, Some("-1"), 0, 1_000),
        (None, Some("-99999"), 2, 4_000),
        (None, Some("soon"), 0, 1_000),
        (None, Some(""), 0, 1_000),
        (None, Some("NaN"), 0, 1_000),
        (None, Some("1e9"), 0, 1_000),
        (None, None, 0, 1_000),
        (None, None, 1, 2_000),
        (None, None, 50, 60_000),
        (Some("minute"), Some("17"), 0, 17_000),
        (Some("Minute"), Some("17"), 0, 17_000),
        (Some("day"), Some("7200"), 0, 7_200_000),
        (Some("Daily"), Some("7200"), 0, 7_200_000),
        (Some("day"), Some("86400"), 0, 86_400_000),
        (Some("day"), Some("999999"), 0, 86_400_000),
        (Some("day"), None, 0, 3_600_000),
        (Some("day"), Some("0"), 0, 3_600_000),
        (Some("concurrent"), None, 0, 500),
        (Some("Concurrent"), None, 2, 2_000),
        (Some("concurrent"), None, 30, 8_000),
        (Some("concurrent"), Some("4"), 0, 4_000),
        (Some("appminute"), Some("12"), 0, 12_000),
        (None, Some("Mon, 02 Mar 2026 12:00:45 GMT"), 0, 45_000),
        (None, Some("Monday, 02-Mar-26 12:00:45 GMT"), 0, 45_000),
        (None, Some("Mon Mar  2 12:00:45 2026"), 0, 45_000),
        (None, Some("Mon, 02 Mar 2026 11:59:45 GMT"), 0, 1_000),
        (None, Some("Tue, 02 Mar 2027 12:00:45 GMT"), 0, 86_400_000),
        (None, Some("Fri, 31 Dec 9999 23:59:59 GMT"), 0, 86_400_000),
        (None, Some("Thu, 01 Jan 1970 00:00:00 GMT"), 1, 2_000),
        (None, Some("Mon, 32 Mar 2026 12:00:45 GMT"), 0, 1_000),
        (Some("concurrent"), Some("Tue, 02 Mar 2027 12:00:45 GMT"), 0, 86_400_000),
        (Some("day"), Some("Tue, 03 Mar 2026 03:00:00 GMT"), 0, 54_000_000),
    ];
    for (problem, retry_after, streak, millis) in rows {
        let wait = super::retry_after::wait_after_429(*problem, *retry_after, *streak, noon());
        assert_eq!(wait.num_milliseconds(), *millis, "{problem:?} {retry_after:?} streak {streak}");
    }
}

#[test]
fn a_429_closes_the_scope_that_it_is_about() {
    let all = || vec![limit(BudgetScope::Connection, 60, 60, None), limit(BudgetScope::App, 10_000, 60, None)];
    let ip = || vec![limit(BudgetScope::EgressIp, 180, 60, None)];
    let both = || [all(), ip()].concat();
    // (limits, problem, closes the other connection of the same app)
    for (limits, problem, spreads) in [
        (all(), Some("minute"), false),
        (all(), Some("appminute"), true),
        (all(), Some("concurrent"), false),
        (all(), None, false),
        (ip(), None, true),
        (both(), Some("egress-ip"), true),
        (both(), Some("IP"), true),
        (both(), Some("description"), false),
        (Vec::new(), None, false),
    ] {
        let (a, b, other) = (
            scopes("connection/a", "x", limits.clone()),
            scopes("connection/b", "x", limits.clone()),
            scopes("connection/c", "y", limits.clone()),
        );
        let mut ledger = Ledger::default();
        let mut told = vec![("Retry-After", "20")];
        told.extend(problem.map(|problem| ("X-Rate-Limit-Problem", problem)));
        ledger.answered(&a, &Told { status: 429, headers: &headers(&told) }, noon());
        assert!(
            matches!(ledger.take(&a, noon()), Room::At { until, .. } if until == noon() + Duration::seconds(20)),
            "{problem:?}"
        );
        assert_eq!(ledger.take(&b, noon()) != Room::Now, spreads, "{problem:?}");
        assert_eq!(ledger.take(&other, noon()), Room::Now, "{problem:?}: another app is never touched");
        assert_eq!(ledger.take(&a, noon() + Duration::seconds(20)), Room::Now, "{problem:?}: open again in time");
    }
}

#[test]
fn a_late_answer_neither_shortens_nor_ends_a_closure() {
    let scopes = scopes("connection/a", "x", Vec::new());
    let mut ledger = Ledger::default();
    ledger.answered(&scopes, &Told { status: 429, headers: &headers(&[("Retry-After", "60")]) }, noon());
    ledger.answered(&scopes, &Told { status: 429, headers: &headers(&[("Retry-After", "1")]) }, noon());
    ledger.answered(&scopes, &Told { status: 200, headers: &headers(&[]) }, noon());
    assert!(matches!(ledger.room(&scopes, noon()), Room::At { until, .. } if until == noon() + Duration::seconds(60)));
}

#[test]
fn a_success_after_the_wait_ends_the_row() {
    let scopes = scopes("connection/a", "x", Vec::new());
    let mut ledger = Ledger::default();
    let until = |ledger: &mut Ledger, now| match ledger.room(&scopes, now) {
        Room::At { until, .. } => until,
        other => panic!("it is closed, not {other:?}"),
    };
    ledger.answered(&scopes, &Told { status: 429, headers: &headers(&[]) }, noon());
    assert_eq!(until(&mut ledger, noon()), noon() + Duration::seconds(1));
    let later = noon() + Duration::seconds(2);
    ledger.answered(&scopes, &Told { status: 429, headers: &headers(&[]) }, later);
    assert_eq!(until(&mut ledger, later), later + Duration::seconds(2), "the second in a row waits longer");
    let after = later + Duration::seconds(5);
    ledger.answered(&scopes, &Told { status: 200, headers: &headers(&[]) }, after);
    ledger.answered(&scopes, &Told { status: 429, headers: &headers(&[]) }, after);
    assert_eq!(until(&mut ledger, after), after + Duration::seconds(1), "after a success it begins anew");
}

#[test]
fn a_restart_remembers_what_was_counted_and_closed() {
    let scopes = scopes("connection/a", "x", vec![limit(BudgetScope::Connection, 10, 60, None)]);
    let mut before = Ledger::default();
    for _ in 0..7 {
        assert_eq!(send(&mut before, &scopes, noon()), Room::Now);
    }
    let kept = saved(&mut before, noon() + Duration::seconds(1));
    let now = noon() + Duration::seconds(10);
    let mut after = Ledger::default();
    after.restore(&kept, now);
    after.restore(&kept, now);
    let left = (0..20).filter(|_| after.take(&scopes, now) == Room::Now).count();
    assert_eq!(left, 3, "seven were sent before the restart, and restoring twice counts them once");

    before.answered(
        &scopes,
        &Told { status: 429, headers: &headers(&[("X-Rate-Limit-Problem", "day"), ("Retry-After", "40000")]) },
        noon(),
    );
    let kept = saved(&mut before, noon());
    let mut after = Ledger::default();
    after.restore(&kept, now);
    assert!(matches!(after.room(&scopes, now), Room::At { until, .. } if until == noon() + Duration::seconds(40_000)));
    assert!(BudgetSnapshot::from_json("{").is_err());
}

#[test]
fn an_empty_limit_lets_nothing_out() {
    let scopes = scopes("connection/a", "x", vec![limit(BudgetScope::Connection, 0, 60, None)]);
    assert!(matches!(Ledger::default().take(&scopes, noon()), Room::At { .. }));
}

#[test]
fn whoever_was_turned_away_finds_its_share() {
    let limits = || vec![limit(BudgetScope::App, 60, 60, None)];
    let (a, b) = (scopes("connection/a", "x", limits()), scopes("connection/b", "x", limits()));
    let mut ledger = Ledger::default();
    while send(&mut ledger, &a, noon()) == Room::Now {}
    let ten = noon() + Duration::seconds(10);
    let Room::At { until, .. } = send(&mut ledger, &b, ten) else { panic!("it is full") };
    // As soon as there is room, the one who had it all may have half of it again, and no more.
    let again = (0..100).filter(|_| send(&mut ledger, &a, until) == Room::Now).count();
    assert_eq!(again, 30);
    // The other comes a little later, as a scheduler does, and finds the other half.
    let soon = until + Duration::milliseconds(500);
    assert_eq!((0..100).filter(|_| send(&mut ledger, &b, soon) == Room::Now).count(), 30);
    // Who does not come loses its share, and nothing of the budget is lost.
    let Room::At { until, .. } = send(&mut ledger, &b, soon) else { panic!("it is full") };
    let late = until + Duration::seconds(2);
    assert_eq!((0..100).filter(|_| send(&mut ledger, &a, late) == Room::Now).count(), 60);
}

#[test]
fn nothing_goes_out_that_disk_does_not_take_for_used() {
    let scopes = scopes("connection/a", "x", vec![limit(BudgetScope::Connection, 64, 60, None)]);
    let mut ledger = Ledger::default();
    ledger.keep();
    assert!(!ledger.has_changed());
    let mut disk = BudgetSnapshot::default();
    for sent in 0..64_u32 {
        if ledger.take(&scopes, noon()) == Room::Unsaved {
            disk = BudgetSnapshot::from_json(&ledger.snapshot(Saving::Renewing, noon()).to_json().unwrap()).unwrap();
            // Not on disk yet: still nothing goes out.
            assert_eq!(ledger.take(&scopes, noon()), Room::Unsaved);
            ledger.saved();
            assert_eq!(ledger.take(&scopes, noon()), Room::Now);
        }
        ledger.done(&scopes, noon());
        // kill -9 now: the next process lets out no more than what is left, and loses no more than the lease.
        let mut next = Ledger::default();
        next.restore(&disk, noon() + Duration::seconds(1));
        let more = (0..100).filter(|_| send(&mut next, &scopes, noon() + Duration::seconds(1)) == Room::Now).count();
        let left = usize::try_from(63 - sent).unwrap();
        assert!(more <= left && more + 2 >= left, "after {sent}: {more} of {left}");
    }
    assert!(ledger.has_changed());
    ledger.snapshot(Saving::Renewing, noon());
    assert!(!ledger.has_changed(), "nothing was counted since");
}
