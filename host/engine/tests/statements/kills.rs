//! The process dies at every commit of a check, before or after it: the next check ends where an undisturbed one does.

use std::sync::Arc;

use counterfoil_domain::ports::Write;
use counterfoil_domain::run::RunKind;

use crate::desk::{Desk, engine};
use crate::source::statement;

#[path = "../../../../tests/xero_proof/mortal.rs"]
#[macro_use]
mod mortal;
use mortal::Mortal;

fn fill(desk: &Desk) {
    let one = ["c1 monthly-monthly A 1 10.00", "c2 monthly-monthly A 1 10.00", "c3 usage B 1 3.00"];
    desk.source.put(statement("5", "seat", "2026-05", &one));
    desk.source.put(statement("6", "seat", "2026-06", &one));
    desk.source.put(statement("u", "usage", "2026-06", &["c1 usage B 4 2.00"]));
}

fn change(desk: &Desk) {
    desk.source.change("6", &["c1 monthly-monthly A 1 10.00", "c2 monthly-monthly A 1 12.00", "c3 usage B 1 3.00"]);
}

#[tokio::test]
async fn a_cut_at_any_commit_bills_nothing_twice_and_loses_nothing() {
    let calm = Desk::open().await;
    fill(&calm);
    calm.check().await;
    change(&calm);
    calm.later(1).await;
    let expected = (calm.shown().await, calm.money("x").await);
    assert_eq!(expected.0.len(), 5);
    let mut cuts = 0;
    for commits in 1.. {
        let mut died = false;
        for after in [false, true] {
            let desk = Desk::open().await;
            fill(&desk);
            died |= cut(&desk, commits, after).await;
            // The run that was cut is taken up by the process after it.
            desk.engine.round().await.unwrap();
            desk.check().await;
            change(&desk);
            cut(&desk, commits, after).await;
            desk.engine.round().await.unwrap();
            desk.later(1).await;
            assert_eq!(
                (desk.shown().await, desk.money("x").await),
                expected,
                "cut at commit {commits}, after: {after}"
            );
        }
        cuts += u32::from(died);
        if !died {
            break;
        }
    }
    assert!(cuts >= 5, "only {cuts} commits were cut");
}

/// One check of a process that dies. False: it came to its end first.
async fn cut(desk: &Desk, commits: i64, after: bool) -> bool {
    let run = desk.asked("x", RunKind::Check);
    desk.put(vec![Write::InsertRun(run)]).await;
    let mortal = Arc::new(Mortal::new(Arc::clone(&desk.store), commits, after));
    let dying = engine(Arc::clone(&mortal) as Arc<_>, &desk.source, &desk.clock);
    tokio::select! {
        () = mortal.died.notified() => true,
        done = dying.round() => { done.unwrap(); false }
    }
}
