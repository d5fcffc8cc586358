//! Check Changes, the decisions as tables: which rows are read, and what a new revision means.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use chrono::{DateTime, Utc};
use counterfoil_domain::changes::{OVERLAP_HOURS, Reading, moved, reading, walk_until, window_start};
use counterfoil_domain::connection::HostRules;
use counterfoil_domain::id::{ConnectionId, OrderId, Revision};
use counterfoil_domain::market::OrderHead;
use counterfoil_domain::order::OrderStatus;
use counterfoil_domain::ports::{Cursor, KnownOrder};

fn at(text: &str) -> DateTime<Utc> {
    format!("{text}T00:00:00Z").parse().unwrap()
}

/// status | created | known (- none, else its fingerprint; "open" was not final) | first check -> reading
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
        let window = (cells[3] == "first").then(|| at("2026-10-21"));
        assert_eq!(format!("{:?}", reading(&head, known.as_ref(), window)), expected.trim(), "{row}");
    }
    // The word is used: a renamed variant breaks the table, not only this line.
    assert_ne!(Reading::Read, Reading::Unchanged);
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
}

#[test]
fn the_cursor_overlaps_and_never_passes_what_could_not_be_read() {
    let cursor =
        |initial_done| Cursor { connection: ConnectionId::new("x"), initial_done, seen_until: at("2026-11-20") };
    assert_eq!(walk_until(None), None, "the first check walks everything");
    assert_eq!(walk_until(Some(&cursor(false))), None);
    assert_eq!(walk_until(Some(&cursor(true))), Some(at("2026-11-20") - chrono::Duration::hours(OVERLAP_HOURS)));
    assert_eq!(moved(Some(&cursor(true)), Some(at("2026-11-21")), true), Some(at("2026-11-21")));
    assert_eq!(moved(Some(&cursor(true)), Some(at("2026-11-19")), true), Some(at("2026-11-20")), "it never goes back");
    assert_eq!(moved(Some(&cursor(true)), Some(at("2026-11-21")), false), None, "something could not be read");
}
