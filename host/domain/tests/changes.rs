//! Check Changes, the decisions as tables: how far is walked, which rows are read, where the cursor stands afterwards.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use counterfoil_domain::changes::{
    BadRange, OVERLAP_HOURS, Pass, Reading, SWEEP_DAYS, cursor_after, first_window, history, range, sweep_is_due,
    window_start,
};
use counterfoil_domain::connection::{Connection, ConnectionState, Exceptions, HostRules};
use counterfoil_domain::id::{ConnectionId, MarketplaceId, OrderId, PluginId, ResellerId, Revision};
use counterfoil_domain::market::OrderHead;
use counterfoil_domain::order::OrderStatus;
use counterfoil_domain::ports::{Cursor, KnownOrder};

fn at(text: &str) -> DateTime<Utc> {
    let text = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    text.parse().unwrap()
}

fn cursor(initial_done: bool) -> Cursor {
    Cursor { connection: ConnectionId::new("x"), initial_done, seen_until: at("2026-11-20"), swept_at: None }
}

fn connection(rules: HostRules) -> Connection {
    Connection {
        id: ConnectionId::new("x"),
        reseller: ResellerId::new("r"),
        name: "x".into(),
        plugin: PluginId::new("paper"),
        marketplace: MarketplaceId::new("m"),
        state: ConnectionState::Enabled,
        state_reason: String::new(),
        base_url: None,
        token_url: None,
        auth: None,
        exceptions: Exceptions::default(),
        settings: BTreeMap::new(),
        rules,
    }
}

/// The window begins on 21 October, the cursor stands at 20 November; what was final before 23 October is history.
fn pass(name: &str) -> Pass {
    match name {
        "first" => Pass::First { window: at("2026-10-21") },
        "later" => Pass::later(&cursor(true)),
        "deep" => Pass::deep(&cursor(true), at("2026-10-23")),
        "days" => Pass::Range(
            range("2026-01-01".parse().unwrap(), "2026-12-31".parse().unwrap(), at("2027-01-01").date_naive()).unwrap(),
        ),
        other => panic!("{other}"),
    }
}

/// status | created | known (- none, else its fingerprint; "open" was not final) | pass -> reading
const ROWS: &str = "
completed  | 2026-11-10 | -    | first -> Read
completed  | 2026-10-01 | -    | first -> BeforeWindow
cancelled  | 2026-10-01 | -    | first -> BeforeWindow
processing | 2025-01-01 | -    | first -> Read
error      | 2025-01-01 | -    | first -> Read
submitted  | 2025-01-01 | -    | first -> Read
completed  | 2026-10-01 | open | first -> Read
completed  | 2026-10-01 | same | first -> BeforeWindow
completed  | 2026-11-10 | same | first -> Unchanged
completed  | 2026-11-10 | -    | later -> Read
completed  | 2026-10-01 | -    | later -> Read
completed  | 2026-11-10 | same | later -> Unchanged
completed  | 2026-11-10 | old  | later -> Read
completed  | 2026-11-10 | open | later -> Read
processing | 2026-11-10 | open | later -> Read
completed  | 2026-11-10 | same | deep -> Unchanged
completed  | 2026-11-10 | old  | deep -> Read
completed  | 2026-11-10 | -    | deep -> Read
completed  | 2026-10-22 | -    | deep -> BeforeWindow
completed  | 2026-10-24 | -    | deep -> Read
completed  | 2026-10-22 | old  | deep -> Read
completed  | 2026-10-22 | same | deep -> Unchanged
processing | 2026-10-22 | -    | deep -> Read
completed  | 2026-10-22 | open | deep -> Read
completed  | 2026-01-05 | -    | days -> Read
completed  | 2026-01-05 | same | days -> Unchanged
completed  | 2026-01-05 | old  | days -> Read
";

#[test]
fn rows_are_read_as_the_table_says() {
    for row in ROWS.lines().filter(|row| !row.trim().is_empty()) {
        let (given, expected) = row.split_once("->").unwrap();
        let cells: Vec<&str> = given.split('|').map(str::trim).collect();
        let head = OrderHead {
            id: OrderId::new("o"),
            number: "SO1".into(),
            status: OrderStatus::parse(cells[0]).unwrap(),
            created_at: at(cells[1]),
            fingerprint: "same".into(),
        };
        let known = (cells[2] != "-").then(|| KnownOrder {
            id: OrderId::new("o"),
            fingerprint: cells[2].into(),
            revision: Revision::new("r"),
            is_final: cells[2] != "open",
        });
        let reading = pass(cells[3]).reading(&head, known.as_ref());
        assert_eq!(format!("{reading:?}"), expected.trim(), "{row}");
    }
    // The word is used: a renamed variant breaks the table, not only this line.
    assert_ne!(Reading::Read, Reading::Unchanged);
}

#[test]
fn what_another_connection_knows_is_history_for_ours_only_in_a_deep_look() {
    for (name, created, known_final, expected) in [
        ("deep", "2026-10-22", true, true),
        ("deep", "2026-10-22", false, false),
        ("deep", "2026-10-24", true, false),
        ("later", "2026-10-22", true, false),
        ("days", "2026-10-22", true, false),
        ("first", "2026-10-22", true, false),
    ] {
        assert_eq!(pass(name).only_counts(at(created), known_final, &[]), expected, "{name} {created}");
    }
}

#[test]
fn the_first_window_is_one_calendar_month() {
    for (now, start) in [
        ("2026-11-21", "2026-10-21"),
        ("2026-03-31", "2026-02-28"),
        ("2028-03-30", "2028-02-29"),
        ("2026-01-15", "2025-12-15"),
    ] {
        assert_eq!(window_start(&HostRules::default(), at(now)), at(start));
    }
    // A first check that takes several attempts keeps the window of the first of them.
    let attempt = Cursor { seen_until: at("2026-10-21"), ..cursor(false) };
    assert_eq!(first_window(&HostRules::default(), Some(&attempt), at("2026-12-01")), at("2026-10-21"));
}

#[test]
fn walks_end_where_they_must() {
    let hours = |hours| at("2026-11-20") - Duration::hours(hours);
    assert_eq!(pass("first").until(), None, "the first check walks everything");
    assert_eq!(pass("later").until(), Some(hours(OVERLAP_HOURS)));
    assert_eq!(pass("deep").until(), Some(hours(24 * SWEEP_DAYS)));
    assert_eq!((pass("days").until(), pass("days").before()), (Some(at("2026-01-01")), Some(at("2027-01-01"))));
    for (created, wanted) in
        [("2025-12-31T23:59:59Z", false), ("2026-01-01", true), ("2026-12-31T23:59:59Z", true), ("2027-01-01", false)]
    {
        assert_eq!(pass("days").wants(at(created)), wanted, "{created}");
    }
}

/// now | swept at -> due
const SWEEPS: &str = "
2026-11-21T10:00:00Z | -                    -> true
2026-11-21T10:00:00Z | 2026-11-21T10:00:00Z -> false
2026-11-21T10:00:00Z | 2026-11-20T14:00:01Z -> false
2026-11-21T10:00:00Z | 2026-11-20T14:00:00Z -> true
2026-11-21T10:00:00Z | 2026-11-20T10:00:05Z -> true
2026-11-21T10:00:00Z | 2026-11-21T11:00:00Z -> true
";

#[test]
fn the_deep_look_is_taken_once_a_day_whatever_the_clock_does() {
    for row in SWEEPS.lines().filter(|row| !row.trim().is_empty()) {
        let (given, due) = row.split_once("->").unwrap();
        let (now, swept) = given.split_once('|').unwrap();
        let swept_at = (swept.trim() != "-").then(|| at(swept.trim()));
        let seen = Cursor { swept_at, ..cursor(true) };
        assert_eq!(sweep_is_due(&seen, at(now.trim())).to_string(), due.trim(), "{row}");
    }
}

#[test]
fn history_ends_where_the_first_window_began() {
    let rules = HostRules::default();
    // The first check made its tasks on 21 November: its window began a month before.
    assert_eq!(history(&rules, Some(at("2026-11-21")), at("2027-03-01")), at("2026-10-23"));
    assert_eq!(history(&rules, None, at("2026-11-21")), at("2026-10-23"), "no task was ever made");
    let named = HostRules { start_on: Some("2026-02-01".parse().unwrap()), ..HostRules::default() };
    assert_eq!(history(&named, Some(at("2026-11-21")), at("2027-03-01")), at("2026-02-01"));
}

#[test]
fn the_cursor_goes_to_the_newest_order_and_never_back() {
    let x = connection(HostRules::default());
    let now = at("2026-11-25");
    let after = |pass: &str, cursor: Option<&Cursor>, newest: Option<&str>| {
        let next = super_pass(pass, cursor);
        cursor_after(&next, cursor, &x, newest.map(at), now).map(|c| (c.initial_done, c.seen_until, c.swept_at))
    };
    let swept = Cursor { swept_at: Some(at("2026-11-24")), ..cursor(true) };
    let table = [
        (after("later", Some(&swept), Some("2026-11-21")), Some(("2026-11-21", Some("2026-11-24")))),
        (after("later", Some(&swept), Some("2026-11-19")), Some(("2026-11-20", Some("2026-11-24")))),
        (after("later", Some(&swept), None), Some(("2026-11-20", Some("2026-11-24")))),
        (after("deep", Some(&swept), Some("2026-11-21")), Some(("2026-11-21", Some("2026-11-25")))),
        (after("first", None, Some("2026-11-21")), Some(("2026-11-21", Some("2026-11-25")))),
        // Nothing seen in the window: later walks must not go back behind it.
        (after("first", None, Some("2026-10-01")), Some(("2026-10-23", Some("2026-11-25")))),
        (after("first", Some(&cursor(false)), None), Some(("2026-10-23", Some("2026-11-25")))),
        (after("days", Some(&swept), Some("2026-11-21")), None),
    ];
    for (number, (actual, expected)) in table.into_iter().enumerate() {
        let expected = expected.map(|(seen, swept)| (true, at(seen), swept.map(at)));
        assert_eq!(actual, expected, "row {number}");
    }
    let named = connection(HostRules { start_on: Some("2026-10-21".parse().unwrap()), ..HostRules::default() });
    let empty = cursor_after(&pass("first"), None, &named, None, now).unwrap();
    assert_eq!(empty.seen_until, DateTime::UNIX_EPOCH, "an empty marketplace tells no time, and ours is not its");
}

fn super_pass(name: &str, cursor: Option<&Cursor>) -> Pass {
    match (name, cursor) {
        ("later", Some(cursor)) => Pass::later(cursor),
        ("deep", Some(cursor)) => Pass::deep(cursor, at("2026-10-23")),
        _ => pass(name),
    }
}

#[test]
fn chosen_days_include_both_ends_and_none_of_the_future() {
    let day = |text: &str| text.parse().unwrap();
    let today = day("2026-11-21");
    let quarter = range(day("2026-01-01"), day("2026-03-31"), today).unwrap();
    assert_eq!((quarter.start(), quarter.end()), (day("2026-01-01"), day("2026-04-01")));
    assert_eq!(range(today, today, today).unwrap().days(), 1);
    let backwards = BadRange::Backwards { from: day("2026-02-01"), to: day("2026-01-31") };
    assert_eq!(range(day("2026-02-01"), day("2026-01-31"), today), Err(backwards));
    let future = BadRange::Future { day: day("2026-11-22"), today };
    assert_eq!(range(today, day("2026-11-22"), today), Err(future));
}
