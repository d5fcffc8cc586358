//! A statement that is issued anew bills its difference once.

use crate::desk::Desk;
use crate::source::{amount, statement};

const JUNE: [&str; 3] = ["c1 monthly-monthly A 1 10.00", "c1 monthly-monthly B 2 5.00", "c2 monthly-monthly A 1 10.00"];

#[tokio::test]
async fn changed_records_become_a_correction() {
    let desk = Desk::open().await;
    desk.source.put(statement("6", "seat", "2026-06", &JUNE));
    desk.check().await;
    assert_eq!(desk.shown().await, ["c1/monthly-monthly 20.00 ready", "c2/monthly-monthly 10.00 ready"]);
    desk.source
        .change("6", &["c1 monthly-monthly A 1 10.00", "c1 monthly-monthly B 2 5.00", "c2 monthly-monthly A 1 12.50"]);
    let run = desk.later(1).await;
    assert_eq!((run.counted("reissues"), run.counted("tasks-new")), (1, 1), "{run:?}");
    assert_eq!(
        desk.shown().await,
        ["c1/monthly-monthly 20.00 ready", "c2/monthly-monthly 10.00 ready", "c2/monthly-monthly 2.50 ready"]
    );
    assert_eq!((desk.money("x").await, desk.stated().await), (amount("32.50"), amount("32.50")));
    // Read again, nothing follows.
    let before = desk.shown().await;
    for hours in [1, 25] {
        let run = desk.later(hours).await;
        assert_eq!((run.counted("reissues"), run.counted("tasks-new")), (0, 0));
    }
    assert_eq!(desk.shown().await, before);
}

#[tokio::test]
async fn the_same_under_another_id_is_noted_and_billed_once() {
    let desk = Desk::open().await;
    desk.source.put(statement("6", "seat", "2026-06", &JUNE));
    desk.check().await;
    desk.source.put(statement("6b", "seat", "2026-06", &JUNE));
    let run = desk.later(1).await;
    assert_eq!((run.counted("tasks-new"), run.counted("statements-read")), (0, 0));
    assert_eq!(desk.money("x").await, amount("30"));
    // Under the other id again, with a difference: the lineage goes on.
    desk.source.change("6b", &["c1 monthly-monthly A 1 10.00", "c1 monthly-monthly B 2 5.00"]);
    let run = desk.later(1).await;
    assert_eq!(run.counted("reissues"), 1, "{run:?}");
    assert_eq!((desk.money("x").await, desk.stated().await), (amount("20"), amount("20")));
}

#[tokio::test]
async fn a_correction_of_an_older_month_is_money_and_no_more() {
    let desk = Desk::open().await;
    desk.source.put(statement("6", "seat", "2026-06", &JUNE));
    desk.check().await;
    desk.clock.advance(chrono::Duration::days(28));
    desk.source.put(statement("7", "seat", "2026-07", &JUNE));
    desk.check().await;
    desk.source
        .change("6", &["c1 monthly-monthly A 1 10.00", "c1 monthly-monthly B 2 5.00", "c2 monthly-monthly A 2 10.00"]);
    desk.later(1).await;
    assert_eq!((desk.money("x").await, desk.stated().await), (amount("70"), amount("70")));
    let tasks = desk.tasks_of("x").await;
    let correction = tasks.iter().find(|task| task.number.contains("correction")).unwrap();
    let counterfoil_domain::task::Subject::Order { key, .. } = &correction.subject else { panic!() };
    let order = desk.store.order(key).await.unwrap().unwrap();
    let part = order.statement.unwrap();
    assert_eq!(part.issue, 2);
    assert!(part.lines.values().all(|line| line.closing.is_none()));
}
