//! A target that is down for a day: the queue holds, nothing storms when it is back, and budgets are kept by class.

use std::sync::Arc;

use chrono::Duration;
use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::ports::Clock as _;
use counterfoil_domain::run::RunState;
use counterfoil_domain::task::TaskState;
use counterfoil_store::MemoryStore;

use super::ledger::Fault;
use super::rig::storm::{Kind, drive};
use super::shop::World;

async fn confirmed(orders: usize, batch: usize) -> World {
    let world = World::new(Arc::new(MemoryStore::new()), DeliveryClass::B, orders);
    world.books.lock().unwrap().batch_tasks = Some(batch);
    world.set_up().await;
    let engine = world.engine();
    // The check, then the plans; what is confirmed waits for the test.
    for name in ["check", "plan"] {
        engine.round().await.unwrap();
        if name == "check" {
            world
                .ask("plan", counterfoil_domain::run::RunKind::Plan(counterfoil_domain::run::Selection::AllReady))
                .await;
        }
    }
    world.confirm("sync").await;
    world
}

#[tokio::test]
async fn a_day_without_the_target_loses_nothing_and_ends_by_doubling() {
    for orders in [1, 3, 200] {
        let world = confirmed(orders, 50).await;
        let down_until = world.clock.now() + Duration::hours(24);
        world.books.lock().unwrap().down_until = Some(down_until);
        let engine = world.engine();
        engine.round().await.unwrap();
        let run = world.store.run(&"sync".into()).await.unwrap().unwrap();
        assert_eq!(run.state, RunState::Incomplete, "{:?}", run.problems);
        assert!(orders <= 50 || run.problems.iter().any(|problem| problem.code == "target-down"), "{:?}", run.problems);
        drive(&world, &engine, Kind::B, 4_000).await;
        let tasks = world.tasks().await;
        let left: Vec<_> = tasks.iter().filter(|task| task.state.name() != "synced").collect();
        assert!(left.is_empty(), "{orders}: {} are not synchronized: {:?}", left.len(), left.first());
        assert_eq!(world.copies(), vec![1; orders]);
        let books = world.books.lock().unwrap();
        let before = books.tried_at.iter().filter(|at| **at < down_until).count();
        assert!(before <= 250, "{before} tries in a day against a target that is down");
        // Each call of `apply` after it was back is one batch: one plan, two, four …
        let widths: Vec<usize> = books.handed[books.handed.len() - (books.tried_at.len() - before)..].to_vec();
        assert_eq!(widths.first(), Some(&1), "{widths:?}");
        assert!(widths.windows(2).all(|pair| pair[1] <= pair[0] * 2), "{widths:?}");
        assert!(orders < 100 || widths.contains(&32), "it comes back to whole: {widths:?}");
    }
}

#[tokio::test]
async fn a_target_that_asks_for_patience_costs_no_attempt() {
    let table: &[(Fault, usize, u32, &str)] = &[
        (Fault::TooMany, 40, 0, "synced"),
        (Fault::Busy(3_600), 40, 0, "synced"),
        (Fault::Busy(0), 40, 0, "synced"),
        // Absurd: cut to a day.
        (Fault::Busy(u64::MAX), 3, 0, "synced"),
        // Surely not sent: ten tries.
        (Fault::NoConnection, 9, 9, "synced"),
        (Fault::NoConnection, 10, 9, "parked"),
        (Fault::LostBefore, 4, 4, "synced"),
        (Fault::LostBefore, 5, 5, "parked"),
    ];
    for (fault, times, failures, state) in table {
        let world = confirmed(1, 3).await;
        world.books.lock().unwrap().faults.extend(vec![*fault; *times]);
        let engine = world.engine();
        let from = world.clock.now();
        drive(&world, &engine, Kind::B, 2_000).await;
        let task = world.tasks().await.remove(0);
        let at = format!("{times} times {fault:?}: {:?}", task.state);
        assert_eq!((task.state.name(), task.failures), (*state, *failures), "{at}");
        assert_eq!(world.copies(), [usize::from(*state == "synced")], "{at}");
        let took = world.clock.now() - from;
        assert!(took <= Duration::hours(24 * *times as i64), "{at}: {took}");
        if let TaskState::Parked { failure } = &task.state {
            assert!(!failure.message.is_empty(), "{at}");
        }
    }
}
