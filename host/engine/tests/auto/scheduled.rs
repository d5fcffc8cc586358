//! Checks that nobody asked for: when they come, that they are never two, and what failing and the clock do to them.

use std::sync::Arc;

use chrono::Duration;
use counterfoil_domain::connection::{Connection, ConnectionState, HostRules};
use counterfoil_domain::ports::Write;
use counterfoil_domain::run::{Run, RunKind, RunState};
use counterfoil_engine::Engine;
use counterfoil_store::MemoryStore;

use crate::shop::{CLASS_A, World};

const EVERY: u32 = 60;

/// Set up with its schedule; the check that `set_up` asks for is done.
async fn world() -> (World, Engine) {
    let world = World::new(Arc::new(MemoryStore::new()), CLASS_A, 1);
    world.set_up().await;
    change(&world, |connection| connection.rules.check_every = Some(EVERY)).await;
    let engine = world.engine();
    engine.round().await.unwrap();
    (world, engine)
}

async fn change(world: &World, change: impl FnOnce(&mut Connection)) {
    let mut connection = world.connection().await;
    change(&mut connection);
    world.store.commit(vec![Write::PutConnection(connection)]).await.unwrap();
}

async fn checks(world: &World) -> Vec<Run> {
    world.store.runs(None, 500).await.unwrap().into_iter().filter(|run| run.kind == RunKind::Check).collect()
}

/// Rounds a minute apart; how many checks were made in them.
async fn minutes(world: &World, engine: &Engine, count: usize) -> usize {
    let before = checks(world).await.len();
    for _ in 0..count {
        world.clock.advance(Duration::minutes(1));
        engine.round().await.unwrap();
    }
    checks(world).await.len() - before
}

#[tokio::test]
async fn a_connection_is_checked_at_its_interval() {
    let (world, engine) = world().await;
    assert_eq!(minutes(&world, &engine, 59).await, 0);
    assert_eq!(minutes(&world, &engine, 1).await, 1);
    // Asked for at the end of one round, started in the next.
    assert_eq!(minutes(&world, &engine, 60 * 10).await, 9);
    let scheduled: Vec<Run> =
        checks(&world).await.into_iter().filter(|run| run.asked_by.as_str() == "schedule").collect();
    assert_eq!(scheduled.len(), 10);
    assert!(scheduled.iter().all(|run| run.state == RunState::Done), "{scheduled:?}");
    let audit = world.store.audit(500).await.unwrap();
    assert_eq!(
        audit.iter().filter(|entry| entry.action == "run.check" && entry.actor.as_str() == "schedule").count(),
        10
    );

    // Somebody's own check counts like any other; so does a new process.
    world.clock.advance(Duration::minutes(30));
    world.ask("by-ann", RunKind::Check).await;
    let engine = {
        drop(engine);
        world.engine()
    };
    engine.round().await.unwrap();
    assert_eq!(minutes(&world, &engine, 59).await, 0);
    assert_eq!(minutes(&world, &engine, 2).await, 1);
}

#[tokio::test]
async fn nothing_is_checked_that_is_paused_or_has_no_schedule_and_one_never_checked_is_at_once() {
    for state in [ConnectionState::Paused, ConnectionState::NeedsSignIn] {
        let (world, engine) = world().await;
        change(&world, |connection| connection.state = state).await;
        assert_eq!(minutes(&world, &engine, 300).await, 0, "{state}");
        change(&world, |connection| connection.state = ConnectionState::Enabled).await;
        assert_eq!(minutes(&world, &engine, 2).await, 1, "{state}");
    }
    let (world, engine) = world().await;
    change(&world, |connection| connection.rules = HostRules::default()).await;
    assert_eq!(minutes(&world, &engine, 3_000).await, 0);
    let new = Connection {
        id: "y".into(),
        rules: HostRules { check_every: Some(EVERY), ..HostRules::default() },
        ..world.connection().await
    };
    world.store.commit(vec![Write::PutConnection(new)]).await.unwrap();
    assert_eq!(minutes(&world, &engine, 2).await, 1);
}

#[tokio::test]
async fn a_check_that_somebody_asked_for_is_the_one_that_was_due() {
    let (world, engine) = world().await;
    world.clock.advance(Duration::minutes(90));
    world.ask("by-ann", RunKind::Check).await;
    engine.round().await.unwrap();
    let all = checks(&world).await;
    let asked_by: Vec<&str> = all.iter().map(|run| run.asked_by.as_str()).collect();
    assert_eq!(asked_by, ["ann", "ann"], "the first one and hers: {all:?}");
    assert_eq!(minutes(&world, &engine, 59).await, 0);
}

#[tokio::test]
async fn a_source_that_fails_is_asked_less_and_less_and_then_as_before() {
    let (world, engine) = world().await;
    change(&world, |connection| connection.marketplace = "nowhere".into()).await;
    let mut gaps = Vec::new();
    let mut waited = 0;
    while gaps.len() < 7 {
        waited += 1;
        if minutes(&world, &engine, 1).await > 0 {
            gaps.push(waited);
            waited = 0;
        }
    }
    // One round lies between asking and starting.
    let hours: Vec<i32> = gaps.iter().map(|gap| gap / 60).collect();
    assert_eq!(hours, [1, 1, 2, 4, 8, 16, 24], "{gaps:?}");
    // A new process knows it too.
    let engine = {
        drop(engine);
        world.engine()
    };
    assert_eq!(minutes(&world, &engine, 23 * 60).await, 0);
    change(&world, |connection| connection.marketplace = "m".into()).await;
    assert_eq!(minutes(&world, &engine, 62).await, 1);
    assert_eq!(minutes(&world, &engine, 61 * 5).await, 5);
    assert_eq!(checks(&world).await[0].state, RunState::Done);
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_no_harm() {
    // So far back, and how many checks come in the hour after that.
    for (back, expected) in [(Duration::seconds(1), 0..=1), (Duration::minutes(30), 0..=1), (Duration::days(30), 1..=2)]
    {
        for new_process in [false, true] {
            let (world, mut engine) = world().await;
            minutes(&world, &engine, 130).await;
            world.clock.advance(-back);
            if new_process {
                engine = world.engine();
            }
            let made = minutes(&world, &engine, 60).await;
            assert!(expected.contains(&made), "{back}, new process: {new_process}: {made}");
            // And on from there as ever.
            let made = minutes(&world, &engine, 60 * 5).await;
            assert!((4..=6).contains(&made), "{back}, new process: {new_process}: {made}");
        }
    }
}
