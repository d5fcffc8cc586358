//! Two connections on one marketplace: each gets its tasks, whoever reads first.

use counterfoil_domain::run::RunKind;

use crate::desk::Desk;
use crate::source::statement;

const JUNE: [&str; 2] = ["c1 monthly-monthly A 1 10.00", "c2 monthly-monthly A 1 10.00"];

#[tokio::test]
async fn what_one_has_read_the_other_bills_too() {
    let desk = Desk::open().await;
    desk.connect("y", Default::default()).await;
    desk.source.put(statement("6", "seat", "2026-06", &JUNE));
    desk.run("x", RunKind::Check).await;
    assert_eq!(desk.shown_of("y").await, Vec::<String>::new());
    desk.run("y", RunKind::Check).await;
    assert_eq!(desk.shown_of("y").await, desk.shown_of("x").await);
    // Later ones too, in the other order, with a correction.
    desk.source.put(statement("usage", "usage", "2026-06", &["c1 usage B 1 3.00"]));
    desk.source.change("6", &["c1 monthly-monthly A 1 10.00", "c2 monthly-monthly A 1 11.00"]);
    desk.run("y", RunKind::Check).await;
    let run = desk.run("x", RunKind::Check).await;
    assert_eq!(run.counted("tasks-new"), 2, "{run:?}");
    assert_eq!(desk.shown_of("y").await, desk.shown_of("x").await);
    assert_eq!(desk.shown_of("x").await.len(), 4);
    // A third time there is nothing to catch up with.
    let run = desk.run("y", RunKind::Check).await;
    assert_eq!(run.counted("tasks-new"), 0);
}

#[tokio::test]
async fn a_connection_that_comes_later_catches_up_from_its_window() {
    let desk = Desk::open().await;
    desk.source.put(statement("6", "seat", "2026-06", &JUNE));
    desk.check().await;
    desk.later(24 * 40).await;
    desk.source.put(statement("7", "seat", "2026-07", &JUNE));
    desk.later(1).await;
    desk.connect("y", Default::default()).await;
    desk.run("y", RunKind::Check).await;
    // The newest of the stream; June's is outside of its month.
    assert_eq!(desk.shown_of("y").await.len(), 2);
    assert_eq!(desk.shown_of("x").await.len(), 4);
}
