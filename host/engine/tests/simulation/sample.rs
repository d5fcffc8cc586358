//! Reading back: the first hundred of a connection, then a sample; what is outside it closes at once.

use std::sync::Arc;

use counterfoil_domain::card::DeliveryClass;
use counterfoil_domain::id::ConnectionId;
use counterfoil_domain::sampling::is_read_back;
use counterfoil_store::MemoryStore;

use super::shop::World;

const ORDERS: usize = 400;

#[tokio::test]
async fn the_first_hundred_are_read_back_then_a_sample_and_nothing_stays_open() {
    let world = World::new(Arc::new(MemoryStore::new()), DeliveryClass::B, ORDERS);
    world.books.lock().unwrap().batch_tasks = Some(7);
    world.set_up().await;
    world.work(&world.engine(), 5).await;
    let x = ConnectionId::new("x");
    assert_eq!(world.copies(), vec![1; ORDERS]);
    assert!(world.store.open_batches(&x).await.unwrap().is_empty());
    let receipts = world.store.receipts(&x).await.unwrap();
    let seen = receipts.iter().filter(|row| row.observed.is_some()).count();
    assert!((100 + 3..100 + 40).contains(&seen), "{seen} of {ORDERS} were read back");
    // Which ones is no accident.
    for row in receipts.iter().filter(|row| is_read_back(u64::MAX, &row.plan)) {
        assert!(row.observed.is_some(), "{} is in the sample", row.plan);
    }
    let outside = receipts.iter().filter(|row| !is_read_back(u64::MAX, &row.plan) && row.observed.is_some()).count();
    assert!(outside <= 100, "{outside} were read back without need");
}

#[tokio::test]
async fn what_is_in_the_sample_stays_open_until_it_was_seen() {
    let world = World::new(Arc::new(MemoryStore::new()), DeliveryClass::B, ORDERS);
    world.books.lock().unwrap().batch_tasks = Some(50);
    world.set_up().await;
    let engine = world.engine();
    engine.round().await.unwrap();
    world.ask("plan", counterfoil_domain::run::RunKind::Plan(counterfoil_domain::run::Selection::AllReady)).await;
    engine.round().await.unwrap();
    // No look gets through in the first round.
    world.books.lock().unwrap().deaf = u32::MAX;
    world.confirm("sync").await;
    engine.round().await.unwrap();
    let x = ConnectionId::new("x");
    let open = world.store.open_batches(&x).await.unwrap();
    assert!(open.len() >= 2 && open.iter().any(|batch| !batch.trail.spared.is_empty()), "{} open", open.len());
    world.books.lock().unwrap().deaf = 0;
    for _ in 0..3 {
        world.clock.advance(chrono::Duration::seconds(60));
        engine.round().await.unwrap();
    }
    assert!(world.store.open_batches(&x).await.unwrap().is_empty());
    let receipts = world.store.receipts(&x).await.unwrap();
    let missed = receipts.iter().filter(|row| is_read_back(u64::MAX, &row.plan) && row.observed.is_none()).count();
    assert_eq!(missed, 0, "of the sample");
    let seen = receipts.iter().filter(|row| row.observed.is_some()).count();
    assert!((100..140).contains(&seen), "{seen} were read back");
}
