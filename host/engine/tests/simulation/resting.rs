//! A worker with nothing to do rests: rounds come with the tick, not one for the end of another.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use counterfoil_domain::card::DeliveryClass;
use counterfoil_engine::{BeforeRound, Worker};
use counterfoil_store::MemoryStore;
use tokio::sync::{Notify, watch};

use super::shop::World;

#[tokio::test]
async fn an_idle_worker_makes_no_more_rounds_than_ticks() {
    let world = World::new(Arc::new(MemoryStore::new()), DeliveryClass::B, 1);
    world.set_up().await;
    let rounds = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&rounds);
    let before = BeforeRound(Arc::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {})
    }));
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn(Worker::new(Arc::new(world.engine()), Arc::new(Notify::new()), before).run(stopped));
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    stop.send_replace(true);
    worker.await.unwrap();
    assert_eq!(world.tasks().await.len(), 1, "the queued check was carried out");
    // Two ticks, the start, and the end of the check; a worker that does not rest makes thousands.
    let rounds = rounds.load(Ordering::SeqCst);
    assert!((2..=8).contains(&rounds), "{rounds} rounds");
}
