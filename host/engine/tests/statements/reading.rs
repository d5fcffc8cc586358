//! Which statements are read, when again, and what is said of them.

use chrono::Duration;
use counterfoil_domain::connection::HostRules;
use counterfoil_domain::outcome::{Outcome, outcome};
use counterfoil_domain::period::Period;

use counterfoil_domain::run::{Run, RunKind, RunState};

use crate::desk::Desk;
use crate::source::{amount, month, statement};

fn codes(run: &Run) -> Vec<&str> {
    run.problems.iter().map(|problem| problem.code.as_str()).collect()
}

#[tokio::test]
async fn the_first_check_takes_the_last_month_and_the_newest_of_each_stream() {
    let desk = Desk::open().await;
    desk.source.put(statement("seat-4", "seat", "2026-04", &["c1 monthly-monthly A 1 7.00"]));
    desk.source.put(statement("seat-5", "seat", "2026-05", &["c1 monthly-monthly A 2 7.00"]));
    desk.source.put(statement("seat-6", "seat", "2026-06", &["c1 monthly-monthly A 3 7.00"]));
    desk.source.put(statement("old", "usage", "2026-02", &["c2 usage A 1 5.00"]));
    let run = desk.check().await;
    assert_eq!(run.state, RunState::Done, "{:?}", run.problems);
    // The window is a month: May's was issued on the 5th of June, before it.
    assert_eq!((run.counted("statements-read"), run.counted("statements-before-window")), (2, 2));
    assert_eq!(desk.shown().await, ["c1/monthly-monthly 21.00 ready", "c2/usage 5.00 ready"]);
    assert_eq!(outcome(&run), Some(Outcome::Success));

    // Nothing new: nothing is read, and nothing before the window comes in later.
    desk.source.read();
    let run = desk.later(1).await;
    assert_eq!(desk.source.read(), Vec::<String>::new());
    assert_eq!((run.counted("statements-unchanged"), run.counted("statements-before-window")), (2, 2));
    assert_eq!(outcome(&run), Some(Outcome::NoChange));
    // The next day those are read again whose period ended lately; they say the same.
    let run = desk.later(23).await;
    assert_eq!(desk.source.read(), ["seat-6"]);
    assert_eq!(outcome(&run), Some(Outcome::NoChange));
    assert_eq!(desk.money("x").await, desk.stated().await);

    // A stream that appears later is taken up with its newest statement.
    desk.source.put(statement("new-1", "new", "2026-01", &["c1 usage A 1 1.00"]));
    desk.source.put(statement("new-2", "new", "2026-02", &["c1 usage A 1 2.00"]));
    desk.later(1).await;
    assert_eq!(desk.source.read(), ["new-2"]);
}

#[tokio::test]
async fn a_day_from_which_is_synchronized_is_the_window() {
    let rules = HostRules { start_on: "2026-06-01".parse().ok(), ..HostRules::default() };
    let desk = Desk::with(rules).await;
    for (id, of) in [("4", "2026-04"), ("5", "2026-05"), ("6", "2026-06")] {
        desk.source.put(statement(id, "seat", of, &["c1 monthly-monthly A 1 7.00"]));
    }
    let run = desk.check().await;
    assert_eq!((run.counted("statements-read"), run.counted("statements-before-window")), (2, 1));
}

#[tokio::test]
async fn what_does_not_add_up_is_billed_and_said_once() {
    let desk = Desk::open().await;
    let mut wrong = statement("6", "seat", "2026-06", &["c1 monthly-monthly A 2 10.00"]);
    wrong.head.total = Some(amount("9.99"));
    desk.source.put(wrong);
    let run = desk.check().await;
    assert_eq!(codes(&run), ["control-total"]);
    assert!(
        run.problems[0].message.contains("9.99") && run.problems[0].message.contains("10.00"),
        "{:?}",
        run.problems
    );
    assert_eq!(outcome(&run), Some(Outcome::Warning));
    assert_eq!(desk.shown().await, ["c1/monthly-monthly 20.00 ready"]);
    assert_eq!(outcome(&desk.later(25).await), Some(Outcome::NoChange));
}

#[tokio::test]
async fn what_cannot_be_read_bills_nothing_and_is_read_again() {
    let desk = Desk::open().await;
    desk.source.put(statement("6", "seat", "2026-06", &["c1 monthly-monthly A 2 10.00"]));
    desk.source.with(|state| {
        state.broken.insert("6".into());
    });
    let run = desk.check().await;
    assert_eq!((run.state, codes(&run)), (RunState::Incomplete, vec!["statement-unreadable"]));
    assert_eq!(outcome(&run), Some(Outcome::Error));
    assert_eq!(desk.shown().await, Vec::<String>::new());
    // An hour later, though it was read lately.
    desk.later(1).await;
    assert_eq!(desk.source.read(), ["6", "6"]);
    desk.source.with(|state| state.broken.clear());
    let run = desk.later(1).await;
    assert_eq!((run.state, run.counted("statements-read")), (RunState::Done, 1));
    assert_eq!(desk.shown().await, ["c1/monthly-monthly 20.00 ready"]);
    assert_eq!(desk.money("x").await, desk.stated().await);
}

#[tokio::test]
async fn a_statement_without_its_file_is_asked_for_again() {
    let desk = Desk::open().await;
    desk.source.put(statement("6", "seat", "2026-06", &["c1 monthly-monthly A 2 10.00"]));
    desk.source.with(|state| {
        state.without_file.insert("6".into());
    });
    let run = desk.check().await;
    assert_eq!((run.state, codes(&run)), (RunState::Done, vec!["statement-without-file"]));
    assert_eq!(outcome(&run), Some(Outcome::Warning));
    desk.source.with(|state| state.without_file.clear());
    desk.later(1).await;
    assert_eq!(desk.shown().await, ["c1/monthly-monthly 20.00 ready"]);
}

#[tokio::test]
async fn a_source_that_is_away_fails_the_run_and_loses_nothing() {
    let desk = Desk::open().await;
    desk.source.put(statement("5", "seat", "2026-05", &["c1 monthly-monthly A 1 10.00"]));
    desk.source.put(statement("6", "seat", "2026-06", &["c1 monthly-monthly A 2 10.00"]));
    desk.source.with(|state| state.away = true);
    // The window stays where the first attempt put it, however long the source is away.
    desk.clock.advance(-Duration::days(6));
    let run = desk.check().await;
    assert_eq!((run.state, outcome(&run)), (RunState::Failed, Some(Outcome::Error)));
    desk.source.with(|state| state.away = false);
    let run = desk.later(24 * 20).await;
    assert_eq!(run.counted("statements-read"), 2, "{run:?}");
    assert_eq!(desk.money("x").await, amount("30"));
}

#[tokio::test]
async fn days_that_somebody_asks_for_are_read_however_long_ago() {
    let desk = Desk::open().await;
    desk.source.put(statement("3", "seat", "2026-03", &["c1 monthly-monthly A 1 10.00"]));
    desk.source.put(statement("6", "seat", "2026-06", &["c1 monthly-monthly A 2 10.00"]));
    let april = Period::new("2026-04-01".parse().unwrap(), month("2026-04").end()).unwrap();
    let run = desk.run("x", RunKind::Backfill(april)).await;
    assert_eq!(run.state, RunState::Failed, "before the first check");
    desk.check().await;
    let run = desk.run("x", RunKind::Backfill(april)).await;
    assert_eq!((run.state, run.counted("statements-read")), (RunState::Done, 1));
    assert_eq!(desk.shown().await, ["c1/monthly-monthly 10.00 ready", "c1/monthly-monthly 20.00 ready"]);
}
