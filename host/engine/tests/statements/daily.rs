//! A program's daily run is asked for when it is due, once.

use counterfoil_domain::ports::{Clock as _, Write};
use counterfoil_domain::program::Program;
use counterfoil_domain::run::RunState;

use crate::desk::{Desk, program};
use crate::source::{at, statement};

async fn rounds(desk: &Desk, time: &str) -> usize {
    desk.clock.advance(at(time) - desk.clock.now());
    for _ in 0..3 {
        desk.engine.round().await.unwrap();
    }
    desk.store.runs(None, 100).await.unwrap().len()
}

#[tokio::test]
async fn runs_come_at_their_hour_and_missed_ones_once() {
    let desk = Desk::open().await;
    desk.source.put(statement("6", "seat", "2026-06", &["c1 monthly-monthly A 1 10.00"]));
    let daily = Program { daily_at: Some(6 * 60 + 30), time_zone: "Europe/Vienna".into(), ..program("x") };
    // Before anything was ever checked: the one of this morning was missed.
    assert_eq!(rounds(&desk, "2026-07-10T06:00:00Z").await, 0);
    desk.put(vec![Write::PutProgram(daily.clone())]).await;
    assert_eq!(rounds(&desk, "2026-07-10T06:00:00Z").await, 1);
    assert_eq!(desk.shown().await, ["c1/monthly-monthly 10.00 ready"]);
    for (time, runs) in [
        ("2026-07-11T04:29:00Z", 1),
        ("2026-07-11T04:30:00Z", 2),
        ("2026-07-11T23:00:00Z", 2),
        ("2026-07-18T12:00:00Z", 3),
        ("2026-07-18T13:00:00Z", 3),
        ("2026-07-19T04:31:00Z", 4),
    ] {
        assert_eq!(rounds(&desk, time).await, runs, "{time}");
    }
    desk.source.with(|state| state.away = true);
    // What failed is tried again an hour later, then two, and not every round.
    for (time, runs) in [
        ("2026-07-20T04:30:00Z", 5),
        ("2026-07-20T05:29:00Z", 5),
        ("2026-07-20T05:30:00Z", 6),
        ("2026-07-20T07:29:00Z", 6),
        ("2026-07-20T07:30:00Z", 7),
    ] {
        assert_eq!(rounds(&desk, time).await, runs, "{time}");
    }
    assert_eq!(desk.store.runs(None, 1).await.unwrap()[0].state, RunState::Failed);
    desk.put(vec![Write::PutProgram(Program { enabled: false, ..daily })]).await;
    assert_eq!(rounds(&desk, "2026-07-25T07:30:00Z").await, 7);
}
